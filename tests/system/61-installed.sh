#!/bin/bash
# SPDX-License-Identifier: MIT
# A package folder is all that an author needs: installed, moved, and used with the source tree out
# of sight, as the README says.
# timeout: 300
. tests/support/cases.bash
tree=$PWD
finish() {
    for app in "$scratch"/work/*/app.json; do
        [ ! -e "$app" ] || causeway destroy --force --quiet "$app" >/dev/null 2>&1
    done
    rm -rf "$scratch"
}

# --- installed, and moved ----------------------------------------------------------------------
make -s install DESTDIR="$scratch/made" PREFIX=/usr/local >"$scratch/out" 2>&1
check 'make install into a folder' $?
mkdir "$scratch/elsewhere"
mv "$scratch/made/usr/local" "$scratch/elsewhere/package"
package=$scratch/elsewhere/package
missing=
for file in bin/causeway bin/causeway-node bin/causeway-sancus bin/causeway-sgx \
    bin/causeway-sgx-jail share/man/man1/causeway-sgx.1 share/man/man1/causeway.1 \
    bin/causeway-trustzone share/man/man1/causeway-trustzone.1 \
    share/man/man1/causeway-node.1 share/man/man1/causeway-sancus.1 \
    share/man/man5/causeway-descriptor.5 share/causeway/app.schema.json \
    share/doc/causeway/LICENSE share/pkgconfig/causeway.pc lib/causeway/sdk/module.mk \
    lib/causeway/sdk/lib/sancus/firmware.elf "lib/systemd/system/causeway-node@.service" \
    lib/systemd/system/causeway-sgx.service; do
    [ -s "$package/$file" ] || missing="$missing $file"
done
echo "missing:$missing" >"$scratch/out"
[ -z "$missing" ]
check 'programs, SDK, man pages, schema, unit, licence are there' $?
# As a path from the root: a tree that lies in /causeway is in no name of ours.
LC_ALL=C grep -rlE "(^|[^A-Za-z0-9_./@-])$(sed 's/[].*^$+?(){}|\\[]/\\&/g' <<<"$tree")/" "$package" >"$scratch/out"
[ $? -eq 1 ]
check 'no installed file names the source tree' $?
PKG_CONFIG_PATH=$package/share/pkgconfig pkg-config --variable=sdk causeway >"$scratch/out" &&
    [ -s "$(cat "$scratch/out")/include/sdk/causeway.h" ]
check 'pkg-config tells where the SDK is' $?

# --- without the tree ----------------------------------------------------------------------------
# What runs under `hide` sees an empty folder in the place of the tree.
hide=()
for way in 'unshare -m' 'unshare -r -m'; do
    # shellcheck disable=SC2086
    if $way sh -c 'mount -t tmpfs none "$0" && [ ! -e "$0/README.md" ]' "$tree" 2>/dev/null; then
        hide=($way sh -c 'mount -t tmpfs none "$0" && cd / && exec "$@"' "$tree")
        break
    fi
done
if [ ${#hide[@]} -eq 0 ]; then
    skipped=$((skipped + 1))
    echo "skipped: the tree cannot be hidden (no right to mount here); the rest runs beside it"
fi
work="$scratch/my work"
mkdir "$work" "$scratch/home"
export PATH=$package/bin:/usr/bin:/bin HOME=$scratch/home
run() { # SCRIPT: in a folder of its own, without the tree
    "${hide[@]}" env -i PATH="$PATH" HOME="$HOME" LC_ALL=C bash -e -u -o pipefail -c \
        "cd '$work'
$1" >"$scratch/out" 2>&1
}

# The README's own words.
commands=$(sed -n '/^## Your own project/,/^## A module/p' README.md | sed -n '/^```sh/,/^```$/p' |
    sed '/^```/d')
[ "$(wc -l <<<"$commands")" -ge 4 ] && run "$commands" &&
    grep -q '^Hello, Ada! Guests before you: 0$' "$scratch/out" &&
    [ "$(grep -c 'PASSED' "$scratch/out")" = 2 ] && ! grep -q 'FAILED' "$scratch/out"
check 'the new project of the README is deployed, answers, and its tests pass' $?

run 'cd demo1; causeway request greet --text Zoë; causeway status; causeway destroy' &&
    grep -q '^Hello, Zoë! Guests before you: 1$' "$scratch/out"
check 'the event reached the other module' $?

run 'cd demo1; sed -i "s/\"native\"/\"sancus\"/" app.json; causeway apply --quiet
     causeway request greet --text Ada; causeway request greet --text Bob
     causeway status --json >status; causeway destroy --quiet' &&
    grep -q '^Hello, Bob! Guests before you: 1$' "$scratch/out" &&
    grep -q '"protection": "emulated"' "$work/demo1/status"
check 'the same sources run on Sancus boards, by the descriptor alone' $?

run 'causeway new demo2 --tee sancus; cd demo2; make; causeway apply --quiet
     causeway request greet --text Ada; causeway destroy --quiet' &&
    grep -q '^Hello, Ada! Guests before you: 0$' "$scratch/out"
check 'new --tee sancus' $?

# A test of an author finds what is wrong: a byte too many, an output too few.
run 'cd demo1; sed -i "s/sizeof digits - at)/sizeof digits - at + 1)/" counter.c; make test'
[ $? -ne 0 ] && grep -q 'stack-buffer-overflow' "$scratch/out" && grep -q 'counter.c:' "$scratch/out"
check 'the harness finds a byte read too many, with its line' $?
run 'cd demo1; sed -i "s/(void)greeted(name, len);//" greeter.c; make test T=greeter'
[ $? -ne 0 ] && grep -q 'guest_is_greeted_and_told_of' "$scratch/out"
check 'the harness finds an event that is not sent' $?

# --- what new refuses ----------------------------------------------------------------------------
refused() { # WORDS EXPECTED: exit status 2, one line that says so
    ! run "$1" && [ "$(wc -l <"$scratch/out")" = 1 ] &&
        grep -qF "$2" "$scratch/out"
}
before=$(find "$work" | sort | sha256sum)
refused 'causeway new demo2' 'demo2: the folder is there already, and not empty' &&
    refused 'causeway new demo1/app.json' 'it is there already, and is not a folder' &&
    refused 'causeway new "a b"' 'found a name that no application can have' &&
    refused 'causeway new ..' 'found a name that no application can have' &&
    refused 'causeway new demo3 --tee sancos' 'found "sancos", expected' &&
    [ "$(find "$work" | sort | sha256sum)" = "$before" ]
check 'new refuses what is there, bad names and unknown TEEs, and leaves nothing' $?

# --- the unit, and the end -----------------------------------------------------------------------
if command -v systemd-analyze >/dev/null; then
    make -s install PREFIX="$scratch/real" >/dev/null 2>&1
    cp "$scratch/real/lib/systemd/system/causeway-node@.service" \
        "$scratch/causeway-node@one.service"
    cp "$scratch/real/lib/systemd/system/causeway-sgx.service" "$scratch"
    systemd-analyze verify --man=no "$scratch/causeway-node@one.service" \
        "$scratch/causeway-sgx.service" >"$scratch/out" 2>&1 &&
        ! grep -q 'causeway-' "$scratch/out"
    check 'systemd takes the units' $?
    make -s uninstall PREFIX="$scratch/real" >"$scratch/out" 2>&1
    [ "$(find "$scratch/real" -type f | wc -l)" = 0 ] &&
        [ -z "$(find "$scratch/real" -name '*causeway*')" ]
    check 'uninstall removes what install put there' $?
else
    skipped=$((skipped + 2))
    echo 'skipped: there is no systemd-analyze'
fi

summary
