#!/bin/sh
# SPDX-License-Identifier: MIT
# The contracts of trusted code are proved, and a mistake by one planted into a copy is not.  For the
# machine of 16 bits core/wire is proved with --long only, core/channel always.
# timeout: 1200
set -u
for tool in frama-c why3 cvc4 z3; do
    command -v $tool >/dev/null || {
        echo "$tool is not installed"
        exit 77
    }
done
output=$(mktemp)
trap 'rm -f "$output"' EXIT
if [ "${CW_LONG:-0}" = 1 ]; then
    tools/prove >"$output"
    goals=$?
else
    tools/prove -m gcc_x86_64 >"$output" &&
        tools/prove -m gcc_x86_16 core/channel/channel.c core/channel/open.c core/channel/seal.c >>"$output"
    goals=$?
fi
tools/prove --self-test >>"$output"
found=$?
cat "$output"
failed=$(grep -c '^FAIL' "$output")
[ "$failed" -gt 0 ] || [ "$goals" -eq 0 ] || failed=1
[ "$failed" -gt 0 ] || [ "$found" -eq 0 ] || failed=1
echo "$(grep -c '^ok' "$output") passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
