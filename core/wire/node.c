/* SPDX-License-Identifier: MIT */
#include "core/wire/node.h"

#define ROUTE_FLAGS \
    (CW_ROUTE_SOURCE | CW_ROUTE_LATEST | CW_ROUTE_REQUEST | CW_ROUTE_OWNER)

void cw_node_put_module(struct cw_writer *w, const struct cw_module_name *module)
{
    cw_writer_bytes(w, module->deployment, sizeof module->deployment);
    cw_writer_u32(w, module->number);
}

void cw_node_get_module(struct cw_reader *r, struct cw_module_name *ret_module)
{
    cw_reader_bytes(r, ret_module->deployment, sizeof ret_module->deployment);
    ret_module->number = cw_reader_u32(r);
}

void cw_node_put_string(struct cw_writer *w, const char *string)
{
    size_t len = 0;
    while (string[len] != '\0') {
        len++;
    }
    if (len > UINT16_MAX) {
        w->status = CW_E_SPACE;
        return;
    }
    cw_writer_u16(w, (uint16_t)len);
    cw_writer_bytes(w, string, len);
}

void cw_node_get_string(struct cw_reader *r, char *ret_string, size_t cap)
{
    size_t len = cw_reader_u16(r);
    cw_reader_expect(r, len < cap);
    if (r->status != CW_OK) {
        len = 0;
    }
    cw_reader_bytes(r, (uint8_t *)ret_string, len);
    ret_string[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        cw_reader_expect(r, ret_string[i] != '\0');
    }
}

void cw_route_put(struct cw_writer *w, const struct cw_route *route)
{
    cw_node_put_module(w, &route->module);
    cw_writer_u32(w, route->channel);
    cw_writer_u32(w, route->peer);
    cw_writer_u16(w, route->flags);
    cw_writer_u16(w, route->window);
    cw_writer_u32(w, route->event_max);
    cw_writer_u64(w, route->first);
}

void cw_route_get(struct cw_reader *r, struct cw_route *ret_route)
{
    cw_node_get_module(r, &ret_route->module);
    ret_route->channel = cw_reader_u32(r);
    ret_route->peer = cw_reader_u32(r);
    ret_route->flags = cw_reader_u16(r);
    cw_reader_expect(r, (ret_route->flags & ~ROUTE_FLAGS) == 0);
    ret_route->window = cw_reader_u16(r);
    cw_reader_expect(r, ret_route->window >= 1);
    ret_route->event_max = cw_reader_u32(r);
    ret_route->first = cw_reader_u64(r);
}

void cw_peer_put(struct cw_writer *w, const struct cw_peer *peer)
{
    cw_writer_bytes(w, peer->deployment, sizeof peer->deployment);
    cw_writer_u32(w, peer->peer);
    cw_writer_u8(w, peer->dial);
    cw_writer_u8(w, 0);
    cw_writer_u16(w, 0);
    cw_writer_bytes(w, peer->key, sizeof peer->key);
    cw_node_put_string(w, peer->address);
}

void cw_peer_get(struct cw_reader *r, struct cw_peer *ret_peer)
{
    cw_reader_bytes(r, ret_peer->deployment, sizeof ret_peer->deployment);
    ret_peer->peer = cw_reader_u32(r);
    cw_reader_expect(r, ret_peer->peer != 0);
    ret_peer->dial = cw_reader_u8(r);
    cw_reader_expect(r, ret_peer->dial <= 1);
    cw_reader_zero(r, 3);
    cw_reader_bytes(r, ret_peer->key, sizeof ret_peer->key);
    cw_node_get_string(r, ret_peer->address, sizeof ret_peer->address);
}

void cw_quote_put(struct cw_writer *w, const struct cw_quote *quote)
{
    cw_writer_u32(w, quote->quote_len);
    cw_writer_bytes(w, quote->quote, (size_t)quote->quote_len);
    cw_writer_u32(w, quote->collateral_len);
    cw_writer_bytes(w, quote->collateral, (size_t)quote->collateral_len);
}

/* Bytes behind their length, where they stand. */
static const uint8_t *get_piece(struct cw_reader *r, uint32_t max, uint32_t *ret_len)
{
    const uint32_t len = cw_reader_u32(r);
    cw_reader_expect(r, len <= max && len <= r->left_len);
    const bool is_there = r->status == CW_OK;
    const uint8_t *piece = r->next;
    if (is_there) {
        r->next += len;
        r->left_len -= (size_t)len;
    }
    *ret_len = is_there ? len : 0;
    return piece;
}

void cw_quote_get(struct cw_reader *r, struct cw_quote *ret_quote)
{
    ret_quote->quote = get_piece(r, CW_QUOTE_MAX, &ret_quote->quote_len);
    cw_reader_expect(r, ret_quote->quote_len > 0);
    ret_quote->collateral = get_piece(r, CW_QUOTE_COLLATERAL_MAX, &ret_quote->collateral_len);
}

void cw_journal_put(struct cw_writer *w, const struct cw_node_journal *journal)
{
    cw_writer_u64(w, journal->run);
    cw_writer_u64(w, journal->next);
    cw_writer_u64(w, journal->lost);
    cw_writer_u16(w, journal->count);
    cw_writer_u16(w, 0);
}

void cw_journal_get(struct cw_reader *r, struct cw_node_journal *ret_journal)
{
    ret_journal->run = cw_reader_u64(r);
    ret_journal->next = cw_reader_u64(r);
    ret_journal->lost = cw_reader_u64(r);
    ret_journal->count = cw_reader_u16(r);
    cw_reader_zero(r, 2);
}

void cw_node_event_put(struct cw_writer *w, const struct cw_node_event *event)
{
    cw_writer_u64(w, event->seq);
    cw_writer_u64(w, event->first_ms);
    cw_writer_u64(w, event->last_ms);
    cw_writer_u32(w, event->count);
    cw_writer_u8(w, event->kind);
    cw_writer_u8(w, event->reason);
    cw_writer_u16(w, 0);
    cw_writer_bytes(w, event->deployment, sizeof event->deployment);
    cw_writer_u32(w, event->module);
    cw_writer_u32(w, event->channel);
    cw_writer_u32(w, event->peer);
    cw_node_put_string(w, event->text);
}

void cw_node_event_get(struct cw_reader *r, struct cw_node_event *ret_event)
{
    ret_event->seq = cw_reader_u64(r);
    ret_event->first_ms = cw_reader_u64(r);
    ret_event->last_ms = cw_reader_u64(r);
    cw_reader_expect(r, ret_event->first_ms <= ret_event->last_ms);
    ret_event->count = cw_reader_u32(r);
    cw_reader_expect(r, ret_event->count >= 1);
    ret_event->kind = cw_reader_u8(r);
    cw_reader_expect(r, ret_event->kind >= 1);
    ret_event->reason = cw_reader_u8(r);
    cw_reader_zero(r, 2);
    cw_reader_bytes(r, ret_event->deployment, sizeof ret_event->deployment);
    ret_event->module = cw_reader_u32(r);
    ret_event->channel = cw_reader_u32(r);
    ret_event->peer = cw_reader_u32(r);
    cw_node_get_string(r, ret_event->text, sizeof ret_event->text);
}
