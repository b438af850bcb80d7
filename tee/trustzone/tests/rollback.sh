#!/bin/bash
# SPDX-License-Identifier: MIT
# A local trustzone node from its first start on: a device of its own, evidence that is believed, and
# a flash file that was put back, which the owner notices.
# timeout: 300
. tee/trustzone/tests/local_board.bash
root=$PWD
status_of() { # STATUS WORDS...
    local wanted=$1
    shift
    causeway "$@"
    [ $? = "$wanted" ]
}
field() { # NAME: of `attest --json`
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["modules"][0][sys.argv[2]])' \
        "$scratch/out" "$1"
}
flash=$board/flash.bin

mkdir "$scratch/app"
cp examples/hello/hello.c "$scratch/app"
sed 's/"native"/"trustzone"/; s/"127.0.0.1:[0-9]*"/"local"/; s/"allow_unprotected"/"allow_emulated"/' \
    examples/hello/app.json >"$scratch/app/app.json"
cd "$scratch/app" || exit 1

causeway apply && grep -q 'genuine module on an emulated board' "$scratch/out" &&
    [ "$("$bin/causeway" request get-count --text x --quiet 2>/dev/null)" = 0 ]
check 'apply makes a device, starts its board, believes its token, and its module answers' $?

causeway trustzone inspect "$flash" --json &&
    platform=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["inspect"]["flash"]["platform"])' "$scratch/out") &&
    causeway attest --json && [ "$(field platform)" = "$platform" ] && [ "$(field emulated)" = True ] &&
    [ "$(field tcb)" = 'firmware security version 1' ]
check 'the platform of the token is that of the flash file' $?

status_of 1 trustzone new-device "$flash" --update && grep -q 'its board runs' "$scratch/log"
check 'the flash of a board that runs is left alone' $?

cp --sparse=always "$flash" "$scratch/old" && power_off TERM && causeway apply &&
    grep -q 'start 2' "$scratch/out"
check 'a restart of the board is believed' $?

power_off TERM && cp --sparse=always "$scratch/old" "$flash" && status_of 3 apply &&
    grep -q 'an older copy of its flash was put back' "$scratch/log" &&
    grep -q 'apply --accept-rollback node1' "$scratch/log"
check 'a flash file that was put back is refused at the count that was seen, by its seed' $?

status_of 3 status && status_of 3 attest --json && [ "$(field accepted)" = False ]
check 'status and attest refuse it too' $?

status_of 2 apply --accept-rollback node2 && grep -q 'which no node is called' "$scratch/log"
check 'only a node of the descriptor can be accepted so' $?

causeway apply --accept-rollback node1 && causeway attest
check 'who put it back on purpose says so once' $?

power_off TERM && causeway apply && power_off TERM && cp --sparse=always "$scratch/old" "$flash" &&
    status_of 3 apply && grep -q 'shows start 2, this owner has seen start 3' "$scratch/log"
check 'a lower count is refused' $?

# Another build of the kernel: a word that it never has to say.
causeway apply --accept-rollback node1 && cp -r "$root/build/sdk" "$scratch/sdk" && python3 - "$scratch/sdk" <<'PY'
import sys
path = sys.argv[1] + '/lib/trustzone/firmware.bin'
firmware = open(path, 'rb').read()
changed = firmware.replace(b'an invariant is broken', b'AN INVARIANT IS BROKEN')
assert changed != firmware
open(path, 'wb').write(changed)
PY
causeway apply --sdk "$scratch/sdk" && grep -q ' start .*node1' "$scratch/out" &&
    causeway attest --json --sdk "$scratch/sdk" && [ "$(field platform)" = "$platform" ]
check 'another firmware of the SDK reaches a board that runs, and it stays the same device' $?

status_of 3 attest && grep -q "its firmware is another one than the owner's" "$scratch/log"
check 'an owner without that firmware refuses it' $?

causeway destroy --force && cp --sparse=always "$scratch/old" "$flash" && status_of 3 apply
check 'what is known of a device outlasts the deployment' $?

summary
