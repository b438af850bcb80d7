/* SPDX-License-Identifier: MIT */
/*
 * traced_start.c - the process of a traced enclave begins and ends.
 */
#include "silicon/sgx/traced_state.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bytes.h"

static bool refuse(struct cw_traced *t, const char *why)
{
    struct cw_jail_call call;

    /* The jail says itself what it could not do, and ends. */
    if (recv(t->cell->socket, &call, sizeof call, MSG_DONTWAIT) == (ssize_t)sizeof call &&
            call.kind == CW_JAIL_FAILED) {
        (void)snprintf(t->why, sizeof t->why, "the enclave's process failed at step %u: %s",
                call.at, strerror((int)call.code));
        t->ended = true;
    }
    (void)cw_traced_ended(t, why);
    return false;
}

/* A thread's stop at cw_jail_parked: which it is, where the gate is. */
static bool take_parked(struct cw_traced *t, pid_t id)
{
    struct user_regs_struct r;

    if (ptrace(PTRACE_GETREGS, id, NULL, &r) != 0 || r.rdi >= t->cell->plan->tcs_count) {
        return refuse(t, "a thread of the enclave's process is lost");
    }
    t->threads[r.rdi].id = id;
    t->gate = r.rsi;
    return true;
}

static bool run_until_parked(struct cw_traced *t, pid_t id, pid_t *others, unsigned *other_count)
{
    for (;;) {
        int status = cw_traced_wait(id, 0);

        if (!WIFSTOPPED(status)) {
            char why[CW_SGX_TEXT_LEN];

            cw_cell_why(status, why);
            return refuse(t, why);
        }
        if (WSTOPSIG(status) == SIGTRAP && status >> 16 == 0) {
            return take_parked(t, id);
        }
        if (status >> 16 == PTRACE_EVENT_CLONE && *other_count < CW_SGX_TCS_MAX) {
            unsigned long fresh = 0;

            (void)ptrace(PTRACE_GETEVENTMSG, id, NULL, &fresh);
            others[*other_count] = (pid_t)fresh;
            (void)cw_traced_wait(others[*other_count], 0); /* each begins with a stop */
            (void)ptrace(PTRACE_CONT, others[*other_count], NULL, 0);
            ++*other_count;
        }
        if (ptrace(PTRACE_CONT, id, NULL, 0) != 0) {
            return refuse(t, "the enclave's process cannot be traced");
        }
    }
}

/*
 * Waits for killed threads, the first one apart.  In any order: the one that ends last in its
 * namespace waits itself until the others are waited for.
 */
static void reap_threads(pid_t *ids, unsigned count)
{
    for (bool left = true; left; (void)poll(NULL, 0, left ? 1 : 0)) {
        left = false;
        for (unsigned i = 0; i < count; i++) {
            int status = ids[i] == 0 ? SIGKILL : cw_traced_wait(ids[i], WNOHANG);

            if (status != -1 && !WIFSTOPPED(status)) {
                ids[i] = 0;
            } else {
                left = true;
            }
        }
    }
}

uint32_t cw_traced_over(struct cw_cell *cell, const struct cw_sgx_fuses *fuses,
        struct cw_traced **ret_traced, char *ret_why)
{
    struct cw_traced *t = calloc(1, sizeof *t);
    pid_t others[CW_SGX_TCS_MAX];
    unsigned other_count = 0;
    struct cw_jail_call ready;
    bool good;

    *ret_traced = NULL;
    if (t == NULL) {
        (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "out of memory");
        return CW_SGX_E_SYSTEM;
    }
    t->cell = cell;
    t->fuses = *fuses;
    for (unsigned i = 0; i < CW_SGX_TCS_MAX; i++) {
        cw_traced_host(&t->threads[i].left);
    }
    good = run_until_parked(t, cell->pid, others, &other_count);
    for (unsigned i = 0; i < other_count && good; i++) {
        unsigned none = CW_SGX_TCS_MAX;

        good = run_until_parked(t, others[i], others, &none);
    }
    if (!good) {
        (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "%s", t->why);
        reap_threads(others, other_count); /* killed by now */
        cw_traced_close(t);
        return CW_SGX_E_SYSTEM;
    }
    (void)recv(cell->socket, &ready, sizeof ready, MSG_DONTWAIT);
    cw_cell_seal_off(cell);
    *ret_traced = t;
    return SGX_OK;
}

uint32_t cw_traced_open(const uint8_t *image, size_t len, const struct cw_traced_options *options,
        struct cw_traced **ret_traced, char *ret_why)
{
    struct cw_cell_options how = {.traced = true,
            .allow_mixed = options->allow_mixed,
            .user = options->user,
            .bell = -1,
            .base = options->base,
            .arena_len = options->arena_len};
    struct cw_cell *cell = calloc(1, sizeof *cell);
    struct cw_sgx_fuses drawn;
    struct cw_sgx_image pages = {0};
    uint32_t code = CW_SGX_E_SYSTEM;
    cw_status status = CW_E_FORM;

    *ret_traced = NULL;
    (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "no image, or no memory");
    if (cell == NULL || len < SGX_SIGSTRUCT_LEN) {
        free(cell);
        return CW_SGX_E_IMAGE;
    }
    how.jail = cw_cell_jail(options->jail);
    if (how.jail < 0 ||
            (options->fuses == NULL && getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)) {
        free(cell);
        return CW_SGX_E_SYSTEM;
    }
    status = cw_sgx_image_read(image + SGX_SIGSTRUCT_LEN, len - SGX_SIGSTRUCT_LEN, &pages, ret_why);
    if (status == CW_OK) {
        code = cw_cell_open(cell, &pages, image, &how, ret_why);
        cw_sgx_image_free(&pages);
        if (code == SGX_OK) {
            code = cw_traced_over(cell, options->fuses != NULL ? options->fuses : &drawn, ret_traced,
                    ret_why);
        }
        if (code == SGX_OK) {
            (*ret_traced)->owns = true;
        } else {
            cw_cell_close(cell);
        }
    } else {
        code = status == CW_E_SPACE ? CW_SGX_E_EPC : CW_SGX_E_IMAGE;
    }
    cw_bytes_wipe(&drawn, sizeof drawn);
    (void)close(how.jail);
    if (code != SGX_OK) {
        free(cell);
    }
    return code;
}

void cw_traced_close(struct cw_traced *t)
{
    if (t == NULL) {
        return;
    }
    if (t->cell->pid != 0) {
        pid_t ids[CW_SGX_TCS_MAX];

        (void)kill(t->cell->pid, SIGKILL);
        for (unsigned i = 0; i < CW_SGX_TCS_MAX; i++) {
            ids[i] = t->threads[i].id != t->cell->pid ? t->threads[i].id : 0;
        }
        reap_threads(ids, CW_SGX_TCS_MAX);
    }
    if (t->owns) {
        cw_cell_close(t->cell);
        free(t->cell);
    }
    cw_bytes_wipe(&t->fuses, sizeof t->fuses);
    free(t);
}
