/* SPDX-License-Identifier: MIT */
/*
 * cell.c - checks, plan and process of one enclave.
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/file.h"
#include "posix/log.h"
#include "silicon/sgx/cell_memory.h"
#include "silicon/sgx/field.h"
#include "silicon/sgx/spawn.h"

#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE (1 << 1)
#endif
#define START_PATIENCE_MS 20000
#define XSAVE_LEGACY_LEN 576u
#define XSAVE_AVX_LEN 832u

static const char *const steps[] = CW_JAIL_STEPS;

void cw_cell_say(char *ret_why, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(ret_why, CW_SGX_TEXT_LEN, format, list);
    va_end(list);
}

void cw_cell_weaker(struct cw_cell *cell, const char *text)
{
    size_t len = strlen(cell->weaker);

    (void)snprintf(cell->weaker + len, sizeof cell->weaker - len, "%s%s", len == 0 ? "" : "; ",
            text);
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
    char text[CW_SGX_TEXT_LEN];
    size_t others = 0;

    for (size_t i = 0; i < image->page_count; i++) {
        const struct cw_sgx_page *page = &image->pages[i];

        if (!cw_cell_memory_is_tcs(page)) {
            continue;
        }
        if (plan->tcs_count == CW_SGX_TCS_MAX) {
            others++;
            continue;
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
        cw_cell_say(ret_why, "the image has no TCS: nothing can be entered");
        return CW_SGX_E_IMAGE;
    }
    if (others != 0) {
        cw_cell_say(text, "only the first %u of its %zu threads can be entered", CW_SGX_TCS_MAX,
                CW_SGX_TCS_MAX + others);
        cw_cell_weaker(cell, text);
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

        /* Past the range, or not at a page, EENTER faults, as it does without a frame. */
        t->ssa_count = t->fs > limit || t->gs > limit || t->entry >= limit ||
                                       t->ssa < plan->base ||
                                       (t->ssa | t->fs | t->gs) % SGX_PAGE_LEN != 0
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
        cw_cell_say(ret_why, "the enclave wants XFRM 0x%" PRIx64 ", this machine has 0x%" PRIx64, plan->xfrm,
                supported_xfrm());
        return CW_SGX_E_IMAGE;
    }
    if (plan->ssa_frame_len < need) {
        cw_cell_say(ret_why, "SSA frames have %u bytes, XFRM and MISCSELECT need %u", plan->ssa_frame_len,
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
    int fd = cw_cell_memory_plain("sgx-plan", MFD_NOEXEC_SEAL);

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
        cw_cell_say(ret_why, "the enclave's process could not %s: %s", steps[call.at],
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
        cw_cell_say(ret_why, "no descriptors for the enclave's process: %s", strerror(errno));
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
        cw_cell_weaker(cell, "the enclave's process has no namespaces of its own: the kernel refused");
    }
    if (options->user == 0) {
        cw_cell_weaker(cell, "the enclave's process runs as the user of causeway-sgx, who can read its "
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
        cw_cell_say(ret_why,
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

static int by_offset(const void *a, const void *b)
{
    const struct cw_sgx_page *const *left = a, *const *right = b;

    return (*left)->offset < (*right)->offset ? -1 : (*left)->offset > (*right)->offset;
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
        cw_cell_say(ret_why, "out of memory");
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
        code = cw_cell_memory_make(ret_cell, options, pages, image->page_count, ret_why);
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
    cw_cell_memory_close(cell);
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
        cw_cell_say(ret_text, "the enclave's process was ended: it made a system call outside its code");
    } else if (WIFSIGNALED(wait_status)) {
        cw_cell_say(ret_text, "the enclave's process was ended by signal %d (%s)", WTERMSIG(wait_status),
                strsignal(WTERMSIG(wait_status)));
    } else if (cw_spawn_step(WEXITSTATUS(wait_status)) != NULL) {
        cw_cell_say(ret_text, "the enclave's process could not %s", cw_spawn_step(WEXITSTATUS(wait_status)));
    } else {
        cw_cell_say(ret_text, "the enclave's process ended with status %d", WEXITSTATUS(wait_status));
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
