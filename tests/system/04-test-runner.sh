#!/bin/sh
# SPDX-License-Identifier: MIT
# The runner counts what happened: planted failures, crashes, hangs and skips are each seen.
set -u
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
passed=0 failed=0

# expect NAME TOTALS STATUS FILE [LIMIT]: run the planted test and compare the last line and the status
expect() {
    chmod +x "$4"
    output=$("$root/tools/run-tests" -o logs -t "${5:-60}" "$4")
    status=$?
    last=$(printf '%s\n' "$output" | tail -n 1)
    if [ "$last" = "$2" ] && [ "$status" -eq "$3" ]; then
        passed=$((passed + 1))
        echo "ok: $1"
    else
        failed=$((failed + 1))
        echo "FAIL: $1: wanted '$2' and status $3; got '$last' and $status"
    fi
}
plant() {
    printf '#!/bin/sh\n%s\n' "$2" >"$1"
}

plant good 'echo 1..2; echo "ok 1 - a"; echo "ok 2 - b"'
expect 'two cases pass' '2 passed, 0 failed, 0 skipped' 0 good
plant bad 'echo 1..2; echo "ok 1 - a"; echo "not ok 2 - b"; exit 1'
expect 'a failed case' '1 passed, 1 failed, 0 skipped' 1 bad
plant crash 'echo 1..3; echo "ok 1 - a"; kill -SEGV $$'
expect 'cases lost in a crash count as failed' '1 passed, 2 failed, 0 skipped' 1 crash
plant late 'echo 1..1; echo "ok 1 - a"; exit 3'
expect 'a failure after the last case' '1 passed, 1 failed, 0 skipped' 1 late
plant silent 'exit 0'
expect 'a program without cases' '0 passed, 1 failed, 0 skipped' 1 silent
plant skip 'echo 1..2; echo "ok 1 - a"; echo "skipped: no board"; echo "not ok 2 # SKIP b"'
expect 'a skipped case' '1 passed, 0 failed, 1 skipped' 0 skip
plant script.sh 'exit 0'
expect 'a script passes' '1 passed, 0 failed, 0 skipped' 0 script.sh
plant script-bad.sh 'exit 1'
expect 'a script fails' '0 passed, 1 failed, 0 skipped' 1 script-bad.sh
plant script-skip.sh 'echo no such board; exit 77'
expect 'a script skips' '0 passed, 0 failed, 1 skipped' 0 script-skip.sh
plant script-many.sh 'echo "5 passed, 0 failed, 1 skipped"'
expect 'a script with cases of its own' '5 passed, 0 failed, 1 skipped' 0 script-many.sh
plant script-lies.sh 'echo "5 passed, 0 failed, 0 skipped"; exit 1'
expect 'a status outweighs a count' '5 passed, 1 failed, 0 skipped' 1 script-lies.sh
plant script-hangs.sh 'sleep 60'
expect 'a hang' '0 passed, 1 failed, 0 skipped' 1 script-hangs.sh 1

# Two at once: the same counts, each test's words together, and `alone` means alone.
plant alone.sh '# alone: it looks at what runs beside it
[ ! -e busy ] || exit 1'
plant slow.sh '# timeout: 90
touch busy; sleep 0.3; rm busy'
chmod +x alone.sh slow.sh
output=$("$root/tools/run-tests" -j 2 -o logs -t 60 alone.sh bad slow.sh good script-skip.sh)
status=$?
last=$(printf '%s\n' "$output" | tail -n 1)
if [ "$last" = '5 passed, 1 failed, 1 skipped' ] && [ "$status" -eq 1 ] &&
    [ "$(printf '%s\n' "$output" | grep -c '^ok  \|^FAIL \|^skip ')" -eq 5 ]; then
    passed=$((passed + 1))
    echo "ok: two at once"
else
    failed=$((failed + 1))
    echo "FAIL: two at once: '$last' and $status"
    printf '%s\n' "$output"
fi

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
