/* SPDX-License-Identifier: MIT */
/*
 * traced_state.h - what the files of traced.h share.
 *
 * Trust    SILICON, of tests.
 */
#ifndef CW_SILICON_SGX_TRACED_STATE_H
#define CW_SILICON_SGX_TRACED_STATE_H

#include "silicon/sgx/traced.h"

#define CW_TRACED_NO_CALL ((unsigned long long)-1) /* no system call to restart */

struct cw_traced_thread {
    pid_t id;
    bool inside;
    bool running; /* continued, not seen to stop since */
    uint32_t cssa;
    struct cw_traced_registers left; /* what the last exit left to the host */
};

struct cw_traced {
    struct cw_cell *cell;
    bool owns;
    struct cw_sgx_fuses fuses;
    uint64_t gate;
    bool ended;
    char why[CW_SGX_TEXT_LEN];
    struct cw_traced_thread threads[CW_SGX_TCS_MAX];
};

/* --- traced_memory.c ------------------------------------------------------------------------------ */

/* cw_traced_first_without - the first byte that lacks these rights, and its fault; 0: all have. */
uint64_t cw_traced_first_without(const struct cw_traced *t, uint64_t address, size_t len,
        uint32_t rights, uint32_t *ret_error);

/* --- traced_thread.c ------------------------------------------------------------------------------ */

bool cw_traced_registers_get(pid_t id, struct cw_traced_registers *ret);
bool cw_traced_registers_set(pid_t id, const struct cw_traced_registers *from);

/* cw_traced_wait - waitpid's status; -1: not yet (WNOHANG); as if killed when it is no child. */
int cw_traced_wait(pid_t id, int options);

/* cw_traced_ended - the first reason counts. */
cw_traced_stop cw_traced_ended(struct cw_traced *t, const char *why);
cw_traced_stop cw_traced_ended_with(struct cw_traced *t, int status);

/* --- traced_microcode.c --------------------------------------------------------------------------- */

void cw_traced_report(struct cw_traced_event *event, cw_traced_stop stop, uint64_t rip);

/* cw_traced_leave - registers into the frame CSSA; event has the vector. */
cw_traced_stop cw_traced_leave(struct cw_traced *t, unsigned tcs,
        const struct cw_traced_registers *r, struct cw_traced_event *event);
cw_traced_stop cw_traced_fault(struct cw_traced *t, unsigned tcs,
        const struct cw_traced_registers *r, uint16_t vector, uint32_t error, uint64_t address,
        struct cw_traced_event *event);
bool cw_traced_is_enclu(const struct cw_traced *t, uint64_t rip);
bool cw_traced_is_undefined(const struct cw_traced *t, uint64_t rip); /* see jail/frame.h */
cw_traced_stop cw_traced_enclu(struct cw_traced *t, unsigned tcs, struct cw_traced_registers *r,
        struct cw_traced_event *event);

#endif
