/* SPDX-License-Identifier: MIT */
/*
 * wire.c - the decoders of core/wire, one after the other.
 *
 * Input    which 1, then the message.
 * Holds    what decodes is, encoded again, the same bytes; what does not leaves the result alone.
 * Plant    core/wire/reader.c s/r->left_len < len/r->left_len + 1 < len/
 */
#include "core/wire/attest.h"
#include "core/wire/frame.h"
#include "core/wire/manage.h"
#include "core/wire/node.h"
#include "fuzz/input.h"
#include "node/hello.h"

static void same(const struct cw_writer *w, const uint8_t *made, const uint8_t *bytes, size_t len)
{
    size_t made_len = 0;
    FUZZ_HOLDS(cw_writer_finish(w, &made_len) == CW_OK && made_len == len);
    FUZZ_HOLDS(memcmp(made, bytes, len) == 0);
}

static void link_header(const uint8_t *bytes, size_t len)
{
    uint8_t made[CW_LINK_HEADER_LEN];
    struct cw_link_header header;
    if (len == sizeof made && cw_link_header_decode(bytes, &header) == CW_OK) {
        FUZZ_HOLDS(header.len <= CW_LINK_MAX);
        cw_link_header_encode(&header, made);
        FUZZ_HOLDS(memcmp(made, bytes, len) == 0);
    }
}

static void route(const uint8_t *bytes, size_t len)
{
    uint8_t made[CW_ROUTE_LEN];
    struct cw_route route;
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_route_get(&r, &route);
    if (cw_reader_finish(&r) == CW_OK) {
        struct cw_writer w = cw_writer_over(made, sizeof made);
        cw_route_put(&w, &route);
        same(&w, made, bytes, len);
    }
}

static void peer(const uint8_t *bytes, size_t len)
{
    uint8_t made[512];
    struct cw_peer peer;
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_peer_get(&r, &peer);
    if (cw_reader_finish(&r) == CW_OK) {
        struct cw_writer w = cw_writer_over(made, sizeof made);
        cw_peer_put(&w, &peer);
        same(&w, made, bytes, len);
    }
}

static void string(const uint8_t *bytes, size_t len)
{
    uint8_t made[64];
    char text[16];
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_node_get_string(&r, text, sizeof text);
    if (cw_reader_finish(&r) == CW_OK) {
        struct cw_writer w = cw_writer_over(made, sizeof made);
        cw_node_put_string(&w, text);
        same(&w, made, bytes, len);
    }
}

static void event(const uint8_t *bytes, size_t len)
{
    uint8_t made[CW_JOURNAL_EVENT_LEN + CW_JOURNAL_TEXT_CAP];
    struct cw_node_event e;
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_node_event_get(&r, &e);
    if (cw_reader_finish(&r) == CW_OK) {
        struct cw_writer w = cw_writer_over(made, sizeof made);
        cw_node_event_put(&w, &e);
        same(&w, made, bytes, len);
    }
}

static void journal(const uint8_t *bytes, size_t len)
{
    uint8_t made[CW_JOURNAL_HEADER_LEN];
    struct cw_node_journal j;
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_journal_get(&r, &j);
    if (cw_reader_finish(&r) == CW_OK) {
        struct cw_writer w = cw_writer_over(made, sizeof made);
        cw_journal_put(&w, &j);
        same(&w, made, bytes, len);
    }
}

static void quote(const uint8_t *bytes, size_t len)
{
    struct cw_quote q;
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_quote_get(&r, &q);
    if (cw_reader_finish(&r) == CW_OK) {
        uint8_t *made = malloc(len);
        struct cw_writer w = cw_writer_over(made, len);
        cw_quote_put(&w, &q);
        same(&w, made, bytes, len);
        free(made);
    } else {
        FUZZ_HOLDS(q.quote_len <= len && q.collateral_len <= len);
    }
}

static void manage(const uint8_t *bytes, size_t len)
{
    struct cw_manage_header header;
    struct cw_answer answer;
    struct cw_evidence evidence;
    if (cw_manage_header_decode(bytes, len, &header) == CW_OK) {
        FUZZ_HOLDS(memcmp(&header, bytes, sizeof header) == 0 && header.version == CW_VERSION);
    }
    if (cw_answer_decode(bytes, len, &answer) == CW_OK) {
        FUZZ_HOLDS(len == sizeof answer && memcmp(&answer, bytes, len) == 0);
    }
    if (len == CW_EVIDENCE_LEN && cw_evidence_decode(bytes, &evidence) == CW_OK) {
        FUZZ_HOLDS(memcmp(&evidence, bytes, len) == 0 && evidence.kind <= CW_FRESH_RANDOM);
    }
}

static void hello(const uint8_t *bytes, size_t len)
{
    uint8_t made[CW_LINK_HELLO_LEN];
    struct cw_hello hello = {0};
    if (cw_hello_decode(bytes, len, &hello) == CW_OK) {
        cw_hello_encode(&hello, made);
        FUZZ_HOLDS(len == sizeof made && memcmp(made, bytes, len) == 0);
    }
}

/* The cursor itself: any reads in any order; once it failed, all is zero and it stays failed. */
static void cursor(struct fuzz_input *in)
{
    size_t len;
    uint8_t *bytes = fuzz_own(in, fuzz_u8(in), &len);
    struct cw_reader r = cw_reader_over(bytes, len);
    while (in->left_len > 0) {
        uint8_t got[16] = {0};
        cw_status before = r.status;
        size_t left_len = r.left_len;
        uint64_t value = 0;
        switch (fuzz_u8(in) % 8) {
        case 0: value = cw_reader_u8(&r); break;
        case 1: value = cw_reader_u16(&r); break;
        case 2: value = cw_reader_u32(&r); break;
        case 3: value = cw_reader_u64(&r); break;
        case 4: cw_reader_bytes(&r, got, fuzz_u8(in) % 17); break;
        case 5: cw_reader_zero(&r, fuzz_u8(in)); break;
        case 6: cw_reader_expect(&r, fuzz_u8(in) != 0); break;
        case 7: (void)cw_reader_rest(&r, &left_len); break;
        }
        FUZZ_HOLDS(r.left_len <= len && r.next == bytes + (len - r.left_len));
        FUZZ_HOLDS(before == CW_OK || (r.status == before && value == 0 && got[0] == 0));
    }
    FUZZ_HOLDS(cw_reader_finish(&r) != CW_OK || r.left_len == 0);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    static void (*const decoders[])(const uint8_t *, size_t) = {
            link_header, route, peer, string, manage, hello, event, journal,
            NULL, quote};
    struct fuzz_input in = {input, input_len};
    uint8_t which = fuzz_u8(&in) % 10;
    if (decoders[which] == NULL) {
        cursor(&in);
        return 0;
    }
    size_t len;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    decoders[which](bytes, len);
    free(bytes);
    return 0;
}
