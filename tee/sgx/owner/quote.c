/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/quote.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/wire/reader.h"
#include "tee/sgx/owner/stream.h"

#define TEE_TDX 0x81u
#define CERT_QE_REPORT 6u
#define HEADER_MAX 64u /* of a producer's own: where a quote is looked for to say so */

static const uint8_t vendor_intel[SGX_QUOTE_VENDOR_LEN] = SGX_QUOTE_VENDOR_INTEL;
static const uint8_t vendor_emulated[SGX_QUOTE_VENDOR_LEN] = SGX_QUOTE_VENDOR_EMULATED;

__attribute__((format(printf, 3, 4))) static cw_status say(char *why, cw_status status,
        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, CW_DCAP_QUOTE_WHY_CAP, format, arguments);
    va_end(arguments);
    return status;
}

static bool is_vendor(const uint8_t *p)
{
    return memcmp(p, vendor_intel, SGX_QUOTE_VENDOR_LEN) == 0 ||
            memcmp(p, vendor_emulated, SGX_QUOTE_VENDOR_LEN) == 0;
}

/* Where a quote seems to begin behind bytes of somebody else; 0: nowhere. */
static size_t find_behind(const uint8_t *bytes, size_t len)
{
    for (size_t at = 1; at <= HEADER_MAX && at + SGX_QUOTE_BODY <= len; at++) {
        uint16_t version = cw_sgxs_u16(bytes + at);
        if (version >= 3 && version <= 5 && is_vendor(bytes + at + SGX_QUOTE_VENDOR)) {
            return at;
        }
    }
    return 0;
}

static cw_status refuse_version(const uint8_t *bytes, size_t len, char *why)
{
    uint16_t version = cw_sgxs_u16(bytes);
    size_t behind = find_behind(bytes, len);
    bool is_text = true;
    for (size_t i = 0; i < SGX_QUOTE_BODY && i < len; i++) {
        is_text = is_text && bytes[i] >= ' ' && bytes[i] <= '~';
    }
    if (version == 5) {
        return say(why, CW_E_FORM, "a quote of version 5, which is not verified here: versions 3, "
                "and 4 of SGX, are");
    }
    if (is_text) {
        return say(why, CW_E_FORM, "text, where the bytes of a quote are expected: decode it first "
                "(hex: xxd -r -p, base64: base64 -d)");
    }
    if (behind != 0) {
        return say(why, CW_E_FORM, "not a quote: %zu bytes of somebody's own header stand before "
                "it: give the quote alone", behind);
    }
    return say(why, CW_E_FORM, "not a quote: its version would be %u; known are 3 and 4",
            (unsigned)version);
}

static cw_status check_header(const uint8_t *bytes, size_t len, char *why)
{
    uint16_t version = cw_sgxs_u16(bytes);
    if (version != 3 && version != 4) {
        return refuse_version(bytes, len, why);
    }
    uint16_t key_type = cw_sgxs_u16(bytes + SGX_QUOTE_KEY_TYPE);
    uint32_t tee = cw_sgxs_u32(bytes + SGX_QUOTE_TEE_TYPE);
    if (tee == TEE_TDX && version == 4) {
        return say(why, CW_E_FORM, "a TDX quote, which is not verified here: SGX quotes are");
    }
    if (tee != 0) {
        return say(why, CW_E_FORM, "the TEE type at byte 4 is 0x%x; SGX is 0", tee);
    }
    if (key_type != SGX_QUOTE_KEY_P256) {
        return say(why, CW_E_FORM, "the attestation key is of type %u; known is 2, ECDSA on P-256",
                (unsigned)key_type);
    }
    if (!is_vendor(bytes + SGX_QUOTE_VENDOR)) {
        return say(why, CW_E_FORM, "the vendor of the quoting enclave is unknown");
    }
    return CW_OK;
}

/* The next len bytes, in place. */
static const uint8_t *take(struct cw_reader *r, size_t len)
{
    const uint8_t *at = r->next;
    cw_reader_expect(r, r->status != CW_OK || r->left_len >= len);
    if (r->status != CW_OK) {
        return NULL;
    }
    r->next += len;
    r->left_len -= len;
    return at;
}

/* Everything from the QE report to the certification data; it must end where the bytes do. */
static bool decode_certified(struct cw_reader *r, struct cw_dcap_quote *q)
{
    q->qe_report = take(r, SGX_REPORT_BODY_LEN);
    q->qe_signature = take(r, CW_DCAP_SIGNATURE_LEN);
    q->auth_len = cw_reader_u16(r);
    q->auth = take(r, q->auth_len);
    q->cert_type = cw_reader_u16(r);
    q->cert_len = cw_reader_u32(r);
    q->cert = take(r, q->cert_len);
    return cw_reader_finish(r) == CW_OK;
}

cw_status cw_dcap_quote_decode(const uint8_t *bytes, size_t len, struct cw_dcap_quote *ret_quote,
        char ret_why[static CW_DCAP_QUOTE_WHY_CAP])
{
    if (len < SGX_QUOTE_SIG) {
        return say(ret_why, CW_E_SHORT, "%zu bytes are no quote: header and report alone are %d",
                len, SGX_QUOTE_SIG);
    }
    cw_status status = check_header(bytes, len, ret_why);
    if (status != CW_OK) {
        return status;
    }
    uint32_t data_len = cw_sgxs_u32(bytes + SGX_QUOTE_SIG_LEN);
    if (data_len > len - SGX_QUOTE_SIG) {
        return say(ret_why, CW_E_SHORT, "the signature data at byte %d would be %u bytes long, and "
                "%zu are there: the quote is cut off", SGX_QUOTE_SIG, data_len,
                len - SGX_QUOTE_SIG);
    }
    struct cw_dcap_quote q = {
        .version = cw_sgxs_u16(bytes),
        .vendor = bytes + SGX_QUOTE_VENDOR,
        .signed_part = bytes,
        .report = bytes + SGX_QUOTE_BODY,
        .len = SGX_QUOTE_SIG + (size_t)data_len,
    };
    struct cw_reader r = cw_reader_over(bytes + SGX_QUOTE_SIG, data_len);
    q.signature = take(&r, CW_DCAP_SIGNATURE_LEN);
    q.key = take(&r, CW_DCAP_KEY_LEN);
    bool is_exact;
    if (q.version == 3) {
        is_exact = decode_certified(&r, &q);
    } else {
        uint16_t type = cw_reader_u16(&r);
        size_t wrapped_len = cw_reader_u32(&r);
        const uint8_t *wrapped = take(&r, wrapped_len);
        is_exact = cw_reader_finish(&r) == CW_OK && type == CERT_QE_REPORT;
        struct cw_reader inner = cw_reader_over(wrapped, is_exact ? wrapped_len : 0);
        is_exact = is_exact && decode_certified(&inner, &q);
    }
    if (!is_exact) {
        return say(ret_why, CW_E_FORM, "the lengths inside the %u bytes of signature data at byte "
                "%d do not add up", data_len, SGX_QUOTE_SIG);
    }
    *ret_quote = q;
    return CW_OK;
}
