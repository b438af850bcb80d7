/* SPDX-License-Identifier: MIT */
/*
 * client.h - the host's side of port.h: for `--run`, tests and benchmarks.
 *
 * Trust    UNTRUSTED: it is what a host program does.
 * Memory   The caller owns struct cw_client; cw_client_close frees what LOAD mapped.
 * Calls    One caller at a time; different mailboxes of one client from different threads.
 */
#ifndef CW_SILICON_SGX_CLIENT_H
#define CW_SILICON_SGX_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sgx/port.h"

struct cw_client {
    int socket;
    struct cw_sgx_loaded loaded;
    uint8_t *outside; /* mailboxes, arena */
    size_t outside_len;
    char ended[CW_SGX_TEXT_LEN]; /* why, when it did */
};

/* cw_client_connect - to a CPU's socket; false: errno. */
bool cw_client_connect(struct cw_client *ret_client, const char *path);

/* cw_client_over - a socket that is connected already. */
void cw_client_over(struct cw_client *ret_client, int socket);
void cw_client_close(struct cw_client *client);

/* cw_client_send - one packet with up to 8 descriptors. */
bool cw_client_send(struct cw_client *client, const void *bytes, size_t len, const int *descriptors,
        unsigned count);

/* cw_client_receive - one packet; its length, or 0: the connection is over or nothing came. */
size_t cw_client_receive(struct cw_client *client, void *ret_bytes, size_t cap,
        int *ret_descriptor, int timeout_ms);

/*
 * cw_client_load - LOAD and LOADED; the code, with client->loaded.  bell: an eventfd, or -1.
 */
uint32_t cw_client_load(struct cw_client *client, int image, int bell, uint64_t base,
        uint64_t arena_len);

/*
 * cw_client_ask - a request that has an ANSWER; code and bytes of it.
 *
 * ret_bytes  [*ret_len] on the way in; NULL: they are dropped
 */
uint32_t cw_client_ask(struct cw_client *client, uint32_t type, const void *bytes, size_t len,
        void *ret_bytes, size_t *ret_len);

struct cw_sgx_mailbox *cw_client_mailbox(const struct cw_client *client, unsigned tcs);
uint8_t *cw_client_arena(const struct cw_client *client);

/*
 * cw_client_enter - give the turn to the CPU and wait for it: looks `spin` times, then sleeps.
 *
 * CW_AGAIN     not within timeout_ms: the enclave still runs
 * CW_E_ABSENT  the enclave's process ended: client->ended
 */
CW_MUST_CHECK cw_status cw_client_enter(struct cw_client *client, unsigned tcs, uint32_t spin,
        int timeout_ms);

/* cw_client_wait - the second half of it. */
CW_MUST_CHECK cw_status cw_client_wait(struct cw_client *client, unsigned tcs, uint32_t spin,
        int timeout_ms);

/* cw_client_image - SIGSTRUCT and SGXS as one descriptor to send; -1: errno. */
int cw_client_image(const uint8_t *sigstruct, size_t sigstruct_len, const uint8_t *stream,
        size_t stream_len);

#endif
