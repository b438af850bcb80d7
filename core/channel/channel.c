/* SPDX-License-Identifier: MIT */
#include "core/channel/channel.h"

#include "core/base/bytes.h"
#include "core/crypto/suite.h"

void cw_channel_derive(const struct cw_setconn *s,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], const char label[static 8],
        uint8_t ret_key[static CW_KEY_LEN])
{
    CW_EVEN uint8_t context[8 + CW_DEPLOYMENT_LEN + sizeof s->identity];
    cw_bytes_copy(context, label, 8);
    cw_bytes_copy(context + 8, deployment, CW_DEPLOYMENT_LEN);
    cw_bytes_copy(context + 8 + CW_DEPLOYMENT_LEN, &s->identity, sizeof s->identity);
    cw_suite_derive(s->identity.cipher, s->key, context, sizeof context, ret_key);
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
    c->limit = s->limit;
    c->event_max = s->event_max;
    c->window = s->window;
    c->state = CW_CHANNEL_OPEN;
    c->source = source;
    c->cipher = s->identity.cipher;
    c->mode = s->identity.mode;
    cw_channel_derive(s, deployment, "cw1.evt", c->keys.event);
    cw_channel_derive(s, deployment, "cw1.rsp", c->keys.back);
    cw_channel_derive(s, deployment, "cw1.chk", ret_check);
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
