/* SPDX-License-Identifier: MIT */
/*
 * svc.h - what a module asks of the kernel beneath it (tee/trustzone/abi.h, part 5).
 *
 * Trust    TRUSTED, on both sides.  Nothing here comes from the normal world but what LEAVE brings.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_RUNTIME_SVC_H
#define CW_TEE_TRUSTZONE_ENCLAVE_RUNTIME_SVC_H

#include <stdint.h>

#include "tee/trustzone/abi.h"

/* x0 and x1 as they come back. */
struct cw_svc_result {
    uint64_t x0;
    uint64_t x1;
};

static inline struct cw_svc_result cw_svc_call(cw_tz_svc number, uint64_t a, uint64_t b, uint64_t c,
        uint64_t d)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    register uint64_t x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1) : "r"(x2), "r"(x3), "r"(x8) : "memory", "cc");
    return (struct cw_svc_result){x0, x1};
}

#endif
