/* SPDX-License-Identifier: MIT */
/*
 * quote.c - a DCAP quote that a node gave.
 *
 * Input    the bytes of a quote.
 * Holds    every part lies inside the quote, in the order of the format, and all of them together
 *          are exactly as long as its lengths say; what is behind the quote changes nothing.
 * Plant    tee/sgx/owner/quote.c s/data_len > len - SGX_QUOTE_SIG)/data_len > len)/
 */
#include "fuzz/input.h"
#include "tee/sgx/owner/quote.h"

static void check(const uint8_t *bytes, size_t len, const struct cw_dcap_quote *q)
{
    size_t wrapper_len = q->version == 4 ? 6 : 0;
    FUZZ_HOLDS(q->version == 3 || q->version == 4);
    FUZZ_HOLDS(q->len <= len && q->signed_part == bytes);
    FUZZ_HOLDS(q->report == bytes + SGX_QUOTE_BODY);
    FUZZ_HOLDS(q->signature == bytes + SGX_QUOTE_SIG);
    FUZZ_HOLDS(q->key == q->signature + CW_DCAP_SIGNATURE_LEN);
    FUZZ_HOLDS(q->qe_report == q->key + CW_DCAP_KEY_LEN + wrapper_len);
    FUZZ_HOLDS(q->qe_signature == q->qe_report + SGX_REPORT_BODY_LEN);
    FUZZ_HOLDS(q->auth == q->qe_signature + CW_DCAP_SIGNATURE_LEN + 2);
    FUZZ_HOLDS(q->cert == q->auth + q->auth_len + 6);
    FUZZ_HOLDS(q->cert + q->cert_len == bytes + q->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    struct cw_dcap_quote quote = {0};
    struct cw_dcap_quote alone = {0};
    char why[CW_DCAP_QUOTE_WHY_CAP] = "";
    size_t len;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    if (cw_dcap_quote_decode(bytes, len, &quote, why) == CW_OK) {
        check(bytes, len, &quote);
        FUZZ_HOLDS(cw_dcap_quote_decode(bytes, quote.len, &alone, why) == CW_OK);
        FUZZ_HOLDS(alone.cert == quote.cert && alone.cert_len == quote.cert_len);
        FUZZ_HOLDS(cw_dcap_quote_decode(bytes, quote.len - 1, &alone, why) == CW_E_SHORT);
    } else {
        FUZZ_HOLDS(quote.signed_part == NULL && why[0] != '\0');
        FUZZ_HOLDS(strnlen(why, sizeof why) < sizeof why);
    }
    free(bytes);
    return 0;
}
