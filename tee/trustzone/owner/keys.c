/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/owner/keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/bytes.h"
#include "core/crypto/kdf.h"
#include "posix/file.h"
#include "posix/log.h"

#define PEM_FILE_MAX 65536u
#define COORDINATE_LEN 32u

static void key_of_wide(const uint8_t wide[static CW_P256_WIDE_LEN], struct cw_tz_key *ret_key)
{
    cw_p256_secret(wide, ret_key->secret);
    cw_p256_public(ret_key->secret, ret_key->point);
}

void cw_tz_key_of_device(const uint8_t secret[static CW_TZ_UDS_LEN], struct cw_tz_key *ret_key)
{
    static const char label[] = "cw1.tz.device";
    uint8_t prk[CW_SHA256_LEN];
    uint8_t wide[CW_P256_WIDE_LEN];
    cw_hkdf_extract(NULL, 0, secret, CW_TZ_UDS_LEN, prk);
    cw_hkdf_expand(prk, (const uint8_t *)label, sizeof label - 1, wide, sizeof wide);
    key_of_wide(wide, ret_key);
    cw_bytes_wipe(prk, sizeof prk);
    cw_bytes_wipe(wide, sizeof wide);
}

cw_status cw_tz_key_new(struct cw_tz_key *ret_key)
{
    uint8_t wide[CW_P256_WIDE_LEN];
    if (getrandom(wide, sizeof wide, 0) != (ssize_t)sizeof wide) {
        cw_log_error("there are no random bytes for a key");
        return CW_E_SYSTEM;
    }
    key_of_wide(wide, ret_key);
    cw_bytes_wipe(wide, sizeof wide);
    return CW_OK;
}

/* --- PEM ---------------------------------------------------------------------------------------- */

static EVP_PKEY *to_openssl(const struct cw_tz_key *key)
{
    uint8_t octets[1 + CW_P256_PUBLIC_LEN] = {POINT_CONVERSION_UNCOMPRESSED};
    EVP_PKEY *result = NULL;
    OSSL_PARAM *parameters = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BIGNUM *scalar = BN_secure_new();
    memcpy(octets + 1, key->point, CW_P256_PUBLIC_LEN);
    if (build != NULL && ctx != NULL && scalar != NULL &&
            BN_bin2bn(key->secret, sizeof key->secret, scalar) != NULL &&
            OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
            OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof octets) ==
                    1 &&
            OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1) {
        parameters = OSSL_PARAM_BLD_to_param(build);
    }
    if (parameters != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
        (void)EVP_PKEY_fromdata(ctx, &result, EVP_PKEY_KEYPAIR, parameters);
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(scalar);
    EVP_PKEY_CTX_free(ctx);
    return result;
}

static bool is_number(EVP_PKEY *key, const char *name, uint8_t ret_bytes[static COORDINATE_LEN])
{
    BIGNUM *number = NULL;
    const bool is_there = EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
            BN_bn2binpad(number, ret_bytes, COORDINATE_LEN) == (int)COORDINATE_LEN;
    BN_clear_free(number);
    return is_there;
}

/* The public half; false: it is of another group. */
static bool point_of(EVP_PKEY *key, uint8_t ret_point[static CW_P256_PUBLIC_LEN])
{
    char group[32] = "";
    size_t len = 0;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                   &len) == 1 &&
            strcmp(group, "prime256v1") == 0 &&
            is_number(key, OSSL_PKEY_PARAM_EC_PUB_X, ret_point) &&
            is_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, ret_point + COORDINATE_LEN);
}

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *buffer, int cap, int is_writing, void *ctx)
{
    (void)buffer;
    (void)cap;
    (void)is_writing;
    (void)ctx;
    return -1;
}

cw_status cw_tz_key_read(const char *path, struct cw_tz_key *ret_key)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    cw_status status = cw_file_check_private(path);
    if (status == CW_OK) {
        status = cw_file_read(path, PEM_FILE_MAX, &bytes, &len);
    }
    if (status != CW_OK) {
        return status;
    }
    BIO *bio = BIO_new_mem_buf(bytes, (int)len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    cw_bytes_wipe(bytes, len);
    free(bytes);
    if (key == NULL || !point_of(key, ret_key->point) ||
            !is_number(key, OSSL_PKEY_PARAM_PRIV_KEY, ret_key->secret)) {
        cw_log_error("%s" CW_AT ": found no private key of P-256 without a passphrase, in PEM"
                     CW_REMEDY ": `openssl ecparam -name prime256v1 -genkey -noout` makes one",
                path);
        status = CW_E_FORM;
    }
    EVP_PKEY_free(key);
    return status;
}

/* NAME.pub.pem beside NAME.pem; else .pub.pem is added. */
static char *public_path(const char *path)
{
    const size_t len = strlen(path);
    const size_t stem = len > 4 && strcmp(path + len - 4, ".pem") == 0 ? len - 4 : len;
    char *name = NULL;
    return asprintf(&name, "%.*s.pub.pem", (int)stem, path) < 0 ? NULL : name;
}

static cw_status write_new(const char *path, BIO *bio, unsigned mode)
{
    char *text = NULL;
    const long len = BIO_get_mem_data(bio, &text);
    const struct cw_file_part whole = {.bytes = text, .len = len > 0 ? (size_t)len : 0};
    const cw_status status = cw_file_write_parts(path, &whole, 1, whole.len, mode, false);
    if (status == CW_E_STATE) {
        cw_log_error("%s" CW_AT ": there is such a file, which stays" CW_REMEDY
                     ": name the manufacturer's key by --manufacturer",
                path);
    }
    return status;
}

cw_status cw_tz_key_write(const char *path, const struct cw_tz_key *key)
{
    char *public_name = public_path(path);
    EVP_PKEY *pair = to_openssl(key);
    BIO *private_half = BIO_new(BIO_s_secmem());
    BIO *public_half = BIO_new(BIO_s_mem());
    cw_status status = CW_E_SYSTEM;
    if (public_name != NULL && pair != NULL && private_half != NULL && public_half != NULL &&
            PEM_write_bio_PKCS8PrivateKey(private_half, pair, NULL, NULL, 0, NULL, NULL) == 1 &&
            PEM_write_bio_PUBKEY(public_half, pair) == 1) {
        status = write_new(path, private_half, 0600);
        if (status == CW_OK) {
            status = write_new(public_name, public_half, 0644);
        }
    } else {
        cw_log_error("%s" CW_AT ": OpenSSL cannot write a key", path);
    }
    BIO_free(public_half);
    BIO_free(private_half);
    EVP_PKEY_free(pair);
    free(public_name);
    return status;
}

size_t cw_tz_key_points(const void *pem, size_t len,
        uint8_t (*ret_points)[CW_P256_PUBLIC_LEN], size_t cap)
{
    size_t count = 0;
    BIO *bio = len > PEM_FILE_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    while (key != NULL) {
        uint8_t point[CW_P256_PUBLIC_LEN];
        if (point_of(key, point)) {
            if (count < cap) {
                memcpy(ret_points[count], point, sizeof point);
            }
            count++;
        }
        EVP_PKEY_free(key);
        key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    }
    BIO_free(bio);
    return count;
}
