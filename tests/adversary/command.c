/* SPDX-License-Identifier: MIT */
#include "tests/adversary/command.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/limits.h"
#include "core/wire/frame.h"
#include "core/wire/writer.h"
#include "tests/adversary/forge.h"

#define WORDS_MAX 16u
#define LIST_DEFAULT 200u

const char cw_command_help[] =
        "status | list [FILTER] [last=N] | show ID | record on|off | clear | release | help | quit\n"
        "drop N, swap N, duplicate N, delay N MS, flip N BIT, truncate N BYTES, extend N BYTES\n"
        "    [FILTER]: what happens to the next N messages\n"
        "replay ID, bend flip|truncate|extend ID AMOUNT, redirect ID CHANNEL,\n"
        "relabel ID CHANNEL COUNTER, predecessor ID1 ID2 COUNTER, forge CHANNEL COUNTER [LEN],\n"
        "inject HEX [from=SIDE]  [link=N|pair=N]: put a message on a link\n"
        "cut LINK|all\n"
        "peek ADDRESS BYTES, poke ADDRESS BYTES VALUE, smc X0 X1 X2 X3, dma ADDRESS BYTES, mask 0|1, again:\n"
        "    what the normal world of a TrustZone board tries (--world)\n"
        "FILTER: pair=N link=N from=dialer|listener type=event|request|response|ack|hello|any\n"
        "    channel=N counter=N";

/* A line, taken apart: words, and what stands as name=value. */
struct line {
    const char *words[WORDS_MAX];
    size_t count;
    struct cw_filter filter;
    int64_t last;
};

static json_t *fine(void)
{
    return json_pack("{s:b}", "ok", 1);
}

static json_t *wrong(const char *why)
{
    return json_pack("{s:b, s:s}", "ok", 0, "why", why);
}

static bool number(const char *text, uint64_t max, uint64_t *ret_value)
{
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 0);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

static bool set_type(struct line *l, const char *value)
{
    if (strcmp(value, "any") == 0) {
        l->filter.type = CW_RULES_ANY;
        return true;
    }
    l->filter.type = cw_message_type(value);
    return l->filter.type >= 0;
}

static bool set_field(struct line *l, const char *name, const char *value)
{
    if (strcmp(name, "type") == 0) {
        return set_type(l, value);
    }
    if (strcmp(name, "from") == 0) {
        l->filter.from = strcmp(value, "listener") == 0 ? CW_SIDE_LISTENER : CW_SIDE_DIALER;
        return l->filter.from == CW_SIDE_LISTENER || strcmp(value, "dialer") == 0;
    }
    const struct {
        const char *name;
        int64_t *field;
    } fields[] = {
            {"pair", &l->filter.pair},
            {"link", &l->filter.link},
            {"channel", &l->filter.channel},
            {"counter", &l->filter.counter},
            {"last", &l->last},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        uint64_t got;
        if (strcmp(fields[i].name, name) == 0 && number(value, INT64_MAX, &got)) {
            *fields[i].field = (int64_t)got;
            return true;
        }
    }
    return false;
}

#define TYPE_UNSAID (-2)

static bool take_apart(char *text, struct line *ret_line)
{
    *ret_line = (struct line){.filter = cw_filter_all(), .last = LIST_DEFAULT};
    ret_line->filter.type = TYPE_UNSAID;
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t\r\n", &rest); word != NULL;
            word = strtok_r(NULL, " \t\r\n", &rest)) {
        char *equals = strchr(word, '=');
        if (equals != NULL) {
            *equals = '\0';
            if (!set_field(ret_line, word, equals + 1)) {
                return false;
            }
        } else if (ret_line->count < WORDS_MAX) {
            ret_line->words[ret_line->count++] = word;
        } else {
            return false;
        }
    }
    return true;
}

/* --- showing ------------------------------------------------------------------------------------ */

static json_t *describe(const struct cw_message *m)
{
    json_t *o = json_pack("{s:I, s:I, s:i, s:i, s:s, s:s, s:I, s:s}", "id", (json_int_t)m->id,
            "at_ms", (json_int_t)m->at_ms, "pair", (int)m->pair, "link", (int)m->link, "from",
            m->from == CW_SIDE_DIALER ? "dialer" : "listener", "type",
            cw_message_type_name(m->type), "len", (json_int_t)(m->len - CW_LINK_HEADER_LEN),
            "fate", m->fate);
    if (m->has_channel) {
        json_object_set_new(o, "channel", json_integer(m->channel));
        json_object_set_new(o, "counter", json_integer((json_int_t)m->counter));
    }
    return o;
}

static bool is_event_or_request(const struct cw_message *m)
{
    return m->type == CW_FRAME_EVENT || m->type == CW_FRAME_REQUEST;
}

static json_t *list(struct cw_proxy *p, const struct line *l)
{
    struct cw_filter filter = l->filter;
    const bool frames_only = filter.type == TYPE_UNSAID;
    filter.type = frames_only ? CW_RULES_ANY : filter.type;
    json_t *rows = json_array();
    for (uint64_t id = p->history.next_id; id-- > p->history.first_id;) {
        const struct cw_message *m = cw_history_find(&p->history, id);
        if ((int64_t)json_array_size(rows) < l->last && cw_filter_fits(&filter, m)
                && (!frames_only || is_event_or_request(m))) {
            json_array_insert_new(rows, 0, describe(m));
        }
    }
    json_t *o = fine();
    json_object_set_new(o, "messages", rows);
    return o;
}

static json_t *show(struct cw_proxy *p, const struct line *l)
{
    uint64_t id;
    const struct cw_message *m = NULL;
    if (l->count == 2 && number(l->words[1], UINT64_MAX, &id)) {
        m = cw_history_find(&p->history, id);
    }
    if (m == NULL) {
        return wrong("no such message");
    }
    char *hex = malloc(2 * m->len + 1);
    if (hex == NULL) {
        return wrong("no memory");
    }
    for (size_t i = 0; i < m->len; i++) {
        hex[2 * i] = "0123456789abcdef"[m->bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[m->bytes[i] & 15];
    }
    hex[2 * m->len] = '\0';
    json_t *o = fine();
    json_t *message = describe(m);
    json_object_set_new(message, "bytes", json_string(hex));
    json_object_set_new(o, "message", message);
    free(hex);
    return o;
}

static json_t *status(const struct cw_proxy *p)
{
    json_t *pairs = json_array();
    for (unsigned i = 0; i < p->pair_count; i++) {
        json_array_append_new(pairs, json_pack("{s:s, s:s}", "listen", p->pairs[i].listen_text,
                                             "forward", p->pairs[i].forward_text));
    }
    static const char *const kinds[] = {"unknown", "tls", "link"};
    json_t *links = json_array();
    for (size_t i = 0; i < CW_PROXY_LINK_MAX; i++) {
        const struct cw_wire *w = &p->wires[i];
        if (w->id != 0) {
            json_array_append_new(links,
                    json_pack("{s:i, s:i, s:s, s:I, s:I}", "link", (int)w->id, "pair",
                            (int)w->pair, "kind", kinds[w->kind], "from_dialer",
                            (json_int_t)w->count[CW_SIDE_DIALER], "from_listener",
                            (json_int_t)w->count[CW_SIDE_LISTENER]));
        }
    }
    unsigned rules = 0;
    for (size_t i = 0; i < CW_RULES_MAX; i++) {
        rules += p->rules.rows[i].count > 0;
    }
    return json_pack("{s:b, s:o, s:o, s:I, s:i}", "ok", 1, "pairs", pairs, "links", links,
            "recorded", (json_int_t)(p->history.next_id - 1), "rules", (int)rules);
}

/* --- rules -------------------------------------------------------------------------------------- */

static bool needs_amount(cw_act act)
{
    return act == CW_ACT_FLIP || act == CW_ACT_TRUNCATE || act == CW_ACT_EXTEND
            || act == CW_ACT_DELAY;
}

static json_t *add_rule(struct cw_proxy *p, const struct line *l, cw_act act)
{
    uint64_t count = 1;
    uint64_t amount = 0;
    const size_t words = needs_amount(act) ? 3 : 2;
    if (l->count != words || !number(l->words[1], UINT32_MAX, &count)
            || (words == 3 && !number(l->words[2], 1u << 24, &amount))) {
        return wrong(words == 3 ? "expected: N AMOUNT [FILTER]" : "expected: N [FILTER]");
    }
    struct cw_rule rule = {l->filter, act, (uint32_t)amount, (uint32_t)count};
    if (rule.filter.type == TYPE_UNSAID) {
        rule.filter.type = CW_FRAME_EVENT;
    }
    return cw_rules_add(&p->rules, &rule) ? fine() : wrong("too many rules");
}

/* --- messages of our own ------------------------------------------------------------------------ */

static struct cw_wire *target(struct cw_proxy *p, const struct line *l, const struct cw_message *m)
{
    if (l->filter.link != CW_RULES_ANY) {
        return cw_proxy_wire(p, (unsigned)l->filter.link);
    }
    if (l->filter.pair != CW_RULES_ANY) {
        return cw_proxy_wire_like(p, (unsigned)l->filter.pair);
    }
    if (m == NULL) {
        return NULL;
    }
    struct cw_wire *wire = cw_proxy_wire(p, m->link);
    return wire != NULL ? wire : cw_proxy_wire_like(p, m->pair);
}

static json_t *inject(struct cw_proxy *p, struct cw_wire *wire, cw_side from, uint8_t *bytes,
        size_t len, const char *fate)
{
    if (wire == NULL) {
        return wrong("no such link is open");
    }
    const struct cw_message *m = cw_proxy_inject(p, wire, from, bytes, len, fate);
    if (m == NULL) {
        return wrong("the link takes nothing now");
    }
    json_t *o = fine();
    json_object_set_new(o, "message", describe(m));
    return o;
}

/* The recorded message that a word names, copied with room for more; NULL: there is none. */
static uint8_t *copy_of(struct cw_proxy *p, const char *word, size_t room,
        const struct cw_message **ret_message)
{
    uint64_t id;
    if (!number(word, UINT64_MAX, &id)) {
        return NULL;
    }
    *ret_message = cw_history_find(&p->history, id);
    if (*ret_message == NULL) {
        return NULL;
    }
    uint8_t *bytes = malloc((*ret_message)->len + room);
    if (bytes != NULL) {
        memcpy(bytes, (*ret_message)->bytes, (*ret_message)->len);
    }
    return bytes;
}

static json_t *replay(struct cw_proxy *p, const struct line *l)
{
    const struct cw_message *m;
    uint8_t *bytes = l->count == 2 ? copy_of(p, l->words[1], 0, &m) : NULL;
    if (bytes == NULL) {
        return wrong("expected: replay ID, of a recorded message");
    }
    json_t *answer = inject(p, target(p, l, m), m->from, bytes, m->len, "replayed");
    free(bytes);
    return answer;
}

static json_t *bend(struct cw_proxy *p, const struct line *l)
{
    const struct cw_message *m;
    cw_act act;
    uint64_t amount;
    if (l->count != 4 || !cw_act_named(l->words[1], &act) || act < CW_ACT_FLIP
            || act > CW_ACT_EXTEND || !number(l->words[3], CW_LINK_MAX, &amount)) {
        return wrong("expected: bend flip|truncate|extend ID AMOUNT");
    }
    uint8_t *bytes = copy_of(p, l->words[2], amount, &m);
    if (bytes == NULL) {
        return wrong("no such message");
    }
    size_t len = m->len;
    json_t *answer = cw_rules_bend(act, (uint32_t)amount, bytes, &len)
            ? inject(p, target(p, l, m), m->from, bytes, len, cw_act_name(act))
            : wrong("the message has no such bit or byte");
    free(bytes);
    return answer;
}

static void label(uint8_t *bytes, uint32_t channel, uint64_t counter)
{
    struct cw_writer w = cw_writer_over(bytes + CW_LINK_HEADER_LEN, CW_EVENT_HEADER_LEN);
    cw_writer_u32(&w, channel);
    cw_writer_u64(&w, counter);
}

static json_t *redirect(struct cw_proxy *p, const struct line *l, bool is_counted)
{
    const struct cw_message *m;
    uint64_t channel;
    uint64_t counter = 0;
    if (l->count != (is_counted ? 4u : 3u) || !number(l->words[2], UINT32_MAX, &channel)
            || (is_counted && !number(l->words[3], UINT64_MAX, &counter))) {
        return wrong("expected: redirect ID CHANNEL, or relabel ID CHANNEL COUNTER");
    }
    uint8_t *bytes = copy_of(p, l->words[1], 0, &m);
    if (bytes == NULL || !m->has_channel) {
        free(bytes);
        return wrong("no such frame");
    }
    label(bytes, (uint32_t)channel, is_counted ? counter : m->counter);
    json_t *answer = inject(p, target(p, l, m), m->from, bytes, m->len,
            is_counted ? "relabelled" : "redirected");
    free(bytes);
    return answer;
}

/* A frame with an empty body's room, or cipher_len bytes of room. */
static size_t frame_begin(uint8_t *bytes, uint8_t type, uint32_t channel, uint64_t counter,
        size_t cipher_len)
{
    const struct cw_link_header header = {
            .len = (uint32_t)(CW_EVENT_HEADER_LEN + cipher_len + CW_TAG_LEN), .type = type};
    cw_link_header_encode(&header, bytes);
    label(bytes, channel, counter);
    return CW_LINK_HEADER_LEN + header.len;
}

static json_t *forge(struct cw_proxy *p, const struct line *l)
{
    uint64_t channel;
    uint64_t counter;
    uint64_t cipher_len = 2;
    if (l->count < 3 || l->count > 4 || !number(l->words[1], UINT32_MAX, &channel)
            || !number(l->words[2], UINT64_MAX, &counter)
            || (l->count == 4 && !number(l->words[3], 65536, &cipher_len))) {
        return wrong("expected: forge CHANNEL COUNTER [LEN] link=N|pair=N");
    }
    uint8_t *bytes = malloc(CW_LINK_HEADER_LEN + CW_EVENT_HEADER_LEN + cipher_len + CW_TAG_LEN);
    if (bytes == NULL) {
        return wrong("no memory");
    }
    const uint8_t type = l->filter.type >= 0 ? (uint8_t)l->filter.type : CW_FRAME_EVENT;
    const size_t len = frame_begin(bytes, type, (uint32_t)channel, counter, cipher_len);
    const size_t head_len = CW_LINK_HEADER_LEN + CW_EVENT_HEADER_LEN;
    for (size_t at = head_len; at < len;) {
        const ssize_t n = getrandom(bytes + at, len - at, 0);
        at += n > 0 ? (size_t)n : 0;
    }
    const cw_side from = l->filter.from == CW_SIDE_LISTENER ? CW_SIDE_LISTENER : CW_SIDE_DIALER;
    json_t *answer = inject(p, target(p, l, NULL), from, bytes, len, "forged");
    free(bytes);
    return answer;
}

/* As the predecessor would read the frame: the counter is associated data. */
static void counter_block(uint64_t counter, struct cw_forge_element *ret_block)
{
    *ret_block = (struct cw_forge_element){{0}};
    for (unsigned i = 0; i < 8; i++) {
        ret_block->bytes[i] = (uint8_t)(counter >> (8 * i));
    }
}

static struct cw_forge_seen as_seen(const struct cw_message *m)
{
    const size_t head_len = CW_LINK_HEADER_LEN + CW_EVENT_HEADER_LEN;
    struct cw_forge_seen seen = {.cipher = m->bytes + head_len,
            .cipher_len = m->len - head_len - CW_TAG_LEN};
    counter_block(m->counter, &seen.ad);
    memcpy(seen.tag.bytes, m->bytes + m->len - CW_TAG_LEN, CW_TAG_LEN);
    return seen;
}

static bool is_sealed(const struct cw_message *m)
{
    return m != NULL && m->has_channel && m->type != CW_FRAME_ACK
            && m->len >= CW_LINK_HEADER_LEN + CW_EVENT_HEADER_LEN + CW_TAG_LEN;
}

static json_t *predecessor(struct cw_proxy *p, const struct line *l)
{
    uint64_t ids[2];
    uint64_t counter;
    if (l->count != 4 || !number(l->words[1], UINT64_MAX, &ids[0])
            || !number(l->words[2], UINT64_MAX, &ids[1])
            || !number(l->words[3], UINT64_MAX, &counter)) {
        return wrong("expected: predecessor ID1 ID2 COUNTER");
    }
    const struct cw_message *first = cw_history_find(&p->history, ids[0]);
    const struct cw_message *second = cw_history_find(&p->history, ids[1]);
    if (!is_sealed(first) || !is_sealed(second) || first->channel != second->channel) {
        return wrong("expected two recorded events of one channel");
    }
    const struct cw_forge_seen seen[2] = {as_seen(first), as_seen(second)};
    struct cw_forge_element power;
    bool is_constant = false;
    if (!cw_forge_power(&seen[0], &seen[1], &power, &is_constant)) {
        return wrong("these two events teach nothing: same counter or another length");
    }
    struct cw_forge_element ad;
    counter_block(counter, &ad);
    const struct cw_forge_element tag = cw_forge_tag(&seen[0], power, ad);
    uint8_t *bytes = malloc(first->len);
    if (bytes == NULL) {
        return wrong("no memory");
    }
    const cw_side from = first->from;
    const size_t len = frame_begin(bytes, first->type, first->channel, counter,
            seen[0].cipher_len);
    memcpy(bytes + CW_LINK_HEADER_LEN + CW_EVENT_HEADER_LEN, seen[0].cipher, seen[0].cipher_len);
    memcpy(bytes + len - CW_TAG_LEN, tag.bytes, CW_TAG_LEN);
    json_t *answer = inject(p, target(p, l, first), from, bytes, len, "predecessor");
    json_object_set_new(answer, "constant_iv", json_boolean(is_constant));
    free(bytes);
    return answer;
}

static int nibble(char c)
{
    const char *at = strchr("0123456789abcdef", c | 0x20);
    return c != '\0' && at != NULL ? (int)(at - "0123456789abcdef") : -1;
}

static json_t *inject_hex(struct cw_proxy *p, const struct line *l)
{
    const char *hex = l->count == 2 ? l->words[1] : "";
    const size_t len = strlen(hex) / 2;
    uint8_t *bytes = malloc(len + 1);
    bool is_hex = bytes != NULL && len > 0 && strlen(hex) % 2 == 0;
    for (size_t i = 0; is_hex && i < len; i++) {
        const int high = nibble(hex[2 * i]);
        const int low = nibble(hex[2 * i + 1]);
        is_hex = high >= 0 && low >= 0;
        bytes[i] = (uint8_t)(is_hex ? high << 4 | low : 0);
    }
    const cw_side from = l->filter.from == CW_SIDE_LISTENER ? CW_SIDE_LISTENER : CW_SIDE_DIALER;
    json_t *answer = is_hex ? inject(p, target(p, l, NULL), from, bytes, len, "injected")
                            : wrong("expected: inject HEX link=N|pair=N");
    free(bytes);
    return answer;
}

static json_t *cut(struct cw_proxy *p, const struct line *l)
{
    uint64_t link = 0;
    const bool all = l->count == 2 && strcmp(l->words[1], "all") == 0;
    if (!all && (l->count != 2 || !number(l->words[1], UINT32_MAX, &link))) {
        return wrong("expected: cut LINK|all");
    }
    unsigned count = 0;
    for (size_t i = 0; i < CW_PROXY_LINK_MAX; i++) {
        struct cw_wire *wire = &p->wires[i];
        if (wire->id != 0 && (all ? wire->kind == CW_STREAM_LINK : wire->id == link)) {
            cw_proxy_cut(p, wire);
            count++;
        }
    }
    return json_pack("{s:b, s:i}", "ok", count > 0 || all, "cut", (int)count);
}

/* --- the normal world ---------------------------------------------------------------------------- */

static void hex_word(json_t *list, uint64_t value)
{
    json_array_append_new(list, json_sprintf("0x%" PRIx64, value));
}

static void hex_bytes(json_t *o, const uint8_t *bytes, size_t len)
{
    char hex[2 * CW_WORLD_DMA_MAX + 1] = "";
    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    hex[2 * len] = '\0';
    json_object_set_new(o, "bytes", json_string(hex));
}

static const struct probe {
    const char *name;
    cw_tz_probe what;
    size_t count; /* of arguments */
    const char *form;
} probes[] = {
        {"peek", CW_TZ_PROBE_READ, 2, "expected: peek ADDRESS BYTES"},
        {"poke", CW_TZ_PROBE_WRITE, 3, "expected: poke ADDRESS BYTES VALUE"},
        {"smc", CW_TZ_PROBE_SMC, 4, "expected: smc X0 X1 X2 X3"},
        {"dma", CW_TZ_PROBE_DMA, 2, "expected: dma ADDRESS BYTES"},
        {"mask", CW_TZ_PROBE_MASK, 1, "expected: mask 0|1"},
        {"again", CW_TZ_PROBE_AGAIN, 0, "expected: again"},
};

/* {"ok": true, "aborted": false, "words": [...]}, or aborted with [ESR_EL1, FAR_EL1]. */
static json_t *probe(struct cw_world *w, const struct line *l, const struct probe *row)
{
    static uint8_t bytes[CW_WORLD_DMA_MAX];
    uint64_t arguments[4] = {0};
    uint64_t words[CW_WORLD_WORDS];
    size_t len = 0;
    bool is_formed = l->count == row->count + 1;
    for (size_t i = 0; is_formed && i < row->count; i++) {
        is_formed = number(l->words[i + 1], UINT64_MAX, &arguments[i]);
    }
    if (!is_formed) {
        return wrong(row->form);
    }
    const char *why = cw_world_probe(w, row->what, arguments, words, bytes, &len);
    if (why != NULL) {
        return wrong(why);
    }
    const bool is_aborted = words[0] == 0;
    json_t *list = json_array();
    for (size_t i = 1; i < (is_aborted ? 3u : CW_WORLD_WORDS); i++) {
        hex_word(list, words[i]);
    }
    json_t *o = json_pack("{s:b, s:b, s:o}", "ok", 1, "aborted", is_aborted, "words", list);
    if (row->what == CW_TZ_PROBE_DMA) {
        hex_bytes(o, bytes, len);
    }
    return o;
}

/* --- the table ---------------------------------------------------------------------------------- */

static json_t *do_help(struct cw_proxy *p, const struct line *l)
{
    (void)p;
    (void)l;
    return json_pack("{s:b, s:s}", "ok", 1, "help", cw_command_help);
}

static json_t *do_status(struct cw_proxy *p, const struct line *l)
{
    (void)l;
    return status(p);
}

static json_t *do_record(struct cw_proxy *p, const struct line *l)
{
    if (l->count != 2 || (strcmp(l->words[1], "on") != 0 && strcmp(l->words[1], "off") != 0)) {
        return wrong("expected: record on|off");
    }
    p->history.is_off = strcmp(l->words[1], "off") == 0;
    return fine();
}

static json_t *do_clear(struct cw_proxy *p, const struct line *l)
{
    (void)l;
    memset(&p->rules, 0, sizeof p->rules);
    return fine();
}

static json_t *do_release(struct cw_proxy *p, const struct line *l)
{
    (void)l;
    return json_pack("{s:b, s:i}", "ok", 1, "released", (int)cw_proxy_release(p));
}

static json_t *do_redirect(struct cw_proxy *p, const struct line *l)
{
    return redirect(p, l, false);
}

static json_t *do_relabel(struct cw_proxy *p, const struct line *l)
{
    return redirect(p, l, true);
}

static const struct {
    const char *name;
    json_t *(*run)(struct cw_proxy *p, const struct line *l);
} table[] = {
        {"help", do_help},
        {"status", do_status},
        {"list", list},
        {"show", show},
        {"record", do_record},
        {"clear", do_clear},
        {"release", do_release},
        {"replay", replay},
        {"bend", bend},
        {"redirect", do_redirect},
        {"relabel", do_relabel},
        {"forge", forge},
        {"predecessor", predecessor},
        {"inject", inject_hex},
        {"cut", cut},
};

static json_t *carry_out(struct cw_proxy *p, struct cw_world *w, const struct line *l,
        bool *ret_quit)
{
    cw_act act;
    if (l->count == 0) {
        return wrong("expected a command; `help` lists them");
    }
    if (strcmp(l->words[0], "quit") == 0) {
        *ret_quit = true;
        return fine();
    }
    if (cw_act_named(l->words[0], &act)) {
        return add_rule(p, l, act);
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, l->words[0]) == 0) {
            return table[i].run(p, l);
        }
    }
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
        if (strcmp(probes[i].name, l->words[0]) == 0) {
            return probe(w, l, &probes[i]);
        }
    }
    return wrong("no such command; `help` lists them");
}

char *cw_command_run(struct cw_proxy *p, struct cw_world *w, char *text, bool *ret_quit)
{
    struct line l;
    json_t *answer = take_apart(text, &l) ? carry_out(p, w, &l, ret_quit)
                                          : wrong("no such field, or too many words");
    char *dump = json_dumps(answer, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(answer);
    return dump;
}
