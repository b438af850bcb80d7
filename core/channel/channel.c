/* SPDX-License-Identifier: MIT */
#include "core/channel/channel.h"

#include "core/base/bytes.h"
#include "core/channel/body.h"
#include "core/crypto/suite.h"

/* What a key of a channel is derived from, as it is hashed. */
struct context {
    char label[8];
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    struct cw_identity identity;
};
_Static_assert(sizeof(struct context) == 40, "docs/protocol.md section 6");

static void derive(const struct cw_setconn *s, const uint8_t *deployment, const char *label,
        uint8_t ret_key[static CW_KEY_LEN])
{
    struct context context = {.identity = s->identity};
    cw_bytes_copy(context.label, label, sizeof context.label);
    cw_bytes_copy(context.deployment, deployment, sizeof context.deployment);
    cw_suite_derive(s->identity.cipher, s->key, (uint8_t *)&context, sizeof context, ret_key);
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
    bool cut = s->start == CW_SETCONN_CUT;
    *c = (struct cw_channel){
            .count = cut ? s->first : c->count,
            .acked = cut ? s->first : c->acked,
            .id = s->channel,
            .conn = s->identity.conn,
            .epoch = s->identity.epoch,
            .event_max = s->event_max,
            .endpoint = c->endpoint,
            .window = s->window,
            .state = CW_CHANNEL_OPEN,
            .source = source,
            .cipher = s->identity.cipher,
            .mode = s->identity.mode,
            .limit_log2 = s->limit_log2,
    };
    derive(s, deployment, "cw1.evt", c->key_event);
    derive(s, deployment, c->mode == CW_MODE_REQUEST ? "cw1.rsp" : "cw1.ack", c->key_back);
    cw_channel_check_value(s, deployment, ret_check);
}

void cw_channel_close(struct cw_channel *c)
{
    c->state = CW_CHANNEL_CLOSED;
    cw_bytes_wipe(c->key_event, sizeof c->key_event);
    cw_bytes_wipe(c->key_back, sizeof c->key_back);
}

void cw_channel_refuse(struct cw_channel *c, cw_status reason)
{
    uint16_t *count = reason == CW_AGAIN    ? &c->dropped
                    : reason == CW_E_REPLAY ? &c->refused_replay
                                            : &c->refused_auth;
    *count = (uint16_t)(*count + (*count != UINT16_MAX));
}

void cw_body_ack(const struct cw_channel *c, uint64_t count, uint8_t ret_ack[static CW_ACK_LEN])
{
    struct cw_event_header header = {c->id, count};
    cw_bytes_copy(ret_ack, &header, sizeof header);
    cw_suite_mac(c->cipher, c->key_back, ret_ack + 4, 8, ret_ack + sizeof header);
}
