/* SPDX-License-Identifier: MIT */
/*
 * proxy.h - the hostile network itself: it accepts for one address, connects to another, and
 * does as it likes with what passes between.
 *
 * What     A connection whose first byte is 0x16 is TLS and passes untouched.  On others, link
 *          messages are taken apart, recorded, and treated by the rules; more can be put in at
 *          any time.  One loop on poll(), bounded buffers, back-pressure where they are full.
 * Trust    The attacker's.  What peers send is bounded, never believed.
 * Source   docs/protocol.md sections 3 and 9; docs/threat-model.md
 */
#ifndef CW_TESTS_ADVERSARY_PROXY_H
#define CW_TESTS_ADVERSARY_PROXY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "posix/net.h"
#include "tests/adversary/history.h"
#include "tests/adversary/rules.h"

#define CW_PROXY_PAIR_MAX 16u
#define CW_PROXY_LINK_MAX 128u
#define CW_PROXY_HELD_MAX 1024u
#define CW_PROXY_OUT_MAX (4u << 20) /* bytes waiting for one socket; reading stops at a quarter */

struct cw_pair {
    int listener;
    struct cw_net_address forward;
    char listen_text[CW_NET_TEXT_CAP];
    char forward_text[CW_NET_TEXT_CAP];
};

struct cw_buffer {
    uint8_t *bytes;
    size_t len;
    size_t cap;
};

struct cw_end {
    int fd;
    bool is_connecting;
    bool is_ended; /* it will say no more */
    bool is_told;  /* it knows that the other end will say no more */
    struct cw_buffer in;
    struct cw_buffer out;
};

typedef enum cw_stream_kind {
    CW_STREAM_UNKNOWN,
    CW_STREAM_TLS,
    CW_STREAM_LINK,
} cw_stream_kind;

struct cw_wire {
    unsigned id; /* 1 ..; 0: a free row */
    unsigned pair;
    cw_stream_kind kind;
    struct cw_end ends[2]; /* by cw_side */
    struct cw_message *swapped[2]; /* what waits for the next message of that side */
    uint64_t count[2];
};

struct cw_held {
    uint64_t due_ms;
    unsigned link; /* 0: a free row */
    cw_side from;
    uint8_t *bytes;
    size_t len;
};

struct cw_proxy {
    struct cw_pair pairs[CW_PROXY_PAIR_MAX];
    unsigned pair_count;
    struct cw_wire wires[CW_PROXY_LINK_MAX];
    struct cw_held held[CW_PROXY_HELD_MAX];
    unsigned next_link;
    struct cw_rules rules;
    struct cw_history history;
    uint64_t begun_ms;
};

void cw_proxy_open(struct cw_proxy *p);
void cw_proxy_close(struct cw_proxy *p);

/* cw_proxy_pair - listen there, forward to the other.  A line on stderr says what fails. */
CW_MUST_CHECK cw_status cw_proxy_pair(struct cw_proxy *p, const char *listen,
        const char *forward);

#define CW_PROXY_POLL_MAX (CW_PROXY_PAIR_MAX + 2 * CW_PROXY_LINK_MAX)

/* cw_proxy_poll - what to wait for.  The number of rows filled in. */
nfds_t cw_proxy_poll(const struct cw_proxy *p, struct pollfd fds[static CW_PROXY_POLL_MAX]);

/* cw_proxy_timeout_ms - until the next held message is due; -1: none. */
int cw_proxy_timeout_ms(const struct cw_proxy *p);

/* cw_proxy_serve - after poll(): fds as cw_proxy_poll filled them in. */
void cw_proxy_serve(struct cw_proxy *p, const struct pollfd *fds, nfds_t fd_count);

/*
 * cw_proxy_inject - put a message on a wire, as if side `from` had sent it; recorded.
 *
 * NULL  no such wire, or its buffer is full; else the record
 */
const struct cw_message *cw_proxy_inject(struct cw_proxy *p, struct cw_wire *wire, cw_side from,
        uint8_t *bytes, size_t len, const char *fate);

/* cw_proxy_wire - by its number, NULL: closed. */
struct cw_wire *cw_proxy_wire(struct cw_proxy *p, unsigned link);

/* cw_proxy_wire_like - the newest open link of a pair, NULL: none. */
struct cw_wire *cw_proxy_wire_like(struct cw_proxy *p, unsigned pair);

void cw_proxy_cut(struct cw_proxy *p, struct cw_wire *wire);

/* cw_proxy_release - send all that is held or swapped now.  How many there were. */
unsigned cw_proxy_release(struct cw_proxy *p);

uint64_t cw_proxy_now_ms(const struct cw_proxy *p);

#endif
