/* SPDX-License-Identifier: MIT */
/* local.h - a trustzone node on the owner's own machine, and what the machine has for one. */
#ifndef CW_TEE_TRUSTZONE_OWNER_LOCAL_H
#define CW_TEE_TRUSTZONE_OWNER_LOCAL_H

#include "tee/owner.h"

extern const struct cw_owner_local cw_tz_local;

/* cw_tz_examine - emulator, compiler, firmware. */
void cw_tz_examine(const char *sdk_dir, cw_owner_say_fn *say, void *ctx);

#endif
