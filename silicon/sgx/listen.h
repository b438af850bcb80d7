/* SPDX-License-Identifier: MIT */
/*
 * listen.h - `causeway-sgx --listen`: accept hosts, a process for each, until SIGTERM.
 *
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SGX_LISTEN_H
#define CW_SILICON_SGX_LISTEN_H

#include "silicon/sgx/supervisor.h"

/*
 * cw_listen_open - the socket, before rights are given up.  everyone: any user may connect.
 *
 * CW_E_STATE   somebody listens there already; logged
 * CW_E_SYSTEM  logged
 */
CW_MUST_CHECK cw_status cw_listen_open(const char *path, bool everyone, int *ret_socket);

/* cw_listen_serve - until SIGTERM or SIGINT; removes the path. */
CW_MUST_CHECK cw_status cw_listen_serve(const struct cw_platform *platform, int socket,
        const char *path);

/* cw_listen_fork - a process that serves one connection; its pid, or -1. */
pid_t cw_listen_fork(const struct cw_platform *platform, int host, unsigned slot, int listening);

#endif
