/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - what the SGX instructions compute, apart from who runs the enclave's code.
 *
 * What     Images are read and measured as ECREATE, EADD and EEXTEND do; EINIT checks; EGETKEY
 *          and EREPORT derive.  No process, no socket, no clock.
 * Trust    SILICON.  Images, SIGSTRUCTs, requests and operands are foreign bytes.
 * Source   Intel SDM volume 3D, chapters 34 and 38
 */
#ifndef CW_SILICON_SGX_CPU_H
#define CW_SILICON_SGX_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sgx/arch.h"

#define CW_SGX_WHY_LEN 256u

/* --- what this CPU has --------------------------------------------------------------------------- */

#define CW_SGX_PAGES_MAX 65536u         /* of one enclave: 256 MiB                                 */
#define CW_SGX_ELRANGE_MAX (1ull << 36) /* bytes                                                  */
#define CW_SGX_ATTR_KNOWN                                                                          \
    (SGX_ATTR_INIT | SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | SGX_ATTR_PROVISIONKEY |                 \
            SGX_ATTR_EINITTOKENKEY | SGX_ATTR_KSS)
#define CW_SGX_XFRM_KNOWN 0x7ull /* x87, SSE, AVX */
#define CW_SGX_MISC_KNOWN SGX_MISC_EXINFO

/* Instead of a code: the instruction faults with #GP. */
#define CW_SGX_FAULT_GP 0xffffffffu

/* Where this CPU keeps what the manual leaves to it, in the reserved bytes of a SECS. */
#define CW_SGX_SECS_ISVFAMILYID 3840  /* 16 */
#define CW_SGX_SECS_ISVEXTPRODID 3856 /* 16 */

/* --- an image: image.c -------------------------------------------------------------------------- */

/* A page as EADD took it. */
struct cw_sgx_page {
    uint64_t offset;  /* from the base */
    uint64_t secinfo; /* flags         */
    uint8_t *bytes;   /* [SGX_PAGE_LEN] */
    uint16_t measured; /* a bit per chunk of 256 bytes */
};

struct cw_sgx_image {
    uint64_t len; /* ELRANGE, a power of two */
    uint32_t ssa_frame_pages;
    struct cw_sgx_page *pages; /* in the order of the stream */
    size_t page_count;
    uint8_t *memory; /* of all pages, in one piece */
    uint8_t mrenclave[SGX_HASH_LEN];
};

/*
 * cw_sgx_image_read - an SGXS stream: the pages as they lie in the EPC, and MRENCLAVE.
 *
 * A chunk that the stream does not give is zero and not measured, a page that it does not add is a
 * hole.  Time and memory are bounded by len and CW_SGX_PAGES_MAX.
 *
 * CW_E_FORM   it is none, or breaks a rule of the instructions (a page twice, outside, unaligned,
 *             a chunk before its page, W without R, a TCS with R, W or X, or with a state: EADD
 *             clears these, so that the stream would not be what is measured); ret_why says
 *             which and where
 * CW_E_SPACE  more pages than CW_SGX_PAGES_MAX, or no memory for them; ret_why says so
 */
CW_MUST_CHECK cw_status cw_sgx_image_read(const uint8_t *stream, size_t len,
        struct cw_sgx_image *ret_image, char ret_why[static CW_SGX_WHY_LEN]);
void cw_sgx_image_free(struct cw_sgx_image *image);

/* --- identity: einit.c --------------------------------------------------------------------------- */

/*
 * cw_sgx_secs - the SECS that a loader makes for an image: what SIGSTRUCT asks for, as far as this
 * CPU has it; MRENCLAVE is in it already, as if all pages were added.
 *
 * base  aligned to image->len
 */
void cw_sgx_secs(const struct cw_sgx_image *image, const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN],
        uint64_t base, uint8_t ret_secs[static SGX_PAGE_LEN]);

/*
 * cw_sgx_ecreate - would ECREATE take this SECS?  (All of it but what only EINIT writes.)
 *
 * SGX_OK or CW_SGX_FAULT_GP; ret_why says which field
 */
uint32_t cw_sgx_ecreate(const uint8_t secs[static SGX_PAGE_LEN],
        char ret_why[static CW_SGX_WHY_LEN]);

/*
 * cw_sgx_einit - check SIGSTRUCT against SECS as EINIT does; then the SECS has its identity.
 *
 * SGX_OK, or the manual's code; ret_why says which field, what stands there and what should
 */
uint32_t cw_sgx_einit(uint8_t secs[static SGX_PAGE_LEN],
        const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN], char ret_why[static CW_SGX_WHY_LEN]);

/* cw_sgx_code_name - "SGX_INVALID_MEASUREMENT"; "#GP" of CW_SGX_FAULT_GP. */
const char *cw_sgx_code_name(uint32_t code);

/* --- keys and reports: keys.c --------------------------------------------------------------------- */

/* What is burnt into a CPU, and drawn at its reset.  Secret. */
struct cw_sgx_fuses {
    uint8_t root[32];
    uint8_t report_keyid[SGX_KEYID_LEN];
};
extern const uint8_t cw_sgx_cpusvn[SGX_CPUSVN_LEN]; /* marked as no real CPU's: 16 times 0xee */

/*
 * cw_sgx_egetkey - SGX_OK, a code, or CW_SGX_FAULT_GP.  Alignment and range are the caller's.
 *
 * A CONFIGSVN above the enclave's is refused for PROVISION_SEAL too, and a CET_MASK that is not
 * zero faults, as this CPU has no CET.
 *
 * request  the caller's own copy
 * ret_key  zeros unless SGX_OK
 */
uint32_t cw_sgx_egetkey(const struct cw_sgx_fuses *fuses, const uint8_t secs[static SGX_PAGE_LEN],
        const uint8_t request[static SGX_KEYREQUEST_LEN], uint8_t ret_key[static SGX_KEY_LEN]);

/*
 * cw_sgx_ereport - SGX_OK or CW_SGX_FAULT_GP; ret_report is zeros then.
 *
 * Stricter than the manual's pseudo-code: bytes of a TARGETINFO that must be zero are looked at.
 */
uint32_t cw_sgx_ereport(const struct cw_sgx_fuses *fuses, const uint8_t secs[static SGX_PAGE_LEN],
        const uint8_t target[static SGX_TARGETINFO_LEN],
        const uint8_t data[static SGX_REPORTDATA_LEN], uint8_t ret_report[static SGX_REPORT_LEN]);

/*
 * cw_sgx_report_check - does a report for this target come from this CPU, since its last reset or
 * with any other KEYID?  What an enclave does by EGETKEY and AES-CMAC, for the quoting enclave.
 *
 * CW_E_AUTH  it does not
 */
CW_MUST_CHECK cw_status cw_sgx_report_check(const struct cw_sgx_fuses *fuses,
        const uint8_t target[static SGX_TARGETINFO_LEN],
        const uint8_t report[static SGX_REPORT_LEN]);

#endif
