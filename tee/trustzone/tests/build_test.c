/* SPDX-License-Identifier: MIT */
/* The owner's build of whole modules: images that a kernel takes, with a stable identity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tee/owner.h"
#include "tee/trustzone/owner/image.h"
#include "tests/support/built.h"
#include "tests/support/folder.h"

static cw_status build(const char *source, const char *name, size_t signed_by,
        struct cw_owner_module module, struct cw_owner_built *ret_built)
{
    const struct cw_owner_node node = {.name = "node", .tee = "trustzone"};
    module.name = name;
    return built_make(&cw_owner_trustzone, source, module, &node, signed_by, ret_built);
}

static void builds_well(const char *source, const char *name, size_t signed_by,
        struct cw_owner_built *ret_built)
{
    if (build(source, name, signed_by, (struct cw_owner_module){0}, ret_built) != CW_OK) {
        fail_msg("%s", built_why);
    }
}

static void fails(const char *source, struct cw_owner_module module, const char *word)
{
    struct cw_owner_built built;
    if (build(source, "m", 0, module, &built) == CW_OK) {
        fail_msg("it was built: %s", source);
    }
    built_says(word);
}

#define PLAIN "CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; }"

static void it_is_an_image_of_that_measurement(void **state)
{
    (void)state;
    struct cw_owner_built built;
    struct cw_tz_image_content content;
    builds_well(PLAIN, "m", 0, &built);
    char text[CW_TZ_IMAGE_WHY_LEN] = "";
    if (cw_tz_image_read(built.image, built.image_len, &content, text) != CW_OK) {
        fail_msg("%s", text);
    }
    assert_memory_equal(content.measurement, built.measurement, sizeof content.measurement);
    assert_string_equal(content.wish.name, "m");
    assert_int_equal(content.wish.flags, 0);
    assert_int_equal(content.wish.device, CW_TZ_DEVICE_NONE);
    assert_int_equal(content.wish.on_interrupt, CW_TZ_NO_INTERRUPT);
    assert_int_equal(built.endpoint_count, 1);
    assert_string_equal(built.endpoints[0].name, "e");
    assert_int_equal(strncmp(built.fingerprint, "trustzone:", 10), 0);
    assert_true(built.text_len > 0 && built.data_len > 0);
    cw_owner_built_free(&built);
}

/* The first instruction of a function that keeps a frame: stp x29, x30, [sp, #-n]!, n whole pairs. */
static void it_begins_with_the_entry(void **state)
{
    (void)state;
    struct cw_owner_built built;
    struct cw_tz_image_content content;
    char text[CW_TZ_IMAGE_WHY_LEN];
    builds_well(PLAIN, "m", 0, &built);
    assert_int_equal(cw_tz_image_read(built.image, built.image_len, &content, text), CW_OK);
    uint32_t first;
    memcpy(&first, content.parts[0].bytes, sizeof first);
    assert_int_equal(first & 0xffc07fff, 0xa9807bfd);
    cw_owner_built_free(&built);
}

static void a_module_may_seal_and_count(void **state)
{
    (void)state;
    struct cw_owner_built built;
    builds_well("CW_ENTRY(e, d, n, r) { static uint8_t s[200]; size_t l; uint64_t c; (void)r;"
                "(void)!cw_counter(true, &c); (void)!cw_seal(CW_SEAL_SIGNER, d, n, s, sizeof s, &l); }",
            "m", 0, &built);
    cw_owner_built_free(&built);
}

static void the_same_source_gives_the_same_image_in_any_folder(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    builds_well(PLAIN, "m", 0, &a);
    builds_well(PLAIN, "m", 0, &b);
    assert_int_equal(a.image_len, b.image_len);
    assert_memory_equal(a.image, b.image, a.image_len);
    cw_owner_built_free(&a);
    cw_owner_built_free(&b);
}

static void another_signer_or_name_is_another_measurement(void **state)
{
    (void)state;
    struct cw_owner_built built[3];
    builds_well(PLAIN, "m", 0, &built[0]);
    builds_well(PLAIN, "m", 1, &built[1]);
    builds_well(PLAIN, "n", 0, &built[2]);
    for (size_t i = 1; i < 3; i++) {
        assert_memory_not_equal(built[0].measurement, built[i].measurement,
                sizeof built[0].measurement);
    }
    for (size_t i = 0; i < 3; i++) {
        cw_owner_built_free(&built[i]);
    }
}

static void debugging_is_another_measurement_and_said(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    struct cw_tz_image_content content;
    char text[CW_TZ_IMAGE_WHY_LEN];
    builds_well(PLAIN, "m", 0, &a);
    assert_int_equal(build(PLAIN, "m", 0, (struct cw_owner_module){.is_debug = true}, &b), CW_OK);
    assert_int_equal(cw_tz_image_read(b.image, b.image_len, &content, text), CW_OK);
    assert_int_equal(content.wish.flags, CW_TZ_DEBUG);
    assert_memory_not_equal(a.measurement, b.measurement, sizeof a.measurement);
    cw_owner_built_free(&a);
    cw_owner_built_free(&b);
}

#define DRIVER                                                                                     \
    "#include \"device.h\"\n"                                                                       \
    "CW_ENTRY(poll, d, n, r) { (void)d; (void)n; (void)r; }"                                       \
    "CW_ENTRY(pressed, d, n, r) { (void)d; (void)n; (void)r; cw_device_write(CW_GPIO_IFG, 0); }"   \
    "CW_INPUT(in, d, n) { (void)d; (void)n; }"

static void device_and_interrupt_stand_in_the_image(void **state)
{
    (void)state;
    static const char *const names[] = {"port1", "port2", "uart"};
    for (uint16_t i = 0; i < 3; i++) {
        struct cw_owner_built built;
        struct cw_tz_image_content content;
        char text[CW_TZ_IMAGE_WHY_LEN];
        const struct cw_owner_module module = {.device = names[i], .on_interrupt = "pressed"};
        if (build(DRIVER, "m", 0, module, &built) != CW_OK) {
            fail_msg("%s", built_why);
        }
        assert_int_equal(cw_tz_image_read(built.image, built.image_len, &content, text), CW_OK);
        assert_int_equal(content.wish.device, i + 1);
        assert_string_equal(built.endpoints[content.wish.on_interrupt].name, "pressed");
        cw_owner_built_free(&built);
    }
}

static void another_source_is_another_measurement(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    builds_well(PLAIN, "m", 0, &a);
    builds_well("CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; }"
                "static volatile int x; CW_ENTRY(f, d, n, r) { (void)d; (void)n; (void)r; x = 1; }",
            "m", 0, &b);
    assert_memory_not_equal(a.measurement, b.measurement, sizeof a.measurement);
    cw_owner_built_free(&a);
    cw_owner_built_free(&b);
}

static void what_the_author_does_wrong_is_said(void **state)
{
    (void)state;
    const struct cw_owner_module none = {0};
    fails(PLAIN, (struct cw_owner_module){.device = "port9"}, "port1 (the button");
    fails(PLAIN, (struct cw_owner_module){.on_interrupt = "e"}, "needs a \"device\"");
    fails(PLAIN, (struct cw_owner_module){.device = "port1", .on_interrupt = "f"}, "no CW_ENTRY(f)");
    fails(DRIVER, (struct cw_owner_module){.device = "port1", .on_interrupt = "in"},
            "no CW_ENTRY(in)");
    fails(DRIVER, none, "the descriptor gives it no \"device\"");
    fails("CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; nothing(); }", none, "nothing");
    fails("static _Thread_local volatile int x; CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; x++; }",
            none, "hread");
    fails("static volatile char x[3 << 20]; CW_ENTRY(e, d, n, r) { (void)n; (void)r; x[*d << 12] = 1; }", none,
            "2 MiB");
}

static void two_modules_cannot_own_one_device(void **state)
{
    (void)state;
    const struct cw_owner_module modules[2] = {
            {.name = "one", .device = "port1"}, {.name = "two", .device = "port1"}};
    struct cw_owner_built built[2] = {{0}};
    const struct cw_owner_node node = {.name = "node", .tee = "trustzone"};
    const struct cw_owner_build how = {.sdk_dir = "none", .include_dir = "none", .out_dir = "none"};
    assert_int_equal(cw_owner_trustzone.build(&how, &node, modules, 2, built, built_why), CW_E_DENIED);
    assert_non_null(strstr(built_why, "belongs to module one already"));
}

static void names_of_32_bytes_and_no_more(void **state)
{
    (void)state;
    struct cw_owner_built built;
    builds_well(PLAIN, "a23456789b123456789c123456789d12", 0, &built);
    cw_owner_built_free(&built);
    assert_int_equal(build(PLAIN, "a23456789b123456789c123456789d123", 0, (struct cw_owner_module){0},
                             &built),
            CW_E_SPACE);
    assert_non_null(strstr(built_why, "shorter"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(it_is_an_image_of_that_measurement),
            cmocka_unit_test(it_begins_with_the_entry),
            cmocka_unit_test(a_module_may_seal_and_count),
            cmocka_unit_test(the_same_source_gives_the_same_image_in_any_folder),
            cmocka_unit_test(another_signer_or_name_is_another_measurement),
            cmocka_unit_test(another_source_is_another_measurement),
            cmocka_unit_test(debugging_is_another_measurement_and_said),
            cmocka_unit_test(device_and_interrupt_stand_in_the_image),
            cmocka_unit_test(what_the_author_does_wrong_is_said),
            cmocka_unit_test(two_modules_cannot_own_one_device),
            cmocka_unit_test(names_of_32_bytes_and_no_more),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
