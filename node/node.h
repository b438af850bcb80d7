/* SPDX-License-Identifier: MIT */
/*
 * node.h - one node: what its parts share.
 *
 * What     A node is one loop, one platform, and lists of what owners put there.  Whoever reads a
 *          part of the daemon starts here:
 *
 *            accept   connections of strangers, told apart by their first byte
 *            manage   sessions of owners;  request  what they ask for
 *            guest    modules, and the queue of entries of each
 *            relay    ends of connections;  source, sink, answer  what happens at them
 *            link     the way to another node;  hello  its proof
 *            stream   bytes between the outside world and a module
 *            periodic entries by the clock
 *            journal  what happened, for the owners
 *
 * Trust    UNTRUSTED: whatever this program does, modules and owners notice or are not harmed.
 * Calls    All from the loop's thread.  Nothing here blocks after the start.
 */
#ifndef CW_NODE_NODE_H
#define CW_NODE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "node/config.h"
#include "node/list.h"
#include "posix/tls.h"
#include "tee/node.h"

#define CW_NODE_READ_CAP 65536u  /* bytes that one read brings at most            */
#define CW_NODE_MANY_CAP 61440u
#define CW_NODE_ROUTE_BUCKETS 4096u
#define CW_NODE_STREAM_MAX 1024u /* streams of all modules together               */
#define CW_NODE_CONNECTION_MAX 2048u
#define CW_NODE_STRANGER_MAX 256u /* of them, those that have not proved anything */

/* Who uses a deployment id here: the owner who used it first, until nothing is left of it. */
struct cw_tenancy {
    struct cw_list place; /* in node->tenancies */
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    char owner[CW_TLS_FINGERPRINT_CAP];
    uint32_t use_count;
    uint32_t guest_count;
    uint64_t empty_at_ms; /* when its last module went */
};

struct cw_journal;
struct cw_relay;
struct cw_stream;

struct cw_node {
    uv_loop_t *loop;
    const struct cw_node_config *config;
    struct cw_platform *platform;
    struct cw_tls_identity *identity;

    struct cw_list tenancies;
    struct cw_list guests;
    uint32_t guest_count;
    struct cw_list links;     /* struct cw_link_peer                                  */
    struct cw_list listeners; /* struct cw_listener                                   */
    struct cw_list conns;     /* struct cw_conn: connections that are not a link yet  */
    uint32_t conn_count;
    uint32_t stranger_count;
    struct cw_relay *routes[CW_NODE_ROUTE_BUCKETS];
    uint32_t route_count;
    uint64_t store_used_len;

    struct cw_list ready_guests; /* modules that somebody may enter   */
    struct cw_list dirty_links;  /* links with something to write     */
    struct cw_list dirty_relays; /* local sources with frames to move */
    struct cw_list waiting;      /* sources that wait for an answer   */
    struct cw_list ack_due;      /* sinks that owe an acknowledgement */

    struct cw_journal *journals[CW_NODE_OWNER_MAX]; /* as config->owners; NULL: nothing yet */
    uint64_t journal_looked_ms;
    uint64_t started_ms; /* since 1970 */

    struct cw_stream *streams[CW_NODE_STREAM_MAX];
    uint32_t stream_count;
    uint32_t stream_turn;

    uv_prepare_t before_wait;
    uv_check_t after_wait;
    uv_timer_t closing; /* keeps the loop turning until all is gone */
    /* Timers of the kernel: with one of the loop's own every wait of it would program a timer,
     * and that costs each event more than the node itself does. */
    uv_poll_t tick;
    uv_poll_t ack_timer;
    int tick_fd;
    int ack_timer_fd;
    bool is_ack_timed;
    unsigned open_handles;
    bool is_closing;
    bool is_platform_closing;
    void (*closed)(void *ctx);
    void *closed_ctx;
    uint8_t many_bytes[CW_NODE_MANY_CAP]; /* inputs that enter a module together */
    uint8_t read_bytes[CW_NODE_READ_CAP]; /* every read of the loop, one after the other */
};

/*
 * cw_node_open - open the platform, listen, go.
 *
 * config  must outlive the node
 *
 * Says on stderr what fails.
 */
CW_MUST_CHECK cw_status cw_node_open(uv_loop_t *loop, const struct cw_node_config *config,
        struct cw_tls_identity *identity, struct cw_node **ret_node);

/* cw_node_address - where it listens first, with the port that the system chose. */
void cw_node_address(const struct cw_node *node, char *ret_text);

/* cw_node_close - unload everything; closed is called once, and the node is gone then. */
void cw_node_close(struct cw_node *node, void (*closed)(void *ctx), void *ctx);

/* cw_node_time_acks - cw_relay_ack_due is to be called in so many milliseconds, once. */
void cw_node_time_acks(struct cw_node *node, uint32_t wait_ms);

/* cw_node_now_ms - the loop's clock. */
uint64_t cw_node_now_ms(const struct cw_node *node);

/*
 * cw_tenancy_join - use a deployment as this owner; each join needs a leave.
 *
 * CW_E_DENIED  another owner uses it
 * CW_E_SPACE   no memory
 */
CW_MUST_CHECK cw_status cw_tenancy_join(struct cw_node *node,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], const char *owner,
        struct cw_tenancy **ret_tenancy);
void cw_tenancy_leave(struct cw_tenancy *tenancy);

/* cw_tenancy_find - NULL: nobody uses it. */
struct cw_tenancy *cw_tenancy_find(struct cw_node *node,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN]);

/* For uv_read_start: every read goes to node->read_bytes and is used up in its callback. */
void cw_node_lend(struct cw_node *node, uv_buf_t *ret_buf);

#endif
