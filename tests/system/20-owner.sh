#!/bin/bash
# SPDX-License-Identifier: MIT
# The owner's tool against two real nodes with native modules: deployment, exactly-once events,
# crashes at any moment, restored backups, lost nodes, changed keys.
# timeout: 600
. tests/support/cases.bash
declare -A pids

stop() { # NODE
    [ -n "${pids[$1]:-}" ] && kill "${pids[$1]}" 2>/dev/null && wait "${pids[$1]}" 2>/dev/null
    unset "pids[$1]"
}
finish() {
    for node in "${!pids[@]}"; do stop "$node"; done
    rm -rf "$scratch"
}

causeway() { "$bin/causeway" "$@"; }

start() { # NODE ADDRESS
    "$bin/causeway-node" --name "$1" --listen "$2" --tee native --state "$scratch/$1" \
        --owner "$fingerprint" >"$scratch/$1.ready" 2>>"$scratch/$1.log" &
    pids[$1]=$!
    for _ in $(seq 3000); do
        grep -q ^ready "$scratch/$1.ready" && return
        sleep 0.02
    done
    echo "node $1 does not start" >&2
    tail "$scratch/$1.log" >&2
    exit 1
}
address() { awk '/^ready/ {print $3}' "$scratch/$1.ready"; }

field() { # PYTHON-EXPRESSION over the JSON object j
    python3 -c "import json, sys; j = json.load(sys.stdin); print($1)"
}
connection() { # NAME FIELD
    causeway status --json 2>/dev/null |
        field "[c for c in j['connections'] if c['connection'] == '$1'][0].get('$2')"
}
noted() { causeway call follower get --json --quiet | field "j['hex'][:2]"; }
received() { connection counter.added-follower.note received; }
await() { # COMMAND VALUE: for at most half a minute
    for _ in $(seq 600); do
        [ "$($1)" = "$2" ] && return
        sleep 0.05
    done
    echo "$1 says $($1), expected $2" >>"$scratch/log"
    return 1
}
total() { causeway request get-total --json 2>/dev/null | field "int(j['hex'], 16)"; }

describe() { # POLICY
    cat >"$app/app.json" <<END
{
  "causeway": 1, "name": "owner-test",
  "nodes": [
    {"name": "one", "tee": "native", "address": "$one"},
    {"name": "two", "tee": "native", "address": "$two"}
  ],
  "modules": [
    {"name": "counter", "node": "one", "sources": ["counter.c"]},
    {"name": "follower", "node": "two", "sources": ["follower.c"]}
  ],
  "connections": [
    {"name": "add", "direct": true, "to_module": "counter", "to_input": "add", "encryption": "aes"},
    {"name": "get-total", "direct": true, "to_module": "counter", "to_handler": "get_total",
     "encryption": "spongent"},
    {"from_module": "counter", "from_output": "added", "to_module": "follower",
     "to_input": "note", "encryption": "aes"}
  ],
  "periodic_events": [{"module": "follower", "entry": "tick", "every_ms": 20}],
  "policy": {$1}
}
END
}

app=$scratch/app
mkdir "$app"
cp tests/data/owner/*.c "$app"
cd "$app" || exit 1
one=127.0.0.1:1 two=127.0.0.1:2
describe '"allow_unprotected": true'
fingerprint=$(causeway key show)
# An address of its own, as its port is to be had again after a restart.
start one "127.$((RANDOM % 250 + 2)).$((RANDOM % 250 + 2)).$((RANDOM % 250 + 2)):0"
start two '[::1]:0'
one=$(address one) two=$(address two)

# --- deployment ------------------------------------------------------------------------------
describe ''
exits 3 causeway apply
check 'unprotected modules are refused unless the descriptor allows them' $?
describe '"allow_unprotected": true'
exits 0 causeway apply && grep -q 'attest .*counter' "$scratch/out"
check 'apply builds, loads, attests and connects' $?
exits 0 causeway apply && ! grep -q ' load ' "$scratch/out" &&
    grep -q '3 connections as before' "$scratch/out" && grep -q 'nothing changed' "$scratch/out"
check 'apply again touches nothing' $?
exits 0 causeway status && [ "$(connection add state)" = open ]
check 'status shows every connection open' $?
sed 's/"get_total"/"add"/' app.json >wrong.json
exits 2 causeway build wrong.json && grep -q 'wrong.json:.*is an input of "counter"' "$scratch/log"
check 'an endpoint of the wrong kind is a mistake with its place' $?
exits 2 causeway aply && exits 2 causeway apply --hex 00 && exits 2 causeway send &&
    exits 2 causeway apply nowhere.json && exits 2 causeway send nobody && exits 0 causeway --help
check 'wrong use ends with status 2' $?

# --- events and requests ------------------------------------------------------------------------
for _ in 1 2 3; do causeway send add --quiet; done
[ "$(total)" -eq 3 ] && [ "$(connection add received)" -eq 3 ] &&
    [ "$(connection add acknowledged)" -eq 3 ]
check 'each event is counted once, and acknowledged authentically' $?
exits 0 causeway send add --hex 0a && [ "$(total)" -eq 13 ]
check 'a payload arrives' $?
exits 2 causeway send add --text "$(head -c 200 /dev/zero | tr '\0' x)" && [ "$(total)" -eq 13 ]
check 'a payload that is too long is refused before it costs a counter' $?
await noted 04
[ "$(causeway call follower get --json --quiet | field "(j['hex'], j['authentic'])")" = \
    "('0401', False)" ]
check 'events went on to the second node, ticks came, and a call is called not authentic' $?
for _ in 1 2 3 4; do causeway send add --quiet & jobs_+=($!); done
worst=0
for job in "${jobs_[@]}"; do wait "$job" || worst=1; done
[ $worst -eq 0 ] && [ "$(total)" -eq 17 ]
check 'several tools at once take turns' $?

# --- crashes of the owner --------------------------------------------------------------------------
took() { # COMMAND...: microseconds
    local from=${EPOCHREALTIME/./}
    "$@" >/dev/null 2>&1
    echo $((${EPOCHREALTIME/./} - from))
}
cut_short() { # MICROSECONDS COMMAND...
    local us=$1
    shift
    timeout -s KILL "$((us / 1000000)).$(printf %06d $((us % 1000000)))" "$@"
}
before=$(total) sure=0
whole=$(took causeway request get-total)
for part in $(seq 30); do
    cut_short $((whole * part / 20)) "$bin/causeway" send add --quiet 2>/dev/null &&
        sure=$((sure + 1))
done 2>/dev/null
exits 0 causeway send add # brings what the others left
after=$(total) count=$(connection add received)
[ "$after" -ge $((before + sure + 1)) ] && [ "$after" -le $((before + 30)) ] &&
    [ "$(connection add acknowledged)" -eq "$count" ] && [ "$(connection add sent)" -eq "$count" ] &&
    [ "$(connection add refused_auth)" -eq 0 ]
check "killed at any moment, send loses no event it reported ($sure reported) and repeats none" $?
whole=$(took causeway apply)
for ms in $(seq 20); do
    sed -i "s/\"window\": [0-9]*, \"name\": \"add\"/\"name\": \"add\"/; s/\"name\": \"add\"/\"window\": $ms, \"name\": \"add\"/" app.json
    cut_short $((whole * ms / 16)) "$bin/causeway" apply --quiet
done >/dev/null 2>&1
exits 0 causeway apply && [ "$(connection add state)" = open ] && [ "$(total)" -eq "$after" ]
check 'killed at any moment, apply goes on where it was' $?
exits 0 causeway send add && [ "$(total)" -eq $((after + 1)) ]
check 'and the connection works' $?

# --- keys that are spent ----------------------------------------------------------------------------
epoch=$(connection add epoch) before=$(total)
sed -i 's/"name": "add"/"name": "add", "rekey_log2": 2/' app.json
causeway apply --quiet
for _ in $(seq 70); do causeway send add --quiet || break; done
[ "$(total)" -eq $((before + 70)) ] && [ "$(connection add epoch)" -gt "$epoch" ] &&
    [ "$(connection add refused_auth)" -eq 0 ]
check 'a direct connection gets a new key before its old one is spent, and loses nothing' $?
sed -i 's/"to_input": "note"/"to_input": "note", "rekey_log2": 3/' app.json
chain=counter.added-follower.note
sent=$(connection $chain sent)
epoch=$(connection $chain epoch)
for _ in 1 2 3; do
    causeway apply --quiet
    for _ in $(seq 3); do causeway send add --quiet; done
done
await received $((sent + 9)) && [ "$(connection $chain dropped)" -eq 0 ] &&
    [ "$(connection $chain epoch)" -gt "$epoch" ]
check 'a connection between modules is rekeyed by apply, and loses nothing' $?

# --- a module moves -----------------------------------------------------------------------------------
sed -i 's/"name": "follower", "node": "two"/"name": "follower", "node": "one"/' app.json
exits 0 causeway apply && grep -q 'unload .*follower from two' "$scratch/out" &&
    [ "$(connection $chain state)" = open ]
check 'a module that moves leaves its old node' $?
causeway send add --quiet
sed -i 's/"name": "follower", "node": "one"/"name": "follower", "node": "two"/' app.json
exits 0 causeway apply && exits 0 causeway status
check 'and goes back' $?

# --- backups ------------------------------------------------------------------------------------------
epoch=$(connection add epoch) before=$(total)
cp -a .causeway backup
causeway send add --quiet
causeway send add --quiet
rm -rf .causeway
cp -a backup .causeway
exits 0 causeway send add && grep -q 'new key' "$scratch/log" &&
    [ "$(connection add epoch)" -gt "$epoch" ] && [ "$(total)" -eq $((before + 3)) ]
check 'a restored backup gets new keys before it seals anything' $?
exits 0 causeway apply && [ "$(connection get-total state)" = open ]
check 'and apply makes the rest right' $?

# --- nodes that fail -------------------------------------------------------------------------------------
stop two
exits 1 causeway status && grep -q 'Is causeway-node running' "$scratch/log"
check 'a node that is away is named' $?
causeway send add --quiet
start two "$two"
exits 1 causeway status
check 'a module that was lost shows' $?
exits 0 causeway apply && grep -q 'cut and made anew.*outcome unknown: up to 1' "$scratch/out" &&
    exits 0 causeway status
check 'apply loads it anew, and reports what may be lost' $?
causeway send add --quiet
await noted 01
check 'events flow again' $?
stop two
rm "$scratch"/two/*.pem
start two "$two"
exits 1 causeway apply && grep -q 'key forget-node' "$scratch/log"
check 'another key of a node is refused, with the remedy' $?
exits 0 causeway key forget-node two && exits 0 causeway apply
check 'and taken when the owner says so' $?

# --- secrets ------------------------------------------------------------------------------------------------
chmod 644 .causeway/key
exits 1 causeway status && grep -q 'chmod 600' "$scratch/log"
check 'a key file that others may read is refused' $?
chmod 600 .causeway/key
printf '%064d\n' 7 >other.key
chmod 600 other.key
exits 1 causeway status --key-file other.key && grep -q 'key-file' "$scratch/log"
check 'another key file does not open the state' $?
[ -z "$(find .causeway -type f -perm /077)" ]
check 'nothing of the state is open to others' $?
strings -a .causeway/state.db | grep -q 'PRIVATE KEY'
[ $? -eq 1 ] && ! grep -q 'PRIVATE KEY' "$scratch"/*.log
check 'no private key stands in clear in the state or in a log' $?

# --- the end -----------------------------------------------------------------------------------------------
exits 0 causeway destroy && exits 1 causeway status
check 'destroy ends everything' $?
exits 0 causeway apply && [ "$(total)" -eq 0 ]
check 'and a new deployment begins at nothing' $?
stop one
exits 1 causeway destroy && exits 0 causeway destroy --force
check 'destroy --force forgets nodes that are gone' $?

summary
