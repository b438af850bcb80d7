/* SPDX-License-Identifier: MIT */
#include "posix/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "posix/log.h"

/* A socket that nobody listens on any more is left from a program that was killed. */
static void remove_stale(const char *path, const struct sockaddr_un *address)
{
    struct stat info;
    int probe;

    if (lstat(path, &info) != 0 || !S_ISSOCK(info.st_mode)) {
        return;
    }
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return;
    }
    if (connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 &&
            errno == ECONNREFUSED) {
        (void)unlink(path);
    }
    (void)close(probe);
}

cw_status cw_socket_open(struct cw_socket *s, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *s = (struct cw_socket){.path = path, .listener = -1, .client = -1};
    if (path == NULL) {
        return CW_OK;
    }
    if (strlen(path) >= sizeof address.sun_path) {
        cw_log_error("the socket's path %s is too long: give one of at most %zu bytes", path,
                sizeof address.sun_path - 1);
        return CW_E_SYSTEM;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    remove_stale(path, &address);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listener < 0 ||
            bind(s->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
            listen(s->listener, 4) != 0) {
        cw_log_error("cannot listen on %s: %s", path, strerror(errno));
        if (s->listener >= 0) {
            (void)close(s->listener);
        }
        s->path = NULL;
        s->listener = -1;
        return CW_E_SYSTEM;
    }
    return CW_OK;
}

cw_status cw_socket_open_port(struct cw_socket *s, uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int on = 1;

    *s = (struct cw_socket){.listener = -1, .client = -1};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listener < 0 ||
            setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
            /* inherited by the client: each answer is waited for */
            setsockopt(s->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
            bind(s->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
            listen(s->listener, 4) != 0 ||
            getsockname(s->listener, (struct sockaddr *)&address, &len) != 0) {
        cw_log_error("cannot listen on 127.0.0.1:%u: %s", port, strerror(errno));
        if (s->listener >= 0) {
            (void)close(s->listener);
            s->listener = -1;
        }
        return CW_E_SYSTEM;
    }
    *ret_port = ntohs(address.sin_port);
    return CW_OK;
}

void cw_socket_drop(struct cw_socket *s)
{
    if (s->client >= 0) {
        (void)close(s->client);
        s->client = -1;
    }
}

void cw_socket_close(struct cw_socket *s)
{
    cw_socket_drop(s);
    if (s->listener >= 0) {
        (void)close(s->listener);
        if (s->path != NULL) {
            (void)unlink(s->path);
        }
        s->listener = -1;
    }
}

bool cw_socket_accept(struct cw_socket *s)
{
    int client;

    if (s->listener < 0) {
        return false;
    }
    client = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) {
        return false;
    }
    if (s->keeps_client && s->client >= 0) {
        (void)close(client);
        return false;
    }
    cw_socket_drop(s);
    s->client = client;
    return true;
}

size_t cw_socket_read(struct cw_socket *s, uint8_t *ret_bytes, size_t cap)
{
    ssize_t got;

    if (s->client < 0 || cap == 0) {
        return 0;
    }
    got = recv(s->client, ret_bytes, cap, 0);
    if (got > 0) {
        return (size_t)got;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        cw_socket_drop(s);
    }
    return 0;
}

void cw_socket_lines_put(struct cw_socket_lines *lines, const uint8_t *bytes, size_t len,
        void (*take)(void *ctx, const char *line), void *ctx)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            const bool is_whole = !lines->is_too_long;

            lines->bytes[lines->len] = 0;
            lines->len = 0;
            lines->is_too_long = false;
            take(ctx, is_whole ? lines->bytes : NULL);
        } else if (lines->len == sizeof lines->bytes - 1) {
            lines->is_too_long = true;
        } else if (bytes[i] != '\r') {
            lines->bytes[lines->len++] = (char)bytes[i];
        }
    }
}

size_t cw_socket_write(struct cw_socket *s, const uint8_t *bytes, size_t len)
{
    size_t done = 0;

    while (s->client >= 0 && done < len) {
        ssize_t sent = send(s->client, bytes + done, len - done, MSG_NOSIGNAL);

        if (sent > 0) {
            done += (size_t)sent;
        } else if (errno == EAGAIN) {
            return done;
        } else if (errno != EINTR) {
            cw_socket_drop(s);
        }
    }
    return s->client >= 0 ? done : len;
}
