/* SPDX-License-Identifier: MIT */
/*
 * stack.h - how much stack a linked module may need.
 *
 * What     Follows the instructions of the linked file from its entry: what each function pushes, and
 *          whom it calls.  The sum is never too small: pushes count although some come after others
 *          were taken back, and a pointer of the endpoint table may be any row's.  A module's own
 *          pointers to functions are not followed.
 * Trust    OWNER.  Reads what the build has just made.
 */
#ifndef CW_TEE_SANCUS_OWNER_STACK_H
#define CW_TEE_SANCUS_OWNER_STACK_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_SANCUS_PATH_LEN 256u

/*
 * cw_sancus_stack - the deepest stack, in bytes.
 *
 * ret_path  [CW_SANCUS_PATH_LEN] bytes: who calls whom there; where CW_E_DENIED, why
 *
 * CW_E_DENIED  it has no bound: a function calls itself, or has an array of variable length
 * CW_E_SYSTEM  not readable
 */
CW_MUST_CHECK cw_status cw_sancus_stack(const char *path, uint32_t *ret_len,
        char ret_path[static CW_SANCUS_PATH_LEN]);

#endif
