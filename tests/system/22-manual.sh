#!/bin/bash
# SPDX-License-Identifier: MIT
# The man page of the owner's tool has every verb and every option, and help has an example of each.
set -u -o pipefail
tool=build/host/bin/causeway
failed=0 passed=0
check() { # NAME STATUS
    if [ "$2" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $1"; fi
}
page=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' deploy/causeway.1)
verbs=$($tool --help | awk '/^verbs/ {on = 1; next} /^options/ {on = 0} on && /^  [a-z]/ {print $1}')
for verb in $verbs; do
    help=$($tool "$verb" --help) && grep -q "^  causeway $verb" <<<"$help"
    check "causeway $verb --help has an example" $?
    grep -Eq "^\.(B|BR|BI) \"?$verb\b" <<<"$page"
    check "the man page tells of $verb" $?
    for option in $(grep -Eo '^  --[a-z-]+' <<<"$help"); do
        grep -Eq "^\.(B|BI) $option\b" <<<"$page"
        check "the man page tells of $option ($verb)" $?
    done
done
[ "$(wc -w <<<"$verbs")" -ge 10 ]
check 'there are verbs at all' $?
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
