/* SPDX-License-Identifier: MIT */
/* Tokens as the kernel writes them: read, and no other bytes are. */
#include "tee/trustzone/owner/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tee/trustzone/tests/tokens.h"

static struct tokens_device device;
static uint8_t token[CW_TZ_TOKEN_MAX + 1];
static size_t len;
static char why[CW_TZ_WHY_LEN];
static const uint8_t report[32] = {1, 2, 3};
static const struct cw_tz_identity module = {.measurement = {9}, .signer = {8}, .name = "controller",
        .epoch = 77, .security_version = 3, .device = CW_TZ_DEVICE_PORT2, .is_debug = true};

static int start(void **state)
{
    (void)state;
    tokens_device(1, 2, &device);
    return 0;
}

static cw_status write_and_check(struct cw_tz_token *ret_token)
{
    tokens_start(&device);
    len = tokens_write(&module, report, token);
    assert_int_equal(cw_tz_token_decode(token, len, ret_token), CW_OK);
    return cw_tz_token_check(ret_token, why);
}

static void what_the_kernel_says_is_read(void **state)
{
    (void)state;
    struct cw_tz_token t;
    device.boot = 41;
    assert_int_equal(write_and_check(&t), CW_OK);
    assert_memory_equal(t.report, report, sizeof report);
    assert_memory_equal(t.platform, device.platform, sizeof t.platform);
    assert_memory_equal(t.maker.manufacturer, device.manufacturer.point, CW_P256_PUBLIC_LEN);
    assert_string_equal(t.maker.name, "board");
    assert_string_equal(t.profile, CW_TZ_PROFILE);
    assert_int_equal(t.boot, 41);
    assert_int_equal(t.seed[0], 0x40 + 41);
    assert_true(t.is_emulated);
    assert_memory_equal(t.kernel, device.firmware.kernel, CW_TZ_HASH_LEN);
    assert_memory_equal(t.monitor, device.firmware.monitor, CW_TZ_HASH_LEN);
    assert_memory_equal(t.module.measurement, module.measurement, CW_TZ_HASH_LEN);
    assert_memory_equal(t.module.signer, module.signer, CW_TZ_HASH_LEN);
    assert_string_equal(t.module.name, "controller");
    assert_int_equal(t.module.epoch, 77);
    assert_int_equal(t.module.security_version, 3);
    assert_int_equal(t.module.device, CW_TZ_DEVICE_PORT2);
    assert_true(t.module.is_debug);
}

static void a_token_has_room_for_the_longest_names(void **state)
{
    (void)state;
    struct cw_tz_token t;
    struct cw_tz_identity long_one = module;
    memset(long_one.name, 'n', sizeof long_one.name);
    long_one.epoch = UINT64_MAX;
    long_one.security_version = UINT32_MAX;
    device.boot = UINT64_MAX;
    device.firmware.security_version = UINT32_MAX;
    tokens_start(&device);
    len = tokens_write(&long_one, report, token);
    assert_true(len < CW_TZ_TOKEN_MAX);
    assert_int_equal(cw_tz_token_decode(token, len, &t), CW_OK);
    assert_int_equal(cw_tz_token_check(&t, why), CW_OK);
    assert_int_equal(t.module.epoch, UINT64_MAX);
    assert_int_equal(strlen(t.module.name), 32);
}

/* A bit that is not in what is signed is none of a strict encoding.  Some of all places in a byte;
 * CW_LONG: every one. */
static void no_flipped_bit_is_accepted(void **state)
{
    (void)state;
    struct cw_tz_token t;
    assert_int_equal(write_and_check(&t), CW_OK);
    const size_t step = getenv("CW_LONG") != NULL ? 1 : 11; /* no place of a byte is left out */
    for (size_t i = 0; i < 8 * len; i += step) {
        uint8_t *copy = malloc(len); /* a read beyond it is seen by tools */
        assert_non_null(copy);
        memcpy(copy, token, len);
        copy[i / 8] ^= (uint8_t)(1u << i % 8);
        const bool is_taken = cw_tz_token_decode(copy, len, &t) == CW_OK &&
                cw_tz_token_check(&t, why) == CW_OK &&
                memcmp(t.maker.manufacturer, device.manufacturer.point, CW_P256_PUBLIC_LEN) == 0;
        free(copy);
        assert_false(is_taken);
    }
}

static void no_other_length_is_accepted(void **state)
{
    (void)state;
    struct cw_tz_token t;
    assert_int_equal(write_and_check(&t), CW_OK);
    for (size_t i = 0; i < len; i++) {
        uint8_t *copy = malloc(i == 0 ? 1 : i);
        assert_non_null(copy);
        memcpy(copy, token, i);
        assert_int_not_equal(cw_tz_token_decode(copy, i, &t), CW_OK);
        free(copy);
    }
    token[len] = 0;
    assert_int_not_equal(cw_tz_token_decode(token, len + 1, &t), CW_OK);
}

static void a_chain_that_somebody_else_signed_is_broken(void **state)
{
    (void)state;
    struct cw_tz_token t;
    struct tokens_device other;
    tokens_device(50, 60, &other);
    device.maker_signs = &other.manufacturer;
    assert_int_equal(write_and_check(&t), CW_E_AUTH);
    assert_non_null(strstr(why, "manufacturer did not sign"));
    device.maker_signs = NULL;
    device.device_signs = &other.device;
    assert_int_equal(write_and_check(&t), CW_E_AUTH);
    assert_non_null(strstr(why, "device key did not sign"));
    device.device_signs = NULL;
    memcpy(device.attestation.secret, other.attestation.secret, sizeof device.attestation.secret);
    assert_int_equal(write_and_check(&t), CW_E_AUTH);
    assert_non_null(strstr(why, "attestation key did not sign"));
}

static void a_kernel_that_claims_another_device_is_refused(void **state)
{
    (void)state;
    struct cw_tz_token t;
    device.platform[3] ^= 1;
    assert_int_equal(write_and_check(&t), CW_E_AUTH);
    assert_non_null(strstr(why, "another device"));
}

/* The parts of two tokens of two devices, mixed. */
static void parts_of_two_tokens_do_not_fit(void **state)
{
    (void)state;
    struct cw_tz_token first;
    struct cw_tz_token second;
    struct cw_tz_token mixed;
    static uint8_t copy[CW_TZ_TOKEN_MAX];
    assert_int_equal(write_and_check(&first), CW_OK);
    memcpy(copy, token, len);
    assert_int_equal(cw_tz_token_decode(copy, len, &first), CW_OK);
    tokens_device(30, 2, &device);
    assert_int_equal(write_and_check(&second), CW_OK);
    mixed = first;
    mixed.sign1 = second.sign1;
    assert_int_equal(cw_tz_token_check(&mixed, why), CW_E_AUTH);
    mixed = second;
    mixed.maker = first.maker;
    assert_int_equal(cw_tz_token_check(&mixed, why), CW_E_AUTH);
    mixed = second;
    mixed.device_sign1 = first.device_sign1;
    memcpy(mixed.attestation, first.attestation, sizeof mixed.attestation);
    assert_int_equal(cw_tz_token_check(&mixed, why), CW_E_AUTH);
}

#define CASE(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(what_the_kernel_says_is_read),
            CASE(a_token_has_room_for_the_longest_names),
            CASE(no_flipped_bit_is_accepted),
            CASE(no_other_length_is_accepted),
            CASE(a_chain_that_somebody_else_signed_is_broken),
            CASE(a_kernel_that_claims_another_device_is_refused),
            CASE(parts_of_two_tokens_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
