#!/bin/bash
# SPDX-License-Identifier: MIT
# The proof of the adversary suite (suite.sh): with any one check of the receiver taken out, or a
# genuine message among the attacks, it must fail.  Of each file the first check; with --long all.
# timeout: 1500
. tests/support/cases.bash
siege=build/host/bin/causeway-siege
sdk=build/sdk
declare -A planted
setting() { sed -n "s/^$1 = //p" "$sdk/machine/enclave-x86_64.mk"; }

# is_due FILE: is it the first check that is taken out of it, or a long run?
is_due() {
    [ "${CW_LONG:-0}" = 1 ] || [ -z "${planted[$1]:-}" ] || return 1
    planted[$1]=1
}

# edit FILE SED: a copy with one check less, $scratch/NAME; a sed that changes nothing is an error
edit() {
    sed "$2" "$1" >"$scratch/$(basename "$1")"
    ! cmp -s "$1" "$scratch/$(basename "$1")"
    check "$1 still has what is to be taken out" $?
}

# finds NAME PROGRAM OPTION...: it must fail, and say what was not refused
finds() {
    local name=$1
    shift
    timeout 300 "$@" --json >"$scratch/out" 2>"$scratch/log"
    [ $? -eq 1 ] && grep -qE 'not refused as it must be|something changed' "$scratch/log"
    check "finds: $name" $?
}

# weak NAME GROUP FILE SED: modules without one check of core/
weak() {
    local object weak=$scratch/sdk
    is_due "$3" || return
    object=$(basename "$3").o
    edit "$3" "$4"
    rm -rf "$weak"
    cp -r "$sdk" "$weak"
    # shellcheck disable=SC2046
    $(setting CC) $(setting CFLAGS) -w -I. -c "$scratch/$(basename "$3")" -o "$scratch/$object" &&
        $(setting AR) r "$weak/lib/native/libcore.a" "$scratch/$object" 2>"$scratch/log"
    check "$1 is built" $?
    finds "$1" "$siege" --sdk "$weak" --group "$2" --stride 5
}

# weak_owner NAME SED: the owner's side without one check
weak_owner() {
    is_due deploy/manager.c || return
    edit deploy/manager.c "$2"
    gcc -std=c11 -D_GNU_SOURCE -fPIE -O1 -w -I. -c "$scratch/manager.c" -o "$scratch/manager.o" &&
        mkdir -p "$scratch/bin" &&
        gcc -pie -o "$scratch/bin/causeway-siege" build/host/obj/tests/adversary/siege/*.o \
            "$scratch/manager.o" build/host/lib/libcauseway.a \
            -luv -ljansson -lelf -lseccomp -lssl -lcrypto -lbearssl -lpthread
    check "$1 is built" $?
    finds "$1" "$scratch/bin/causeway-siege" --group answers --stride 5
}

finds 'a genuine message among the attacks' "$siege" --plant --group frames --stride 9
weak 'a sink that takes any counter' splice core/channel/open.c \
    's/: is_due(c, header->counter)/: is_due(c, header->counter) || c->source == 0/'
weak 'a sink that ignores the tag' frames core/channel/open.c \
    's/status = is_event ? CW_OK : CW_E_AUTH;/;/'
weak 'a source that ignores the tag of acknowledgements' frames core/channel/open.c \
    's/bool is_event = .*/bool is_event = opens || c->source != 0;/'
weak 'a request that takes any response of its connection' frames core/channel/open.c \
    's/: is_due(c, header->counter)/: is_due(c, header->counter) || c->source != 0/'
weak 'a module that obeys a command twice' manage core/module/module.c \
    's/header->seq <= m->last_seq/false/'
weak 'a module that goes back to an older epoch' manage core/module/module.c \
    's/id->epoch <= old->epoch/false/'
weak 'a module that takes an OPEN twice' manage core/module/module.c \
    's/open->header.session <= m->life.session/false/'
weak_owner 'an owner who takes any answer of the session' 's/header.seq != s->seq/false/'
weak_owner 'an owner who ignores the tag of answers' 's/!cw_suite_open(\(.*\)/cw_suite_open(\1/; s/return CW_E_AUTH;/;/'

# The other attackers: a genuine message among theirs.
for attack in 'network.py frames' 'liars.py native'; do
    # shellcheck disable=SC2086
    timeout 300 python3 tests/adversary/$attack --plant >"$scratch/out" 2>"$scratch/log"
    [ $? -eq 1 ] && grep -q 'not refused as it must be' "$scratch/log"
    check "finds: a genuine message in $attack" $?
done
summary
