/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/boot/tree.h"

#include <stdbool.h>

enum {
    MAGIC = 0xd00dfeed,
    HEADER_LEN = 40,
    VERSION = 17,
    NODE = 1,
    END_NODE = 2,
    PROPERTY = 3,
    NOTHING = 4,
    END = 9,
    DEPTH_MAX = 16,
};

struct walk {
    const uint8_t *bytes;
    size_t next;      /* in the structure block */
    size_t end;
    size_t names;     /* the strings block */
    size_t names_end;
    unsigned depth;   /* 1: inside the root */
    bool is_secure_chosen;
    bool is_memory;
};

static uint32_t u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t u64(const uint8_t *at)
{
    return (uint64_t)u32(at) << 32 | u32(at + 4);
}

/* Does a text begin with, or equal, what is expected?  It ends before limit. */
static bool starts_with(const uint8_t *at, const uint8_t *limit, const char *expected)
{
    for (; *expected != 0; expected++, at++) {
        if (at == limit || *at != (uint8_t)*expected) {
            return false;
        }
    }
    return true;
}

static bool is_text(const uint8_t *at, const uint8_t *limit, const char *expected)
{
    size_t len = 0;
    while (expected[len] != 0) {
        len++;
    }
    return starts_with(at, limit, expected) && at + len < limit && at[len] == 0;
}

static cw_status node(struct walk *w)
{
    const uint8_t *name = w->bytes + w->next;
    const uint8_t *limit = w->bytes + w->end;
    const uint8_t *end = name;
    while (end < limit && *end != 0) {
        end++;
    }
    if (end == limit || w->depth == DEPTH_MAX) {
        return CW_E_FORM;
    }
    w->next += ((size_t)(end - name) + 4) & ~(size_t)3;
    w->depth++;
    if (w->depth == 2) {
        w->is_secure_chosen = is_text(name, limit, "secure-chosen");
        w->is_memory = is_text(name, limit, "memory") || starts_with(name, limit, "memory@");
    }
    return CW_OK;
}

static cw_status property(struct walk *w, struct cw_tree *tree)
{
    if (w->end - w->next < 8) {
        return CW_E_FORM;
    }
    const size_t len = u32(w->bytes + w->next);
    const size_t name_at = u32(w->bytes + w->next + 4);
    const size_t at = w->next + 8;
    if (w->depth == 0 || len > w->end - at || name_at >= w->names_end - w->names) {
        return CW_E_FORM;
    }
    const uint8_t *name = w->bytes + w->names + name_at;
    const uint8_t *limit = w->bytes + w->names_end;
    w->next = at + ((len + 3) & ~(size_t)3);
    if (w->depth != 2) {
        return CW_OK;
    }
    if (w->is_secure_chosen && is_text(name, limit, "rng-seed")) {
        tree->rng_seed = (struct cw_tree_range){at, len};
    }
    if (w->is_secure_chosen && is_text(name, limit, "kaslr-seed")) {
        tree->kaslr_seed = (struct cw_tree_range){at, len};
    }
    if (w->is_memory && tree->ram_len == 0 && len >= 16 && is_text(name, limit, "reg")) {
        tree->ram_at = u64(w->bytes + at);
        tree->ram_len = u64(w->bytes + at + 8);
    }
    return CW_OK;
}

static cw_status walk(struct walk *w, struct cw_tree *tree)
{
    cw_status status = CW_OK;
    while (status == CW_OK) {
        if (w->end < w->next || w->end - w->next < 4) {
            return CW_E_FORM;
        }
        const uint32_t token = u32(w->bytes + w->next);
        w->next += 4;
        if (token == END) {
            return w->depth == 0 ? CW_OK : CW_E_FORM;
        }
        if (token == NODE) {
            status = node(w);
        } else if (token == PROPERTY) {
            status = property(w, tree);
        } else if (token == END_NODE && w->depth > 0) {
            w->depth--;
        } else if (token != NOTHING) {
            status = CW_E_FORM;
        }
    }
    return status;
}

cw_status cw_tree_read(const uint8_t *bytes, size_t cap, struct cw_tree *ret_tree)
{
    if (cap < HEADER_LEN || u32(bytes) != MAGIC) {
        return CW_E_FORM;
    }
    const size_t total = u32(bytes + 4);
    const size_t start = u32(bytes + 8);
    const size_t names = u32(bytes + 12);
    const size_t names_len = u32(bytes + 32);
    const size_t len = u32(bytes + 36);
    if (total > cap) {
        return CW_E_SHORT;
    }
    if (u32(bytes + 24) > VERSION || u32(bytes + 20) < VERSION || start % 4 != 0 || start > total
            || len > total - start || names > total || names_len > total - names) {
        return CW_E_FORM;
    }
    struct walk w = {bytes, start, start + len, names, names + names_len, 0, false, false};
    struct cw_tree tree = {0};
    const cw_status status = walk(&w, &tree);
    if (status != CW_OK) {
        return status;
    }
    if (tree.ram_len == 0 || tree.ram_at + tree.ram_len < tree.ram_at) {
        return CW_E_ABSENT;
    }
    *ret_tree = tree;
    return CW_OK;
}
