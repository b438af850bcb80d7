/* SPDX-License-Identifier: MIT */
/*
 * stream.h - an SGX image as a stream (SGXS): what ECREATE, EADD and EEXTEND do, one after the other.
 *
 * What     Write one; read one back into pages; its measurement, MRENCLAVE.
 * Trust    OWNER.  A stream that is read is foreign bytes.
 * Memory   The caller owns the structs; ..._free frees what is in them.
 */
#ifndef CW_TEE_SGX_OWNER_STREAM_H
#define CW_TEE_SGX_OWNER_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sgx/arch.h"

#define CW_SGXS_WHY_LEN 512u
#define CW_SGXS_PAGES_MAX (1ul << 17) /* of 4096 bytes */
#define CW_SGXS_ALL_MEASURED 0xffffu

struct cw_sgxs_page {
    uint64_t offset; /* from the base          */
    uint64_t flags;  /* SECINFO                */
    uint8_t *bytes;  /* [SGX_PAGE_LEN]         */
    uint16_t measured; /* a bit for each 256 bytes */
};

struct cw_sgxs {
    uint64_t len; /* ELRANGE, a power of two */
    uint32_t ssa_frame_pages;
    struct cw_sgxs_page *pages; /* in the stream's order */
    size_t page_count;
    uint8_t mrenclave[SGX_HASH_LEN];
};

/* cw_sgxs_write - the stream of these pages, all measured; the caller frees. */
CW_MUST_CHECK cw_status cw_sgxs_write(const struct cw_sgxs *s, uint8_t **ret_stream,
        size_t *ret_len);

/* cw_sgxs_read - CW_E_FORM: it is none; ret_why says what stands where. */
CW_MUST_CHECK cw_status cw_sgxs_read(const uint8_t *stream, size_t len, struct cw_sgxs *ret_s,
        char ret_why[static CW_SGXS_WHY_LEN]);

/* cw_sgxs_page - the page at an offset, or NULL. */
const struct cw_sgxs_page *cw_sgxs_page(const struct cw_sgxs *s, uint64_t offset);

void cw_sgxs_free(struct cw_sgxs *s);

/* Little-endian numbers at their places. */
uint16_t cw_sgxs_u16(const uint8_t *at);
uint32_t cw_sgxs_u32(const uint8_t *at);
uint64_t cw_sgxs_u64(const uint8_t *at);
void cw_sgxs_put(uint8_t *at, uint64_t value, size_t len);

#endif
