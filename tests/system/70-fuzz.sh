#!/bin/sh
# SPDX-License-Identifier: MIT
# Every fuzz target runs without a finding, 5 s each (60 s with --long), and every fourth (with --long
# each) finds the bug that is planted for it.  What a run begins with is fixed; with --long it is not.
# `make fuzz T=NAME` repeats one; docs/testing.md says what to do with a finding.
# timeout: 3000
set -u
seconds=5 share=4
export CW_FUZZ_SEED=1
[ "${CW_LONG:-0}" != 1 ] || seconds=60 share=1 CW_FUZZ_SEED=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT
make --no-print-directory -s fuzz-tools || {
    echo "the tools for fuzzing are not installed"
    exit 77
}
make --no-print-directory -s -j2 fuzz-targets || exit 1
make --no-print-directory -s fuzz FUZZ_SECONDS=$seconds >"$output"
plants=$(make --no-print-directory -s list-fuzz | tr ' ' '\n' | awk -v share=$share 'NR % share == 0')
make --no-print-directory -s -j2 fuzz-selftest FUZZ_PLANTS="$(echo $plants)" >>"$output"
grep -v '^[0-9]* passed, ' "$output"
awk '/^[0-9]+ passed, / { p += $1; f += $3; n++ }
    END { if (n != 2) f++; print p + 0 " passed, " f + 0 " failed, 0 skipped"; exit f > 0 }' "$output"
