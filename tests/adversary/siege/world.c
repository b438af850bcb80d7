/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crypto/dh.h"
#include "core/crypto/spongent.h"
#include "core/crypto/suite.h"
#include "core/wire/writer.h"
#include "tests/adversary/siege/siege.h"

#define VENDOR 0x1234u
#define WINDOW 8u

void cw_world_random(void *ret_bytes, size_t len)
{
    if (getrandom(ret_bytes, len, 0) != (ssize_t)len) {
        cw_siege_die("no random bytes");
    }
}

/* --- owners and images -------------------------------------------------------------------------- */

static void build(struct cw_world *w, struct cw_owner *o, const char *sdk, const char *out)
{
    static const uint8_t node_key[CW_KEY_LEN] = {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe,
            0xc0, 0xde, 0xfe, 0xed, 0xde, 0xfe, 0xc8, 0xed}; /* the board's, when none is given */
    static const uint8_t vendor[2] = {VENDOR & 0xff, VENDOR >> 8};
    char root[PATH_MAX];
    char paths[3][PATH_MAX + 64];
    char why[CW_OWNER_WHY_LEN] = "";
    if (getcwd(root, sizeof root) == NULL) {
        cw_siege_die("no current folder");
    }
    (void)snprintf(paths[0], sizeof paths[0], "%s%s%s", sdk[0] == '/' ? "" : root,
            sdk[0] == '/' ? "" : "/", sdk);
    (void)snprintf(paths[1], sizeof paths[1], "%s/tests/adversary/modules/target.c", root);
    (void)snprintf(paths[2], sizeof paths[2], "%s/%s", w->ground->folder, out);
    (void)mkdir(paths[2], 0700);
    cw_world_random(o->secret, sizeof o->secret);
    cw_world_random(o->deployment, sizeof o->deployment);
    cw_x25519_public(o->secret, o->key);
    cw_spongent_mac(node_key, vendor, sizeof vendor, o->vendor_key);
    o->node = (struct cw_owner_node){.name = "node", .tee = w->ground->owner->name,
            .vendor = VENDOR, .vendor_key = o->vendor_key, .memory_text = "0x5c00-0xdfff",
            .chip = "hardened"};
    const char *const sources[] = {paths[1]};
    const struct cw_owner_module modules[2] = {
            {.name = "target_1", .sources = sources, .source_count = 1},
            {.name = "target_2", .sources = sources, .source_count = 1}};
    const struct cw_owner_build how = {.sdk_dir = paths[0], .include_dir = root,
            .out_dir = paths[2], .owner_key = o->key};
    if (w->ground->owner->build(&how, &o->node, modules, 2, o->built, why) != CW_OK) {
        cw_siege_die("the target is not built: %s", why);
    }
}

uint16_t cw_world_index(const struct cw_mate *m, const char *endpoint)
{
    const struct cw_owner_built *built = m->built;
    for (size_t i = 0; i < built->endpoint_count; i++) {
        if (strcmp(built->endpoints[i].name, endpoint) == 0) {
            return (uint16_t)i;
        }
    }
    cw_siege_die("the target has no %s", endpoint);
}

/* --- sessions ------------------------------------------------------------------------------------ */

/* Enter, and expect the only item of that type. */
static void ask(struct cw_world *w, struct cw_mate *m, unsigned entry, const uint8_t *bytes,
        size_t len, cw_frame type, struct cw_bytes *ret)
{
    struct cw_heard heard;
    size_t item_len = 0;
    cw_ground_enter(w->ground, m->module, entry, bytes, len, &heard);
    const uint8_t *item = cw_heard_item(&heard, type, &item_len);
    const cw_result wanted = type == CW_FRAME_REQUEST ? CW_RESULT_PENDING : CW_RESULT_DONE;
    if (!heard.is_there || heard.result != wanted || item == NULL || item_len > sizeof ret->bytes) {
        cw_siege_die("%s does not answer entry %u as it must (result %u, %zu bytes)", m->name,
                entry, heard.result, heard.items_len);
    }
    ret->len = item_len;
    (void)memcpy(ret->bytes, item, item_len);
}

void cw_world_start(struct cw_world *w, struct cw_mate *m)
{
    if (m->module != NULL) {
        cw_ground_unload(w->ground, m->module);
    }
    m->module = cw_ground_load(w->ground, m->built);
    m->session = (struct cw_manager){0};
}

void cw_world_attest(struct cw_world *w, struct cw_mate *m, struct cw_bytes *ret_evidence)
{
    uint8_t nonce[CW_NONCE_LEN];
    uint8_t message[CW_ATTEST_LEN];
    uint8_t report[32];
    const uint8_t *proof;
    size_t proof_len;
    struct cw_owner_verdict verdict;
    cw_world_random(nonce, sizeof nonce);
    cw_manager_begin(&m->session, w->ground->owner->session_dh, nonce, message);
    ask(w, m, CW_ENTRY_ATTEST, message, sizeof message, CW_FRAME_REPLY, ret_evidence);
    if (cw_manager_evidence(&m->session, ret_evidence->bytes, ret_evidence->len, report, &proof,
                &proof_len) != CW_OK ||
            w->ground->owner->verify(&m->owner->node, m->built, nonce, m->session.life,
                    report, proof, proof_len, &verdict) != CW_OK) {
        cw_siege_die("genuine evidence of %s does not verify", m->name);
    }
}

bool cw_world_open_message(struct cw_mate *m, uint32_t number, const uint8_t *root_key,
        const uint8_t *secret, struct cw_bytes *ret_open)
{
    uint8_t share[CW_DH_LEN];
    _Static_assert(sizeof ret_open->bytes >= CW_MANAGER_MESSAGE_MAX, "an OPEN fits");
    cw_world_random(share, sizeof share);
    return cw_manager_open(&m->session, number, m->owner->deployment, m->number, root_key, secret,
                   share, ret_open->bytes, &ret_open->len) == CW_OK;
}

void cw_world_claim(struct cw_world *w, struct cw_mate *m, struct cw_bytes *ret_open,
        struct cw_bytes *ret_opened)
{
    struct cw_bytes evidence;
    cw_world_attest(w, m, &evidence);
    m->sessions++;
    if (!cw_world_open_message(m, m->sessions, m->built->root_key, m->owner->secret,
                ret_open)) {
        cw_siege_die("no OPEN for %s", m->name);
    }
    ask(w, m, CW_ENTRY_MANAGE, ret_open->bytes, ret_open->len, CW_FRAME_REPLY, ret_opened);
    if (cw_manager_opened(&m->session, ret_opened->bytes, ret_opened->len) != CW_OK) {
        cw_siege_die("genuine OPENED of %s does not verify", m->name);
    }
}

void cw_world_seal(const struct cw_mate *m, uint8_t type, uint32_t seq, const void *body,
        size_t len, struct cw_bytes *ret_message)
{
    struct cw_manager copy = m->session;
    copy.seq = seq - 1;
    if (cw_manager_command(&copy, type, body, len, ret_message->bytes, &ret_message->len) !=
            CW_OK) {
        cw_siege_die("no command for %s", m->name);
    }
}

void cw_world_command(struct cw_world *w, struct cw_mate *m, uint8_t type, const void *body,
        size_t len, struct cw_answer *ret_answer)
{
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    size_t message_len;
    struct cw_bytes answer;
    if (cw_manager_command(&m->session, type, body, len, message, &message_len) != CW_OK) {
        cw_siege_die("no command for %s", m->name);
    }
    ask(w, m, CW_ENTRY_MANAGE, message, message_len, CW_FRAME_REPLY, &answer);
    if (cw_manager_answer(&m->session, type, answer.bytes, answer.len, ret_answer) != CW_OK) {
        cw_siege_die("a genuine answer of %s does not verify", m->name);
    }
}

/* --- connections --------------------------------------------------------------------------------- */

struct cw_setconn cw_world_renew(struct cw_world *w, const struct cw_tie *t, bool cut)
{
    struct cw_setconn s = t->setconn;
    s.identity.epoch++;
    s.channel = ++w->next_channel;
    s.start = cut ? CW_SETCONN_CUT : CW_SETCONN_CONTINUE;
    s.first = 0;
    cw_world_random(s.key, sizeof s.key);
    return s;
}

static void set_end(struct cw_world *w, struct cw_tie *t, struct cw_mate *m, const char *endpoint)
{
    uint8_t body[CW_SETCONN_LEN];
    uint8_t check[CW_CHECK_LEN];
    struct cw_answer answer;
    t->setconn.local = cw_world_index(m, endpoint);
    cw_setconn_bytes(&t->setconn, body);
    cw_world_command(w, m, CW_MANAGE_SETCONN, body, sizeof body, &answer);
    cw_channel_derive(&t->setconn, m->owner->deployment, "cw1.chk", check);
    if (answer.status != CW_OK || memcmp(answer.check, check, sizeof check) != 0) {
        cw_siege_die("%s: %s does not take its end (status %u)", t->name, m->name, answer.status);
    }
}

void cw_world_tie(struct cw_world *w, struct cw_tie *t, bool cut)
{
    t->setconn = cw_world_renew(w, t, cut);
    if (t->twin != NULL) {
        t->setconn.identity = t->twin->setconn.identity;
        t->setconn.channel = t->twin->setconn.channel;
        (void)memcpy(t->setconn.key, t->twin->setconn.key, sizeof t->setconn.key);
    }
    set_end(w, t, t->dst, t->dst_endpoint);
    set_end(w, t, t->src, t->src_endpoint);
}

static void describe(struct cw_world *w, const char *name, struct cw_mate *src, struct cw_mate *dst,
        uint8_t output, const char *const endpoints[2], uint8_t cipher, uint8_t mode)
{
    struct cw_tie *t = &w->ties[w->tie_count++];
    *t = (struct cw_tie){.name = name, .src = src, .dst = dst, .src_endpoint = endpoints[0],
            .dst_endpoint = endpoints[1], .output = output,
            .setconn = {.identity = {.conn = (uint32_t)w->tie_count, .src_module = src->number,
                                .src_endpoint = 1, .dst_module = dst->number, .dst_endpoint = 2,
                                .cipher = cipher, .mode = mode},
                    .event_max = CW_WORLD_SMALL, .window = WINDOW, .limit = UINT64_C(1) << 48}};
}

void cw_world_emit(struct cw_world *w, const struct cw_tie *t, const void *payload, size_t len,
        struct cw_bytes *ret_frame)
{
    uint8_t bytes[64];
    const bool asks = t->output == CW_TIE_ASK;
    struct cw_writer call = cw_writer_over(bytes, sizeof bytes);
    cw_writer_u16(&call, cw_world_index(t->src, asks ? "ask_it" : "emit"));
    cw_writer_u16(&call, 0);
    if (!asks) {
        cw_writer_u8(&call, t->output);
    }
    cw_writer_bytes(&call, payload, len);
    ask(w, t->src, CW_ENTRY_CALL, bytes, call.used_len, asks ? CW_FRAME_REQUEST : CW_FRAME_EVENT,
            ret_frame);
}

void cw_world_deliver(struct cw_world *w, const struct cw_tie *t, const struct cw_bytes *frame,
        struct cw_bytes *ret_back)
{
    if (t->output == CW_TIE_ASK) {
        ask(w, t->dst, CW_ENTRY_REQUEST, frame->bytes, frame->len, CW_FRAME_RESPONSE, ret_back);
        return;
    }
    struct cw_heard heard;
    cw_ground_enter(w->ground, t->dst->module, CW_ENTRY_EVENT, frame->bytes, frame->len, &heard);
    if (!heard.is_there || heard.result != CW_RESULT_DONE || heard.items_len != 0) {
        cw_siege_die("%s: a genuine event is not taken (result %u)", t->name, heard.result);
    }
}

void cw_world_ack(struct cw_world *w, const struct cw_tie *t, struct cw_bytes *ret_ack)
{
    ask(w, t->dst, CW_ENTRY_ACK_MAKE, (const uint8_t *)&t->setconn.channel, 4, CW_FRAME_ACK,
            ret_ack);
}

void cw_world_acked(struct cw_world *w, const struct cw_tie *t, const struct cw_bytes *ack)
{
    struct cw_bytes reply;
    ask(w, t->src, CW_ENTRY_ACK_TAKE, ack->bytes, ack->len, CW_FRAME_REPLY, &reply);
}

void cw_world_respond(struct cw_world *w, const struct cw_tie *t, const struct cw_bytes *back)
{
    struct cw_bytes reply;
    ask(w, t->src, CW_ENTRY_RESPONSE, back->bytes, back->len, CW_FRAME_REPLY, &reply);
}

void cw_world_pass(struct cw_world *w)
{
    for (size_t i = 0; i < w->tie_count; i++) {
        const struct cw_tie *t = &w->ties[i];
        struct cw_bytes frame;
        struct cw_bytes back;
        cw_world_emit(w, t, "genuine", 7, &frame);
        cw_world_deliver(w, t, &frame, &back);
        if (t->output == CW_TIE_ASK) {
            cw_world_respond(w, t, &back);
        } else if (t->setconn.identity.mode == CW_MODE_STRICT) {
            cw_world_ack(w, t, &back);
            cw_world_acked(w, t, &back);
        }
    }
}

/* --- all of it ------------------------------------------------------------------------------------ */

void cw_world_again(struct cw_world *w)
{
    struct cw_bytes open;
    struct cw_bytes opened;
    for (size_t i = 0; i < w->mate_count; i++) {
        cw_world_start(w, &w->mates[i]);
        cw_world_claim(w, &w->mates[i], &open, &opened);
    }
    for (size_t i = 0; i < w->tie_count; i++) {
        cw_world_tie(w, &w->ties[i], true);
    }
    cw_world_pass(w);
}

static struct cw_mate *introduce(struct cw_world *w, const char *name, struct cw_owner *owner,
        uint32_t number)
{
    struct cw_mate *m = &w->mates[w->mate_count++];
    *m = (struct cw_mate){.name = name, .owner = owner, .built = &owner->built[number - 1],
            .number = number};
    return m;
}

void cw_world_open(struct cw_world *w, struct cw_ground *ground, const char *sdk)
{
    *w = (struct cw_world){.ground = ground, .next_channel = 100};
    const bool chip = !ground->owner->session_dh;
    const uint8_t aes = chip ? CW_CIPHER_SPONGENT : CW_CIPHER_AES;
    build(w, &w->owner, sdk, "owner");
    w->alice = introduce(w, "alice", &w->owner, 1);
    w->bob = introduce(w, "bob", &w->owner, 2);
    describe(w, "strict", w->alice, w->bob, 0, (const char *[]){"out_0", "in_0"}, aes,
            CW_MODE_STRICT);
    describe(w, "latest", w->alice, w->bob, 2, (const char *[]){"out_2", "in_2"}, aes,
            CW_MODE_LATEST);
    describe(w, "request", w->alice, w->bob, CW_TIE_ASK, (const char *[]){"ask", "answer"}, aes,
            CW_MODE_REQUEST);
    describe(w, "reverse", w->bob, w->alice, 0, (const char *[]){"out_0", "in_0"}, aes,
            CW_MODE_STRICT);
    if (!chip) {
        describe(w, "spongent", w->alice, w->bob, 1, (const char *[]){"out_1", "in_1"},
                CW_CIPHER_SPONGENT, CW_MODE_STRICT);
        build(w, &w->stranger, sdk, "stranger");
        struct cw_mate *mallory = introduce(w, "mallory", &w->stranger, 1);
        struct cw_mate *trudy = introduce(w, "trudy", &w->stranger, 2);
        describe(w, "foreign", mallory, trudy, 0, (const char *[]){"out_0", "in_0"}, aes,
                CW_MODE_STRICT);
        w->ties[w->tie_count - 1].twin = &w->ties[0];
    }
    cw_world_again(w);
}

void cw_world_close(struct cw_world *w)
{
    for (size_t i = 0; i < w->mate_count; i++) {
        cw_ground_unload(w->ground, w->mates[i].module);
        cw_manager_end(&w->mates[i].session);
    }
    for (size_t i = 0; i < 2; i++) {
        cw_owner_built_free(&w->owner.built[i]);
        cw_owner_built_free(&w->stranger.built[i]);
    }
}
