#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh: instructions per second of causeway-sancus with all access checks, against mspdebug's
# simulator on the same programs, in turns; user time, the best of each.
set -eu
cd "$(dirname "$0")/../.."
chip=${CAUSEWAY_SANCUS:-$PWD/build/host/bin/causeway-sancus}
floor=bench/floors/msp
turns=${TURNS:-5}
for tool in clang-14 ld.lld-14 llvm-nm-14 mspdebug python3; do
    command -v $tool >/dev/null || { echo "$tool is missing: ./run setup installs it" >&2; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # NAME ROUNDS SOURCE...
    name=$1 rounds=$2
    shift 2
    objects=
    for source in "$@"; do
        object=$work/$(basename "$source").o
        case $source in
        *.s) clang-14 --target=msp430-none-elf -Wa,-defsym,ROUNDS="$rounds" -c "$source" -o "$object" ;;
        *) clang-14 --target=msp430-none-elf -mhwmult=none -Os -ffreestanding -c "$source" -o "$object" ;;
        esac
        objects="$objects $object"
    done
    ld.lld-14 -T $floor/link.ld $objects -o "$work/$name.elf"
}
build crc 2000 $floor/start.s $floor/crc.c
build tight 250 $floor/tight.s

python3 - "$chip" "$work" "$turns" <<'END'
import json, os, resource, subprocess, sys

chip, work, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])

def user_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    out = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, out

def symbol(elf, name):
    for line in subprocess.run(["llvm-nm-14", elf], capture_output=True, text=True).stdout.split("\n"):
        if line.endswith(" " + name):
            return "0x" + line.split()[0]

for name in "crc", "tight":
    elf = os.path.join(work, name + ".elf")
    best, results = {}, {}
    commands = {
        "mspdebug sim": ["mspdebug", "-q", "sim", "prog " + elf, "setbreak " + symbol(elf, "done"),
                         "reset", "run", "md 0x200 2", "exit"],
        "exact": [chip, "--chip", "exact", "--run", elf, "--json"],
        "hardened": [chip, "--chip", "hardened", "--run", elf, "--json"],
    }
    for turn in range(turns):
        for who, command in commands.items():
            seconds, out = user_seconds(command)
            best[who] = min(best.get(who, seconds), seconds)
            results[who] = out
    run = json.loads(results["exact"])
    assert run["reason"] == "cpuoff" and run == json.loads(results["hardened"])
    floor = run["instructions"] / best["mspdebug sim"] / 1e6
    print(f"RESULT\tmspdebug-sim-{name}\t{floor:.1f}\tM/s\t-\t-\t")
    for who in "exact", "hardened":
        speed = run["instructions"] / best[who] / 1e6
        print(f"RESULT\temulator-{name}-{who}\t{speed:.1f}\tM/s\tmspdebug-sim-{name}\t"
              f"{speed / floor:.1f}\t>= 10x (stretch 16x)")
END
