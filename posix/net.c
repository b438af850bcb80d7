/* SPDX-License-Identifier: MIT */
#include "posix/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static cw_status port_number(const char *text, uint16_t *ret_port)
{
    unsigned value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && value <= UINT16_MAX; p++) {
        value = value * 10 + (unsigned)(*p - '0');
    }
    if (p == text || *p != '\0' || value > UINT16_MAX) {
        return CW_E_FORM;
    }
    *ret_port = (uint16_t)value;
    return CW_OK;
}

cw_status cw_net_split(const char *text, char *ret_host, uint16_t *ret_port)
{
    const char *host = text;
    const char *end;
    const char *port;
    if (text[0] == '[') {
        host = text + 1;
        end = strchr(host, ']');
        if (end == NULL || end[1] != ':' || memchr(host, ':', (size_t)(end - host)) == NULL) {
            return CW_E_FORM;
        }
        port = end + 2;
    } else {
        end = strchr(text, ':');
        if (end == NULL || strchr(end + 1, ':') != NULL) {
            return CW_E_FORM;
        }
        port = end + 1;
    }
    const size_t len = (size_t)(end - host);
    if (len == 0 || len >= CW_NET_HOST_CAP) {
        return CW_E_FORM;
    }
    const cw_status status = port_number(port, ret_port);
    if (status != CW_OK) {
        return status;
    }
    memcpy(ret_host, host, len);
    ret_host[len] = '\0';
    return CW_OK;
}

static cw_status look_up(const char *text, int flags, struct addrinfo **ret_list)
{
    char host[CW_NET_HOST_CAP];
    uint16_t port;
    const cw_status status = cw_net_split(text, host, &port);
    if (status != CW_OK) {
        return status;
    }
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    const struct addrinfo hints = {
            .ai_flags = flags | AI_NUMERICSERV | AI_PASSIVE,
            .ai_socktype = SOCK_STREAM,
    };
    const bool any = strcmp(host, "*") == 0;
    return getaddrinfo(any ? NULL : host, service, &hints, ret_list) == 0 ? CW_OK : CW_E_ABSENT;
}

static cw_status first_of(const char *text, int flags, struct cw_net_address *ret_address)
{
    struct addrinfo *list = NULL;
    const cw_status status = look_up(text, flags, &list);
    if (status != CW_OK) {
        return status;
    }
    memset(ret_address, 0, sizeof *ret_address);
    memcpy(&ret_address->storage, list->ai_addr, list->ai_addrlen);
    ret_address->len = list->ai_addrlen;
    freeaddrinfo(list);
    return CW_OK;
}

cw_status cw_net_parse(const char *text, struct cw_net_address *ret_address)
{
    return first_of(text, AI_NUMERICHOST, ret_address);
}

cw_status cw_net_resolve(const char *text, struct cw_net_address *ret_address)
{
    return first_of(text, 0, ret_address);
}

void cw_net_print(const struct sockaddr *address, char *ret_text)
{
    char host[INET6_ADDRSTRLEN] = "?";
    unsigned port = 0;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        port = ntohs(in.sin_port);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
        port = ntohs(in6.sin6_port);
    }
    const bool brackets = address->sa_family == AF_INET6;
    snprintf(ret_text, CW_NET_TEXT_CAP, "%s%s%s:%u", brackets ? "[" : "", host,
            brackets ? "]" : "", port);
}

bool cw_net_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    return false;
}

/* connect(2) with a time limit, on a socket that is blocking before and after. */
static cw_status connect_within(int fd, const struct addrinfo *to, uint32_t timeout_ms)
{
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return CW_E_SYSTEM;
    }
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
        if (errno != EINPROGRESS) {
            return CW_E_SYSTEM;
        }
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        const int ready = poll(&wait, 1, (int)timeout_ms);
        if (ready == 0) {
            errno = ETIMEDOUT;
        }
        if (ready <= 0) {
            return CW_E_SYSTEM;
        }
        int error = 0;
        socklen_t len = sizeof error;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
            errno = error != 0 ? error : errno;
            return CW_E_SYSTEM;
        }
    }
    return fcntl(fd, F_SETFL, flags) == 0 ? CW_OK : CW_E_SYSTEM;
}

static cw_status connect_one(const struct addrinfo *to, uint32_t timeout_ms, int *ret_fd)
{
    const int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return CW_E_SYSTEM;
    }
    const struct timeval limit = {
            .tv_sec = timeout_ms / 1000,
            .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000,
    };
    const int on = 1;
    cw_status status = connect_within(fd, to, timeout_ms);
    if (status == CW_OK &&
            (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)) {
        status = CW_E_SYSTEM;
    }
    if (status != CW_OK) {
        const int why = errno;
        close(fd);
        errno = why;
        return status;
    }
    *ret_fd = fd;
    return CW_OK;
}

cw_status cw_net_connect(const char *text, uint32_t timeout_ms, int *ret_fd)
{
    struct addrinfo *list = NULL;
    cw_status status = look_up(text, 0, &list);
    if (status != CW_OK) {
        return status;
    }
    status = CW_E_SYSTEM;
    for (const struct addrinfo *to = list; to != NULL && status != CW_OK; to = to->ai_next) {
        status = connect_one(to, timeout_ms, ret_fd);
    }
    const int why = errno;
    freeaddrinfo(list);
    errno = why;
    return status;
}
