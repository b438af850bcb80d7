/* SPDX-License-Identifier: MIT */
/*
 * inbox.h - whole messages out of a byte stream.
 *
 * What     Bytes that arrive are looked at where they lie; only the beginning of a message that
 *          is not whole yet is copied.  Never holds more than one such beginning and what
 *          arrived behind it.
 * Trust    UNTRUSTED.  The bytes are a stranger's: lengths are bounded before memory is taken.
 */
#ifndef CW_NODE_INBOX_H
#define CW_NODE_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/wire/frame.h"

struct cw_inbox {
    uint8_t *bytes; /* what was not used yet */
    size_t used;    /* of them, by messages already taken */
    size_t len;
    size_t cap;
    size_t message_max; /* payload bytes; longer messages end the stream */
};

void cw_inbox_open(struct cw_inbox *inbox, size_t message_max);
void cw_inbox_close(struct cw_inbox *inbox);

/* cw_inbox_put - keep bytes.  CW_E_SPACE: no memory. */
CW_MUST_CHECK cw_status cw_inbox_put(struct cw_inbox *inbox, const uint8_t *bytes, size_t len);

/*
 * cw_inbox_take - the next whole message; it stays where it is until the next put.
 *
 * CW_AGAIN   not whole yet
 * CW_E_FORM  no header, another version, or too long
 */
CW_MUST_CHECK cw_status cw_inbox_take(struct cw_inbox *inbox, struct cw_link_header *ret_header,
        const uint8_t **ret_payload);

/*
 * cw_inbox_peel - the next whole message at *bytes, which then moves behind it; for streams whose
 * inbox is empty, so that nothing is copied.
 */
CW_MUST_CHECK cw_status cw_inbox_peel(const struct cw_inbox *inbox, const uint8_t **bytes,
        size_t *len, struct cw_link_header *ret_header, const uint8_t **ret_payload);

#endif
