/* SPDX-License-Identifier: MIT */
/* Sealing keys, random numbers, and the order in which services open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "core/crypto/kdf.h"
#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"
#include "tee/trustzone/tests/fake_entropy.h"
#include "tee/trustzone/tests/fake_flash.h"

#include <cmocka.h>

static struct cw_tz_boot boot;
static struct cw_tz_identity module;
static uint8_t versions[CW_SEALED_VERSIONS_LEN];
static uint8_t id[CW_SEALED_ID_LEN];

/* Of service.c; what it opens of messages is not what these tests are about. */
void cw_tz_message_open(const struct cw_tz_boot *of)
{
    (void)of;
}

static int fresh(void **state)
{
    (void)state;
    memset(&boot, 0, sizeof boot);
    memset(boot.sealing, 0x11, sizeof boot.sealing);
    memset(boot.seed, 0x22, sizeof boot.seed);
    memset(boot.attestation_key, 0x33, sizeof boot.attestation_key);
    boot.security_version = 5;
    module = (struct cw_tz_identity){
            .measurement = {1}, .signer = {2}, .name = "door", .security_version = 7};
    memset(id, 0x44, sizeof id);
    fake_entropy_is_there = false;
    fake_entropy_next = 1;
    fake_flash_new();
    assert_int_equal(cw_tz_services_open(&boot), CW_OK);
    cw_tz_seal_versions(&module, versions);
    return 0;
}

struct key {
    uint8_t bytes[CW_KEY_LEN];
};

static struct key key_of(uint32_t sealing)
{
    struct key key;
    assert_int_equal(cw_tz_seal_key(&module, sealing, versions, id, key.bytes), CW_OK);
    return key;
}

static bool is_same(struct key a, struct key b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static void versions_are_those_of_module_and_firmware(void **state)
{
    static const uint8_t expected[CW_SEALED_VERSIONS_LEN] = {7, 0, 0, 0, 5};
    (void)state;
    assert_memory_equal(versions, expected, sizeof expected);
}

/* The derivation of abi.h, written out. */
static void keys_are_those_of_the_contract(void **state)
{
    uint8_t prk[32];
    uint8_t info[200];
    uint8_t expected[CW_KEY_LEN];
    size_t len = 0;
    (void)state;
    cw_hkdf_extract(NULL, 0, boot.sealing, sizeof boot.sealing, prk);
    memcpy(info, "image", 5);
    memcpy(info + 5, module.measurement, 32);
    info[37] = 0;
    memcpy(info + 38, versions, sizeof versions);
    memcpy(info + 38 + sizeof versions, id, sizeof id);
    len = 38 + sizeof versions + sizeof id;
    cw_hkdf_expand(prk, info, len, expected, sizeof expected);
    assert_memory_equal(key_of(CW_SEAL_IMAGE).bytes, expected, sizeof expected);

    memcpy(info, "signer", 6);
    memcpy(info + 6, module.signer, 32);
    memcpy(info + 38, module.name, 32);
    info[70] = 0;
    memcpy(info + 71, versions, sizeof versions);
    memcpy(info + 71 + sizeof versions, id, sizeof id);
    len = 71 + sizeof versions + sizeof id;
    cw_hkdf_expand(prk, info, len, expected, sizeof expected);
    assert_memory_equal(key_of(CW_SEAL_SIGNER).bytes, expected, sizeof expected);
}

static void a_key_is_of_image_or_of_signer_and_name(void **state)
{
    (void)state;
    const struct key image = key_of(CW_SEAL_IMAGE);
    const struct key signer = key_of(CW_SEAL_SIGNER);
    assert_false(is_same(image, signer));
    module.measurement[9] ^= 1;
    assert_false(is_same(key_of(CW_SEAL_IMAGE), image));
    assert_true(is_same(key_of(CW_SEAL_SIGNER), signer));
    module.measurement[9] ^= 1;
    module.signer[9] ^= 1;
    assert_true(is_same(key_of(CW_SEAL_IMAGE), image));
    assert_false(is_same(key_of(CW_SEAL_SIGNER), signer));
    module.signer[9] ^= 1;
    module.name[3] ^= 1;
    assert_false(is_same(key_of(CW_SEAL_SIGNER), signer));
}

static void a_debug_image_has_other_keys(void **state)
{
    (void)state;
    const struct key image = key_of(CW_SEAL_IMAGE);
    const struct key signer = key_of(CW_SEAL_SIGNER);
    module.is_debug = true;
    assert_false(is_same(key_of(CW_SEAL_IMAGE), image));
    assert_false(is_same(key_of(CW_SEAL_SIGNER), signer));
}

static void each_id_each_version_and_each_device_has_its_own(void **state)
{
    (void)state;
    const struct key key = key_of(CW_SEAL_IMAGE);
    id[31] ^= 1;
    assert_false(is_same(key_of(CW_SEAL_IMAGE), key));
    id[31] ^= 1;
    versions[0]--;
    assert_false(is_same(key_of(CW_SEAL_IMAGE), key));
    versions[0]++;
    assert_true(is_same(key_of(CW_SEAL_IMAGE), key));
    boot.sealing[0] ^= 1;
    assert_int_equal(cw_tz_services_open(&boot), CW_OK);
    assert_false(is_same(key_of(CW_SEAL_IMAGE), key));
}

static void a_newer_module_opens_what_an_older_one_sealed_and_not_the_reverse(void **state)
{
    struct key key;
    (void)state;
    const struct key sealed = key_of(CW_SEAL_SIGNER);
    module.security_version = 8;
    assert_true(is_same(key_of(CW_SEAL_SIGNER), sealed));
    module.security_version = 6;
    memset(&key, 0xff, sizeof key);
    assert_int_equal(cw_tz_seal_key(&module, CW_SEAL_SIGNER, versions, id, key.bytes), CW_E_DENIED);
    assert_true(is_same(key, (struct key){{0}}));
}

static void versions_above_today_s_are_denied(void **state)
{
    uint8_t key[CW_KEY_LEN];
    (void)state;
    for (unsigned i = 0; i < CW_SEALED_VERSIONS_LEN; i++) {
        versions[i]++;
        assert_int_equal(cw_tz_seal_key(&module, CW_SEAL_IMAGE, versions, id, key), CW_E_DENIED);
        versions[i]--;
    }
    versions[0] = 0;
    versions[4] = 0;
    assert_int_equal(cw_tz_seal_key(&module, CW_SEAL_IMAGE, versions, id, key), CW_OK);
}

static void another_sealing_has_no_key(void **state)
{
    static const uint32_t wrong[] = {0, 3, 0x100, 0x80000001, UINT32_MAX};
    uint8_t key[CW_KEY_LEN];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(cw_tz_seal_key(&module, wrong[i], versions, id, key), CW_E_FORM);
    }
}

/* --- random numbers ----------------------------------------------------------------------------------- */

static struct key draw(void)
{
    struct key key;
    cw_tz_random(key.bytes, sizeof key.bytes);
    return key;
}

static void no_two_draws_are_the_same(void **state)
{
    struct key drawn[64];
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        drawn[i] = draw();
        for (unsigned k = 0; k < i; k++) {
            assert_false(is_same(drawn[i], drawn[k]));
        }
    }
}

/* The count of starts goes in too. */
static void a_seed_that_comes_twice_gives_other_bytes_at_the_next_start(void **state)
{
    (void)state;
    const struct key first = draw();
    assert_int_equal(cw_tz_services_open(&boot), CW_OK);
    assert_false(is_same(draw(), first));
}

static void bytes_follow_from_what_the_device_alone_knows(void **state)
{
    (void)state;
    const struct key first = draw();
    boot.sealing[0] ^= 1;
    fake_flash_new();
    assert_int_equal(cw_tz_services_open(&boot), CW_OK);
    assert_false(is_same(draw(), first));
}

static void the_cpu_s_own_go_in_at_every_draw(void **state)
{
    (void)state;
    const struct key without = draw();
    fake_entropy_is_there = true;
    fake_flash_new();
    assert_int_equal(cw_tz_services_open(&boot), CW_OK);
    const unsigned asked = fake_entropy_asked;
    assert_false(is_same(draw(), without));
    assert_true(fake_entropy_asked > asked);
}

static void without_entropy_no_device_starts(void **state)
{
    (void)state;
    memset(boot.seed, 0, sizeof boot.seed);
    assert_int_equal(cw_tz_services_open(&boot), CW_E_ABSENT);
    fake_entropy_is_there = true;
    assert_int_equal(cw_tz_services_open(&boot), CW_OK);
}

static void with_a_broken_journal_no_device_starts(void **state)
{
    (void)state;
    fake_flash_words[0] ^= 1;
    assert_int_equal(cw_tz_services_open(&boot), CW_E_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(versions_are_those_of_module_and_firmware, fresh),
            cmocka_unit_test_setup(keys_are_those_of_the_contract, fresh),
            cmocka_unit_test_setup(a_key_is_of_image_or_of_signer_and_name, fresh),
            cmocka_unit_test_setup(a_debug_image_has_other_keys, fresh),
            cmocka_unit_test_setup(each_id_each_version_and_each_device_has_its_own, fresh),
            cmocka_unit_test_setup(
                    a_newer_module_opens_what_an_older_one_sealed_and_not_the_reverse, fresh),
            cmocka_unit_test_setup(versions_above_today_s_are_denied, fresh),
            cmocka_unit_test_setup(another_sealing_has_no_key, fresh),
            cmocka_unit_test_setup(no_two_draws_are_the_same, fresh),
            cmocka_unit_test_setup(a_seed_that_comes_twice_gives_other_bytes_at_the_next_start, fresh),
            cmocka_unit_test_setup(bytes_follow_from_what_the_device_alone_knows, fresh),
            cmocka_unit_test_setup(the_cpu_s_own_go_in_at_every_draw, fresh),
            cmocka_unit_test_setup(without_entropy_no_device_starts, fresh),
            cmocka_unit_test_setup(with_a_broken_journal_no_device_starts, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
