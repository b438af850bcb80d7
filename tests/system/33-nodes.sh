#!/bin/bash
# SPDX-License-Identifier: MIT
# causeway nodes and causeway doctor: nodes that serve, refuse, are away, are somebody else.
# timeout: 120
set -u -o pipefail
bin=$PWD/build/host/bin
scratch=$(mktemp -d)
passed=0 failed=0
declare -A pids
finish() {
    for node in "${!pids[@]}"; do kill "${pids[$node]}" && wait "${pids[$node]}"; done 2>/dev/null
    rm -rf "$scratch"
}
trap finish EXIT
check() { # NAME STATUS
    if [ "$2" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $1"
        tail -n 30 "$scratch/out" "$scratch/err" 2>/dev/null; fi
}
exits() { # STATUS COMMAND...
    local expected=$1 status
    shift
    "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ "$status" -eq "$expected" ] || { echo "exit status $status" >>"$scratch/err"; return 1; }
}
causeway() { "$bin/causeway" "$@"; }
start() { # NODE ADDRESS OWNER
    "$bin/causeway-node" --name "$1" --listen "$2" --tee native --state "$scratch/$1" --owner "$3" \
        >"$scratch/$1.ready" 2>>"$scratch/$1.log" &
    pids[$1]=$!
    for _ in $(seq 200); do
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
sys.exit(not ($1))" 2>>"$scratch/err"
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
exits 1 causeway nodes "${state[@]}" && grep -q 'node dead: it is local, and does not run; `causeway apply`' "$scratch/err"
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

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
