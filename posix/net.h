/* SPDX-License-Identifier: MIT */
/*
 * net.h - addresses as people write them, and a blocking connection.
 *
 * What     host:port and [ipv6]:port.  A host is a number or a name; `*` listens everywhere.
 * Trust    As its user is.
 * Calls    cw_net_resolve and cw_net_connect block.
 */
#ifndef CW_POSIX_NET_H
#define CW_POSIX_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/status.h"

#define CW_NET_HOST_CAP 256u
#define CW_NET_TEXT_CAP 64u /* enough for every numeric address with its port */

struct cw_net_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/*
 * cw_net_split - take an address apart.
 *
 * ret_host  [CW_NET_HOST_CAP] bytes, without brackets
 *
 * CW_E_FORM  neither host:port nor [ipv6]:port, or the port is no number up to 65535
 */
CW_MUST_CHECK cw_status cw_net_split(const char *text, char *ret_host, uint16_t *ret_port);

/*
 * cw_net_parse - an address made of numbers only; asks nobody.
 *
 * CW_E_FORM    cw_net_split says so
 * CW_E_ABSENT  the host is a name
 */
CW_MUST_CHECK cw_status cw_net_parse(const char *text, struct cw_net_address *ret_address);

/* cw_net_resolve - the first address of a host that may be a name.  CW_E_ABSENT: unknown. */
CW_MUST_CHECK cw_status cw_net_resolve(const char *text, struct cw_net_address *ret_address);

/* cw_net_print - a numeric address as cw_net_parse reads it.  ret_text: [CW_NET_TEXT_CAP]. */
void cw_net_print(const struct sockaddr *address, char *ret_text);

bool cw_net_is_loopback(const struct sockaddr *address);

/*
 * cw_net_connect - a blocking TCP connection, tried on every address of the name in turn.
 *
 * timeout_ms  for each attempt, and afterwards for each read and write on the socket
 *
 * CW_E_ABSENT  the name is unknown
 * CW_E_SYSTEM  errno: nobody listens, or no answer in time
 */
CW_MUST_CHECK cw_status cw_net_connect(const char *text, uint32_t timeout_ms, int *ret_fd);

#endif
