/* SPDX-License-Identifier: MIT */
/*
 * opcodes.h - which instructions code consists of, and which of them an enclave may not have.
 *
 * What     Decodes 64-bit code as far as its lengths and kinds, one instruction after the other:
 *          no pattern inside a constant is taken for an instruction.  What is illegal in an enclave
 *          runs on an emulated CPU that cannot trap it, so it is refused when an image is built.
 * Trust    OWNER.  Code is foreign bytes.
 * Source   Intel SDM volume 2 (appendix A, opcode map) and volume 3D, section 34.6.1 (illegal
 *          instructions); reference: objdump, in tests
 */
#ifndef CW_TEE_SGX_OWNER_OPCODES_H
#define CW_TEE_SGX_OWNER_OPCODES_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_OPCODE_LEN_MAX 15u

typedef enum cw_opcode_kind {
    CW_OPCODE_PLAIN,   /* an enclave may have it                                            */
    CW_OPCODE_ENCLU,   /* only where the runtime says                                       */
    CW_OPCODE_ILLEGAL, /* faults in an enclave: the name says which                         */
    CW_OPCODE_AVX,     /* VEX on vector registers: needs AVX in XFRM                        */
    CW_OPCODE_AVX512,  /* EVEX: needs AVX-512 in XFRM                                       */
    CW_OPCODE_UNKNOWN, /* no instruction, or one that CPUs of different makers read otherwise */
} cw_opcode_kind;

struct cw_opcode {
    size_t len;
    cw_opcode_kind kind;
    const char *name; /* of what is illegal, else a word for its kind */
};

/* cw_opcode_decode - CW_E_SHORT: the bytes end inside the instruction. */
CW_MUST_CHECK cw_status cw_opcode_decode(const uint8_t *code, size_t len,
        struct cw_opcode *ret_opcode);

struct cw_opcode_finding {
    uint64_t at;
    struct cw_opcode opcode;
};

struct cw_opcode_rules {
    uint64_t xfrm;
    const uint64_t *enclu; /* offsets where ENCLU may stand; NULL: anywhere */
    size_t enclu_count;
};

/*
 * cw_opcode_scan - all of it; zeros at the end are no code.
 *
 * base          the offset of its first byte
 * ret_findings  [cap] the first ones; ret_count may be more than cap
 */
void cw_opcode_scan(const uint8_t *code, size_t len, uint64_t base,
        const struct cw_opcode_rules *rules, struct cw_opcode_finding *ret_findings, size_t cap,
        size_t *ret_count);

struct cw_sgxs;

/* cw_opcode_scan_image - the same for all executable pages of an image. */
CW_MUST_CHECK cw_status cw_opcode_scan_image(const struct cw_sgxs *image,
        const struct cw_opcode_rules *rules, struct cw_opcode_finding *ret_findings, size_t cap,
        size_t *ret_count);

#endif
