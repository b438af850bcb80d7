/* SPDX-License-Identifier: MIT */
/*
 * probe.h - cryptography of AArch64, run by a process of qemu-aarch64 for a test on the host.
 *
 * What     The test writes a request, then ad and body; the probe writes an answer, then the body
 *          (of SHA-256: the hash is the first 32 bytes of it).  All ends with the input.
 */
#ifndef CW_TESTS_AARCH64_PROBE_H
#define CW_TESTS_AARCH64_PROBE_H

#include <stdint.h>

#define PROBE_MAX 8192u /* bytes of ad, and of a body */

typedef enum probe_call {
    PROBE_SEAL = 1,
    PROBE_OPEN,
    PROBE_SHA256,
} probe_call;

struct probe_request {
    uint32_t call;
    uint32_t cpu;   /* CW_CPU_* */
    uint32_t times; /* it is done so often */
    uint32_t ad_len;
    uint32_t body_len;
    uint8_t key[16];
    uint8_t nonce[12];
    uint8_t tag[16];
};
_Static_assert(sizeof(struct probe_request) == 64, "no holes");

struct probe_answer {
    uint32_t is_authentic;
    uint8_t tag[16];
};
_Static_assert(sizeof(struct probe_answer) == 20, "no holes");

#endif
