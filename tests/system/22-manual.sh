#!/bin/bash
# SPDX-License-Identifier: MIT
# Man pages and --help tell the same, help has an example of each verb that is understood, and the
# pages are right in their language.
. tests/support/cases.bash
tool=build/host/bin/causeway
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

# What the page tells is there: no verb, no option of the page is unknown to the program.
all=$($tool --help; for verb in $verbs; do $tool help "$verb"; done)
for word in $(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' <<<"$page" | grep -Eo -- '^\.(B|BI|BR) --[a-z-]+' | grep -Eo -- '--[a-z-]+'); do
    grep -q -- "^  $word\b" <<<"$all"
    check "$word of the man page is an option" $?
done
for word in $(sed -n '/^\.SH VERBS/,/^\.SH OPTIONS/p' <<<"$page" | grep -A1 '^\.TP' | grep -Eo '^\.(B|BI|BR) "?[a-z]+' | grep -Eo '[a-z]+$'); do
    grep -qx "$word" <<<"$verbs"
    check "$word of the man page is a verb" $?
done

# The example of each verb is understood as it stands; --help keeps it from running.
for verb in $verbs; do
    $tool help "$verb" | sed -n 's/^  \(causeway .*\)/\1/p' >"$scratch/example"
    read -ra words <"$scratch/example"
    [ "${words[1]}" = "$verb" ] && "$tool" "${words[@]:1}" --help >"$scratch/out" 2>"$scratch/err" &&
        [ ! -s "$scratch/err" ]
    check "the example of $verb is understood: ${words[*]}" $?
done
[ "$($tool --help)" = "$($tool help)" ] && [ "$($tool send --help)" = "$($tool help send)" ]
check 'help VERB and VERB --help are one' $?
$tool --version | grep -Eqx 'causeway [0-9.]+'
check 'version' $?

# The other programs: page and --help name the same options, and the same exit statuses.
for pair in "causeway-node node/causeway-node.1" "causeway-sancus silicon/sancus/causeway-sancus.1" \
    "causeway-sgx silicon/sgx/causeway-sgx.1" \
    "causeway-trustzone silicon/trustzone/causeway-trustzone.1" \
    "causeway-adversary tests/adversary/causeway-adversary.1"; do
    read -r program file <<<"$pair"
    text=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' "$file")
    help=$(build/host/bin/$program --help)
    options=$(grep -Eo -- '^  --[a-z-]+' <<<"$help")
    for option in $options; do
        grep -Eq -- "^\.(B|BI|BR) .*$option\b" <<<"$text" || [ "$option" = --help ] || [ "$option" = --version ]
        check "the page of $program tells of $option" $?
    done
    for option in $(grep -E '^\.(B|BI|BR)' <<<"$text" | grep -Eo -- '--[a-z][a-z-]+'); do
        grep -Eq -- "$option\b" <<<"$help" || [ "$option" = --owner ]
        check "$option of the page of $program is an option" $?
    done
    build/host/bin/$program --version | grep -Eq "^$program [0-9.]+"
    check "$program --version" $?
    grep -q '^\.SH EXIT STATUS' <<<"$text" && grep -q '^Exit status: 0 ' <<<"$help"
    check "$program tells its exit statuses" $?
done

# The descriptor's page has every field of the schema.
text=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' deploy/causeway-descriptor.5)
for field in $(python3 -c '
import json
s = json.load(open("share/causeway/app.schema.json"))
def fields(x):
    if isinstance(x, dict):
        yield from x.get("properties", {})
        for v in x.values(): yield from fields(v)
    elif isinstance(x, list):
        for v in x: yield from fields(v)
print(*sorted(set(fields(s))))'); do
    grep -Eq "^\.(B|BI|BR|SS) .*\b$field\b|^\.SS $field" <<<"$text"
    check "causeway-descriptor(5) tells of $field" $?
done

# The pages are right in their language.
for file in deploy/*.[1-8] node/*.1 silicon/*/*.1 tests/adversary/*.1; do
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -W warning "$file" | grep -v 'missing date, using' >"$scratch/lint"
        [ ! -s "$scratch/lint" ] || { cat "$scratch/lint"; false; }
        check "mandoc finds nothing in $file" $?
    fi
    LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 "$file" 2>"$scratch/lint" >"$scratch/text"
    [ ! -s "$scratch/lint" ] && [ -s "$scratch/text" ]
    check "man shows $file without a warning" $?
done

summary
