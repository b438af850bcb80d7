#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [ROUNDS]: events over two native nodes against the 3-hop reference, interleaved, every
# process on one core.  RESULT lines as all benchmarks print them.
set -eu
cd "$(dirname "$0")/../.."
rounds=${1:-5}
bin=$PWD/build/host/bin
pin="taskset -c 1"
work=$(mktemp -d)
pids=
stop() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

cp bench/events/*.c bench/events/app.json "$work"
cd "$work"
causeway() {
    "$bin/causeway" --quiet --state "$work/state" "$@"
}
owner=$(causeway key show)
for node in a:6101 b:6102; do
    $pin "$bin/causeway-node" --name "${node%:*}" --listen "127.0.0.1:${node#*:}" --tee native \
        --state "$work/node-${node%:*}" --owner "$owner" >"$work/${node%:*}.out" \
        2>"$work/${node%:*}.log" &
    pids="$pids $!"
done
for node in a b; do
    for _ in $(seq 100); do
        grep -q ^ready "$work/$node.out" && break
        sleep 0.05
    done
done
causeway apply >"$work/apply.log" 2>&1 || {
    cat "$work/apply.log" "$work"/*.log >&2
    exit 1
}

# le32 N: four bytes in hexadecimal, little-endian
le32() {
    printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24))
}

returned() {
    hex=$(causeway call caller returned --json | sed -n 's/.*"hex" *: *"\([0-9a-f]*\)".*/\1/p')
    echo $((0x$(echo "$hex" | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')))
}

# drive EVENTS IN_FLIGHT: nanoseconds for all of them
drive() {
    begin=$(date +%s%N)
    causeway call caller start --hex "$(le32 "$1")$(le32 "$2")" >/dev/null
    for _ in $(seq 600); do
        [ "$(returned)" -ge "$1" ] && break
        sleep 0.02
    done
    end=$(date +%s%N)
    [ "$(returned)" -ge "$1" ] || {
        echo "bench-events: $(returned) of $1 events came back" >&2
        exit 1
    }
    echo $((end - begin))
}

floor() {
    $pin "$bin/floor-msgbench" "$@" | cut -f"$field"
}

trips=20000
events=200000
: >"$work/trip" && : >"$work/trip.floor" && : >"$work/rate" && : >"$work/rate.floor"
for _ in $(seq "$rounds"); do
    field=5
    floor relay-latency pipe 16 3000 own >>"$work/trip.floor"
    echo $(($(drive $trips 1) / trips)) >>"$work/trip"
    field=7
    floor relay-rate pipe 16 300000 own 64 >>"$work/rate.floor"
    echo $((events * 1000000000 / $(drive $events 128))) >>"$work/rate"
done
median() {
    sort -n "$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
awk -v a="$(median "$work/trip")" -v b="$(median "$work/trip.floor")" 'BEGIN {
    printf "RESULT\tevent round trip, 16 B\t%.1f\tus\t3-hop reference %.1f us\t%.2fx\t<= 1.25x\n",
        a / 1000, b / 1000, a / b }'
awk -v a="$(median "$work/rate")" -v b="$(median "$work/rate.floor")" 'BEGIN {
    printf "RESULT\tevents pipelined, 16 B\t%.0f\t/s\t3-hop reference batched %.0f /s\t%.3fx\t>= 0.5x\n",
        2 * a, b, 2 * a / b }'
