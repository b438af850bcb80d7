/* SPDX-License-Identifier: MIT */
/*
 * sgx_einit.c - SIGSTRUCT, SECS, KEYREQUEST and TARGETINFO: what EINIT, EGETKEY and EREPORT take.
 *
 * Input    how 1 (bit 0: sign again with the known key after the changes; bit 1: the SIGSTRUCT is the
 *          input as it stands), counts 1 + 1 + 1 + 1 of changes to SIGSTRUCT, SECS, KEYREQUEST and
 *          TARGETINFO, 3 bytes each: place 2, value 1.
 * Holds    an enclave that is accepted is the one that was signed, and nothing else of its SECS
 *          changed; a refusal changes nothing and is said why; DEBUG never shares a key; a report
 *          is its target's.
 * Plant    silicon/sgx/einit.c s/memcmp(secs + SGX_SECS_MRENCLAVE, sig + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN) != 0/false/
 */
#include <openssl/sha.h>

#include "fuzz/input.h"
#include "silicon/sgx/cpu.h"
#include "tests/support/sgx_image.h"

static struct sgx_stream stream;
static struct cw_sgx_image image;
static uint8_t good[SGX_SIGSTRUCT_LEN];
static char why[CW_SGX_WHY_LEN];
static const struct cw_sgx_fuses fuses = {.root = {1}, .report_keyid = {2}};

static void prepare(void)
{
    struct sgx_identity identity = SGX_IDENTITY;
    identity.attributes |= SGX_ATTR_KSS;
    identity.attribute_mask = ~(uint64_t)SGX_ATTR_DEBUG;
    sgx_stream_ecreate(&stream, 0x4000, 1);
    sgx_stream_tcs(&stream, 0, &(struct sgx_tcs){.ossa = 0x1000, .nssa = 1});
    FUZZ_HOLDS(cw_sgx_image_read(stream.bytes, stream.len, &image, why) == CW_OK);
    sgx_sign(&stream, &identity, SGX_SIGNER, good);
}

static void change(struct fuzz_input *in, uint8_t count, uint8_t *bytes, size_t len)
{
    for (unsigned i = 0; i < count && in->left_len > 0; i++) {
        uint16_t place = fuzz_u16(in);
        bytes[place % len] = fuzz_u8(in);
    }
}

static uint64_t field(const uint8_t *at, size_t len)
{
    uint64_t value = 0;
    memcpy(&value, at, len);
    return value;
}

static bool is_masked(const uint8_t *have, const uint8_t *is, const uint8_t *mask, size_t len)
{
    return ((field(have, len) ^ field(is, len)) & field(mask, len)) == 0;
}

static void accepted_holds(const uint8_t *secs, const uint8_t *before, const uint8_t *sig)
{
    uint8_t expected[SGX_PAGE_LEN];
    memcpy(expected, before, sizeof expected);
    SHA256(sig + SGX_SIG_MODULUS, SGX_RSA_LEN, expected + SGX_SECS_MRSIGNER);
    memcpy(expected + SGX_SECS_ISVPRODID, sig + SGX_SIG_ISVPRODID, 4);
    memcpy(expected + CW_SGX_SECS_ISVFAMILYID, sig + SGX_SIG_ISVFAMILYID, 16);
    memcpy(expected + CW_SGX_SECS_ISVEXTPRODID, sig + SGX_SIG_ISVEXTPRODID, 16);
    expected[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_INIT;
    FUZZ_HOLDS(memcmp(secs, expected, sizeof expected) == 0);
    FUZZ_HOLDS(memcmp(secs + SGX_SECS_MRENCLAVE, sig + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN) == 0);
    for (size_t half = 0; half < 16; half += 8) {
        FUZZ_HOLDS(is_masked(before + SGX_SECS_ATTRIBUTES + half, sig + SGX_SIG_ATTRIBUTES + half,
                sig + SGX_SIG_ATTRIBUTEMASK + half, 8));
    }
    FUZZ_HOLDS(is_masked(before + SGX_SECS_MISCSELECT, sig + SGX_SIG_MISCSELECT,
            sig + SGX_SIG_MISCMASK, 4));
}

static void keys_hold(const uint8_t *secs, const uint8_t *request)
{
    static const uint8_t zeros[SGX_KEY_LEN];
    uint8_t debug[SGX_PAGE_LEN];
    uint8_t key[SGX_KEY_LEN];
    uint8_t debug_key[SGX_KEY_LEN];
    uint32_t code = cw_sgx_egetkey(&fuses, secs, request, key);
    FUZZ_HOLDS((code == SGX_OK) == (memcmp(key, zeros, sizeof key) != 0));
    memcpy(debug, secs, sizeof debug);
    debug[SGX_SECS_ATTRIBUTES] ^= SGX_ATTR_DEBUG;
    FUZZ_HOLDS(cw_sgx_egetkey(&fuses, debug, request, debug_key) == code);
    FUZZ_HOLDS(code != SGX_OK || memcmp(key, debug_key, sizeof key) != 0);
}

static void reports_hold(const uint8_t *secs, uint8_t *target)
{
    uint8_t data[SGX_REPORTDATA_LEN] = {3};
    uint8_t report[SGX_REPORT_LEN];
    if (cw_sgx_ereport(&fuses, secs, target, data, report) != SGX_OK) {
        return;
    }
    FUZZ_HOLDS(cw_sgx_report_check(&fuses, target, report) == CW_OK);
    FUZZ_HOLDS(memcmp(report + SGX_REPORT_MRENCLAVE, secs + SGX_SECS_MRENCLAVE, SGX_HASH_LEN) == 0);
    target[SGX_TARGET_MEASUREMENT] ^= 1;
    FUZZ_HOLDS(cw_sgx_report_check(&fuses, target, report) == CW_E_AUTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    uint8_t sig[SGX_SIGSTRUCT_LEN];
    uint8_t secs[SGX_PAGE_LEN];
    uint8_t before[SGX_PAGE_LEN];
    uint8_t request[SGX_KEYREQUEST_LEN] = {SGX_KEYNAME_SEAL};
    uint8_t target[SGX_TARGETINFO_LEN] = {4};
    struct fuzz_input in = {input, input_len};
    if (stream.bytes == NULL) {
        prepare();
    }
    memcpy(sig, good, sizeof sig);
    uint8_t how = fuzz_u8(&in);
    if ((how & 2) != 0) {
        fuzz_bytes(&in, sig, sizeof sig);
        cw_sgx_secs(&image, sig, 0x100000, secs);
        memcpy(before, secs, sizeof before);
    } else {
        uint8_t counts[4];
        fuzz_bytes(&in, counts, sizeof counts);
        change(&in, counts[0], sig, sizeof sig);
        if ((how & 1) != 0) {
            sgx_sign_again(sig, SGX_SIGNER);
        }
        cw_sgx_secs(&image, sig, 0x100000, secs);
        change(&in, counts[1], secs, sizeof secs);
        change(&in, counts[2], request, sizeof request);
        change(&in, counts[3], target, sizeof target);
        memcpy(before, secs, sizeof before);
    }
    uint32_t code = cw_sgx_ecreate(secs, why);
    FUZZ_HOLDS((code == SGX_OK) == (why[0] == '\0'));
    if (code != SGX_OK) {
        return 0;
    }
    code = cw_sgx_einit(secs, sig, why);
    FUZZ_HOLDS((code == SGX_OK) == (why[0] == '\0') && memchr(why, 0, sizeof why) != NULL);
    if (code != SGX_OK) {
        FUZZ_HOLDS(memcmp(secs, before, sizeof secs) == 0);
        FUZZ_HOLDS(strncmp(cw_sgx_code_name(code), "SGX_INVALID_", 12) == 0);
        return 0;
    }
    accepted_holds(secs, before, sig);
    keys_hold(secs, request);
    reports_hold(secs, target);
    return 0;
}
