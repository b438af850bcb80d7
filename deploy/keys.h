/* SPDX-License-Identifier: MIT */
/*
 * keys.h - who the owner is, the vendor keys of its chips, and what signs its images.
 *
 * What     An X25519 key that images are built for, and a TLS identity that nodes are told of;
 *          both are made at first use and kept in the state, sealed.
 * Trust    OWNER.
 */
#ifndef CW_DEPLOY_KEYS_H
#define CW_DEPLOY_KEYS_H

#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "deploy/state.h"
#include "posix/tls.h"
#include "tee/owner.h"

struct cw_keys {
    uint8_t dh_secret[CW_DH_LEN];
    uint8_t dh_public[CW_DH_LEN];
    struct cw_tls_identity *tls; /* NULL until cw_keys_tls */
};

/* cw_keys_open - the X25519 key. */
CW_MUST_CHECK cw_status cw_keys_open(struct cw_state *s, struct cw_keys *ret_keys);

/* cw_keys_tls - the TLS identity too. */
CW_MUST_CHECK cw_status cw_keys_tls(struct cw_state *s, struct cw_keys *keys);

void cw_keys_close(struct cw_keys *keys);

/* cw_keys_vendor - the vendor key of a node.  CW_E_ABSENT: none was imported. */
CW_MUST_CHECK cw_status cw_keys_vendor(struct cw_state *s, const char *node,
        uint8_t ret_key[static CW_KEY_LEN]);
CW_MUST_CHECK cw_status cw_keys_vendor_put(struct cw_state *s, const char *node,
        const uint8_t key[static CW_KEY_LEN]);

/* cw_keys_tee - what the builds of a TEE need (backend->secret), made at first need. */
CW_MUST_CHECK cw_status cw_keys_tee(struct cw_state *s, const struct cw_owner_backend *backend,
        uint8_t *ret_secret, size_t cap, size_t *ret_len);

#endif
