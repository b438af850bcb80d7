/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "posix/net.h"
#include "posix/tls.h"

struct cw_tls_client {
    struct cw_tls *tls;
    int fd;
};

static cw_status send_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t put = send(fd, bytes, len, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return CW_E_SYSTEM;
        }
        bytes += put;
        len -= (size_t)put;
    }
    return CW_OK;
}

/* Send what the engine has for the network. */
static cw_status drain(struct cw_tls_client *client)
{
    uint8_t bytes[16384];
    for (;;) {
        size_t len = 0;
        cw_tls_pull(client->tls, bytes, sizeof bytes, &len);
        if (len == 0) {
            return CW_OK;
        }
        const cw_status status = send_all(client->fd, bytes, len);
        if (status != CW_OK) {
            return status;
        }
    }
}

/* Give the engine one piece of what the network has. */
static cw_status feed(struct cw_tls_client *client)
{
    uint8_t bytes[16384];
    ssize_t got;
    do {
        got = recv(client->fd, bytes, sizeof bytes, 0);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        errno = ECONNRESET;
    }
    if (got < 0 && errno == EAGAIN) {
        errno = ETIMEDOUT;
    }
    return got > 0 ? cw_tls_push(client->tls, bytes, (size_t)got) : CW_E_SYSTEM;
}

static cw_status shake_hands(struct cw_tls_client *client)
{
    cw_status status = drain(client);
    while (status == CW_OK && !cw_tls_is_ready(client->tls)) {
        status = feed(client);
        const cw_status sent = drain(client); /* an alert too */
        status = status == CW_OK ? sent : status;
    }
    return status;
}

cw_status cw_tls_client_connect(struct cw_tls_identity *identity, const char *address,
        const char *fingerprint, uint32_t timeout_ms, struct cw_tls_client **ret_client,
        char ret_why[static CW_TLS_WHY_CAP])
{
    struct cw_tls_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        snprintf(ret_why, CW_TLS_WHY_CAP, "no memory");
        return CW_E_SPACE;
    }
    client->fd = -1;
    cw_status status = cw_net_connect(address, timeout_ms, &client->fd);
    if (status != CW_OK) {
        snprintf(ret_why, CW_TLS_WHY_CAP, "cannot connect to %.100s: %s", address,
                status == CW_E_SYSTEM          ? strerror(errno)
                        : status == CW_E_ABSENT ? "no such host"
                                                : "not HOST:PORT or [IPV6]:PORT");
        goto close_client;
    }
    status = cw_tls_begin(identity, false, &client->tls);
    if (status == CW_OK) {
        status = shake_hands(client);
    }
    if (status != CW_OK) {
        snprintf(ret_why, CW_TLS_WHY_CAP, "no TLS 1.3 with %.100s: %s", address,
                status == CW_E_SYSTEM ? strerror(errno) : "it broke off; is this a causeway-node?");
        goto close_client;
    }
    if (fingerprint != NULL && strcmp(cw_tls_peer(client->tls), fingerprint) != 0) {
        snprintf(ret_why, CW_TLS_WHY_CAP, "%.100s has the key %.64s, not the pinned one", address,
                cw_tls_peer(client->tls));
        status = CW_E_AUTH;
        goto close_client;
    }
    *ret_client = client;
    return CW_OK;
close_client:
    cw_tls_client_close(client);
    return status;
}

const char *cw_tls_client_peer(const struct cw_tls_client *client)
{
    return cw_tls_peer(client->tls);
}

cw_status cw_tls_client_send(struct cw_tls_client *client, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        const size_t chunk = len < 65536 ? len : 65536;
        cw_status status = cw_tls_write(client->tls, bytes, chunk);
        if (status == CW_OK) {
            status = drain(client);
        }
        if (status != CW_OK) {
            return status == CW_E_STATE ? CW_E_AUTH : status;
        }
        bytes += chunk;
        len -= chunk;
    }
    return CW_OK;
}

cw_status cw_tls_client_receive(struct cw_tls_client *client, uint8_t *ret_bytes, size_t len)
{
    size_t have = 0;
    while (have < len) {
        size_t got = 0;
        cw_status status = cw_tls_read(client->tls, ret_bytes + have, len - have, &got);
        if (status == CW_OK) {
            have += got;
            continue;
        }
        if (status == CW_AGAIN) {
            status = feed(client);
        } else if (status == CW_E_ABSENT) {
            errno = ECONNRESET;
            status = CW_E_SYSTEM;
        }
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

void cw_tls_client_patience(struct cw_tls_client *client, uint32_t timeout_ms)
{
    const struct timeval limit = {
            .tv_sec = timeout_ms / 1000,
            .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000,
    };
    (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

void cw_tls_client_close(struct cw_tls_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->tls != NULL) {
        cw_tls_close(client->tls);
        if (client->fd >= 0) {
            (void)drain(client);
        }
        cw_tls_free(client->tls);
    }
    if (client->fd >= 0) {
        close(client->fd);
    }
    free(client);
}
