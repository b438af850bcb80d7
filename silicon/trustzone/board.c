/* SPDX-License-Identifier: MIT */
/*
 * The board's loop: it moves bytes between QEMU's descriptors and the sockets of port.h, and starts
 * QEMU anew for a reset or a power cycle.
 *
 *     OFF --power on--> RUNNING --power off, line 0 of the GPIO--> OFF
 *                       RUNNING --reset, line 1 of the GPIO--> RUNNING
 *                       RUNNING --QEMU ends in another way--> ENDED --power on, reset--> RUNNING
 *
 * Implementation note.  Lines 0 and 1 of the GPIO are wired to QEMU's power switch: it ends then,
 * and what it said last on qtest tells which of the two it was.
 */
#include "silicon/trustzone/board.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "posix/log.h"
#include "posix/socket.h"
#include "silicon/trustzone/arch.h"
#include "silicon/trustzone/linux.h"
#include "silicon/trustzone/port.h"
#include "silicon/trustzone/qemu.h"

#define LOG_MAX (16l << 20)   /* of PATH.log, for each start of the program */
#define SHORT_LIFE_MS 5000u   /* a reset so soon after the start ...        */
#define SHORT_LIVES_MAX 5u    /* ... and so often in a row ends it          */
#define NEVER UINT64_MAX
/* kpti=off: this CPU reads nothing that it may not, and Linux would take its own addresses' being
 * random for a reason to change its page tables at every call; on this machine that is dear. */
#define LINUX_ARGUMENTS "console=ttyAMA0 loglevel=4 panic=-1 kpti=off"
#define WHY_LEN 400u
#define SAID_LEN 120u

typedef enum board_state {
    STATE_OFF,
    STATE_RUNNING,
    STATE_ENDED,
} board_state;

struct cw_tz_board {
    const struct cw_tz_board_options *options;
    struct cw_socket link, probe, console, control;
    struct cw_socket_lines control_lines, qtest_lines;
    struct cw_qemu qemu;
    struct cw_qemu_options chip;
    struct cw_qemu_facts facts;
    int facts_fd; /* -1: they are known, or nobody asks */
    pid_t facts_pid;
    int signals, log;
    long logged_len;
    char *log_path, *normal_log_path;

    board_state state;
    bool is_led, is_button, is_quit, has_failed;
    bool asks_reset, asks_power_off; /* the last words of its GPIO */
    uint64_t release_ms, started_ms;
    uint64_t starts;
    unsigned short_lives;
    char why[WHY_LEN]; /* it ended */
    struct cw_socket_lines said_lines;
    char said[SAID_LEN]; /* the last line of the secure console */
};

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A client that does not read loses lines, as a terminal would. */
__attribute__((format(printf, 2, 3))) static void say(struct cw_tz_board *b, const char *format, ...)
{
    char text[CW_BOARD_REPLY_MAX];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text - 1, format, list);
    va_end(list);
    const size_t len = strlen(text);
    text[len] = '\n';
    (void)cw_socket_write(&b->control, (const uint8_t *)text, len + 1);
}

/* --- qtest: lines to the button, lines from the LED ------------------------------------------------ */

static void qtest_say(struct cw_tz_board *b, const char *line)
{
    if (b->state == STATE_RUNNING
            && send(b->qemu.qtest, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) {
        cw_log_warn("QEMU does not take what the button does");
    }
}

static void button_tell(struct cw_tz_board *b)
{
    char line[160];
    if (b->facts.gpio[0] != 0) {
        (void)snprintf(line, sizeof line, "set_irq_in %s unnamed-gpio-in %d %d\n", b->facts.gpio,
                TZ_LINE_BUTTON, b->is_button ? 1 : 0);
        qtest_say(b, line);
    }
}

static void gpio_watch(struct cw_tz_board *b)
{
    char line[160];
    if (b->facts.gpio[0] != 0 && b->state == STATE_RUNNING) {
        (void)snprintf(line, sizeof line, "irq_intercept_out %s\n", b->facts.gpio);
        qtest_say(b, line);
        if (b->is_button) {
            button_tell(b);
        }
    }
}

static void take_qtest(void *ctx, const char *line)
{
    struct cw_tz_board *b = ctx;
    char what[8];
    unsigned number;
    if (line == NULL || sscanf(line, "IRQ %7s %u", what, &number) != 2) {
        if (line == NULL || strncmp(line, "OK", 2) != 0) {
            cw_log_warn("QEMU's test interface: %s", line != NULL ? line : "a line too long");
        }
        return;
    }
    const bool is_up = strcmp(what, "raise") == 0;
    if (number == TZ_LINE_LED && is_up != b->is_led) {
        b->is_led = is_up;
        say(b, "event led %d", is_up ? 1 : 0);
    } else if (number == TZ_LINE_POWER_OFF && is_up) {
        b->asks_power_off = true;
    } else if (number == TZ_LINE_RESET && is_up) {
        b->asks_reset = true;
    }
}

static void read_qtest(struct cw_tz_board *b)
{
    uint8_t bytes[512];
    ssize_t got;
    while (b->state == STATE_RUNNING
            && (got = recv(b->qemu.qtest, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        cw_socket_lines_put(&b->qtest_lines, bytes, (size_t)got, take_qtest, b);
    }
}

/* --- the secure console ------------------------------------------------------------------------------ */

static void keep(struct cw_tz_board *b, const uint8_t *bytes, size_t len)
{
    static const char end[] = "\n(the log ends here: it is full)\n";
    if (b->log < 0 || b->logged_len >= LOG_MAX) {
        return;
    }
    b->logged_len += (long)len;
    if (write(b->log, bytes, len) != (ssize_t)len) {
        cw_log_warn("cannot write %s: %s", b->log_path, strerror(errno));
        b->logged_len = LOG_MAX;
    } else if (b->logged_len >= LOG_MAX) {
        (void)!write(b->log, end, sizeof end - 1);
    }
}

/* Printable bytes alone: it is told in logs and in a status. */
static void note_said(void *ctx, const char *line)
{
    struct cw_tz_board *b = ctx;
    size_t len = 0;
    for (const char *c = line; c != NULL && *c != 0 && len < sizeof b->said - 1; c++) {
        if ((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f) {
            b->said[len++] = *c;
        }
    }
    if (len > 0) {
        b->said[len] = 0;
    }
}

static void read_console(struct cw_tz_board *b)
{
    uint8_t bytes[4096];
    ssize_t got;
    while (b->state == STATE_RUNNING
            && (got = recv(b->qemu.console, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        keep(b, bytes, (size_t)got);
        cw_socket_lines_put(&b->said_lines, bytes, (size_t)got, note_said, b);
        (void)cw_socket_write(&b->console, bytes, (size_t)got);
    }
}

/* As much as the UART takes; the rest waits in the client's socket. */
static void write_console(struct cw_tz_board *b)
{
    uint8_t bytes[256];
    const size_t len = cw_socket_read(&b->console, bytes, sizeof bytes);
    if (len != 0 && b->state == STATE_RUNNING
            && send(b->qemu.console, bytes, len, MSG_NOSIGNAL) != (ssize_t)len) {
        cw_log_warn("the secure console does not take what is typed");
    }
}

/* --- power ---------------------------------------------------------------------------------------------- */

/* QEMU removes the paths of its listeners when it ends; and whoever waited there waits no more. */
static cw_status open_links(struct cw_tz_board *b)
{
    cw_socket_close(&b->link);
    cw_socket_close(&b->probe);
    cw_status status = cw_socket_open(&b->link, b->options->link);
    status = status == CW_OK ? cw_socket_open(&b->probe, b->options->probe) : status;
    b->chip.link = b->link.listener;
    b->chip.probe = b->probe.listener;
    return status;
}

/* What starts Linux, made anew for each start: the seeds in it are of this one. */
static cw_status prepare_linux(struct cw_tz_board *b)
{
    static uint8_t bytes[CW_LINUX_START_MAX];
    struct stat initramfs = {.st_size = 0};
    uint8_t *tree = NULL;
    size_t tree_len = 0, len = 0;

    if (b->chip.kernel == NULL) {
        return CW_OK;
    }
    if (b->chip.initramfs != NULL && stat(b->chip.initramfs, &initramfs) != 0) {
        cw_log_error("cannot read %s: %s", b->chip.initramfs, strerror(errno));
        return CW_E_SYSTEM;
    }
    cw_status status = cw_qemu_tree(&b->chip, &tree, &tree_len);
    if (status == CW_OK) {
        status = cw_linux_start(tree, tree_len, (uint64_t)initramfs.st_size, LINUX_ARGUMENTS, bytes,
                &len);
        if (status != CW_OK) {
            cw_log_error("QEMU's device tree is not of a machine for Linux");
        }
    }
    if (b->chip.start < 0) {
        b->chip.start = memfd_create("start", MFD_CLOEXEC);
    }
    if (status == CW_OK && (ftruncate(b->chip.start, 0) != 0
            || pwrite(b->chip.start, bytes, len, 0) != (ssize_t)len)) {
        cw_log_error("cannot keep what starts Linux: %s", strerror(errno));
        status = CW_E_SYSTEM;
    }
    free(tree);
    return status;
}

static cw_status start(struct cw_tz_board *b)
{
    b->is_led = b->asks_reset = b->asks_power_off = false;
    b->qtest_lines = b->said_lines = (struct cw_socket_lines){.len = 0};
    b->why[0] = b->said[0] = 0;
    cw_status status = open_links(b);
    status = status == CW_OK ? prepare_linux(b) : status;
    status = status == CW_OK ? cw_qemu_start(&b->qemu, &b->chip) : status;
    if (status == CW_OK) {
        b->state = STATE_RUNNING;
        b->started_ms = now_ms();
        b->starts++;
        gpio_watch(b);
    }
    return status;
}

/* What it said before it ended is still heard; nobody waits at a link that nobody serves. */
static int stop(struct cw_tz_board *b, board_state state)
{
    int exit_status = 0;
    if (b->state == STATE_RUNNING) {
        read_qtest(b);
        read_console(b);
        cw_qemu_end(&b->qemu, &exit_status, b->why, sizeof b->why);
    }
    cw_socket_close(&b->link);
    cw_socket_close(&b->probe);
    b->state = state;
    b->is_led = false;
    return exit_status;
}

static void end(struct cw_tz_board *b, const char *why)
{
    (void)snprintf(b->why, sizeof b->why, "%s", why);
    cw_log_error("the board stands still: %s; `power cycle` starts it anew", b->why);
    say(b, "event ended %s", b->why);
}

static void take_facts(struct cw_tz_board *b);

static void restart(struct cw_tz_board *b, const char *reason)
{
    const bool is_short = now_ms() - b->started_ms < SHORT_LIFE_MS;
    b->short_lives = is_short ? b->short_lives + 1 : 0;
    if (b->short_lives > SHORT_LIVES_MAX) {
        char why[WHY_LEN];
        (void)snprintf(why, sizeof why, "it resets itself again and again; its secure console said %s%s",
                b->said[0] != 0 ? "last: " : "nothing", b->said);
        b->state = STATE_ENDED;
        end(b, why);
        return;
    }
    say(b, "event reset %s", reason);
    if (start(b) != CW_OK) {
        b->state = STATE_ENDED;
        end(b, "QEMU does not start");
    }
}

/* QEMU ended by itself. */
static void take_end(struct cw_tz_board *b)
{
    char why[WHY_LEN];
    const bool is_first = b->starts == 1 && now_ms() - b->started_ms < SHORT_LIFE_MS;
    const int exit_status = stop(b, STATE_ENDED);
    if (exit_status != 0 || b->why[0] != 0) {
        (void)snprintf(why, sizeof why, "QEMU ended with status %d%s%.140s", exit_status,
                b->why[0] != 0 ? ": " : "", b->why);
        end(b, why);
        b->has_failed = b->is_quit = is_first; /* it never ran */
    } else if (b->asks_reset || (b->facts_fd >= 0 && !b->asks_power_off)) {
        /* So early nobody looks at the GPIO yet: its next life tells which of the two it wanted. */
        if (b->facts_fd >= 0) {
            take_facts(b);
        }
        restart(b, "firmware");
    } else {
        b->state = STATE_OFF;
        say(b, "event power off");
    }
}

static bool power(struct cw_tz_board *b, bool is_on)
{
    if (!is_on && b->state != STATE_OFF) {
        (void)stop(b, STATE_OFF);
        say(b, "event power off");
    } else if (is_on && b->state != STATE_RUNNING) {
        b->short_lives = 0;
        if (start(b) != CW_OK) {
            return false;
        }
        say(b, "event power on");
    }
    return true;
}

/* --- commands --------------------------------------------------------------------------------------------- */

static void status_reply(struct cw_tz_board *b)
{
    static const char *const names[] = {"off", "running", "ended"};
    char why[WHY_LEN];
    size_t len = 0;
    for (const char *c = b->why; *c != 0; c++) {
        why[len++] = *c == '"' || *c == '\\' || (unsigned char)*c < 0x20 ? '\'' : *c;
    }
    why[len] = 0;
    say(b, "ok {\"power\": \"%s\", \"state\": \"%s\", \"reason\": \"%s\", \"led\": %d, "
           "\"button\": %d, \"starts\": %" PRIu64 ", \"emulated\": true, \"qemu\": \"%s\"}",
            b->state == STATE_OFF ? "off" : "on", names[b->state], why, b->is_led ? 1 : 0,
            b->is_button ? 1 : 0, b->starts, b->facts.version);
}

static void button(struct cw_tz_board *b, bool is_down, uint64_t release_ms)
{
    b->is_button = is_down;
    b->release_ms = release_ms;
    button_tell(b);
}

/* Commands that only a running board follows. */
static bool device_command(struct cw_tz_board *b, const char *line)
{
    if (strcmp(line, CW_BOARD_PRESS) == 0) {
        button(b, true, now_ms() + CW_BOARD_PRESS_MS);
    } else if (strcmp(line, CW_BOARD_RELEASE) == 0 || strcmp(line, CW_BOARD_BUTTON_UP) == 0) {
        button(b, false, NEVER);
    } else if (strcmp(line, CW_BOARD_BUTTON_DOWN) == 0) {
        button(b, true, NEVER);
    } else {
        return false;
    }
    return true;
}

static bool power_command(struct cw_tz_board *b, const char *line, bool *ret_good)
{
    if (strcmp(line, CW_BOARD_POWER_ON) == 0) {
        *ret_good = power(b, true);
    } else if (strcmp(line, CW_BOARD_POWER_OFF) == 0) {
        *ret_good = power(b, false);
    } else if (strcmp(line, CW_BOARD_POWER_CYCLE) == 0) {
        *ret_good = power(b, false) && power(b, true);
    } else if (strcmp(line, CW_BOARD_RESET) == 0 && b->state != STATE_OFF) {
        (void)stop(b, STATE_ENDED);
        b->short_lives = 0;
        restart(b, "control");
        *ret_good = b->state == STATE_RUNNING;
    } else {
        return false;
    }
    return true;
}

static void take_command(void *ctx, const char *line)
{
    struct cw_tz_board *b = ctx;
    bool is_good = true;
    if (line == NULL) {
        say(b, "error line too long");
    } else if (strcmp(line, CW_BOARD_STATUS) == 0) {
        status_reply(b);
    } else if (strcmp(line, CW_BOARD_LED) == 0) {
        say(b, "ok %d", b->is_led ? 1 : 0);
    } else if (strcmp(line, CW_BOARD_QUIT) == 0) {
        b->is_quit = true;
        say(b, "ok");
    } else if (power_command(b, line, &is_good)) {
        say(b, is_good ? "ok" : "error QEMU does not start: see the program's log");
    } else if (b->state == STATE_OFF) {
        say(b, "error the power is off: send `power on`");
    } else if (b->state == STATE_ENDED) {
        say(b, "error it stands still, %s: send `power cycle`", b->why);
    } else if (b->facts.gpio[0] == 0) {
        say(b, "error the board is starting: try again");
    } else if (device_command(b, line)) {
        say(b, "ok");
    } else {
        say(b, "error unknown command: press, release, button 0|1, led?, reset, "
               "power on|off|cycle, status, quit");
    }
}

static void read_control(struct cw_tz_board *b)
{
    uint8_t bytes[512];
    size_t len;
    while ((len = cw_socket_read(&b->control, bytes, sizeof bytes)) != 0) {
        cw_socket_lines_put(&b->control_lines, bytes, len, take_command, b);
    }
}

/* --- the loop ----------------------------------------------------------------------------------------------- */

static void take_facts(struct cw_tz_board *b)
{
    const ssize_t got = read(b->facts_fd, &b->facts, sizeof b->facts);
    (void)close(b->facts_fd);
    b->facts_fd = -1;
    (void)waitpid(b->facts_pid, NULL, 0);
    if (got != (ssize_t)sizeof b->facts) {
        b->facts = (struct cw_qemu_facts){.why = "QEMU does not say which devices it has"};
    }
    if (b->facts.why[0] != 0) {
        cw_log_error("%s", b->facts.why);
        b->has_failed = b->is_quit = true;
        return;
    }
    gpio_watch(b);
}

static int patience_ms(const struct cw_tz_board *b)
{
    if (b->release_ms == NEVER) {
        return -1;
    }
    const uint64_t now = now_ms();
    return b->release_ms > now ? (int)(b->release_ms - now) : 0;
}

static void turn(struct cw_tz_board *b)
{
    enum { SIGNALS, FACTS, ENDED, QTEST, CONSOLE, CLIENT, TYPED, DOOR, DOOR_TOO, COUNT };
    const bool runs = b->state == STATE_RUNNING;
    struct pollfd fds[COUNT] = {
            [SIGNALS] = {.fd = b->signals, .events = POLLIN},
            [FACTS] = {.fd = b->facts_fd, .events = POLLIN},
            [ENDED] = {.fd = runs ? b->qemu.pid_fd : -1, .events = POLLIN},
            [QTEST] = {.fd = runs ? b->qemu.qtest : -1, .events = POLLIN},
            [CONSOLE] = {.fd = runs ? b->qemu.console : -1, .events = POLLIN},
            [CLIENT] = {.fd = b->control.client, .events = POLLIN},
            [TYPED] = {.fd = runs ? b->console.client : -1, .events = POLLIN},
            [DOOR] = {.fd = b->control.listener, .events = POLLIN},
            [DOOR_TOO] = {.fd = b->console.listener, .events = POLLIN},
    };
    if (poll(fds, COUNT, patience_ms(b)) < 0) {
        return;
    }
    read_qtest(b);
    read_console(b);
    if ((fds[SIGNALS].revents & POLLIN) != 0) {
        b->is_quit = true;
    }
    if (fds[FACTS].revents != 0) {
        take_facts(b);
    }
    if (fds[ENDED].revents != 0) {
        take_end(b);
    }
    if (b->release_ms != NEVER && now_ms() >= b->release_ms) {
        button(b, false, NEVER);
    }
    if (cw_socket_accept(&b->control)) {
        b->control_lines = (struct cw_socket_lines){.len = 0};
    }
    (void)cw_socket_accept(&b->console);
    read_control(b);
    write_console(b);
}

static cw_status open_signals(struct cw_tz_board *b)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    b->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return b->signals >= 0 ? CW_OK : CW_E_SYSTEM;
}

static cw_status open_logs(struct cw_tz_board *b)
{
    if (b->options->console == NULL) {
        return CW_OK;
    }
    if (asprintf(&b->log_path, "%s.log", b->options->console) < 0
            || asprintf(&b->normal_log_path, "%s.normal.log", b->options->console) < 0) {
        cw_log_error("no memory");
        return CW_E_SYSTEM;
    }
    b->log = open(b->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (b->log < 0) {
        cw_log_error("cannot write %s: %s", b->log_path, strerror(errno));
        return CW_E_SYSTEM;
    }
    return CW_OK;
}

static cw_status open_all(struct cw_tz_board *b)
{
    const struct cw_tz_board_options *o = b->options;
    cw_status status = open_signals(b);
    status = status == CW_OK ? cw_socket_open(&b->console, o->console) : status;
    status = status == CW_OK ? cw_socket_open(&b->control, o->control) : status;
    status = status == CW_OK ? open_logs(b) : status;
    b->chip = (struct cw_qemu_options){.flash = o->flash, .normal = o->normal,
            .kernel = o->kernel, .initramfs = o->initramfs, .forward = o->forward,
            .log = b->normal_log_path, .link = -1, .probe = -1, .start = -1};
    return status;
}

cw_status cw_tz_board_serve(const struct cw_tz_board_options *options)
{
    const struct cw_socket none = {.listener = -1, .client = -1};
    struct cw_tz_board b = {.options = options, .link = none, .probe = none, .console = none,
            .control = none, .facts_fd = -1, .signals = -1, .log = -1, .release_ms = NEVER,
            .qemu = {.pid_fd = -1, .qtest = -1, .console = -1, .errors = -1}};
    cw_status status = open_all(&b);
    status = status == CW_OK ? start(&b) : status;
    status = status == CW_OK ? cw_qemu_ask(&b.chip, &b.facts_fd, &b.facts_pid) : status;
    while (status == CW_OK && !b.is_quit) {
        turn(&b);
    }
    (void)stop(&b, STATE_OFF);
    if (b.facts_fd >= 0) {
        (void)kill(b.facts_pid, SIGKILL);
        (void)waitpid(b.facts_pid, NULL, 0);
        (void)close(b.facts_fd);
    }
    cw_socket_close(&b.control);
    cw_socket_close(&b.console);
    cw_socket_close(&b.probe);
    cw_socket_close(&b.link);
    if (b.log >= 0) {
        (void)close(b.log);
    }
    if (b.signals >= 0) {
        (void)close(b.signals);
    }
    if (b.chip.start >= 0) {
        (void)close(b.chip.start);
    }
    free(b.log_path);
    free(b.normal_log_path);
    return status == CW_OK && b.has_failed ? CW_E_SYSTEM : status;
}
