/* SPDX-License-Identifier: MIT */
/*
 * sgx_image.h - makes SGX images page by page, and signs them.
 *
 * What     A stream grows by one record per call, whatever its value: wrong ones are what tests
 *          are for.  It shares no code with what reads images: MRENCLAVE is computed from the
 *          stream's bytes as they stand.
 * Trust    Test code: whatever is wrong ends the program with a message.
 *
 *     struct sgx_stream s = {0};
 *     sgx_stream_ecreate(&s, 0x10000, 1);
 *     sgx_stream_page(&s, 0x1000, SGX_SECINFO_REG | SGX_SECINFO_R, bytes, SGX_ALL_CHUNKS);
 *     sgx_stream_tcs(&s, 0x0, &(struct sgx_tcs){.ossa = 0x2000, .nssa = 2, .oentry = 0x1000});
 *     struct sgx_identity id = SGX_IDENTITY;
 *     sgx_sign(&s, &id, SGX_SIGNER, sigstruct);
 *     ...
 *     sgx_stream_free(&s);
 */
#ifndef CW_TESTS_SUPPORT_SGX_IMAGE_H
#define CW_TESTS_SUPPORT_SGX_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "silicon/sgx/arch.h"

#define SGX_ALL_CHUNKS 0xffffu

/* Keys that everybody knows; paths from the root of the tree, where tests run. */
#define SGX_SIGNER "tests/data/sgx/signer.pem"
#define SGX_OTHER_SIGNER "tests/data/sgx/other-signer.pem"

struct sgx_stream {
    uint8_t *bytes;
    size_t len;
};

/* --- records ------------------------------------------------------------------------------------ */

void sgx_stream_ecreate(struct sgx_stream *s, uint64_t len, uint32_t ssa_frame_pages);
void sgx_stream_eadd(struct sgx_stream *s, uint64_t offset, uint64_t secinfo);
void sgx_stream_eextend(struct sgx_stream *s, uint64_t offset,
        const uint8_t chunk[static SGX_CHUNK_LEN]);
void sgx_stream_unmeasured(struct sgx_stream *s, uint64_t offset,
        const uint8_t chunk[static SGX_CHUNK_LEN]);

/* --- pages -------------------------------------------------------------------------------------- */

/*
 * sgx_stream_page - EADD and its chunks.
 *
 * bytes     [SGX_PAGE_LEN]; NULL: zeros
 * measured  a bit per chunk: EEXTEND; the others UNMEASRD, or nothing if bytes is NULL
 */
void sgx_stream_page(struct sgx_stream *s, uint64_t offset, uint64_t secinfo, const uint8_t *bytes,
        uint16_t measured);

struct sgx_tcs {
    uint64_t ossa;
    uint32_t nssa;
    uint64_t oentry;
    uint64_t ofsbase;
    uint64_t ogsbase;
};
void sgx_stream_tcs(struct sgx_stream *s, uint64_t offset, const struct sgx_tcs *tcs);

void sgx_stream_free(struct sgx_stream *s);

/* sgx_stream_mrenclave - SHA-256 of all records but UNMEASRD. */
void sgx_stream_mrenclave(const struct sgx_stream *s, uint8_t ret_hash[static SGX_HASH_LEN]);

/* --- SIGSTRUCT ---------------------------------------------------------------------------------- */

struct sgx_identity {
    uint64_t attributes;
    uint64_t attribute_mask;
    uint64_t xfrm;
    uint64_t xfrm_mask;
    uint32_t miscselect;
    uint32_t miscmask;
    uint32_t vendor;
    uint32_t date; /* BCD */
    uint16_t prodid;
    uint16_t svn;
    uint8_t family_id[16];
    uint8_t ext_prodid[16];
};

/* Strict masks, 64 bit, x87 and SSE, faults told. */
#define SGX_IDENTITY                                                                               \
    {                                                                                              \
        .attributes = SGX_ATTR_MODE64BIT, .attribute_mask = ~0ull, .xfrm = SGX_XFRM_LEGACY,        \
        .xfrm_mask = ~0ull, .miscselect = SGX_MISC_EXINFO, .miscmask = ~0u, .date = 0x20260101,    \
        .prodid = 7, .svn = 3,                                                                     \
    }

/* sgx_sign - a SIGSTRUCT of a stream; key: a PEM file with an RSA key of 3072 bits and e = 3. */
void sgx_sign(const struct sgx_stream *s, const struct sgx_identity *identity, const char *key,
        uint8_t ret_sigstruct[static SGX_SIGSTRUCT_LEN]);

/* sgx_sign_again - bytes of a SIGSTRUCT were changed: key, signature, Q1 and Q2 anew. */
void sgx_sign_again(uint8_t sigstruct[static SGX_SIGSTRUCT_LEN], const char *key);

#endif
