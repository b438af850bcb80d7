/* SPDX-License-Identifier: MIT */
/*
 * traced_serve.h - `--mode traced` behind the mailboxes of a host: a supervisor is the microcode.
 *
 * Trust    SILICON.
 * Calls    From the thread that started the cell.
 */
#ifndef CW_SILICON_SGX_TRACED_SERVE_H
#define CW_SILICON_SGX_TRACED_SERVE_H

#include "silicon/sgx/cell.h"

struct cw_traced_serve;

/* cw_traced_serve_open - SGX_OK, or a code with ret_why.  bell: the host's eventfd, or -1. */
uint32_t cw_traced_serve_open(struct cw_cell *cell, const struct cw_sgx_fuses *fuses, int bell,
        struct cw_traced_serve **ret_serve, char *ret_why);
void cw_traced_serve_close(struct cw_traced_serve *serve);

/* cw_traced_serve_descriptor - readable when there is work. */
int cw_traced_serve_descriptor(const struct cw_traced_serve *serve);

/* cw_traced_serve_work - false: the process ended, cw_traced_serve_why says why. */
bool cw_traced_serve_work(struct cw_traced_serve *serve);
const char *cw_traced_serve_why(const struct cw_traced_serve *serve);

#endif
