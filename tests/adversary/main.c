/* SPDX-License-Identifier: MIT */
/*
 * causeway-adversary: a hostile network between nodes, for tests and the demo.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "posix/args.h"
#include "posix/log.h"
#include "tests/adversary/command.h"
#include "tests/adversary/proxy.h"

#define CLIENT_MAX 8u

/* Somebody who gives commands: a connection to the control socket, or the terminal. */
struct client {
    int in; /* -1: a free row */
    int out;
    char *line;
    size_t line_len;
};

struct adversary {
    struct cw_proxy proxy;
    struct cw_world world;
    struct client clients[CLIENT_MAX];
    int control;
    int signals;
    const char *control_path;
    const char *listen_text; /* of a pair whose --forward is still to come */
    bool is_done;
};

static const struct cw_args_option options[] = {
        {"listen", "ADDRESS...", "accept here (port 0: any) what --forward, its neighbour, names"},
        {"forward", "ADDRESS...", "where what was accepted goes"},
        {"control", "PATH", "a Unix socket for commands; without it, standard input"},
        {"world", "PATH", "the second console of a TrustZone board (causeway-trustzone --probe PATH)"},
        {"help", NULL, "this text"},
        {"version", NULL, "the version of the program"},
        {NULL, NULL, NULL},
};

static bool take(void *ctx, size_t index, const char *value)
{
    struct adversary *a = ctx;
    switch (index) {
    case 0:
        a->listen_text = value;
        return true;
    case 1:
        if (a->listen_text == NULL) {
            cw_log_error("--forward %s: name its --listen first", value);
            return false;
        }
        if (cw_proxy_pair(&a->proxy, a->listen_text, value) != CW_OK) {
            return false;
        }
        a->listen_text = NULL;
        return true;
    case 2:
        a->control_path = value;
        return true;
    default:
        a->world.path = value;
        return true;
    }
}

/* Less than zero: go on; else the exit status. */
static int read_arguments(struct adversary *a, int argc, char **argv)
{
    const struct cw_args_program program = {
            .name = "causeway-adversary",
            .usage = "usage: causeway-adversary --listen ADDRESS --forward ADDRESS ... [--world PATH] "
                     "[--control PATH]\n\n"
                     "Stands between nodes.  TLS passes untouched; link messages are recorded, and dropped,\n"
                     "delayed, reordered, changed, repeated or made up as commands say.  Prints a line of\n"
                     "JSON when it listens; each command, see below, gets a line of JSON.\n\n"
                     "Exit status: 0 ended by a signal, by quit or by the end of standard input;\n"
                     "1 failed; 2 wrong use.\n",
            .exits = cw_command_help,
            .operand = "not expected",
            .options = options,
            .take = take,
    };
    const cw_args_verdict verdict = cw_args_read(&program, argc, argv, a);
    if (verdict != CW_ARGS_GO) {
        return verdict == CW_ARGS_ANSWERED ? 0 : 2;
    }
    if ((a->proxy.pair_count == 0 && a->world.path == NULL) || a->listen_text != NULL) {
        cw_log_error("expected --listen ADDRESS --forward ADDRESS, or --world PATH; --help tells "
                     "more");
        return 2;
    }
    return -1;
}

static void drop_client(struct adversary *a, struct client *c)
{
    if (c->in == STDIN_FILENO) {
        a->is_done = true;
    } else {
        close(c->in);
    }
    free(c->line);
    *c = (struct client){.in = -1, .out = -1};
}

static void add_client(struct adversary *a, int in, int out)
{
    for (size_t i = 0; i < CLIENT_MAX; i++) {
        struct client *c = &a->clients[i];
        if (c->in < 0) {
            char *line = malloc(CW_COMMAND_LINE_MAX);
            if (line == NULL) {
                break;
            }
            *c = (struct client){in, out, line, 0};
            return;
        }
    }
    close(in);
}

/* Answers are waited for by whoever asked: a blocking write with the patience of the socket. */
static bool answer(struct adversary *a, const struct client *c, char *line)
{
    char *text = cw_command_run(&a->proxy, &a->world, line, &a->is_done);
    if (text == NULL) {
        return false;
    }
    const size_t len = strlen(text);
    text[len] = '\n';
    size_t done_len = 0;
    while (done_len < len + 1) {
        const ssize_t n = write(c->out, text + done_len, len + 1 - done_len);
        if (n <= 0 && errno != EINTR) {
            break;
        }
        done_len += n > 0 ? (size_t)n : 0;
    }
    free(text);
    return done_len == len + 1;
}

static void serve_client(struct adversary *a, struct client *c)
{
    const ssize_t n =
            read(c->in, c->line + c->line_len, CW_COMMAND_LINE_MAX - 1 - c->line_len);
    if (n <= 0) {
        drop_client(a, c);
        return;
    }
    c->line_len += (size_t)n;
    char *end;
    while ((end = memchr(c->line, '\n', c->line_len)) != NULL) {
        *end = '\0';
        const size_t used = (size_t)(end - c->line) + 1;
        if (!answer(a, c, c->line)) {
            drop_client(a, c);
            return;
        }
        memmove(c->line, c->line + used, c->line_len - used);
        c->line_len -= used;
    }
    if (c->line_len == CW_COMMAND_LINE_MAX - 1) {
        drop_client(a, c);
    }
}

static bool listen_for_commands(struct adversary *a)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (strlen(a->control_path) >= sizeof name.sun_path) {
        cw_log_error("%s: too long for a socket's name", a->control_path);
        return false;
    }
    strcpy(name.sun_path, a->control_path);
    (void)unlink(a->control_path);
    a->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (a->control < 0 || bind(a->control, (const struct sockaddr *)&name, sizeof name) != 0
            || listen(a->control, (int)CLIENT_MAX) != 0) {
        cw_log_error("cannot listen at %s: %s", a->control_path, strerror(errno));
        return false;
    }
    return true;
}

static bool get_ready(struct adversary *a)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    a->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (a->signals < 0 || (a->control_path != NULL && !listen_for_commands(a))) {
        return false;
    }
    if (a->control_path == NULL) {
        add_client(a, STDIN_FILENO, STDOUT_FILENO);
    }
    char line[] = "status";
    return answer(a, &(struct client){.out = STDOUT_FILENO}, line);
}

static void accept_client(struct adversary *a)
{
    const int fd = accept4(a->control, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        const struct timeval patience = {.tv_sec = 5};
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        add_client(a, fd, fd);
    }
}

static void run(struct adversary *a)
{
    while (!a->is_done) {
        struct pollfd fds[CW_PROXY_POLL_MAX + CLIENT_MAX + 2];
        const nfds_t proxied = cw_proxy_poll(&a->proxy, fds);
        for (size_t i = 0; i < CLIENT_MAX; i++) {
            fds[proxied + i] = (struct pollfd){.fd = a->clients[i].in, .events = POLLIN};
        }
        const nfds_t last = proxied + CLIENT_MAX;
        fds[last] = (struct pollfd){.fd = a->control, .events = POLLIN};
        fds[last + 1] = (struct pollfd){.fd = a->signals, .events = POLLIN};
        if (poll(fds, last + 2, cw_proxy_timeout_ms(&a->proxy)) < 0) {
            if (errno == EINTR) {
                continue;
            }
            cw_log_error("poll: %s", strerror(errno));
            return;
        }
        cw_proxy_serve(&a->proxy, fds, proxied);
        for (size_t i = 0; i < CLIENT_MAX; i++) {
            if (fds[proxied + i].revents != 0 && a->clients[i].in >= 0) {
                serve_client(a, &a->clients[i]);
            }
        }
        if (fds[last].revents != 0) {
            accept_client(a);
        }
        if (fds[last + 1].revents != 0) {
            a->is_done = true;
        }
    }
}

int main(int argc, char **argv)
{
    cw_log_setup("causeway-adversary", CW_LOG_INFO, false);
    struct adversary *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return 1;
    }
    a->control = -1;
    a->world.fd = -1;
    for (size_t i = 0; i < CLIENT_MAX; i++) {
        a->clients[i].in = -1;
    }
    cw_proxy_open(&a->proxy);
    int status = read_arguments(a, argc, argv);
    if (status >= 0) {
        goto close_proxy;
    }
    status = 0;
    if (!get_ready(a)) {
        status = 1;
        goto close_control;
    }
    run(a);
close_control:
    for (size_t i = 0; i < CLIENT_MAX; i++) {
        if (a->clients[i].in >= 0) {
            drop_client(a, &a->clients[i]);
        }
    }
    if (a->control >= 0) {
        close(a->control);
        (void)unlink(a->control_path);
    }
close_proxy:
    cw_world_close(&a->world);
    cw_proxy_close(&a->proxy);
    free(a);
    return status;
}
