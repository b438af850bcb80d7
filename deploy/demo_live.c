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
    bool led;
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

static void show(struct cw_demo *d, struct screen *s, bool always)
{
    bool led = s->led;
    uint64_t presses = s->presses;
    if (!cw_demo_led(d, &led) || !cw_demo_page(d, &presses)) {
        return;
    }
    if (always || led != s->led || presses != s->presses) {
        cw_demo_say(d, "  LED %-3s   Button presses: %" PRIu64, led ? "on" : "off", presses);
    }
    s->led = led;
    s->presses = presses;
}

/* All attacks, from how things are now. */
static void attack(struct cw_demo *d, struct screen *s)
{
    cw_demo_say(d, " ");
    d->led = s->led;
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
        if ((keys[i] == 'b' || keys[i] == 'B' || keys[i] == '\n' || keys[i] == '\r')
                && !cw_demo_press(d)) {
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
                   "(causeway-adversary --help)\n\n  b or Enter presses the button, a attacks, q ends\n",
            d->url, d->certificate, d->url, d->folder, d->descriptor, d->folder);
    raw(&s);
    show(d, &s, true);
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = d->boards[1].fd, .events = POLLIN}};
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
            bool led;
            if (cw_demo_led(d, &led) && led != s.led) {
                show(d, &s, false);
            }
        }
    }
    if (s.is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &s.before);
    }
    return is_alive;
}
