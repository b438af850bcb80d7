/* SPDX-License-Identifier: MIT */
/*
 * cell_test.c - enclaves in their processes, entered through mailboxes: both modes alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <asm/prctl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "silicon/sgx/jail/frame.h"
#include "silicon/sgx/jail/plan.h"
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

/* --- exceptions ----------------------------------------------------------------------------------- */

#define AT(label) ((uint64_t)((label) - cw_enclaves) + IMAGE_CODE)

struct expected {
    unsigned vector;
    uint32_t exit_info;
    uint64_t address; /* of the page, from the base, or as it is; NOWHERE: none */
    uint32_t error;
};
#define NOWHERE (~0ull)
#define HARDWARE(vector) (SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | (vector))

/* In the order of the entry `fault`. */
static const struct expected faults[] = {
        {SGX_VECTOR_UD, HARDWARE(SGX_VECTOR_UD), NOWHERE, 0},
        {SGX_VECTOR_DE, HARDWARE(SGX_VECTOR_DE), NOWHERE, 0},
        {SGX_VECTOR_BP, SGX_EXITINFO_VALID | SGX_EXITINFO_SOFTWARE | SGX_VECTOR_BP, NOWHERE, 0},
        {SGX_VECTOR_GP, HARDWARE(SGX_VECTOR_GP), 0, 0},
        {SGX_VECTOR_PF, HARDWARE(SGX_VECTOR_PF), 0xc008, 4}, /* a hole, read     */
        {SGX_VECTOR_PF, HARDWARE(SGX_VECTOR_PF), 0x4018, 7}, /* code, written    */
        {SGX_VECTOR_PF, HARDWARE(SGX_VECTOR_PF), 0x0000, 4}, /* its own TCS      */
        {SGX_VECTOR_UD, HARDWARE(SGX_VECTOR_UD), NOWHERE, 0}, /* SYSCALL          */
        {SGX_VECTOR_XM, HARDWARE(SGX_VECTOR_XM), NOWHERE, 0},
        {SGX_VECTOR_MF, HARDWARE(SGX_VECTOR_MF), NOWHERE, 0},
        {SGX_VECTOR_AC, HARDWARE(SGX_VECTOR_AC), NOWHERE, 0},
        {SGX_VECTOR_PF, HARDWARE(SGX_VECTOR_PF), 0x8000, 21}, /* data, fetched    */
        {SGX_VECTOR_GP, HARDWARE(SGX_VECTOR_GP), 0, 0},       /* a leaf it lacks  */
        {SGX_VECTOR_UD, HARDWARE(SGX_VECTOR_UD), NOWHERE, 0}, /* INT 0x80         */
        {SGX_VECTOR_UD, HARDWARE(SGX_VECTOR_UD), NOWHERE, 0}, /* INT 0x20         */
        {SGX_VECTOR_UD, HARDWARE(SGX_VECTOR_UD), NOWHERE, 0}, /* IN               */
        {SGX_VECTOR_UD, HARDWARE(SGX_VECTOR_UD), NOWHERE, 0}, /* MOV to DS        */
        {SGX_VECTOR_GP, HARDWARE(SGX_VECTOR_GP), 0, 0},       /* EEXIT to nowhere */
};

static void faults_are_told_inside_and_outside(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const struct expected *e = &faults[i];
        bool page = e->vector == SGX_VECTOR_PF;
        struct test_cpu cpu;
        struct cw_sgx_mailbox *m;
        uint64_t base;

        load(&cpu, cw_enclave_fault);
        base = cpu.client.loaded.base;
        m = cw_client_mailbox(&cpu.client, 0);
        m->gpr[CW_SGX_RDI] = i;
        m->gpr[CW_SGX_RBP] = 0x7777;
        assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
        assert_int_equal(m->function, SGX_EENTER);
        assert_int_equal(m->vector, e->vector);
        assert_int_equal(m->address, page ? base + (e->address & ~0xfffull) : 0);
        assert_int_equal(m->error, e->error);
        /* Outside, nothing of the enclave. */
        assert_int_equal(m->gpr[CW_SGX_RAX], SGX_ERESUME);
        assert_int_equal(m->gpr[CW_SGX_RBX], base + cpu.client.loaded.tcs[0]);
        assert_int_equal(m->gpr[CW_SGX_RBP], 0x7777);
        assert_int_equal(m->gpr[CW_SGX_RSI], 0);
        assert_int_equal(m->gpr[CW_SGX_RDX], 0);
        assert_int_equal(m->mxcsr, 0x1f80);
        /* The exception entry, CSSA = 1, sees what was saved. */
        assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
        assert_int_equal(m->function, SGX_EEXIT);
        assert_int_equal(m->gpr[14], 1);
        assert_int_equal(m->gpr[CW_SGX_RSI], e->exit_info);
        if (e->address != NOWHERE) {
            assert_int_equal(m->gpr[8], page ? base + e->address : 0); /* exact */
            assert_int_equal(m->gpr[9], e->error);
        }
        if (i != 1) {
            assert_int_equal(m->gpr[11], 0x5151);
        }
        assert_int_equal(m->gpr[12], 0x5151); /* XMM5 */
        /* It went on behind the instruction, with all its registers. */
        assert_non_null(test_enter(&cpu, 0, SGX_ERESUME));
        assert_int_equal(m->function, SGX_EEXIT);
        assert_int_equal(m->gpr[CW_SGX_RDI], 0xa5a5);
        assert_int_equal(m->gpr[CW_SGX_RSI], 0x5252);
        assert_int_equal(m->gpr[8], 0x5151);
        /* CSSA is 0 again: nothing to resume. */
        assert_non_null(test_enter(&cpu, 0, SGX_ERESUME));
        assert_int_equal(m->function, SGX_ERESUME);
        assert_int_equal(m->vector, SGX_VECTOR_GP);
        test_cpu_stop(&cpu);
    }
}

/* Of this machine, asked in a process that ends then. */
static bool cpuid_can_fault(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0) == 0 ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void cpuid_is_undefined_where_it_can_be_made_to_fault(void **state)
{
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    if (!cpuid_can_fault()) {
        print_message("skipped: this processor does not let CPUID fault\n");
        skip();
    }
    load(&cpu, cw_enclave_fault);
    cw_client_mailbox(&cpu.client, 0)->gpr[CW_SGX_RDI] = sizeof faults / sizeof faults[0];
    m = test_enter(&cpu, 0, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->function, SGX_EENTER);
    assert_int_equal(m->vector, SGX_VECTOR_UD);
    test_cpu_stop(&cpu);
}

static void what_an_enclave_lacks_is_known_by_its_bytes(void **state)
{
    static const struct {
        uint8_t code[CW_INSTRUCTION_MAX];
        bool lacks;
    } cases[] = {
            {{0x0f, 0xa2}, true},                   /* CPUID               */
            {{0x66, 0x67, 0x48, 0x0f, 0xa2}, true}, /* with prefixes       */
            {{0xcd, 0x20}, true},
            {{0xf3, 0x6c}, true},                   /* REP INSB            */
            {{0xff, 0x2e}, true},                   /* far JMP             */
            {{0x0f, 0x01, 0xc1}, true},             /* VMCALL              */
            {{0x0f, 0x33}, true},                   /* RDPMC               */
            {{0xff, 0x26}, false},                  /* near JMP            */
            {{0x0f, 0x01, 0xd0}, false},            /* XGETBV              */
            {{0x0f, 0x31}, false},                  /* RDTSC               */
            {{0x48, 0x8b, 0x0f}, false},            /* a load: 0f is ModRM */
            {{0xf4}, false},                        /* HLT: #GP            */
            {{0}, false},
            {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                     0x66},
                    false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(cw_frame_is_undefined(cases[i].code), cases[i].lacks);
    }
}

static void the_fault_repeats_until_its_cause_is_gone(void **state)
{
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    load(&cpu, cw_enclave_fault);
    for (unsigned i = 0; i < 3; i++) {
        m = test_enter(&cpu, 0, i == 0 ? SGX_EENTER : SGX_ERESUME);
        assert_non_null(m);
        assert_int_equal(m->vector, SGX_VECTOR_UD);
    }
    test_cpu_stop(&cpu);
}

static void frames_run_out(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_rawkey);
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    assert_int_equal(test_cpu_load(&cpu, &image, traced), SGX_OK);
    for (unsigned i = 0; i < 2; i++) {
        m = test_enter(&cpu, 0, SGX_EENTER); /* its operands are outside */
        assert_non_null(m);
        assert_int_equal(m->vector, SGX_VECTOR_GP);
    }
    m = cw_client_mailbox(&cpu.client, 0);
    m->vector = 0;
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->function, SGX_EENTER);
    assert_int_equal(m->vector, SGX_VECTOR_GP);
    assert_non_null(test_enter(&cpu, 0, 77)); /* no function of an enclave */
    assert_int_equal(m->vector, SGX_VECTOR_GP);
    test_cpu_stop(&cpu);
}

static void frames_lie_at_pages_or_are_none(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    image.ossa_past_page = 0x800;
    assert_int_equal(test_cpu_load(&cpu, &image, traced), SGX_OK);
    m = test_enter(&cpu, 0, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->function, SGX_EENTER);
    assert_int_equal(m->vector, SGX_VECTOR_GP);
    test_cpu_stop(&cpu);
}

static void of_many_threads_the_first_can_be_entered(void **state)
{
    struct sgx_identity identity = SGX_IDENTITY;
    struct sgx_stream stream = {0};
    uint8_t sigstruct[SGX_SIGSTRUCT_LEN];
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;
    int image;

    (void)state;
    sgx_stream_ecreate(&stream, 1u << 18, 1);
    for (uint64_t i = 0; i < CW_SGX_TCS_MAX + 3; i++) {
        sgx_stream_tcs(&stream, i * SGX_PAGE_LEN, &(struct sgx_tcs){.ossa = 0x20000, .nssa = 1,
                .oentry = 0x30000 + (uint64_t)(cw_enclave_full - cw_enclaves) % SGX_PAGE_LEN});
    }
    sgx_stream_page(&stream, 0x20000, SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W, NULL, 0);
    sgx_stream_page(&stream, 0x30000, SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X,
            cw_enclaves + (cw_enclave_full - cw_enclaves) / SGX_PAGE_LEN * SGX_PAGE_LEN,
            SGX_ALL_CHUNKS);
    sgx_sign(&stream, &identity, SGX_SIGNER, sigstruct);
    image = cw_client_image(sigstruct, sizeof sigstruct, stream.bytes, stream.len);
    assert_true(image >= 0);
    test_cpu_init(&cpu);
    cpu.platform.traced = traced;
    test_cpu_start(&cpu);
    assert_int_equal(cw_client_load(&cpu.client, image, -1, 0, 4096), SGX_OK);
    assert_int_equal(cpu.client.loaded.tcs_count, CW_SGX_TCS_MAX);
    assert_non_null(strstr(cpu.client.loaded.text, "the first 16 of its 19 threads"));
    m = test_enter(&cpu, CW_SGX_TCS_MAX - 1, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->function, SGX_EEXIT);
    assert_int_equal(m->gpr[CW_SGX_RDX], 0x11);
    test_cpu_stop(&cpu);
    sgx_stream_free(&stream);
    (void)close(image);
}

static void without_exinfo_page_faults_are_not_told_inside(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_fault);
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    image.identity.miscselect = 0;
    assert_int_equal(test_cpu_load(&cpu, &image, traced), SGX_OK);
    m = cw_client_mailbox(&cpu.client, 0);
    m->gpr[CW_SGX_RDI] = 4;
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->vector, SGX_VECTOR_PF);
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->gpr[CW_SGX_RSI], 0);
    test_cpu_stop(&cpu);
}

/* --- EREPORT, EGETKEY ------------------------------------------------------------------------------ */

static uint64_t arena_at(const struct test_cpu *cpu, uint64_t offset)
{
    return cpu->client.loaded.arena + offset;
}

static void reports_are_of_this_enclave(void **state)
{
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;
    uint8_t *arena, secs[SGX_PAGE_LEN] = {0}, expected[SGX_REPORT_LEN];

    (void)state;
    load(&cpu, cw_enclave_report);
    arena = cw_client_arena(&cpu.client);
    memset(arena, 0, 2048);
    memset(arena + SGX_TARGET_MEASUREMENT, 0x3c, SGX_HASH_LEN);
    arena[SGX_TARGET_ATTRIBUTES] = 5;
    memset(arena + SGX_TARGETINFO_LEN, 0xd4, SGX_REPORTDATA_LEN);
    m = cw_client_mailbox(&cpu.client, 0);
    m->gpr[CW_SGX_RDI] = arena_at(&cpu, 0);
    m->gpr[CW_SGX_RSI] = arena_at(&cpu, 4096);
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->function, SGX_EEXIT);
    assert_memory_equal(arena + 4096 + SGX_REPORT_MRENCLAVE, cpu.client.loaded.mrenclave, 32);
    assert_memory_equal(arena + 4096 + SGX_REPORT_MRSIGNER, cpu.client.loaded.mrsigner, 32);
    assert_memory_equal(arena + 4096 + SGX_REPORT_REPORTDATA, arena + 512, 64);
    assert_int_equal(cw_sgx_report_check(&cpu.fuses, arena, arena + 4096), CW_OK);
    /* Byte for byte what the chip computes from such a SECS. */
    memcpy(secs + SGX_SECS_MRENCLAVE, cpu.client.loaded.mrenclave, 32);
    memcpy(secs + SGX_SECS_MRSIGNER, cpu.client.loaded.mrsigner, 32);
    memcpy(secs + SGX_SECS_ATTRIBUTES, cpu.client.loaded.attributes, 16);
    secs[SGX_SECS_MISCSELECT] = SGX_MISC_EXINFO;
    secs[SGX_SECS_ISVPRODID] = 7;
    secs[SGX_SECS_ISVSVN] = 3;
    assert_int_equal(cw_sgx_ereport(&cpu.fuses, secs, arena, arena + 512, expected), SGX_OK);
    assert_memory_equal(arena + 4096, expected, sizeof expected);
    /* Reserved bytes of the target fault. */
    arena[SGX_TARGETINFO_LEN - 1] = 1;
    m->gpr[CW_SGX_RDI] = arena_at(&cpu, 0);
    m->gpr[CW_SGX_RSI] = arena_at(&cpu, 4096);
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->function, SGX_EENTER);
    assert_int_equal(m->vector, SGX_VECTOR_GP);
    test_cpu_stop(&cpu);
}

static void a_report_for_the_quoting_enclave_becomes_a_quote(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_report);
    char folder[] = "/tmp/cw-sgx-chip-XXXXXX", path[64];
    static uint8_t quote[CW_QE_QUOTE_MAX], other[SGX_REPORT_LEN];
    size_t len = sizeof quote, target_len = SGX_TARGETINFO_LEN;
    struct cw_qe *qe = NULL;
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;
    uint8_t *arena;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(cw_qe_open(folder, &qe), CW_OK);
    test_cpu_init(&cpu);
    cpu.platform.traced = traced;
    cpu.platform.qe = qe;
    cpu.platform.fuses = cw_qe_fuses(qe);
    assert_int_equal(test_cpu_load_on(&cpu, &image), SGX_OK);
    arena = cw_client_arena(&cpu.client);
    assert_int_equal(cw_client_ask(&cpu.client, CW_SGX_TARGET, NULL, 0, arena, &target_len), SGX_OK);
    assert_int_equal(target_len, SGX_TARGETINFO_LEN);
    memset(arena + SGX_TARGETINFO_LEN, 0x5d, SGX_REPORTDATA_LEN);
    m = cw_client_mailbox(&cpu.client, 0);
    m->gpr[CW_SGX_RDI] = arena_at(&cpu, 0);
    m->gpr[CW_SGX_RSI] = arena_at(&cpu, 4096);
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->function, SGX_EEXIT);
    assert_int_equal(
            cw_client_ask(&cpu.client, CW_SGX_QUOTE, arena + 4096, SGX_REPORT_LEN, quote, &len),
            SGX_OK);
    assert_true(len > 1000);
    assert_memory_equal(quote + 48, arena + 4096, SGX_REPORT_BODY_LEN);
    memcpy(other, arena + 4096, sizeof other);
    other[SGX_REPORT_REPORTDATA] ^= 1;
    assert_int_equal(cw_client_ask(&cpu.client, CW_SGX_QUOTE, other, sizeof other, NULL, NULL),
            CW_SGX_E_REQUEST);
    test_cpu_stop(&cpu);
    cw_qe_free(qe);
    (void)snprintf(path, sizeof path, "%s/root", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/certificates.pem", folder);
    (void)unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static const uint8_t *key(struct test_cpu *cpu, struct cw_sgx_mailbox **ret_mailbox)
{
    struct cw_sgx_mailbox *m = cw_client_mailbox(&cpu->client, 0);

    memset(cw_client_arena(&cpu->client) + 4096, 0, 16);
    m->gpr[CW_SGX_RDI] = arena_at(cpu, 0);
    m->gpr[CW_SGX_RSI] = arena_at(cpu, 4096);
    *ret_mailbox = test_enter(cpu, 0, SGX_EENTER);
    assert_non_null(*ret_mailbox);
    return cw_client_arena(&cpu->client) + 4096;
}

static void keys_are_of_this_enclave(void **state)
{
    static const uint8_t zeros[16];
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;
    uint8_t *request, first[16], second[16];

    (void)state;
    load(&cpu, cw_enclave_key);
    request = cw_client_arena(&cpu.client);
    memset(request, 0, SGX_KEYREQUEST_LEN);
    request[SGX_KEYREQ_KEYNAME] = SGX_KEYNAME_SEAL;
    request[SGX_KEYREQ_KEYPOLICY] = SGX_KEYPOLICY_MRENCLAVE;
    memcpy(first, key(&cpu, &m), sizeof first);
    assert_int_equal(m->function, SGX_EEXIT);
    assert_int_equal(m->gpr[8], SGX_OK);
    assert_int_equal(m->gpr[9] & 0x8d5, 0); /* ZF, CF and the others */
    assert_memory_not_equal(first, zeros, sizeof first);
    assert_memory_equal(key(&cpu, &m), first, sizeof first);
    request[SGX_KEYREQ_KEYID] = 1;
    memcpy(second, key(&cpu, &m), sizeof second);
    assert_memory_not_equal(second, first, sizeof first);
    request[SGX_KEYREQ_ISVSVN] = 4; /* above its own: nothing is written */
    assert_memory_equal(key(&cpu, &m), second, sizeof second);
    assert_int_equal(m->gpr[8], SGX_INVALID_ISVSVN);
    assert_int_equal(m->gpr[9] & 0x8d5, 0x40);
    request[SGX_KEYREQ_RESERVED] = 1;
    (void)key(&cpu, &m);
    assert_int_equal(m->vector, SGX_VECTOR_GP);
    test_cpu_stop(&cpu);
}

struct operands {
    uint64_t request, key; /* from the base */
    unsigned vector;
    uint64_t page;
    unsigned error;
};

static void operands_are_checked_before_they_are_read(void **state)
{
    static const struct operands cases[] = {
            {0x8008, 0x9000, SGX_VECTOR_GP, 0, 0},      /* not aligned        */
            {0x8000, 0x9008, SGX_VECTOR_GP, 0, 0},
            {0x10000, 0x9000, SGX_VECTOR_GP, 0, 0},     /* outside            */
            {0x8000, 0x10000, SGX_VECTOR_GP, 0, 0},
            {0xc000, 0x9000, SGX_VECTOR_PF, 0xc000, 4}, /* a hole             */
            {0x0000, 0x9000, SGX_VECTOR_PF, 0x0000, 4}, /* a TCS              */
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_cpu cpu;
        struct cw_sgx_mailbox *m;

        load(&cpu, cw_enclave_rawkey);
        m = cw_client_mailbox(&cpu.client, 0);
        m->gpr[CW_SGX_RDI] = cpu.client.loaded.base + cases[i].request;
        m->gpr[CW_SGX_RSI] = cpu.client.loaded.base + cases[i].key;
        assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
        assert_int_equal(m->function, SGX_EENTER);
        assert_int_equal(m->vector, cases[i].vector);
        assert_int_equal(m->error, cases[i].error);
        assert_int_equal(m->address,
                cases[i].vector == SGX_VECTOR_PF ? cpu.client.loaded.base + cases[i].page : 0);
        test_cpu_stop(&cpu);
    }
}

static void both_halves_of_vectors_outlive_a_fault(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_avx);
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    if (!__builtin_cpu_supports("avx2")) {
        print_message("skipped: this machine has no AVX2\n");
        skip();
    }
    image.identity.xfrm = SGX_XFRM_LEGACY | SGX_XFRM_AVX;
    assert_int_equal(test_cpu_load(&cpu, &image, traced), SGX_OK);
    m = test_enter(&cpu, 0, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->vector, SGX_VECTOR_UD);
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->function, SGX_EEXIT);
    assert_non_null(test_enter(&cpu, 0, SGX_ERESUME));
    assert_int_equal(m->function, SGX_EEXIT);
    assert_int_equal(m->gpr[8], 0x99aabbccddeeff00);
    assert_int_equal(m->gpr[9], 0x1122334455667788);
    test_cpu_stop(&cpu);
}

static void a_spoilt_frame_is_not_resumed(void **state)
{
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    load(&cpu, cw_enclave_spoil);
    m = test_enter(&cpu, 0, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->vector, SGX_VECTOR_UD);
    for (unsigned i = 0; i < 6; i++) {
        m->gpr[CW_SGX_RDI] = i;
        assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
        assert_int_equal(m->function, SGX_EEXIT);
        assert_non_null(test_enter(&cpu, 0, SGX_ERESUME));
        assert_int_equal(m->function, i < 5 ? SGX_ERESUME : SGX_EEXIT);
        assert_int_equal(m->vector, i < 5 ? SGX_VECTOR_GP : 0);
    }
    assert_int_equal(m->gpr[CW_SGX_RSI], 0x99);
    test_cpu_stop(&cpu);
}

/* --- threads, ends --------------------------------------------------------------------------------- */

static void threads_run_side_by_side(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    image.second = cw_enclave_spin;
    assert_int_equal(test_cpu_load(&cpu, &image, traced), SGX_OK);
    assert_int_equal(cpu.client.loaded.tcs_count, 2);
    m = cw_client_mailbox(&cpu.client, 1);
    m->function = SGX_EENTER;
    assert_int_equal(cw_client_enter(&cpu.client, 1, 0, 50), CW_AGAIN);
    for (unsigned i = 1; i <= 10; i++) {
        m = test_enter(&cpu, 0, SGX_EENTER);
        assert_non_null(m);
        assert_int_equal(m->gpr[CW_SGX_RSI], i);
    }
    test_cpu_stop(&cpu);
}

/* Where the jail's own SYSCALL is: its text lies as in its file. */
static uint64_t find_syscall(unsigned which)
{
    static uint8_t bytes[1u << 20];
    FILE *f = fopen(test_jail(), "rb");
    size_t len = f == NULL ? 0 : fread(bytes, 1, sizeof bytes, f);

    assert_non_null(f);
    (void)fclose(f);
    for (size_t i = 0x1000; i + 2 < len; i++) {
        /* cw_syscall returns behind it, the tracer's gate stops. */
        if (bytes[i] == 0x0f && bytes[i + 1] == 0x05 && bytes[i + 2] == which) {
            return CW_JAIL_TEXT_AT + i;
        }
    }
    fail_msg("no SYSCALL in %s", test_jail());
    return 0;
}

static void code_that_reaches_the_jail_gets_no_system_call(void **state)
{
    static const struct {
        uint64_t number;
        unsigned behind;
    } tries[] = {{39, 0xc3}, {257, 0xc3}, {57, 0xc3}, {10, 0xcc}};

    (void)state;
    for (unsigned i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct test_cpu cpu;
        struct cw_sgx_mailbox *m;

        load(&cpu, cw_enclave_escape);
        m = cw_client_mailbox(&cpu.client, 0);
        m->function = SGX_EENTER;
        m->gpr[CW_SGX_RDI] = tries[i].number;
        m->gpr[CW_SGX_RDX] = find_syscall(tries[i].behind);
        assert_int_equal(cw_client_enter(&cpu.client, 0, 0, 10000), CW_E_ABSENT);
        assert_non_null(strstr(cpu.client.ended,
                traced && tries[i].behind == 0xcc ? "gate" : "system call"));
        test_cpu_stop(&cpu);
    }
}

static void writable_code_is_refused_unless_allowed(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_patch);
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;
    int fd;

    (void)state;
    image.mixed = true;
    assert_int_equal(test_cpu_load(&cpu, &image, traced), SGX_OK);
    assert_non_null(strstr(cpu.client.loaded.text, "writable and executable"));
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    test_cpu_stop(&cpu);

    test_cpu_init(&cpu);
    cpu.platform.traced = traced;
    test_cpu_start(&cpu);
    fd = test_image_open(&image);
    assert_int_equal(cw_client_load(&cpu.client, fd, -1, 0, 4096), CW_SGX_E_IMAGE);
    assert_non_null(strstr(cpu.client.loaded.text, "--allow-wx"));
    (void)close(fd);
    test_cpu_stop(&cpu);

    image.mixed = false;
    load(&cpu, cw_enclave_patch);
    m = test_enter(&cpu, 0, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->vector, SGX_VECTOR_PF);
    test_cpu_stop(&cpu);
}

static void without_the_instructions_for_fs_and_gs_it_is_the_same(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_registers);
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;

    (void)state;
    test_cpu_init(&cpu);
    cpu.platform.traced = traced;
    cpu.platform.bases_by_call = true;
    assert_int_equal(test_cpu_load_on(&cpu, &image), SGX_OK);
    m = test_enter(&cpu, 0, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->gpr[13], cpu.client.loaded.base + 0x8000);
    assert_int_equal(m->gpr[15], cpu.client.loaded.base + 0x9000);
    test_cpu_stop(&cpu);
    image.entry = cw_enclave_fault;
    test_cpu_init(&cpu);
    cpu.platform.traced = traced;
    cpu.platform.bases_by_call = true;
    assert_int_equal(test_cpu_load_on(&cpu, &image), SGX_OK);
    m = test_enter(&cpu, 0, SGX_EENTER);
    assert_non_null(m);
    assert_int_equal(m->vector, SGX_VECTOR_UD);
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER)); /* steps over it */
    assert_non_null(test_enter(&cpu, 0, SGX_ERESUME));
    assert_int_equal(m->function, SGX_EEXIT);
    test_cpu_stop(&cpu);
}

/* As on a machine where nobody may lock much: in a process that gave the right up. */
static void without_room_for_locked_memory_it_runs_and_says_so(void **state)
{
    static const struct rlimit little = {4096, 4096};
    pid_t child = fork();
    int status = -1;

    (void)state;
    if (child == 0) {
        struct test_image image = TEST_IMAGE(cw_enclave_count);
        struct test_cpu cpu;
        bool good;

        if (setrlimit(RLIMIT_MEMLOCK, &little) != 0 ||
                (geteuid() == 0 && (setgroups(0, NULL) != 0 ||
                                           setresgid(1800000001, 1800000001, 1800000001) != 0 ||
                                           setresuid(1800000001, 1800000001, 1800000001) != 0))) {
            _exit(2);
        }
        good = test_cpu_load(&cpu, &image, traced) == SGX_OK &&
               strstr(cpu.client.loaded.text, "ulimit -l") != NULL &&
               test_enter(&cpu, 0, SGX_EENTER) != NULL;
        test_cpu_stop(&cpu);
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int in_proc_mode(void **state)
{
    (void)state;
    traced = false;
    return 0;
}

static int in_traced_mode(void **state)
{
    (void)state;
    traced = true;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(entry_gets_what_the_manual_says),
            cmocka_unit_test(exit_scrubs_nothing),
            cmocka_unit_test(memory_stays_between_entries),
            cmocka_unit_test(faults_are_told_inside_and_outside),
            cmocka_unit_test(cpuid_is_undefined_where_it_can_be_made_to_fault),
            cmocka_unit_test(what_an_enclave_lacks_is_known_by_its_bytes),
            cmocka_unit_test(the_fault_repeats_until_its_cause_is_gone),
            cmocka_unit_test(frames_run_out),
            cmocka_unit_test(frames_lie_at_pages_or_are_none),
            cmocka_unit_test(of_many_threads_the_first_can_be_entered),
            cmocka_unit_test(without_exinfo_page_faults_are_not_told_inside),
            cmocka_unit_test(reports_are_of_this_enclave),
            cmocka_unit_test(a_report_for_the_quoting_enclave_becomes_a_quote),
            cmocka_unit_test(keys_are_of_this_enclave),
            cmocka_unit_test(operands_are_checked_before_they_are_read),
            cmocka_unit_test(both_halves_of_vectors_outlive_a_fault),
            cmocka_unit_test(a_spoilt_frame_is_not_resumed),
            cmocka_unit_test(threads_run_side_by_side),
            cmocka_unit_test(code_that_reaches_the_jail_gets_no_system_call),
            cmocka_unit_test(writable_code_is_refused_unless_allowed),
            cmocka_unit_test(without_the_instructions_for_fs_and_gs_it_is_the_same),
            cmocka_unit_test(without_room_for_locked_memory_it_runs_and_says_so),
    };
    int failed = cmocka_run_group_tests_name("proc", tests, in_proc_mode, NULL);

    return failed + cmocka_run_group_tests_name("traced", tests, in_traced_mode, NULL);
}
