/* SPDX-License-Identifier: MIT */
/* What the owner accepts of a genuine token, and the words for what is refused. */
#include "tee/trustzone/owner/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto/hash.h"
#include "posix/file.h"
#include "tee/trustzone/owner/image.h"
#include "tee/trustzone/tests/board.h"
#include "tee/trustzone/tests/tokens.h"

static char *folder;                /* an SDK: lib/trustzone/firmware.bin */
static struct tokens_device device;
static struct cw_tz_key owner;      /* signs images */
static struct cw_owner_built built;
static struct cw_owner_node node;
static struct cw_tz_identity module;
static struct cw_owner_verdict verdict;
static uint8_t platform[CW_PLATFORM_ID_LEN];
static uint8_t token[CW_TZ_TOKEN_MAX];
static size_t len;
static const uint8_t report[32] = {4, 5, 6};
static const uint8_t nothing[32];

static void write_firmware(uint32_t version, uint8_t kernel, const char *path)
{
    uint8_t bytes[BOARD_FIRMWARE_LEN];
    board_firmware(version, 5, kernel, bytes);
    assert_int_equal(cw_file_write(path, bytes, sizeof bytes, 0600), CW_OK);
}

static char *in_folder(const char *name)
{
    char *path = cw_file_join(folder, name);
    assert_non_null(path);
    return path;
}

static void firmware_of_sdk(uint32_t version, uint8_t kernel)
{
    char *path = in_folder("lib/trustzone/firmware.bin");
    write_firmware(version, kernel, path);
    free(path);
}

/* A module as it was built, on a device that the owner names: accepted. */
static int start(void **state)
{
    (void)state;
    static const uint8_t text[] = {0, 0, 0, 0x14};
    char why[CW_TZ_IMAGE_WHY_LEN] = "";
    folder = board_folder();
    char *sub = in_folder("lib/trustzone");
    assert_int_equal(cw_file_make_folder(sub, 0700), CW_OK);
    free(sub);
    firmware_of_sdk(1, 7);
    tokens_device(1, 2, &device);
    assert_int_equal(cw_tz_key_new(&owner), CW_OK);
    struct cw_tz_image_content image = {
            .wish = {.name = "controller", .device = CW_TZ_DEVICE_PORT1,
                    .on_interrupt = CW_TZ_NO_INTERRUPT, .stack_len = 4096, .security_version = 1},
            .parts = {{text, sizeof text}}};
    built = (struct cw_owner_built){0};
    assert_int_equal(cw_tz_image_write(&image, owner.secret, &built.image, &built.image_len, why),
            CW_OK);
    assert_int_equal(cw_tz_image_read(built.image, built.image_len, &image, why), CW_OK);
    memcpy(built.measurement, image.measurement, sizeof built.measurement);
    module = (struct cw_tz_identity){.name = "controller", .epoch = 1, .security_version = 1,
            .device = CW_TZ_DEVICE_PORT1};
    memcpy(module.measurement, image.measurement, sizeof module.measurement);
    cw_sha256(owner.point, sizeof owner.point, module.signer);
    memcpy(platform, device.platform, sizeof platform);
    node = (struct cw_owner_node){.name = "board", .tee = "trustzone", .platform = platform,
            .sdk_dir = folder};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    free(built.image);
    board_remove(folder);
    return 0;
}

static cw_status ask(void)
{
    tokens_start(&device);
    len = tokens_write(&module, report, token);
    return cw_tz_verify(&node, &built, nothing, nothing, report, token, len, &verdict);
}

static void refused_with(const char *words)
{
    assert_int_equal(ask(), CW_E_AUTH);
    assert_false(verdict.genuine);
    if (strstr(verdict.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, verdict.text);
    }
}

static void what_was_built_is_accepted_and_shown_as_emulated(void **state)
{
    (void)state;
    char hex[2 * 32 + 1];
    device.boot = 9;
    assert_int_equal(ask(), CW_OK);
    assert_true(verdict.genuine);
    assert_true(verdict.emulated);
    assert_string_equal(verdict.tcb, "firmware security version 1");
    assert_int_equal(verdict.start_count, 9);
    assert_int_equal(verdict.start_seed[31], 0x40 + 9);
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", platform[i]);
    }
    assert_string_equal(verdict.platform, hex);
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", module.signer[i]);
    }
    assert_string_equal(verdict.signer, hex);
    assert_non_null(strstr(verdict.text, "(emulated)"));
}

static void a_device_that_nobody_named_is_refused(void **state)
{
    (void)state;
    node.platform = NULL;
    refused_with("the descriptor names no device");
    assert_non_null(strstr(verdict.text, "\"platform\""));
}

static void another_device_is_refused(void **state)
{
    (void)state;
    platform[0] ^= 1;
    refused_with("the descriptor names");
}

/* The public half of the manufacturer's key, in a file or a folder, in place of the device. */
static void every_device_of_a_manufacturer_can_be_believed(void **state)
{
    (void)state;
    struct cw_tz_key stranger;
    char *pair = in_folder("m.pem");
    char *public_half = in_folder("m.pub.pem");
    char *other = in_folder("s.pem");
    char *other_public = in_folder("s.pub.pem");
    assert_int_equal(cw_tz_key_write(pair, &device.manufacturer), CW_OK);
    assert_int_equal(cw_tz_key_new(&stranger), CW_OK);
    assert_int_equal(cw_tz_key_write(other, &stranger), CW_OK);
    node.platform = NULL;
    node.collateral = public_half;
    assert_int_equal(ask(), CW_OK);
    node.collateral = other_public;
    refused_with("whose key \"collateral\" does not hold");
    node.platform = platform; /* both have to hold */
    refused_with("whose key \"collateral\" does not hold");
    node.collateral = pair;
    refused_with("found no public key");
    node.collateral = "/nowhere";
    refused_with("cannot be read");
    assert_int_equal(remove(pair), 0);
    assert_int_equal(remove(other), 0);
    node.collateral = folder;
    node.platform = NULL;
    assert_int_equal(ask(), CW_OK);
    free(pair);
    free(public_half);
    free(other);
    free(other_public);
}

static void another_firmware_is_refused_unless_the_owner_has_it(void **state)
{
    (void)state;
    firmware_of_sdk(2, 8);
    refused_with("security version 1 (the owner's 2)");
    assert_non_null(strstr(verdict.text, "--update"));
    char *known = in_folder("known");
    char *file = in_folder("known/old.bin");
    assert_int_equal(cw_file_make_folder(known, 0700), CW_OK);
    write_firmware(1, 7, file);
    node.collateral = known;
    assert_int_equal(ask(), CW_OK);
    free(known);
    free(file);
}

static void a_firmware_cannot_claim_a_version_that_it_is_not(void **state)
{
    (void)state;
    device.firmware.security_version = 2;
    refused_with("says security version 2, which is 1");
}

static void without_reference_firmware_nothing_is_believed(void **state)
{
    (void)state;
    char *path = in_folder("lib/trustzone/firmware.bin");
    assert_int_equal(remove(path), 0);
    refused_with("there is no firmware");
    node.sdk_dir = NULL;
    refused_with("another one than the owner's");
    free(path);
}

static void another_life_cycle_is_refused(void **state)
{
    (void)state;
    device.lifecycle = 0x3000; /* "secured": no emulated device is */
    refused_with("life cycle is 0x3000");
}

static void another_module_is_refused(void **state)
{
    (void)state;
    module.is_debug = true;
    refused_with("debug image");
    module.is_debug = false;
    module.measurement[5] ^= 1;
    refused_with("its measurement is");
    module.measurement[5] ^= 1;
    module.signer[5] ^= 1;
    refused_with("it is signed by");
    module.signer[5] ^= 1;
    module.name[0] = 'C';
    refused_with("it is called Controller");
    module.name[0] = 'c';
    module.device = CW_TZ_DEVICE_PORT2;
    refused_with("device port2");
    module.device = CW_TZ_DEVICE_PORT1;
    module.security_version = 2;
    refused_with("version 2");
    module.security_version = 1;
    assert_int_equal(ask(), CW_OK);
}

static void a_token_of_another_session_is_refused(void **state)
{
    (void)state;
    uint8_t other[32] = {7};
    assert_int_equal(ask(), CW_OK);
    assert_int_equal(cw_tz_verify(&node, &built, nothing, nothing, other, token, len, &verdict),
            CW_E_AUTH);
    assert_non_null(strstr(verdict.text, "another session"));
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x83, 0xd2};
    assert_int_equal(cw_tz_verify(&node, &built, nothing, nothing, report, bytes, sizeof bytes,
                             &verdict), CW_E_AUTH);
    assert_non_null(strstr(verdict.text, "this is no token"));
    assert_true(verdict.emulated);
}

/* A manufacturer of one's own makes a chain that is right, and no device that is believed. */
static void a_chain_of_ones_own_is_not_the_pinned_device(void **state)
{
    (void)state;
    struct tokens_device own;
    tokens_device(80, 81, &own);
    device = own;
    refused_with("the descriptor names");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(what_was_built_is_accepted_and_shown_as_emulated),
            CASE(a_device_that_nobody_named_is_refused),
            CASE(another_device_is_refused),
            CASE(every_device_of_a_manufacturer_can_be_believed),
            CASE(another_firmware_is_refused_unless_the_owner_has_it),
            CASE(a_firmware_cannot_claim_a_version_that_it_is_not),
            CASE(without_reference_firmware_nothing_is_believed),
            CASE(another_life_cycle_is_refused),
            CASE(another_module_is_refused),
            CASE(a_token_of_another_session_is_refused),
            CASE(what_is_no_token_is_refused),
            CASE(a_chain_of_ones_own_is_not_the_pinned_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
