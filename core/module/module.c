/* SPDX-License-Identifier: MIT */
#include "core/module/module.h"

#include "core/base/bytes.h"
#include "core/crypto/suite.h"

/* An answer has a channel's first fields as they lie in memory. */
#define COUNTS_LEN (offsetof(struct cw_answer, check) - offsetof(struct cw_answer, channel))
_Static_assert(offsetof(struct cw_channel, state) == 13 && offsetof(struct cw_channel, gaps) == 32
        && offsetof(struct cw_channel, dropped) + 2 == COUNTS_LEN, "as struct cw_answer");

/* What K_opn, K_in and K_out are derived from. */
static const CW_EVEN uint8_t labels[3][8] = {"cw1.opn", "cw1.in", "cw1.out"};

cw_status cw_module_claim(struct cw_module *m, const uint8_t *message, size_t len,
        const uint8_t master[static CW_KEY_LEN], uint8_t ret_opened[static CW_OPENED_LEN])
{
    const struct cw_open *open = (const void *)message;
    struct cw_opened *opened = (void *)ret_opened;
    CW_EVEN uint8_t key[CW_KEY_LEN];
    CW_EVEN uint8_t tag[CW_TAG_LEN];
    cw_suite_derive(m->cipher, master, labels[0], sizeof labels[0], key);
    cw_suite_seal(m->cipher, key, message, sizeof open->header, NULL, 0, tag);
    if (!cw_bytes_equal(tag, message + len, CW_TAG_LEN) || open->header.version != CW_VERSION ||
            open->header.flags != 0 || open->header.seq != 0) {
        return CW_E_AUTH;
    }
    if (open->header.session <= m->life.session) {
        return CW_E_REPLAY;
    }
    if (m->number != open->module ||
            !cw_bytes_equal(m->life.deployment, open->deployment, CW_DEPLOYMENT_LEN)) {
        cw_bytes_wipe(m->channels, (size_t)((uint8_t *)m->channels_end - (uint8_t *)m->channels));
    }
    m->life.state = m->life.state == CW_STATE_UNCLAIMED ? CW_STATE_OPEN : m->life.state;
    m->life.session = open->header.session;
    cw_bytes_copy(m->life.deployment, open->deployment, CW_DEPLOYMENT_LEN);
    m->number = open->module;
    m->last_seq = 0;
    cw_suite_derive(m->cipher, master, labels[1], sizeof labels[1], m->key_in);
    cw_suite_derive(m->cipher, master, labels[2], sizeof labels[2], m->key_out);
    cw_bytes_copy(&opened->header, &open->header, sizeof opened->header);
    opened->header.type |= CW_MANAGE_ANSWER;
    cw_suite_seal(m->cipher, key, ret_opened, sizeof opened->header, NULL, 0, opened->tag);
    cw_bytes_wipe(key, sizeof key);
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
    for (struct cw_channel *c = m->channels; cw_module_has(m, c); c++) {
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

/* Make a channel, or say what stands in its way, the first reason first. */
static cw_status setconn(struct cw_module *m, const struct cw_setconn *s,
        uint8_t ret_check[static CW_CHECK_LEN], struct cw_channel **ret_channel)
{
    const struct cw_identity *id = &s->identity;
    bool source = id->src_module == m->number;
    unsigned kind = (id->mode == CW_MODE_REQUEST ? CW_KIND_HANDLER : CW_KIND_INPUT) + source;
    const struct cw_endpoint *e = cw_module_endpoint(m, s->local);
    struct cw_channel *old = NULL;    /* the newest of this connection        */
    struct cw_channel *vacant = NULL; /* free, or else closed and another's   */
    for (struct cw_channel *c = m->channels; c != m->channels_end; c++) {
        if (c->state != CW_CHANNEL_FREE && c->conn == id->conn) {
            old = old == NULL || c->epoch > old->epoch ? c : old;
        } else if (c->state != CW_CHANNEL_OPEN) {
            vacant = vacant == NULL || c->state < vacant->state ? c : vacant;
        }
    }
    /* A sink keeps the old epoch beside the new one until the source has changed over. */
    bool beside = old != NULL && old->state == CW_CHANNEL_OPEN && !source &&
            s->start == CW_SETCONN_CONTINUE;
    struct cw_channel *slot = old == NULL || beside ? vacant : old;
    /* GCM only where no start is repeated. */
    bool has_cipher = id->cipher - 1u < cw_suite_count &&
            (id->cipher == CW_CIPHER_SPONGENT || m->life.kind != CW_FRESH_NONE);
    /* Exactly one end is this module, and of the right kind. */
    cw_status status =
            id->mode > CW_MODE_REQUEST || id->zero != 0 || s->start > CW_SETCONN_CUT ||
                    s->limit == 0 || s->window == 0                                      ? CW_E_FORM
          : source == (id->dst_module == m->number) || !has_cipher                     ? CW_E_DENIED
          : e == NULL || e->kind != kind                                               ? CW_E_ABSENT
          : kind == CW_KIND_INPUT && s->event_max > e->max                             ? CW_E_SPACE
          : old == NULL && s->start == CW_SETCONN_CONTINUE                             ? CW_E_STATE
          : old != NULL && (id->epoch <= old->epoch || (old->source != 0) != source)   ? CW_E_REPLAY
          : cw_module_channel(m, s->channel) != NULL                                   ? CW_E_REPLAY
          : slot == NULL                                                               ? CW_E_SPACE
                                                                                       : CW_OK;
    if (status != CW_OK) {
        return status;
    }
    cw_bytes_copy(slot, old, beside ? sizeof *slot : 0);
    cw_channel_install(slot, s, m->life.deployment, source, ret_check);
    slot->endpoint = e;
    if (!beside) {
        cw_module_settle(m, slot);
    }
    *ret_channel = slot;
    return CW_OK;
}

/* Act on an authentic command; a tag follows its body, so four bytes can be looked at. */
static void act(struct cw_module *m, uint8_t type, const uint8_t *body, size_t len,
        struct cw_answer *ret)
{
    cw_status status = CW_E_STATE;
    struct cw_channel *about = NULL;
    const struct cw_disable *named = (const void *)body; /* QUERY: by its index in the table */
    bool is_open = m->life.state == CW_STATE_OPEN;
    if (type == CW_MANAGE_QUERY && len == CW_QUERY_LEN) {
        for (struct cw_channel *c = m->channels; c != m->channels_end; c++) {
            if (c->state != CW_CHANNEL_FREE) {
                about = ret->total++ == named->channel ? c : about;
            }
        }
        status = CW_OK;
    } else if (is_open && type == CW_MANAGE_SETCONN && len == CW_SETCONN_LEN) {
        status = setconn(m, (const void *)body, ret->check, &about);
    } else if (is_open && type == CW_MANAGE_CONFIG && cw_module_configure != NULL) {
        status = cw_module_configure(m, body, len);
    } else if (is_open && type == CW_MANAGE_DISABLE && len == CW_DISABLE_LEN) {
        bool all = named->channel == CW_DISABLE_ALL;
        for (struct cw_channel *c = m->channels; c != m->channels_end; c++) {
            if (c->state == CW_CHANNEL_OPEN && (all || c->id == named->channel)) {
                cw_channel_close(c);
                about = c;
            }
        }
        m->life.state = all ? CW_STATE_DISABLED : m->life.state;
        status = all || about != NULL ? CW_OK : CW_E_ABSENT;
    }
    cw_bytes_copy(&ret->channel, about, about == NULL ? 0 : COUNTS_LEN);
    ret->status = (uint16_t)status;
}

cw_status cw_module_command(struct cw_module *m, uint8_t *message, size_t len,
        uint8_t ret_answer[static CW_ANSWERED_LEN])
{
    const struct cw_manage_header *header = (const void *)message;
    struct cw_answered *answered = (void *)ret_answer;
    uint8_t *body = message + sizeof *header;
    size_t body_len = len - sizeof *header - CW_TAG_LEN;
    cw_status status =
            len < sizeof *header + 2 + CW_TAG_LEN || len % 2 != 0 || header->version != CW_VERSION ||
                    header->flags != 0 || header->type >= CW_MANAGE_ANSWER     ? CW_E_FORM
          : m->life.state == CW_STATE_UNCLAIMED ||
                    header->session != m->life.session || header->seq <= m->last_seq ? CW_E_REPLAY
          : cw_suite_open(m->cipher, m->key_in, message, sizeof *header, body, body_len,
                    body + body_len)                                                 ? CW_OK
                                                                                     : CW_E_AUTH;
    if (status != CW_OK) {
        cw_bytes_wipe(body, status == CW_E_AUTH ? body_len : 0);
        return status;
    }
    m->last_seq = header->seq;
    cw_bytes_wipe(answered, sizeof *answered);
    act(m, header->type, body, body_len, &answered->answer);
    cw_bytes_wipe(body, body_len);
    cw_bytes_copy(&answered->header, header, sizeof *header);
    answered->header.type |= CW_MANAGE_ANSWER;
    cw_suite_seal(m->cipher, m->key_out, ret_answer, sizeof *header,
            ret_answer + sizeof *header, CW_ANSWER_LEN, answered->tag);
    return CW_OK;
}
