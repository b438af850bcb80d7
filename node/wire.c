/* SPDX-License-Identifier: MIT */
#include "node/wire.h"

#include <stdlib.h>
#include <string.h>

#include "node/relay.h"
#include "posix/log.h"

#define HELLO_LIMIT_MS 5000u
#define BEAT_MS 5000u
#define SILENCE_MS 16000u
#define HELLO_MAX_LEN 64u

static void send_message(struct cw_wire *wire, uint8_t type, const uint8_t *bytes, size_t len)
{
    uint8_t header[CW_LINK_HEADER_LEN];
    cw_link_header_encode(&(struct cw_link_header){.len = (uint32_t)len, .type = type}, header);
    cw_conn_put(wire->conn, header, sizeof header);
    if (len > 0) {
        cw_conn_put(wire->conn, bytes, len);
    }
    cw_conn_flush(wire->conn);
}

static void go_up(struct cw_wire *wire)
{
    wire->state = CW_WIRE_UP;
    wire->up_at_ms = cw_node_now_ms(wire->conn->node);
    wire->inbox.message_max = CW_LINK_MAX;
    cw_conn_known(wire->conn);
    cw_link_went_up(wire->link, wire);
}

/* --- the hello ----------------------------------------------------------------------------------- */

static cw_status take_hello(struct cw_wire *wire, const uint8_t *bytes, size_t len)
{
    struct cw_node *node = wire->conn->node;
    cw_status status = cw_hello_decode(bytes, len, &wire->hello);
    if (status != CW_OK) {
        return status;
    }
    const struct cw_tenancy *tenancy = cw_tenancy_find(node, wire->hello.deployment);
    struct cw_link_peer *link =
            tenancy != NULL ? cw_link_find(node, tenancy, wire->hello.peer) : NULL;
    if (link == NULL || link->peer.dial != 0) {
        return CW_E_ABSENT;
    }
    uint8_t challenge[CW_LINK_CHALLENGE_LEN];
    status = cw_hello_nonce(wire->hello.nonce_b);
    if (status == CW_OK) {
        memcpy(challenge, wire->hello.nonce_b, CW_LINK_NONCE_LEN);
        status = cw_hello_proof(&wire->hello, link->peer.key, true, challenge + CW_LINK_NONCE_LEN);
    }
    if (status == CW_OK) {
        wire->state = CW_WIRE_WAITS_PROOF;
        send_message(wire, CW_LINK_CHALLENGE, challenge, sizeof challenge);
    }
    return status;
}

static cw_status take_proof(struct cw_wire *wire, const uint8_t *bytes, size_t len)
{
    struct cw_node *node = wire->conn->node;
    /* The record may have changed since the hello. */
    const struct cw_tenancy *tenancy = cw_tenancy_find(node, wire->hello.deployment);
    struct cw_link_peer *link =
            tenancy != NULL ? cw_link_find(node, tenancy, wire->hello.peer) : NULL;
    if (link == NULL || link->peer.dial != 0) {
        return CW_E_ABSENT;
    }
    if (len != CW_LINK_PROOF_LEN) {
        return CW_E_FORM;
    }
    const cw_status status = cw_hello_check(&wire->hello, link->peer.key, false, bytes);
    if (status == CW_OK) {
        wire->link = link;
        go_up(wire);
    }
    return status;
}

static cw_status take_challenge(struct cw_wire *wire, const uint8_t *bytes, size_t len)
{
    if (len != CW_LINK_CHALLENGE_LEN || wire->link == NULL) {
        return CW_E_FORM;
    }
    const uint8_t *key = wire->link->peer.key;
    memcpy(wire->hello.nonce_b, bytes, CW_LINK_NONCE_LEN);
    cw_status status = cw_hello_check(&wire->hello, key, true, bytes + CW_LINK_NONCE_LEN);
    if (status != CW_OK) {
        cw_log_warn("%s does not hold the key of link %u: are both nodes of the same deployment?",
                wire->conn->address, wire->link->peer.peer);
        return status;
    }
    uint8_t proof[CW_LINK_PROOF_LEN];
    status = cw_hello_proof(&wire->hello, key, false, proof);
    if (status == CW_OK) {
        send_message(wire, CW_LINK_PROOF, proof, sizeof proof);
        go_up(wire);
    }
    return status;
}

/* --- messages ------------------------------------------------------------------------------------ */

static cw_status take_up(struct cw_wire *wire, uint8_t type, const uint8_t *bytes, size_t len)
{
    struct cw_link_peer *link = wire->link;
    switch (type) {
    case CW_FRAME_EVENT:
    case CW_FRAME_REQUEST:
    case CW_FRAME_ACK:
    case CW_FRAME_RESPONSE:
        break;
    case CW_LINK_BEAT:
        return len == 0 ? CW_OK : CW_E_FORM;
    default:
        return CW_E_FORM;
    }
    link->redial_ms = 0; /* it is of use: dial at once should it break */
    cw_relay_arrived(link, (cw_frame)type, bytes, len);
    return CW_OK;
}

static cw_status take(struct cw_wire *wire, uint8_t type, const uint8_t *bytes, size_t len)
{
    switch (wire->state) {
    case CW_WIRE_UP:
        return take_up(wire, type, bytes, len);
    case CW_WIRE_WAITS_HELLO:
        return type == CW_LINK_HELLO ? take_hello(wire, bytes, len) : CW_E_FORM;
    case CW_WIRE_WAITS_PROOF:
        return type == CW_LINK_PROOF ? take_proof(wire, bytes, len) : CW_E_FORM;
    case CW_WIRE_WAITS_CHALLENGE:
        return type == CW_LINK_CHALLENGE ? take_challenge(wire, bytes, len) : CW_E_FORM;
    case CW_WIRE_CONNECTING:
        return CW_E_STATE;
    }
    return CW_E_STATE;
}

static const char *reason(cw_status status)
{
    return status == CW_E_AUTH ? "it does not hold the key"
            : status == CW_E_ABSENT ? "no owner named this peer here"
                                    : "what it sent is no message of this protocol";
}

/* False: the connection is over. */
static bool take_all(struct cw_wire *wire, const uint8_t **bytes, size_t *len)
{
    struct cw_conn *conn = wire->conn;
    for (;;) {
        struct cw_link_header header;
        const uint8_t *payload = NULL;
        cw_status status = bytes != NULL
                ? cw_inbox_peel(&wire->inbox, bytes, len, &header, &payload)
                : cw_inbox_take(&wire->inbox, &header, &payload);
        if (status == CW_AGAIN) {
            return true;
        }
        if (status == CW_OK) {
            status = take(wire, header.type, payload, header.len);
        }
        if (conn->is_closing) {
            return false;
        }
        if (status != CW_OK) {
            cw_log_debug("link from %s closed: %s", conn->address, reason(status));
            cw_conn_close(conn);
            return false;
        }
    }
}

static void received(struct cw_conn *conn, const uint8_t *bytes, size_t len)
{
    struct cw_wire *wire = conn->owner;
    if (wire->inbox.len == wire->inbox.used) {
        if (!take_all(wire, &bytes, &len)) {
            return;
        }
        if (cw_inbox_put(&wire->inbox, bytes, len) != CW_OK) {
            cw_conn_close(conn);
        }
        return;
    }
    if (cw_inbox_put(&wire->inbox, bytes, len) != CW_OK) {
        cw_conn_close(conn);
        return;
    }
    (void)take_all(wire, NULL, NULL);
}

static void drained(struct cw_conn *conn)
{
    const struct cw_wire *wire = conn->owner;
    if (wire->link != NULL) {
        cw_link_mark(wire->link);
    }
}

static void tick(struct cw_conn *conn, uint64_t now_ms)
{
    struct cw_wire *wire = conn->owner;
    if (wire->state != CW_WIRE_UP) {
        if (now_ms - conn->since_ms > HELLO_LIMIT_MS) {
            cw_conn_close(conn);
        }
        return;
    }
    if (now_ms - conn->heard_at_ms > SILENCE_MS) {
        cw_log_warn("link with %s has been silent for %u s: it is made anew", conn->address,
                SILENCE_MS / 1000);
        cw_conn_close(conn);
    } else if (now_ms - conn->spoke_at_ms > BEAT_MS && !conn->is_writing) {
        send_message(wire, CW_LINK_BEAT, NULL, 0);
    }
}

static void ended(struct cw_conn *conn)
{
    struct cw_wire *wire = conn->owner;
    conn->owner = NULL;
    if (wire->link != NULL) {
        cw_link_went_down(wire->link, wire);
    }
    cw_inbox_close(&wire->inbox);
    if (wire->state == CW_WIRE_CONNECTING) {
        wire->conn = NULL; /* its connect callback comes still, and frees it */
        return;
    }
    free(wire);
}

static const struct cw_conn_kind wire_kind = {
        .received = received, .drained = drained, .tick = tick, .ended = ended};

static void connected(uv_connect_t *request, int status)
{
    struct cw_wire *wire = request->data;
    if (wire->conn == NULL) {
        free(wire);
        return;
    }
    wire->state = CW_WIRE_WAITS_CHALLENGE;
    if (status != 0 || cw_hello_nonce(wire->hello.nonce_a) != CW_OK) {
        cw_conn_close(wire->conn);
        return;
    }
    uint8_t bytes[CW_LINK_HELLO_LEN];
    cw_hello_encode(&wire->hello, bytes);
    cw_conn_read(wire->conn, true);
    send_message(wire, CW_LINK_HELLO, bytes, sizeof bytes);
}

struct cw_wire *cw_wire_dial(struct cw_link_peer *link, const struct cw_net_address *to)
{
    struct cw_wire *wire = calloc(1, sizeof *wire);
    if (wire == NULL) {
        return NULL;
    }
    wire->link = link;
    wire->connect.data = wire;
    wire->hello.peer = link->peer.peer;
    memcpy(wire->hello.deployment, link->peer.deployment, CW_DEPLOYMENT_LEN);
    cw_inbox_open(&wire->inbox, HELLO_MAX_LEN);
    wire->conn = cw_conn_dial(link->node, to, &wire->connect, connected, &wire_kind, wire);
    if (wire->conn == NULL) {
        free(wire);
        return NULL;
    }
    return wire;
}

void cw_link_greet(struct cw_conn *conn)
{
    struct cw_wire *wire = calloc(1, sizeof *wire);
    if (wire == NULL) {
        cw_conn_close(conn);
        return;
    }
    wire->conn = conn;
    wire->state = CW_WIRE_WAITS_HELLO;
    cw_inbox_open(&wire->inbox, HELLO_MAX_LEN);
    conn->kind = &wire_kind;
    conn->owner = wire;
}
