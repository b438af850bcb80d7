/* SPDX-License-Identifier: MIT */
#include "tests/support/sgx_image.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "sgx_image: %s failed\n", what);
        abort();
    }
}

static void put(uint8_t *at, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* --- records ------------------------------------------------------------------------------------ */

static uint8_t *grow(struct sgx_stream *s, size_t len)
{
    s->bytes = realloc(s->bytes, s->len + len);
    must(s->bytes != NULL, "memory");
    uint8_t *at = s->bytes + s->len;
    memset(at, 0, len);
    s->len += len;
    return at;
}

void sgx_stream_ecreate(struct sgx_stream *s, uint64_t len, uint32_t ssa_frame_pages)
{
    uint8_t *header = grow(s, 64);
    memcpy(header, "ECREATE", 7);
    put(header + 8, ssa_frame_pages, 4);
    put(header + 12, len, 8);
}

void sgx_stream_eadd(struct sgx_stream *s, uint64_t offset, uint64_t secinfo)
{
    uint8_t *header = grow(s, 64);
    memcpy(header, "EADD", 4);
    put(header + 8, offset, 8);
    put(header + 16, secinfo, 8);
}

static void add_chunk(struct sgx_stream *s, const char *tag, uint64_t offset, const uint8_t *chunk)
{
    uint8_t *header = grow(s, 64 + SGX_CHUNK_LEN);
    memcpy(header, tag, strlen(tag));
    put(header + 8, offset, 8);
    memcpy(header + 64, chunk, SGX_CHUNK_LEN);
}

void sgx_stream_eextend(struct sgx_stream *s, uint64_t offset,
        const uint8_t chunk[static SGX_CHUNK_LEN])
{
    add_chunk(s, "EEXTEND", offset, chunk);
}

void sgx_stream_unmeasured(struct sgx_stream *s, uint64_t offset,
        const uint8_t chunk[static SGX_CHUNK_LEN])
{
    add_chunk(s, "UNMEASRD", offset, chunk);
}

/* --- pages -------------------------------------------------------------------------------------- */

void sgx_stream_page(struct sgx_stream *s, uint64_t offset, uint64_t secinfo, const uint8_t *bytes,
        uint16_t measured)
{
    static const uint8_t zeros[SGX_PAGE_LEN];
    const uint8_t *from = bytes != NULL ? bytes : zeros;
    sgx_stream_eadd(s, offset, secinfo);
    for (unsigned i = 0; i < SGX_PAGE_LEN / SGX_CHUNK_LEN; i++) {
        const uint8_t *chunk = from + i * SGX_CHUNK_LEN;
        if ((measured >> i & 1) != 0) {
            sgx_stream_eextend(s, offset + i * SGX_CHUNK_LEN, chunk);
        } else if (bytes != NULL) {
            sgx_stream_unmeasured(s, offset + i * SGX_CHUNK_LEN, chunk);
        }
    }
}

void sgx_stream_tcs(struct sgx_stream *s, uint64_t offset, const struct sgx_tcs *tcs)
{
    uint8_t page[SGX_PAGE_LEN] = {0};
    put(page + SGX_TCS_OSSA, tcs->ossa, 8);
    put(page + SGX_TCS_NSSA, tcs->nssa, 4);
    put(page + SGX_TCS_OENTRY, tcs->oentry, 8);
    put(page + SGX_TCS_OFSBASE, tcs->ofsbase, 8);
    put(page + SGX_TCS_OGSBASE, tcs->ogsbase, 8);
    put(page + SGX_TCS_FSLIMIT, SGX_TCS_LIMIT_ALL, 4);
    put(page + SGX_TCS_GSLIMIT, SGX_TCS_LIMIT_ALL, 4);
    sgx_stream_page(s, offset, SGX_SECINFO_TCS, page, SGX_ALL_CHUNKS);
}

void sgx_stream_free(struct sgx_stream *s)
{
    free(s->bytes);
    *s = (struct sgx_stream){0};
}

void sgx_stream_mrenclave(const struct sgx_stream *s, uint8_t ret_hash[static SGX_HASH_LEN])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    must(hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1, "SHA-256");
    for (size_t at = 0; at < s->len;) {
        bool is_unmeasured = memcmp(s->bytes + at, "UNMEASRD", 8) == 0;
        bool has_chunk = is_unmeasured || memcmp(s->bytes + at, "EEXTEND", 8) == 0;
        size_t len = has_chunk ? 64 + SGX_CHUNK_LEN : 64;
        must(s->len - at >= len, "a whole stream");
        if (!is_unmeasured) {
            must(EVP_DigestUpdate(hash, s->bytes + at, len) == 1, "SHA-256");
        }
        at += len;
    }
    must(EVP_DigestFinal_ex(hash, ret_hash, NULL) == 1, "SHA-256");
    EVP_MD_CTX_free(hash);
}

/* --- SIGSTRUCT ---------------------------------------------------------------------------------- */

static EVP_PKEY *load_key(const char *path)
{
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    must(key != NULL, path);
    return key;
}

static void sign_bytes(EVP_PKEY *key, const uint8_t *message, size_t message_len,
        uint8_t ret_signature[SGX_RSA_LEN])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = SGX_RSA_LEN;
    must(ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                    EVP_DigestSign(ctx, ret_signature, &len, message, message_len) == 1 &&
                    len == SGX_RSA_LEN,
            "signing");
    EVP_MD_CTX_free(ctx);
}

void sgx_sign_again(uint8_t sigstruct[static SGX_SIGSTRUCT_LEN], const char *key)
{
    EVP_PKEY *pkey = load_key(key);
    BIGNUM *m = NULL;
    BIGNUM *product = BN_new();
    BIGNUM *quotient = BN_new();
    BIGNUM *rest = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    uint8_t message[256];
    uint8_t signature[SGX_RSA_LEN];
    memcpy(message, sigstruct, 128);
    memcpy(message + 128, sigstruct + 900, 128);
    sign_bytes(pkey, message, sizeof message, signature);
    BIGNUM *s = BN_bin2bn(signature, sizeof signature, NULL);
    must(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &m) == 1 && product != NULL &&
                    quotient != NULL && rest != NULL && ctx != NULL && s != NULL,
            "the key");
    must(BN_bn2lebinpad(m, sigstruct + SGX_SIG_MODULUS, SGX_RSA_LEN) == SGX_RSA_LEN, "the modulus");
    must(BN_bn2lebinpad(s, sigstruct + SGX_SIG_SIGNATURE, SGX_RSA_LEN) == SGX_RSA_LEN, "signing");
    must(BN_sqr(product, s, ctx) == 1 && BN_div(quotient, rest, product, m, ctx) == 1, "Q1");
    must(BN_bn2lebinpad(quotient, sigstruct + SGX_SIG_Q1, SGX_RSA_LEN) == SGX_RSA_LEN, "Q1");
    must(BN_mul(product, s, rest, ctx) == 1 && BN_div(quotient, NULL, product, m, ctx) == 1, "Q2");
    must(BN_bn2lebinpad(quotient, sigstruct + SGX_SIG_Q2, SGX_RSA_LEN) == SGX_RSA_LEN, "Q2");
    BN_free(s);
    BN_free(m);
    BN_free(product);
    BN_free(quotient);
    BN_free(rest);
    BN_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

void sgx_sign(const struct sgx_stream *s, const struct sgx_identity *identity, const char *key,
        uint8_t ret_sigstruct[static SGX_SIGSTRUCT_LEN])
{
    static const uint8_t header[16] = {6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1};
    static const uint8_t header2[16] = {1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1};
    uint8_t *sig = ret_sigstruct;
    memset(sig, 0, SGX_SIGSTRUCT_LEN);
    memcpy(sig + SGX_SIG_HEADER, header, sizeof header);
    memcpy(sig + SGX_SIG_HEADER2, header2, sizeof header2);
    put(sig + SGX_SIG_VENDOR, identity->vendor, 4);
    put(sig + SGX_SIG_DATE, identity->date, 4);
    put(sig + SGX_SIG_EXPONENT, 3, 4);
    put(sig + SGX_SIG_MISCSELECT, identity->miscselect, 4);
    put(sig + SGX_SIG_MISCMASK, identity->miscmask, 4);
    memcpy(sig + SGX_SIG_ISVFAMILYID, identity->family_id, 16);
    put(sig + SGX_SIG_ATTRIBUTES, identity->attributes, 8);
    put(sig + SGX_SIG_ATTRIBUTES + 8, identity->xfrm, 8);
    put(sig + SGX_SIG_ATTRIBUTEMASK, identity->attribute_mask, 8);
    put(sig + SGX_SIG_ATTRIBUTEMASK + 8, identity->xfrm_mask, 8);
    sgx_stream_mrenclave(s, sig + SGX_SIG_ENCLAVEHASH);
    memcpy(sig + SGX_SIG_ISVEXTPRODID, identity->ext_prodid, 16);
    put(sig + SGX_SIG_ISVPRODID, identity->prodid, 2);
    put(sig + SGX_SIG_ISVSVN, identity->svn, 2);
    sgx_sign_again(sig, key);
}
