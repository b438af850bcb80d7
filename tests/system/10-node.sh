#!/bin/bash
# SPDX-License-Identifier: MIT
# The node daemon as its operator sees it: options, exit statuses, first start, strangers, the end.
. tests/support/cases.bash
node=$PWD/build/host/bin/causeway-node
page=$PWD/node/causeway-node.1
pid=""
finish() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
    rm -rf "$scratch"
}
cd "$scratch" || exit 1

# ends STATUS WORD ARGUMENT...: that exit status, and a line on standard error with that word
ends() {
    local wanted=$1 word=$2
    shift 2
    timeout 60 "$node" "$@" >out 2>err
    [ $? -eq "$wanted" ] && grep -q -e "$word" err
    check "exit status $wanted and '$word' for: $*" $?
}

# start [OPTION]...: pid, host, port, fingerprint
start() {
    "$node" --name n1 --tee native --listen 127.0.0.1:0 --state state "$@" >ready 2>log &
    pid=$!
    for _ in $(seq 1000); do
        grep -q ^ready ready && break
        sleep 0.05
    done
    read -r word name address fingerprint rest <ready
    host=${address%:*} port=${address##*:}
    [ "$word $name${rest:+ }${rest:-}" = 'ready n1' ]
    check 'one line says that it is ready' $?
}

stop() { # SIGNAL
    kill "-$1" "$pid"
    wait "$pid"
    check "SIG$1 ends it with status 0" $?
    [ "$(wc -l <ready)" -eq 1 ]
    check 'nothing else is on standard output' $?
    pid=
}

owner=$(printf 'a%.0s' $(seq 64))
ends 2 'name NAME is needed' --tee native --listen 127.0.0.1:0
ends 2 'listen HOST:PORT is needed' --name n --tee native
ends 2 'tee TEE is needed' --name n --listen 127.0.0.1:0
ends 2 'native sancus' --name n --listen 127.0.0.1:0 --tee sgx2
ends 2 'expected HOST:PORT' --name n --listen ::1:80 --tee native
ends 2 '64 lower-case hex digits' --name n --owner "${owner^^}" --listen 127.0.0.1:0
ends 2 'did you mean --listen' --name n --listne 127.0.0.1:0
ends 2 'KEY=VALUE' --platform memory --name n
ends 2 'expected a number' --max-store many --name n
ends 1 'expected MiB' --name n --tee native --listen 127.0.0.1:0 --state s --platform memory=x
ends 1 'cannot listen' --name n --tee native --listen 192.0.2.1:1 --state s

sed 's/\\-/-/g' "$page" >page
"$node" --help >help && for option in $(grep -Eo '^  --[a-z-]+' help); do
    grep -Eq "^\.(B|BI|BR) .*$option\b" page
    check "the man page tells of $option" $?
done
[ "$(grep -c '^  --' help)" -ge 12 ]
check 'help lists the options' $?
"$node" --version | grep -q '^causeway-node [0-9.]*, protocol 1$'
check 'version tells program and protocol' $?

start --listen '[::1]:0'
[ "$(stat -c %a state/key.pem)" = 600 ] && [ "$(cat state/fingerprint)" = "$fingerprint" ]
check 'the key is private, the fingerprint is kept' $?
grep -q 'nobody can use this node' log
check 'a node without owners says so' $?
first=$fingerprint

# Strangers of all kinds; each is shown out or ignored, and the next is served.
for kind in 'GET / HTTP/1.0\r\n\r\n' '\x16\x03\x01\x02\x00\x01' '\x20\0\0\0\x01\x10\0\0' \
    '\xff\xff\xff\xff\x01\x01\0\0' '\0' '\x20\0\0\0\x02\x10\0\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'; do
    for _ in $(seq 20); do
        printf '%b' "$kind" 2>/dev/null >"/dev/tcp/$host/$port"
    done
done
for _ in $(seq 20); do
    head -c 100000 /dev/urandom 2>/dev/null >"/dev/tcp/$host/$port"
done 2>/dev/null
for version in -tls1_2 -tls1_3; do
    timeout 60 openssl s_client -connect "$address" "$version" -brief </dev/null >tls 2>&1
done
openssl req -x509 -newkey ed25519 -nodes -keyout k.pem -out c.pem -subj /CN=stranger -days 1 2>err
(sleep 0.5; printf '\x04\0\0\0\x01\x20\0\0\x07\0\0\0'; sleep 0.5) |
    timeout 60 openssl s_client -connect "$address" -tls1_3 -cert c.pem -key k.pem -quiet \
        >answer 2>err
stranger=$(openssl x509 -in c.pem -noout -pubkey | openssl pkey -pubin -outform DER |
    openssl dgst -sha256 -r | cut -d' ' -f1)
grep -aq "start it with --owner $stranger" answer
check 'after all that, a stranger with a key is told which owner is missing' $?
grep -q "its key $stranger is none of --owner" log
check 'and so is the operator' $?
kill -0 "$pid"
check 'the node lives' $?
stop TERM

start --owner "$owner" --json-log
[ "$fingerprint" = "$first" ]
check 'a second start keeps the fingerprint' $?
ends 1 'in use' --name n --tee native --listen "$address" --state other
stop INT
python3 -c 'import json, sys
for line in open("log"): json.loads(line)["text"]' && grep -q 'signal INT' log
check 'lines of the log are JSON' $?

chmod 644 state/key.pem
ends 1 'state/key.pem' --name n --tee native --listen 127.0.0.1:0 --state state
chmod 600 state/key.pem
rm state/key.pem
ends 1 'restore it from a backup' --name n --tee native --listen 127.0.0.1:0 --state state

summary
