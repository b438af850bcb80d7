/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/sign.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tee/sgx/owner/stream.h"

#define KEY_BITS 3072
#define EXPONENT 3u
#define SIGNED_LEN (SGX_SIG_SIGNED1_LEN + SGX_SIG_SIGNED2_LEN)
#define DATE_DEFAULT 0x20260101u /* BCD; the same image has the same bytes on any day */

static const uint8_t header1[16] = {6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0};
static const uint8_t header2[16] = {1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0};

cw_status cw_sigstruct_key(uint8_t *ret_key, size_t cap, size_t *ret_len)
{
    cw_status status = CW_E_SYSTEM;
    EVP_PKEY *key = NULL;
    uint8_t *der = NULL;
    BIGNUM *exponent = BN_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    if (exponent != NULL && ctx != NULL && BN_set_word(exponent, EXPONENT) == 1 &&
            EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, KEY_BITS) == 1 &&
            EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent) == 1 &&
            EVP_PKEY_keygen(ctx, &key) == 1) {
        PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
        const int len = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
        PKCS8_PRIV_KEY_INFO_free(info);
        if (len > 0 && (size_t)len <= cap) {
            memcpy(ret_key, der, (size_t)len);
            *ret_len = (size_t)len;
            status = CW_OK;
        }
        OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
    }
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
    BN_free(exponent);
    return status;
}

/* --- the numbers ---------------------------------------- */

static void signed_bytes(const uint8_t *sigstruct, uint8_t ret_bytes[static SIGNED_LEN])
{
    memcpy(ret_bytes, sigstruct, SGX_SIG_SIGNED1_LEN);
    memcpy(ret_bytes + SGX_SIG_SIGNED1_LEN, sigstruct + SGX_SIG_SIGNED2, SGX_SIG_SIGNED2_LEN);
}

/* Q1 = floor(S^2 / M), Q2 = floor(S (S^2 mod M) / M): with them the CPU needs no division. */
static bool put_quotients(const BIGNUM *s, const BIGNUM *m, uint8_t *ret_q1, uint8_t *ret_q2)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *product = BN_new();
    BIGNUM *quotient = BN_new();
    BIGNUM *rest = BN_new();
    bool is_done = ctx != NULL && product != NULL && quotient != NULL && rest != NULL &&
            BN_sqr(product, s, ctx) == 1 && BN_div(quotient, rest, product, m, ctx) == 1 &&
            BN_bn2lebinpad(quotient, ret_q1, SGX_RSA_LEN) == SGX_RSA_LEN &&
            BN_mul(product, s, rest, ctx) == 1 && BN_div(quotient, rest, product, m, ctx) == 1 &&
            BN_bn2lebinpad(quotient, ret_q2, SGX_RSA_LEN) == SGX_RSA_LEN;
    BN_free(rest);
    BN_free(quotient);
    BN_free(product);
    BN_CTX_free(ctx);
    return is_done;
}

/* --- signing ---------------------------------------- */

static uint32_t bcd(unsigned number, unsigned digits)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < digits; i++, number /= 10) {
        value |= (uint32_t)(number % 10) << 4 * i;
    }
    return value;
}

static uint32_t date_of_today(void)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    const long long seconds = epoch == NULL ? -1 : strtoll(epoch, &end, 10);
    const time_t when = (time_t)seconds;
    struct tm day;
    if (seconds < 0 || *end != '\0' || gmtime_r(&when, &day) == NULL || day.tm_year > 8099) {
        return DATE_DEFAULT;
    }
    return bcd((unsigned)day.tm_year + 1900, 4) << 16 | bcd((unsigned)day.tm_mon + 1, 2) << 8 |
            bcd((unsigned)day.tm_mday, 2);
}

static void fill(const struct cw_sigstruct_wish *wish, uint8_t *sig)
{
    memset(sig, 0, SGX_SIGSTRUCT_LEN);
    memcpy(sig + SGX_SIG_HEADER, header1, sizeof header1);
    cw_sgxs_put(sig + SGX_SIG_DATE, date_of_today(), 4);
    memcpy(sig + SGX_SIG_HEADER2, header2, sizeof header2);
    cw_sgxs_put(sig + SGX_SIG_EXPONENT, EXPONENT, 4);
    cw_sgxs_put(sig + SGX_SIG_MISCMASK, 0xffffffff, 4);
    sig[SGX_SIG_CET + 1] = 0xff;
    cw_sgxs_put(sig + SGX_SIG_ATTRIBUTES, SGX_ATTR_MODE64BIT, 8);
    cw_sgxs_put(sig + SGX_SIG_ATTRIBUTES + 8, SGX_XFRM_LEGACY, 8);
    memset(sig + SGX_SIG_ATTRIBUTEMASK, 0xff, SGX_ATTRIBUTES_LEN);
    memcpy(sig + SGX_SIG_ENCLAVEHASH, wish->mrenclave, SGX_HASH_LEN);
    cw_sgxs_put(sig + SGX_SIG_ISVPRODID, wish->product, 2);
    cw_sgxs_put(sig + SGX_SIG_ISVSVN, wish->version, 2);
}

static EVP_PKEY *key_of(const uint8_t *der, size_t len)
{
    const uint8_t *at = der;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)len);
    BIGNUM *e = NULL;
    const bool is_right = key != NULL && EVP_PKEY_is_a(key, "RSA") == 1 &&
            EVP_PKEY_get_bits(key) == KEY_BITS &&
            EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
            BN_is_word(e, EXPONENT) == 1;
    BN_free(e);
    if (!is_right) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static bool sign(EVP_PKEY *key, uint8_t *sig)
{
    uint8_t message[SIGNED_LEN];
    uint8_t signature[SGX_RSA_LEN];
    size_t len = sizeof signature;
    BIGNUM *m = NULL;
    BIGNUM *s = NULL;
    signed_bytes(sig, message);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_done = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestSign(ctx, signature, &len, message, sizeof message) == 1 &&
            len == sizeof signature &&
            EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &m) == 1;
    s = is_done ? BN_bin2bn(signature, sizeof signature, NULL) : NULL;
    is_done = s != NULL && BN_bn2lebinpad(m, sig + SGX_SIG_MODULUS, SGX_RSA_LEN) == SGX_RSA_LEN &&
            BN_bn2lebinpad(s, sig + SGX_SIG_SIGNATURE, SGX_RSA_LEN) == SGX_RSA_LEN &&
            put_quotients(s, m, sig + SGX_SIG_Q1, sig + SGX_SIG_Q2);
    EVP_MD_CTX_free(ctx);
    BN_free(s);
    BN_free(m);
    return is_done;
}

cw_status cw_sigstruct_sign(const uint8_t *key, size_t key_len,
        const struct cw_sigstruct_wish *wish, uint8_t ret_sigstruct[static SGX_SIGSTRUCT_LEN],
        char ret_why[static CW_SIGSTRUCT_WHY_LEN])
{
    uint8_t sig[SGX_SIGSTRUCT_LEN];
    EVP_PKEY *pkey = key_of(key, key_len);
    if (pkey == NULL) {
        (void)snprintf(ret_why, CW_SIGSTRUCT_WHY_LEN,
                "the signing key is not RSA of 3072 bits with the exponent 3, in DER");
        return CW_E_FORM;
    }
    fill(wish, sig);
    const bool is_signed = sign(pkey, sig);
    EVP_PKEY_free(pkey);
    if (!is_signed) {
        (void)snprintf(ret_why, CW_SIGSTRUCT_WHY_LEN, "the signature cannot be made");
        return CW_E_SYSTEM;
    }
    const cw_status status = cw_sigstruct_check(sig, ret_why);
    if (status == CW_OK) {
        memcpy(ret_sigstruct, sig, sizeof sig);
    }
    return status;
}

/* --- checking ---------------------------------------- */

static EVP_PKEY *public_key(const BIGNUM *modulus)
{
    EVP_PKEY *key = NULL;
    BIGNUM *e = BN_new();
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (e != NULL && builder != NULL && ctx != NULL && BN_set_word(e, EXPONENT) == 1 &&
            OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
            OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        params = OSSL_PARAM_BLD_to_param(builder);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
            EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(ctx);
    BN_free(e);
    return key;
}

static bool is_zero(const uint8_t *at, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++) {
        all |= at[i];
    }
    return all == 0;
}

static const char *wrong_field(const uint8_t *sig)
{
    const uint32_t vendor = cw_sgxs_u32(sig + SGX_SIG_VENDOR);
    if (memcmp(sig + SGX_SIG_HEADER, header1, sizeof header1) != 0) {
        return "HEADER is not that of a SIGSTRUCT";
    }
    if (memcmp(sig + SGX_SIG_HEADER2, header2, sizeof header2) != 0) {
        return "HEADER2 is not that of a SIGSTRUCT";
    }
    if (vendor != 0 && vendor != 0x8086) {
        return "VENDOR is neither 0 nor 0x8086";
    }
    if (cw_sgxs_u32(sig + SGX_SIG_EXPONENT) != EXPONENT) {
        return "EXPONENT is not 3";
    }
    if (!is_zero(sig + SGX_SIG_RESERVED1, SGX_SIG_MODULUS - SGX_SIG_RESERVED1) ||
            !is_zero(sig + SGX_SIG_RESERVED2, 2) || !is_zero(sig + SGX_SIG_RESERVED3, 16) ||
            !is_zero(sig + SGX_SIG_RESERVED4, 12)) {
        return "reserved bytes are not 0";
    }
    return NULL;
}

static bool is_signed(const uint8_t *sig, const BIGNUM *m, const BIGNUM *s)
{
    uint8_t message[SIGNED_LEN];
    uint8_t signature[SGX_RSA_LEN];
    signed_bytes(sig, message);
    EVP_PKEY *key = public_key(m);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool is_right = key != NULL && ctx != NULL &&
            BN_bn2binpad(s, signature, sizeof signature) == (int)sizeof signature &&
            EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestVerify(ctx, signature, sizeof signature, message, sizeof message) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return is_right;
}

cw_status cw_sigstruct_check(const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN],
        char ret_why[static CW_SIGSTRUCT_WHY_LEN])
{
    const char *wrong = wrong_field(sigstruct);
    if (wrong != NULL) {
        (void)snprintf(ret_why, CW_SIGSTRUCT_WHY_LEN, "%s", wrong);
        return CW_E_FORM;
    }
    uint8_t q[2][SGX_RSA_LEN];
    BIGNUM *m = BN_lebin2bn(sigstruct + SGX_SIG_MODULUS, SGX_RSA_LEN, NULL);
    BIGNUM *s = BN_lebin2bn(sigstruct + SGX_SIG_SIGNATURE, SGX_RSA_LEN, NULL);
    cw_status status = CW_OK;
    if (m == NULL || s == NULL || BN_num_bits(m) != KEY_BITS || BN_is_odd(m) == 0) {
        wrong = "MODULUS is no number of 3072 bits";
        status = CW_E_FORM;
    } else if (BN_cmp(s, m) >= 0 || !is_signed(sigstruct, m, s)) {
        wrong = "the signature is wrong: it was changed after it was signed";
        status = CW_E_AUTH;
    } else if (!put_quotients(s, m, q[0], q[1]) ||
            memcmp(q[0], sigstruct + SGX_SIG_Q1, SGX_RSA_LEN) != 0 ||
            memcmp(q[1], sigstruct + SGX_SIG_Q2, SGX_RSA_LEN) != 0) {
        wrong = "Q1 or Q2 does not belong to the signature: a CPU refuses it";
        status = CW_E_AUTH;
    }
    BN_free(s);
    BN_free(m);
    (void)snprintf(ret_why, CW_SIGSTRUCT_WHY_LEN, "%s", wrong != NULL ? wrong : "");
    return status;
}

void cw_sigstruct_signer(const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN],
        uint8_t ret_mrsigner[static SGX_HASH_LEN])
{
    if (EVP_Digest(sigstruct + SGX_SIG_MODULUS, SGX_RSA_LEN, ret_mrsigner, NULL, EVP_sha256(),
                NULL) != 1) {
        memset(ret_mrsigner, 0, SGX_HASH_LEN);
    }
}
