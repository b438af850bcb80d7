#!/bin/bash
# SPDX-License-Identifier: MIT
# A module's persistent counter on a board: over restarts, a newer image, a full sector of the journal,
# and power that ends at any moment.
# timeout: 300
set -u -o pipefail
bin=$PWD/build/host/bin
for need in qemu-system-aarch64 aarch64-linux-gnu-gcc; do
    command -v $need >/dev/null || { echo "$need is missing"; exit 77; }
done
[ -f build/sdk/lib/trustzone/firmware.bin ] || { echo 'no firmware was built for AArch64'; exit 77; }
scratch=$(mktemp -d)
passed=0 failed=0
finish() {
    cd "$scratch/app" && "$bin/causeway" destroy --force --quiet >/dev/null 2>&1
    rm -rf "$scratch"
}
trap finish EXIT
check() { # NAME STATUS
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1)) && echo "ok: $1"
    else
        failed=$((failed + 1)) && echo "FAIL: $1"
        tail -n 20 "$scratch/out" "$scratch/log" 2>/dev/null | sed 's/^/    /'
    fi
}
apply() { "$bin/causeway" apply >"$scratch/out" 2>"$scratch/log"; }
advance() { "$bin/causeway" call counting advance --hex "$1" --quiet --timeout 10 2>>"$scratch/log"; }
value() { advance 00; }
board=.causeway/nodes/node1/board
power_off() { # SIGNAL: of the board's program and its chip, which end as if the plug was pulled
    local pids pid
    pids="$(cat $board/pid)"
    pids="$pids $(pgrep -P "$pids")"
    for pid in $pids; do kill "-$1" "$pid" 2>/dev/null; done
    for _ in $(seq 100); do
        "$bin/causeway" trustzone new-device $board/flash.bin --update >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

mkdir "$scratch/app"
cp tee/trustzone/tests/modules/counting.c "$scratch/app"
cat >"$scratch/app/app.json" <<'JSON'
{
  "causeway": 1,
  "name": "counting",
  "nodes": [{"name": "node1", "tee": "trustzone", "address": "local"}],
  "modules": [{"name": "counting", "node": "node1", "sources": ["counting.c"]}],
  "policy": {"allow_emulated": true}
}
JSON
cd "$scratch/app" || exit 1

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

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
