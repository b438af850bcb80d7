/* SPDX-License-Identifier: MIT */
/*
 * traced_memory.c - what the enclave has in memory, seen through the stores.
 */
#include "silicon/sgx/traced_state.h"

#include <string.h>
#include <sys/mman.h>

#define PF_USER 4u
#define PF_WRITE 2u
#define PF_PRESENT 1u

/* Bytes up to the page's end, or NULL. */
static uint8_t *place_of(const struct cw_traced *t, uint64_t address, size_t *ret_len,
        uint32_t *ret_protection)
{
    const struct cw_cell_store *outside = &t->cell->outside;
    const struct cw_cell_store *store;
    uint64_t at = 0;

    *ret_len = SGX_PAGE_LEN - address % SGX_PAGE_LEN;
    if (address >= CW_JAIL_OUTSIDE_AT && address - CW_JAIL_OUTSIDE_AT < outside->len) {
        *ret_protection = PROT_READ | PROT_WRITE;
        return outside->bytes + (address - CW_JAIL_OUTSIDE_AT);
    }
    store = cw_cell_store_of(t->cell, address, &at, ret_protection);
    return store == NULL ? NULL : store->bytes + at;
}

/* The address of the first byte that does not have these rights, or 0: all have. */
uint64_t cw_traced_first_without(const struct cw_traced *t, uint64_t address, size_t len,
        uint32_t rights, uint32_t *ret_error)
{
    while (len != 0) {
        size_t part = 0;
        uint32_t protection = 0;

        if (place_of(t, address, &part, &protection) == NULL ||
                (protection & rights) != rights) {
            *ret_error = PF_USER | ((rights & PROT_WRITE) != 0 ? PF_WRITE : 0) |
                         (protection != 0 ? PF_PRESENT : 0);
            return address;
        }
        part = part < len ? part : len;
        address += part;
        len -= part;
    }
    return 0;
}

bool cw_traced_read(const struct cw_traced *t, uint64_t address, void *ret_bytes, size_t len)
{
    uint8_t *to = ret_bytes;
    uint32_t error;

    if (cw_traced_first_without(t, address, len, 0, &error) != 0) {
        return false;
    }
    while (len != 0) {
        size_t part = 0;
        uint32_t protection = 0;
        const uint8_t *from = place_of(t, address, &part, &protection);

        part = part < len ? part : len;
        memcpy(to, from, part);
        to += part;
        address += part;
        len -= part;
    }
    return true;
}

bool cw_traced_write(struct cw_traced *t, uint64_t address, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    uint32_t error;

    /* Data stores are mapped for writing whatever the enclave may; code is sealed. */
    for (uint64_t at = address; at < address + len; at += SGX_PAGE_LEN - at % SGX_PAGE_LEN) {
        uint64_t offset = 0;
        uint32_t protection = 0;

        if (cw_cell_store_of(t->cell, at, &offset, &protection) == &t->cell->code) {
            return false;
        }
    }
    if (cw_traced_first_without(t, address, len, 0, &error) != 0) {
        return false;
    }
    while (len != 0) {
        size_t part = 0;
        uint32_t protection = 0;
        uint8_t *to = place_of(t, address, &part, &protection);

        part = part < len ? part : len;
        memcpy(to, from, part);
        from += part;
        address += part;
        len -= part;
    }
    return true;
}
