/* SPDX-License-Identifier: MIT */
#include "deploy/demo.h"

#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PAUSE_NS 4000000

static volatile sig_atomic_t is_stop_asked;

static void on_signal(int number)
{
    (void)number;
    is_stop_asked = 1;
}

void cw_demo_watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

bool cw_demo_is_stopped(void)
{
    return is_stop_asked != 0;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t cw_demo_now_ms(const struct cw_demo *d)
{
    return (now_ns() - d->begun_ns) / 1000000u;
}

bool cw_demo_again(struct cw_demo *d, uint64_t until_ms)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    if (cw_demo_is_stopped() || cw_demo_now_ms(d) > until_ms) {
        return false;
    }
    (void)nanosleep(&pause, NULL);
    return true;
}

void cw_demo_begin(struct cw_demo *d, const char *title)
{
    if (d->begun_ns == 0) {
        d->begun_ns = now_ns();
        d->steps = json_array();
    }
    d->step_ns = now_ns();
    d->reason[0] = '\0';
    snprintf(d->title, sizeof d->title, "%s", title);
}

static void end_step(struct cw_demo *d, bool is_held, const char *detail)
{
    const uint64_t end_ns = now_ns();
    const double at_s = (double)(end_ns - d->begun_ns) / 1e9;
    const double took_ms = (double)(end_ns - d->step_ns) / 1e6;
    *(is_held ? &d->held_count : &d->failed_count) += 1;
    json_array_append_new(d->steps,
            json_pack("{s:s, s:b, s:f, s:s}", "step", d->title, "ok", is_held, "ms", took_ms,
                    "text", detail));
    if (!d->json) {
        const char *paint = !d->color ? "" : is_held ? "\033[32m" : "\033[31m";
        printf("[%7.3f s] %-52s %s%-6s%s %7.1f ms%s%s\n", at_s, d->title, paint,
                is_held ? "ok" : "FAILED", d->color ? "\033[0m" : "", took_ms,
                detail[0] != '\0' ? "\n              " : "", detail);
        (void)fflush(stdout);
    }
}

bool cw_demo_done(struct cw_demo *d, const char *detail, ...)
{
    char text[2 * CW_DEMO_TEXT_CAP];
    va_list arguments;
    va_start(arguments, detail);
    vsnprintf(text, sizeof text, detail, arguments);
    va_end(arguments);
    end_step(d, true, text);
    return true;
}

bool cw_demo_fail(struct cw_demo *d, const char *reason, ...)
{
    if (d->reason[0] == '\0') {
        va_list arguments;
        va_start(arguments, reason);
        vsnprintf(d->reason, sizeof d->reason, reason, arguments);
        va_end(arguments);
    }
    return false;
}

void cw_demo_broken(struct cw_demo *d)
{
    end_step(d, false,
            cw_demo_is_stopped()     ? "somebody asked to stop"
                    : d->reason[0] != '\0' ? d->reason
                                           : "no reason is known");
}

void cw_demo_say(const struct cw_demo *d, const char *text, ...)
{
    if (d->json) {
        return;
    }
    va_list arguments;
    va_start(arguments, text);
    vprintf(text, arguments);
    va_end(arguments);
    putchar('\n');
    (void)fflush(stdout);
}
