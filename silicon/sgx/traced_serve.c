/* SPDX-License-Identifier: MIT */
#include "silicon/sgx/traced_serve.h"

#include <stdio.h>

uint32_t cw_traced_serve_open(struct cw_cell *cell, const struct cw_sgx_fuses *fuses, int bell,
        struct cw_traced_serve **ret_serve, char *ret_why)
{
    (void)cell;
    (void)fuses;
    (void)bell;
    *ret_serve = NULL;
    (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "--mode traced: not in this build");
    return CW_SGX_E_SYSTEM;
}
void cw_traced_serve_close(struct cw_traced_serve *serve) { (void)serve; }
int cw_traced_serve_descriptor(const struct cw_traced_serve *serve) { (void)serve; return -1; }
bool cw_traced_serve_work(struct cw_traced_serve *serve) { (void)serve; return false; }
const char *cw_traced_serve_why(const struct cw_traced_serve *serve) { (void)serve; return ""; }
