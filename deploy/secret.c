/* SPDX-License-Identifier: MIT */
#include "deploy/secret.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/bytes.h"
#include "posix/file.h"
#include "posix/log.h"

#define VERSION 1u
#define NONCE_LEN 12u
#define TAG_LEN 16u

void cw_secret_random(void *ret_bytes, size_t len)
{
    uint8_t *to = ret_bytes;
    while (len > 0) {
        ssize_t n = getrandom(to, len, 0);
        if (n <= 0) {
            cw_log_error("the system has no random bytes");
            exit(1);
        }
        to += n;
        len -= (size_t)n;
    }
}

void cw_hex_put(const uint8_t *bytes, size_t len, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * len] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

cw_status cw_hex_get(const char *text, uint8_t *ret_bytes, size_t len)
{
    if (strlen(text) != 2 * len) {
        return CW_E_FORM;
    }
    for (size_t i = 0; i < len; i++) {
        int high = digit(text[2 * i]);
        int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return CW_E_FORM;
        }
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return CW_OK;
}

static cw_status make_key(const char *path, uint8_t ret_key[static CW_SECRET_KEY_LEN])
{
    char text[2 * CW_SECRET_KEY_LEN + 2];
    cw_secret_random(ret_key, CW_SECRET_KEY_LEN);
    cw_hex_put(ret_key, CW_SECRET_KEY_LEN, text);
    text[2 * CW_SECRET_KEY_LEN] = '\n';
    cw_status status = cw_file_write(path, text, 2 * CW_SECRET_KEY_LEN + 1, 0600);
    cw_bytes_wipe(text, sizeof text);
    return status;
}

cw_status cw_secret_key_load(const char *path, uint8_t ret_key[static CW_SECRET_KEY_LEN])
{
    cw_status status = cw_file_check_private(path);
    if (status == CW_E_ABSENT) {
        return make_key(path, ret_key);
    }
    if (status != CW_OK) {
        return status;
    }
    uint8_t *text;
    size_t len;
    status = cw_file_read(path, 4096, &text, &len);
    if (status != CW_OK) {
        return status;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        text[--len] = 0;
    }
    status = cw_hex_get((const char *)text, ret_key, CW_SECRET_KEY_LEN);
    if (status != CW_OK) {
        cw_log_error("%s" CW_AT " is not a key of %u hexadecimal digits" CW_REMEDY ": put the "
                "right file there", path,
                2 * CW_SECRET_KEY_LEN);
    }
    cw_bytes_wipe(text, len);
    free(text);
    return status;
}

cw_status cw_secret_seal(const uint8_t key[static CW_SECRET_KEY_LEN], const char *where,
        const void *bytes, size_t len, uint8_t *ret_sealed)
{
    uint8_t *nonce = ret_sealed + 1;
    uint8_t *body = nonce + NONCE_LEN;
    ret_sealed[0] = VERSION;
    cw_secret_random(nonce, NONCE_LEN);
    int out_len = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool done = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
            EVP_EncryptUpdate(ctx, NULL, &out_len, (const uint8_t *)where, (int)strlen(where)) ==
                    1 &&
            EVP_EncryptUpdate(ctx, body, &out_len, bytes, (int)len) == 1 &&
            EVP_EncryptFinal_ex(ctx, body + len, &out_len) == 1 &&
            EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, body + len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!done) {
        cw_log_error("cannot seal a secret of %s", where);
        return CW_E_SYSTEM;
    }
    return CW_OK;
}

cw_status cw_secret_open(const uint8_t key[static CW_SECRET_KEY_LEN], const char *where,
        const uint8_t *sealed, size_t len, void *ret_bytes)
{
    if (len < CW_SECRET_OVERHEAD || sealed[0] != VERSION) {
        return CW_E_AUTH;
    }
    size_t body_len = len - CW_SECRET_OVERHEAD;
    const uint8_t *nonce = sealed + 1;
    const uint8_t *body = nonce + NONCE_LEN;
    uint8_t tag[TAG_LEN];
    memcpy(tag, body + body_len, TAG_LEN);
    int out_len = 0;
    uint8_t *to = ret_bytes;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool done = ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
            EVP_DecryptUpdate(ctx, NULL, &out_len, (const uint8_t *)where, (int)strlen(where)) ==
                    1 &&
            EVP_DecryptUpdate(ctx, to, &out_len, body, (int)body_len) == 1 &&
            EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) == 1 &&
            EVP_DecryptFinal_ex(ctx, to + body_len, &out_len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!done) {
        memset(ret_bytes, 0, body_len);
        return CW_E_AUTH;
    }
    return CW_OK;
}
