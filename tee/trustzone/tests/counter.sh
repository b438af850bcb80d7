#!/bin/bash
# SPDX-License-Identifier: MIT
# A module's persistent counter on a board: over restarts, a newer image, a full sector of the journal,
# and power that ends at any moment.
# timeout: 300
. tee/trustzone/tests/local_board.bash
advance() { "$bin/causeway" call counting advance --hex "$1" --quiet --timeout 10 2>>"$scratch/log"; }
value() { advance 00; }
application counting

apply && [ "$(value)" = 0 ] && [ "$(advance 01)" = 1 ] && [ "$(advance 02)" = 3 ]
check 'a new module counts from 0' $?

power_off TERM && apply && [ "$(value)" = 3 ]
check 'a restart of the board keeps the counter' $?

echo '/* a newer image of the module */ CW_ENTRY(more, d, n, r) { (void)d; (void)n; (void)r; }' \
    >>counting.c
apply && [ "$(value)" = 3 ] && [ "$(advance 01)" = 4 ]
check 'a newer image goes on with it' $?

# Starts of the device, as kernel/journal.h writes them, up to the sector's last record but one.
wear() {
    python3 - $board/flash.bin <<'PY'
import hashlib, struct, sys
AT, LEN, COUNTS = 0x140000, 0x40000, 0x43573102
with open(sys.argv[1], "r+b") as flash:
    flash.seek(AT)
    sector = flash.read(LEN)
    first = next(i for i in range(0, LEN, 64) if sector[i:i + 64] == b"\xff" * 64)
    for n, at in enumerate(range(first, LEN - 64, 64)):
        head = struct.pack("<IIQ", COUNTS, 0, 1000 + n) + bytes(32)
        flash.seek(AT + at)
        flash.write(head + bytes(8) + hashlib.sha256(head).digest()[:8])
    print(1000 + n)
PY
}
power_off TERM && starts=$(wear) && apply && grep -q "start $((starts + 1)) " "$scratch/out" &&
    [ "$(value)" = 4 ] && last=$(advance 03) && [ "$last" = 7 ] && power_off TERM && apply &&
    grep -q "start $((starts + 2)) " "$scratch/out" && [ "$(value)" = 7 ] &&
    [ "$(tail -c +$((0x180001)) $board/flash.bin | head -c 4 | od -An -tx4 | tr -d ' ')" = 48573101 ]
check 'a journal whose sector is full goes on in the other' $?

good=0 last=${last:-0}
for round in 1 2 3 4; do
    : >"$scratch/answers"
    while advance 08 >>"$scratch/answers" && echo >>"$scratch/answers"; do :; done &
    asker=$!
    sleep "0.$((round * 2 + 1))"
    power_off KILL
    wait $asker 2>/dev/null
    answered=$(grep -E '^[0-9]+$' "$scratch/answers" | tail -n 1)
    apply || break
    now=$(value)
    [ -n "$now" ] && [ "$now" -ge "${answered:-$last}" ] && [ "$now" -ge "$last" ] && good=$((good + 1))
    last=$now
done
[ $good = 4 ]
check "what was answered is there when power ended while it counted ($last)" $?

summary
