/* SPDX-License-Identifier: MIT */
/*
 * events: what happened.  First the modules' own counts, authenticated; then the journals of the
 * nodes, which are their word alone: a hint where to look.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/bytes.h"
#include "core/wire/reader.h"
#include "core/wire/writer.h"
#include "deploy/memory.h"
#include "deploy/verb.h"
#include "posix/log.h"

#define EVENTS_MAX 4096u        /* of one answer */
#define FOLLOW_MS 500u
#define AWAY_FIRST_MS 1000u
#define AWAY_MAX_MS 30000u
#define SINCE_MAX_S (366u * 24u * 3600u)

/* One node's journal, as far as it was read. */
struct source {
    uint64_t run;
    uint64_t next;
    uint64_t lost;
    uint64_t away_ms; /* how long not to ask it; 0: it answered */
    uint64_t waited_ms;
};

/* Whose channel it is. */
struct channel {
    uint32_t number;
    const char *connection;
};

struct view {
    struct cw_app *app;
    struct source *sources;   /* one per node */
    struct channel *channels; /* one per connection; number 0: not made */
    uint64_t from_ms;         /* older ones are left out */
    json_t *events;           /* what is to be shown */
};

static uint64_t wall_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const struct {
    const char *name;
    const char *text;
} kinds[] = {
        [CW_NOTED_ACCEPTED] = {"accepted", "frames accepted"},
        [CW_NOTED_REFUSED] = {"refused", "frames refused"},
        [CW_NOTED_RETRANSMITTED] = {"retransmitted", "frames sent again"},
        [CW_NOTED_STALLED] = {"stalled", "stall begins"},
        [CW_NOTED_MOVING] = {"moving", "stall ends"},
        [CW_NOTED_BACK_PRESSURE] = {"back-pressure", "module told to wait"},
        [CW_NOTED_ENTRY_REFUSED] = {"entry-refused", "entries refused"},
        [CW_NOTED_ASTRAY] = {"astray", "frames for nobody"},
        [CW_NOTED_STARTED] = {"started", "module started"},
        [CW_NOTED_RESTARTED] = {"restarted", "module restarted"},
        [CW_NOTED_LOST] = {"lost", "module lost"},
        [CW_NOTED_UNLOADED] = {"unloaded", "module unloaded"},
        [CW_NOTED_LINK_UP] = {"link-up", "link up"},
        [CW_NOTED_LINK_DOWN] = {"link-down", "link down"},
        [CW_NOTED_OWNER] = {"owner", "owner connected"},
        [CW_NOTED_NODE_STARTED] = {"node-started", "node started"},
};

static const struct {
    const char *name;
    const char *text;
} reasons[] = {
        [CW_REASON_NONE] = {"", ""},
        [CW_REASON_MODULE] = {"module", "by the module"},
        [CW_REASON_DUPLICATE] = {"duplicate", "seen before"},
        [CW_REASON_DROPPED] = {"dropped", "out of turn, or no room"},
};

static const char *kind_name(uint8_t kind)
{
    return kind < sizeof kinds / sizeof kinds[0] && kinds[kind].name != NULL ? kinds[kind].name
                                                                              : "other";
}

static const char *reason_name(uint8_t reason)
{
    return reason < sizeof reasons / sizeof reasons[0] ? reasons[reason].name : "other";
}

/* --- one event ---------------------------------------- */

static const char *module_name(const struct view *v, uint32_t number)
{
    for (size_t i = 0; number != 0 && i < v->app->d.module_count; i++) {
        if (v->app->remotes[i].row.number == number) {
            return v->app->remotes[i].module->name.value;
        }
    }
    return NULL;
}

static const char *connection_name(const struct view *v, uint32_t channel)
{
    for (size_t i = 0; channel != 0 && i < v->app->d.connection_count; i++) {
        if (v->channels[i].number == channel) {
            return v->channels[i].connection;
        }
    }
    return NULL;
}

static json_t *json_event(const struct view *v, size_t node, const struct cw_node_event *e)
{
    char text[CW_JOURNAL_TEXT_CAP];
    memcpy(text, e->text, sizeof text);
    cw_log_clean(text, "");
    json_t *object = json_pack("{s:b, s:s, s:I, s:I, s:s, s:I}", "authenticated", false, "node",
            v->app->d.nodes[node].name.value, "time_ms", (json_int_t)e->last_ms, "since_ms",
            (json_int_t)e->first_ms, "event", kind_name(e->kind), "count", (json_int_t)e->count);
    const char *module = module_name(v, e->module);
    const char *connection = connection_name(v, e->channel);
    if (e->reason != CW_REASON_NONE) {
        json_object_set_new(object, "reason", json_string(reason_name(e->reason)));
    }
    if (e->module != 0) {
        json_object_set_new(object, "module_number", json_integer(e->module));
    }
    if (module != NULL) {
        json_object_set_new(object, "module", json_string(module));
    }
    if (e->channel != 0) {
        json_object_set_new(object, "channel", json_integer(e->channel));
    }
    if (connection != NULL) {
        json_object_set_new(object, "connection", json_string(connection));
    }
    if (e->peer != 0) {
        json_object_set_new(object, "peer", json_integer(e->peer));
    }
    json_t *said = json_string(text);
    json_object_set_new(object, "text", said != NULL ? said : json_string("?"));
    return object;
}

static void put_time(uint64_t ms, char *ret_text, size_t cap)
{
    const time_t seconds = (time_t)(ms / 1000);
    struct tm local;
    char day[32] = "?";
    if (localtime_r(&seconds, &local) != NULL) {
        (void)strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &local);
    }
    (void)snprintf(ret_text, cap, "%s.%03u", day, (unsigned)(ms % 1000));
}

static const char *text_of(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    return text != NULL ? text : "";
}

static uint64_t number_of(const json_t *object, const char *field)
{
    return (uint64_t)json_integer_value(json_object_get(object, field));
}

static void print_event(const json_t *e)
{
    char when[64];
    char what[80];
    char where[CW_STATE_NAME_CAP + 80];
    put_time(number_of(e, "time_ms"), when, sizeof when);
    const char *name = text_of(e, "event");
    const char *reason = text_of(e, "reason");
    for (size_t i = 1; i < sizeof kinds / sizeof kinds[0]; i++) {
        name = strcmp(name, kinds[i].name) == 0 ? kinds[i].text : name;
    }
    for (size_t i = 1; i < sizeof reasons / sizeof reasons[0]; i++) {
        reason = strcmp(reason, reasons[i].name) == 0 ? reasons[i].text : reason;
    }
    (void)snprintf(what, sizeof what, "%s%s%s", name, reason[0] == '\0' ? "" : ", ", reason);
    const char *connection = text_of(e, "connection");
    (void)snprintf(where, sizeof where, "%s", connection);
    if (connection[0] == '\0' && number_of(e, "channel") != 0) {
        (void)snprintf(where, sizeof where, "channel %" PRIu64, number_of(e, "channel"));
    } else if (connection[0] == '\0' && number_of(e, "peer") != 0) {
        (void)snprintf(where, sizeof where, "peer %" PRIu64, number_of(e, "peer"));
    }
    printf("%-23s %-16s %-18s %8" PRIu64 "  %-46s %s%s%s\n", when, text_of(e, "node"),
            text_of(e, "module"), number_of(e, "count"), what, where,
            where[0] == '\0' || text_of(e, "text")[0] == '\0' ? "" : "  ", text_of(e, "text"));
}

/* --- journals ---------------------------------------- */

/* Take an answer apart: all of it, or nothing. */
static cw_status take(struct view *v, size_t node, const uint8_t *bytes, size_t len)
{
    struct source *s = &v->sources[node];
    struct cw_node_journal journal;
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_journal_get(&r, &journal);
    cw_reader_expect(&r, journal.count <= EVENTS_MAX);
    const bool is_anew = s->run != 0 && journal.run != s->run;
    json_t *list = json_array();
    for (unsigned i = 0; i < journal.count && r.status == CW_OK; i++) {
        struct cw_node_event e;
        cw_node_event_get(&r, &e);
        if (r.status == CW_OK && e.last_ms >= v->from_ms) {
            json_array_append_new(list, json_event(v, node, &e));
        }
    }
    const cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        json_array_extend(v->events, list);
        s->run = journal.run;
        s->next = is_anew ? 0 : journal.next; /* then all of it, at once */
        s->lost = journal.lost;
    }
    json_decref(list);
    return status;
}

static cw_status ask(struct view *v, size_t node)
{
    struct cw_app *app = v->app;
    const char *name = app->d.nodes[node].name.value;
    uint8_t fields[CW_DEPLOYMENT_LEN + 8];
    struct cw_nodeclient *client;
    struct cw_node_answer answer;
    cw_status status = cw_app_client(app, &app->d.nodes[node], &client);
    if (status != CW_OK) {
        return status;
    }
    struct cw_writer w = cw_writer_over(fields, sizeof fields);
    cw_writer_bytes(&w, app->deployment, sizeof app->deployment);
    cw_writer_u64(&w, v->sources[node].next);
    status = cw_nodeclient_ask(client, CW_NODE_EVENTS, fields, sizeof fields, &answer);
    if (status == CW_OK && answer.status == CW_OK) {
        status = take(v, node, answer.bytes, answer.len);
        if (status != CW_OK) {
            cw_log_error("node %s" CW_AT ": its journal is none of this protocol" CW_REMEDY
                         "; is its version that of this program?",
                    name);
        }
    } else if (status == CW_OK) {
        char text[256];
        cw_nodeclient_text(&answer, text, sizeof text);
        cw_log_error("node %s" CW_AT ": it tells no events: %s" CW_REMEDY
                     "; is its version that of this program?",
                name, text);
        status = answer.status;
    }
    if (status == CW_E_SYSTEM) { /* of no more use */
        cw_nodeclient_close(client);
        app->clients[node] = NULL;
    }
    return status;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t x = number_of(*(json_t *const *)a, "time_ms");
    const uint64_t y = number_of(*(json_t *const *)b, "time_ms");
    return (x > y) - (x < y);
}

/* Of all nodes, the oldest first. */
static void sort(json_t *list)
{
    const size_t count = json_array_size(list);
    json_t **rows = cw_memory_new(count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        rows[i] = json_incref(json_array_get(list, i));
    }
    qsort(rows, count, sizeof *rows, by_time);
    for (size_t i = 0; i < count; i++) {
        json_array_set_new(list, i, rows[i]);
    }
    free(rows);
}

/* --- counts of the modules ---------------------------------------- */

static void print_counts(const struct cw_app *app, const json_t *list)
{
    static const char *const fields[] = {
            "received", "refused_auth", "refused_replay", "gaps", "dropped"};
    size_t i;
    json_t *connection;
    printf("counts of the modules, authenticated\n%-*s %-8s %9s %9s %9s %9s %9s\n",
            app->width.connection, "CONNECTION", "STATE", "ACCEPTED", "FORGED", "REPLAYED", "GAPS",
            "DROPPED");
    json_array_foreach (list, i, connection) {
        printf("%-*s %-8s", app->width.connection, text_of(connection, "connection"),
                text_of(connection, "state"));
        for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
            if (json_object_get(connection, fields[k]) != NULL) {
                printf(" %9" PRIu64, number_of(connection, fields[k]));
            } else {
                printf(" %9s", "-");
            }
        }
        putchar('\n');
    }
}

/* --- the verb ---------------------------------------- */

static bool read_since(const char *text, uint64_t *ret_s)
{
    char *end = NULL;
    const unsigned long long value = strtoull(text, &end, 10);
    const uint64_t unit = end[0] == '\0' || strcmp(end, "s") == 0 ? 1
            : strcmp(end, "m") == 0                              ? 60
            : strcmp(end, "h") == 0                              ? 3600
            : strcmp(end, "d") == 0                              ? 86400
                                                                 : 0;
    if (text[0] < '0' || text[0] > '9' || unit == 0 || value == 0 || value > SINCE_MAX_S / unit) {
        cw_log_error("--since" CW_AT ": found \"%s\"" CW_REMEDY
                     ", expected how long ago, as 90s, 10m, 2h or 1d, up to 366d",
                text);
        return false;
    }
    *ret_s = value * unit;
    return true;
}

static cw_status open_view(struct view *v, const struct cw_words *words)
{
    struct cw_app *app = v->app;
    uint64_t since_s = 0;
    if (words->since != NULL && !read_since(words->since, &since_s)) {
        return CW_E_FORM;
    }
    app->is_dry = words->follow; /* nobody shall have to wait for the state meanwhile */
    const cw_status status = cw_app_open(app);
    if (status != CW_OK) {
        return status;
    }
    v->from_ms = since_s == 0 ? 0 : wall_ms() - since_s * 1000;
    v->events = json_array();
    v->sources = cw_memory_new(app->d.node_count + 1, sizeof *v->sources);
    v->channels = cw_memory_new(app->d.connection_count + 1, sizeof *v->channels);
    for (size_t i = 0; i < app->d.connection_count; i++) {
        struct cw_state_connection row;
        v->channels[i].connection = app->d.connections[i].name.value;
        if (cw_state_connection_find(app->state, v->channels[i].connection, &row) == CW_OK) {
            v->channels[i].number = row.channel;
            cw_bytes_wipe(&row, sizeof row);
        }
    }
    return CW_OK;
}

static void close_view(struct view *v)
{
    json_decref(v->events);
    free(v->sources);
    free(v->channels);
}

static void heading(void)
{
    printf("journals of the nodes: their word, not authenticated\n%-23s %-16s %-18s %8s  %-46s %s\n",
            "TIME", "NODE", "MODULE", "COUNT", "EVENT", "WHERE");
}

static int show(struct view *v)
{
    struct cw_app *app = v->app;
    json_t *connections = json_array();
    uint64_t lost = 0;
    bool is_well = true;
    cw_status status = cw_counts_read(app, connections, &is_well);
    if (status != CW_OK) {
        json_decref(connections);
        return cw_app_exit(status);
    }
    for (size_t i = 0; i < app->d.node_count; i++) {
        is_well = ask(v, i) == CW_OK && is_well;
        lost += v->sources[i].lost;
    }
    sort(v->events);
    if (app->options.json) {
        cw_app_json(app, json_pack("{s:O, s:O, s:I}", "connections", connections, "events",
                                 v->events, "lost", (json_int_t)lost));
    } else {
        size_t i;
        json_t *event;
        print_counts(app, connections);
        putchar('\n');
        heading();
        json_array_foreach (v->events, i, event) {
            print_event(event);
        }
        if (lost != 0) {
            printf("%" PRIu64 " older lines had to make room\n", lost);
        }
    }
    json_decref(connections);
    return is_well ? CW_EXIT_DONE : CW_EXIT_FAILED;
}

/* Those that are new or have grown, line by line.  False: nobody reads any more. */
static bool put_lines(struct view *v)
{
    size_t i;
    json_t *event;
    sort(v->events);
    json_array_foreach (v->events, i, event) {
        if (!v->app->options.json) {
            print_event(event);
        } else if (json_dumpf(event, stdout, JSON_COMPACT) == 0) {
            putchar('\n');
        }
    }
    json_array_clear(v->events);
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}

static int follow(struct view *v)
{
    const struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};
    cw_state_let_go(v->app->state);
    if (!v->app->options.json) {
        heading();
    }
    do {
        for (size_t i = 0; i < v->app->d.node_count; i++) {
            struct source *s = &v->sources[i];
            if (s->waited_ms < s->away_ms) {
                s->waited_ms += FOLLOW_MS;
                continue;
            }
            s->waited_ms = 0;
            if (ask(v, i) == CW_OK) {
                s->away_ms = 0;
            } else {
                s->away_ms = s->away_ms == 0               ? AWAY_FIRST_MS
                        : s->away_ms * 2 < AWAY_MAX_MS ? s->away_ms * 2
                                                       : AWAY_MAX_MS;
            }
        }
    } while (put_lines(v) && nanosleep(&pause, NULL) == 0);
    return CW_EXIT_DONE;
}

int cw_cmd_events(struct cw_app *app, const struct cw_words *words)
{
    struct view v = {.app = app};
    const cw_status status = open_view(&v, words);
    if (status != CW_OK) {
        return status == CW_E_FORM ? CW_EXIT_WRONG : cw_app_exit(status);
    }
    app->options.quiet = true; /* the lines are the result */
    const int result = words->follow ? follow(&v) : show(&v);
    close_view(&v);
    return result;
}
