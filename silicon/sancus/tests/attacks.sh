#!/bin/sh
# SPDX-License-Identifier: MIT
# attacks.sh: every hole of the published hardware is an attack program that succeeds on the
# exact chip and fails on the hardened one.  One line per hole.
# timeout: 600
set -eu
chip=${CAUSEWAY_SANCUS:-$PWD/build/host/bin/causeway-sancus}
here=silicon/sancus/tests/attacks
for tool in clang-14 ld.lld-14; do
    command -v $tool >/dev/null || { echo "$tool is missing: ./run setup installs it"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# outcome CHIP OPTION...: succeeded, failed, or why the chip stopped it
outcome() {
    "$chip" --chip "$@" --json --limit 136400000 --run "$work/attack.elf" 2>"$work/err" |
        awk '{
            reason = $2; gsub(/[",]/, "", reason)
            r4 = $10; sub(/,/, "", r4)
            if (r4 == 24589) print "succeeded"
            else if (reason == "cpuoff") print "failed"
            else print "stopped:" reason
        }'
}

try() { # NAME PROGRAM EXACT_OPTIONS HARDENED_OPTIONS
    clang-14 --target=msp430-none-elf -I. -c "$here/$2.S" -o "$work/attack.o"
    ld.lld-14 -T $here/attack.ld "$work/attack.o" -o "$work/attack.elf"
    exact=$(outcome exact $3)
    hardened=$(outcome hardened $4)
    if [ "$exact" = succeeded ] && [ -n "$hardened" ] && [ "$hardened" != succeeded ]; then
        verdict=ok
        passed=$((passed + 1))
    else
        verdict="NOT OK"
        failed=$((failed + 1))
    fi
    printf '%-22s exact: %-12s hardened: %-20s %s\n' "$1" "$exact" "$hardened" "$verdict"
    # the quirk alone, on an otherwise hardened chip, opens the hole again
    [ "${5-}" = alone ] || return 0
    if [ "$(outcome hardened $4 --quirk "$1=on")" != succeeded ]; then
        echo "    --quirk $1=on alone does not bring it back: NOT OK"
        failed=$((failed + 1))
    fi
}

for name in mmio-unguarded text-odd-write overlap-created secret-overlap secret-not-cleared \
    reset-remanence unwrap-unverified unwrap-empty ad-empty crypto-rounding crypto-runs-on \
    code-oracle caller-sticky sp-storm fetch-outside odd-word opcode-alias; do
    try $name $name "" "" alone
done
try enable-by-address enable-by-address "" "" # needs overlap-rekey, too: the key goes by address
try overlap-rekey overlap-rekey "" ""         # needs overlap-created, too
try enc-fail-leak enc-fail-leak "--security 64" "--security 64" alone
try id-exhaustion id-exhaustion "--security 64" "--security 64"
try violation-is-irq violation-is-irq "" "--on-violation stop"
try reset-dead violation-is-irq "" "--on-violation reset"

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
