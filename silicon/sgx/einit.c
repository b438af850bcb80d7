/* SPDX-License-Identifier: MIT */
/*
 * Which failure gives which code is as EINIT's pseudo-code in the manual (May 2018) has it, and in
 * its order; the extended product id is looked at besides, CET as later editions have it:
 *
 *   constants, vendor, exponent, reserved bytes    SGX_INVALID_SIG_STRUCT
 *   signature, Q1, Q2, the padding                 SGX_INVALID_SIGNATURE
 *   family and extended product id without KSS     SGX_INVALID_SIG_STRUCT
 *   ENCLAVEHASH                                    SGX_INVALID_MEASUREMENT
 *   ATTRIBUTES, MISCSELECT, CET under their masks  SGX_INVALID_ATTRIBUTE
 *
 * Launch control is that of a loader which writes the launch key's hash for each enclave, as Linux
 * does: every signer may, and SGX_INVALID_EINITTOKEN is never met.  SGX_UNMASKED_EVENT neither.
 */
#include "silicon/sgx/cpu.h"

#include <inttypes.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "silicon/sgx/field.h"

const char *cw_sgx_code_name(uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *name;
    } names[] = {
            {SGX_OK, "SGX_SUCCESS"},
            {SGX_INVALID_SIG_STRUCT, "SGX_INVALID_SIG_STRUCT"},
            {SGX_INVALID_ATTRIBUTE, "SGX_INVALID_ATTRIBUTE"},
            {SGX_BLSTATE, "SGX_BLKSTATE"},
            {SGX_INVALID_MEASUREMENT, "SGX_INVALID_MEASUREMENT"},
            {SGX_INVALID_SIGNATURE, "SGX_INVALID_SIGNATURE"},
            {SGX_INVALID_EINITTOKEN, "SGX_INVALID_EINITTOKEN"},
            {SGX_INVALID_CPUSVN, "SGX_INVALID_CPUSVN"},
            {SGX_INVALID_ISVSVN, "SGX_INVALID_ISVSVN"},
            {SGX_UNMASKED_EVENT, "SGX_UNMASKED_EVENT"},
            {SGX_INVALID_KEYNAME, "SGX_INVALID_KEYNAME"},
            {CW_SGX_FAULT_GP, "#GP"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return "unknown code";
}

__attribute__((format(printf, 3, 4))) static uint32_t refuse(char *why, uint32_t code,
        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, CW_SGX_WHY_LEN, format, args);
    va_end(args);
    return code;
}

/* --- ECREATE ------------------------------------------------------------------------------------- */

void cw_sgx_secs(const struct cw_sgx_image *image, const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN],
        uint64_t base, uint8_t ret_secs[static SGX_PAGE_LEN])
{
    const uint8_t *attributes = sigstruct + SGX_SIG_ATTRIBUTES;
    uint64_t flags = (cw_field_u64(attributes) | SGX_ATTR_MODE64BIT) &
            (CW_SGX_ATTR_KNOWN & ~(uint64_t)SGX_ATTR_INIT);
    uint64_t xfrm = (cw_field_u64(attributes + 8) | SGX_XFRM_LEGACY) & CW_SGX_XFRM_KNOWN;
    uint32_t misc = cw_field_u32(sigstruct + SGX_SIG_MISCSELECT) & CW_SGX_MISC_KNOWN;
    memset(ret_secs, 0, SGX_PAGE_LEN);
    cw_field_put(ret_secs + SGX_SECS_SIZE, image->len, 8);
    cw_field_put(ret_secs + SGX_SECS_BASE, base, 8);
    cw_field_put(ret_secs + SGX_SECS_SSAFRAMESIZE, image->ssa_frame_pages, 4);
    cw_field_put(ret_secs + SGX_SECS_MISCSELECT, misc, 4);
    cw_field_put(ret_secs + SGX_SECS_ATTRIBUTES, flags, 8);
    cw_field_put(ret_secs + SGX_SECS_ATTRIBUTES + 8, xfrm, 8);
    memcpy(ret_secs + SGX_SECS_MRENCLAVE, image->mrenclave, SGX_HASH_LEN);
}

/* Bytes of a SECS that a loader must leave zero. */
static const struct {
    uint16_t offset;
    uint16_t end;
    const char *name;
} secs_zero[] = {
        {24, 48, "the CET fields and bytes 33 to 47"},
        {96, 128, "bytes 96 to 127"},
        {160, 192, "bytes 160 to 191"},
        {262, SGX_PAGE_LEN, "bytes 262 to 4095"},
};

uint32_t cw_sgx_ecreate(const uint8_t secs[static SGX_PAGE_LEN],
        char ret_why[static CW_SGX_WHY_LEN])
{
    uint64_t len = cw_field_u64(secs + SGX_SECS_SIZE);
    uint64_t base = cw_field_u64(secs + SGX_SECS_BASE);
    uint64_t flags = cw_field_u64(secs + SGX_SECS_ATTRIBUTES);
    uint64_t xfrm = cw_field_u64(secs + SGX_SECS_ATTRIBUTES + 8);
    uint32_t misc = cw_field_u32(secs + SGX_SECS_MISCSELECT);
    ret_why[0] = '\0';
    if (len < 2 * SGX_PAGE_LEN || len > CW_SGX_ELRANGE_MAX || (len & (len - 1)) != 0) {
        return refuse(ret_why, CW_SGX_FAULT_GP, "SECS.SIZE is 0x%" PRIx64
                "; it must be a power of two from 0x2000 to 0x%" PRIx64, len,
                (uint64_t)CW_SGX_ELRANGE_MAX);
    }
    if ((base & (len - 1)) != 0) {
        return refuse(ret_why, CW_SGX_FAULT_GP, "SECS.BASEADDR is 0x%" PRIx64
                "; it must be a multiple of SIZE, 0x%" PRIx64, base, len);
    }
    if (cw_field_u32(secs + SGX_SECS_SSAFRAMESIZE) == 0) {
        return refuse(ret_why, CW_SGX_FAULT_GP, "SECS.SSAFRAMESIZE is 0; a frame needs 1 page");
    }
    if ((misc & ~(uint32_t)CW_SGX_MISC_KNOWN) != 0) {
        return refuse(ret_why, CW_SGX_FAULT_GP, "SECS.MISCSELECT is 0x%" PRIx32
                "; this CPU has 0x%x", misc, CW_SGX_MISC_KNOWN);
    }
    if ((flags & (SGX_ATTR_INIT | ~(uint64_t)CW_SGX_ATTR_KNOWN)) != 0 ||
            (flags & SGX_ATTR_MODE64BIT) == 0) {
        return refuse(ret_why, CW_SGX_FAULT_GP, "SECS.ATTRIBUTES is 0x%" PRIx64
                "; this CPU has 0x%x and needs MODE64BIT (4) without INIT (1)", flags,
                CW_SGX_ATTR_KNOWN & ~SGX_ATTR_INIT);
    }
    if ((xfrm & SGX_XFRM_LEGACY) != SGX_XFRM_LEGACY || (xfrm & ~CW_SGX_XFRM_KNOWN) != 0) {
        return refuse(ret_why, CW_SGX_FAULT_GP, "SECS.XFRM is 0x%" PRIx64
                "; it must have x87 and SSE (3) and nothing besides 0x%llx", xfrm, CW_SGX_XFRM_KNOWN);
    }
    if ((flags & SGX_ATTR_KSS) == 0 && (!cw_field_is_zero(secs + SGX_SECS_CONFIGID, 64) ||
                                               cw_field_u16(secs + SGX_SECS_CONFIGSVN) != 0)) {
        return refuse(ret_why, CW_SGX_FAULT_GP,
                "SECS.CONFIGID and CONFIGSVN must be zero without the attribute KSS (0x80)");
    }
    for (size_t i = 0; i < sizeof secs_zero / sizeof secs_zero[0]; i++) {
        size_t zero_len = (size_t)(secs_zero[i].end - secs_zero[i].offset);
        if (!cw_field_is_zero(secs + secs_zero[i].offset, zero_len)) {
            return refuse(ret_why, CW_SGX_FAULT_GP, "SECS: %s must be zero", secs_zero[i].name);
        }
    }
    return SGX_OK;
}

/* --- EINIT: the form ------------------------------------------------------------------------------ */

static void hex_of(const uint8_t *bytes, size_t len, char *ret_text)
{
    for (size_t i = 0; i < len; i++) {
        snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
    }
}

static uint32_t check_form(const uint8_t *sig, char *why)
{
    static const uint8_t header[16] = {6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0};
    static const uint8_t header2[16] = {1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0};
    static const struct {
        const char *name;
        uint16_t offset;
        uint16_t len;
        const uint8_t *is;
    } fields[] = {
            {"HEADER", SGX_SIG_HEADER, 16, header},
            {"HEADER2", SGX_SIG_HEADER2, 16, header2},
            {"bytes 44 to 127", SGX_SIG_RESERVED1, 84, NULL},
            {"bytes 910 to 911", SGX_SIG_RESERVED2, 2, NULL},
            {"bytes 992 to 1007", SGX_SIG_RESERVED3, 16, NULL},
            {"bytes 1028 to 1039", SGX_SIG_RESERVED4, 12, NULL},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const uint8_t *at = sig + fields[i].offset;
        if (fields[i].is == NULL && !cw_field_is_zero(at, fields[i].len)) {
            return refuse(why, SGX_INVALID_SIG_STRUCT, "SIGSTRUCT: %s must be zero", fields[i].name);
        }
        if (fields[i].is != NULL && memcmp(at, fields[i].is, 16) != 0) {
            char found[33];
            char expected[33];
            hex_of(at, 16, found);
            hex_of(fields[i].is, 16, expected);
            return refuse(why, SGX_INVALID_SIG_STRUCT, "SIGSTRUCT.%s is %s, must be %s",
                    fields[i].name, found, expected);
        }
    }
    uint32_t vendor = cw_field_u32(sig + SGX_SIG_VENDOR);
    if (vendor != 0 && vendor != 0x8086) {
        return refuse(why, SGX_INVALID_SIG_STRUCT,
                "SIGSTRUCT.VENDOR is 0x%" PRIx32 ", must be 0 or 0x8086", vendor);
    }
    uint32_t exponent = cw_field_u32(sig + SGX_SIG_EXPONENT);
    if (exponent != 3) {
        return refuse(why, SGX_INVALID_SIG_STRUCT, "SIGSTRUCT.EXPONENT is %" PRIu32 ", must be 3",
                exponent);
    }
    return SGX_OK;
}

/* --- EINIT: the signature ------------------------------------------------------------------------- */

/* What S^3 mod M must be: PKCS#1 v1.5 of the SHA-256 of what is signed. */
static bool encode_message(const uint8_t *sig, uint8_t ret_encoded[SGX_RSA_LEN])
{
    static const uint8_t prefix[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
            0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    uint8_t message[SGX_SIG_SIGNED1_LEN + SGX_SIG_SIGNED2_LEN];
    const size_t tail = sizeof prefix + SGX_HASH_LEN;
    memcpy(message, sig, SGX_SIG_SIGNED1_LEN);
    memcpy(message + SGX_SIG_SIGNED1_LEN, sig + SGX_SIG_SIGNED2, SGX_SIG_SIGNED2_LEN);
    memset(ret_encoded, 0xff, SGX_RSA_LEN);
    ret_encoded[0] = 0;
    ret_encoded[1] = 1;
    ret_encoded[SGX_RSA_LEN - tail - 1] = 0;
    memcpy(ret_encoded + SGX_RSA_LEN - tail, prefix, sizeof prefix);
    return SHA256(message, sizeof message, ret_encoded + SGX_RSA_LEN - SGX_HASH_LEN) != NULL;
}

struct numbers {
    BN_CTX *ctx;
    BIGNUM *modulus;
    BIGNUM *signature;
    BIGNUM *q1;
    BIGNUM *q2;
    BIGNUM *expected; /* the encoded message */
    BIGNUM *square;
    BIGNUM *quotient;
    BIGNUM *rest;
};

static bool load_numbers(struct numbers *n, const uint8_t *sig)
{
    uint8_t encoded[SGX_RSA_LEN];
    n->ctx = BN_CTX_new();
    if (n->ctx == NULL || !encode_message(sig, encoded)) {
        return false;
    }
    BN_CTX_start(n->ctx);
    BIGNUM **all[] = {&n->modulus, &n->signature, &n->q1, &n->q2, &n->expected, &n->square,
            &n->quotient, &n->rest};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        *all[i] = BN_CTX_get(n->ctx);
    }
    return n->rest != NULL &&
            BN_lebin2bn(sig + SGX_SIG_MODULUS, SGX_RSA_LEN, n->modulus) != NULL &&
            BN_lebin2bn(sig + SGX_SIG_SIGNATURE, SGX_RSA_LEN, n->signature) != NULL &&
            BN_lebin2bn(sig + SGX_SIG_Q1, SGX_RSA_LEN, n->q1) != NULL &&
            BN_lebin2bn(sig + SGX_SIG_Q2, SGX_RSA_LEN, n->q2) != NULL &&
            BN_bin2bn(encoded, SGX_RSA_LEN, n->expected) != NULL;
}

/* product of a and b divided by the modulus: quotient and rest. */
static bool divide_product(struct numbers *n, const BIGNUM *a, const BIGNUM *b)
{
    return BN_mul(n->square, a, b, n->ctx) == 1 &&
            BN_div(n->quotient, n->rest, n->square, n->modulus, n->ctx) == 1;
}

static uint32_t check_numbers(struct numbers *n, const uint8_t *sig, char *why)
{
    static const char no_memory[] = "the RSA computation failed: no memory";
    if (!load_numbers(n, sig)) {
        return refuse(why, SGX_INVALID_SIGNATURE, no_memory);
    }
    if (BN_num_bits(n->modulus) != 8 * SGX_RSA_LEN || !BN_is_odd(n->modulus)) {
        return refuse(why, SGX_INVALID_SIGNATURE,
                "SIGSTRUCT.MODULUS has %d bits; it must be odd and have 3072",
                BN_num_bits(n->modulus));
    }
    if (BN_cmp(n->signature, n->modulus) >= 0) {
        return refuse(why, SGX_INVALID_SIGNATURE, "SIGSTRUCT.SIGNATURE is not below MODULUS");
    }
    if (!divide_product(n, n->signature, n->signature)) {
        return refuse(why, SGX_INVALID_SIGNATURE, no_memory);
    }
    if (BN_cmp(n->quotient, n->q1) != 0) {
        return refuse(why, SGX_INVALID_SIGNATURE,
                "SIGSTRUCT.Q1 is not floor(SIGNATURE^2 / MODULUS)");
    }
    if (!divide_product(n, n->signature, n->rest)) {
        return refuse(why, SGX_INVALID_SIGNATURE, no_memory);
    }
    if (BN_cmp(n->quotient, n->q2) != 0) {
        return refuse(why, SGX_INVALID_SIGNATURE,
                "SIGSTRUCT.Q2 is not floor(SIGNATURE * (SIGNATURE^2 mod MODULUS) / MODULUS)");
    }
    if (BN_cmp(n->rest, n->expected) != 0) {
        return refuse(why, SGX_INVALID_SIGNATURE,
                "SIGSTRUCT.SIGNATURE is not MODULUS' signature of bytes 0 to 127 and 900 to 1027");
    }
    return SGX_OK;
}

static uint32_t check_signature(const uint8_t *sig, char *why)
{
    struct numbers n = {0};
    uint32_t code = check_numbers(&n, sig, why);
    if (n.ctx != NULL) {
        BN_CTX_end(n.ctx);
        BN_CTX_free(n.ctx);
    }
    return code;
}

/* --- EINIT: what was signed ----------------------------------------------------------------------- */

static uint32_t check_masked(const char *name, uint64_t have, uint64_t signed_value, uint64_t mask,
        char *why)
{
    if ((have & mask) == (signed_value & mask)) {
        return SGX_OK;
    }
    return refuse(why, SGX_INVALID_ATTRIBUTE, "%s: SECS has 0x%" PRIx64 ", SIGSTRUCT 0x%" PRIx64
            " under the mask 0x%" PRIx64 "; they differ in 0x%" PRIx64, name, have, signed_value, mask,
            (have ^ signed_value) & mask);
}

static uint32_t check_attributes(const uint8_t *secs, const uint8_t *sig, char *why)
{
    const struct {
        const char *name;
        uint16_t have;
        uint16_t is;
        uint16_t mask;
        uint16_t len;
    } rows[] = {
            {"ATTRIBUTES", SGX_SECS_ATTRIBUTES, SGX_SIG_ATTRIBUTES, SGX_SIG_ATTRIBUTEMASK, 8},
            {"XFRM", SGX_SECS_ATTRIBUTES + 8, SGX_SIG_ATTRIBUTES + 8, SGX_SIG_ATTRIBUTEMASK + 8, 8},
            {"MISCSELECT", SGX_SECS_MISCSELECT, SGX_SIG_MISCSELECT, SGX_SIG_MISCMASK, 4},
            {"CET_ATTRIBUTES", SGX_SECS_CET_ATTRIBUTES, SGX_SIG_CET, SGX_SIG_CET + 1, 1},
    };
    uint32_t code = SGX_OK;
    for (size_t i = 0; code == SGX_OK && i < sizeof rows / sizeof rows[0]; i++) {
        code = check_masked(rows[i].name, cw_field_get(secs + rows[i].have, rows[i].len),
                cw_field_get(sig + rows[i].is, rows[i].len),
                cw_field_get(sig + rows[i].mask, rows[i].len), why);
    }
    return code;
}

static uint32_t check_content(const uint8_t *secs, const uint8_t *sig, char *why)
{
    bool has_kss = (cw_field_u64(secs + SGX_SECS_ATTRIBUTES) & SGX_ATTR_KSS) != 0;
    if (!has_kss && (!cw_field_is_zero(sig + SGX_SIG_ISVFAMILYID, 16) ||
                            !cw_field_is_zero(sig + SGX_SIG_ISVEXTPRODID, 16))) {
        return refuse(why, SGX_INVALID_SIG_STRUCT,
                "SIGSTRUCT.ISVFAMILYID and ISVEXTPRODID must be zero without the attribute KSS (0x80)");
    }
    if (memcmp(secs + SGX_SECS_MRENCLAVE, sig + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN) != 0) {
        char found[2 * SGX_HASH_LEN + 1];
        char expected[2 * SGX_HASH_LEN + 1];
        hex_of(secs + SGX_SECS_MRENCLAVE, SGX_HASH_LEN, found);
        hex_of(sig + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN, expected);
        return refuse(why, SGX_INVALID_MEASUREMENT,
                "the pages measure %s, SIGSTRUCT.ENCLAVEHASH is %s", found, expected);
    }
    return check_attributes(secs, sig, why);
}

uint32_t cw_sgx_einit(uint8_t secs[static SGX_PAGE_LEN],
        const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN], char ret_why[static CW_SGX_WHY_LEN])
{
    ret_why[0] = '\0';
    uint32_t code = check_form(sigstruct, ret_why);
    if (code == SGX_OK) {
        code = check_signature(sigstruct, ret_why);
    }
    if (code == SGX_OK) {
        code = check_content(secs, sigstruct, ret_why);
    }
    if (code != SGX_OK) {
        return code;
    }
    if (SHA256(sigstruct + SGX_SIG_MODULUS, SGX_RSA_LEN, secs + SGX_SECS_MRSIGNER) == NULL) {
        return refuse(ret_why, SGX_INVALID_SIGNATURE, "SHA-256 failed: no memory");
    }
    memcpy(secs + SGX_SECS_ISVPRODID, sigstruct + SGX_SIG_ISVPRODID, 2);
    memcpy(secs + SGX_SECS_ISVSVN, sigstruct + SGX_SIG_ISVSVN, 2);
    memcpy(secs + CW_SGX_SECS_ISVFAMILYID, sigstruct + SGX_SIG_ISVFAMILYID, 16);
    memcpy(secs + CW_SGX_SECS_ISVEXTPRODID, sigstruct + SGX_SIG_ISVEXTPRODID, 16);
    secs[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_INIT;
    return SGX_OK;
}
