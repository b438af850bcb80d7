#!/bin/bash
# SPDX-License-Identifier: MIT
# The proof of the tests of R1 to R27: a runtime with one mistake in it fails the test named for it.
# The first mistake in each file; with --long all of them.
# timeout: 900
. tests/support/cases.bash
sdk=build/sdk
tests=build/host/tests/tee/sgx/tests
declare -A planted
setting() { sed -n "s/^$1 = //p" "$sdk/machine/enclave-x86_64.mk"; }
sources=$(make -s --no-print-directory print-enclave-x86_64.sgx | sed 's/^[^=]*= //')
[ -n "$sources" ] || { echo 'no list of the runtime'; exit 1; }

# mutant TEST CASE FILE SED: with this change of FILE, CASE of TEST fails
mutant() {
    local test=$1 case=$2 file=$3 source object objects=()
    [ "${CW_LONG:-0}" = 1 ] || [ -z "${planted[$file]:-}" ] || return
    planted[$file]=1
    source=$scratch/$(basename "$file") object=$scratch/mutant.o
    sed "$4" "$file" >"$source"
    if cmp -s "$file" "$source"; then
        check "$file still has what is to be changed for $case" 1
        return
    fi
    rm -rf "$scratch/sdk"
    cp -r "$sdk" "$scratch/sdk"
    for each in $sources; do
        if [ "$each" = "$file" ]; then
            objects+=("$object")
        else
            objects+=("build/enclave-x86_64/obj/$each.o")
        fi
    done
    rm "$scratch/sdk/lib/sgx/libsgx.a"
    # shellcheck disable=SC2046
    if ! $(setting CC) $(setting CFLAGS) -w -I. -c "$source" -o "$object" 2>"$scratch/err" ||
        ! $(setting AR) qcs "$scratch/sdk/lib/sgx/libsgx.a" "${objects[@]}"; then
        cat "$scratch/err"
        check "the mutant for $case is built" 1
        return
    fi
    CMOCKA_MESSAGE_OUTPUT=stdout CW_TEST_SDK=$scratch/sdk CW_TEST_CASE=$case timeout 90 \
        "$tests/$test" >"$scratch/out" 2>&1
    local status=$?
    [ $status -eq 124 ] && grep -q "RUN *\] $case$" "$scratch/out" ||
        { [ $status -ne 0 ] && grep -qE "(FAILED|ERROR) *\] $case$" "$scratch/out"; }
    check "$case sees a mistake in $file: $4" $?
}

entry=tee/sgx/enclave/entry.S copy=tee/sgx/enclave/copy.c port=tee/sgx/enclave/port.c

mutant entry_test r01_stack_is_never_the_hosts $entry 's/^    cld$//'
mutant entry_test r01_stack_is_never_the_hosts $entry 's/^    movq host_rsp(%rip), %rsp$//'
mutant entry_test r02_flags_of_the_host_end_at_the_door $entry 's/^    popfq$/    addq $8, %rsp/'
mutant entry_test r03_x87_and_sse_begin_known $entry '/^again:/,/ret$/s/fxrstor64.*/fninit/'
mutant entry_test r04_exception_entry_without_an_exception_changes_nothing $entry 's/jns none/nop/'
mutant entry_test r04_deeper_entry_is_refused $entry 's/^    ja never$//'
mutant entry_test r06_interrupted_and_entered_at_every_instruction $entry \
    '/^exception:/,/^none:/s/^    movq %rcx, %rbx$/    pushq %rcx\n    popq %rbx/'
mutant entry_test r06_exception_at_every_instruction_kills_for_good $entry \
    '/^exception:/,/^none:/s/^    movl $CW_SGX_STATE_DEAD.*//'
mutant entry_test r06_exception_at_every_instruction_kills_for_good $entry \
    '/^cw_sgx_leave:/,/^leave:/s/^    cmpxchgl %edx/    movl %edx/'
mutant entry_test r06_exception_in_a_request_leaves_it_unanswered $port \
    's/cw_sgx_state != CW_SGX_STATE_RUNNING/false/'
mutant entry_test r07_nothing_but_results_leaves $entry 's/^    xorl %r13d, %r13d$//'
mutant entry_test r07_nothing_but_results_leaves $entry '/^out:/,/enclu$/s/fxrstor64.*//'
mutant entry_test r08_fence_stands_behind_each_way_in $entry '/^again:/,/ret$/s/lfence//'
mutant arena_test r08_nothing_is_read_ahead_of_the_request $port '/receive/,/^}/s/"lfence"/""/'
mutant arena_test r09_arena_in_the_enclave_is_refused_and_nothing_changed $copy \
    's/far + CW_SGX_ARENA_LEN > base/far > base/'
mutant arena_test r10_each_byte_is_read_once $port \
    's/cw_arena_word(CW_SGX_WORD_IN_LEN)/& + 0 * &/'
mutant arena_test r11_around_the_items_nothing_is_written $copy \
    's/count < WORD ? load(to_far - skip) : 0/0/'
mutant arena_test r14_only_the_next_request_is_one $port 's/ == answered + 1/ > answered/'
mutant arena_test r14_it_does_not_look_for_ever $port 's/wanted < CW_SGX_SPIN_MAX/true/'
mutant arena_test r16_r17_arena_is_touched_by_aligned_words_alone $copy \
    '/copy_in/,/^}/s/= load(from_far - skip)/= *(const volatile uint8_t *)from_far | load(from_far - skip)/'
mutant arena_test r16_r17_arena_is_touched_by_aligned_words_alone $copy \
    's/^        store(to_far - skip, word);/        for (size_t i = 0; i < count; i++) ((volatile uint8_t *)to_far)[i] = at[i];/'
mutant keys_test r15_random_source_may_be_late tee/sgx/enclave/random.c 's/define TRIES 32/define TRIES 1/'
mutant keys_test r15_random_source_that_repeats_ends_the_module tee/sgx/enclave/random.c \
    's/word == last/false/'
mutant keys_test evidence_for_a_broken_target_is_no_exception tee/sgx/enclave/evidence.c \
    's/cw_bytes_wipe(target + SGX_TARGET_MISCSELECT.*//'
mutant keys_test r22_every_blob_has_a_key_of_its_own tee/sgx/enclave/keys.c \
    's/^.*SGX_KEYREQ_KEYID, id.*$//'
mutant keys_test r26_keys_are_wiped tee/sgx/enclave/keys.c 's/^    cw_bytes_wipe(key, sizeof key);$//'
mutant keys_test r26_keys_are_wiped sdk/seal.c 's/^    cw_gcm_forget();$//'
mutant keys_test r26_canary_is_another_one_in_every_life $port \
    's/return cw_enclave_random((uint8_t \*)&__cw_tls\[5\].*/__cw_tls[5] = 7; return true;/'

summary
