/* SPDX-License-Identifier: MIT */
/*
 * socket.h - a listening Unix or loopback socket with one client at a time.
 *
 * Trust    neutral.
 * Calls    Never blocks.
 */
#ifndef CW_POSIX_SOCKET_H
#define CW_POSIX_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct cw_socket {
    const char *path;   /* NULL: there is none */
    int listener, client;
    bool keeps_client;  /* a new one is turned away, instead of taking the old one's place */
};

/* cw_socket_open - CW_E_SYSTEM: a line was logged.  A path of NULL is fine. */
CW_MUST_CHECK cw_status cw_socket_open(struct cw_socket *socket, const char *path);

/* cw_socket_open_port - on 127.0.0.1; port 0: any free one. */
CW_MUST_CHECK cw_status cw_socket_open_port(struct cw_socket *socket, uint16_t port,
        uint16_t *ret_port);

/* cw_socket_drop - the client, if there is one. */
void cw_socket_drop(struct cw_socket *socket);

/* cw_socket_close - and remove the path. */
void cw_socket_close(struct cw_socket *socket);

/* cw_socket_accept - take a waiting client in place of the old one.  True: there was one. */
bool cw_socket_accept(struct cw_socket *socket);

/* cw_socket_read - 0: nothing now, or the client has gone. */
size_t cw_socket_read(struct cw_socket *socket, uint8_t *ret_bytes, size_t cap);

/* Lines of text that arrive in parts; all zeros at first, and for a new client. */
#define CW_SOCKET_LINE_MAX 256u /* with its end */

struct cw_socket_lines {
    char bytes[CW_SOCKET_LINE_MAX];
    size_t len;
    bool is_too_long;
};

/* cw_socket_lines_put - give each whole line, without its end, to take; NULL: it was too long. */
void cw_socket_lines_put(struct cw_socket_lines *lines, const uint8_t *bytes, size_t len,
        void (*take)(void *ctx, const char *line), void *ctx);

/* cw_socket_write - how many bytes the client took; all are "taken" when there is no client. */
size_t cw_socket_write(struct cw_socket *socket, const uint8_t *bytes, size_t len);

#endif
