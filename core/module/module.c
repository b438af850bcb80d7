/* SPDX-License-Identifier: MIT */
#include "core/module/module.h"

#include "core/base/bytes.h"
#include "core/crypto/suite.h"

void cw_module_session_key(uint8_t cipher, const uint8_t master[static CW_KEY_LEN],
        const char label[static 8], uint8_t ret_key[static CW_KEY_LEN])
{
    CW_EVEN uint8_t context[8];
    cw_bytes_copy(context, label, sizeof context);
    cw_suite_derive(cipher, master, context, sizeof context, ret_key);
}

cw_status cw_module_claim(struct cw_module *m, const struct cw_open *open,
        const uint8_t master[static CW_KEY_LEN])
{
    if (open->session <= m->life.session) {
        return CW_E_REPLAY;
    }
    if (!cw_bytes_equal(m->life.deployment, open->deployment, CW_DEPLOYMENT_LEN) ||
            m->number != open->module) {
        cw_bytes_wipe(m->channels, m->channel_count * sizeof *m->channels);
    }
    if (m->life.state == CW_STATE_UNCLAIMED) {
        m->life.state = CW_STATE_OPEN;
    }
    m->life.session = open->session;
    cw_bytes_copy(m->life.deployment, open->deployment, CW_DEPLOYMENT_LEN);
    m->number = open->module;
    m->last_seq = 0;
    cw_module_session_key(m->cipher, master, "cw1.in\0", m->key_in);
    cw_module_session_key(m->cipher, master, "cw1.out", m->key_out);
    return CW_OK;
}

struct cw_channel *cw_module_channel(struct cw_module *m, uint32_t id)
{
    for (uint16_t i = 0; i < m->channel_count; i++) {
        if (m->channels[i].state == CW_CHANNEL_OPEN && m->channels[i].id == id) {
            return &m->channels[i];
        }
    }
    return NULL;
}

void cw_module_accepted(struct cw_module *m, const struct cw_channel *accepted)
{
    for (uint16_t i = 0; i < m->channel_count; i++) {
        struct cw_channel *c = &m->channels[i];
        if (c == accepted || c->state != CW_CHANNEL_OPEN || c->conn != accepted->conn ||
                c->source != 0) {
            continue;
        }
        c->count = accepted->count;
        if (c->epoch < accepted->epoch) {
            cw_channel_close(c);
        }
    }
}

/* The newest slot that this connection has at this module, or NULL. */
static struct cw_channel *installed(struct cw_module *m, uint32_t conn)
{
    struct cw_channel *newest = NULL;
    for (uint16_t i = 0; i < m->channel_count; i++) {
        struct cw_channel *c = &m->channels[i];
        if (c->state != CW_CHANNEL_FREE && c->conn == conn &&
                (newest == NULL || c->epoch > newest->epoch)) {
            newest = c;
        }
    }
    return newest;
}

/* A slot for a new channel: a free one, else a closed one of another connection. */
static struct cw_channel *vacant(struct cw_module *m, uint32_t conn)
{
    struct cw_channel *closed = NULL;
    for (uint16_t i = 0; i < m->channel_count; i++) {
        struct cw_channel *c = &m->channels[i];
        if (c->state == CW_CHANNEL_FREE) {
            return c;
        }
        if (c->state == CW_CHANNEL_CLOSED && c->conn != conn) {
            closed = c;
        }
    }
    return closed;
}

/* Kind that an endpoint must have to be this end of a connection of that mode. */
static uint8_t kind_of_end(uint8_t mode, bool source)
{
    if (mode == CW_MODE_REQUEST) {
        return source ? CW_KIND_REQUEST : CW_KIND_HANDLER;
    }
    return source ? CW_KIND_OUTPUT : CW_KIND_INPUT;
}

/* Policy of SETCONN; changes nothing. */
static cw_status setconn_check(struct cw_module *m, const struct cw_setconn *s, bool source,
        const struct cw_channel *old)
{
    if ((s->src_module == m->number) == (s->dst_module == m->number)) {
        return CW_E_DENIED; /* exactly one end is this module */
    }
    if (s->local >= m->endpoint_count ||
            m->endpoints[s->local].kind != kind_of_end(s->mode, source)) {
        return CW_E_ABSENT;
    }
    if (!source && s->mode != CW_MODE_REQUEST && s->event_max > m->endpoints[s->local].max) {
        return CW_E_SPACE;
    }
    if (!cw_suite_has(s->cipher)) {
        return CW_E_DENIED;
    }
    /* A nonce never repeats for a key: GCM only where a start cannot be repeated. */
    if (s->cipher != CW_CIPHER_SPONGENT && m->life.kind == CW_FRESH_NONE) {
        return CW_E_DENIED;
    }
    if (old != NULL && (s->epoch <= old->epoch || (old->source != 0) != source)) {
        return CW_E_REPLAY;
    }
    if (old == NULL && s->start == CW_SETCONN_CONTINUE) {
        return CW_E_STATE;
    }
    if (cw_module_channel(m, s->channel) != NULL) {
        return CW_E_REPLAY;
    }
    return CW_OK;
}

/* Close what a cut replaces: every older epoch of the connection. */
static void close_older(struct cw_module *m, uint32_t conn, const struct cw_channel *but)
{
    for (uint16_t i = 0; i < m->channel_count; i++) {
        struct cw_channel *c = &m->channels[i];
        if (c != but && c->state == CW_CHANNEL_OPEN && c->conn == conn) {
            cw_channel_close(c);
        }
    }
}

static cw_status setconn(struct cw_module *m, const uint8_t *body, size_t len,
        struct cw_answer *ret_answer)
{
    struct cw_setconn s;
    cw_status status = cw_setconn_decode(body, len, &s);
    if (status != CW_OK) {
        return status;
    }
    ret_answer->channel = s.channel;
    bool source = s.src_module == m->number;
    struct cw_channel *old = installed(m, s.conn);
    status = setconn_check(m, &s, source, old);
    if (status != CW_OK) {
        goto wipe_key;
    }
    /* A sink keeps the old epoch beside the new one until the source has changed over. */
    bool beside = !source && s.start == CW_SETCONN_CONTINUE && old->state == CW_CHANNEL_OPEN;
    struct cw_channel *slot = old == NULL || beside ? vacant(m, s.conn) : old;
    if (slot == NULL) {
        status = CW_E_SPACE;
        goto wipe_key;
    }
    if (beside) {
        slot->count = old->count;
        slot->acked = old->acked;
    } else {
        close_older(m, s.conn, slot);
    }
    cw_channel_install(slot, &s, m->life.deployment, source, ret_answer->check);
    ret_answer->count = slot->count;
wipe_key:
    cw_bytes_wipe(&s, sizeof s);
    return status;
}

static cw_status disable(struct cw_module *m, const uint8_t *body, size_t len,
        struct cw_answer *ret_answer)
{
    uint32_t id;
    cw_status status = cw_disable_decode(body, len, &id);
    if (status != CW_OK) {
        return status;
    }
    ret_answer->channel = id;
    bool all = id == CW_DISABLE_ALL;
    bool found = all;
    for (uint16_t i = 0; i < m->channel_count; i++) {
        struct cw_channel *c = &m->channels[i];
        if (c->state == CW_CHANNEL_OPEN && (all || c->id == id)) {
            cw_channel_close(c);
            ret_answer->count = c->count;
            found = true;
        }
    }
    if (all) {
        m->life.state = CW_STATE_DISABLED;
    }
    return found ? CW_OK : CW_E_ABSENT;
}

static cw_status query(struct cw_module *m, const uint8_t *body, size_t len,
        struct cw_queried *ret_queried)
{
    struct cw_queried q = {0};
    cw_status status = cw_query_decode(body, len, &q.index);
    if (status != CW_OK) {
        return status;
    }
    for (uint16_t i = 0; i < m->channel_count; i++) {
        const struct cw_channel *c = &m->channels[i];
        if (c->state == CW_CHANNEL_FREE) {
            continue;
        }
        if (q.total == q.index) {
            q.channel = c->id;
            q.conn = c->conn;
            q.epoch = c->epoch;
            q.flags = (uint16_t)((c->source != 0 ? CW_QUERIED_SOURCE : 0) |
                    (c->state == CW_CHANNEL_CLOSED ? CW_QUERIED_DISABLED : 0));
            q.refused_auth = c->refused_auth;
            q.count = c->count;
            q.acked = c->acked;
            q.gaps = c->gaps;
            q.refused_replay = c->refused_replay;
            q.dropped = c->dropped;
        }
        q.total++;
    }
    *ret_queried = q;
    return CW_OK;
}

/* Act on an authentic command; the answer's body goes to ret_body. */
static size_t act(struct cw_module *m, uint8_t type, const uint8_t *body, size_t len,
        uint8_t ret_body[static CW_QUERIED_LEN])
{
    cw_status status = CW_E_STATE;
    if (type == CW_MANAGE_QUERY) {
        struct cw_queried queried;
        status = query(m, body, len, &queried);
        if (status == CW_OK) {
            cw_queried_encode(&queried, ret_body);
            return CW_QUERIED_LEN;
        }
    }
    struct cw_answer answer = {0};
    if (m->life.state == CW_STATE_OPEN && type == CW_MANAGE_SETCONN) {
        status = setconn(m, body, len, &answer);
    } else if (m->life.state == CW_STATE_OPEN && type == CW_MANAGE_DISABLE) {
        status = disable(m, body, len, &answer);
    }
    answer.status = (uint16_t)status;
    cw_answer_encode(&answer, ret_body);
    return CW_ANSWER_LEN;
}

cw_status cw_module_command(struct cw_module *m, uint8_t *message, size_t len,
        uint8_t *ret_answer, size_t cap, size_t *ret_len)
{
    if (m->life.state == CW_STATE_UNCLAIMED) {
        return CW_E_STATE;
    }
    if (len < CW_MANAGE_HEADER_LEN + 2 + CW_TAG_LEN || len % 2 != 0) {
        return CW_E_SHORT;
    }
    if (cap < CW_MANAGE_HEADER_LEN + CW_QUERIED_LEN + CW_TAG_LEN) {
        return CW_E_SPACE;
    }
    struct cw_manage_header header;
    cw_status status = cw_manage_header_decode(message, &header);
    if (status != CW_OK) {
        return status;
    }
    if (header.session != m->life.session || header.seq <= m->last_seq) {
        return CW_E_REPLAY;
    }
    uint8_t *body = message + CW_MANAGE_HEADER_LEN;
    size_t body_len = len - CW_MANAGE_HEADER_LEN - CW_TAG_LEN;
    if (!cw_suite_open(m->cipher, m->key_in, message, CW_MANAGE_HEADER_LEN, body, body_len,
                body + body_len)) {
        return CW_E_AUTH;
    }
    m->last_seq = header.seq;
    uint8_t *answer = ret_answer + CW_MANAGE_HEADER_LEN;
    size_t answer_len = act(m, header.type, body, body_len, answer);
    cw_bytes_wipe(body, body_len);
    header.type |= CW_MANAGE_ANSWER;
    cw_manage_header_encode(&header, ret_answer);
    cw_suite_seal(m->cipher, m->key_out, ret_answer, CW_MANAGE_HEADER_LEN, answer, answer_len,
            answer + answer_len);
    *ret_len = CW_MANAGE_HEADER_LEN + answer_len + CW_TAG_LEN;
    return CW_OK;
}
