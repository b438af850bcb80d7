/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/link.h"
#include "node/manage.h"
#include "node/periodic.h"
#include "node/relay.h"
#include "node/status.h"
#include "node/stream.h"

#define WHY_CAP 400u

static void refuse_form(struct cw_session *session)
{
    cw_session_refuse(session, CW_E_FORM, "request 0x%02x has not the fields that it should have",
            session->type);
}

/* The module that a request names, if it is there and this owner's; else the request is refused. */
static struct cw_guest *ready_guest(struct cw_session *session,
        const struct cw_module_name *module)
{
    struct cw_guest *guest = cw_guest_find(session->node, session->owner, module);
    if (guest == NULL) {
        cw_session_refuse(session, CW_E_ABSENT, "there is no module %" PRIu32 " of yours here",
                module->number);
    } else if (guest->state == CW_GUEST_LOST && guest->why[0] != '\0') {
        cw_session_refuse(session, CW_E_STATE, "module %s ended, and cannot be loaded again: %s",
                guest->name, guest->why);
        cw_guest_hurry(guest);
        guest = NULL;
    } else if (guest->state != CW_GUEST_READY) {
        cw_session_refuse(session, CW_AGAIN, "module %s is being %s: ask again in a moment",
                guest->name, guest->state == CW_GUEST_LEAVING ? "unloaded" : "loaded");
        guest = NULL;
    }
    return guest;
}

static void answer_text(struct cw_session *session, char *text)
{
    if (text == NULL) {
        cw_session_refuse(session, CW_E_SPACE, "no memory");
        return;
    }
    cw_session_put(session, text, strlen(text));
    free(text);
    if (session->answer_is_short) {
        cw_session_refuse(session, CW_E_SPACE,
                "the answer is too long: ask for one deployment at a time");
        return;
    }
    cw_session_answer(session, CW_OK);
}

/* --- load and unload ----------------------------------------------------------------------------- */

static void load_done(void *ctx, cw_status status, const char *why)
{
    struct cw_session *session = ctx;
    if (status == CW_OK) {
        cw_session_answer(session, CW_OK);
    } else {
        cw_session_refuse(session, status, "it cannot be loaded: %.400s", why);
    }
}

static void begin_load(struct cw_session *session, struct cw_reader *r)
{
    struct cw_module_name module;
    char name[CW_GUEST_NAME_CAP] = "";
    cw_node_get_module(r, &module);
    cw_node_get_string(r, name, sizeof name);
    size_t image_len;
    const uint8_t *image = cw_reader_rest(r, &image_len);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    const cw_status status = cw_guest_load(session->node, session->owner, &module, name, image,
            image_len, load_done, session);
    if (status == CW_E_STATE) {
        cw_session_refuse(session, status, "module %" PRIu32 " is loaded already: unload it first",
                module.number);
    } else if (status == CW_E_DENIED) {
        cw_session_refuse(session, status, "another owner uses this deployment id");
    } else if (status != CW_OK) {
        cw_session_refuse(session, status,
                "no room for one more module: the node was started with --max-modules %" PRIu32,
                session->node->config->guest_max);
    }
}

static void unload_done(void *ctx)
{
    cw_session_answer(ctx, CW_OK);
}

static void begin_unload(struct cw_session *session, struct cw_reader *r)
{
    struct cw_module_name module;
    cw_node_get_module(r, &module);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    struct cw_guest *guest = cw_guest_find(session->node, session->owner, &module);
    if (guest == NULL || guest->state == CW_GUEST_LEAVING) {
        cw_session_refuse(session, CW_E_ABSENT, "there is no module %" PRIu32 " of yours here",
                module.number);
        return;
    }
    cw_guest_unload(guest, unload_done, session);
}

/* --- enter --------------------------------------------------------------------------------------- */

static bool is_for_owners(uint8_t entry)
{
    return entry == CW_ENTRY_ATTEST || entry == CW_ENTRY_MANAGE || entry == CW_ENTRY_EVENT ||
            entry == CW_ENTRY_REQUEST || entry == CW_ENTRY_CALL || entry == CW_ENTRY_ACK_MAKE;
}

static bool enter_begin(struct cw_job *job, struct cw_job_input *ret_input)
{
    const struct cw_session *session = CW_LISTED(job, struct cw_session, enter);
    *ret_input =
            (struct cw_job_input){session->entry, session->entry_bytes, session->entry_len, false};
    return true;
}

static void enter_item(struct cw_job *job, cw_frame type, const uint8_t *bytes, size_t len)
{
    struct cw_session *session = CW_LISTED(job, struct cw_session, enter);
    uint8_t header[CW_LINK_HEADER_LEN];
    cw_link_header_encode(&(struct cw_link_header){(uint32_t)len, (uint8_t)type}, header);
    cw_session_put(session, header, sizeof header);
    cw_session_put(session, bytes, len);
}

static void enter_end(struct cw_job *job, cw_status status, cw_result result)
{
    struct cw_session *session = CW_LISTED(job, struct cw_session, enter);
    struct cw_guest *guest = job->guest;
    session->is_entering = false;
    if (status != CW_OK) {
        cw_session_refuse(session, CW_E_ABSENT,
                "module %s ended meanwhile; what became of the call is unknown", guest->name);
        return;
    }
    if (session->entry == CW_ENTRY_MANAGE && result == CW_RESULT_DONE) {
        cw_guest_changed(guest);
    }
    if (session->answer_is_short) {
        cw_session_refuse(session, CW_E_SPACE, "module %s answered more than a link carries",
                guest->name);
        return;
    }
    session->answer[CW_LINK_HEADER_LEN + 8] = (uint8_t)result; /* the first of the fields */
    cw_session_answer(session, CW_OK);
}

static const struct cw_job_kind enter_kind = {
        .begin = enter_begin, .item = enter_item, .end = enter_end};

static void begin_enter(struct cw_session *session, struct cw_reader *r)
{
    struct cw_module_name module;
    cw_node_get_module(r, &module);
    const uint8_t entry = cw_reader_u8(r);
    cw_reader_zero(r, 3);
    session->entry_bytes = cw_reader_rest(r, &session->entry_len);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    if (!is_for_owners(entry)) {
        cw_session_refuse(session, CW_E_DENIED, "entry %u is the node's own business", entry);
        return;
    }
    struct cw_guest *guest = ready_guest(session, &module);
    if (guest == NULL) {
        return;
    }
    const uint8_t result_fields[4] = {0};
    cw_session_put(session, result_fields, sizeof result_fields);
    session->entry = (cw_entry)entry;
    session->is_entering = true;
    cw_job_init(&session->enter, &enter_kind, guest);
    cw_job_queue(&session->enter);
}

/* --- quote --------------------------------------------------------------------------------------- */

/* The platform knows nothing of owners who leave. */
struct cw_quoting {
    struct cw_session *session; /* NULL: it went away */
};

static void quoted(void *ctx, cw_status status, cw_result result, const uint8_t *items,
        size_t items_len)
{
    struct cw_quoting *quoting = ctx;
    struct cw_session *session = quoting->session;
    free(quoting);
    if (session == NULL) {
        return;
    }
    session->quoting = NULL;
    if (status != CW_OK || result != CW_RESULT_DONE) {
        const size_t len = items_len < WHY_CAP ? items_len : WHY_CAP;
        cw_session_refuse(session, status == CW_OK ? CW_E_DENIED : status, "%.*s",
                len > 0 ? (int)len : 26, len > 0 ? (const char *)items : "the platform gives none");
        return;
    }
    struct cw_quote quote;
    struct cw_reader r = cw_reader_over(items, items_len);
    cw_quote_get(&r, &quote);
    if (cw_reader_finish(&r) != CW_OK) {
        cw_session_refuse(session, CW_E_SYSTEM, "what the platform gives is no quote");
        return;
    }
    cw_session_put(session, items, items_len);
    if (session->answer_is_short) {
        cw_session_refuse(session, CW_E_SPACE, "no memory");
        return;
    }
    cw_session_answer(session, CW_OK);
}

static void begin_quote(struct cw_session *session, struct cw_reader *r)
{
    const struct cw_node_backend *backend = session->node->config->backend;
    size_t len;
    const uint8_t *evidence = cw_reader_rest(r, &len);
    if (cw_reader_finish(r) != CW_OK || len == 0 || len > CW_QUOTE_EVIDENCE_MAX) {
        refuse_form(session);
        return;
    }
    if (backend->quote == NULL) {
        cw_session_refuse(session, CW_E_ABSENT,
                "%s has no quotes: its evidence is checked as it is", backend->name);
        return;
    }
    struct cw_quoting *quoting = calloc(1, sizeof *quoting);
    if (quoting == NULL) {
        cw_session_refuse(session, CW_E_SPACE, "no memory");
        return;
    }
    quoting->session = session;
    session->quoting = quoting;
    backend->quote(session->node->platform, evidence, len, quoted, quoting);
}

/* --- routes, peers, clocks, streams -------------------------------------------------------------- */

static void begin_route(struct cw_session *session, struct cw_reader *r)
{
    struct cw_route route;
    cw_route_get(r, &route);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    char why[WHY_CAP] = "";
    const cw_status status = cw_relay_add(session->node, session->owner, &route, why, sizeof why);
    if (status == CW_OK) {
        cw_session_answer(session, CW_OK);
    } else {
        cw_session_refuse(session, status, "%s", why);
    }
}

static void begin_unroute(struct cw_session *session, struct cw_reader *r)
{
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    cw_reader_bytes(r, deployment, sizeof deployment);
    const uint32_t channel = cw_reader_u32(r);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    if (cw_relay_remove(session->node, session->owner, deployment, channel) == CW_OK) {
        cw_session_answer(session, CW_OK);
    } else {
        cw_session_refuse(session, CW_E_ABSENT, "there is no channel %" PRIu32 " of yours here",
                channel);
    }
}

static void begin_peer(struct cw_session *session, struct cw_reader *r)
{
    struct cw_peer peer;
    cw_peer_get(r, &peer);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    const cw_status status = cw_link_add(session->node, session->owner, &peer);
    if (status == CW_OK) {
        cw_session_answer(session, CW_OK);
    } else if (status == CW_E_FORM) {
        cw_session_refuse(session, status, "'%s' cannot be dialed: give HOST:PORT or [IPV6]:PORT",
                peer.address);
    } else if (status == CW_E_DENIED) {
        cw_session_refuse(session, status, "another owner uses this deployment id");
    } else {
        cw_session_refuse(session, status, "no room for one more peer");
    }
}

static void begin_periodic(struct cw_session *session, struct cw_reader *r)
{
    struct cw_module_name module;
    cw_node_get_module(r, &module);
    const uint16_t endpoint = cw_reader_u16(r);
    cw_reader_zero(r, 2);
    const uint32_t every_ms = cw_reader_u32(r);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    struct cw_guest *guest = ready_guest(session, &module);
    if (guest == NULL) {
        return;
    }
    if (cw_periodic_set(guest, endpoint, every_ms) == CW_OK) {
        cw_session_answer(session, CW_OK);
    } else {
        cw_session_refuse(session, CW_E_SPACE, "module %s has %u periodic entries already",
                guest->name, CW_PERIODIC_MAX);
    }
}

static void begin_serve(struct cw_session *session, struct cw_reader *r)
{
    struct cw_module_name module;
    char address[CW_NET_HOST_CAP] = "";
    cw_node_get_module(r, &module);
    cw_node_get_string(r, address, sizeof address);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    struct cw_guest *guest = ready_guest(session, &module);
    if (guest == NULL) {
        return;
    }
    char why[WHY_CAP] = "";
    const cw_status status = cw_outlet_set(guest, address, why, sizeof why);
    if (status == CW_OK) {
        cw_session_answer(session, CW_OK);
    } else {
        cw_session_refuse(session, status, "%s", why);
    }
}

static void begin_status(struct cw_session *session, struct cw_reader *r)
{
    static const uint8_t all[CW_DEPLOYMENT_LEN] = {0};
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    cw_reader_bytes(r, deployment, sizeof deployment);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    const bool one = memcmp(deployment, all, sizeof all) != 0;
    answer_text(session,
            cw_status_of(session->node, session->owner, one ? deployment : NULL));
}

static void begin_events(struct cw_session *session, struct cw_reader *r)
{
    static const uint8_t all[CW_DEPLOYMENT_LEN] = {0};
    uint8_t bytes[CW_JOURNAL_WRITE_MAX];
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    cw_reader_bytes(r, deployment, sizeof deployment);
    const uint64_t since = cw_reader_u64(r);
    if (cw_reader_finish(r) != CW_OK) {
        refuse_form(session);
        return;
    }
    const bool one = memcmp(deployment, all, sizeof all) != 0;
    size_t len = 0;
    cw_journal_write(session->node, session->owner, one ? deployment : NULL, since, &w);
    if (cw_writer_finish(&w, &len) == CW_OK) {
        cw_session_put(session, bytes, len);
    }
    cw_session_answer(session, CW_OK);
}

void cw_request_begin(struct cw_session *session)
{
    struct cw_reader r = cw_reader_over(session->fields, session->fields_len);
    switch (session->type) {
    case CW_NODE_HELLO:
        answer_text(session, cw_status_hello(session->node));
        return;
    case CW_NODE_LOAD:
        begin_load(session, &r);
        return;
    case CW_NODE_UNLOAD:
        begin_unload(session, &r);
        return;
    case CW_NODE_ENTER:
        begin_enter(session, &r);
        return;
    case CW_NODE_ROUTE:
        begin_route(session, &r);
        return;
    case CW_NODE_UNROUTE:
        begin_unroute(session, &r);
        return;
    case CW_NODE_PERIODIC:
        begin_periodic(session, &r);
        return;
    case CW_NODE_SERVE:
        begin_serve(session, &r);
        return;
    case CW_NODE_STATUS:
        begin_status(session, &r);
        return;
    case CW_NODE_PEER:
        begin_peer(session, &r);
        return;
    case CW_NODE_EVENTS:
        begin_events(session, &r);
        return;
    case CW_NODE_QUOTE:
        begin_quote(session, &r);
        return;
    default:
        cw_session_refuse(session, CW_E_ABSENT, "this node knows no request 0x%02x", session->type);
        return;
    }
}

void cw_request_forget(struct cw_session *session)
{
    if (session->is_entering) {
        session->is_entering = false;
        cw_job_stop(&session->enter);
    }
    if (session->quoting != NULL) {
        session->quoting->session = NULL;
        session->quoting = NULL;
    }
    cw_guest_forget(session->node, session);
}
