/* SPDX-License-Identifier: MIT */
/*
 * elf.h - what the build reads from the MSP430 ELF files that it has just made.
 *
 * Trust    OWNER.
 */
#ifndef CW_TEE_SANCUS_OWNER_ELF_H
#define CW_TEE_SANCUS_OWNER_ELF_H

#include "tee/sancus/owner/measure.h"

/*
 * cw_sancus_linked_read - text and bounds of a linked module: symbols __cw_ps, __cw_pe, __cw_ss,
 * __cw_se, and all that is loaded in between.  The caller frees ret_linked->text.
 *
 * CW_E_FORM    a symbol is missing, or bytes lie elsewhere
 * CW_E_SYSTEM  not readable
 */
CW_MUST_CHECK cw_status cw_sancus_linked_read(const char *path,
        struct cw_sancus_linked *ret_linked);

#endif
