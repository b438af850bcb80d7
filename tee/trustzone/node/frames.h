/* SPDX-License-Identifier: MIT */
/*
 * frames.h - the link's bytes, part 3 of tee/trustzone/abi.h, without any I/O.
 *
 * Trust    UNTRUSTED.  All that is taken apart here is foreign.
 */
#ifndef CW_TEE_TRUSTZONE_NODE_FRAMES_H
#define CW_TEE_TRUSTZONE_NODE_FRAMES_H

#include "tee/trustzone/node/link.h"

#define CW_TZ_FRAME_MAX (CW_TZ_LINK_HEADER_LEN + CW_TZ_LINK_MAX)

/* cw_tz_frames_hello - all that a node sends first.  The caller's to free(); NULL: no memory. */
uint8_t *cw_tz_frames_hello(const uint8_t name[static CW_TZ_LINK_NAME_LEN], size_t *ret_len);

/*
 * cw_tz_frames_ready - where the bytes behind a READY of this name begin; 0: it is not there yet.
 *
 * ret_keep  then: of the bytes, so many at the end must be kept
 */
size_t cw_tz_frames_ready(const uint8_t *bytes, size_t len,
        const uint8_t name[static CW_TZ_LINK_NAME_LEN], size_t *ret_keep);

/* cw_tz_frames_ask - a CALL.  The caller's to free(); NULL: no memory, or too long for the link. */
uint8_t *cw_tz_frames_ask(const struct cw_tz_ask *ask, size_t *ret_len);

/*
 * cw_tz_frames_take - the first frame of what arrived.
 *
 * ret_data  points into bytes
 *
 * CW_E_SHORT  more must arrive
 * CW_E_FORM   this is no frame that a shim sends
 */
CW_MUST_CHECK cw_status cw_tz_frames_take(const uint8_t *bytes, size_t len, uint8_t *ret_kind,
        const uint8_t **ret_data, size_t *ret_data_len);

/* cw_tz_frames_answer - the data of an ANSWER to this ask.  CW_E_FORM: it is none. */
CW_MUST_CHECK cw_status cw_tz_frames_answer(const struct cw_tz_ask *ask, const uint8_t *data,
        size_t len, struct cw_tz_answer *ret_answer);

#endif
