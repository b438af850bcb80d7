/* SPDX-License-Identifier: MIT */
#include "core/channel/channel.h"

#include "core/base/bytes.h"
#include "core/crypto/suite.h"
#include "core/wire/event.h"

/* KDF(K_c, label | D | identity) */
static void derive(const struct cw_setconn *s, const uint8_t *deployment, const char *label,
        uint8_t ret_key[static CW_KEY_LEN])
{
    CW_EVEN uint8_t context[8 + CW_DEPLOYMENT_LEN + sizeof s->identity];
    cw_bytes_copy(context, label, 8);
    cw_bytes_copy(context + 8, deployment, CW_DEPLOYMENT_LEN);
    cw_bytes_copy(context + 8 + CW_DEPLOYMENT_LEN, &s->identity, sizeof s->identity);
    cw_suite_derive(s->identity.cipher, s->key, context, sizeof context, ret_key);
}

void cw_channel_check_value(const struct cw_setconn *setconn,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], uint8_t ret_check[static CW_CHECK_LEN])
{
    CW_EVEN uint8_t whole[CW_KEY_LEN];
    derive(setconn, deployment, "cw1.chk", whole);
    cw_bytes_copy(ret_check, whole, CW_CHECK_LEN);
}

void cw_channel_install(struct cw_channel *c, const struct cw_setconn *s,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], bool source,
        uint8_t ret_check[static CW_CHECK_LEN])
{
    uint64_t count = s->start == CW_SETCONN_CUT ? s->first : c->count;
    uint64_t acked = s->start == CW_SETCONN_CUT ? s->first : c->acked;
    cw_bytes_wipe(c, sizeof *c);
    c->count = count;
    c->acked = acked;
    c->id = s->channel;
    c->conn = s->identity.conn;
    c->epoch = s->identity.epoch;
    c->event_max = s->event_max;
    c->window = s->window;
    c->state = CW_CHANNEL_OPEN;
    c->source = source;
    c->cipher = s->identity.cipher;
    c->mode = s->identity.mode;
    c->limit = 1; /* by ones: no variable 64-bit shift on small machines */
    for (uint8_t i = 0; i < s->limit_log2; i++) {
        c->limit <<= 1;
    }
    derive(s, deployment, "cw1.evt", c->keys.event);
    derive(s, deployment, c->mode == CW_MODE_REQUEST ? "cw1.rsp" : "cw1.ack", c->keys.back);
    cw_channel_check_value(s, deployment, ret_check);
}

void cw_channel_close(struct cw_channel *c)
{
    c->state = CW_CHANNEL_CLOSED;
    cw_bytes_wipe(&c->keys, sizeof c->keys);
}

void cw_channel_refuse(struct cw_channel *c, cw_status reason)
{
    uint16_t *count = reason == CW_AGAIN    ? &c->dropped
                    : reason == CW_E_REPLAY ? &c->refused_replay
                                            : &c->refused_auth;
    *count = (uint16_t)(*count + (*count != UINT16_MAX));
}

/* channel 4, count 8, MAC(K_ack, count); made by the sink, and by the source to compare. */
static cw_status acknowledge(const struct cw_channel *c, uint8_t source, uint64_t count,
        uint8_t ret_ack[CW_ACK_LEN])
{
    struct cw_event_header header = {c->id, count};
    if (c->state != CW_CHANNEL_OPEN || c->mode != CW_MODE_STRICT || c->source != source) {
        return CW_E_STATE;
    }
    cw_bytes_copy(ret_ack, &header, sizeof header);
    cw_suite_mac(c->cipher, c->keys.back, ret_ack + CW_EVENT_NONCE, CW_EVENT_NONCE_LEN,
            ret_ack + sizeof header);
    return CW_OK;
}

cw_status cw_channel_ack_make(const struct cw_channel *c, uint8_t ret_ack[static CW_ACK_LEN])
{
    return acknowledge(c, 0, c->count, ret_ack);
}

cw_status cw_channel_ack_take(struct cw_channel *c, const uint8_t *ack, size_t ack_len)
{
    CW_EVEN uint8_t expected[CW_ACK_LEN];
    if (ack_len != sizeof expected) {
        return CW_E_FORM;
    }
    uint64_t count = ((const struct cw_event_header *)(const void *)ack)->counter;
    cw_status status = acknowledge(c, 1, count, expected);
    if (status == CW_OK && (count > c->count || !cw_bytes_equal(ack, expected, sizeof expected))) {
        cw_channel_refuse(c, CW_E_AUTH);
        return CW_E_AUTH;
    }
    c->acked = status == CW_OK && count > c->acked ? count : c->acked;
    return status;
}
