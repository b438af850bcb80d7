/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  DER is written from its end to its beginning: the length of what is
 * inside is known when the header of the outside is due.  Fixed parts are constants.
 */
#include "services/web/client/certificate.h"

#include <stdbool.h>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"

#define SEQUENCE 0x30
#define SET 0x31
#define INTEGER 0x02
#define BIT_STRING 0x03
#define OCTET_STRING 0x04
#define UTF8_STRING 0x0c

/* The bytes from at on are written; what does not fit sets at to 0 for good. */
struct der {
    uint8_t *bytes;
    size_t end;
    size_t at;
    bool is_full;
};

static void put(struct der *d, const void *bytes, size_t len)
{
    if (len > d->at) {
        d->is_full = true;
        return;
    }
    d->at -= len;
    cw_bytes_copy(d->bytes + d->at, bytes, len);
}

static void put_u8(struct der *d, uint8_t byte)
{
    put(d, &byte, 1);
}

/* The header of what was written since the cursor stood at `before`. */
static void wrap(struct der *d, uint8_t tag, size_t before)
{
    size_t len = before - d->at;
    put_u8(d, (uint8_t)len);
    if (len > 255) {
        put_u8(d, (uint8_t)(len >> 8));
        put_u8(d, 0x82);
    } else if (len > 127) {
        put_u8(d, 0x81);
    }
    put_u8(d, tag);
}

static void put_value(struct der *d, uint8_t tag, const void *bytes, size_t len)
{
    size_t before = d->at;
    put(d, bytes, len);
    wrap(d, tag, before);
}

/* SEQUENCE { ecdsa-with-SHA256 } */
static const uint8_t signature_algorithm[] = {
        0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

/* SEQUENCE { id-ecPublicKey, prime256v1 } */
static const uint8_t key_algorithm[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
        0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

/* 2020-01-01 to 9999-12-31, "no well-defined end" of RFC 5280. */
static const char validity[] = "\x30\x20\x17\x0d" "200101000000Z" "\x18\x0f" "99991231235959Z";

/* basicConstraints, critical: CA:FALSE; keyUsage, critical: digitalSignature; serverAuth. */
static const uint8_t constraints[] = {
        0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00,
        0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80,
        0x30, 0x13, 0x06, 0x03, 0x55, 0x1d, 0x25, 0x04, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01,
        0x05, 0x05, 0x07, 0x03, 0x01};

static const uint8_t common_name[] = {0x06, 0x03, 0x55, 0x04, 0x03};
static const uint8_t alternative_name[] = {0x06, 0x03, 0x55, 0x1d, 0x11};
static const uint8_t version[] = {0xa0, 0x03, 0x02, 0x01, 0x02};

#define NAME_DNS 0x82
#define NAME_ADDRESS 0x87

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Labels of letters, digits and inner hyphens, joined by single dots. */
static bool is_host_name(const char *name, size_t len)
{
    char before = '.';
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool is_edge = before == '.' || before == '-';
        if (!is_letter_or_digit(c) && (c != '-' || before == '.') && (c != '.' || is_edge)) {
            return false;
        }
        before = c;
    }
    return is_letter_or_digit(before);
}

static bool is_address(const char *name, size_t len, uint8_t ret_address[static 4])
{
    size_t part = 0;
    unsigned value = 0;
    unsigned digits = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && name[i] >= '0' && name[i] <= '9') {
            value = value * 10u + (unsigned)(name[i] - '0');
            digits++;
            if (digits > 3 || value > 255) {
                return false;
            }
            continue;
        }
        if ((i < len && name[i] != '.') || digits == 0 || part == 4) {
            return false;
        }
        ret_address[part] = (uint8_t)value;
        part++;
        value = 0;
        digits = 0;
    }
    return part == 4;
}

/* SEQUENCE { SET { SEQUENCE { commonName, UTF8String } } } */
static void put_distinguished_name(struct der *d, const char *name, size_t len)
{
    size_t before = d->at;
    put_value(d, UTF8_STRING, name, len);
    put(d, common_name, sizeof common_name);
    wrap(d, SEQUENCE, before);
    wrap(d, SET, before);
    wrap(d, SEQUENCE, before);
}

static void put_alternative_name(struct der *d, const char *name, size_t len)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    static const uint8_t loopback4[4] = {127, 0, 0, 1};
    uint8_t address[4];
    size_t before = d->at;
    if (len == 0) {
        put_value(d, NAME_ADDRESS, loopback6, sizeof loopback6);
        put_value(d, NAME_ADDRESS, loopback4, sizeof loopback4);
        put_value(d, NAME_DNS, "localhost", 9);
    } else if (is_address(name, len, address)) {
        put_value(d, NAME_ADDRESS, address, sizeof address);
    } else {
        put_value(d, NAME_DNS, name, len);
    }
    wrap(d, SEQUENCE, before);
    wrap(d, OCTET_STRING, before);
    put(d, alternative_name, sizeof alternative_name);
    wrap(d, SEQUENCE, before);
}

static void put_key(struct der *d, const struct cw_ecdsa_key *key)
{
    size_t before = d->at;
    put(d, key->public_point, sizeof key->public_point);
    put_u8(d, 0); /* no unused bits */
    wrap(d, BIT_STRING, before);
    put(d, key_algorithm, sizeof key_algorithm);
    wrap(d, SEQUENCE, before);
}

/* What is signed. */
static void put_content(struct der *d, const struct cw_ecdsa_key *key, const char *name,
        size_t len, const uint8_t serial[static CW_CERTIFICATE_SERIAL_LEN])
{
    size_t before = d->at;
    const char *subject = len == 0 ? "localhost" : name;
    size_t subject_len = len == 0 ? 9 : len;
    put_alternative_name(d, name, len);
    put(d, constraints, sizeof constraints);
    wrap(d, SEQUENCE, before);
    wrap(d, 0xa3, before);
    put_key(d, key);
    put_distinguished_name(d, subject, subject_len);
    put(d, validity, sizeof validity - 1);
    put_distinguished_name(d, subject, subject_len);
    put(d, signature_algorithm, sizeof signature_algorithm);
    uint8_t positive[CW_CERTIFICATE_SERIAL_LEN];
    cw_bytes_copy(positive, serial, sizeof positive);
    positive[0] = (uint8_t)((positive[0] & 0x3f) | 0x40);
    put_value(d, INTEGER, positive, sizeof positive);
    put(d, version, sizeof version);
    wrap(d, SEQUENCE, before);
}

cw_status cw_certificate_make(const struct cw_ecdsa_key *key, const char *name, size_t name_len,
        const uint8_t serial[static CW_CERTIFICATE_SERIAL_LEN],
        uint8_t ret_der[static CW_CERTIFICATE_MAX], size_t *ret_der_len)
{
    uint8_t address[4];
    if (name_len > CW_CERTIFICATE_NAME_MAX) {
        return CW_E_SPACE;
    }
    if (name_len > 0 && !is_address(name, name_len, address) && !is_host_name(name, name_len)) {
        return CW_E_FORM;
    }
    uint8_t bytes[CW_CERTIFICATE_MAX];
    struct der content = {.bytes = bytes, .end = sizeof bytes, .at = sizeof bytes};
    put_content(&content, key, name, name_len, serial);

    uint8_t hash[CW_SHA256_LEN];
    uint8_t signature[CW_ECDSA_SIGNATURE_MAX];
    cw_sha256(bytes + content.at, content.end - content.at, hash);
    size_t signature_len = cw_ecdsa_sign(key, hash, signature);

    struct der d = {.bytes = ret_der, .end = CW_CERTIFICATE_MAX, .at = CW_CERTIFICATE_MAX};
    put(&d, signature, signature_len);
    put_u8(&d, 0);
    wrap(&d, BIT_STRING, d.end);
    put(&d, signature_algorithm, sizeof signature_algorithm);
    put(&d, bytes + content.at, content.end - content.at);
    wrap(&d, SEQUENCE, d.end);
    if (content.is_full || d.is_full || signature_len == 0) {
        return CW_E_SPACE;
    }
    size_t len = d.end - d.at;
    for (size_t i = 0; i < len; i++) {
        ret_der[i] = ret_der[d.at + i];
    }
    *ret_der_len = len;
    return CW_OK;
}

/* --- PEM -------------------------------------------------------------------------------------------- */

static char digit_of(uint32_t six_bits)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return digits[six_bits & 0x3f];
}

void cw_certificate_pem(const uint8_t *der, size_t der_len, char *ret_pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    static const char end[] = "-----END CERTIFICATE-----\n";
    size_t at = sizeof begin - 1;
    size_t column = 0;
    cw_bytes_copy(ret_pem, begin, at);
    for (size_t i = 0; i < der_len; i += 3) {
        size_t left = der_len - i;
        uint32_t three = (uint32_t)der[i] << 16;
        three |= left > 1 ? (uint32_t)der[i + 1] << 8 : 0;
        three |= left > 2 ? der[i + 2] : 0;
        ret_pem[at] = digit_of(three >> 18);
        ret_pem[at + 1] = digit_of(three >> 12);
        ret_pem[at + 2] = left > 1 ? digit_of(three >> 6) : '=';
        ret_pem[at + 3] = left > 2 ? digit_of(three) : '=';
        at += 4;
        column += 4;
        if (column == 64) {
            ret_pem[at] = '\n';
            at++;
            column = 0;
        }
    }
    if (column > 0) {
        ret_pem[at] = '\n';
        at++;
    }
    cw_bytes_copy(ret_pem + at, end, sizeof end - 1);
}
