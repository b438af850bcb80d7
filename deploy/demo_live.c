/* SPDX-License-Identifier: MIT */
/* The button under somebody's finger, until q. */
#include "deploy/demo.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_MS 250

struct screen {
    bool is_terminal;
    struct termios before;
    bool led[CW_DEMO_LEDS];
    uint64_t presses;
};

static void raw(struct screen *s)
{
    s->is_terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &s->before) == 0;
    if (s->is_terminal) {
        struct termios keys = s->before;
        keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    }
}

static bool read_leds(struct cw_demo *d, bool ret_led[static CW_DEMO_LEDS])
{
    for (unsigned i = 0; i < CW_DEMO_LEDS; i++) {
        if (!cw_demo_led(d, i, &ret_led[i])) {
            return false;
        }
    }
    return true;
}

static void show(struct cw_demo *d, struct screen *s, bool always)
{
    struct screen now = *s;
    if (!read_leds(d, now.led) || !cw_demo_page(d, &now.presses)) {
        return;
    }
    if (always || memcmp(now.led, s->led, sizeof s->led) != 0 || now.presses != s->presses) {
        cw_demo_say(d, "  LEDs %-3s %-3s   Button presses: %" PRIu64, now.led[0] ? "on" : "off",
                now.led[1] ? "on" : "off", now.presses);
    }
    *s = now;
}

/* All attacks, from how things are now. */
static void attack(struct cw_demo *d, struct screen *s)
{
    cw_demo_say(d, " ");
    memcpy(d->led, s->led, sizeof d->led);
    d->presses = s->presses;
    cw_demo_attack(d);
    cw_demo_say(d, " ");
    show(d, s, true);
}

/* false: time to go */
static bool key(struct cw_demo *d, struct screen *s)
{
    char keys[16];
    const ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
    for (ssize_t i = 0; i < n; i++) {
        if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == 4) {
            return false;
        }
        if (keys[i] == 'a' || keys[i] == 'A') {
            attack(d, s);
        }
        const bool is_other = keys[i] == 't' || keys[i] == 'T';
        if ((is_other || keys[i] == 'b' || keys[i] == 'B' || keys[i] == '\n' || keys[i] == '\r')
                && !cw_demo_press(d, is_other ? CW_DEMO_TRUSTZONE : CW_DEMO_SANCUS1)) {
            return false;
        }
    }
    return n > 0;
}

bool cw_demo_live(struct cw_demo *d)
{
    struct screen s = {0};
    cw_demo_say(d, "\n  page      %s\n  verify    curl --cacert %s %s\n  owner     causeway status "
                   "--state %s/state %s\n  network   %s/adversary.control takes commands "
                   "(causeway-adversary --help)\n\n  b or Enter presses the Sancus button, t the TrustZone board's, a attacks, q ends\n",
            d->url, d->certificate, d->url, d->folder, d->descriptor, d->folder);
    raw(&s);
    show(d, &s, true);
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = d->boards[CW_DEMO_SANCUS2].fd, .events = POLLIN}};
    bool is_alive = true;
    while (!cw_demo_is_stopped() && (is_alive = cw_demo_are_alive(d))) {
        const int n = poll(fds, 2, LOOK_MS);
        if (n > 0 && fds[0].revents != 0 && !key(d, &s)) {
            if (s.is_terminal) {
                break;
            }
            fds[0].fd = -1; /* no terminal: until a signal comes */
        }
        if (n > 0 && fds[1].revents != 0) {
            show(d, &s, false); /* the LED's event is read on the way */
        } else if (n == 0) {
            bool led[CW_DEMO_LEDS];
            if (read_leds(d, led) && memcmp(led, s.led, sizeof led) != 0) {
                show(d, &s, false);
            }
        }
    }
    if (s.is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &s.before);
    }
    return is_alive;
}
