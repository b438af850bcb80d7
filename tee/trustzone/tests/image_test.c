/* SPDX-License-Identifier: MIT */
/* Images by the struct that the kernel reads, not by the code that wrote them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto/hash.h"
#include "tee/trustzone/owner/image.h"

static const uint8_t key[CW_P256_SECRET_LEN] = {0x17, 0x2a, [31] = 0x05};
static const uint8_t text[] = "text, which begins the image";
static const uint8_t constants[] = "constants";
static const uint8_t data[] = {1, 2, 3};
static char why[CW_TZ_IMAGE_WHY_LEN];

static struct cw_tz_image_content plain(void)
{
    return (struct cw_tz_image_content){
            .wish = {.name = "thermostat", .flags = CW_TZ_DEBUG, .device = CW_TZ_DEVICE_PORT2,
                    .on_interrupt = 3, .bss_len = 0x1234, .stack_len = 0x4000,
                    .security_version = 7},
            .parts = {{text, sizeof text}, {constants, sizeof constants}, {data, sizeof data}},
    };
}

static uint8_t *made(const struct cw_tz_image_content *content, size_t *ret_len)
{
    uint8_t *image = NULL;
    if (cw_tz_image_write(content, key, &image, ret_len, why) != CW_OK) {
        fail_msg("%s", why);
    }
    return image;
}

static void header_says_what_was_wished(void **state)
{
    (void)state;
    const struct cw_tz_image_content content = plain();
    struct cw_tz_image h;
    size_t len = 0;
    uint8_t *image = made(&content, &len);
    memcpy(&h, image, sizeof h);
    assert_int_equal(h.magic, CW_TZ_IMAGE_MAGIC);
    assert_int_equal(h.version, 1);
    assert_int_equal(h.flags, CW_TZ_DEBUG);
    assert_int_equal(h.text_len, sizeof text);
    assert_int_equal(h.rodata_len, sizeof constants);
    assert_int_equal(h.data_len, sizeof data);
    assert_int_equal(h.bss_len, 0x1234);
    assert_int_equal(h.stack_len, 0x4000);
    assert_int_equal(h.security_version, 7);
    assert_int_equal(h.device, CW_TZ_DEVICE_PORT2);
    assert_int_equal(h.on_interrupt, 3);
    uint8_t name[sizeof h.name] = "thermostat";
    assert_memory_equal(h.name, name, sizeof name);
    uint8_t signer[CW_P256_PUBLIC_LEN];
    cw_p256_public(key, signer);
    assert_memory_equal(h.signer, signer, sizeof signer);
    assert_int_equal(len, sizeof h + sizeof text + sizeof constants + sizeof data);
    assert_memory_equal(image + sizeof h, text, sizeof text);
    assert_memory_equal(image + sizeof h + sizeof text, constants, sizeof constants);
    assert_memory_equal(image + len - sizeof data, data, sizeof data);
    free(image);
}

static void measurement_is_of_all_but_the_signature(void **state)
{
    (void)state;
    const struct cw_tz_image_content content = plain();
    struct cw_tz_image_content back;
    uint8_t hash[CW_SHA256_LEN];
    size_t len = 0;
    uint8_t *image = made(&content, &len);
    assert_int_equal(cw_tz_image_read(image, len, &back, why), CW_OK);
    uint8_t *signed_bytes = malloc(len);
    assert_non_null(signed_bytes);
    memcpy(signed_bytes, image, 160);
    memcpy(signed_bytes + 160, image + 256, len - 256);
    cw_sha256(signed_bytes, len - 96, hash);
    assert_memory_equal(back.measurement, hash, sizeof hash);
    assert_true(cw_p256_verify(back.signer, hash, image + 160));
    assert_string_equal(back.wish.name, "thermostat");
    free(signed_bytes);
    free(image);
}

static void same_wish_gives_the_same_bytes(void **state)
{
    (void)state;
    const struct cw_tz_image_content content = plain();
    size_t len[2];
    uint8_t *a = made(&content, &len[0]);
    uint8_t *b = made(&content, &len[1]);
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(a, b, len[0]);
    free(a);
    free(b);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    const struct cw_tz_image_content content = plain();
    struct cw_tz_image_content back;
    size_t len = 0;
    uint8_t *image = made(&content, &len);
    for (size_t i = 0; i < len; i++) {
        const uint8_t bit = (uint8_t)(1u << i % 8);
        image[i] ^= bit;
        assert_int_not_equal(cw_tz_image_read(image, len, &back, why), CW_OK);
        assert_true(strlen(why) > 0);
        image[i] ^= bit;
    }
    assert_int_equal(cw_tz_image_read(image, len, &back, why), CW_OK);
    free(image);
}

static void other_lengths_are_refused(void **state)
{
    (void)state;
    const struct cw_tz_image_content content = plain();
    struct cw_tz_image_content back;
    size_t len = 0;
    uint8_t *image = made(&content, &len);
    uint8_t *longer = calloc(1, len + 1);
    assert_non_null(longer);
    memcpy(longer, image, len);
    assert_int_equal(cw_tz_image_read(longer, len + 1, &back, why), CW_E_FORM);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, image, cut);
        assert_int_not_equal(cw_tz_image_read(exact, cut, &back, why), CW_OK);
        free(exact);
    }
    free(longer);
    free(image);
}

/* What no kernel would map is not made, and the reason is said. */
static void refused(const struct cw_tz_image_content *content, cw_status status, const char *word)
{
    uint8_t *image = NULL;
    size_t len = 0;
    assert_int_equal(cw_tz_image_write(content, key, &image, &len, why), status);
    assert_null(image);
    if (strstr(why, word) == NULL) {
        fail_msg("no word of \"%s\" in: %s", word, why);
    }
}

static void what_the_kernel_would_refuse_is_not_made(void **state)
{
    (void)state;
    struct cw_tz_image_content content = plain();
    content.wish.bss_len = CW_TZ_IMAGE_MAX;
    refused(&content, CW_E_SPACE, "2048 is the most");
    content.wish.bss_len = UINT32_MAX;
    refused(&content, CW_E_SPACE, "2048 is the most");
    content = plain();
    content.wish.stack_len = 0x800;
    refused(&content, CW_E_FORM, "stack");
    content.wish.stack_len = CW_TZ_STACK_MAX + 0x1000;
    refused(&content, CW_E_FORM, "stack");
    content = plain();
    content.wish.name[0] = '\0';
    refused(&content, CW_E_FORM, "name");
    content = plain();
    content.parts[0].len = 0;
    refused(&content, CW_E_FORM, "code");
    content = plain();
    content.wish.flags = 0x8000;
    refused(&content, CW_E_FORM, "flag");
    content = plain();
    content.wish.device = 4;
    refused(&content, CW_E_FORM, "device");
    content = plain();
    content.wish.device = CW_TZ_DEVICE_NONE;
    refused(&content, CW_E_FORM, "interrupt");
}

/* Three pages of text, one of constants, and the rest for data and zeros: 2 MiB and not a byte more. */
static void largest_image_is_made_and_read(void **state)
{
    (void)state;
    struct cw_tz_image_content content = plain();
    struct cw_tz_image_content back;
    uint8_t *much = calloc(1, 0x2001);
    assert_non_null(much);
    content.parts[0] = (struct cw_tz_image_part){much, 0x2001};
    content.wish.bss_len = CW_TZ_IMAGE_MAX - 0x4000 - sizeof data;
    memset(content.wish.name, 'n', 32);
    size_t len = 0;
    uint8_t *image = made(&content, &len);
    assert_int_equal(cw_tz_image_read(image, len, &back, why), CW_OK);
    assert_int_equal(strlen(back.wish.name), 32);
    content.wish.bss_len++;
    refused(&content, CW_E_SPACE, "most");
    free(image);
    free(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(header_says_what_was_wished),
            cmocka_unit_test(measurement_is_of_all_but_the_signature),
            cmocka_unit_test(same_wish_gives_the_same_bytes),
            cmocka_unit_test(every_flipped_bit_is_refused),
            cmocka_unit_test(other_lengths_are_refused),
            cmocka_unit_test(what_the_kernel_would_refuse_is_not_made),
            cmocka_unit_test(largest_image_is_made_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
