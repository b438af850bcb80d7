/* SPDX-License-Identifier: MIT */
/*
 * cell_memory.c - what lies behind an enclave's pages.
 */
#include "silicon/sgx/cell_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static struct cw_cell_store *store_for(struct cw_cell *cell, uint64_t secinfo)
{
    if ((secinfo & SGX_SECINFO_X) == 0) {
        return &cell->data;
    }
    return (secinfo & SGX_SECINFO_W) == 0 ? &cell->code : &cell->mixed;
}

static int protection_of(uint64_t secinfo)
{
    return ((secinfo & (SGX_SECINFO_R | SGX_SECINFO_X)) != 0 ? PROT_READ : 0) |
           ((secinfo & SGX_SECINFO_W) != 0 ? PROT_WRITE : 0) |
           ((secinfo & SGX_SECINFO_X) != 0 ? PROT_EXEC : 0);
}

bool cw_cell_memory_is_tcs(const struct cw_sgx_page *page)
{
    return (page->secinfo & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS;
}

static bool map_here(struct cw_cell_store *store)
{
    void *bytes = mmap(NULL, store->len, PROT_READ | PROT_WRITE, MAP_SHARED, store->descriptor, 0);

    store->bytes = bytes == MAP_FAILED ? NULL : bytes;
    return store->bytes != NULL;
}

static void unmap_here(struct cw_cell_store *store)
{
    if (store->bytes != NULL) {
        (void)munmap(store->bytes, store->len);
        store->bytes = NULL;
    }
}

static void close_descriptor(struct cw_cell_store *store)
{
    if (store->descriptor >= 0) {
        (void)close(store->descriptor);
        store->descriptor = -1;
    }
}

static void close_store(struct cw_cell_store *store)
{
    unmap_here(store);
    close_descriptor(store);
}

/* A memfd; kernels before 6.3 do not know the flag about execution. */
int cw_cell_memory_plain(const char *name, unsigned execution)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | execution);

    return fd >= 0 || errno != EINVAL ? fd : memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

void cw_cell_seal_off(struct cw_cell *cell)
{
    close_descriptor(&cell->data);
    close_descriptor(&cell->code);
    close_descriptor(&cell->mixed);
}

static bool open_plain(struct cw_cell_store *store, const char *name, unsigned execution)
{
    store->descriptor = cw_cell_memory_plain(name, execution);
    return store->descriptor >= 0 && ftruncate(store->descriptor, (off_t)store->len) == 0 &&
           map_here(store);
}

/* The pages count as locked memory of each process that maps them: here, and there without rights. */
static bool may_lock(uint64_t len)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
        return true;
    }
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_MEMLOCK, &limit);
    }
    return len <= limit.rlim_cur;
}

static bool open_data(struct cw_cell *cell)
{
    struct cw_cell_store *store = &cell->data;
    bool room = may_lock(store->len);

    store->descriptor = room ? (int)syscall(SYS_memfd_secret, O_CLOEXEC) : -1;
    if (store->descriptor >= 0 && ftruncate(store->descriptor, (off_t)store->len) == 0 &&
            map_here(store)) {
        return true;
    }
    cw_cell_weaker(cell, room ? "data pages are ordinary memory, which root can read: this kernel has "
                            "no memfd_secret"
                          : "data pages are ordinary memory, which root can read: raise the limit "
                            "of locked memory (ulimit -l)");
    close_store(store);
    return open_plain(store, "sgx-data", MFD_NOEXEC_SEAL);
}

/* Lengths of the stores, segments of the plan; pages in the order of their offsets. */
static bool plan_pages(struct cw_cell *cell, struct cw_sgx_page *const *pages, size_t count)
{
    struct cw_jail_plan *plan = cell->plan;

    for (size_t i = 0; i < count; i++) {
        struct cw_cell_store *store = store_for(cell, pages[i]->secinfo);
        int protection = protection_of(pages[i]->secinfo);
        struct cw_jail_segment *last =
                plan->segment_count == 0 ? NULL : &plan->segments[plan->segment_count - 1];
        uint32_t descriptor = store == &cell->data   ? CW_JAIL_DATA
                              : store == &cell->code ? CW_JAIL_CODE
                                                     : CW_JAIL_MIXED;

        if (cw_cell_memory_is_tcs(pages[i]) || protection == 0) {
            continue;
        }
        if (last == NULL || last->offset + last->len != pages[i]->offset ||
                last->protection != (uint32_t)protection || last->descriptor != descriptor) {
            if (plan->segment_count == CW_JAIL_SEGMENTS_MAX) {
                return false;
            }
            last = &plan->segments[plan->segment_count++];
            *last = (struct cw_jail_segment){.offset = pages[i]->offset,
                    .at = store->len,
                    .descriptor = descriptor,
                    .protection = (uint32_t)protection};
        }
        last->len += SGX_PAGE_LEN;
        store->len += SGX_PAGE_LEN;
    }
    return true;
}

static void fill(struct cw_cell *cell, struct cw_sgx_page *const *pages, size_t count)
{
    uint64_t at[3] = {0, 0, 0};

    for (size_t i = 0; i < count; i++) {
        struct cw_cell_store *store = store_for(cell, pages[i]->secinfo);
        unsigned which = store == &cell->data ? 0 : store == &cell->code ? 1 : 2;

        if (!cw_cell_memory_is_tcs(pages[i]) && protection_of(pages[i]->secinfo) != 0) {
            memcpy(store->bytes + at[which], pages[i]->bytes, SGX_PAGE_LEN);
            at[which] += SGX_PAGE_LEN;
        }
    }
}

/* Code: never written again, by nobody, not even here. */
static bool seal_code(struct cw_cell_store *code)
{
    unmap_here(code);
    return fcntl(code->descriptor, F_ADD_SEALS,
                   F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
}

static bool map_code_to_read(struct cw_cell_store *code)
{
    void *bytes = mmap(NULL, code->len, PROT_READ, MAP_SHARED, code->descriptor, 0);

    code->bytes = bytes == MAP_FAILED ? NULL : bytes;
    return code->bytes != NULL;
}

uint32_t cw_cell_memory_make(struct cw_cell *cell, const struct cw_cell_options *options,
        struct cw_sgx_page *const *pages, size_t count, char *ret_why)
{
    if (!plan_pages(cell, pages, count)) {
        cw_cell_say(ret_why, "the image's pages change their rights more than %u times",
                CW_JAIL_SEGMENTS_MAX);
        return CW_SGX_E_IMAGE;
    }
    if (cell->mixed.len != 0) {
        if (!options->allow_mixed) {
            cw_cell_say(ret_why, "the image has pages that are both writable and executable: refused "
                         "unless causeway-sgx runs with --allow-wx");
            return CW_SGX_E_IMAGE;
        }
        cw_cell_weaker(cell, "the image has pages that are both writable and executable");
    }
    cell->outside.len = (uint64_t)cell->plan->tcs_count * SGX_PAGE_LEN + options->arena_len;
    if ((cell->data.len != 0 && !open_data(cell)) ||
            (cell->code.len != 0 && !open_plain(&cell->code, "sgx-code", MFD_EXEC)) ||
            (cell->mixed.len != 0 && !open_plain(&cell->mixed, "sgx-mixed", MFD_EXEC)) ||
            !open_plain(&cell->outside, "sgx-outside", MFD_NOEXEC_SEAL)) {
        goto no_memory;
    }
    fill(cell, pages, count);
    if (cell->code.len != 0 && !seal_code(&cell->code)) {
        goto no_memory;
    }
    (void)fcntl(cell->outside.descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    if (!options->traced) {
        unmap_here(&cell->data);
        unmap_here(&cell->mixed);
        unmap_here(&cell->outside);
    } else if (cell->code.len != 0 && !map_code_to_read(&cell->code)) {
        goto no_memory;
    }
    return SGX_OK;
no_memory:
    cw_cell_say(ret_why, "no memory for the enclave: %s", strerror(errno));
    return CW_SGX_E_SYSTEM;
}

const struct cw_cell_store *cw_cell_store_of(const struct cw_cell *cell, uint64_t address,
        uint64_t *ret_at, uint32_t *ret_protection)
{
    const struct cw_jail_plan *plan = cell->plan;
    uint32_t low = 0, high = plan->segment_count;

    if (address < plan->base || address - plan->base >= plan->len) {
        return NULL;
    }
    address -= plan->base;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct cw_jail_segment *s = &plan->segments[middle];

        if (address < s->offset) {
            high = middle;
        } else if (address - s->offset >= s->len) {
            low = middle + 1;
        } else {
            *ret_at = s->at + (address - s->offset);
            *ret_protection = s->protection;
            return s->descriptor == CW_JAIL_DATA   ? &cell->data
                   : s->descriptor == CW_JAIL_CODE ? &cell->code
                                                   : &cell->mixed;
        }
    }
    return NULL;
}

void cw_cell_memory_close(struct cw_cell *cell)
{
    close_store(&cell->outside);
    close_store(&cell->data);
    close_store(&cell->code);
    close_store(&cell->mixed);
}
