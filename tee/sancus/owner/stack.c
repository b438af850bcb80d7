/* SPDX-License-Identifier: MIT */
#include "tee/sancus/owner/stack.h"

#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tee/owner/object.h"
#include "tee/sancus/owner/elf.h"

#define ENTRY "cw_sancus_entry"
#define RETURN_LEN 2u /* of a call */
#define NOBODY SIZE_MAX

/* What can be called: a function, or a label in assembly. */
struct piece {
    const char *name;
    uint32_t start;
    uint32_t own_len;  /* what it pushes            */
    uint32_t deep_len; /* with all that it calls    */
    size_t deepest;    /* whom, on the deepest path */
    bool is_label;     /* others jump into it, and run on into it */
    bool is_served;  /* a row of the endpoint table names it for the runtime */
    bool is_handler; /* ... or as the author's                               */
    bool is_endless;
    bool calls_row;
};

struct call {
    size_t from, to;
    uint32_t len; /* RETURN_LEN; 0: a jump */
};

struct text {
    struct cw_sancus_linked linked;
    bool seen[UINT16_MAX + 1]; /* instructions of the piece that is followed */
    uint16_t todo[UINT16_MAX + 1];
    size_t todo_count;
    struct piece *pieces;
    size_t piece_count;
    struct call *calls;
    size_t call_count;
};

static uint16_t word_at(const struct text *t, uint32_t address)
{
    const uint32_t offset = address - t->linked.ps;
    return address < t->linked.ps || address + 1 >= t->linked.pe
            ? 0
            : (uint16_t)(t->linked.text[offset] | (uint16_t)t->linked.text[offset + 1] << 8);
}

/* The piece that begins there. */
static size_t piece_at(const struct text *t, uint32_t address)
{
    for (size_t i = 0; i < t->piece_count; i++) {
        if (address == t->pieces[i].start) {
            return i;
        }
    }
    return NOBODY;
}

static cw_status add_call(struct text *t, size_t from, size_t to, uint32_t len)
{
    struct call *calls = realloc(t->calls, (t->call_count + 1) * sizeof *calls);
    if (calls == NULL) {
        return CW_E_SYSTEM;
    }
    t->calls = calls;
    t->calls[t->call_count++] = (struct call){from, to, len};
    return CW_OK;
}

/* Does a source operand have a word behind the instruction? */
static bool has_word(unsigned mode, unsigned reg)
{
    return (mode == 1 && reg != 3) || (mode == 3 && reg == 0);
}

/* What an operand is worth where it is a constant; -1: it is none. */
static int32_t constant(unsigned mode, unsigned reg, uint16_t word)
{
    static const int32_t of_r3[] = {0, 1, 2, 65535};
    if (reg == 3) {
        return of_r3[mode];
    }
    if (reg == 2 && mode >= 2) {
        return mode == 2 ? 4 : 8;
    }
    return mode == 3 && reg == 0 ? word : -1;
}

/* Piece i goes on at an address: in itself, or (a function begins there) in another one. */
static cw_status go_on(struct text *t, size_t i, uint32_t address)
{
    const size_t to = piece_at(t, address);
    if (to != NOBODY && to != i && !t->pieces[to].is_label) {
        return add_call(t, i, to, 0);
    }
    if (address <= UINT16_MAX && t->todo_count <= UINT16_MAX && !t->seen[address]) {
        t->seen[address] = true;
        t->todo[t->todo_count++] = (uint16_t)address;
    }
    return CW_OK;
}

/* Format II: push, call and others of one operand; Sancus' own instructions have none. */
static cw_status follow_one(struct text *t, size_t i, uint32_t at, uint16_t code)
{
    struct piece *p = &t->pieces[i];
    const unsigned mode = code >> 4 & 3u;
    const unsigned verb = code >> 7 & 7u;
    const bool is_address = mode == 3 && (code & 15u) == 0;
    if (code >= 0x1380 || code == 0x1300) { /* Sancus, reti */
        return code == 0x1300 ? CW_OK : go_on(t, i, at);
    }
    const size_t to = piece_at(t, word_at(t, at));
    cw_status status = CW_OK;
    p->own_len += verb == 4 ? 2 : 0;
    if (verb == 5 && is_address && to != NOBODY) {
        status = add_call(t, i, to, RETURN_LEN);
    }
    p->calls_row = p->calls_row || (verb == 5 && !is_address);
    return status == CW_OK ? go_on(t, i, at + (has_word(mode, code & 15u) ? 2 : 0)) : status;
}

/* The instruction there. */
static cw_status follow(struct text *t, size_t i, uint32_t at)
{
    struct piece *p = &t->pieces[i];
    const uint16_t code = word_at(t, at);
    at += 2;
    if (code >> 13 == 1) { /* a jump: 10 bits of words, from behind it; 7: always */
        const int32_t words = (int32_t)(code & 0x1ffu) - (int32_t)(code & 0x200u);
        cw_status status = go_on(t, i, (uint32_t)((int32_t)at + 2 * words));
        return status == CW_OK && (code >> 10 & 7u) != 7 ? go_on(t, i, at) : status;
    }
    if (code >> 12 == 1) {
        return follow_one(t, i, at, code);
    }
    const unsigned mode = code >> 4 & 3u;
    const unsigned reg = code >> 8 & 15u;
    const bool to_memory = (code & 0x80u) != 0;
    const int32_t value = constant(mode, reg, word_at(t, at));
    if (!to_memory && (code & 15u) == 0) { /* br, ret */
        return mode == 3 && reg == 0 ? go_on(t, i, (uint32_t)value) : CW_OK;
    }
    if (code >> 12 == 8 && !to_memory && (code & 15u) == 1) { /* sub x, sp */
        p->is_endless = p->is_endless || value < 0;
        p->own_len += value < 0 ? 0 : (uint32_t)value;
    }
    if (code >> 12 == 4 && !to_memory && (code & 15u) == 1 && mode == 0 && reg != 3) {
        p->is_endless = true; /* mov register, sp: what it was lowered by, nobody knows */
    }
    return go_on(t, i, at + (has_word(mode, reg) ? 2u : 0u) + (to_memory ? 2u : 0u));
}

static cw_status take_pieces(const struct cw_object *o, struct text *t)
{
    t->pieces = calloc(o->symbol_count + 1, sizeof *t->pieces);
    if (t->pieces == NULL) {
        return CW_E_SYSTEM;
    }
    for (size_t i = 0; i < o->symbol_count; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(o->symbols, (int)i, &symbol) == NULL) {
            return CW_E_SYSTEM;
        }
        const char *name = elf_strptr(o->elf, o->symbol_names, symbol.st_name);
        const unsigned type = GELF_ST_TYPE(symbol.st_info);
        if (name == NULL || strncmp(name, "__", 2) == 0 || symbol.st_shndx == SHN_UNDEF ||
                symbol.st_shndx >= SHN_LORESERVE || (type != STT_FUNC && type != STT_NOTYPE) ||
                symbol.st_value < t->linked.ps || symbol.st_value >= t->linked.pe) {
            continue;
        }
        t->pieces[t->piece_count++] = (struct piece){
                .name = name,
                .start = (uint32_t)symbol.st_value,
                .deepest = NOBODY,
                .is_label = type == STT_NOTYPE && GELF_ST_BIND(symbol.st_info) == STB_LOCAL,
        };
    }
    return CW_OK;
}

/* The first pointer of a row is the author's, the last ones are the runtime's. */
static void mark_rows(struct text *t, const struct cw_object *o)
{
    uint64_t value;
    bool is_defined;
    for (size_t i = 0; i < o->symbol_count; i++) {
        GElf_Sym symbol;
        const char *name = cw_object_symbol(o, i, &value, &is_defined);
        if (name == NULL || strncmp(name, "cw_endpoint_", 12) != 0 || !is_defined ||
                gelf_getsym(o->symbols, (int)i, &symbol) == NULL) {
            continue;
        }
        for (uint32_t at = 0; at + 1 < symbol.st_size; at += 2) {
            const size_t p = piece_at(t, word_at(t, (uint32_t)value + at));
            if (p == NOBODY) {
                continue;
            }
            t->pieces[p].is_handler = t->pieces[p].is_handler || at == 0;
            t->pieces[p].is_served = t->pieces[p].is_served || at >= 8;
        }
    }
}

/* A call by a pointer: the runtime's of a row's runtime function, and those of everything else. */
static cw_status add_row_calls(struct text *t)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < t->piece_count && status == CW_OK; i++) {
        for (size_t j = 0; t->pieces[i].calls_row && j < t->piece_count && status == CW_OK; j++) {
            const bool can = t->pieces[i].is_handler ? false
                           : t->pieces[i].is_served  ? t->pieces[j].is_handler ||
                                            (t->pieces[j].is_served && !t->pieces[j].calls_row)
                                                     : t->pieces[j].is_served;
            if (can && i != j) {
                status = add_call(t, i, j, RETURN_LEN);
            }
        }
    }
    return status;
}

static cw_status read_text(struct text *t)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < t->piece_count && status == CW_OK; i++) {
        (void)memset(t->seen, 0, sizeof t->seen);
        t->todo_count = 0;
        status = go_on(t, i, t->pieces[i].start);
        while (status == CW_OK && t->todo_count > 0) {
            status = follow(t, i, t->todo[--t->todo_count]);
        }
    }
    return status;
}

/* The deepest of all, longer by one call with each turn; no path is longer than all pieces. */
static bool settle(struct text *t)
{
    for (size_t i = 0; i < t->piece_count; i++) {
        t->pieces[i].deep_len = t->pieces[i].own_len;
    }
    bool is_changed = true;
    for (size_t turn = 0; is_changed && turn <= t->piece_count; turn++) {
        is_changed = false;
        for (size_t i = 0; i < t->call_count; i++) {
            const struct call *c = &t->calls[i];
            struct piece *from = &t->pieces[c->from];
            const uint32_t len = from->own_len + c->len + t->pieces[c->to].deep_len;
            if (len > from->deep_len) {
                from->deep_len = len;
                from->deepest = c->to;
                is_changed = true;
            }
        }
    }
    return !is_changed;
}

/* From the entry; stops where a loop has no end. */
static void tell_path(const struct text *t, size_t entry, char *ret_path)
{
    size_t used = 0;
    ret_path[0] = '\0';
    for (size_t i = entry, steps = 0; i != NOBODY && steps < 24; i = t->pieces[i].deepest, steps++) {
        const int len = snprintf(ret_path + used, CW_SANCUS_PATH_LEN - used, "%s%s",
                steps == 0 ? "" : " > ", t->pieces[i].name);
        if (len < 0 || (size_t)len >= CW_SANCUS_PATH_LEN - used) {
            return;
        }
        used += (size_t)len;
    }
}

static cw_status measure(struct text *t, uint32_t *ret_len, char *ret_path)
{
    size_t entry = NOBODY;
    for (size_t i = 0; i < t->piece_count; i++) {
        entry = strcmp(t->pieces[i].name, ENTRY) == 0 ? i : entry;
        if (t->pieces[i].is_endless) {
            (void)snprintf(ret_path, CW_SANCUS_PATH_LEN, "%s has an array of variable length",
                    t->pieces[i].name);
            return CW_E_DENIED;
        }
    }
    if (entry == NOBODY) {
        return CW_E_SYSTEM;
    }
    const bool is_settled = settle(t);
    tell_path(t, entry, ret_path);
    *ret_len = t->pieces[entry].deep_len;
    return is_settled ? CW_OK : CW_E_DENIED;
}

cw_status cw_sancus_stack(const char *path, uint32_t *ret_len,
        char ret_path[static CW_SANCUS_PATH_LEN])
{
    struct text *t = calloc(1, sizeof *t);
    struct cw_object o = {.fd = -1};
    ret_path[0] = '\0';
    cw_status status = t == NULL ? CW_E_SYSTEM : cw_sancus_linked_read(path, &t->linked);
    if (status == CW_OK) {
        status = cw_object_open(&o, path);
    }
    if (status == CW_OK) {
        status = take_pieces(&o, t);
    }
    if (status == CW_OK) {
        mark_rows(t, &o);
        status = read_text(t);
    }
    if (status == CW_OK) {
        status = add_row_calls(t);
    }
    if (status == CW_OK) {
        status = measure(t, ret_len, ret_path);
    }
    cw_object_close(&o);
    if (t != NULL) {
        free(t->pieces);
        free(t->calls);
        free(t->linked.text);
        free(t);
    }
    return status == CW_E_FORM ? CW_E_SYSTEM : status;
}
