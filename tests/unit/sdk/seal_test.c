/* SPDX-License-Identifier: MIT */
/* cw_seal and cw_unseal over a chip of the test, which tells images, signers and chips apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto/hash.h"
#include "sdk/causeway.h"
#include "tee/enclave.h"

static struct {
    uint8_t root, image, signer, version, draws;
} chip;

cw_status cw_random(void *ret_bytes, size_t len)
{
    if (chip.draws == UINT8_MAX) {
        return CW_E_ABSENT;
    }
    (void)memset(ret_bytes, ++chip.draws, len);
    return CW_OK;
}

void cw_enclave_seal_versions(uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN])
{
    (void)memset(ret_versions, 0, CW_SEALED_VERSIONS_LEN);
    ret_versions[0] = chip.version;
}

cw_status cw_enclave_seal_key(cw_sealing sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN])
{
    uint8_t hash[CW_SHA256_LEN];
    const uint8_t who[] = {chip.root, (uint8_t)sealing,
            sealing == CW_SEAL_IMAGE ? chip.image : chip.signer};
    struct cw_sha256 h;
    if (versions[0] > chip.version) {
        return CW_E_DENIED;
    }
    cw_sha256_init(&h);
    cw_sha256_update(&h, who, sizeof who);
    cw_sha256_update(&h, versions, CW_SEALED_VERSIONS_LEN);
    cw_sha256_update(&h, id, CW_SEALED_ID_LEN);
    cw_sha256_out(&h, hash);
    (void)memcpy(ret_key, hash, CW_KEY_LEN);
    return CW_OK;
}

#define TEXT "the state of a module"
#define TEXT_LEN (sizeof TEXT)

static uint8_t sealed[CW_SEALED_LEN(TEXT_LEN)];
static size_t sealed_len;

static int start(void **state)
{
    (void)state;
    memset(&chip, 1, sizeof chip);
    return 0;
}

static void seal(cw_sealing sealing)
{
    assert_int_equal(cw_seal(sealing, TEXT, TEXT_LEN, sealed, sizeof sealed, &sealed_len), CW_OK);
    assert_int_equal(sealed_len, sizeof sealed);
}

static cw_status unseal(cw_sealing sealing)
{
    uint8_t text[TEXT_LEN];
    static const uint8_t zeros[TEXT_LEN];
    size_t len = 99;
    (void)memset(text, 0xaa, sizeof text);
    const cw_status status = cw_unseal(sealing, sealed, sealed_len, text, sizeof text, &len);
    if (status == CW_OK) {
        assert_int_equal(len, TEXT_LEN);
        assert_memory_equal(text, TEXT, TEXT_LEN);
    } else if (status == CW_E_AUTH) {
        assert_int_equal(len, 0);
        assert_memory_equal(text, zeros, sealed_len - CW_SEALED_LEN(0));
    }
    return status;
}

static void what_was_sealed_is_unsealed(void **state)
{
    (void)state;
    seal(CW_SEAL_IMAGE);
    assert_int_equal(unseal(CW_SEAL_IMAGE), CW_OK);
    seal(CW_SEAL_SIGNER);
    assert_int_equal(unseal(CW_SEAL_SIGNER), CW_OK);
}

static void image_decides_who_unseals(void **state)
{
    (void)state;
    seal(CW_SEAL_IMAGE);
    chip.image++;
    assert_int_equal(unseal(CW_SEAL_IMAGE), CW_E_AUTH);
}

static void signer_decides_who_unseals(void **state)
{
    (void)state;
    seal(CW_SEAL_SIGNER);
    chip.image++;
    assert_int_equal(unseal(CW_SEAL_SIGNER), CW_OK);
    chip.signer++;
    assert_int_equal(unseal(CW_SEAL_SIGNER), CW_E_AUTH);
}

static void another_chip_unseals_nothing(void **state)
{
    (void)state;
    seal(CW_SEAL_SIGNER);
    chip.root++;
    assert_int_equal(unseal(CW_SEAL_SIGNER), CW_E_AUTH);
}

static void newer_versions_unseal_older_ones_not(void **state)
{
    (void)state;
    seal(CW_SEAL_SIGNER);
    chip.version++;
    assert_int_equal(unseal(CW_SEAL_SIGNER), CW_OK);
    seal(CW_SEAL_SIGNER);
    chip.version--;
    assert_int_equal(unseal(CW_SEAL_SIGNER), CW_E_DENIED);
}

/* Another image of the signer could have made it. */
static void bytes_of_a_signer_are_none_of_an_image(void **state)
{
    (void)state;
    seal(CW_SEAL_SIGNER);
    assert_int_equal(unseal(CW_SEAL_IMAGE), CW_E_FORM);
    sealed[1] = CW_SEAL_IMAGE;
    assert_int_equal(unseal(CW_SEAL_IMAGE), CW_E_AUTH);
}

static void every_changed_bit_is_noticed(void **state)
{
    (void)state;
    seal(CW_SEAL_IMAGE);
    chip.version = UINT8_MAX;
    for (size_t bit = 0; bit < 8 * sealed_len; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(unseal(CW_SEAL_IMAGE), bit < 16 ? CW_E_FORM : CW_E_AUTH);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(unseal(CW_SEAL_IMAGE), CW_OK);
}

static void every_missing_byte_is_noticed(void **state)
{
    (void)state;
    seal(CW_SEAL_IMAGE);
    for (sealed_len = 0; sealed_len < sizeof sealed; sealed_len++) {
        assert_int_equal(unseal(CW_SEAL_IMAGE),
                sealed_len < CW_SEALED_LEN(0) ? CW_E_FORM : CW_E_AUTH);
    }
}

/* A key for each: two equal texts have nothing in common. */
static void no_two_are_alike(void **state)
{
    (void)state;
    uint8_t first[sizeof sealed];
    seal(CW_SEAL_IMAGE);
    (void)memcpy(first, sealed, sizeof first);
    seal(CW_SEAL_IMAGE);
    assert_memory_not_equal(first + CW_SEALED_ID, sealed + CW_SEALED_ID, CW_SEALED_ID_LEN);
    assert_memory_not_equal(first + CW_SEALED_HEADER_LEN, sealed + CW_SEALED_HEADER_LEN, TEXT_LEN);
}

static void short_buffers_stay_as_they_are(void **state)
{
    (void)state;
    uint8_t room[sizeof sealed] = {0};
    const uint8_t zeros[sizeof sealed] = {0};
    size_t len = 99;
    for (size_t cap = 0; cap < sizeof room; cap++) {
        assert_int_equal(cw_seal(CW_SEAL_IMAGE, TEXT, TEXT_LEN, room, cap, &len), CW_E_SPACE);
    }
    seal(CW_SEAL_IMAGE);
    assert_int_equal(cw_unseal(CW_SEAL_IMAGE, sealed, sealed_len, room, TEXT_LEN - 1, &len),
            CW_E_SPACE);
    assert_memory_equal(room, zeros, sizeof room);
    assert_int_equal(len, 99);
}

static void nothing_can_be_sealed_too(void **state)
{
    (void)state;
    assert_int_equal(cw_seal(CW_SEAL_IMAGE, NULL, 0, sealed, sizeof sealed, &sealed_len), CW_OK);
    size_t len = 99;
    uint8_t text[1];
    assert_int_equal(cw_unseal(CW_SEAL_IMAGE, sealed, sealed_len, text, 0, &len), CW_OK);
    assert_int_equal(len, 0);
}

static void without_randomness_nothing_is_sealed(void **state)
{
    (void)state;
    chip.draws = UINT8_MAX;
    assert_int_equal(cw_seal(CW_SEAL_IMAGE, TEXT, TEXT_LEN, sealed, sizeof sealed, &sealed_len),
            CW_E_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(what_was_sealed_is_unsealed, start),
            cmocka_unit_test_setup(image_decides_who_unseals, start),
            cmocka_unit_test_setup(signer_decides_who_unseals, start),
            cmocka_unit_test_setup(another_chip_unseals_nothing, start),
            cmocka_unit_test_setup(newer_versions_unseal_older_ones_not, start),
            cmocka_unit_test_setup(bytes_of_a_signer_are_none_of_an_image, start),
            cmocka_unit_test_setup(every_changed_bit_is_noticed, start),
            cmocka_unit_test_setup(every_missing_byte_is_noticed, start),
            cmocka_unit_test_setup(no_two_are_alike, start),
            cmocka_unit_test_setup(short_buffers_stay_as_they_are, start),
            cmocka_unit_test_setup(nothing_can_be_sealed_too, start),
            cmocka_unit_test_setup(without_randomness_nothing_is_sealed, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
