#!/bin/bash
# SPDX-License-Identifier: MIT
# Nodes whose address is "local": apply starts them here, notices that they died, restarts them when
# the descriptor says something else, and destroy ends them, and nobody else.
# timeout: 240
. tests/support/cases.bash
finish() {
    end_app
    rm -rf "$scratch"
}

causeway() { "$bin/causeway" "$@" >"$scratch/out" 2>"$scratch/log"; }
answers() { [ "$("$bin/causeway" call ping ask --text hello --quiet 2>/dev/null)" = olleh ]; }
pid() { cat ".causeway/nodes/$1/pid"; }
gone() { # PID: ended, whether or not somebody collected it
    ! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status"
}
runs() { # NODE/PROGRAM
    [ "$(tr '\0' ' ' <"/proc/$(pid "$1")/cmdline" 2>/dev/null | grep -c causeway-)" = 1 ]
}

mkdir "$scratch/app"
cp examples/ping-pong/*.c "$scratch/app"
sed 's/"127.0.0.1:[0-9]*"/"local"/' examples/ping-pong/app.json |
    sed 's/"aes"/"spongent"/; s/"allow_unprotected"/"allow_emulated": true, &/' >"$scratch/app/app.json"
cd "$scratch/app" || exit 1

causeway apply && [ "$(grep -c ' start .* native node on this machine' "$scratch/out")" = 2 ] &&
    runs node1/node && runs node2/node && answers
check 'apply starts two native nodes and says so' $?

first=$(pid node1/node) second=$(pid node2/node)
causeway apply && ! grep -q ' start ' "$scratch/out" && [ "$(pid node1/node)" = "$first" ] && answers
check 'a second apply leaves them alone' $?

causeway status --json && python3 - "$scratch/out" "$first" <<'END'
import json, sys
node = json.load(open(sys.argv[1]))["nodes"][0]
assert node["local"]["pid"] == int(sys.argv[2]), node
assert node["address"].startswith("127.0.0.1:") and node["reachable"], node
END
check 'status tells address and process' $?

end() { # PID...: killed, and gone
    kill -9 "$@"
    for each in "$@"; do
        for _ in $(seq 600); do gone "$each" && break; sleep 0.05; done
    done
}
end "$first"
causeway call ping ask
[ $? -eq 1 ] && grep -q 'node1 is local, and does not run: `causeway apply` starts' "$scratch/log" &&
    causeway apply &&
    grep -q 'start .*node1: .*; it had ended' "$scratch/out" &&
    ! grep -q 'start .*node2' "$scratch/out" && [ "$(pid node2/node)" = "$second" ] && answers
check 'a node that was killed is started again, the other stays' $?

# By the descriptor alone: the same sources on emulated boards.
sed -i 's/"native"/"sancus"/' app.json
causeway plan && [ ! -s "$scratch/log" ] && runs node1/node &&
    [ "$(grep -c '^start .*it was set up otherwise' "$scratch/out")" = 2 ] &&
    [ "$(grep -c '^replace  *module .*has lost it' "$scratch/out")" = 2 ]
check 'plan tells that their nodes will start anew' $?
causeway apply && [ "$(grep -c 'start .*; it was set up otherwise' "$scratch/out")" = 2 ] &&
    grep -q 'attest .*emulated' "$scratch/out" && runs node1/board && runs node1/node && answers
check 'with another tee in the descriptor the nodes become boards' $?

end "$(pid node1/board)"
causeway apply && grep -q 'start .*node1: .*; its board had ended' "$scratch/out" && answers
check 'a board that was killed is started again' $?

cmp -s .causeway/nodes/node1/board/chip.key .causeway/nodes/node2/board/chip.key
[ $? -eq 1 ] && [ "$(stat -c %a .causeway/nodes/node1/board/chip.key)" = 600 ]
check 'each board has a node key of its own, which others cannot read' $?

# A node that leaves the descriptor is ended; its modules move.
old=$(pid node2/node)
sed -i '/"name": "node2"/d; s/\("address": "local"}\),/\1/; s/"node2"/"node1"/' app.json
causeway apply && grep -q 'stop .*node2' "$scratch/out" && [ ! -s "$scratch/log" ] &&
     gone "$old" && answers
check 'a node that left the descriptor is ended' $?

# A number in a file is no proof: a stranger keeps its life.
end "$(pid node1/node)" "$(pid node1/board)"
sleep 300 &
stranger=$!
echo $stranger >.causeway/nodes/node1/node/pid
causeway destroy && kill -0 $stranger
check 'destroy with a stale process number harms no stranger' $?
kill $stranger

causeway apply && board=$(pid node1/board) node=$(pid node1/node) && causeway destroy &&
    grep -q 'stop .*node1' "$scratch/out" && gone "$board" && gone "$node"
check 'destroy ends nodes and boards' $?

summary
