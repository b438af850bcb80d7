/* SPDX-License-Identifier: MIT */
#include "core/module/module.h"

#include "core/base/bytes.h"
#include "core/crypto/suite.h"

/* An answer has a channel's first fields as they lie in memory. */
#define COUNTS_LEN (offsetof(struct cw_answer, check) - offsetof(struct cw_answer, channel))
_Static_assert(offsetof(struct cw_channel, state) == 13 && offsetof(struct cw_channel, gaps) == 32
        && offsetof(struct cw_channel, dropped) + 2 == COUNTS_LEN, "as struct cw_answer");

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
    if (open->header.session <= m->life.session) {
        return CW_E_REPLAY;
    }
    bool same = cw_bytes_equal(m->life.deployment, open->deployment, CW_DEPLOYMENT_LEN);
    size_t channels_len = (size_t)((uint8_t *)m->channels_end - (uint8_t *)m->channels);
    cw_bytes_wipe(m->channels, same && m->number == open->module ? 0 : channels_len);
    m->life.state = m->life.state == CW_STATE_UNCLAIMED ? CW_STATE_OPEN : m->life.state;
    m->life.session = open->header.session;
    cw_bytes_copy(m->life.deployment, open->deployment, CW_DEPLOYMENT_LEN);
    m->number = open->module;
    m->last_seq = 0;
    cw_module_session_key(m->cipher, master, "cw1.in\0", m->key_in);
    cw_module_session_key(m->cipher, master, "cw1.out", m->key_out);
    return CW_OK;
}

struct cw_channel *cw_module_channel(struct cw_module *m, uint32_t id)
{
    for (struct cw_channel *c = m->channels; c != m->channels_end; c++) {
        if (c->state == CW_CHANNEL_OPEN && c->id == id) {
            return c;
        }
    }
    return NULL;
}

void cw_module_settle(struct cw_module *m, const struct cw_channel *newest)
{
    for (struct cw_channel *c = m->channels; c != m->channels_end; c++) {
        if (c->state == CW_CHANNEL_OPEN && c->conn == newest->conn) {
            c->count = newest->count;
            if (c->epoch < newest->epoch) {
                cw_channel_close(c);
            }
        }
    }
}

const struct cw_endpoint *cw_module_endpoint(const struct cw_module *m, uint32_t index)
{
    const struct cw_endpoint *e = m->endpoints;
    for (; e != m->endpoints_end && index != 0; e++, index--) {
    }
    return e == m->endpoints_end ? NULL : e;
}

/* What stands in SETCONN's way, the first reason first.  old: the newest slot of this connection.
 * Exactly one end is this module, and of the right kind; GCM only where no start is repeated. */
static cw_status setconn_check(struct cw_module *m, const struct cw_setconn *s, bool source,
        const struct cw_channel *old, const struct cw_endpoint *e)
{
    const struct cw_identity *id = &s->identity;
    unsigned kind = (id->mode == CW_MODE_REQUEST ? CW_KIND_HANDLER : CW_KIND_INPUT) + source;
    return id->mode > CW_MODE_REQUEST || id->zero != 0 || s->limit_log2 < 1 ||
                    s->limit_log2 > 63 || s->start > CW_SETCONN_CUT || s->window == 0 ? CW_E_FORM
         : source == (id->dst_module == m->number) || !cw_suite_has(id->cipher)       ? CW_E_DENIED
         : id->cipher != CW_CIPHER_SPONGENT && m->life.kind == CW_FRESH_NONE          ? CW_E_DENIED
         : e == NULL || e->kind != kind                                               ? CW_E_ABSENT
         : kind == CW_KIND_INPUT && s->event_max > e->max                             ? CW_E_SPACE
         : old == NULL && s->start == CW_SETCONN_CONTINUE                             ? CW_E_STATE
         : old != NULL && (id->epoch <= old->epoch || (old->source != 0) != source)   ? CW_E_REPLAY
         : cw_module_channel(m, s->channel) != NULL                                   ? CW_E_REPLAY
                                                                                      : CW_OK;
}

static cw_status setconn(struct cw_module *m, const struct cw_setconn *s,
        uint8_t ret_check[static CW_CHECK_LEN], struct cw_channel **ret_channel)
{
    bool source = s->identity.src_module == m->number;
    struct cw_channel *old = NULL;    /* the newest of this connection        */
    struct cw_channel *vacant = NULL; /* free, or else closed and another's   */
    for (struct cw_channel *c = m->channels; c != m->channels_end; c++) {
        if (c->state != CW_CHANNEL_FREE && c->conn == s->identity.conn) {
            old = old == NULL || c->epoch > old->epoch ? c : old;
        } else if (c->state != CW_CHANNEL_OPEN) {
            vacant = vacant == NULL || c->state < vacant->state ? c : vacant;
        }
    }
    const struct cw_endpoint *endpoint = cw_module_endpoint(m, s->local);
    cw_status status = setconn_check(m, s, source, old, endpoint);
    if (status != CW_OK) {
        return status;
    }
    /* A sink keeps the old epoch beside the new one until the source has changed over. */
    bool beside = !source && s->start == CW_SETCONN_CONTINUE && old->state == CW_CHANNEL_OPEN;
    struct cw_channel *slot = old == NULL || beside ? vacant : old;
    if (slot == NULL) {
        return CW_E_SPACE;
    }
    *slot = beside ? *old : *slot;
    slot->endpoint = endpoint;
    cw_channel_install(slot, s, m->life.deployment, source, ret_check);
    if (!beside) {
        cw_module_settle(m, slot);
    }
    *ret_channel = slot;
    return CW_OK;
}

/* Act on an authentic command. */
static void act(struct cw_module *m, uint8_t type, const uint8_t *body, size_t len,
        struct cw_answer *ret)
{
    cw_status status = CW_E_STATE;
    struct cw_channel *about = NULL;
    struct cw_setconn s = {0};
    cw_bytes_copy(&s, body, len < sizeof s ? len : sizeof s);
    uint32_t number = s.identity.conn; /* QUERY: an index; DISABLE: a channel */
    bool is_open = m->life.state == CW_STATE_OPEN;
    if (type == CW_MANAGE_QUERY && len == CW_QUERY_LEN) {
        for (struct cw_channel *c = m->channels; c != m->channels_end; c++) {
            if (c->state != CW_CHANNEL_FREE) {
                about = ret->total++ == number ? c : about;
            }
        }
        status = CW_OK;
    } else if (is_open && type == CW_MANAGE_SETCONN && len == CW_SETCONN_LEN) {
        status = setconn(m, &s, ret->check, &about);
    } else if (is_open && type == CW_MANAGE_DISABLE && len == CW_DISABLE_LEN) {
        bool all = number == CW_DISABLE_ALL;
        for (struct cw_channel *c = m->channels; c != m->channels_end; c++) {
            if (c->state == CW_CHANNEL_OPEN && (all || c->id == number)) {
                cw_channel_close(c);
                about = c;
            }
        }
        m->life.state = all ? CW_STATE_DISABLED : m->life.state;
        status = all || about != NULL ? CW_OK : CW_E_ABSENT;
    }
    cw_bytes_copy(&ret->channel, about, about == NULL ? 0 : COUNTS_LEN);
    ret->status = (uint16_t)status;
    cw_bytes_wipe(&s, sizeof s);
}

cw_status cw_module_command(struct cw_module *m, uint8_t *message, size_t len,
        uint8_t *ret_answer, size_t cap, size_t *ret_len)
{
    struct cw_manage_header header;
    struct cw_answer answer = {0};
    uint8_t *body = message + sizeof header;
    size_t body_len = len - sizeof header - CW_TAG_LEN;
    if (len < sizeof header + 2 + CW_TAG_LEN || len % 2 != 0 ||
            cap < sizeof header + sizeof answer + CW_TAG_LEN) {
        return CW_E_SHORT;
    }
    cw_bytes_copy(&header, message, sizeof header);
    if (header.version != CW_VERSION || header.flags != 0 || header.type >= CW_MANAGE_ANSWER) {
        return CW_E_FORM;
    }
    if (m->life.state == CW_STATE_UNCLAIMED || header.session != m->life.session ||
            header.seq <= m->last_seq) {
        return CW_E_REPLAY;
    }
    if (!cw_suite_open(m->cipher, m->key_in, message, sizeof header, body, body_len,
                body + body_len)) {
        return CW_E_AUTH;
    }
    m->last_seq = header.seq;
    act(m, header.type, body, body_len, &answer);
    cw_bytes_wipe(body, body_len);
    header.type |= CW_MANAGE_ANSWER;
    cw_bytes_copy(ret_answer, &header, sizeof header);
    body = ret_answer + sizeof header;
    cw_bytes_copy(body, &answer, sizeof answer);
    cw_suite_seal(m->cipher, m->key_out, ret_answer, sizeof header, body, sizeof answer,
            body + sizeof answer);
    *ret_len = sizeof header + sizeof answer + CW_TAG_LEN;
    return CW_OK;
}
