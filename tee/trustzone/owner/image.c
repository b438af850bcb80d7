/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/owner/image.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "core/wire/reader.h"
#include "core/wire/writer.h"

#define PAGE 0x1000u
#define NAME_LEN 32u

static cw_status say(char *ret_why, cw_status status, const char *what)
{
    (void)snprintf(ret_why, CW_TZ_IMAGE_WHY_LEN, "%s", what);
    return status;
}

static uint64_t pages_len(uint64_t len)
{
    return (len + PAGE - 1) / PAGE * PAGE;
}

static cw_status check(const struct cw_tz_image_content *content, char *ret_why)
{
    const struct cw_tz_image_wish *wish = &content->wish;
    const uint64_t len = pages_len(content->parts[0].len) + pages_len(content->parts[1].len) +
            pages_len((uint64_t)content->parts[2].len + wish->bss_len);
    if (wish->name[0] == '\0') {
        return say(ret_why, CW_E_FORM, "it has no name");
    }
    if ((wish->flags & ~CW_TZ_DEBUG) != 0) {
        return say(ret_why, CW_E_FORM, "a flag is set that means nothing");
    }
    if (content->parts[0].len == 0) {
        return say(ret_why, CW_E_FORM, "it has no code");
    }
    if (len > CW_TZ_IMAGE_MAX) {
        (void)snprintf(ret_why, CW_TZ_IMAGE_WHY_LEN,
                "it takes %llu KiB in memory, and %lu is the most: give it fewer \"channels\" or "
                "smaller events",
                (unsigned long long)len >> 10, CW_TZ_IMAGE_MAX >> 10);
        return CW_E_SPACE;
    }
    if (wish->stack_len == 0 || wish->stack_len % PAGE != 0 || wish->stack_len > CW_TZ_STACK_MAX) {
        return say(ret_why, CW_E_FORM, "its stack is not of whole pages, or larger than 1 MiB");
    }
    if (wish->device > CW_TZ_DEVICE_UART) {
        return say(ret_why, CW_E_FORM, "there is no device of that number");
    }
    if (wish->device == CW_TZ_DEVICE_NONE && wish->on_interrupt != CW_TZ_NO_INTERRUPT) {
        return say(ret_why, CW_E_FORM, "it has an interrupt without a device");
    }
    return CW_OK;
}

/* Over the signed part of the header and all behind the header: the measurement. */
static void measure(const uint8_t *image, size_t len, uint8_t ret_hash[static CW_SHA256_LEN])
{
    struct cw_sha256 hash;
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, image, CW_TZ_IMAGE_SIGNED_LEN);
    cw_sha256_update(&hash, image + CW_TZ_IMAGE_HEADER_LEN, len - CW_TZ_IMAGE_HEADER_LEN);
    cw_sha256_out(&hash, ret_hash);
}

static cw_status put(const struct cw_tz_image_content *content, const uint8_t *public_key,
        uint8_t *image, size_t len)
{
    static const uint8_t zeros[28];
    const struct cw_tz_image_wish *wish = &content->wish;
    uint8_t name[NAME_LEN] = {0};
    size_t used = 0;
    memcpy(name, wish->name, strlen(wish->name));
    struct cw_writer w = cw_writer_over(image, len);
    cw_writer_u32(&w, CW_TZ_IMAGE_MAGIC);
    cw_writer_u16(&w, CW_TZ_IMAGE_VERSION);
    cw_writer_u16(&w, wish->flags);
    for (size_t i = 0; i < CW_TZ_IMAGE_PARTS; i++) {
        cw_writer_u32(&w, content->parts[i].len);
    }
    cw_writer_u32(&w, wish->bss_len);
    cw_writer_u32(&w, wish->stack_len);
    cw_writer_u32(&w, wish->security_version);
    cw_writer_u16(&w, wish->device);
    cw_writer_u16(&w, wish->on_interrupt);
    cw_writer_bytes(&w, zeros, sizeof zeros);
    cw_writer_bytes(&w, name, sizeof name);
    cw_writer_bytes(&w, public_key, CW_P256_PUBLIC_LEN);
    uint8_t *at = image + CW_TZ_IMAGE_HEADER_LEN;
    for (size_t i = 0; i < CW_TZ_IMAGE_PARTS; i++) {
        if (content->parts[i].len > 0) {
            memcpy(at, content->parts[i].bytes, content->parts[i].len);
        }
        at += content->parts[i].len;
    }
    return cw_writer_finish(&w, &used);
}

cw_status cw_tz_image_write(const struct cw_tz_image_content *content,
        const uint8_t signer[static CW_P256_SECRET_LEN], uint8_t **ret_image, size_t *ret_len,
        char ret_why[static CW_TZ_IMAGE_WHY_LEN])
{
    cw_status status = check(content, ret_why);
    if (status != CW_OK) {
        return status;
    }
    uint8_t hash[CW_SHA256_LEN];
    uint8_t public_key[CW_P256_PUBLIC_LEN];
    size_t len = CW_TZ_IMAGE_HEADER_LEN;
    for (size_t i = 0; i < CW_TZ_IMAGE_PARTS; i++) {
        len += content->parts[i].len;
    }
    uint8_t *image = calloc(1, len);
    if (image == NULL) {
        return say(ret_why, CW_E_SYSTEM, "no memory");
    }
    cw_p256_public(signer, public_key);
    status = put(content, public_key, image, len);
    if (status != CW_OK) {
        free(image);
        return say(ret_why, status, "its header does not fit");
    }
    measure(image, len, hash);
    cw_p256_sign(signer, hash, image + offsetof(struct cw_tz_image, signature));
    *ret_image = image;
    *ret_len = len;
    return CW_OK;
}

/* The name ends with zeros, and has none in its middle. */
static bool is_name(const uint8_t name[static NAME_LEN])
{
    const size_t len = strnlen((const char *)name, NAME_LEN);
    for (size_t i = len; i < NAME_LEN; i++) {
        if (name[i] != 0) {
            return false;
        }
    }
    return len > 0;
}

static cw_status take(const uint8_t *image, size_t len, struct cw_tz_image_content *content,
        const uint8_t **ret_signature)
{
    struct cw_tz_image_wish *wish = &content->wish;
    struct cw_reader r = cw_reader_over(image, len);
    uint8_t name[NAME_LEN];
    uint8_t signature[CW_P256_SIGNATURE_LEN];
    size_t left = 0;
    cw_reader_expect(&r, cw_reader_u32(&r) == CW_TZ_IMAGE_MAGIC);
    cw_reader_expect(&r, cw_reader_u16(&r) == CW_TZ_IMAGE_VERSION);
    wish->flags = cw_reader_u16(&r);
    for (size_t i = 0; i < CW_TZ_IMAGE_PARTS; i++) {
        content->parts[i].len = cw_reader_u32(&r);
    }
    wish->bss_len = cw_reader_u32(&r);
    wish->stack_len = cw_reader_u32(&r);
    wish->security_version = cw_reader_u32(&r);
    wish->device = cw_reader_u16(&r);
    wish->on_interrupt = cw_reader_u16(&r);
    cw_reader_zero(&r, 28);
    cw_reader_bytes(&r, name, sizeof name);
    cw_reader_expect(&r, is_name(name));
    memcpy(wish->name, name, sizeof name);
    cw_reader_bytes(&r, content->signer, sizeof content->signer);
    cw_reader_bytes(&r, signature, sizeof signature);
    cw_reader_zero(&r, 32);
    const uint8_t *at = cw_reader_rest(&r, &left);
    uint64_t wanted = 0;
    for (size_t i = 0; i < CW_TZ_IMAGE_PARTS; i++) {
        content->parts[i].bytes = at + wanted;
        wanted += content->parts[i].len;
        cw_reader_expect(&r, wanted <= left);
        wanted = wanted <= left ? wanted : 0;
    }
    cw_reader_expect(&r, wanted == left);
    *ret_signature = image + offsetof(struct cw_tz_image, signature);
    return cw_reader_finish(&r);
}

cw_status cw_tz_image_read(const uint8_t *image, size_t len,
        struct cw_tz_image_content *ret_content, char ret_why[static CW_TZ_IMAGE_WHY_LEN])
{
    struct cw_tz_image_content content = {0};
    const uint8_t *signature = NULL;
    cw_status status = take(image, len, &content, &signature);
    if (status != CW_OK) {
        return say(ret_why, status,
                status == CW_E_SHORT ? "it ends before its header does"
                                     : "its header is not that of an image of this version, or its "
                                       "length is not what the header says");
    }
    status = check(&content, ret_why);
    if (status != CW_OK) {
        return status;
    }
    measure(image, len, content.measurement);
    if (!cw_p256_verify(content.signer, content.measurement, signature)) {
        return say(ret_why, CW_E_AUTH, "the signature is wrong: it was changed after it was signed");
    }
    *ret_content = content;
    return CW_OK;
}
