/* SPDX-License-Identifier: MIT */
/*
 * traced_test.c - one instruction at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "silicon/sgx/jail/frame.h"
#include "silicon/sgx/tests/cell_support.h"
#include "silicon/sgx/traced.h"

#define PATIENCE_MS 60000

static struct cw_traced *open_image(const struct test_image *image)
{
    struct cw_traced_options options = {.jail = test_jail(),
            .arena_len = 65536,
            .user = geteuid() == 0 ? 1900000000u : 0,
            .allow_mixed = true};
    struct cw_traced *t = NULL;
    char why[CW_SGX_TEXT_LEN] = "";
    int fd = test_image_open(image);
    struct stat st;
    uint8_t *bytes;

    assert_int_equal(fstat(fd, &st), 0);
    bytes = malloc((size_t)st.st_size);
    assert_non_null(bytes);
    assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
    (void)close(fd);
    if (cw_traced_open(bytes, (size_t)st.st_size, &options, &t, why) != SGX_OK) {
        fail_msg("%s", why);
    }
    free(bytes);
    return t;
}

static struct cw_traced *open_entry(const uint8_t *entry)
{
    struct test_image image = TEST_IMAGE(entry);

    return open_image(&image);
}

static void poisoned_registers_arrive_as_they_are(void **state)
{
    struct cw_traced *t = open_entry(cw_enclave_registers);
    struct cw_traced_registers host, in;
    const struct cw_jail_plan *plan = cw_traced_plan(t);

    (void)state;
    cw_traced_host(&host);
    for (unsigned i = 0; i < 16; i++) {
        host.gpr[i] = 0x4141414141410000ull + i;
    }
    host.rflags = 0x202 | 0x40000 | 0x400 | 0xd5;
    memset(host.xsave + CW_FPU_XMM, 0xa5, CW_FPU_XMM_LEN);
    cw_frame_put(host.xsave + CW_FPU_MXCSR, 0xffc0, 4);
    cw_frame_put(host.xsave, 0x027f, 2);
    assert_true(cw_traced_eenter(t, 0, &host));
    assert_true(cw_traced_is_inside(t, 0));
    assert_false(cw_traced_eenter(t, 0, &host)); /* busy */
    assert_true(cw_traced_get(t, 0, &in));
    assert_int_equal(in.rip, plan->tcs[0].entry);
    assert_int_equal(in.gpr[CW_SGX_RAX], 0);
    assert_int_equal(in.gpr[CW_SGX_RBX], plan->tcs[0].address);
    for (unsigned i = 0; i < 16; i++) {
        if (i != CW_SGX_RAX && i != CW_SGX_RBX && i != CW_SGX_RCX) {
            assert_int_equal(in.gpr[i], host.gpr[i]);
        }
    }
    assert_int_equal(in.rflags & 0x404d5, 0x404d5);
    assert_int_equal(in.fs, plan->tcs[0].fs);
    assert_int_equal(in.gs, plan->tcs[0].gs);
    assert_memory_equal(in.xsave + CW_FPU_XMM, host.xsave + CW_FPU_XMM, CW_FPU_XMM_LEN);
    assert_int_equal(cw_frame_get(in.xsave + CW_FPU_MXCSR, 4), 0xffc0);
    assert_int_equal(cw_frame_get(in.xsave, 2), 0x027f);
    cw_traced_close(t);
}

static void steps_end_with_eexit(void **state)
{
    struct cw_traced *t = open_entry(cw_enclave_registers);
    struct cw_traced_registers host, out;
    struct cw_traced_event event;
    unsigned steps = 0;

    (void)state;
    cw_traced_host(&host);
    host.gpr[CW_SGX_RDI] = 0x1234;
    assert_true(cw_traced_eenter(t, 0, &host));
    while (cw_traced_step(t, 0, &event) == CW_TRACED_STEPPED) {
        steps++;
        assert_true(steps < 100);
    }
    assert_int_equal(event.stop, CW_TRACED_EEXIT);
    assert_int_equal(steps, 16);
    assert_true(cw_traced_get(t, 0, &out));
    assert_int_equal(out.gpr[CW_SGX_RDI], 0x1234);
    assert_int_equal(out.gpr[CW_SGX_R8], out.rip); /* it left to where it came from */
    cw_traced_close(t);
}

static void an_interrupt_at_each_instruction_changes_nothing(void **state)
{
    struct cw_traced *t = open_entry(cw_enclave_registers);
    struct cw_traced_registers host, straight, broken;
    struct cw_traced_event event;

    (void)state;
    cw_traced_host(&host);
    for (unsigned i = 0; i < 16; i++) {
        host.gpr[i] = 0x1111 * i;
    }
    assert_true(cw_traced_eenter(t, 0, &host));
    assert_int_equal(cw_traced_run(t, 0, PATIENCE_MS, &event), CW_TRACED_EEXIT);
    assert_true(cw_traced_get(t, 0, &straight));
    assert_true(cw_traced_eenter(t, 0, &host));
    do {
        struct cw_traced_registers outside;

        assert_true(cw_traced_aex(t, 0, &event));
        assert_int_equal(event.stop, CW_TRACED_AEX);
        assert_int_equal(event.vector, CW_TRACED_NONE);
        assert_int_equal(cw_traced_cssa(t, 0), 1);
        assert_true(cw_traced_get(t, 0, &outside));
        assert_int_equal(outside.gpr[CW_SGX_RAX], SGX_ERESUME);
        assert_int_equal(outside.gpr[CW_SGX_R8 + 2], 0); /* scrubbed */
        assert_int_equal(outside.gpr[CW_SGX_RDI], 0);
        assert_true(cw_traced_eresume(t, 0));
        assert_int_equal(cw_traced_cssa(t, 0), 0);
    } while (cw_traced_step(t, 0, &event) == CW_TRACED_STEPPED);
    assert_int_equal(event.stop, CW_TRACED_EEXIT);
    assert_true(cw_traced_get(t, 0, &broken));
    assert_memory_equal(broken.gpr, straight.gpr, sizeof broken.gpr);
    assert_int_equal(broken.rflags, straight.rflags);
    assert_memory_equal(broken.xsave, straight.xsave, CW_FPU_SOFTWARE);
    cw_traced_close(t);
}

static void frames_run_out_and_resume_needs_one(void **state)
{
    struct cw_traced *t = open_entry(cw_enclave_spin);
    struct cw_traced_registers host;
    struct cw_traced_event event;

    (void)state;
    cw_traced_host(&host);
    assert_false(cw_traced_eresume(t, 0));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(cw_traced_eenter(t, 0, &host));
        assert_true(cw_traced_aex(t, 0, &event));
    }
    assert_false(cw_traced_eenter(t, 0, &host)); /* CSSA = NSSA */
    assert_true(cw_traced_eresume(t, 0));
    assert_true(cw_traced_aex(t, 0, &event));
    assert_true(cw_traced_eresume(t, 0));
    assert_int_equal(cw_traced_run(t, 0, 20, &event), CW_TRACED_RUNNING);
    assert_true(cw_traced_aex(t, 0, &event));
    cw_traced_close(t);
}

static void a_page_without_rights_faults_exactly(void **state)
{
    struct cw_traced *t = open_entry(cw_enclave_count);
    struct cw_traced_registers host;
    struct cw_traced_event event;
    uint64_t data = cw_traced_plan(t)->base + IMAGE_DATA, count = 0;

    (void)state;
    cw_traced_host(&host);
    assert_true(cw_traced_eenter(t, 0, &host));
    assert_true(cw_traced_protect(t, data, SGX_PAGE_LEN, PROT_NONE));
    assert_int_equal(cw_traced_step(t, 0, &event), CW_TRACED_AEX);
    assert_int_equal(event.vector, SGX_VECTOR_PF);
    assert_int_equal(event.address, data);
    assert_int_equal(event.error, 6); /* a write, of user mode, no page */
    assert_true(cw_traced_protect(t, data, SGX_PAGE_LEN, PROT_READ | PROT_WRITE));
    assert_true(cw_traced_eresume(t, 0));
    assert_int_equal(cw_traced_run(t, 0, PATIENCE_MS, &event), CW_TRACED_EEXIT);
    assert_true(cw_traced_read(t, data, &count, sizeof count));
    assert_int_equal(count, 1);
    cw_traced_close(t);
}

static void memory_changes_between_steps(void **state)
{
    struct cw_traced *t = open_entry(cw_enclave_read);
    struct cw_traced_registers host, in;
    struct cw_traced_event event;
    uint64_t value = 0x1111;

    (void)state;
    cw_traced_host(&host);
    host.gpr[CW_SGX_RDI] = cw_traced_plan(t)->arena;
    memcpy(cw_traced_arena(t), &value, sizeof value);
    assert_true(cw_traced_eenter(t, 0, &host));
    value = 0x2222;
    memcpy(cw_traced_arena(t), &value, sizeof value);
    assert_int_equal(cw_traced_step(t, 0, &event), CW_TRACED_STEPPED);
    assert_true(cw_traced_get(t, 0, &in));
    assert_int_equal(in.gpr[CW_SGX_RSI], 0x2222);
    in.gpr[CW_SGX_RSI] = 0x3333;
    assert_true(cw_traced_set(t, 0, &in));
    assert_int_equal(cw_traced_run(t, 0, PATIENCE_MS, &event), CW_TRACED_EEXIT);
    assert_true(cw_traced_get(t, 0, &in));
    assert_int_equal(in.gpr[CW_SGX_RSI], 0x3333);
    assert_false(cw_traced_write(t, cw_traced_plan(t)->base + IMAGE_CODE, &value, 8));
    assert_false(cw_traced_read(t, cw_traced_plan(t)->base, &value, 8)); /* a TCS */
    cw_traced_close(t);
}

static void threads_are_entered_one_by_one(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    struct cw_traced *t;
    struct cw_traced_registers host;
    struct cw_traced_event event;

    (void)state;
    image.second = cw_enclave_spin;
    t = open_image(&image);
    cw_traced_host(&host);
    assert_true(cw_traced_eenter(t, 1, &host));
    assert_true(cw_traced_eenter(t, 0, &host));
    assert_int_equal(cw_traced_run(t, 0, PATIENCE_MS, &event), CW_TRACED_EEXIT);
    assert_int_equal(cw_traced_step(t, 1, &event), CW_TRACED_STEPPED);
    assert_true(cw_traced_is_inside(t, 1));
    assert_false(cw_traced_is_inside(t, 0));
    cw_traced_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(poisoned_registers_arrive_as_they_are),
            cmocka_unit_test(steps_end_with_eexit),
            cmocka_unit_test(an_interrupt_at_each_instruction_changes_nothing),
            cmocka_unit_test(frames_run_out_and_resume_needs_one),
            cmocka_unit_test(a_page_without_rights_faults_exactly),
            cmocka_unit_test(memory_changes_between_steps),
            cmocka_unit_test(threads_are_entered_one_by_one),
    };

    return cmocka_run_group_tests_name("traced", tests, NULL, NULL);
}
