/* SPDX-License-Identifier: MIT */
/*
 * cell.h - the process of one enclave, as the supervisor sees it: made, asked, ended.
 *
 * What     Memory is made and filled here, then a fresh program (jail/) maps it under a user of
 *          its own and gives up all else.  In `proc` mode the supervisor keeps no mapping of the
 *          enclave's pages.
 * Trust    SILICON.  The image is foreign, though well formed; so is all that the process says.
 * Memory   The caller owns struct cw_cell.
 * Calls    One caller at a time, always the same thread: the process ends with it.
 */
#ifndef CW_SILICON_SGX_CELL_H
#define CW_SILICON_SGX_CELL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"
#include "silicon/sgx/cpu.h"
#include "silicon/sgx/jail/plan.h"

struct cw_cell_options {
    int jail;         /* descriptor of the jail's program                                     */
    bool traced;      /* the process is ours to trace; the stores stay mapped here            */
    bool allow_mixed; /* pages that are both writable and executable                          */
    bool bases_by_call; /* FS and GS as where the instructions for them are missing           */
    uid_t user;       /* the process's own user and group; 0: as this process                 */
    int bell;         /* the host's eventfd, or -1                                            */
    uint64_t base;    /* 0: anywhere                                                          */
    uint64_t arena_len;
};

/* Memory behind pages: one descriptor. */
struct cw_cell_store {
    int descriptor;
    uint8_t *bytes; /* mapped here, or NULL */
    uint64_t len;
};

struct cw_cell {
    pid_t pid; /* 0: none */
    int pid_descriptor;
    int socket;
    struct cw_cell_store outside, data, code, mixed;
    struct cw_jail_plan *plan;
    uint8_t secs[SGX_PAGE_LEN];
    char weaker[CW_SGX_TEXT_LEN]; /* what is weaker than it could be, or "" */
};

/*
 * cw_cell_open - measure is done: check SIGSTRUCT, make the memory, start the process.
 *
 * ret_why  [CW_SGX_TEXT_LEN]
 *
 * SGX_OK, or a code of the manual or of port.h; ret_cell->secs is filled as far as EINIT came.
 * Whatever it is, cw_cell_close may and must be called.
 */
uint32_t cw_cell_open(struct cw_cell *ret_cell, const struct cw_sgx_image *image,
        const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN], const struct cw_cell_options *options,
        char *ret_why);

/* cw_cell_close - the process ends now, its memory goes. */
void cw_cell_close(struct cw_cell *cell);

/*
 * cw_cell_seal_off - the process has mapped all: from now on no process has a descriptor of its
 * pages, so none can be taken from us either.  Open does this itself unless `traced`.
 */
void cw_cell_seal_off(struct cw_cell *cell);

/* cw_cell_store_of - the store and the place in it of an address in ELRANGE, or NULL: no page. */
const struct cw_cell_store *cw_cell_store_of(const struct cw_cell *cell, uint64_t address,
        uint64_t *ret_at, uint32_t *ret_protection);

/* cw_cell_answer - what the chip says to EREPORT or EGETKEY of this enclave. */
void cw_cell_answer(const struct cw_cell *cell, const struct cw_sgx_fuses *fuses,
        const struct cw_jail_call *call, struct cw_jail_answer *ret_answer);

/* cw_cell_why - why it ended, from what waitpid said. */
void cw_cell_why(int wait_status, char ret_text[static CW_SGX_TEXT_LEN]);

/* cw_cell_jail - the jail's program beside this one (or where `path` says); -1: logged. */
int cw_cell_jail(const char *path);

#endif
