/* SPDX-License-Identifier: MIT */
/* The owner's build: the same bytes anywhere, and words that help when it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tee/owner.h"
#include "tests/support/built.h"
#include "tests/support/folder.h"

static cw_status build(const char *source, struct cw_owner_module module,
        struct cw_owner_node node, struct cw_owner_built *ret_built)
{
    static const uint8_t vendor_key[CW_KEY_LEN] = {1, 2, 3};
    char lines[4096];
    (void)snprintf(lines, sizeof lines, "#include \"sdk/device.h\"\n%s", source == NULL ? "" : source);
    node.name = "board";
    node.vendor = 0x1234;
    node.vendor_key = vendor_key;
    return built_make(&cw_owner_sancus, source == NULL ? NULL : lines, module, &node, 0, ret_built);
}

static void fails(const char *source, struct cw_owner_module module, struct cw_owner_node node,
        const char *word)
{
    struct cw_owner_built built;
    assert_int_not_equal(build(source, module, node, &built), CW_OK);
    built_says(word);
}

static const struct cw_owner_module plain;
static const struct cw_owner_node board;
#define ENTRY "CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; "

static void image_is_the_same_from_two_folders(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    static const char source[] = "static int n = 3;\n" ENTRY "n++; (void)cw_reply_put(r, &n, 2); }";
    assert_int_equal(build(source, plain, board, &a), CW_OK);
    assert_int_equal(build(source, plain, board, &b), CW_OK);
    assert_int_equal(a.image_len, b.image_len);
    assert_memory_equal(a.image, b.image, a.image_len);
    assert_memory_equal(a.measurement, b.measurement, sizeof a.measurement);
    assert_memory_equal(a.root_key, b.root_key, sizeof a.root_key);
    assert_int_equal(a.endpoint_count, 1);
    assert_string_equal(a.endpoints[0].name, "e");
    free(a.image);
    free(a.endpoints);
    free(b.image);
    free(b.endpoints);
}

static void place_and_vendor_key_change_the_key(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    const struct cw_owner_node elsewhere = {.memory_data = "0x1402-0x41ff"};
    assert_int_equal(build(ENTRY "}", plain, board, &a), CW_OK);
    assert_int_equal(build(ENTRY "}", plain, elsewhere, &b), CW_OK);
    assert_memory_not_equal(a.root_key, b.root_key, sizeof a.root_key);
    assert_memory_not_equal(a.measurement, b.measurement, sizeof a.measurement);
    free(a.image);
    free(a.endpoints);
    free(b.image);
    free(b.endpoints);
}

static void arithmetic_of_all_widths_links(void **state)
{
    (void)state;
    struct cw_owner_built built;
    assert_int_equal(build("static volatile uint64_t n;\n" ENTRY
                           "n = n * 7 / (n + 1) % 1000u; n <<= d[0]; }", plain, board, &built),
            CW_OK);
    free(built.image);
    free(built.endpoints);
}

static void failures_say_what_to_do(void **state)
{
    (void)state;
    const struct cw_owner_module driver = {.device = "port1"};
    const struct cw_owner_module unknown = {.device = "toaster"};
    const struct cw_owner_module interrupt = {.device = "port1", .on_interrupt = "nothing"};
    const struct cw_owner_module deaf = {.device = "port3", .on_interrupt = "e"};
    const struct cw_owner_module bare = {.on_interrupt = "e"};
    const struct cw_owner_module wide = {.channels = 200};
    const struct cw_owner_node small = {.memory_text = "0x5c00-0x6bff"};
    const struct cw_owner_node odd = {.memory_text = "0x5c01-0x6bff"};
    const struct cw_owner_node shared = {.memory_text = "0x1800-0x2bff"};
    fails(NULL, plain, board, "m.c: No such file");
    fails(ENTRY "int x = ; }", plain, board, "m.c:3:");
    fails(ENTRY "static volatile float f; f = f * 2.5f; }", plain, board, "floating point");
    fails(ENTRY "cw_device_write(0, 0); }", plain, board, "no \"device\"");
    fails(ENTRY "uint8_t s[70]; size_t l; (void)!cw_seal(CW_SEAL_IMAGE, d, 2, s, 70, &l); }", plain,
            board, "it seals");
    fails(ENTRY "uint64_t c; (void)!cw_counter(true, &c); }", plain, board, "it counts");
    fails(ENTRY "nowhere(); } ", plain, board, "nowhere");
    fails("CW_INPUT(big, d, n, 5000) { (void)d; (void)n; }", plain, board, "endpoint big");
    fails(ENTRY "}", plain, small, "program memory of node board is too small by");
    fails(ENTRY "}", plain, odd, "memory is written as");
    fails(ENTRY "}", plain, shared, "share addresses");
    fails(ENTRY "}", wide, board, "RAM of node board is too small by");
    fails(ENTRY "}", unknown, board, "it has port1, port2");
    fails(ENTRY "}", interrupt, board, "no CW_ENTRY(nothing)");
    fails(ENTRY "}", deaf, board, "has no interrupt");
    fails(ENTRY "}", bare, board, "needs a \"device\"");
    struct cw_owner_built built;
    assert_int_equal(build(ENTRY "cw_device_write(0, 0); }", driver, board, &built), CW_OK);
    free(built.image);
    free(built.endpoints);
}

/* The published test node key, and what its chip gives to vendor 0x1234. */
static void local_board_has_the_vendor_key_of_its_chip(void **state)
{
    (void)state;
    static const uint8_t node_key[CW_KEY_LEN] = {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe,
            0xc0, 0xde, 0xfe, 0xed, 0xde, 0xfe, 0xc8, 0xed};
    static const uint8_t expected[CW_KEY_LEN] = {0x0b, 0x7b, 0xf3, 0xae, 0x40, 0x88, 0x0a, 0x8b,
            0xe4, 0x30, 0xd0, 0xda, 0x34, 0xfb, 0x76, 0xf0};
    uint8_t key[CW_KEY_LEN];
    cw_owner_sancus.local->vendor_key(node_key, 0x1234, key);
    assert_memory_equal(key, expected, sizeof key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(image_is_the_same_from_two_folders),
            cmocka_unit_test(place_and_vendor_key_change_the_key),
            cmocka_unit_test(arithmetic_of_all_widths_links),
            cmocka_unit_test(failures_say_what_to_do),
            cmocka_unit_test(local_board_has_the_vendor_key_of_its_chip),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
