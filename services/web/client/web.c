/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  A stream is pumped: whatever can move moves, until nothing does.  It
 * stops where the node has no more room (then the node is asked to come again) or brings no more
 * bytes.  A connection serves one request.
 *
 *     READING --request whole, page made--> WRITING --all given to TLS--> ENDING --sent--> (free)
 */
#include "services/web/client/web.h"

#include "core/base/bytes.h"
#include "core/crypto/tls.h"
#include "sdk/run.h"
#include "services/web/client/certificate.h"
#include "services/web/client/http.h"

typedef enum phase {
    PHASE_FREE,
    PHASE_READING,
    PHASE_WRITING,
    PHASE_ENDING,
} phase;

struct connection {
    phase phase;
    uint32_t stream;
    size_t request_len;
    size_t answer_len;
    size_t answer_at;
    struct cw_tls tls;
    uint8_t request[CW_WEB_REQUEST_MAX];
    uint8_t answer[CW_HTTP_HEAD_MAX + CW_WEB_PAGE_MAX];
};

static struct connection connections[CW_WEB_STREAMS];
static uint8_t page_bytes[CW_WEB_PAGE_MAX]; /* one page is made at a time */
static struct cw_ecdsa_key key;
static uint8_t certificate[CW_CERTIFICATE_MAX];
static size_t certificate_len; /* 0: not started */

cw_status cw_web_start(const char *name, size_t len)
{
    uint8_t seed[CW_ECDSA_SEED_LEN];
    uint8_t serial[CW_CERTIFICATE_SERIAL_LEN];
    if (certificate_len > 0) {
        return CW_E_STATE;
    }
    cw_status status = cw_random(seed, sizeof seed);
    if (status == CW_OK) {
        status = cw_random(serial, sizeof serial);
    }
    if (status == CW_OK) {
        cw_ecdsa_key_make(seed, &key);
        status = cw_certificate_make(&key, name, len, serial, certificate, &certificate_len);
    }
    cw_bytes_wipe(seed, sizeof seed);
    return status;
}

cw_status cw_web_certificate_put(struct cw_reply *reply)
{
    char pem[CW_PEM_LEN(CW_CERTIFICATE_MAX)];
    if (certificate_len == 0) {
        return CW_E_STATE;
    }
    cw_certificate_pem(certificate, certificate_len, pem);
    return cw_reply_put(reply, pem, CW_PEM_LEN(certificate_len));
}

static struct connection *connection_of(uint32_t stream)
{
    for (size_t i = 0; i < CW_WEB_STREAMS; i++) {
        if (connections[i].phase != PHASE_FREE && connections[i].stream == stream) {
            return &connections[i];
        }
    }
    return NULL;
}

static void forget(struct connection *c)
{
    cw_bytes_wipe(c, sizeof *c);
}

/* --- a request and its answer ------------------------------------------------------------------------ */

static unsigned code_of(cw_status status)
{
    return status == CW_E_DENIED ? 405 : status == CW_E_SPACE ? 414 : 400;
}

static unsigned make_page(const char *path, struct cw_reply *page)
{
    switch (cw_web_get(path, page)) {
    case CW_WEB_OK:
        return 200;
    case CW_WEB_ABSENT:
        return 404;
    case CW_WEB_LATER:
        return 503;
    case CW_WEB_BROKEN:
        return 500;
    }
    return 500;
}

static void answer(struct connection *c, unsigned code, const struct cw_reply *page, bool is_head)
{
    size_t page_len = code == 200 ? page->len : 0;
    size_t len = cw_http_head(code, page_len, (char *)c->answer);
    if (!is_head) {
        cw_bytes_copy(c->answer + len, page->bytes, page_len);
        len += page_len;
    }
    c->answer_len = len;
    c->answer_at = 0;
    c->phase = PHASE_WRITING;
}

static void read_request(struct connection *c)
{
    struct cw_http_request request = {.is_head = false};
    struct cw_reply page = {.bytes = page_bytes, .cap = sizeof page_bytes};
    cw_status status = cw_http_parse(c->request, c->request_len, &request);
    if (status == CW_AGAIN && c->request_len < sizeof c->request) {
        return;
    }
    unsigned code = status == CW_OK ? make_page(request.path, &page)
            : status == CW_AGAIN    ? 431
                                    : code_of(status);
    answer(c, code, &page, request.is_head);
}

/* --- what can move ---------------------------------------------------------------------------------- */

/* Records to the client.  ret_blocked: the node has no room for all of them. */
static bool move_out(struct connection *c, bool *ret_blocked)
{
    size_t len;
    const uint8_t *records = cw_tls_records(&c->tls, &len);
    if (len == 0) {
        return false;
    }
    size_t sent = cw_stream_send(c->stream, records, len);
    cw_tls_records_sent(&c->tls, sent);
    *ret_blocked = sent < len;
    return sent > 0;
}

static bool move_data_in(struct connection *c)
{
    size_t len;
    const uint8_t *data = cw_tls_data(&c->tls, &len);
    if (len == 0) {
        return false;
    }
    if (c->phase == PHASE_READING) {
        size_t room = sizeof c->request - c->request_len;
        size_t taken = len < room ? len : room;
        cw_bytes_copy(c->request + c->request_len, data, taken);
        c->request_len += taken;
        read_request(c);
    }
    cw_tls_data_used(&c->tls, len); /* what follows a request is no one's */
    return true;
}

static bool move_data_out(struct connection *c)
{
    if (c->phase != PHASE_WRITING) {
        return false;
    }
    size_t taken = cw_tls_put_data(&c->tls, c->answer + c->answer_at,
            c->answer_len - c->answer_at);
    c->answer_at += taken;
    if (c->answer_at == c->answer_len) {
        cw_tls_flush(&c->tls);
        c->phase = PHASE_ENDING;
        cw_tls_end(&c->tls);
    }
    return taken > 0;
}

/* How many of the node's bytes were used. */
static size_t pump(struct connection *c, const uint8_t *bytes, size_t len)
{
    size_t used = 0;
    bool is_moving = true;
    bool is_blocked = false;
    while (is_moving && !is_blocked) {
        size_t taken = cw_tls_put_records(&c->tls, bytes + used, len - used);
        used += taken;
        is_moving = taken > 0;
        is_moving |= move_data_in(c);
        is_moving |= move_data_out(c);
        is_moving |= move_out(c, &is_blocked);
    }
    size_t waiting;
    (void)cw_tls_records(&c->tls, &waiting);
    if (waiting > 0) {
        cw_stream_more(c->stream);
        return used;
    }
    /* An answer that is out ends the connection; so does a client's goodbye, or a mistake. */
    if (cw_tls_is_closed(&c->tls) || c->phase == PHASE_ENDING) {
        cw_stream_end(c->stream);
        forget(c);
        return len;
    }
    return used;
}

/* --- what the runtime calls --------------------------------------------------------------------------- */

cw_status cw_stream_open(uint32_t stream)
{
    const struct cw_tls_identity identity = {certificate, certificate_len, &key};
    uint8_t seed[CW_TLS_SEED_LEN];
    struct connection *c = NULL;
    if (certificate_len == 0 || connection_of(stream) != NULL) {
        return CW_E_STATE;
    }
    for (size_t i = 0; i < CW_WEB_STREAMS; i++) {
        if (connections[i].phase == PHASE_FREE) {
            c = &connections[i];
        }
    }
    if (c == NULL) {
        return CW_AGAIN;
    }
    cw_status status = cw_random(seed, sizeof seed);
    if (status != CW_OK) {
        return status;
    }
    c->stream = stream;
    c->phase = PHASE_READING;
    cw_tls_start(&c->tls, &identity, seed);
    cw_bytes_wipe(seed, sizeof seed);
    return CW_OK;
}

cw_status cw_stream_data(uint32_t stream, const uint8_t *bytes, size_t len)
{
    struct connection *c = connection_of(stream);
    if (c == NULL) {
        return CW_E_ABSENT;
    }
    cw_stream_taken(stream, pump(c, bytes, len));
    return CW_OK;
}

void cw_stream_close(uint32_t stream)
{
    struct connection *c = connection_of(stream);
    if (c != NULL) {
        forget(c);
    }
}
