/* SPDX-License-Identifier: MIT */
#include "deploy/demo.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deploy/app.h"
#include "deploy/memory.h"
#include "posix/file.h"

#define VERB_PATIENCE_MS 30000u
#define ANSWER_MAX 4194304u
#define WORDS_MAX 16u

/* The first line of a log that tells of an error, or all of it. */
static char *said(const char *path)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (cw_file_read(path, ANSWER_MAX, &bytes, &len) != CW_OK) {
        return cw_memory_text("");
    }
    char *text = (char *)bytes;
    char *at = strstr(text, "error: ");
    at = at == NULL ? text : at;
    at[strcspn(at, "\n")] = '\0';
    char *line = cw_memory_text(at);
    free(bytes);
    return line;
}

/* The exit status, or -1: it does not end.  Its output is in *ret_out, its log in *ret_log. */
static int run_verb(struct cw_demo *d, const char *verb, const char *const *words, char **ret_out,
        char **ret_log)
{
    char *state = cw_memory_format("%s/state", d->folder);
    *ret_out = cw_memory_format("%s/logs/causeway-%s.out", d->folder, verb);
    *ret_log = cw_memory_format("%s/logs/causeway-%s.log", d->folder, verb);
    const char *arguments[WORDS_MAX] = {d->self, verb, "--json", "--state", state, "--timeout",
            "15", d->descriptor};
    for (size_t i = 0; words[i] != NULL && i + 9 < WORDS_MAX; i++) {
        arguments[i + 8] = words[i];
    }
    struct cw_proc proc = {0};
    int status = -1;
    if (cw_proc_start(&proc, arguments, *ret_out, *ret_log) != CW_OK) {
        (void)cw_demo_fail(d, "%s cannot be started", d->self);
    } else if (cw_proc_wait(&proc, VERB_PATIENCE_MS) != CW_OK) {
        cw_proc_stop(&proc, 500);
        (void)cw_demo_fail(d, "`causeway %s` does not end (log: %s)", verb, *ret_log);
    } else {
        status = proc.exit_status;
    }
    free(state);
    return status;
}

json_t *cw_demo_verb(struct cw_demo *d, const char *verb, const char *const *words)
{
    char *out;
    char *log;
    json_t *answer = NULL;
    uint8_t *bytes = NULL;
    size_t len = 0;
    const int status = run_verb(d, verb, words, &out, &log);
    if (status == 0 && cw_file_read(out, ANSWER_MAX, &bytes, &len) == CW_OK) {
        answer = len == 0 ? json_object() : json_loadb((const char *)bytes, len, 0, NULL);
        if (answer == NULL) {
            (void)cw_demo_fail(d, "`causeway %s` printed no JSON (%s)", verb, out);
        }
    } else if (status >= 0) {
        char *why = said(log);
        (void)cw_demo_are_alive(d); /* a part that ended is the better reason */
        (void)cw_demo_fail(d, "`causeway %s` ended with status %d: %s (log: %s)", verb, status, why,
                log);
        free(why);
    }
    free(bytes);
    free(out);
    free(log);
    return answer;
}

char *cw_demo_refused(struct cw_demo *d, const char *verb)
{
    char *out;
    char *log;
    char *why = NULL;
    const int status = run_verb(d, verb, (const char *const[]){NULL}, &out, &log);
    if (status == CW_EXIT_REFUSED) {
        why = said(log);
    } else if (status >= 0) {
        (void)cw_demo_fail(d, "`causeway %s` ended with status %d, and should refuse the evidence "
                              "(log: %s)",
                verb, status, log);
    }
    free(out);
    free(log);
    return why;
}

static uint64_t count_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

const char *cw_demo_connection_name(cw_demo_connection c)
{
    static const char *const names[CW_DEMO_CONNECTIONS] = {
            [CW_DEMO_BUTTON] = "button_driver.button_pressed-controller.button_pressed",
            [CW_DEMO_LED] = "controller.toggle_led-led_driver.toggle_led",
            [CW_DEMO_COUNT] = "controller.increment_presses-db.increment_presses",
    };
    return names[c];
}

static bool read_connection(struct cw_demo *d, const json_t *status, cw_demo_connection which)
{
    size_t i;
    json_t *c;
    json_array_foreach (json_object_get(status, "connections"), i, c) {
        const char *is = json_string_value(json_object_get(c, "connection"));
        if (is != NULL && strcmp(is, cw_demo_connection_name(which)) == 0
                && json_object_get(c, "received") != NULL) {
            d->now[which] = (struct cw_demo_reading){count_of(c, "channel"),
                    count_of(c, "received"), count_of(c, "refused_auth"),
                    count_of(c, "refused_replay")};
            return true;
        }
    }
    return cw_demo_fail(d, "`causeway status` has no authentic counts of %s",
            cw_demo_connection_name(which));
}

bool cw_demo_look(struct cw_demo *d)
{
    json_t *status = cw_demo_verb(d, "status", (const char *const[]){NULL});
    bool is_read = status != NULL;
    for (unsigned c = 0; is_read && c < CW_DEMO_CONNECTIONS; c++) {
        is_read = read_connection(d, status, (cw_demo_connection)c);
    }
    json_decref(status);
    return is_read;
}

bool cw_demo_page(struct cw_demo *d, uint64_t *ret_presses)
{
    char *out = cw_memory_format("%s/logs/page.html", d->folder);
    char *log = cw_memory_format("%s/logs/curl.log", d->folder);
    const char *const arguments[] = {"/usr/bin/curl", "--silent", "--show-error", "--fail",
            "--noproxy", "*", "--max-time", "5", "--cacert", d->certificate, d->url, NULL};
    struct cw_proc proc = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    bool is_read = false;
    if (cw_proc_start(&proc, arguments, out, log) == CW_OK) {
        if (cw_proc_wait(&proc, 2 * CW_DEMO_PATIENCE_MS) != CW_OK) {
            cw_proc_stop(&proc, 500);
        }
        if (proc.exit_status == 0 && cw_file_read(out, ANSWER_MAX, &bytes, &len) == CW_OK) {
            const char *at = strstr((const char *)bytes, "Button presses: ");
            is_read = at != NULL && sscanf(at, "Button presses: %" SCNu64, ret_presses) == 1;
        }
    }
    if (!is_read) {
        char *why = said(log);
        (void)cw_demo_are_alive(d);
        (void)cw_demo_fail(d, "the page cannot be read from %s: %s", d->url, why);
        free(why);
    }
    free(bytes);
    free(out);
    free(log);
    return is_read;
}

bool cw_demo_led(struct cw_demo *d, unsigned led, bool *ret_is_on)
{
    char *answer = cw_demo_board(d, led == 0 ? CW_DEMO_SANCUS2 : CW_DEMO_TRUSTZONE, "led?");
    if (answer == NULL) {
        return false;
    }
    *ret_is_on = strcmp(answer, "1") == 0;
    free(answer);
    return true;
}

/* The finger goes up first: a button that is still down from the last press gives no edge. */
bool cw_demo_press(struct cw_demo *d, cw_demo_place board)
{
    return cw_demo_tell(d, board, "release") && cw_demo_again(d, UINT64_MAX)
            && cw_demo_tell(d, board, "press");
}

void cw_demo_toggle(struct cw_demo *d)
{
    for (unsigned i = 0; i < CW_DEMO_LEDS; i++) {
        d->led[i] = !d->led[i];
    }
    d->presses++;
}

static bool settle_led(struct cw_demo *d, unsigned led, uint64_t until_ms)
{
    bool is_on = !d->led[led];
    while (is_on != d->led[led]) {
        if (!cw_demo_led(d, led, &is_on)) {
            return false;
        }
        if (is_on != d->led[led] && !cw_demo_again(d, until_ms)) {
            (void)cw_demo_are_alive(d);
            return cw_demo_fail(d, "the LED of the %s board is %s, and should be %s",
                    led == 0 ? "Sancus" : "TrustZone", is_on ? "on" : "off",
                    d->led[led] ? "on" : "off");
        }
    }
    return true;
}

bool cw_demo_settle(struct cw_demo *d, uint32_t timeout_ms)
{
    const uint64_t until_ms = cw_demo_now_ms(d) + timeout_ms;
    for (unsigned i = 0; i < CW_DEMO_LEDS; i++) {
        if (!settle_led(d, i, until_ms)) {
            return false;
        }
    }
    uint64_t presses = 0;
    do {
        if (!cw_demo_page(d, &presses)) {
            return false;
        }
    } while (presses != d->presses && cw_demo_again(d, until_ms));
    if (presses != d->presses) {
        return cw_demo_fail(d, "the page counts %" PRIu64 ", and should count %" PRIu64, presses,
                d->presses);
    }
    return true;
}
