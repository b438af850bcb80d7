/* SPDX-License-Identifier: MIT */
/*
 * image.h - the pages of an SGX image, from what the linker made.
 *
 * What     A static PIE as tee/sgx/enclave/link.ld has it: every PT_LOAD is pages, in the order of
 *          their addresses, whole and measured, zeros too; the page at __cw_tcs is the TCS.
 *          The same file gives the same bytes.
 *
 *          Refused, with what stands where and what to do: pages that are W and X; a page that two
 *          segments share; relocations other than R_X86_64_RELATIVE, or in pages that are not
 *          writable; shared libraries; a TCS that is none, or whose places are not what they
 *          should be; an ELRANGE other than the code was told; a symbol that is missing;
 *          instructions that are illegal in an enclave (opcodes.h), and ENCLU elsewhere than at the
 *          symbols __cw_enclu_...
 * Trust    OWNER.
 */
#ifndef CW_TEE_SGX_OWNER_IMAGE_H
#define CW_TEE_SGX_OWNER_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/sgx/owner/stream.h"

#define CW_SGX_ENCLU_MAX 8u

/* Names of the symbols that stand at an ENCLU begin so. */
#define CW_SGX_ENCLU_PREFIX "__cw_enclu_"

struct cw_sgx_linked {
    struct cw_sgxs image;
    uint64_t enclu[CW_SGX_ENCLU_MAX]; /* offsets of the instructions that may be ENCLU */
    size_t enclu_count;
    uint32_t text_len; /* bytes of pages that are not writable */
    uint32_t data_len; /* of those that are                    */
    uint32_t stack_len;
};

/*
 * cw_sgx_image_link - ELF file to pages.
 *
 * CW_E_FORM    ret_why says which rule it breaks, where, and the remedy
 * CW_E_SYSTEM  not readable as an ELF file with symbols
 */
CW_MUST_CHECK cw_status cw_sgx_image_link(const char *path, struct cw_sgx_linked *ret_linked,
        char ret_why[static CW_SGXS_WHY_LEN]);
void cw_sgx_linked_free(struct cw_sgx_linked *linked);

#endif
