/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/boot/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A device tree as QEMU writes one, of the nodes that matter and some that only seem to. */
struct made {
    uint8_t bytes[1024];
    size_t len;
};

static const char names[] = "rng-seed\0kaslr-seed\0reg\0status";
enum { RNG_SEED = 0, KASLR_SEED = 9, REG = 20, STATUS = 24, HEADER_LEN = 40, RESERVED_LEN = 16 };

static void put(struct made *m, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        m->bytes[m->len++] = (uint8_t)(value >> shift);
    }
}

static void put_bytes(struct made *m, const void *bytes, size_t len)
{
    memcpy(m->bytes + m->len, bytes, len);
    m->len = (m->len + len + 3) & ~(size_t)3;
}

static void begin_node(struct made *m, const char *name)
{
    put(m, 1);
    put_bytes(m, name, strlen(name) + 1);
}

static void end_node(struct made *m)
{
    put(m, 2);
}

static void property(struct made *m, uint32_t name, const void *bytes, uint32_t len)
{
    put(m, 3);
    put(m, len);
    put(m, name);
    put_bytes(m, bytes, len);
}

static void memory(struct made *m, const char *name, uint32_t at, uint32_t len)
{
    begin_node(m, name);
    put(m, 3);
    put(m, 16);
    put(m, REG);
    put(m, 0);
    put(m, at);
    put(m, 0);
    put(m, len);
    end_node(m);
}

static void seeds(struct made *m, const char *name, uint8_t fill)
{
    uint8_t seed[32];
    memset(seed, fill, sizeof seed);
    begin_node(m, name);
    property(m, KASLR_SEED, seed, 8);
    property(m, STATUS, "okay", 5);
    property(m, RNG_SEED, seed, 32);
    end_node(m);
}

static void set(struct made *m, size_t at, size_t value)
{
    struct made field = {.len = 0};
    put(&field, (uint32_t)value);
    memcpy(m->bytes + at, field.bytes, 4);
}

static void make(struct made *m)
{
    memset(m, 0, sizeof *m);
    m->len = HEADER_LEN + RESERVED_LEN;
    begin_node(m, "");
    put(m, 4);
    begin_node(m, "soc");
    seeds(m, "secure-chosen", 1); /* not at the top: another's */
    memory(m, "memory@1", 1, 1);
    end_node(m);
    seeds(m, "chosen", 2);
    seeds(m, "secure-chosen", 3);
    seeds(m, "secure-chosen2", 4);
    memory(m, "memoryless", 2, 2);
    memory(m, "memory@40000000", 0x40000000, 0x10000000);
    memory(m, "memory@80000000", 0x80000000, 0x10000000);
    end_node(m);
    put(m, 9);
    const size_t structure_end = m->len;
    put_bytes(m, names, sizeof names);
    set(m, 0, 0xd00dfeed);
    set(m, 4, m->len);
    set(m, 8, HEADER_LEN + RESERVED_LEN);
    set(m, 12, structure_end);
    set(m, 16, HEADER_LEN);
    set(m, 20, 17);
    set(m, 24, 16);
    set(m, 32, sizeof names);
    set(m, 36, structure_end - HEADER_LEN - RESERVED_LEN);
}

/* Reads a copy that ends where the bytes end, so that a sanitizer sees what is read behind them. */
static cw_status read_tree(const struct made *m, size_t len, struct cw_tree *ret_tree)
{
    uint8_t *copy = malloc(len + 1);
    assert_non_null(copy);
    uint8_t *bytes = realloc(copy, len > 0 ? len : 1);
    assert_non_null(bytes);
    memcpy(bytes, m->bytes, len);
    const cw_status status = cw_tree_read(bytes, len, ret_tree);
    if (status == CW_OK) {
        assert_true(ret_tree->rng_seed.at <= len);
        assert_true(ret_tree->rng_seed.len <= len - ret_tree->rng_seed.at);
        assert_true(ret_tree->kaslr_seed.at <= len);
        assert_true(ret_tree->kaslr_seed.len <= len - ret_tree->kaslr_seed.at);
    }
    free(bytes);
    return status;
}

static void seeds_and_memory_are_found(void **state)
{
    (void)state;
    struct made m;
    struct cw_tree tree;
    make(&m);
    assert_int_equal(read_tree(&m, m.len, &tree), CW_OK);
    assert_int_equal(tree.ram_at, 0x40000000);
    assert_int_equal(tree.ram_len, 0x10000000);
    assert_int_equal(tree.rng_seed.len, 32);
    assert_int_equal(tree.kaslr_seed.len, 8);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(m.bytes[tree.rng_seed.at + i], 3);
    }
    assert_int_equal(m.bytes[tree.kaslr_seed.at], 3);
}

static void a_tree_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct made m;
    struct cw_tree tree;
    make(&m);
    for (size_t len = 0; len < m.len; len++) {
        assert_int_not_equal(read_tree(&m, len, &tree), CW_OK);
    }
    /* The same with a header that believes it; one byte behind the names is padding. */
    for (size_t len = HEADER_LEN; len < m.len - 1; len++) {
        set(&m, 4, len);
        assert_int_not_equal(read_tree(&m, len, &tree), CW_OK);
    }
}

static void a_structure_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct made m;
    struct cw_tree tree;
    make(&m);
    const size_t whole = m.len - HEADER_LEN - RESERVED_LEN - ((sizeof names + 3) & ~(size_t)3);
    for (size_t len = 0; len < whole; len++) {
        set(&m, 36, len);
        assert_int_not_equal(read_tree(&m, m.len, &tree), CW_OK);
    }
}

static void any_changed_bit_stays_inside(void **state)
{
    (void)state;
    struct made m;
    struct cw_tree tree;
    make(&m);
    for (size_t bit = 0; bit < 8 * m.len; bit++) {
        m.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)!read_tree(&m, m.len, &tree);
        m.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void no_memory_and_memory_that_wraps_are_refused(void **state)
{
    (void)state;
    struct made m;
    struct cw_tree tree;
    make(&m);
    for (size_t at = HEADER_LEN; at + 8 < m.len; at++) {
        if (memcmp(m.bytes + at, "memory@", 7) == 0) {
            m.bytes[at] = 'M';
        }
    }
    assert_int_equal(read_tree(&m, m.len, &tree), CW_E_ABSENT);
    make(&m);
    for (size_t at = HEADER_LEN; at + 8 < m.len; at++) {
        if (memcmp(m.bytes + at, "\x40\0\0\0\0\0\0\0\x10", 9) == 0) {
            memset(m.bytes + at + 4, 0xff, 8);
        }
    }
    assert_int_equal(read_tree(&m, m.len, &tree), CW_E_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_and_memory_are_found),
        cmocka_unit_test(a_tree_cut_anywhere_is_refused),
        cmocka_unit_test(a_structure_cut_anywhere_is_refused),
        cmocka_unit_test(any_changed_bit_stays_inside),
        cmocka_unit_test(no_memory_and_memory_that_wraps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
