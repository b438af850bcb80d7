# SPDX-License-Identifier: MIT
# For script tests that run an application on a local TrustZone board: sourced at their begin.  The
# application is in $scratch/app, where they are then.
. tests/support/cases.bash
for need in qemu-system-aarch64 aarch64-linux-gnu-gcc; do
    command -v $need >/dev/null || { echo "$need is missing"; exit 77; }
done
[ -f build/sdk/lib/trustzone/firmware.bin ] || { echo 'no firmware was built for AArch64'; exit 77; }
finish() {
    end_app
    rm -rf "$scratch"
}
causeway() { "$bin/causeway" "$@" >"$scratch/out" 2>"$scratch/log"; }
apply() { causeway apply; }
board=.causeway/nodes/node1/board
power_off() { # SIGNAL: of the board's program and its chip, which end as if the plug was pulled
    local pids pid
    pids="$(cat $board/pid)"
    pids="$pids $(pgrep -P "$pids")"
    for pid in $pids; do kill "-$1" "$pid" 2>/dev/null; done
    for _ in $(seq 600); do
        "$bin/causeway" trustzone new-device $board/flash.bin --update >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}
application() { # MODULE: of tests/modules, on one node
    mkdir "$scratch/app"
    cp "tee/trustzone/tests/modules/$1.c" "$scratch/app"
    cat >"$scratch/app/app.json" <<JSON
{
  "causeway": 1,
  "name": "$1",
  "nodes": [{"name": "node1", "tee": "trustzone", "address": "local"}],
  "modules": [{"name": "$1", "node": "node1", "sources": ["$1.c"]}],
  "policy": {"allow_emulated": true}
}
JSON
    cd "$scratch/app" || exit 1
}
