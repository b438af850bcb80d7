#!/bin/bash
# SPDX-License-Identifier: MIT
# A mistake in a module gives one line: FILE:LINE of the author's own source, and words that say what
# is wrong, on every TEE.  The table: tests/data/misuse.txt.
# timeout: 300
set -u -o pipefail
bin=$PWD/build/host/bin
table=$PWD/tests/data/misuse.txt
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

describe() { # TEE SOURCES
    cat <<END
{"causeway": 1, "name": "misuse",
 "nodes": [{"name": "n", "tee": "$1", "address": "local"}],
 "modules": [{"name": "m", "node": "n", "sources": [$2]}],
 "policy": {"allow_emulated": true, "allow_unprotected": true}}
END
}

# play NAME: the case whose sources are in the current folder, on both
play() {
    local tee sources expected found status
    sources=$(printf '"%s", ' *.c)
    for tee in native sancus; do
        expected=$(cat "expected.$tee" 2>/dev/null || cat expected)
        describe "$tee" "${sources%, }" >app.json
        "$bin/causeway" build --state "$tee.state" --quiet >out 2>err
        status=$?
        # The column is the compiler's business.
        found=$(sed -E 's/^causeway: error: (m\.c:[0-9]+)(:[0-9]+)?: module m: /\1: /' err)
        if [ "$expected" = none ]; then
            [ $status -eq 0 ] && [ ! -s err ]
        else
            [ $status -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] &&
                [ "$found" = "$expected" ]
        fi
        if [ $? -eq 0 ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL: $1 ($tee), status $status"
            printf '    expected %s\n    found    %s\n' "$expected" "$found"
        fi
    done
}

# Sections: "=== name", then "--- file" with its text, or "--- expected[.tee]" with one line.
name= folder= file=
while IFS= read -r line; do
    case $line in
    '=== '*)
        [ -z "$name" ] || play "$name"
        name=${line#=== }
        folder=$(mktemp -d "$scratch/XXXXXX")
        cd "$folder" || exit 1
        ;;
    '--- '*)
        file=${line#--- }
        : >"$file"
        ;;
    '#'*) [ -z "$file" ] || printf '%s\n' "$line" >>"$file" ;;
    *) printf '%s\n' "$line" >>"$file" ;;
    esac
done <"$table"
play "$name"

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -ge 40 ]
