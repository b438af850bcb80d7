/* SPDX-License-Identifier: MIT */
/*
 * The same module on causeway-sgx in `traced` mode: another CPU, as exact as the rig and written by the
 * manual too.  Both must see the same instructions; what the rig found holds here as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/wire/sealed.h"
#include "silicon/sgx/jail/frame.h"
#include "silicon/sgx/tests/cell_support.h"
#include "silicon/sgx/traced.h"
#include "tee/sgx/tests/subject.h"

#define PATIENCE_MS 60000

static struct cw_traced *cpu;
static uint8_t *arena;

static void begin(void)
{
    char why[CW_SGX_TEXT_LEN] = "";
    const struct cw_traced_options options = {.jail = test_jail(),
            .fuses = &subject_cpu,
            .arena_len = CW_SGX_ARENA_LEN,
            .user = geteuid() == 0 ? 1900000000u : 0};
    if (cw_traced_open(subject.built.image, subject.built.image_len, &options, &cpu, why) != SGX_OK) {
        fail_msg("%s", why);
    }
    arena = cw_traced_arena(cpu);
}

static int close_cpu(void **state)
{
    (void)state;
    cw_traced_close(cpu);
    cpu = NULL;
    return 0;
}

static uint64_t word(size_t offset)
{
    uint64_t value;
    memcpy(&value, arena + offset, sizeof value);
    return value;
}

static void set(size_t offset, uint64_t value)
{
    memcpy(arena + offset, &value, sizeof value);
}

/* Poisoned as the rig does it. */
static void enter(uint64_t rdi, uint64_t rsi)
{
    struct cw_traced_registers host;
    cw_traced_host(&host);
    for (size_t i = 0; i < 16; i++) {
        host.gpr[i] = rig_poisoned.fill;
    }
    host.gpr[CW_SGX_RDI] = rdi;
    host.gpr[CW_SGX_RSI] = rsi;
    host.gpr[CW_SGX_RSP] = RIG_RSP;
    host.gpr[CW_SGX_RBP] = RIG_RBP;
    host.rflags = 0x202 | rig_poisoned.flags;
    memset(host.xsave + CW_FPU_XMM, 0xa5, CW_FPU_XMM_LEN);
    cw_frame_put(host.xsave + CW_FPU_MXCSR, 0xe000, 4);
    cw_frame_put(host.xsave, 0x0c60, 2);
    assert_true(cw_traced_eenter(cpu, 0, &host));
}

/* What the host finds when it left. */
static uint64_t left(void)
{
    static const uint8_t zeros[CW_FPU_XMM_LEN];
    struct cw_traced_registers out;
    assert_true(cw_traced_get(cpu, 0, &out));
    for (size_t i = CW_SGX_R8; i < 16; i++) {
        assert_int_equal(out.gpr[i], 0);
    }
    assert_int_equal(out.gpr[CW_SGX_RDX], 0);
    assert_int_equal(out.gpr[CW_SGX_RSP], RIG_RSP);
    assert_int_equal(out.gpr[CW_SGX_RBP], RIG_RBP);
    assert_int_equal(out.rflags & RIG_FLAGS_RESULT, 0x44);
    assert_memory_equal(out.xsave + CW_FPU_XMM, zeros, CW_FPU_XMM_LEN);
    assert_int_equal(cw_frame_get(out.xsave + CW_FPU_MXCSR, 4), 0x1fbf);
    assert_int_equal(cw_frame_get(out.xsave, 2), 0x37f);
    return out.gpr[CW_SGX_RDI];
}

static uint64_t go(uint64_t rdi, uint64_t rsi)
{
    struct cw_traced_event event;
    enter(rdi, rsi);
    assert_int_equal(cw_traced_run(cpu, 0, PATIENCE_MS, &event), CW_TRACED_EEXIT);
    return left();
}

static void ask(const char *entry, const void *in, size_t len)
{
    uint8_t bytes[512];
    const size_t bytes_len = subject_in(entry, in, len, bytes);
    memcpy(arena + CW_SGX_IN, bytes, bytes_len);
    set(CW_SGX_WORD_ENTRY, CW_ENTRY_CALL);
    set(CW_SGX_WORD_IN_LEN, bytes_len);
    set(CW_SGX_WORD_REQUEST, word(CW_SGX_WORD_RESPONSE) + 1);
}

static int open_alive(void **state)
{
    (void)state;
    begin();
    assert_int_equal(go(cw_traced_plan(cpu)->arena, CW_SGX_ARENA_LEN), CW_SGX_EXIT_IDLE);
    ask("echo", "?", 1);
    assert_int_equal(go(0, 0), CW_SGX_EXIT_IDLE);
    return 0;
}

static int open_new(void **state)
{
    (void)state;
    begin();
    return 0;
}

/* --- cases ------------------------------------------------------------------------------------------------ */

static void arena_in_the_enclave_is_refused(void **state)
{
    (void)state;
    const struct cw_jail_plan *plan = cw_traced_plan(cpu);
    assert_int_equal(go(plan->base, CW_SGX_ARENA_LEN), CW_SGX_EXIT_REFUSED);
    assert_int_equal(go(plan->base + plan->len - 8, CW_SGX_ARENA_LEN), CW_SGX_EXIT_REFUSED);
    assert_int_equal(go(plan->arena, CW_SGX_ARENA_LEN - 1), CW_SGX_EXIT_REFUSED);
    assert_int_equal(go(plan->arena, CW_SGX_ARENA_LEN), CW_SGX_EXIT_IDLE);
}

/* Where it runs does not matter: offsets of all instructions of a request. */
static void both_cpus_execute_the_same_instructions(void **state)
{
    (void)state;
    struct rig rig;
    struct cw_traced_event event;
    struct cw_traced_registers now;
    uint8_t bytes[64];
    subject_alive(&rig);
    rig_ask(&rig, CW_ENTRY_CALL, bytes, subject_in("echo", "both", 4, bytes));
    assert_true(rig_eenter(&rig, &rig_poisoned));
    ask("echo", "both", 4);
    enter(0, 0);
    const uint64_t base = cw_traced_plan(cpu)->base;
    uint64_t steps = 0;
    assert_true(cw_traced_get(cpu, 0, &now));
    uint64_t rip = now.rip;
    for (;;) {
        assert_int_equal(rip - base, rig.regs.rip - rig.base);
        const enum rig_end end = rig_step(&rig);
        const cw_traced_stop stop = cw_traced_step(cpu, 0, &event);
        if (end == RIG_EXIT) {
            assert_int_equal(stop, CW_TRACED_EEXIT);
            break;
        }
        assert_int_equal(stop, CW_TRACED_STEPPED);
        rip = event.rip;
        steps++;
    }
    assert_true(steps > 300);
    assert_int_equal(left(), rig_leave(&rig));
    assert_memory_equal(arena + CW_SGX_OUT, rig.arena + CW_SGX_OUT, 16);
    rig_close(&rig);
}

static void interrupted_and_entered_at_every_instruction(void **state)
{
    (void)state;
    struct cw_traced_event event;
    uint64_t steps = 0;
    ask("echo", "once", 4);
    enter(0, 0);
    do {
        assert_true(cw_traced_aex(cpu, 0, &event));
        assert_int_equal(go(1, 2), CW_SGX_EXIT_REFUSED);
        assert_true(cw_traced_eresume(cpu, 0));
        steps++;
    } while (cw_traced_step(cpu, 0, &event) == CW_TRACED_STEPPED);
    assert_int_equal(event.stop, CW_TRACED_EEXIT);
    assert_int_equal(left(), CW_SGX_EXIT_IDLE);
    assert_true(steps > 300);
    assert_memory_equal(arena + CW_SGX_OUT + 8, "once", 4);
}

/* A page of the system's choice has no rights at each of its accesses: seen, and without effect. */
static void page_that_is_taken_away_and_given_back_changes_nothing(void **state)
{
    (void)state;
    struct cw_traced_event event;
    const uint64_t page = cw_traced_plan(cpu)->base +
            (rig_symbol_of(subject.elf, "cw_sgx_state") & ~(uint64_t)(SGX_PAGE_LEN - 1));
    unsigned faults = 0;
    ask("echo", "page", 4);
    enter(0, 0);
    assert_true(cw_traced_protect(cpu, page, SGX_PAGE_LEN, PROT_NONE));
    for (;;) {
        const cw_traced_stop stop = cw_traced_run(cpu, 0, PATIENCE_MS, &event);
        if (stop == CW_TRACED_EEXIT) {
            break;
        }
        assert_int_equal(stop, CW_TRACED_AEX);
        assert_int_equal(event.vector, SGX_VECTOR_PF);
        faults++;
        assert_true(faults < 10000);
        assert_true(cw_traced_protect(cpu, page, SGX_PAGE_LEN, PROT_READ | PROT_WRITE));
        assert_int_equal(go(1, 2), CW_SGX_EXIT_REFUSED);
        assert_true(cw_traced_eresume(cpu, 0));
        const cw_traced_stop stepped = cw_traced_step(cpu, 0, &event);
        if (stepped == CW_TRACED_EEXIT) {
            break;
        }
        assert_int_equal(stepped, CW_TRACED_STEPPED);
        assert_true(cw_traced_protect(cpu, page, SGX_PAGE_LEN, PROT_NONE));
    }
    assert_true(faults > 5);
    assert_int_equal(left(), CW_SGX_EXIT_IDLE);
    assert_memory_equal(arena + CW_SGX_OUT + 8, "page", 4);
}

/* The CPU itself fills the frame: what it says of a page fault, and what of others. */
static void exceptions_of_the_cpu_kill_with_their_vector(void **state)
{
    (void)state;
    static const struct {
        uint8_t mistake, vector;
        bool is_told;
    } cases[] = {{0, SGX_VECTOR_UD, true}, {1, SGX_VECTOR_DE, true}, {2, SGX_VECTOR_BP, true},
            {3, SGX_VECTOR_PF, false}, {4, SGX_VECTOR_PF, false}, {5, SGX_VECTOR_PF, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cw_traced_event event;
        struct cw_traced_registers out;
        (void)open_alive(NULL);
        ask("mistake", &cases[i].mistake, 1);
        enter(0, 0);
        assert_int_equal(cw_traced_run(cpu, 0, PATIENCE_MS, &event), CW_TRACED_AEX);
        assert_int_equal(event.vector, cases[i].vector);
        assert_int_equal(go(1, 2), cases[i].is_told ? CW_SGX_EXIT_FAULT : CW_SGX_EXIT_REFUSED);
        assert_true(cw_traced_get(cpu, 0, &out));
        assert_int_equal(out.gpr[CW_SGX_RSI], cases[i].is_told ? cases[i].vector : 0);
        assert_true(word(CW_SGX_WORD_RESPONSE) != word(CW_SGX_WORD_REQUEST));
        (void)close_cpu(NULL);
    }
}

static void sealed_in_one_cpu_opens_in_the_other(void **state)
{
    (void)state;
    struct rig rig;
    ask("seal_signer", "same", 4);
    assert_int_equal(go(0, 0), CW_SGX_EXIT_IDLE);
    uint8_t sealed[CW_SEALED_LEN(4)];
    memcpy(sealed, arena + CW_SGX_OUT + 8, sizeof sealed);
    subject_alive(&rig);
    assert_int_equal(subject_call(&rig, "unseal_signer", sealed, sizeof sealed), CW_RESULT_DONE);
    assert_memory_equal(rig.arena + CW_SGX_OUT + 8, "\0same", 5); /* CW_OK, the text */
    rig_close(&rig);
}

#define NEW(name) cmocka_unit_test_setup_teardown(name, open_new, close_cpu)
#define ALIVE(name) cmocka_unit_test_setup_teardown(name, open_alive, close_cpu)

int main(void)
{
    const struct CMUnitTest tests[] = {
            NEW(arena_in_the_enclave_is_refused),
            ALIVE(both_cpus_execute_the_same_instructions),
            ALIVE(interrupted_and_entered_at_every_instruction),
            ALIVE(page_that_is_taken_away_and_given_back_changes_nothing),
            cmocka_unit_test(exceptions_of_the_cpu_kill_with_their_vector),
            ALIVE(sealed_in_one_cpu_opens_in_the_other),
    };
    return cmocka_run_group_tests(tests, subject_start, subject_stop);
}
