/* SPDX-License-Identifier: MIT */
/* The token that the kernel makes, read as its verifier reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/crypto/cose.h"
#include "core/crypto/hash.h"
#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"

#include <cmocka.h>

static struct cw_tz_boot boot;
static uint8_t public_key[CW_P256_PUBLIC_LEN];
static uint8_t report[32];
static uint8_t drawn;

static const struct cw_tz_identity module = {.measurement = {0xaa}, .signer = {0xbb},
        .name = "a_name_that_has_32_bytes_in_all_", .epoch = 0x123456789abc, .security_version = 3,
        .device = CW_TZ_DEVICE_PORT1};

void cw_tz_random(uint8_t *ret_bytes, size_t len)
{
    memset(ret_bytes, ++drawn, len);
}

uint64_t cw_tz_journal_boot(void)
{
    return 70000;
}

static int fresh(void **state)
{
    uint8_t wide[CW_P256_WIDE_LEN] = {9};
    uint8_t fill[] = {0xf6}; /* an item that stands for a certificate: it is copied as it is */
    (void)state;
    memset(&boot, 0, sizeof boot);
    cw_p256_secret(wide, boot.attestation_key);
    cw_p256_public(boot.attestation_key, public_key);
    memset(boot.platform, 0x70, sizeof boot.platform);
    memset(boot.monitor, 0x71, sizeof boot.monitor);
    memset(boot.kernel, 0x72, sizeof boot.kernel);
    boot.security_version = 4294967295u;
    boot.lifecycle = CW_TZ_LIFECYCLE_TEST;
    for (unsigned i = 0; i < 2; i++) {
        struct cw_writer w = cw_writer_over(boot.certificates[i], CW_TZ_CERTIFICATE_MAX);
        cw_cose_sign(&w, fill, sizeof fill, boot.attestation_key);
        boot.certificate_lens[i] = (uint32_t)w.used_len;
    }
    for (unsigned i = 0; i < sizeof report; i++) {
        report[i] = (uint8_t)(i * 3);
    }
    drawn = 0;
    cw_tz_token_open(&boot);
    return 0;
}

static struct cw_reader claims_of(const uint8_t *token, size_t len)
{
    struct cw_cose parts[3];
    struct cw_reader r = cw_reader_over(token, len);
    assert_int_equal(cw_cbor_array(&r), 3);
    for (unsigned i = 0; i < 3; i++) {
        cw_cose_read(&r, &parts[i]);
        assert_true(cw_cose_is_by(&parts[i], public_key));
    }
    assert_int_equal(cw_reader_finish(&r), CW_OK);
    struct cw_reader whole = cw_reader_over(parts[0].payload, parts[0].payload_len);
    cw_cbor_skip(&whole);
    assert_int_equal(cw_reader_finish(&whole), CW_OK);
    return cw_reader_over(parts[0].payload, parts[0].payload_len);
}

static void is_bytes(struct cw_reader *r, const void *expected, size_t expected_len)
{
    size_t len;
    const uint8_t *bytes = cw_cbor_bytes(r, &len);
    assert_int_equal(len, expected_len);
    assert_memory_equal(bytes, expected, len);
}

static void is_text(struct cw_reader *r, const char *expected)
{
    size_t len;
    const char *text = cw_cbor_text(r, &len);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
}

static void is_key(struct cw_reader *r, int64_t key)
{
    assert_true(cw_cbor_integer(r) == key);
}

static void the_token_says_what_the_contract_lists(void **state)
{
    static uint8_t token[CW_TZ_TOKEN_MAX];
    uint8_t seed[32];
    uint8_t ueid[33] = {1};
    uint8_t hash[32];
    size_t len = 0;
    (void)state;
    assert_int_equal(cw_tz_token(&module, report, token, sizeof token, &len), CW_OK);
    struct cw_reader r = claims_of(token, len);
    assert_int_equal(cw_cbor_map(&r).left_count, 11);
    is_key(&r, 10);
    is_bytes(&r, report, 32);
    is_key(&r, 256);
    memset(ueid + 1, 0x70, 32);
    is_bytes(&r, ueid, 33);
    is_key(&r, 265);
    is_text(&r, "tag:causeway,2026:trustzone-emulated");
    is_key(&r, 268);
    memset(seed, 1, sizeof seed);
    is_bytes(&r, seed, 32);
    is_key(&r, 2394);
    assert_true(cw_cbor_unsigned(&r) == 1);
    is_key(&r, 2395);
    assert_true(cw_cbor_unsigned(&r) == 0x1000);
    is_key(&r, 2396);
    cw_sha256("causeway trustzone emulated by qemu", 35, hash);
    is_bytes(&r, hash, 32);
    is_key(&r, 2399);
    assert_int_equal(cw_cbor_array(&r), 2);
    assert_int_equal(cw_cbor_map(&r).left_count, 2);
    is_key(&r, 1);
    is_text(&r, "M");
    is_key(&r, 2);
    is_bytes(&r, boot.monitor, 32);
    assert_int_equal(cw_cbor_map(&r).left_count, 3);
    is_key(&r, 1);
    is_text(&r, "K");
    is_key(&r, 2);
    is_bytes(&r, boot.kernel, 32);
    is_key(&r, 4);
    is_text(&r, "4294967295");
    is_key(&r, -75000);
    assert_int_equal(cw_cbor_map(&r).left_count, 7);
    is_key(&r, 1);
    is_bytes(&r, module.measurement, 32);
    is_key(&r, 2);
    is_bytes(&r, module.signer, 32);
    is_key(&r, 3);
    is_text(&r, "a_name_that_has_32_bytes_in_all_");
    is_key(&r, 4);
    assert_true(cw_cbor_unsigned(&r) == 3);
    is_key(&r, 5);
    assert_true(cw_cbor_unsigned(&r) == 0x123456789abc);
    is_key(&r, 6);
    assert_false(cw_cbor_bool(&r));
    is_key(&r, 7);
    assert_true(cw_cbor_unsigned(&r) == CW_TZ_DEVICE_PORT1);
    is_key(&r, -75001);
    assert_true(cw_cbor_unsigned(&r) == 70000);
    is_key(&r, -75002);
    assert_true(cw_cbor_bool(&r));
    assert_int_equal(cw_reader_finish(&r), CW_OK);
}

static void a_short_name_ends_at_its_zero_and_a_debug_image_says_so(void **state)
{
    static uint8_t token[CW_TZ_TOKEN_MAX];
    struct cw_tz_identity other = {.name = "x", .is_debug = true, .security_version = UINT32_MAX,
            .epoch = UINT64_MAX};
    size_t len = 0;
    int64_t key = 0;
    (void)state;
    assert_int_equal(cw_tz_token(&other, report, token, sizeof token, &len), CW_OK);
    struct cw_reader r = claims_of(token, len);
    struct cw_cbor_map map = cw_cbor_map(&r);
    while (cw_cbor_map_next(&map, &r, &key) && key != CW_TZ_CLAIM_MODULE) {
        cw_cbor_skip(&r);
    }
    assert_int_equal(cw_cbor_map(&r).left_count, 7);
    cw_cbor_skip(&r);
    cw_cbor_skip(&r);
    cw_cbor_skip(&r);
    cw_cbor_skip(&r);
    is_key(&r, 3);
    is_text(&r, "x");
    cw_cbor_skip(&r);
    cw_cbor_skip(&r);
    is_key(&r, 5);
    assert_true(cw_cbor_unsigned(&r) == UINT64_MAX);
    is_key(&r, 6);
    assert_true(cw_cbor_bool(&r));
}

static void too_little_room_is_told_at_every_length(void **state)
{
    static uint8_t token[CW_TZ_TOKEN_MAX];
    size_t len = 0;
    size_t whole = 0;
    (void)state;
    assert_int_equal(cw_tz_token(&module, report, token, sizeof token, &whole), CW_OK);
    for (size_t cap = 0; cap < whole; cap += 61) {
        assert_int_equal(cw_tz_token(&module, report, token, cap, &len), CW_E_SPACE);
    }
    assert_int_equal(cw_tz_token(&module, report, token, whole - 1, &len), CW_E_SPACE);
    assert_int_equal(cw_tz_token(&module, report, token, whole, &len), CW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(the_token_says_what_the_contract_lists, fresh),
            cmocka_unit_test_setup(a_short_name_ends_at_its_zero_and_a_debug_image_says_so, fresh),
            cmocka_unit_test_setup(too_little_room_is_told_at_every_length, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
