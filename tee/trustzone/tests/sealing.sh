#!/bin/bash
# SPDX-License-Identifier: MIT
# What a module seals on a board: for its image and for its signer, over a restart, a newer image and
# another board, and with a bit changed.
# timeout: 300
. tee/trustzone/tests/local_board.bash
image=01 signer=02 # cw_sealing
call() { "$bin/causeway" call sealing "$@" --quiet --timeout 20 2>>"$scratch/log"; }
keep() { # SEALING TEXT FILE
    call keep --hex "$1$(printf '%s' "$2" | od -An -v -tx1 | tr -d ' \n')" --out "$3" && [ -s "$3" ]
}
show() { # SEALING FILE
    { printf '%b' "\\x$1" && cat "$2"; } >"$scratch/argument"
    call show --file "$scratch/argument"
}
application sealing

apply && keep $image 'for this image' "$scratch/image" && keep $signer 'for us' "$scratch/signer" &&
    [ "$(show $image "$scratch/image")" = 'for this image' ] &&
    [ "$(show $signer "$scratch/signer")" = 'for us' ]
check 'what was sealed opens' $?
[ "$(wc -c <"$scratch/signer")" = 74 ] && ! grep -q 'for us' "$scratch/signer"
check 'it is 68 bytes longer, and the text is not in it' $?
[ "$(show $signer "$scratch/image")" = 'no seal' ] && [ "$(show $image "$scratch/signer")" = 'no seal' ]
check 'one kind does not open as the other' $?

switch_off() { # the board, not its program
    python3 - $board/control <<'PY'
import socket, sys
with socket.socket(socket.AF_UNIX) as control:
    control.connect(sys.argv[1])
    control.sendall(b"power off\n")
    with control.makefile() as lines:
        next(line for line in lines if line == "ok\n")
PY
}
switch_off && apply && grep -q 'its board stood still, or was off' "$scratch/out" && [ "$(show $image "$scratch/image")" = 'for this image' ] &&
    [ "$(show $signer "$scratch/signer")" = 'for us' ]
check 'it opens after a restart of the board' $?

for at in 20 60; do # in the id, in the body
    python3 - "$scratch/signer" "$at" >"$scratch/bent" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 1
sys.stdout.buffer.write(data)
PY
    [ "$(show $signer "$scratch/bent")" = refused ]
    check "byte $at changed: refused" $?
done

echo '/* a newer image */ CW_ENTRY(more, d, n, r) { (void)d; (void)n; (void)r; }' >>sealing.c
apply && [ "$(show $image "$scratch/image")" = refused ] &&
    [ "$(show $signer "$scratch/signer")" = 'for us' ]
check "a newer image opens its signer's, not the other image's" $?

"$bin/causeway" destroy --force --quiet >/dev/null 2>&1
rm -rf .causeway/nodes/node1 && apply && [ "$(show $signer "$scratch/signer")" = refused ]
check 'another board opens nothing' $?

summary
