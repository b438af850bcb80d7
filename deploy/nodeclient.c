/* SPDX-License-Identifier: MIT */
#include "deploy/nodeclient.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/frame.h"
#include "deploy/memory.h"
#include "posix/log.h"

#define PENDING_MAX 1024u
#define CONNECT_MAX_MS 10000u /* a node that is there greets sooner */
#define ANSWER_HEADER_LEN 8u /* tag 4, status 2, zero 2 */

struct cw_nodeclient {
    struct cw_tls_client *tls;
    char *name;
    uint32_t next_tag;
    uint32_t pending_tags[PENDING_MAX]; /* a ring: first .. first + count */
    uint8_t pending_types[PENDING_MAX];
    size_t pending_first;
    size_t pending_count;
    uint8_t *answer;
    pthread_mutex_t mutex;
    bool is_broken;
};

cw_status cw_nodeclient_connect(struct cw_tls_identity *identity, const char *name,
        const char *address, const char *fingerprint, uint32_t timeout_ms,
        struct cw_nodeclient **ret_client, char ret_why[static CW_TLS_WHY_CAP])
{
    struct cw_tls_client *tls;
    cw_status status =
            cw_tls_client_connect(identity, address, fingerprint,
                    timeout_ms < CONNECT_MAX_MS ? timeout_ms : CONNECT_MAX_MS, &tls, ret_why);
    if (status != CW_OK) {
        return status;
    }
    cw_tls_client_patience(tls, timeout_ms);
    struct cw_nodeclient *c = cw_memory_new(1, sizeof *c);
    c->tls = tls;
    c->name = cw_memory_text(name);
    c->next_tag = 1;
    (void)pthread_mutex_init(&c->mutex, NULL);
    *ret_client = c;
    return CW_OK;
}

const char *cw_nodeclient_peer(const struct cw_nodeclient *c)
{
    return cw_tls_client_peer(c->tls);
}

const char *cw_nodeclient_name(const struct cw_nodeclient *c)
{
    return c->name;
}

void cw_nodeclient_hold(struct cw_nodeclient *c)
{
    (void)pthread_mutex_lock(&c->mutex);
}

void cw_nodeclient_release(struct cw_nodeclient *c)
{
    (void)pthread_mutex_unlock(&c->mutex);
}

static cw_status broken(struct cw_nodeclient *c, cw_status status)
{
    c->is_broken = true;
    if (status == CW_E_SYSTEM && (errno == ETIMEDOUT || errno == EAGAIN)) {
        cw_log_error("node %s" CW_AT " does not answer in time" CW_REMEDY ": is it overloaded, "
                "or a module stuck? "
                     "--timeout waits longer",
                c->name);
    } else if (status == CW_E_SYSTEM && errno == ECONNRESET) {
        cw_log_error("node %s" CW_AT " closed the connection" CW_REMEDY ": does it run with "
                "--owner and your "
                     "fingerprint (`causeway key show`)? its log says why",
                c->name);
    } else if (status == CW_E_SYSTEM) {
        cw_log_error("node %s" CW_AT ": the connection broke: %s", c->name, strerror(errno));
    } else {
        cw_log_error("node %s" CW_AT " breaks the protocol" CW_REMEDY ": ask who runs it", c->name);
    }
    return CW_E_SYSTEM;
}

static cw_status other_version(struct cw_nodeclient *c, uint8_t version)
{
    c->is_broken = true;
    cw_log_error("node %s" CW_AT " speaks version %u of the protocol, this program speaks version %u"
                 CW_REMEDY ": update the older one (%s)",
            c->name, version, CW_VERSION,
            version > CW_VERSION ? "this program" : "causeway-node there");
    return CW_E_SYSTEM;
}

cw_status cw_nodeclient_post(struct cw_nodeclient *c, cw_node_request type, const uint8_t *fields,
        size_t len)
{
    if (c->is_broken) {
        return CW_E_SYSTEM;
    }
    if (c->pending_count == PENDING_MAX) {
        return CW_E_SPACE;
    }
    if (len > CW_LINK_MAX - 4) {
        cw_log_error("node %s" CW_AT ": a request of %zu bytes is longer than the protocol "
                "allows (%lu)",
                c->name, len, CW_LINK_MAX - 4);
        return CW_E_SPACE;
    }
    const size_t message_len = CW_LINK_HEADER_LEN + 4 + len;
    uint8_t *message = cw_memory_new(message_len, 1);
    const struct cw_link_header header = {(uint32_t)(4 + len), (uint8_t)type};
    cw_link_header_encode(&header, message);
    struct cw_writer w = cw_writer_over(message + CW_LINK_HEADER_LEN, 4 + len);
    cw_writer_u32(&w, c->next_tag);
    cw_writer_bytes(&w, fields, len);
    const cw_status status = cw_tls_client_send(c->tls, message, message_len);
    free(message);
    if (status != CW_OK) {
        return broken(c, status);
    }
    const size_t slot = (c->pending_first + c->pending_count++) % PENDING_MAX;
    c->pending_tags[slot] = c->next_tag++;
    c->pending_types[slot] = (uint8_t)type;
    return CW_OK;
}

cw_status cw_nodeclient_take(struct cw_nodeclient *c, struct cw_node_answer *ret_answer)
{
    if (c->is_broken) {
        return CW_E_SYSTEM;
    }
    if (c->pending_count == 0) {
        return CW_E_STATE;
    }
    uint8_t bytes[CW_LINK_HEADER_LEN];
    struct cw_link_header header;
    cw_status status = cw_tls_client_receive(c->tls, bytes, sizeof bytes);
    if (status == CW_OK && bytes[4] != CW_VERSION) {
        return other_version(c, bytes[4]);
    }
    if (status == CW_OK) {
        status = cw_link_header_decode(bytes, &header);
    }
    if (status == CW_OK && header.len < ANSWER_HEADER_LEN) {
        status = CW_E_FORM;
    }
    if (status != CW_OK) {
        return broken(c, status);
    }
    free(c->answer);
    c->answer = cw_memory_new(header.len, 1);
    status = cw_tls_client_receive(c->tls, c->answer, header.len);
    if (status != CW_OK) {
        return broken(c, status);
    }
    const size_t slot = c->pending_first;
    struct cw_reader r = cw_reader_over(c->answer, header.len);
    const uint32_t tag = cw_reader_u32(&r);
    const uint16_t said = cw_reader_u16(&r);
    cw_reader_zero(&r, 2);
    cw_reader_expect(&r, tag == c->pending_tags[slot]);
    cw_reader_expect(&r, header.type == (c->pending_types[slot] | CW_NODE_ANSWER));
    cw_reader_expect(&r, said <= CW_E_SYSTEM);
    ret_answer->status = (cw_status)said;
    ret_answer->bytes = cw_reader_rest(&r, &ret_answer->len);
    status = cw_reader_finish(&r);
    if (status != CW_OK) {
        return broken(c, status);
    }
    c->pending_first = (c->pending_first + 1) % PENDING_MAX;
    c->pending_count--;
    return CW_OK;
}

cw_status cw_nodeclient_ask(struct cw_nodeclient *c, cw_node_request type, const uint8_t *fields,
        size_t len, struct cw_node_answer *ret_answer)
{
    cw_status status = cw_nodeclient_post(c, type, fields, len);
    return status == CW_OK ? cw_nodeclient_take(c, ret_answer) : status;
}

void cw_nodeclient_text(const struct cw_node_answer *answer, char *ret_text, size_t cap)
{
    snprintf(ret_text, cap, "%.*s", (int)(answer->len == 0      ? 18
                    : answer->len < 1000 ? answer->len
                                         : 1000),
            answer->len == 0 ? "it gives no reason" : (const char *)answer->bytes);
    cw_log_clean(ret_text, "");
}

void cw_nodeclient_close(struct cw_nodeclient *c)
{
    if (c == NULL) {
        return;
    }
    cw_tls_client_close(c->tls);
    (void)pthread_mutex_destroy(&c->mutex);
    free(c->answer);
    free(c->name);
    free(c);
}
