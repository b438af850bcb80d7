/* SPDX-License-Identifier: MIT */
/*
 * The attacks.  Each says what was done and what the modules counted, and each ends with the LED
 * and the page as they must be, and with a press that works.
 */
#include "deploy/demo.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECOVERY_MS 6000u /* a node sends again what nobody acknowledged */

/* Pairs of the adversary: one in front of each node. */
#define PAIR_LED 1u

/* The newest frame of a channel that passed unharmed; back: 0 the newest, 1 the one before. */
static bool newest_frame(struct cw_demo *d, uint64_t channel, unsigned back, uint64_t *ret_id)
{
    json_t *answer = cw_demo_network(d, "list channel=%" PRIu64 " last=200", channel);
    json_t *messages = json_object_get(answer, "messages");
    bool is_found = false;
    for (size_t i = json_array_size(messages); !is_found && i-- > 0;) {
        const json_t *m = json_array_get(messages, i);
        const char *fate = json_string_value(json_object_get(m, "fate"));
        if (fate != NULL && strcmp(fate, "passed") == 0 && back-- == 0) {
            *ret_id = (uint64_t)json_integer_value(json_object_get(m, "id"));
            is_found = true;
        }
    }
    json_decref(answer);
    return is_found
            || cw_demo_fail(d, "the adversary saw no such event of channel %" PRIu64, channel);
}

/* Until the sink counts a refusal more than before. */
static bool await_refusal(struct cw_demo *d, cw_demo_connection c,
        const struct cw_demo_reading *before)
{
    const uint64_t until_ms = cw_demo_now_ms(d) + CW_DEMO_PATIENCE_MS;
    do {
        if (!cw_demo_look(d)) {
            return false;
        }
        if (d->now[c].refused_auth > before->refused_auth
                || d->now[c].refused_replay > before->refused_replay) {
            return true;
        }
    } while (cw_demo_again(d, until_ms));
    return cw_demo_fail(d, "no module counted a refusal on %s", cw_demo_connection_name(c));
}

static bool settled(struct cw_demo *d)
{
    return cw_demo_settle(d, CW_DEMO_PATIENCE_MS);
}

/* So each connection has accepted one more event. */
bool cw_demo_press_works(struct cw_demo *d)
{
    cw_demo_toggle(d);
    for (unsigned c = 0; c < CW_DEMO_CONNECTIONS; c++) {
        d->now[c].received++;
    }
    return cw_demo_press(d, CW_DEMO_SANCUS1) && cw_demo_settle(d, RECOVERY_MS);
}

/* What all injections have in common: done, refused for the reason, nothing else changed. */
static bool refused(struct cw_demo *d, cw_demo_connection c, bool is_replay, const char *what)
{
    const struct cw_demo_reading before = d->now[c];
    if (!await_refusal(d, c, &before)) {
        return false;
    }
    const struct cw_demo_reading after = d->now[c];
    const uint64_t was = is_replay ? before.refused_replay : before.refused_auth;
    const uint64_t is = is_replay ? after.refused_replay : after.refused_auth;
    if (is <= was || after.received != before.received) {
        return cw_demo_fail(d, "expected a refusal as %s; counts: forged %" PRIu64 " -> %" PRIu64
                               ", not the next %" PRIu64 " -> %" PRIu64 ", accepted %" PRIu64
                               " -> %" PRIu64,
                is_replay ? "not the next one" : "not authentic", before.refused_auth,
                after.refused_auth, before.refused_replay, after.refused_replay, before.received,
                after.received);
    }
    return settled(d) && cw_demo_press_works(d)
            && cw_demo_done(d, "%s: refused, %s (the module's own count: %" PRIu64 " -> %" PRIu64
                               "); LED and page unchanged; a press works",
                    what, is_replay ? "not the next one" : "tag is wrong", was, is);
}

/* --- injected ----------------------------------------------------------------------------------- */

static bool forge(struct cw_demo *d)
{
    json_t *answer = cw_demo_network(d, "forge %" PRIu64 " %" PRIu64 " pair=%u",
            d->now[CW_DEMO_LED].channel, d->now[CW_DEMO_LED].received, PAIR_LED);
    json_decref(answer);
    return answer != NULL;
}

static bool forged(struct cw_demo *d)
{
    return forge(d)
            && refused(d, CW_DEMO_LED, false, "the next toggle_led, made up, put on the link");
}

/* A node keeps what it has seen from its modules; the made-up frame makes it ask the module. */
static bool replayed(struct cw_demo *d)
{
    const struct cw_demo_reading before = d->now[CW_DEMO_LED];
    uint64_t id;
    if (!newest_frame(d, before.channel, 0, &id) || !forge(d)
            || !await_refusal(d, CW_DEMO_LED, &before)) {
        return false;
    }
    json_t *answer = cw_demo_network(d, "replay %" PRIu64, id);
    json_decref(answer);
    return answer != NULL
            && refused(d, CW_DEMO_LED, true, "the last toggle_led, sent again");
}

static bool redirected(struct cw_demo *d)
{
    uint64_t id;
    if (!newest_frame(d, d->now[CW_DEMO_BUTTON].channel, 0, &id)) {
        return false;
    }
    json_t *answer = cw_demo_network(d, "relabel %" PRIu64 " %" PRIu64 " %" PRIu64 " pair=%u", id,
            d->now[CW_DEMO_LED].channel, d->now[CW_DEMO_LED].received, PAIR_LED);
    json_decref(answer);
    return answer != NULL
            && refused(d, CW_DEMO_LED, false,
                    "a genuine button_pressed, relabelled as the next toggle_led");
}

static bool predecessor(struct cw_demo *d)
{
    const struct cw_demo_reading r = d->now[CW_DEMO_COUNT];
    uint64_t ids[2];
    if (!newest_frame(d, r.channel, 1, &ids[0]) || !newest_frame(d, r.channel, 0, &ids[1])) {
        return false;
    }
    json_t *answer = cw_demo_network(d, "predecessor %" PRIu64 " %" PRIu64 " %" PRIu64, ids[0],
            ids[1], r.received);
    const bool is_constant = json_is_true(json_object_get(answer, "constant_iv"));
    json_decref(answer);
    if (answer == NULL || is_constant) {
        return cw_demo_fail(d, "equal payloads have equal cipher texts: the nonce is constant");
    }
    return refused(d, CW_DEMO_COUNT, false,
            "two empty AES-GCM events observed, the third computed as if the IV were constant");
}

/* --- on the way --------------------------------------------------------------------------------- */

static bool rule(struct cw_demo *d, const char *what)
{
    json_t *answer = cw_demo_network(d, "%s channel=%" PRIu64, what, d->now[CW_DEMO_LED].channel);
    json_decref(answer);
    return answer != NULL;
}

/* Until the network did it: before the node finds out, and sends again. */
static bool await_fate(struct cw_demo *d, const char *fate)
{
    const uint64_t until_ms = cw_demo_now_ms(d) + CW_DEMO_PATIENCE_MS;
    bool is_done = false;
    do {
        json_t *answer = cw_demo_network(d, "list channel=%" PRIu64 " last=2",
                d->now[CW_DEMO_LED].channel);
        size_t i;
        json_t *m;
        json_array_foreach (json_object_get(answer, "messages"), i, m) {
            const char *is = json_string_value(json_object_get(m, "fate"));
            is_done = is_done || (is != NULL && strcmp(is, fate) == 0);
        }
        json_decref(answer);
        if (answer == NULL) {
            return false;
        }
    } while (!is_done && cw_demo_again(d, until_ms));
    return is_done || cw_demo_fail(d, "no toggle_led came by to %s", fate);
}

static bool flipped(struct cw_demo *d)
{
    const struct cw_demo_reading before = d->now[CW_DEMO_LED];
    if (!rule(d, "flip 1 100") || !cw_demo_press_works(d) || !cw_demo_look(d)) {
        return false;
    }
    const struct cw_demo_reading after = d->now[CW_DEMO_LED];
    if (after.refused_auth <= before.refused_auth || after.received != before.received + 1) {
        return cw_demo_fail(d, "the changed frame was not counted: forged %" PRIu64 " -> %" PRIu64,
                before.refused_auth, after.refused_auth);
    }
    return cw_demo_done(d, "a bit of a genuine toggle_led changed on the way: refused, tag is "
                           "wrong (%" PRIu64 " -> %" PRIu64 "); recovered, sent again by its node",
            before.refused_auth, after.refused_auth);
}

static bool dropped(struct cw_demo *d)
{
    bool is_on = false;
    const uint64_t pressed_ms = cw_demo_now_ms(d);
    if (!rule(d, "drop 1") || !cw_demo_press(d, CW_DEMO_SANCUS1) || !await_fate(d, "drop")
            || !cw_demo_led(d, 0, &is_on)) {
        return false;
    }
    if (is_on != d->led[0]) {
        return cw_demo_fail(d, "the LED changed although its event was dropped");
    }
    cw_demo_toggle(d);
    return cw_demo_settle(d, RECOVERY_MS) && cw_demo_look(d)
            && cw_demo_done(d, "a toggle_led did not arrive, the LED stayed; recovered %" PRIu64
                               " ms after the press, sent again by its node, nothing lost",
                    cw_demo_now_ms(d) - pressed_ms);
}

/* Two presses, whose events are exchanged: both are accepted in the end.  The first is held on the
 * way, however often its node sends it again, until the second was refused. */
static bool reordered(struct cw_demo *d)
{
    const struct cw_demo_reading before = d->now[CW_DEMO_LED];
    const struct cw_demo_reading *now = &d->now[CW_DEMO_LED];
    char hold[48];
    snprintf(hold, sizeof hold, "delay 1000 600000 counter=%" PRIu64, before.received);
    if (!rule(d, hold) || !cw_demo_press(d, CW_DEMO_SANCUS1) || !await_fate(d, "delay")
            || !cw_demo_press(d, CW_DEMO_SANCUS1) || !await_refusal(d, CW_DEMO_LED, &before)) {
        return false;
    }
    d->presses += 2;
    if (now->received != before.received || now->refused_replay <= before.refused_replay) {
        return cw_demo_fail(d, "two events that were exchanged: accepted %" PRIu64 " -> %" PRIu64
                               ", not the next %" PRIu64 " -> %" PRIu64,
                before.received, now->received, before.refused_replay, now->refused_replay);
    }
    json_decref(cw_demo_network(d, "clear"));
    json_decref(cw_demo_network(d, "release"));
    /* Twice toggled is where it was: so the module's count says when both have arrived. */
    const uint64_t both_ms = cw_demo_now_ms(d) + RECOVERY_MS;
    do {
        if (!cw_demo_look(d)) {
            return false;
        }
    } while (now->received < before.received + 2 && cw_demo_again(d, both_ms));
    if (now->received != before.received + 2) {
        return cw_demo_fail(d, "two events that were exchanged: accepted %" PRIu64 " -> %" PRIu64,
                before.received, now->received);
    }
    return settled(d)
            && cw_demo_done(d, "two toggle_led exchanged: the early one refused, not the next one "
                               "(%" PRIu64 " -> %" PRIu64 "); recovered in order, nothing lost",
                    before.refused_replay, now->refused_replay);
}

/* --- restarted ---------------------------------------------------------------------------------- */

/* Events of a channel that were seen, fed to the link again, as they are or under a new label. */
static bool feed_history(struct cw_demo *d, uint64_t old_channel, const struct cw_demo_reading *now,
        unsigned *ret_count)
{
    json_t *answer = cw_demo_network(d, "list channel=%" PRIu64 " last=200", old_channel);
    bool is_fed = answer != NULL;
    size_t i;
    json_t *m;
    json_array_foreach (json_object_get(answer, "messages"), i, m) {
        const uint64_t id = (uint64_t)json_integer_value(json_object_get(m, "id"));
        const char *fate = json_string_value(json_object_get(m, "fate"));
        if (!is_fed || fate == NULL || strcmp(fate, "passed") != 0) {
            continue;
        }
        json_t *sent = now == NULL
                ? cw_demo_network(d, "replay %" PRIu64, id)
                : cw_demo_network(d, "relabel %" PRIu64 " %" PRIu64 " %" PRIu64 " pair=%u", id,
                          now->channel, now->received, PAIR_LED);
        is_fed = sent != NULL;
        *ret_count += is_fed;
        json_decref(sent);
    }
    json_decref(answer);
    return is_fed;
}

/* What apply reports as lost on the LED's connection. */
static void losses(const json_t *apply, char *ret_text, size_t cap)
{
    const char *name = cw_demo_connection_name(CW_DEMO_LED);
    snprintf(ret_text, cap, "nothing is reported as lost");
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get(apply, "steps"), i, step) {
        const char *text = json_string_value(json_object_get(step, "text"));
        const char *lost = text == NULL ? NULL : strstr(text, "lost");
        if (lost != NULL && strncmp(text, name, strlen(name)) == 0) {
            snprintf(ret_text, cap, "reported: %s", lost);
        }
    }
}

static bool restarted(struct cw_demo *d)
{
    const uint64_t old_channel = d->now[CW_DEMO_LED].channel;
    char lost[160];
    unsigned fed = 0;
    if (!cw_demo_tell(d, CW_DEMO_SANCUS2, "power off")) {
        return false;
    }
    cw_demo_toggle(d); /* the LED's event is for a life that is over ... */
    d->led[0] = false; /* ... as a board without power does not shine, and its module begins anew */
    if (!cw_demo_press(d, CW_DEMO_SANCUS1) || !settled(d)
            || !cw_demo_tell(d, CW_DEMO_SANCUS2, "power on") || !feed_history(d, old_channel, NULL, &fed) || !settled(d)) {
        return false;
    }
    json_t *apply = cw_demo_verb(d, "apply", (const char *const[]){NULL});
    losses(apply, lost, sizeof lost);
    json_decref(apply);
    if (apply == NULL || !cw_demo_look(d)) {
        return false;
    }
    const struct cw_demo_reading before = d->now[CW_DEMO_LED];
    if (!feed_history(d, old_channel, NULL, &fed) || !feed_history(d, old_channel, &before, &fed)
            || !await_refusal(d, CW_DEMO_LED, &before)) {
        return false;
    }
    const struct cw_demo_reading after = d->now[CW_DEMO_LED];
    if (after.received != before.received) {
        return cw_demo_fail(d, "the new life accepted an event of an earlier one");
    }
    return settled(d) && cw_demo_press_works(d)
            && cw_demo_done(d, "board 2 off during a press, on, and fed its history, %u events: the "
                               "LED stays off; the new life refuses them, tag is wrong (%" PRIu64 " -> %"
                               PRIu64 "); `apply` attested it anew and rekeyed; %s; a press works",
                    fed, before.refused_auth, after.refused_auth, lost);
}

static const struct cw_demo_attack attacks[] = {
        {"attack: a frame forged", forged},
        {"attack: a frame replayed", replayed},
        {"attack: a frame redirected to another connection", redirected},
        {"attack: a frame bit-flipped", flipped},
        {"attack: a frame dropped", dropped},
        {"attack: frames reordered", reordered},
        {"attack: the predecessor's forgery (AES-GCM)", predecessor},
        {"attack: a board restarted and fed its history", restarted},
        {NULL, NULL},
};

/* After an attack that did not hold: take things as they are, so that the next one is judged. */
static void take_stock(struct cw_demo *d)
{
    uint64_t presses;
    const uint64_t until_ms = cw_demo_now_ms(d) + 2000;
    json_decref(cw_demo_network(d, "clear"));
    json_decref(cw_demo_network(d, "release"));
    while (cw_demo_again(d, until_ms)) {
    }
    bool is_told = true;
    for (unsigned i = 0; is_told && i < CW_DEMO_LEDS; i++) {
        is_told = cw_demo_led(d, i, &d->led[i]);
    }
    if (is_told && cw_demo_page(d, &presses) && cw_demo_look(d)) {
        d->presses = presses;
    }
}

static void play(struct cw_demo *d, const struct cw_demo_attack *rows)
{
    for (; rows->title != NULL && !cw_demo_is_stopped(); rows++) {
        cw_demo_begin(d, rows->title);
        if (!rows->run(d)) {
            cw_demo_broken(d);
            take_stock(d);
        }
    }
}

void cw_demo_attack(struct cw_demo *d)
{
    cw_demo_begin(d, "ask the modules what they refused so far");
    if (!cw_demo_look(d)) {
        cw_demo_broken(d);
        return;
    }
    (void)cw_demo_done(d, "forged %" PRIu64 ", not the next one %" PRIu64,
            d->now[CW_DEMO_LED].refused_auth, d->now[CW_DEMO_LED].refused_replay);
    play(d, attacks);
    play(d, cw_demo_world_attacks);
}
