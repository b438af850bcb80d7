/* SPDX-License-Identifier: MIT */
/* verbs.h - what `causeway trustzone` adds; rows of struct cw_owner_backend's verbs. */
#ifndef CW_TEE_TRUSTZONE_OWNER_VERBS_H
#define CW_TEE_TRUSTZONE_OWNER_VERBS_H

#include "tee/owner.h"

extern const struct cw_owner_verb cw_tz_verb_new_device;
extern const struct cw_owner_verb cw_tz_verb_inspect;

#endif
