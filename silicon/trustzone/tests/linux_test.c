/* SPDX-License-Identifier: MIT */
#include "silicon/trustzone/linux.h"

#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM (1 << 20) /* as QEMU does it: most of it is room */

static uint8_t start[CW_LINUX_START_MAX];
static size_t start_len;

/* A machine like QEMU's, with what matters of it. */
static void make_tree(uint8_t *tree, int cpus)
{
    static const uint8_t seed[32] = {0x5e, 0xed, 0x5e, 0xed};
    int result = fdt_create(tree, ROOM) | fdt_finish_reservemap(tree)
            | fdt_begin_node(tree, "") | fdt_property_string(tree, "compatible", "linux,dummy-virt");
    result |= fdt_begin_node(tree, "cpus");
    for (int i = 0; i < cpus; i++) {
        const char *const names[] = {"cpu@0", "cpu@1", "cpu@2"};
        result |= fdt_begin_node(tree, names[i]) | fdt_property_string(tree, "device_type", "cpu")
                | fdt_end_node(tree);
    }
    result |= fdt_begin_node(tree, "cpu-map") | fdt_end_node(tree) | fdt_end_node(tree);
    result |= fdt_begin_node(tree, "chosen")
            | fdt_property_string(tree, "stdout-path", "/pl011@9000000") | fdt_end_node(tree);
    result |= fdt_begin_node(tree, "secure-chosen") | fdt_property(tree, "rng-seed", seed, 32)
            | fdt_end_node(tree);
    result |= fdt_end_node(tree) | fdt_finish(tree);
    assert_int_equal(result, 0);
}

static const char *text_of(const char *path, const char *name)
{
    const void *tree = start + CW_LINUX_TREE_OFFSET;
    const int node = fdt_path_offset(tree, path);
    return node < 0 ? NULL : fdt_getprop(tree, node, name, NULL);
}

static void the_tree_tells_linux_of_the_secure_world(void **state)
{
    static uint8_t tree[ROOM];
    (void)state;
    make_tree(tree, 2);
    assert_int_equal(cw_linux_start(tree, ROOM, 0x1234, "quiet", start, &start_len), CW_OK);
    assert_int_equal(fdt_check_full(start + CW_LINUX_TREE_OFFSET, start_len - CW_LINUX_TREE_OFFSET),
            0);
    assert_string_equal(text_of("/psci", "compatible"), "arm,psci-1.0");
    assert_string_equal(text_of("/psci", "method"), "smc");
    assert_string_equal(text_of("/firmware/optee", "compatible"), "linaro,optee-tz");
    assert_string_equal(text_of("/firmware/optee", "method"), "smc");
    assert_string_equal(text_of("/cpus/cpu@0", "enable-method"), "psci");
    assert_string_equal(text_of("/cpus/cpu@1", "enable-method"), "psci");
    assert_null(text_of("/cpus/cpu-map", "enable-method"));
    assert_string_equal(text_of("/chosen", "bootargs"), "quiet");
    assert_string_equal(text_of("/chosen", "stdout-path"), "/pl011@9000000");
}

static void the_initramfs_is_where_the_tree_says(void **state)
{
    static uint8_t tree[ROOM];
    const void *const made = start + CW_LINUX_TREE_OFFSET;
    (void)state;
    make_tree(tree, 1);
    assert_int_equal(cw_linux_start(tree, ROOM, 0x1234, "", start, &start_len), CW_OK);
    const int chosen = fdt_path_offset(made, "/chosen");
    const void *end = fdt_getprop(made, chosen, "linux,initrd-end", NULL);
    assert_non_null(end);
    assert_true(fdt64_ld(end) == CW_LINUX_INITRAMFS_AT + 0x1234);
    assert_int_equal(cw_linux_start(tree, ROOM, 0, "", start, &start_len), CW_OK);
    assert_null(text_of("/chosen", "linux,initrd-start"));
}

static void secrets_of_the_secure_world_are_left_out(void **state)
{
    static uint8_t tree[ROOM];
    (void)state;
    make_tree(tree, 1);
    assert_non_null(memmem(tree, ROOM, "\x5e\xed\x5e\xed", 4));
    assert_int_equal(cw_linux_start(tree, ROOM, 0, "", start, &start_len), CW_OK);
    assert_true(fdt_path_offset(start + CW_LINUX_TREE_OFFSET, "/secure-chosen") < 0);
    assert_null(memmem(start, sizeof start, "\x5e\xed\x5e\xed", 4));
}

static void what_is_no_tree_is_refused(void **state)
{
    static uint8_t tree[ROOM];
    (void)state;
    make_tree(tree, 1);
    assert_int_equal(cw_linux_start(tree, 20, 0, "", start, &start_len), CW_E_FORM);
    assert_int_equal(cw_linux_start(tree, fdt_totalsize(tree) - 1, 0, "", start, &start_len),
            CW_E_FORM);
    tree[0] ^= 1;
    assert_int_equal(cw_linux_start(tree, ROOM, 0, "", start, &start_len), CW_E_FORM);
    make_tree(tree, 0); /* a machine without CPUs */
    assert_int_equal(cw_linux_start(tree, ROOM, 0, "", start, &start_len), CW_E_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_tree_tells_linux_of_the_secure_world),
            cmocka_unit_test(the_initramfs_is_where_the_tree_says),
            cmocka_unit_test(secrets_of_the_secure_world_are_left_out),
            cmocka_unit_test(what_is_no_tree_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
