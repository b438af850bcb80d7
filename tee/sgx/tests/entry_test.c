/* SPDX-License-Identifier: MIT */
/*
 * Requirements R1 to R8 (docs/testing.md), instruction by instruction: the ways in and out of a module,
 * with a host that poisons registers, interrupts everywhere and enters again.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tee/enclave.h"
#include "tee/sgx/enclave/state.h"
#include "tee/sgx/tests/subject.h"

static struct rig rig;

static int open_new(void **state)
{
    (void)state;
    subject_open(&rig);
    return 0;
}

static int open_alive(void **state)
{
    (void)state;
    subject_alive(&rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* --- helpers ---------------------------------------------------------------------------------------- */

static uint64_t at(const char *name)
{
    return rig.base + rig_symbol(&rig, name);
}

/* Is the next instruction one of entry.S? */
static bool is_in_entry(void)
{
    static uint64_t start, end;
    if (start == 0) {
        start = rig_symbol(&rig, "__cw_entry");
        end = rig_symbol(&rig, "cw_enclave_abort") + 16;
    }
    return rig.regs.rip - rig.base >= start && rig.regs.rip - rig.base < end;
}

static struct rig_poison first_of(uint64_t arena_far, uint64_t len)
{
    struct rig_poison p = rig_poisoned;
    p.rdi = arena_far;
    p.rsi = len;
    return p;
}

static void assert_initial_fp(void)
{
    static const uint8_t zeros[256];
    rig_get_fp(&rig);
    assert_int_equal(rig.fp.cwd, 0x37f);
    assert_int_equal(rig.fp.swd, 0);
    assert_int_equal(rig.fp.ftw, 0);
    assert_int_equal(rig.fp.mxcsr, 0x1fbf);
    assert_memory_equal(rig.fp.xmm_space, zeros, sizeof rig.fp.xmm_space);
    assert_memory_equal(rig.fp.st_space, zeros, sizeof rig.fp.st_space);
}

/* Before EEXIT: RDI and RSI tell, RSP and RBP are the host's, all else is the same every time. */
static void assert_nothing_leaves(void)
{
    const struct user_regs_struct *regs = &rig.regs;
    assert_int_equal(regs->rax, SGX_EEXIT);
    assert_int_equal(regs->rbx, RIG_TARGET);
    assert_int_equal(regs->rsp, RIG_RSP);
    assert_int_equal(regs->rbp, RIG_RBP);
    assert_in_range(regs->rdi, CW_SGX_EXIT_IDLE, CW_SGX_EXIT_DEAD);
    assert_in_range(regs->rsi, 0, regs->rdi == CW_SGX_EXIT_FAULT ? 31 : 0);
    assert_int_equal(regs->rcx | regs->rdx | regs->r8 | regs->r9 | regs->r10 | regs->r11, 0);
    assert_int_equal(regs->r12 | regs->r13 | regs->r14 | regs->r15, 0);
    assert_int_equal(regs->eflags & RIG_FLAGS_RESULT, 0x44); /* those of XOR */
    assert_initial_fp();
}

/* An exception entry without an exception, in the middle of anything: nothing happens. */
static void enter_in_the_middle(bool nested)
{
    rig_aex(&rig, 0);
    assert_true(rig_eenter(&rig, &rig_poisoned));
    assert_int_equal(rig.regs.rax, 1);
    while (nested && rig_step(&rig) == RIG_STEPPED) { /* interrupted itself: nobody gets further in */
        assert_true(is_in_entry());
        assert_int_equal(rig.regs.rsp, RIG_RSP); /* it has no stack */
        rig_aex(&rig, 0);
        assert_false(rig_eenter(&rig, &rig_poisoned));
        assert_true(rig_eresume(&rig));
    }
    assert_int_equal(rig_run(&rig), RIG_EXIT);
    assert_nothing_leaves();
    assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_REFUSED);
    assert_true(rig_eresume(&rig));
}

/* --- entry -------------------------------------------------------------------------------------------- */

/* Until RSP is the module's own nothing is reached through it; then it never is the host's again. */
static void follow_stack(const struct rig_poison *p)
{
    const uint64_t bottom = at("__cw_stack_bottom");
    const uint64_t top = at("__cw_stack_top");
    bool is_own = false;
    assert_true(rig_eenter(&rig, p));
    for (;;) {
        const enum rig_end end = rig_step(&rig);
        if (end == RIG_EXIT) {
            break;
        }
        assert_int_equal(end, RIG_STEPPED);
        if (rig.regs.rsp >= bottom && rig.regs.rsp <= top) {
            is_own = true;
            continue;
        }
        /* Outside: only before the switch and after its end, never in C. */
        assert_int_equal(rig.regs.rsp, p->rsp);
        assert_true(is_in_entry());
    }
    assert_true(is_own);
    assert_int_equal(rig.regs.rsp, p->rsp);
    (void)rig_leave(&rig);
}

static void r01_stack_is_never_the_hosts(void **state)
{
    (void)state;
    assert_int_equal(rig.memory[rig_symbol(&rig, "__cw_entry")], 0xfc); /* cld comes first */
    const struct rig_poison first = first_of(rig.arena_far, CW_SGX_ARENA_LEN);
    follow_stack(&first);
    follow_stack(&rig_poisoned);
    struct rig_poison inside = rig_poisoned; /* the module's own data as a stack */
    inside.rsp = at("cw_sgx_state") + 64;
    follow_stack(&inside);
}

static void r02_flags_of_the_host_end_at_the_door(void **state)
{
    (void)state;
    const uint64_t bad = RIG_FLAG_AC | RIG_FLAG_NT | RIG_FLAG_DF | 0x100 /* TF */ | 0x200000 /* ID */;
    for (unsigned i = 0; i < 2; i++) { /* the first way in, and the other */
        const struct rig_poison p =
                i == 0 ? first_of(rig.arena_far, CW_SGX_ARENA_LEN) : rig_poisoned;
        assert_true(rig_eenter(&rig, &p));
        assert_true((rig.regs.eflags & RIG_FLAG_AC) != 0 && (rig.regs.eflags & RIG_FLAG_DF) != 0);
        while (is_in_entry()) {
            assert_int_equal(rig_step(&rig), RIG_STEPPED);
        }
        assert_int_equal(rig.regs.eflags & bad, 0);
        assert_int_equal(rig_run(&rig), RIG_EXIT);
        assert_int_equal(rig.regs.eflags & bad, 0);
        assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_IDLE);
    }
}

static void r03_x87_and_sse_begin_known(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const struct rig_poison p =
                i == 0 ? first_of(rig.arena_far, CW_SGX_ARENA_LEN) : rig_poisoned;
        assert_true(rig_eenter(&rig, &p));
        rig_get_fp(&rig);
        assert_int_equal(rig.fp.mxcsr, 0xe000);
        while (is_in_entry()) {
            assert_int_equal(rig_step(&rig), RIG_STEPPED);
        }
        assert_initial_fp();
        assert_int_equal(rig_run(&rig), RIG_EXIT);
        assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_IDLE);
    }
}

static void r04_exception_entry_without_an_exception_changes_nothing(void **state)
{
    (void)state;
    const size_t start = rig_symbol(&rig, "__cw_data_start");
    const size_t len = rig_symbol(&rig, "__cw_data_end") - start;
    const size_t stack = rig_symbol(&rig, "__cw_stack_bottom");
    const size_t stack_len = rig_symbol(&rig, "__cw_stack_top") - stack;
    uint8_t *data = malloc(len + stack_len);
    assert_non_null(data);
    assert_true(rig_eenter(&rig, &rig_poisoned));
    assert_int_equal(rig_step(&rig), RIG_STEPPED);
    memcpy(data, rig.memory + start, len);
    memcpy(data + len, rig.memory + stack, stack_len);
    enter_in_the_middle(true);
    assert_memory_equal(data, rig.memory + start, len);
    assert_memory_equal(data + len, rig.memory + stack, stack_len);
    assert_int_equal(rig_run(&rig), RIG_EXIT);
    assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_IDLE);
    free(data);
}

/* The CPU refuses a third frame; were it to come, the code refuses too. */
static void r04_deeper_entry_is_refused(void **state)
{
    (void)state;
    assert_true(rig_eenter(&rig, &rig_poisoned));
    rig.regs.rax = 2;
    assert_int_equal(rig_run(&rig), RIG_FAULT);
    assert_int_equal(rig.vector, SGX_VECTOR_UD);
    assert_true(is_in_entry());
    assert_int_equal(rig.regs.rsp, RIG_RSP);
}

static void r05_every_entry_number_is_served_or_refused(void **state)
{
    (void)state;
    const uint64_t odd[] = {0xffff, 0x10000, 0x10008, UINT32_MAX, 1ull << 63, UINT64_MAX};
    for (uint64_t i = 0; i < 300 + sizeof odd / sizeof odd[0]; i++) {
        const uint64_t entry = i < 300 ? i : odd[i - 300];
        rig_ask(&rig, 0, "", 0);
        rig_set(&rig, CW_SGX_WORD_ENTRY, entry);
        assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_IDLE);
        assert_int_equal(rig_word(&rig, CW_SGX_WORD_RESULT) >> 24, CW_RESULT_REFUSED);
    }
    for (unsigned endpoint = 0; endpoint < 300; endpoint++) {
        const uint8_t index[4] = {(uint8_t)endpoint, (uint8_t)(endpoint >> 8)};
        if (endpoint >= subject.built.endpoint_count) {
            assert_int_equal(rig_call(&rig, CW_ENTRY_CALL, index, 4), CW_RESULT_REFUSED);
        }
    }
    assert_int_equal(subject_call(&rig, "echo", "!", 1), CW_RESULT_DONE);
}

/* Where an earlier EENTER stopped, the next one goes on, and nowhere else. */
static void r06_second_entry_continues_what_left(void **state)
{
    (void)state;
    assert_true(rig_eenter(&rig, &rig_poisoned));
    assert_false(rig_eenter(&rig, &rig_poisoned)); /* the thread is inside */
    rig_aex(&rig, 0);
    assert_true(rig_eenter(&rig, &rig_poisoned)); /* as an exception */
    assert_int_equal(rig_run(&rig), RIG_EXIT);
    assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_REFUSED);
    assert_true(rig_eresume(&rig));
    assert_int_equal(rig_run(&rig), RIG_EXIT);
    assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_IDLE);
    assert_false(rig_eresume(&rig)); /* nothing was interrupted */
    assert_int_equal(subject_call(&rig, "echo", "!", 1), CW_RESULT_DONE);
}

/* The first entry, its exit, a request and its exit: between any two instructions. */
static void r06_interrupted_and_entered_at_every_instruction(void **state)
{
    (void)state;
    struct rig_poison p = first_of(rig.arena_far, CW_SGX_ARENA_LEN);
    for (unsigned i = 0; i < 3; i++) {
        uint8_t bytes[64];
        uint64_t interrupted = 0;
        if (i == 1) { /* start of its life: hundreds of thousands of instructions, not stepped */
            assert_int_equal(subject_call(&rig, "echo", "?", 1), CW_RESULT_DONE);
            rig_ask(&rig, CW_ENTRY_CALL, bytes, subject_in("echo", "once", 4, bytes));
        }
        assert_true(rig_eenter(&rig, &p));
        enter_in_the_middle(true);
        enum rig_end end;
        while ((end = rig_step(&rig)) == RIG_STEPPED) {
            enter_in_the_middle(is_in_entry());
            interrupted++;
        }
        assert_int_equal(end, RIG_EXIT);
        enter_in_the_middle(true);
        assert_int_equal(rig_step(&rig), RIG_EXIT);
        assert_nothing_leaves();
        assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_IDLE);
        assert_true(interrupted > 50);
        if (i == 1) {
            assert_true(rig_word(&rig, CW_SGX_WORD_RESULT) == CW_RETURN(CW_RESULT_DONE, 12));
            assert_memory_equal(rig.arena + CW_SGX_OUT + 8, "once", 4);
        }
        p = rig_poisoned;
    }
}

/* An exception at any instruction of the ways in and out kills for good, even if the host resumes. */
static void dies_at(uint64_t skipped, bool is_first, bool *ret_was_there)
{
    const struct rig_poison p =
            is_first ? first_of(rig.arena_far, CW_SGX_ARENA_LEN) : rig_poisoned;
    enum rig_end end = RIG_STEPPED;
    assert_true(rig_eenter(&rig, &p));
    for (uint64_t i = 0; i < skipped && end == RIG_STEPPED; i++) {
        end = rig_step(&rig);
    }
    *ret_was_there = end == RIG_STEPPED;
    if (!*ret_was_there) {
        return;
    }
    const bool has_left = rig.memory[rig_symbol(&rig, "cw_sgx_state")] == CW_SGX_STATE_OUTSIDE &&
            skipped > 20; /* on its way out already: this exit is the last */
    rig_aex(&rig, SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | SGX_VECTOR_AC);
    assert_true(rig_eenter(&rig, &rig_poisoned));
    assert_int_equal(rig_run(&rig), RIG_EXIT);
    assert_nothing_leaves();
    assert_int_equal(rig.regs.rsi, SGX_VECTOR_AC);
    assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_FAULT);
    assert_true(rig_eresume(&rig));
    assert_int_equal(rig_run(&rig), RIG_EXIT);
    const uint64_t code = rig_leave(&rig);
    assert_true(code == CW_SGX_EXIT_DEAD || (has_left && code == CW_SGX_EXIT_IDLE));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(rig_eenter(&rig, &p));
        assert_int_equal(rig_run(&rig), RIG_EXIT);
        assert_nothing_leaves();
        assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_DEAD);
    }
}

static void r06_exception_at_every_instruction_kills_for_good(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        bool was_there = true;
        uint64_t skipped = 0;
        for (; was_there; skipped += i == 0 && skipped > 40 ? 61 : 1) {
            subject_open(&rig);
            if (i == 1) {
                rig_start(&rig);
            }
            dies_at(skipped, i == 0, &was_there);
            rig_close(&rig);
        }
        assert_true(skipped > 50);
    }
}

/* In the middle of a request: whatever the host does then, there is no answer. */
static void r06_exception_in_a_request_leaves_it_unanswered(void **state)
{
    (void)state;
    uint8_t bytes[64];
    rig_ask(&rig, CW_ENTRY_CALL, bytes, subject_in("echo", "!", 1, bytes));
    assert_true(rig_eenter(&rig, &rig_poisoned));
    const uint64_t handler = at("cw_serve_entry");
    while (rig.regs.rip != handler) {
        assert_int_equal(rig_step(&rig), RIG_STEPPED);
    }
    rig_aex(&rig, SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | SGX_VECTOR_DE);
    assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_FAULT);
    assert_true(rig_eresume(&rig));
    assert_int_equal(rig_run(&rig), RIG_EXIT);
    assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_DEAD);
    assert_true(rig_word(&rig, CW_SGX_WORD_RESPONSE) != rig_word(&rig, CW_SGX_WORD_REQUEST));
    assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_DEAD);
}

/* --- exit --------------------------------------------------------------------------------------------- */

static void r07_nothing_but_results_leaves(void **state)
{
    (void)state;
    uint8_t bytes[64];
    for (unsigned sleeps = 0; sleeps < 2; sleeps++) {
        rig_set(&rig, CW_SGX_WORD_SLEEPS, sleeps);
        rig_ask(&rig, CW_ENTRY_CALL, bytes, subject_in("fill", NULL, 0, bytes));
        assert_true(rig_eenter(&rig, &rig_poisoned));
        bool was_full = false; /* the secret was in registers indeed */
        enum rig_end end;
        while ((end = rig_step(&rig)) == RIG_STEPPED) {
            was_full = was_full || (rig.regs.r13 == 0x5ec2e75ec2e7 && rig.regs.r8 == 0x5ec2e75ec2e7);
        }
        assert_int_equal(end, RIG_EXIT);
        assert_true(was_full);
        assert_nothing_leaves();
        assert_int_equal(rig_leave(&rig), sleeps != 0 ? CW_SGX_EXIT_WAKE : CW_SGX_EXIT_IDLE);
    }
}

static void r08_fence_stands_behind_each_way_in(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const struct rig_poison p =
                i == 0 ? first_of(rig.arena_far, CW_SGX_ARENA_LEN) : rig_poisoned;
        bool is_fenced = false;
        assert_true(rig_eenter(&rig, &p));
        if (i == 2) {
            rig_aex(&rig, 0);
            assert_true(rig_eenter(&rig, &p));
        }
        for (;;) {
            const uint8_t *next = rig.memory + (rig.regs.rip - rig.base);
            is_fenced = is_fenced || memcmp(next, "\x0f\xae\xe8", 3) == 0;
            if (rig_step(&rig) != RIG_STEPPED || !is_in_entry() || rig.regs.rsp != p.rsp) {
                break; /* a stack of its own, C, or EEXIT */
            }
        }
        assert_true(is_fenced);
        assert_int_equal(rig_run(&rig), RIG_EXIT);
        (void)rig_leave(&rig);
        if (i == 2) {
            assert_true(rig_eresume(&rig));
        }
    }
}

/* --- what ends a module --------------------------------------------------------------------------------- */

static void mistake_kills(uint8_t what, uint8_t vector)
{
    uint8_t bytes[64];
    subject_alive(&rig);
    rig_ask(&rig, CW_ENTRY_CALL, bytes, subject_in("mistake", &what, 1, bytes));
    assert_true(rig_eenter(&rig, &rig_poisoned));
    assert_int_equal(rig_run(&rig), RIG_FAULT);
    assert_int_equal(rig.vector, vector);
    if (vector == SGX_VECTOR_PF) { /* without EXINFO the CPU does not say so inside */
        rig_aex(&rig, 0);
        assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_REFUSED);
    } else {
        rig_aex(&rig, SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | vector);
        assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_FAULT);
        assert_int_equal(rig.regs.rsi, vector);
    }
    assert_true(rig_word(&rig, CW_SGX_WORD_RESPONSE) != rig_word(&rig, CW_SGX_WORD_REQUEST));
    rig_close(&rig);
}

static void mistakes_of_a_module_are_exceptions(void **state)
{
    (void)state;
    mistake_kills(0, SGX_VECTOR_UD);
    mistake_kills(1, SGX_VECTOR_DE);
    mistake_kills(2, SGX_VECTOR_BP);
}

static void r25_stack_that_overflows_meets_a_hole(void **state)
{
    (void)state;
    mistake_kills(3, SGX_VECTOR_PF);
    subject_alive(&rig);
    assert_true(rig_symbol(&rig, "__cw_stack_bottom") - rig_symbol(&rig, "__cw_ssa") >= 0x10000);
    rig_close(&rig);
}

static void r25_code_is_not_written_and_data_not_executed(void **state)
{
    (void)state;
    mistake_kills(4, SGX_VECTOR_PF);
    mistake_kills(5, SGX_VECTOR_PF);
}

#define NEW(name) cmocka_unit_test_setup_teardown(name, open_new, close_rig)
#define ALIVE(name) cmocka_unit_test_setup_teardown(name, open_alive, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
            NEW(r01_stack_is_never_the_hosts),
            NEW(r02_flags_of_the_host_end_at_the_door),
            NEW(r03_x87_and_sse_begin_known),
            ALIVE(r04_exception_entry_without_an_exception_changes_nothing),
            ALIVE(r04_deeper_entry_is_refused),
            ALIVE(r05_every_entry_number_is_served_or_refused),
            ALIVE(r06_second_entry_continues_what_left),
            NEW(r06_interrupted_and_entered_at_every_instruction),
            cmocka_unit_test(r06_exception_at_every_instruction_kills_for_good),
            ALIVE(r06_exception_in_a_request_leaves_it_unanswered),
            ALIVE(r07_nothing_but_results_leaves),
            NEW(r08_fence_stands_behind_each_way_in),
            cmocka_unit_test(mistakes_of_a_module_are_exceptions),
            cmocka_unit_test(r25_stack_that_overflows_meets_a_hole),
            cmocka_unit_test(r25_code_is_not_written_and_data_not_executed),
    };
    return cmocka_run_group_tests(tests, subject_start, subject_stop);
}
