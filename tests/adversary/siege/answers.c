/* SPDX-License-Identifier: MIT */
/* What comes back to the owner: evidence, OPENED and answers, bent, old, of others, made up. */
#include <string.h>

#include "tests/adversary/siege/siege.h"

/* --- OPENED and answers: the owner's own code refuses, and its session stays as it was ------------------ */

struct aim {
    struct cw_siege *siege;
    const struct cw_manager *session; /* waits for the genuine one */
    uint8_t type;                     /* of the command; OPEN: OPENED */
};

static bool is_taken(struct cw_manager *session, uint8_t type, const uint8_t *bytes, size_t len)
{
    uint8_t copy[2048];
    struct cw_answer answer;
    (void)memcpy(copy, bytes, len);
    return type == CW_MANAGE_OPEN
            ? cw_manager_opened(session, copy, len) == CW_OK
            : cw_manager_answer(session, type, copy, len, &answer) == CW_OK;
}

static void at_owner(void *ctx, const uint8_t *bytes, size_t len, const char *what)
{
    const struct aim *a = ctx;
    struct cw_manager session = *a->session;
    const bool taken = is_taken(&session, a->type, bytes, len);
    cw_siege_case(a->siege, !taken, memcmp(&session, a->session, sizeof session) != 0,
            "the owner, type %u: %s", a->type, what);
}

/* Ask bob, and keep the session as it was before the answer, with the answer. */
static void ask_bob(struct cw_siege *s, uint8_t type, const void *body, size_t len,
        struct cw_manager *ret_session, struct cw_bytes *ret_answer)
{
    struct cw_mate *m = s->world->bob;
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    size_t message_len;
    struct cw_heard heard;
    size_t item_len = 0;
    if (cw_manager_command(&m->session, type, body, len, message, &message_len) != CW_OK) {
        cw_siege_die("no command");
    }
    *ret_session = m->session;
    cw_ground_enter(s->world->ground, m->module, CW_ENTRY_MANAGE, message, message_len, &heard);
    const uint8_t *item = cw_heard_item(&heard, CW_FRAME_REPLY, &item_len);
    struct cw_manager check = m->session;
    if (item == NULL || item_len > sizeof ret_answer->bytes ||
            !is_taken(&check, type, item, item_len)) {
        cw_siege_die("the genuine answer of type %u is not taken", type);
    }
    ret_answer->len = item_len;
    (void)memcpy(ret_answer->bytes, item, item_len);
}

static void bend_answers(struct cw_siege *s)
{
    struct cw_manager session;
    struct cw_bytes answer;
    struct cw_bytes older;
    const uint8_t index[CW_QUERY_LEN] = {0};
    const uint32_t nothing = 77; /* a channel that is not there: answered with a status */
    uint8_t body[CW_SETCONN_LEN];
    const struct cw_setconn wrong = {.identity.zero = 1};
    cw_setconn_bytes(&wrong, body);
    struct aim a = {.siege = s, .session = &session};

    cw_siege_group(s, "answers to the owner: bits, lengths");
    ask_bob(s, CW_MANAGE_QUERY, index, sizeof index, &session, &older);
    a.type = CW_MANAGE_QUERY;
    cw_siege_bend(s, &older, at_owner, &a);
    ask_bob(s, CW_MANAGE_DISABLE, &nothing, sizeof nothing, &session, &answer);
    a.type = CW_MANAGE_DISABLE;
    cw_siege_bend(s, &answer, at_owner, &a);
    ask_bob(s, CW_MANAGE_SETCONN, body, sizeof body, &session, &answer);
    a.type = CW_MANAGE_SETCONN;
    cw_siege_bend(s, &answer, at_owner, &a);

    cw_siege_group(s, "answers to the owner: old, of another question, module, session or life");
    at_owner(&a, older.bytes, older.len, "the answer to an older query");
    a.type = CW_MANAGE_QUERY;
    at_owner(&a, answer.bytes, answer.len, "the answer to another command");
    ask_bob(s, CW_MANAGE_QUERY, index, sizeof index, &session, &answer);
    at_owner(&a, older.bytes, older.len, "an older query's answer");
    /* Another module's answer to the same question, under the same numbers. */
    struct cw_mate *alice = s->world->alice;
    struct cw_bytes message;
    cw_world_seal(alice, CW_MANAGE_QUERY, alice->session.seq + 1, index, sizeof index, &message);
    alice->session.seq++;
    struct cw_heard heard;
    cw_ground_enter(s->world->ground, alice->module, CW_ENTRY_MANAGE, message.bytes, message.len,
            &heard);
    size_t len = 0;
    const uint8_t *item = cw_heard_item(&heard, CW_FRAME_REPLY, &len);
    if (item == NULL) {
        cw_siege_die("alice does not answer");
    }
    at_owner(&a, item, len, "another module's answer");
    struct cw_bytes copy = {.len = len};
    (void)memcpy(copy.bytes, item, len);
    (void)memcpy(copy.bytes, answer.bytes, CW_MANAGE_HEADER_LEN);
    at_owner(&a, copy.bytes, copy.len, "another module's answer under this one's header");
    copy = older;
    (void)memcpy(copy.bytes, answer.bytes, CW_MANAGE_HEADER_LEN);
    at_owner(&a, copy.bytes, copy.len, "an older answer under the new header");
    cw_siege_case(s, true, !is_taken(&session, CW_MANAGE_QUERY, answer.bytes, answer.len),
            "the genuine answer after all that");

    /* The command itself, sent back; and what a node makes up. */
    cw_world_seal(s->world->bob, CW_MANAGE_QUERY, s->world->bob->session.seq, index, sizeof index,
            &message);
    at_owner(&a, message.bytes, message.len, "the command, reflected");
    message.bytes[1] |= CW_MANAGE_ANSWER;
    at_owner(&a, message.bytes, message.len, "the command, reflected as an answer");
    for (unsigned i = 0; i < 200; i++) {
        copy = answer;
        cw_world_random(copy.bytes + CW_MANAGE_HEADER_LEN, copy.len - CW_MANAGE_HEADER_LEN);
        at_owner(&a, copy.bytes, copy.len, "an answer made up");
    }
    /* A session later, and a life later, under numbers that fit. */
    struct cw_bytes open;
    struct cw_bytes opened;
    cw_world_claim(s->world, s->world->bob, &open, &opened);
    session = s->world->bob->session;
    session.seq = 1;
    (void)memcpy(older.bytes + 4, &session.number, 4);
    (void)memcpy(older.bytes + 8, &session.seq, 4);
    at_owner(&a, older.bytes, older.len, "an answer of the session before");
}

static void bend_opened(struct cw_siege *s)
{
    struct cw_bytes open;
    struct cw_bytes opened;
    struct cw_bytes old;
    cw_siege_group(s, "OPENED: bits, lengths, replay");
    cw_world_claim(s->world, s->world->bob, &open, &old);
    cw_world_claim(s->world, s->world->bob, &open, &opened);
    struct cw_manager session = s->world->bob->session;
    session.is_open = false;
    struct aim a = {s, &session, CW_MANAGE_OPEN};
    cw_siege_bend(s, &opened, at_owner, &a);
    at_owner(&a, old.bytes, old.len, "the OPENED of the session before");
    (void)memcpy(old.bytes, opened.bytes, CW_MANAGE_HEADER_LEN);
    at_owner(&a, old.bytes, old.len, "the same under the new header");
    at_owner(&a, open.bytes, CW_OPENED_LEN, "the OPEN, reflected");
}

/* --- evidence ------------------------------------------------------------------------------------------- */

struct witness {
    struct cw_siege *siege;
    struct cw_mate *mate;
    struct cw_snapshot before;
    uint8_t nonce[CW_NONCE_LEN];
};

/*
 * Bent evidence is refused at once: its form, or by the chip's proof.  Where no chip proves
 * anything (native), nothing comes of it: whatever OPEN is made of it, the module refuses.
 */
static void at_verifier(void *ctx, const uint8_t *bytes, size_t len, const char *what)
{
    struct witness *a = ctx;
    struct cw_ground *g = a->siege->world->ground;
    struct cw_mate shadow = *a->mate;
    uint8_t message[CW_ATTEST_LEN];
    uint8_t report[32];
    const uint8_t *proof;
    size_t proof_len;
    struct cw_owner_verdict verdict;
    cw_manager_begin(&shadow.session, g->owner->session_dh, a->nonce, message);
    const bool believed =
            cw_manager_evidence(&shadow.session, bytes, len, report, &proof, &proof_len) == CW_OK &&
            g->owner->verify(&a->mate->owner->node, a->mate->built, a->nonce, shadow.session.life,
                    report, proof, proof_len, &verdict) == CW_OK;
    struct cw_bytes open;
    if (!believed || !g->owner->session_dh) {
        cw_siege_case(a->siege, !believed, false, "evidence: %s", what);
        return;
    }
    if (!cw_world_open_message(&shadow, a->mate->sessions + 1, a->mate->built->root_key,
                a->mate->owner->secret, &open)) {
        cw_siege_case(a->siege, true, false, "evidence: %s", what);
        return;
    }
    cw_siege_try(a->siege, a->mate, &a->before, CW_ENTRY_MANAGE, open.bytes, open.len,
            (struct cw_forecast){CW_FATE_UNCOUNTED, 0}, what);
}

static void bend_evidence(struct cw_siege *s)
{
    struct cw_mate *m = s->world->bob;
    struct cw_mate shadow = *m;
    struct cw_bytes evidence;
    struct cw_bytes old;
    cw_siege_group(s, "evidence: bits, lengths, replay, diversion");
    struct witness a = {.siege = s, .mate = m};
    cw_world_attest(s->world, &shadow, &old);
    cw_world_attest(s->world, &shadow, &evidence);
    (void)memcpy(a.nonce, shadow.session.nonce, sizeof a.nonce);
    cw_siege_look(s->world, m, &a.before);
    cw_siege_bend(s, &evidence, at_verifier, &a);
    struct cw_mate other = *s->world->alice;
    struct cw_bytes of_other;
    cw_world_attest(s->world, &other, &of_other);
    at_verifier(&a, of_other.bytes, of_other.len, "another module's evidence");
    if (!s->world->ground->owner->session_dh) {
        at_verifier(&a, old.bytes, old.len, "evidence for an older nonce");
    }
}

void cw_siege_answers(struct cw_siege *s)
{
    bend_evidence(s);
    bend_opened(s);
    bend_answers(s);
    cw_world_pass(s->world);
}
