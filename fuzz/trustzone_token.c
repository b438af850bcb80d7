/* SPDX-License-Identifier: MIT */
/*
 * trustzone_token.c - a token that a node gave.
 *
 * Input    the bytes of a token.
 * Holds    what is read lies in the token; it is as long as the token says; what is read once more,
 *          cut or with a byte behind it, is none; a maker's certificate of it is one alone.
 * Plant    tee/trustzone/owner/token.c s/ && len > 0//
 */
#include "fuzz/input.h"
#include "tee/trustzone/owner/token.h"

static void lies_in(const uint8_t *bytes, size_t len, const struct cw_cose *part)
{
    FUZZ_HOLDS(part->payload >= bytes && part->payload + part->payload_len <= bytes + len);
}

static void check(const uint8_t *bytes, size_t len, const struct cw_tz_token *t)
{
    struct cw_tz_token other;
    char why[CW_TZ_WHY_LEN] = "";
    lies_in(bytes, len, &t->sign1);
    lies_in(bytes, len, &t->device_sign1);
    lies_in(bytes, len, &t->maker.sign1);
    FUZZ_HOLDS(t->sign1.payload < t->device_sign1.payload);
    FUZZ_HOLDS(t->device_sign1.payload < t->maker.sign1.payload);
    FUZZ_HOLDS(strlen(t->module.name) > 0 && strlen(t->module.name) < sizeof t->module.name);
    FUZZ_HOLDS(cw_tz_token_decode(bytes, len - 1, &other) != CW_OK);
    FUZZ_HOLDS((cw_tz_token_check(t, why) == CW_OK) == (why[0] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    struct cw_tz_token token;
    size_t len;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    if (cw_tz_token_decode(bytes, len, &token) == CW_OK) {
        check(bytes, len, &token);
    }
    free(bytes);
    return 0;
}
