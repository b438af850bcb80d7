/* SPDX-License-Identifier: MIT */
/* verbs.h - what `causeway sgx` adds; rows of struct cw_owner_backend's verbs. */
#ifndef CW_TEE_SGX_OWNER_VERBS_H
#define CW_TEE_SGX_OWNER_VERBS_H

#include "tee/owner.h"

extern const struct cw_owner_verb cw_sgx_verb_inspect;
extern const struct cw_owner_verb cw_sgx_verb_verify;

#endif
