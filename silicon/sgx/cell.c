/* SPDX-License-Identifier: MIT */
/*
 * cell.c - memory and process of one enclave.
 */
#include "silicon/sgx/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/file.h"
#include "posix/log.h"
#include "silicon/sgx/field.h"
#include "silicon/sgx/spawn.h"

#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE (1 << 1)
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8u
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#define START_PATIENCE_MS 20000
#define XSAVE_LEGACY_LEN 576u
#define XSAVE_AVX_LEN 832u

static const char *const steps[] = CW_JAIL_STEPS;

__attribute__((format(printf, 2, 3))) static void say(char *ret_why, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(ret_why, CW_SGX_TEXT_LEN, format, list);
    va_end(list);
}

static void add_weaker(struct cw_cell *cell, const char *text)
{
    size_t len = strlen(cell->weaker);

    (void)snprintf(cell->weaker + len, sizeof cell->weaker - len, "%s%s", len == 0 ? "" : "; ",
            text);
}

/* --- memory ------------------------------------------------------------------------------------- */

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

static bool is_tcs(const struct cw_sgx_page *page)
{
    return (page->secinfo & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS;
}

static int by_offset(const void *a, const void *b)
{
    const struct cw_sgx_page *const *left = a, *const *right = b;

    return (*left)->offset < (*right)->offset ? -1 : (*left)->offset > (*right)->offset;
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
static int make_memory(const char *name, unsigned execution)
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
    store->descriptor = make_memory(name, execution);
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
    add_weaker(cell, room ? "data pages are ordinary memory, which root can read: this kernel has "
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

        if (is_tcs(pages[i]) || protection == 0) {
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

        if (!is_tcs(pages[i]) && protection_of(pages[i]->secinfo) != 0) {
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

static uint32_t make_stores(struct cw_cell *cell, const struct cw_cell_options *options,
        struct cw_sgx_page *const *pages, size_t count, char *ret_why)
{
    if (!plan_pages(cell, pages, count)) {
        say(ret_why, "the image's pages change their rights more than %u times",
                CW_JAIL_SEGMENTS_MAX);
        return CW_SGX_E_IMAGE;
    }
    if (cell->mixed.len != 0) {
        if (!options->allow_mixed) {
            say(ret_why, "the image has pages that are both writable and executable: refused "
                         "unless causeway-sgx runs with --allow-wx");
            return CW_SGX_E_IMAGE;
        }
        add_weaker(cell, "the image has pages that are both writable and executable");
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
    say(ret_why, "no memory for the enclave: %s", strerror(errno));
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

/* --- the plan ------------------------------------------------------------------------------------ */

/* Frames from the first on that are writable pages; EENTER refuses the others. */
static uint32_t usable_frames(const struct cw_cell *cell, uint64_t ssa, uint32_t count)
{
    const uint32_t need = PROT_READ | PROT_WRITE;

    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t page = 0; page < cell->plan->ssa_frame_len; page += SGX_PAGE_LEN) {
            uint64_t at = 0;
            uint32_t protection = 0;

            if (cw_cell_store_of(cell, ssa + (uint64_t)i * cell->plan->ssa_frame_len + page, &at,
                        &protection) == NULL ||
                    (protection & need) != need) {
                return i;
            }
        }
    }
    return count;
}

static uint32_t plan_threads(struct cw_cell *cell, const struct cw_sgx_image *image, char *ret_why)
{
    struct cw_jail_plan *plan = cell->plan;

    for (size_t i = 0; i < image->page_count; i++) {
        const struct cw_sgx_page *page = &image->pages[i];

        if (!is_tcs(page)) {
            continue;
        }
        if (plan->tcs_count == CW_SGX_TCS_MAX) {
            say(ret_why, "the image has more than %u TCS pages: this CPU runs no more threads",
                    CW_SGX_TCS_MAX);
            return CW_SGX_E_IMAGE;
        }
        plan->tcs[plan->tcs_count++] = (struct cw_jail_tcs){
                .address = plan->base + page->offset,
                .ssa = plan->base + cw_field_u64(page->bytes + SGX_TCS_OSSA),
                .entry = plan->base + cw_field_u64(page->bytes + SGX_TCS_OENTRY),
                .fs = plan->base + cw_field_u64(page->bytes + SGX_TCS_OFSBASE),
                .gs = plan->base + cw_field_u64(page->bytes + SGX_TCS_OGSBASE),
                .ssa_count = (uint32_t)cw_field_get(page->bytes + SGX_TCS_NSSA, 4),
        };
    }
    if (plan->tcs_count == 0) {
        say(ret_why, "the image has no TCS: nothing can be entered");
        return CW_SGX_E_IMAGE;
    }
    return SGX_OK;
}

/* Addresses must be such that the processor takes them; frames must be writable. */
static void settle_threads(struct cw_cell *cell)
{
    struct cw_jail_plan *plan = cell->plan;

    for (uint32_t i = 0; i < plan->tcs_count; i++) {
        struct cw_jail_tcs *t = &plan->tcs[i];
        const uint64_t limit = plan->base + plan->len;

        /* Past the range EENTER faults, as it does without a frame. */
        t->ssa_count = t->fs > limit || t->gs > limit || t->entry >= limit || t->ssa < plan->base
                               ? 0
                               : usable_frames(cell, t->ssa, t->ssa_count);
    }
}

static uint64_t supported_xfrm(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return low & (SGX_XFRM_LEGACY | SGX_XFRM_AVX);
}

static uint32_t check_machine(const struct cw_cell *cell, char *ret_why)
{
    const struct cw_jail_plan *plan = cell->plan;
    uint32_t need = ((plan->xfrm & SGX_XFRM_AVX) != 0 ? XSAVE_AVX_LEN : XSAVE_LEGACY_LEN) +
                    SGX_GPRSGX_LEN +
                    ((plan->miscselect & SGX_MISC_EXINFO) != 0 ? SGX_EXINFO_LEN : 0);

    if ((plan->xfrm & ~supported_xfrm()) != 0) {
        say(ret_why, "the enclave wants XFRM 0x%" PRIx64 ", this machine has 0x%" PRIx64, plan->xfrm,
                supported_xfrm());
        return CW_SGX_E_IMAGE;
    }
    if (plan->ssa_frame_len < need) {
        say(ret_why, "SSA frames have %u bytes, XFRM and MISCSELECT need %u", plan->ssa_frame_len,
                need);
        return CW_SGX_E_IMAGE;
    }
    return SGX_OK;
}

/* Where it lies: as the host wishes, or at random; 0: the wish cannot be met. */
static uint64_t choose_base(uint64_t wish, uint64_t len)
{
    uint64_t random = 0;

    if (wish != 0) {
        return wish % len == 0 && wish >= CW_JAIL_BOTTOM && len <= CW_JAIL_TOP &&
                               wish <= CW_JAIL_TOP - len
                       ? wish
                       : 0;
    }
    if (len > CW_JAIL_TOP / 4 ||
            getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return 0;
    }
    /* From a quarter up: far from what is small. */
    return (CW_JAIL_TOP / 4 + random % (CW_JAIL_TOP / 2)) & ~(len - 1);
}

static uint32_t make_plan(struct cw_cell *cell, const struct cw_sgx_image *image,
        const struct cw_cell_options *options, char *ret_why)
{
    struct cw_jail_plan *plan = cell->plan;

    plan->base = cw_field_u64(cell->secs + SGX_SECS_BASE);
    plan->len = image->len;
    plan->xfrm = cw_field_u64(cell->secs + SGX_SECS_ATTRIBUTES + 8);
    plan->miscselect = (uint32_t)cw_field_get(cell->secs + SGX_SECS_MISCSELECT, 4);
    plan->ssa_frame_len = image->ssa_frame_pages * SGX_PAGE_LEN;
    plan->traced = options->traced;
    plan->fsgsbase = !options->bases_by_call && (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
    plan->arena_len = options->arena_len;
    return plan_threads(cell, image, ret_why);
}

/* --- its start ------------------------------------------------------------------------------------ */

static int plan_memory(const struct cw_jail_plan *plan)
{
    int fd = make_memory("sgx-plan", MFD_NOEXEC_SEAL);

    if (fd >= 0 && write(fd, plan, sizeof *plan) != (ssize_t)sizeof *plan) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static uint32_t wait_until_ready(struct cw_cell *cell, char *ret_why)
{
    struct pollfd wait = {.fd = cell->socket, .events = POLLIN};
    struct cw_jail_call call;

    if (poll(&wait, 1, START_PATIENCE_MS) != 1 ||
            recv(cell->socket, &call, sizeof call, MSG_DONTWAIT) != (ssize_t)sizeof call) {
        int status = 0;

        (void)kill(cell->pid, SIGKILL);
        cw_spawn_reap(cell->pid, &status);
        cell->pid = 0;
        cw_cell_why(status, ret_why);
        return CW_SGX_E_SYSTEM;
    }
    if (call.kind == CW_JAIL_FAILED && call.at < sizeof steps / sizeof steps[0]) {
        say(ret_why, "the enclave's process could not %s: %s", steps[call.at],
                strerror((int)call.code));
        return CW_SGX_E_SYSTEM;
    }
    return call.kind == CW_JAIL_READY ? SGX_OK : CW_SGX_E_SYSTEM;
}

static uint32_t start(struct cw_cell *cell, const struct cw_cell_options *options, char *ret_why)
{
    int pair[2] = {-1, -1}, plan = plan_memory(cell->plan);
    uint32_t code = CW_SGX_E_SYSTEM;
    struct cw_spawn spawn = {.program = options->jail,
            .user = options->user,
            .traced = options->traced,
            .name = "causeway-sgx-enclave"};

    if (plan < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        say(ret_why, "no descriptors for the enclave's process: %s", strerror(errno));
        goto close_all;
    }
    spawn.descriptors[CW_JAIL_SOCKET] = pair[1];
    spawn.descriptors[CW_JAIL_BELL] = options->bell;
    spawn.descriptors[CW_JAIL_PLAN] = plan;
    spawn.descriptors[CW_JAIL_OUTSIDE] = cell->outside.descriptor;
    spawn.descriptors[CW_JAIL_DATA] = cell->data.descriptor;
    spawn.descriptors[CW_JAIL_CODE] = cell->code.descriptor;
    spawn.descriptors[CW_JAIL_MIXED] = cell->mixed.descriptor;
    spawn.descriptors[0] = spawn.descriptors[1] = spawn.descriptors[2] = -1;
    if (!cw_spawn_start(&spawn, &cell->pid, &cell->pid_descriptor, ret_why)) {
        goto close_all;
    }
    if (!spawn.namespaces) {
        add_weaker(cell, "the enclave's process has no namespaces of its own: the kernel refused");
    }
    if (options->user == 0) {
        add_weaker(cell, "the enclave's process runs as the user of causeway-sgx, who can read its "
                         "secrets: start it as root with --user");
    }
    cell->socket = pair[0];
    pair[0] = -1;
    (void)close(pair[1]);
    pair[1] = -1;
    /* A traced one first stops at its start: traced.c goes on. */
    code = options->traced ? SGX_OK : wait_until_ready(cell, ret_why);
    if (!options->traced) {
        cw_cell_seal_off(cell);
    }
close_all:
    for (unsigned i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            (void)close(pair[i]);
        }
    }
    if (plan >= 0) {
        (void)close(plan);
    }
    return code;
}

/* --- all of it ------------------------------------------------------------------------------------ */

static uint32_t check(struct cw_cell *cell, const struct cw_sgx_image *image,
        const uint8_t *sigstruct, const struct cw_cell_options *options, char *ret_why)
{
    uint64_t base = choose_base(options->base, image->len);
    uint32_t code;

    if (base == 0) {
        say(ret_why,
                "no place for a range of 0x%" PRIx64 " bytes at 0x%" PRIx64
                ": a base is aligned to the size, from 0x%lx to 0x%lx",
                image->len, options->base, CW_JAIL_BOTTOM, CW_JAIL_TOP);
        return CW_SGX_E_IMAGE;
    }
    cw_sgx_secs(image, sigstruct, base, cell->secs);
    code = cw_sgx_ecreate(cell->secs, ret_why);
    if (code != SGX_OK) {
        return CW_SGX_E_IMAGE;
    }
    return cw_sgx_einit(cell->secs, sigstruct, ret_why);
}

uint32_t cw_cell_open(struct cw_cell *ret_cell, const struct cw_sgx_image *image,
        const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN], const struct cw_cell_options *options,
        char *ret_why)
{
    struct cw_sgx_page **pages = calloc(image->page_count + 1, sizeof(struct cw_sgx_page *));
    uint32_t code = CW_SGX_E_SYSTEM;

    memset(ret_cell, 0, sizeof *ret_cell);
    ret_cell->pid_descriptor = ret_cell->socket = -1;
    ret_cell->outside.descriptor = ret_cell->data.descriptor = -1;
    ret_cell->code.descriptor = ret_cell->mixed.descriptor = -1;
    ret_cell->plan = calloc(1, sizeof *ret_cell->plan);
    *ret_why = 0;
    if (pages == NULL || ret_cell->plan == NULL) {
        say(ret_why, "out of memory");
        goto free_pages;
    }
    for (size_t i = 0; i < image->page_count; i++) {
        pages[i] = &image->pages[i];
    }
    qsort(pages, image->page_count, sizeof(struct cw_sgx_page *), by_offset);
    code = check(ret_cell, image, sigstruct, options, ret_why);
    if (code == SGX_OK) {
        code = make_plan(ret_cell, image, options, ret_why);
    }
    if (code == SGX_OK) {
        code = check_machine(ret_cell, ret_why);
    }
    if (code == SGX_OK) {
        code = make_stores(ret_cell, options, pages, image->page_count, ret_why);
    }
    if (code == SGX_OK) {
        settle_threads(ret_cell);
        ret_cell->plan->outside_len = ret_cell->outside.len;
        ret_cell->plan->arena =
                CW_JAIL_OUTSIDE_AT + (uint64_t)ret_cell->plan->tcs_count * SGX_PAGE_LEN;
        code = start(ret_cell, options, ret_why);
    }
free_pages:
    free(pages);
    return code;
}

void cw_cell_close(struct cw_cell *cell)
{
    if (cell->pid != 0) {
        int status = 0;

        (void)kill(cell->pid, SIGKILL);
        cw_spawn_reap(cell->pid, &status);
        cell->pid = 0;
    }
    if (cell->pid_descriptor >= 0) {
        (void)close(cell->pid_descriptor);
        cell->pid_descriptor = -1;
    }
    if (cell->socket >= 0) {
        (void)close(cell->socket);
        cell->socket = -1;
    }
    close_store(&cell->outside);
    close_store(&cell->data);
    close_store(&cell->code);
    close_store(&cell->mixed);
    free(cell->plan);
    cell->plan = NULL;
}

void cw_cell_answer(const struct cw_cell *cell, const struct cw_sgx_fuses *fuses,
        const struct cw_jail_call *call, struct cw_jail_answer *ret_answer)
{
    memset(ret_answer, 0, sizeof *ret_answer);
    switch (call->kind) {
    case SGX_EREPORT:
        ret_answer->code = cw_sgx_ereport(fuses, cell->secs, call->first, call->second,
                ret_answer->bytes);
        break;
    case SGX_EGETKEY:
        ret_answer->code = cw_sgx_egetkey(fuses, cell->secs, call->first, ret_answer->bytes);
        break;
    default:
        ret_answer->code = CW_SGX_FAULT_GP;
        break;
    }
}

void cw_cell_why(int wait_status, char ret_text[static CW_SGX_TEXT_LEN])
{
    if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGSYS) {
        say(ret_text, "the enclave's process was ended: it made a system call outside its code");
    } else if (WIFSIGNALED(wait_status)) {
        say(ret_text, "the enclave's process was ended by signal %d (%s)", WTERMSIG(wait_status),
                strsignal(WTERMSIG(wait_status)));
    } else if (cw_spawn_step(WEXITSTATUS(wait_status)) != NULL) {
        say(ret_text, "the enclave's process could not %s", cw_spawn_step(WEXITSTATUS(wait_status)));
    } else {
        say(ret_text, "the enclave's process ended with status %d", WEXITSTATUS(wait_status));
    }
}

int cw_cell_jail(const char *path)
{
    char *folder = path == NULL ? cw_file_program_folder() : NULL;
    char *beside = folder == NULL ? NULL : cw_file_join(folder, "causeway-sgx-jail");
    const char *name = path != NULL ? path : beside;
    int fd = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        cw_log_error("cannot open the program of enclaves%s%s: %s; it is installed beside "
                     "causeway-sgx",
                name == NULL ? "" : " ", name == NULL ? "" : name, strerror(errno));
    }
    free(beside);
    free(folder);
    return fd;
}
