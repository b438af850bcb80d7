/* SPDX-License-Identifier: MIT */
/*
 * cell_memory.h - what lies behind an enclave's pages: the part of cell.h that makes it.
 *
 * What     Data in memory that no process but the enclave's can reach, code sealed, segments of
 *          the plan in the order of their addresses.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SGX_CELL_MEMORY_H
#define CW_SILICON_SGX_CELL_MEMORY_H

#include "silicon/sgx/cell.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8u
#endif

/*
 * cw_cell_memory_make - the stores of a cell, filled, and the segments of its plan.
 *
 * pages  [count] in the order of their offsets
 *
 * SGX_OK, CW_SGX_E_IMAGE or CW_SGX_E_SYSTEM with ret_why
 */
uint32_t cw_cell_memory_make(struct cw_cell *cell, const struct cw_cell_options *options,
        struct cw_sgx_page *const *pages, size_t count, char *ret_why);
void cw_cell_memory_close(struct cw_cell *cell);

/* cw_cell_memory_plain - a memfd; -1: errno.  execution: MFD_NOEXEC_SEAL or MFD_EXEC. */
int cw_cell_memory_plain(const char *name, unsigned execution);

bool cw_cell_memory_is_tcs(const struct cw_sgx_page *page);

/* cw_cell_say - into [CW_SGX_TEXT_LEN] bytes; cw_cell_weaker - one more thing that is weaker. */
void cw_cell_say(char *ret_why, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cw_cell_weaker(struct cw_cell *cell, const char *text);

#endif
