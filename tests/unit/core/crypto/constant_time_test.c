/* SPDX-License-Identifier: MIT */
/*
 * constant_time_test.c - no branch and no address depends on a secret.
 *
 * Valgrind reports every branch and address that depends on undefined bytes.  So this program
 * runs itself under it, marks keys and plaintexts undefined, and counts the reports.  The first
 * case plants both mistakes and must see them.
 */
#include "core/base/bytes.h"
#include "core/crypto/dh.h"
#include "core/crypto/gcm.h"
#include "core/crypto/kdf.h"
#include "core/crypto/spongent.h"
#include "core/crypto/spongent_portable.h"
#include "core/crypto/suite.h"
#include "core/crypto/x86_64/spongent_sse41.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/secrets.h"

static uint8_t key[32];
static uint8_t body[48];
static uint8_t out[64];
static uint8_t tag[32];
static volatile uint8_t sink;

static void secrets_hide(void)
{
    if (!RUNNING_ON_VALGRIND) {
        print_message("skipped: valgrind is missing, or this is a sanitizer build\n");
        skip();
    }
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(11 * i + 3);
    }
    memset(body, 0x5a, sizeof body);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(body, sizeof body);
}

static unsigned reports(void)
{
    return (unsigned)VALGRIND_COUNT_ERRORS;
}

static void planted_mistakes_are_seen(void **state)
{
    (void)state;
    static const uint8_t table[256] = {1};
    secrets_hide();
    const unsigned before = reports();
    if (key[0] > 7) {
        sink = 1;
    }
    const unsigned after_branch = reports();
    assert_true(after_branch > before);
    sink = table[key[1]];
    assert_true(reports() > after_branch);
}

static void spongent_hides_its_secrets(void **state)
{
    (void)state;
    static const uint8_t ad[8];
    secrets_hide();
    const unsigned before = reports();
    cw_spongent_wrap(key, ad, sizeof ad, body, sizeof body, out, tag);
    cw_spongent_mac(key, body, sizeof body, tag);
    assert_int_equal(reports(), before);
}

static void every_version_of_the_permutation_hides_its_state(void **state)
{
    (void)state;
    uint8_t sponge[CW_SPONGENT_STATE336_LEN];
    secrets_hide();
    const unsigned before = reports();
    (void)VALGRIND_MAKE_MEM_UNDEFINED(sponge, sizeof sponge);
    cw_spongent_portable336(sponge);
    cw_spongent_portable176(sponge);
    if (__builtin_cpu_supports("sse4.1")) {
        cw_spongent_sse41_336(sponge);
    }
    assert_int_equal(reports(), before);
}

static void unwrap_tells_the_verdict_alone(void **state)
{
    (void)state;
    static const uint8_t ad[8];
    secrets_hide();
    cw_spongent_wrap(key, ad, sizeof ad, body, sizeof body, out, tag);
    (void)VALGRIND_MAKE_MEM_DEFINED(out, sizeof out);
    (void)VALGRIND_MAKE_MEM_DEFINED(tag, sizeof tag);
    const unsigned before = reports();
    bool is_authentic = cw_spongent_unwrap(key, ad, sizeof ad, out, sizeof body, tag, body);
    const unsigned after = reports();
    (void)VALGRIND_MAKE_MEM_DEFINED(&is_authentic, sizeof is_authentic);
    assert_true(is_authentic);
    /* The one branch that may be there: whether to erase the output. */
    assert_in_range(after - before, 0, 1);
}

static void hashes_hide_their_secrets(void **state)
{
    (void)state;
    secrets_hide();
    const unsigned before = reports();
    cw_hmac_sha256(key, sizeof key, body, sizeof body, tag);
    cw_hkdf_extract(body, sizeof body, key, sizeof key, tag);
    cw_hkdf_expand(key, body, sizeof body, out, sizeof out);
    assert_int_equal(reports(), before);
}

static void gcm_hides_its_secrets(void **state)
{
    (void)state;
    static const uint8_t nonce[CW_GCM_NONCE_LEN];
    secrets_hide();
    const unsigned before = reports();
    cw_gcm_seal(key, nonce, body, 20, body, sizeof body, out, tag);
    cw_gcm_seal(key, nonce, body, 20, body, sizeof body, out, tag);
    /* The one branch that may be there: whether this key's schedule was kept. */
    assert_in_range(reports() - before, 0, 1);
}

static void suites_tell_the_verdict_alone(void **state)
{
    (void)state;
    static const uint8_t nonce[8];
    for (uint8_t cipher = CW_CIPHER_SPONGENT; cipher <= CW_CIPHER_AES; cipher++) {
        secrets_hide();
        unsigned before = reports();
        cw_suite_derive(cipher, key, body, sizeof body, out);
        assert_int_equal(reports(), before);
        cw_suite_seal(cipher, key, nonce, sizeof nonce, body, sizeof body, tag);
        for (unsigned flip = 0; flip < 2; flip++) {
            memcpy(out, body, sizeof body);
            (void)VALGRIND_MAKE_MEM_DEFINED(out, sizeof out);
            (void)VALGRIND_MAKE_MEM_DEFINED(tag, sizeof tag);
            tag[CW_TAG_LEN - 1] ^= (uint8_t)flip;
            before = reports();
            bool opens = cw_suite_open(cipher, key, nonce, sizeof nonce, out, sizeof body, tag);
            const unsigned after = reports();
            (void)VALGRIND_MAKE_MEM_DEFINED(&opens, sizeof opens);
            assert_int_equal(opens, flip == 0);
            /* Whether to erase the output, and whether this key's schedule was kept. */
            assert_in_range(after - before, 0, cipher == CW_CIPHER_AES ? 2 : 1);
        }
    }
}

static void x25519_hides_its_secrets(void **state)
{
    (void)state;
    uint8_t peer[CW_X25519_LEN] = {9};
    secrets_hide();
    const unsigned before = reports();
    cw_x25519_public(key, out);
    const bool is_useful = cw_x25519(key, peer, out);
    sink = is_useful;
    assert_int_equal(reports(), before);
}

static void comparison_and_wiping_hide_their_bytes(void **state)
{
    (void)state;
    secrets_hide();
    const unsigned before = reports();
    const bool is_equal = cw_bytes_equal(key, body, sizeof key);
    sink = is_equal;
    cw_bytes_wipe(key, sizeof key);
    assert_int_equal(reports(), before);
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    secrets_go_inside(arguments);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_mistakes_are_seen),
        cmocka_unit_test(spongent_hides_its_secrets),
        cmocka_unit_test(every_version_of_the_permutation_hides_its_state),
        cmocka_unit_test(unwrap_tells_the_verdict_alone),
        cmocka_unit_test(hashes_hide_their_secrets),
        cmocka_unit_test(gcm_hides_its_secrets),
        cmocka_unit_test(suites_tell_the_verdict_alone),
        cmocka_unit_test(x25519_hides_its_secrets),
        cmocka_unit_test(comparison_and_wiping_hide_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
