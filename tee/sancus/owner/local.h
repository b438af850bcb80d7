/* SPDX-License-Identifier: MIT */
/*
 * local.h - a Sancus board on the owner's own machine.
 *
 * Trust    OWNER.
 */
#ifndef CW_TEE_SANCUS_OWNER_LOCAL_H
#define CW_TEE_SANCUS_OWNER_LOCAL_H

#include "tee/owner.h"

extern const struct cw_owner_local cw_sancus_local;

#endif
