/* SPDX-License-Identifier: MIT */
/*
 * hello.h - how the two ends of a link prove that they hold its key.
 *
 * What     The bytes of LINK_CHALLENGE and LINK_PROOF; moves nothing.
 * Trust    UNTRUSTED: a proof keeps strangers out of queues, no frame is believed for it.
 * Source   docs/protocol.md section 9; core/wire/node.h
 */
#ifndef CW_NODE_HELLO_H
#define CW_NODE_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/wire/node.h"

struct cw_hello {
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    uint32_t peer;
    uint8_t nonce_a[CW_LINK_NONCE_LEN]; /* the dialer's   */
    uint8_t nonce_b[CW_LINK_NONCE_LEN]; /* the listener's */
};

/* cw_hello_nonce - fresh random bytes.  CW_E_SYSTEM: the system has none. */
CW_MUST_CHECK cw_status cw_hello_nonce(uint8_t ret_nonce[static CW_LINK_NONCE_LEN]);

void cw_hello_encode(const struct cw_hello *hello, uint8_t ret_bytes[static CW_LINK_HELLO_LEN]);
CW_MUST_CHECK cw_status cw_hello_decode(const uint8_t *bytes, size_t len,
        struct cw_hello *ret_hello);

/* cw_hello_proof - of the listener (in the challenge) or of the dialer. */
CW_MUST_CHECK cw_status cw_hello_proof(const struct cw_hello *hello,
        const uint8_t key[static CW_LINK_KEY_LEN], bool listener,
        uint8_t ret_proof[static CW_LINK_PROOF_LEN]);

/* cw_hello_check - CW_E_AUTH: made with another key.  Time does not depend on the bytes. */
CW_MUST_CHECK cw_status cw_hello_check(const struct cw_hello *hello,
        const uint8_t key[static CW_LINK_KEY_LEN], bool listener,
        const uint8_t proof[static CW_LINK_PROOF_LEN]);

#endif
