/* SPDX-License-Identifier: MIT */
#include "core/wire/attest.h"

#include "core/wire/reader.h"
#include "core/wire/writer.h"

cw_status cw_attest_decode(const uint8_t *bytes, size_t len,
        uint8_t ret_nonce[static CW_NONCE_LEN])
{
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_reader_expect(&r, cw_reader_u8(&r) == CW_VERSION);
    cw_reader_expect(&r, cw_reader_u8(&r) == CW_MANAGE_ATTEST);
    cw_reader_zero(&r, 2);
    cw_reader_bytes(&r, ret_nonce, CW_NONCE_LEN);
    return cw_reader_finish(&r);
}

void cw_attest_encode(const uint8_t nonce[static CW_NONCE_LEN],
        uint8_t ret_bytes[static CW_ATTEST_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_ATTEST_LEN);
    cw_writer_u8(&w, CW_VERSION);
    cw_writer_u8(&w, CW_MANAGE_ATTEST);
    cw_writer_u16(&w, 0);
    cw_writer_bytes(&w, nonce, CW_NONCE_LEN);
}

cw_status cw_evidence_decode(const uint8_t bytes[static CW_EVIDENCE_LEN],
        struct cw_evidence *ret_evidence)
{
    struct cw_reader r = cw_reader_over(bytes, CW_EVIDENCE_LEN);
    struct cw_evidence e;
    cw_reader_expect(&r, cw_reader_u8(&r) == CW_VERSION);
    cw_reader_expect(&r, cw_reader_u8(&r) == (CW_MANAGE_ATTEST | CW_MANAGE_ANSWER));
    e.kind = cw_reader_u8(&r);
    cw_reader_expect(&r, e.kind <= CW_FRESH_RANDOM);
    e.state = cw_reader_u8(&r);
    cw_reader_expect(&r, e.state <= CW_STATE_DISABLED);
    e.session = cw_reader_u32(&r);
    cw_reader_bytes(&r, e.deployment, sizeof e.deployment);
    cw_reader_bytes(&r, e.start, sizeof e.start);
    cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_evidence = e;
    }
    return status;
}

void cw_evidence_encode(const struct cw_evidence *evidence,
        uint8_t ret_bytes[static CW_EVIDENCE_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_EVIDENCE_LEN);
    cw_writer_u8(&w, CW_VERSION);
    cw_writer_u8(&w, CW_MANAGE_ATTEST | CW_MANAGE_ANSWER);
    cw_writer_u8(&w, evidence->kind);
    cw_writer_u8(&w, evidence->state);
    cw_writer_u32(&w, evidence->session);
    cw_writer_bytes(&w, evidence->deployment, sizeof evidence->deployment);
    cw_writer_bytes(&w, evidence->start, sizeof evidence->start);
}
