#!/bin/bash
# SPDX-License-Identifier: MIT
# examples/ping-pong on two boards with the chip as published, quirks and all: apply, a ball that
# comes back, a question that is answered.
# timeout: 240
. tests/support/cases.bash
finish() {
    end_app
    rm -rf "$scratch"
}

causeway() { "$bin/causeway" "$@" >"$scratch/out" 2>"$scratch/log"; }

mkdir "$scratch/app"
cp examples/ping-pong/*.c "$scratch/app"
sed -e 's/"127.0.0.1:[0-9]*"/"local", "chip": "exact"/' \
    -e 's/"allow_emulated": true/&, "require_freshness": false/' \
    examples/ping-pong/app-sancus.json >"$scratch/app/app.json"
cd "$scratch/app" || exit 1

causeway apply
check 'modules are deployed, attested and connected' $?
ps -o args= -p "$(cat .causeway/nodes/node1/board/pid)" 2>/dev/null | grep -q -- '--chip exact'
check 'on the chip as published' $?
[ "$("$bin/causeway" call ping start --text ball --quiet)" = ok ]
check 'a ball is thrown' $?
for _ in $(seq 600); do
    score=$("$bin/causeway" call ping get_score --quiet)
    [ "$score" = 1 ] && break
    sleep 0.1
done
[ "${score:-}" = 1 ]
check 'and comes back as it was' $?
[ "$("$bin/causeway" call ping ask --text exact --quiet)" = tcaxe ]
check 'a question is answered' $?
causeway apply && [ "$(grep -c 'freshness none' "$scratch/out")" = 2 ]
check 'its lives cannot be told from one another, and apply says so' $?
summary
