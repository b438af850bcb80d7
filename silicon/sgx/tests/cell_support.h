/* SPDX-License-Identifier: MIT */
/*
 * cell_support.h - images made of enclaves.S, and a CPU to run them.
 *
 *     0x0000 TCS 0    0x1000 TCS 1   0x2000 SSA of 0 (2 frames)   0x4000 code (4 pages at most)
 *     0x8000 data (4 pages)          0xc000 hole                  0xd000 SSA of 1 (2 frames)
 *
 * Trust    Test code.
 */
#ifndef CW_SILICON_SGX_TESTS_CELL_SUPPORT_H
#define CW_SILICON_SGX_TESTS_CELL_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "silicon/sgx/client.h"
#include "silicon/sgx/supervisor.h"
#include "tests/support/sgx_image.h"

#define IMAGE_LEN 0x10000u
#define IMAGE_CODE 0x4000u
#define IMAGE_DATA 0x8000u

extern const uint8_t cw_enclaves[], cw_enclaves_end[];
extern const uint8_t cw_enclave_registers[], cw_enclave_count[], cw_enclave_full[],
        cw_enclave_fault[], cw_enclave_report[], cw_enclave_key[], cw_enclave_rawkey[],
        cw_enclave_spin[], cw_enclave_read[], cw_enclave_jump[], cw_enclave_escape[],
        cw_enclave_patch[], cw_enclave_hide[], cw_enclave_lie[], cw_enclave_spoil[],
        cw_enclave_avx[];

struct test_image {
    const uint8_t *entry;  /* a label of enclaves.S */
    const uint8_t *second; /* of TCS 1, or NULL: none */
    bool mixed;            /* code is writable */
    uint64_t ossa_past_page; /* added to OSSA */
    struct sgx_identity identity;
};
#define TEST_IMAGE(label) {.entry = (label), .identity = SGX_IDENTITY}

/* test_image_stream - the stream, to be freed with sgx_stream_free. */
void test_image_stream(const struct test_image *image, struct sgx_stream *ret_stream);

/* test_image_open - a descriptor with SIGSTRUCT and stream. */
int test_image_open(const struct test_image *image);

/* test_jail - path of the jail's program, as it was built with this test. */
const char *test_jail(void);

/* A CPU with one connection.  Options of platform may be changed before test_cpu_start. */
struct test_cpu {
    struct cw_platform platform;
    struct cw_sgx_fuses fuses;
    struct cw_client client;
    pid_t pid;
};
void test_cpu_init(struct test_cpu *cpu);
void test_cpu_start(struct test_cpu *cpu);
void test_cpu_stop(struct test_cpu *cpu);

/* test_cpu_load - init, start, LOAD with an arena of 64 KiB; the code.  load_on: after init. */
uint32_t test_cpu_load_on(struct test_cpu *cpu, const struct test_image *image);
uint32_t test_cpu_load(struct test_cpu *cpu, const struct test_image *image, bool traced);

/* test_enter - EENTER or ERESUME with registers as they stand in the mailbox. */
struct cw_sgx_mailbox *test_enter(struct test_cpu *cpu, unsigned tcs, uint32_t function);

#endif
