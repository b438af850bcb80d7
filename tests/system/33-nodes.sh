#!/bin/bash
# SPDX-License-Identifier: MIT
# causeway nodes and causeway doctor: nodes that serve, refuse, are away, are somebody else.
# timeout: 400
. tests/support/cases.bash
unset CAUSEWAY_SDK CAUSEWAY_KEY_FILE CAUSEWAY_PASSPHRASE_FILE
declare -A pids
finish() {
    for node in "${!pids[@]}"; do kill "${pids[$node]}" && wait "${pids[$node]}"; done 2>/dev/null
    rm -rf "$scratch"
}
causeway() { "$bin/causeway" "$@"; }
start() { # NODE ADDRESS OWNER
    "$bin/causeway-node" --name "$1" --listen "$2" --tee native --state "$scratch/$1" --owner "$3" \
        >"$scratch/$1.ready" 2>>"$scratch/$1.log" &
    pids[$1]=$!
    for _ in $(seq 3000); do
        grep -qs ^ready "$scratch/$1.ready" && return
        sleep 0.02
    done
    echo "node $1 does not start"
    exit 1
}
stop() { # NODE
    kill "${pids[$1]}" && wait "${pids[$1]}"
    unset "pids[$1]"
}
address() { awk '/^ready/ {print $3}' "$scratch/$1.ready"; }
holds() { # PYTHON-EXPRESSION over the JSON object j of the last run; n: nodes, c: checks, by name
    python3 -c "
import json, sys
j = json.load(open('$scratch/out'))
n = {x['node']: x for x in j.get('nodes', [])}
c = j.get('checks', [])
def check(what, status, *words):
    return any(x['check'] == what and x['status'] == status and
               all(w in x['text'] + ' ' + (x['remedy'] or '') for w in words) for x in c)
sys.exit(not ($1))" 2>>"$scratch/log"
}
listing() { (cd "$scratch/app" && find . -type f -exec sha256sum {} + | sort; find . -type d | sort); }

mkdir "$scratch/app" && cd "$scratch/app" || exit 1
cp "$OLDPWD"/tests/data/owner/*.c .
mine=$(causeway key show --state "$scratch/state")
start one 127.0.0.1:0 "$mine"
start two '[::1]:0' "$mine"
start other 127.0.0.1:0 "$(printf 'a%.0s' $(seq 64))"
describe() { # ADDRESS-OF-AWAY
    cat >app.json <<END
{"causeway": 1, "name": "nodes-test",
 "nodes": [
   {"name": "one", "tee": "native", "address": "$(address one)"},
   {"name": "two", "tee": "native", "address": "$(address two)"}$1],
 "modules": [{"name": "counter", "node": "one", "sources": ["counter.c"]}],
 "connections": [{"name": "add", "direct": true, "to_module": "counter", "to_input": "add",
                  "encryption": "aes"}],
 "policy": {"allow_unprotected": true}}
END
}
away=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
state=(--state "$scratch/state")

# --- nodes -------------------------------------------------------------------------------------
describe ''
exits 0 causeway nodes "${state[@]}" && grep -q 'one .*ready .*native .*unprotected .*not pinned' "$scratch/out"
check 'nodes that serve, before anything is deployed' $?
exits 0 causeway apply "${state[@]}"
check 'apply' $?
before=$(find "$scratch/state" -type f ! -name lock ! -name 'state.db-*' -exec sha256sum {} + | sort)
exits 0 causeway nodes --json "${state[@]}" && holds "
    n['one']['state'] == 'ready' and n['one']['reachable'] and n['one']['version'] == '0.1.0' and
    n['one']['protocol'] == 1 and n['one']['owners'] == 1 and n['one']['modules_of_all'] == 1 and
    n['one']['pinned_by'] == 'state' and n['one']['pinned_key'] == n['one']['key'] and
    len(n['one']['key']) == 64 and n['one']['protection'] == 'unprotected' and
    [m['name'] for m in n['one']['modules']] == ['counter'] and n['two']['modules'] == [] and
    abs(n['one']['clock_skew_ms']) < 5000 and not n['one']['local'] and j['errors'] == []"
check 'the object of nodes tells version, modules, owners, keys and clock' $?
[ "$(find "$scratch/state" -type f ! -name lock ! -name 'state.db-*' -exec sha256sum {} + | sort)" = "$before" ]
check 'nodes changes nothing' $?
describe ", {\"name\": \"gone\", \"tee\": \"native\", \"address\": \"127.0.0.1:$away\"},
   {\"name\": \"foreign\", \"tee\": \"native\", \"address\": \"$(address other)\"}"
exits 1 causeway nodes --json "${state[@]}" && holds "
    n['gone']['state'] == 'away' and not n['gone']['reachable'] and
    n['foreign']['state'] == 'refuses' and n['foreign']['pinned_by'] == 'nobody' and
    [e['where'] for e in j['errors']] == ['node gone', 'node foreign'] and
    all(e['remedy'] for e in j['errors']) and j['exit'] == 1"
check 'nodes that are away or serve somebody else are told, each with its remedy' $?
describe ", {\"name\": \"dead\", \"tee\": \"native\", \"address\": \"local\"}"
exits 1 causeway nodes "${state[@]}" && grep -q 'node dead: it is local, and does not run; `causeway apply`' "$scratch/log"
check 'a local node that does not run' $?
describe ''
one=$(address one)
stop one
rm "$scratch"/one/*.pem
start one "$one" "$mine"
exits 1 causeway nodes --json "${state[@]}" && holds "
    n['one']['state'] == 'other key' and 'forget-node' in j['errors'][0]['remedy'] and
    n['one']['modules'] == []"
check 'another key than the pinned one is told, and nothing is asked' $?
exits 0 causeway key forget-node one "${state[@]}" && exits 0 causeway nodes "${state[@]}"
check 'and is taken when the owner says so' $?

# --- doctor ------------------------------------------------------------------------------------
mkdir "$scratch/empty" && cd "$scratch/empty" || exit 1
exits 0 causeway doctor --json && holds "
    j['error_count'] == 0 and check('program', 'ok', 'causeway 0.1.0') and check('sdk', 'ok') and
    check('tools', 'ok', 'native') and check('tools', 'ok', 'sancus') and check('clock', 'ok') and
    check('descriptor', 'ok', 'none')" && [ -z "$(ls -A)" ]
check 'doctor without a descriptor looks at the machine, and leaves nothing' $?
exits 1 env PATH=/nowhere "$bin/causeway" doctor && grep -q '^warning .*apt install gcc binutils' "$scratch/out" &&
    grep -q '^error .*no module can be built' "$scratch/out"
check 'tools that are missing are named with their packages' $?
cp "$bin/causeway" early && touch -d '+3 days' early
exits 1 ./early doctor --json && holds "check('clock', 'error', 'before this program', 'set-ntp') and
    check('sdk', 'warning', 'not found', 'make install') and check('chips', 'warning', 'causeway-node')"
check 'a clock before the program was made, and programs that are not side by side' $?
cd "$scratch/app" || exit 1
before=$(listing)
exits 0 causeway doctor --json "${state[@]}" && holds "
    check('descriptor', 'ok', '2 nodes') and check('state', 'ok', 'opens') and
    check('node', 'ok', 'one at', 'is ready', 'unprotected') and check('node', 'ok', 'two at')" &&
    [ "$(listing)" = "$before" ]
check 'all is well, and nothing changed' $?
exits 0 causeway doctor --state "$scratch/none" && grep -q 'two at .* answers; whether it serves' "$scratch/out" &&
    [ ! -e "$scratch/none" ]
check 'doctor before there is a state makes none' $?
chmod 755 "$scratch/state"
exits 1 causeway doctor "${state[@]}" && grep -q "^error .*state is open to others (mode 755); chmod 700 '$scratch/state'" "$scratch/out"
check 'a state that is open to others' $?
chmod 700 "$scratch/state"
chmod 644 "$scratch/state/key"
exits 1 causeway doctor "${state[@]}" && grep -q '^error .*key.*chmod 600' "$scratch/out" && [ ! -s "$scratch/log" ]
check 'a key file that is open to others' $?
chmod 600 "$scratch/state/key"
describe ", {\"name\": \"gone\", \"tee\": \"native\", \"address\": \"127.0.0.1:$away\"}"
exits 1 causeway doctor --json "${state[@]}" && holds "
    check('node', 'error', 'gone', 'cannot connect') and
    check('port', 'warning', 'is free', 'causeway-node --name gone --listen 127.0.0.1:$away')"
check 'a node that is away: its port is free, and how it is started' $?
python3 -c "
import socket, sys
s = socket.create_server(('127.0.0.1', $away))
print('ready', flush=True)
while True: s.accept()[0].close()" >"$scratch/squatter.ready" &
pids[squatter]=$!
for _ in $(seq 3000); do grep -qs ^ready "$scratch/squatter.ready" && break; sleep 0.02; done
exits 1 causeway doctor --json "${state[@]}" &&
    holds "check('port', 'error', 'held by', '(process ${pids[squatter]})', 'end it')"
check 'a port that somebody else holds, and who' $?
sed -i 's/"sources": \["counter.c"\]/"sources": ["counter.c"], "serve": "127.0.0.1:'"$away"'"/' app.json
causeway destroy --quiet --force "${state[@]}" 2>"$scratch/log"
exits 1 causeway doctor --json "${state[@]}" && holds "check('port', 'error', 'module counter is to be served', 'held by')"
check 'a port that a module wants and somebody else holds' $?
stop squatter 2>/dev/null
describe ", {\"name\": \"board\", \"tee\": \"sancus\", \"address\": \"127.0.0.1:$away\", \"vendor\": 1}"
exits 1 causeway doctor --json "${state[@]}" && holds "check('vendor key', 'error', 'board', 'key add-vendor board')"
check 'a vendor key that is missing' $?
describe ', {}'
exits 1 causeway doctor --json "${state[@]}" && holds "check('descriptor', 'error', 'mistakes: 3', 'causeway validate')"
check 'a wrong descriptor does not keep it from looking at the rest' $?

summary
