/* SPDX-License-Identifier: MIT */
/*
 * inside.h - a module as the files of the kernel share it.
 *
 * Trust    TRUSTED.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_INSIDE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_INSIDE_H

#include "tee/trustzone/enclave/kernel/context.h"
#include "tee/trustzone/enclave/kernel/module.h"
#include "tee/trustzone/enclave/kernel/queue.h"
#include "tee/trustzone/enclave/kernel/space.h"

typedef enum cw_tz_state {
    CW_TZ_FREE,
    CW_TZ_OPEN,    /* a session without a module; perhaps with a part of an image */
    CW_TZ_READY,   /* it may be entered */
    CW_TZ_PENDING, /* it left in the middle of a call */
    CW_TZ_DEAD,
} cw_tz_state;

struct cw_tz_module {
    cw_tz_state state;
    unsigned session; /* its number */

    uint8_t *staged; /* OPEN: [staged_len] bytes, of which have_len are there; or NULL */
    size_t staged_len;
    size_t have_len;

    uint8_t *run; /* READY, PENDING: tables, space, queue, in one run of pages */
    size_t page_count;
    struct cw_tz_space space;
    struct cw_tz_queue queue; /* at is NULL: no device enters it */
    struct cw_tz_identity identity;
    bool is_stalled; /* its device waits until the node has entered it */
    uint16_t on_interrupt;
    struct cw_tz_context context;
};

/* cw_tz_module_make - READY, of the whole image that is staged; else a TEE_ERROR_*, and no change. */
CW_MUST_CHECK uint32_t cw_tz_module_make(struct cw_tz_module *m);

struct cw_tz_left {
    uint32_t value; /* a cw_return, its length checked */
    uint32_t served;
};

/*
 * cw_tz_module_run - enter it, with [in_len] bytes in its window, until it leaves: READY or PENDING
 * then.  False: it did what it may not, or took too long, and is DEAD.
 */
CW_MUST_CHECK bool cw_tz_module_run(struct cw_tz_module *m, uint64_t entry, uint64_t in_len,
        struct cw_tz_left *ret_left);

/* cw_tz_module_end - take all from it: device, pages.  why: for the log, of images that may. */
void cw_tz_module_end(struct cw_tz_module *m, cw_tz_state state);

/* What an SVC was. */
typedef enum cw_tz_step {
    CW_TZ_STEP_ON,   /* back to the module */
    CW_TZ_STEP_LEFT, /* x0, x1 are its result */
    CW_TZ_STEP_KILL,
} cw_tz_step;

/* cw_tz_svc_serve - serve the one that its registers ask for. */
cw_tz_step cw_tz_svc_serve(struct cw_tz_module *m);

/* Where the windows are, for the kernel. */
static inline uint8_t *cw_tz_window_in(const struct cw_tz_module *m)
{
    return m->space.regions[CW_TZ_REGIONS - 1].at;
}

static inline uint8_t *cw_tz_window_out(const struct cw_tz_module *m)
{
    return cw_tz_window_in(m) + CW_TZ_IN_LEN;
}

/* cw_tz_modules_serve - enter, once, each module whose device wants it and which is free. */
void cw_tz_modules_serve(void);

#endif
