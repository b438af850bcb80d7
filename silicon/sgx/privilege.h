/* SPDX-License-Identifier: MIT */
/*
 * privilege.h - who the supervisor is, and what it keeps of root's rights.
 *
 * Trust    SILICON.
 * Calls    At the start, before threads.
 */
#ifndef CW_SILICON_SGX_PRIVILEGE_H
#define CW_SILICON_SGX_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/status.h"

/*
 * cw_privilege_settle - no dump, no new rights, room for locked memory; as root, also: become this
 * user and keep only what starts and ends processes of other users.
 *
 * change   false: stay who we are
 *
 * CW_E_SYSTEM  a line was logged
 */
CW_MUST_CHECK cw_status cw_privilege_settle(bool change, uid_t user, gid_t group);

/* cw_privilege_parse - "UID[:GID]" in digits, or "FIRST:COUNT".  false: it is neither. */
bool cw_privilege_parse(const char *text, unsigned *ret_first, unsigned *ret_second,
        bool *ret_has_second);

#endif
