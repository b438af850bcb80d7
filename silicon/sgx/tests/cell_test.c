/* SPDX-License-Identifier: MIT */
/*
 * cell_test.c - enclaves in their processes, entered through mailboxes: both modes alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "silicon/sgx/tests/cell_support.h"

static bool traced; /* which mode the cases run in */

static void load(struct test_cpu *cpu, const uint8_t *entry)
{
    struct test_image image = TEST_IMAGE(entry);

    assert_int_equal(test_cpu_load(cpu, &image, traced), SGX_OK);
}

static void entry_gets_what_the_manual_says(void **state)
{
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;
    const struct cw_sgx_loaded *l = &cpu.client.loaded;

    (void)state;
    load(&cpu, cw_enclave_registers);
    m = cw_client_mailbox(&cpu.client, 0);
    m->rflags = 0x202 | 0x400 | 0x40000 | 0x1; /* DF, AC, CF */
    m->mxcsr = 0x9fc0;
    m->fcw = 0x27f;
    for (unsigned i = 0; i < 16; i++) {
        m->gpr[i] = 0x1000 + i;
    }
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->function, SGX_EEXIT);
    assert_int_equal(m->gpr[CW_SGX_RSI], 0); /* CSSA */
    assert_int_equal(m->gpr[9], l->base + l->tcs[0]);
    assert_true(m->gpr[8] < l->base || m->gpr[8] >= l->base + l->len);
    assert_int_equal(m->gpr[10] & 0x40401, 0x40401);
    assert_int_equal(m->gpr[11], 0x9fc0);
    assert_int_equal(m->gpr[12], 0x27f);
    assert_int_equal(m->gpr[13], l->base + 0x8000);
    assert_int_equal(m->gpr[15], l->base + 0x9000);
    assert_int_equal(m->gpr[CW_SGX_RDX], 0x1000 + CW_SGX_RDX);
    assert_int_equal(m->gpr[CW_SGX_RDI], 0x1000 + CW_SGX_RDI);
    assert_int_equal(m->gpr[CW_SGX_RBP], 0x1000 + CW_SGX_RBP);
    test_cpu_stop(&cpu);
}

static void exit_scrubs_nothing(void **state)
{
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    load(&cpu, cw_enclave_full);
    m = test_enter(&cpu, 0, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->gpr[CW_SGX_RDX], 0x11);
    assert_int_equal(m->gpr[CW_SGX_RSI], 0x12);
    assert_int_equal(m->gpr[CW_SGX_RDI], 0x13);
    assert_int_equal(m->gpr[CW_SGX_RBP], 0x14);
    assert_int_equal(m->gpr[CW_SGX_RSP], 0x15);
    for (unsigned i = 8; i < 16; i++) {
        assert_int_equal(m->gpr[i], 0x10 + i);
    }
    test_cpu_stop(&cpu);
}

static void memory_stays_between_entries(void **state)
{
    struct test_cpu cpu;

    (void)state;
    load(&cpu, cw_enclave_count);
    for (unsigned i = 1; i <= 100; i++) {
        struct cw_sgx_mailbox *m = test_enter(&cpu, 0, SGX_EENTER);

        assert_non_null(m);
        assert_int_equal(m->gpr[CW_SGX_RSI], i);
    }
    test_cpu_stop(&cpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(entry_gets_what_the_manual_says),
            cmocka_unit_test(exit_scrubs_nothing),
            cmocka_unit_test(memory_stays_between_entries),
    };

    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
