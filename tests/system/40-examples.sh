#!/bin/bash
# SPDX-License-Identifier: MIT
# Each example does what its README says: the same commands, and the output of its expected.txt.
# ping-pong plays twice, on native nodes and on two Sancus boards, from the same sources.  The whole
# of button-led is `causeway demo`; here its page is read over HTTPS without the boards.
# timeout: 240
set -u -o pipefail
bin=$PWD/build/host/bin
vendor_key=0b7bf3ae40880a8be430d0da34fb76f0 # of the test node key, for vendor 0x1234
scratch=$(mktemp -d)
children=()
passed=0 failed=0 skipped=0

end_children() {
    for pid in "${children[@]}"; do
        kill "$pid" 2>/dev/null
    done
    for pid in "${children[@]}"; do
        wait "$pid" 2>/dev/null
    done
    children=()
}
trap 'end_children; rm -rf "$scratch"' EXIT

verdict() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok: $1"
    else
        failed=$((failed + 1))
        echo "FAIL: $1"
        tail -n 20 "$scratch"/*/*.log "$scratch"/*/got 2>/dev/null
    fi
}

# A free port: the descriptor's own may be in use on this machine.
free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# An example in a folder of its own, with ports of its own; the rest of the descriptor as it is.
take() {
    name=$1
    mkdir "$scratch/$name"
    cp "examples/$2"/* "$scratch/$name/"
    cd "$scratch/$name" || exit 1
    if [ -n "${3:-}" ]; then
        mv "$3" app.json
    fi
    for port in $(grep -o '127\.0\.0\.1:[0-9]*' app.json | cut -d: -f2 | sort -u); do
        sed -i "s/127\.0\.0\.1:$port\"/127.0.0.1:$(free_port)\"/" app.json
    done
    owner=$("$bin/causeway" key show --quiet)
}

await() {
    for _ in $(seq 600); do
        if eval "$1"; then
            return 0
        fi
        sleep 0.1
    done
    echo "waited in vain: $1" >>await.log
    return 1
}

# The node NAME of app.json, with what else its daemon needs.
start_node() {
    local node=$1 tee=$2
    shift 2
    local address
    address=$(python3 -c 'import json, sys
print([n["address"] for n in json.load(open("app.json"))["nodes"] if n["name"] == sys.argv[1]][0])' \
        "$node")
    "$bin/causeway-node" --name "$node" --tee "$tee" --listen "$address" --owner "$owner" \
        --state "$node.state" "$@" >"$node.ready" 2>"$node.log" &
    children+=($!)
    await "grep -q ^ready $node.ready"
}

start_board() {
    "$bin/causeway-sancus" --firmware "$OLDPWD/build/msp430/firmware.elf" --uart "$PWD/$1.uart" \
        --control "$PWD/$1.control" >"$1.board.log" 2>&1 &
    children+=($!)
    await "[ -S $1.uart ]"
}

finish() {
    end_children
    cd "$OLDPWD" || exit 1
}

causeway() {
    "$bin/causeway" "$@" --quiet 2>>causeway.log
}

play_hello() {
    causeway apply && causeway call hello greet && causeway call hello greet --text Ada &&
        causeway request get-count
}

score_becomes() {
    await "[ \"\$(causeway call ping get_score)\" = $1 ]"
    causeway call ping get_score
}

play_ping_pong() {
    causeway apply && causeway call ping get_score &&
        causeway call ping start --text ball && score_becomes 1 &&
        causeway call ping start --text again && score_becomes 2 &&
        causeway call ping ask --text hello
}

take hello hello
start_node node1 native
play_hello >got
cmp -s got <(cat expected.txt)
verdict "hello prints what its README says" $?
finish

take lock lock
start_node node1 native
# As its README does, but with PINs that are in no hex digits and no random bytes by chance.
pin='R7%vq!Zu' other='m_9&Kx^d'
hex() {
    printf %s "$1" | od -An -tx1 | tr -d ' \n'
}
# The secrets as they are or as hex digits, in these files and folders.
has_secret() {
    grep -rq -F -e "$pin" -e "$other" -e "$(hex "$pin")" -e "$(hex "$other")" "$@"
}
(umask 077 && printf %s "$pin" >pin.secret)
(causeway apply && causeway call lock open --text 0000 && causeway call lock open --text "$pin") >got
cmp -s got <(cat expected.txt)
verdict "lock prints what its README says" $?
printf %s "$other" >pin.secret
"$bin/causeway" apply >set 2>>causeway.log && grep -q 'config .*lock: "pin" is set, 8 bytes' set &&
    ! grep -q '"tries" is set' set &&
    [ "$(causeway call lock open --text "$other")" = "Welcome home!" ]
verdict "another secret is given to the running module, and nothing else" $?
(hex "$pin" && echo) >planted
has_secret pin.secret && has_secret planted && {
    has_secret .causeway node1.state ./*.log
    [ $? -eq 1 ] # 2: one of them could not be read
}
verdict "neither state nor node nor logs have the secret" $?
sed -i 's/"sources"/"debug": true, &/' app.json
! "$bin/causeway" apply >set 2>&1 && grep -q '"allow_debug": \["lock"\]' set && ! grep -q 'says' node1.log
verdict "a debug image is refused unless the policy names it" $?
sed -i 's/a wrong PIN/&\\033[31m/' lock.c # no module writes to a terminal
sed -i 's/"policy": {/&"allow_debug": ["lock"], /' app.json
causeway apply && [ "$(causeway call lock open --text 1)" = wrong ] &&
    grep -q 'module lock says: a wrong PIN?\[31m$' node1.log &&
    "$bin/causeway" status >set 2>&1 && grep -q '^lock .*debug image' set
verdict "a debug image says its lines in its node's log" $?
chmod 644 pin.secret && ! "$bin/causeway" apply >set 2>&1 && grep -q 'chmod 600' set
verdict "a secret file that others may read is refused" $?
finish

take ping-pong ping-pong
start_node node1 native
start_node node2 native
play_ping_pong >got
cmp -s got expected.txt
verdict "ping-pong plays on native nodes" $?
finish

take ping-pong-sancus ping-pong app-sancus.json
for number in 1 2; do
    start_board "node$number"
    start_node "node$number" sancus --platform uart="$PWD/node$number.uart"
    (umask 077 && echo $vendor_key >vendor.key)
    causeway key add-vendor "node$number" --file vendor.key
done
play_ping_pong >got
cmp -s got expected.txt
verdict "ping-pong plays on Sancus boards, from the same sources" $?
finish

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
