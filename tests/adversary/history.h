/* SPDX-License-Identifier: MIT */
/*
 * history.h - messages that the hostile network saw, oldest first, bounded.
 *
 * What     A message is the bytes of one link message with its header, and what the header and
 *          the frame say.  When a bound is reached the oldest goes.
 * Memory   Messages belong to the history; a pointer lives until the next add.
 */
#ifndef CW_TESTS_ADVERSARY_HISTORY_H
#define CW_TESTS_ADVERSARY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_HISTORY_COUNT_MAX 8192u
#define CW_HISTORY_LEN_MAX (16u << 20)

typedef enum cw_side {
    CW_SIDE_DIALER = 0,  /* who connected to the adversary   */
    CW_SIDE_LISTENER = 1 /* whom the adversary connected to  */
} cw_side;

struct cw_message {
    uint64_t id; /* 1 .. */
    uint64_t at_ms;
    unsigned pair;
    unsigned link;
    cw_side from;
    uint8_t type;
    bool has_channel; /* frames have, hellos have not */
    uint32_t channel;
    uint64_t counter; /* or the count of an ACK */
    const char *fate; /* a constant string */
    size_t len;       /* with the header   */
    uint8_t *bytes;
};

struct cw_history {
    struct cw_message *ring[CW_HISTORY_COUNT_MAX];
    uint64_t first_id;
    uint64_t next_id;
    size_t used_len;
    bool is_off;
};

void cw_history_open(struct cw_history *h);
void cw_history_close(struct cw_history *h);

/* cw_message_read - type, channel and counter out of bytes; bytes stay the caller's. */
void cw_message_read(uint8_t *bytes, size_t len, struct cw_message *ret_message);

/* cw_history_add - copies message->bytes.  NULL: no memory, or recording is off. */
struct cw_message *cw_history_add(struct cw_history *h, const struct cw_message *message,
        const char *fate);

/* cw_history_find - NULL: never seen, or forgotten. */
const struct cw_message *cw_history_find(const struct cw_history *h, uint64_t id);

const char *cw_message_type_name(uint8_t type);

/* cw_message_type - by name; -1: none. */
int cw_message_type(const char *name);

#endif
