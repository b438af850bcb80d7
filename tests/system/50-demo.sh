#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 600
# `causeway demo --once`: every step holds, every attack is there, and nothing is left behind.
. tests/support/cases.bash
export TMPDIR=$scratch

timeout 240 "$bin/causeway" demo --once --json >"$scratch/out" 2>"$scratch/log"
check 'exit status 0' $?
python3 - "$scratch/out" <<'END'
import json, sys
told = json.load(open(sys.argv[1]))
for step in told["steps"]:
    print("%-4s %8.1f ms  %s: %s" % ("ok" if step["ok"] else "FAIL", step["ms"], step["step"], step["text"]))
names = " ".join(step["step"] for step in told["steps"] if step["ok"])
words = ["press the button (3)", "forged", "replayed", "redirected", "bit-flipped", "dropped",
         "reordered", "predecessor's forgery", "restarted and fed", "TrustZone board's own button",
         "secure memory", "drivers' devices", "DMA", "replays a call", "TrustZone board is restarted",
         "flash is put back"]
missing = [word for word in words if word not in names]
print("missing:", missing) if missing else None
print("took %.1f s" % (sum(step["ms"] for step in told["steps"]) / 1000))
sys.exit(0 if told["ok"] and told["failed"] == 0 and not missing else 1)
END
check 'every step and every attack held' $?
[ -z "$(ls -d "$scratch"/causeway-demo-* 2>/dev/null)" ]
check 'its folder is gone' $?
for _ in $(seq 100); do # whom it killed may take a moment to be gone
    pgrep -f "$scratch/causeway-demo-" >/dev/null || break
    sleep 0.1
done
! pgrep -f "$scratch/causeway-demo-" >/dev/null
check 'no process is left' $?

# Killed in the middle, its parts end with it.
timeout 240 "$bin/causeway" demo --dir "$scratch/live" >"$scratch/live.out" 2>&1 </dev/null &
pid=$!
for _ in $(seq 1200); do
    grep -q 'q ends' "$scratch/live.out" && break
    kill -0 $pid 2>/dev/null || break
    sleep 0.1
done
grep -q 'https://' "$scratch/live.out"
check 'without --once it stays up and names the page' $?
demo=$(pgrep -P $pid -f 'causeway demo')
kill -KILL "$demo" 2>/dev/null
wait $pid 2>/dev/null
for _ in $(seq 600); do
    pgrep -f "$scratch/live/" >/dev/null || break
    sleep 0.1
done
! pgrep -f "$scratch/live/" >/dev/null
check 'when it is killed its parts end too' $?

summary
