/* SPDX-License-Identifier: MIT */
/*
 * run.h - `causeway-sgx --run`: load one image, enter it once, say how it came back.
 *
 * Trust    SILICON, and the host of that one enclave.
 */
#ifndef CW_SILICON_SGX_RUN_H
#define CW_SILICON_SGX_RUN_H

#include "silicon/sgx/supervisor.h"

struct cw_run_options {
    const char *image;     /* SGXS, or SIGSTRUCT and SGXS */
    const char *sigstruct; /* NULL: it is in image        */
    bool json;
    int timeout_ms;
    unsigned tcs;
    uint64_t base;
    uint64_t arena_len;
    uint64_t gpr[16];
    uint64_t rflags;
    uint32_t mxcsr;
    uint16_t fcw;
};

/* cw_run_set - "rdi=0x10"; false: no such register, no number, or one that is not passed. */
bool cw_run_set(struct cw_run_options *options, const char *text);

/*
 * cw_run_image - prints the result.
 *
 * CW_E_FORM    a file cannot be used; logged
 * CW_E_DENIED  the CPU refused the image; the result says so
 * CW_AGAIN     the entry did not come back in time
 * CW_E_SYSTEM  logged
 */
CW_MUST_CHECK cw_status cw_run_image(const struct cw_platform *platform,
        const struct cw_run_options *options);

#endif
