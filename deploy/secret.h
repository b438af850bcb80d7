/* SPDX-License-Identifier: MIT */
/*
 * secret.h - secrets at rest: the state's key, and what it seals.
 *
 * What     AES-256-GCM with a random nonce; where the secret is kept is bound into it, so that
 *          rows cannot be exchanged.
 * Trust    OWNER.
 *
 *   sealed   version 1, nonce 12, body, tag 16
 */
#ifndef CW_DEPLOY_SECRET_H
#define CW_DEPLOY_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_SECRET_KEY_LEN 32u
#define CW_SECRET_OVERHEAD 29u

/*
 * cw_secret_key_load - the key in a file of 64 hexadecimal digits, made at first use.
 *
 * CW_E_DENIED  others may read the file; a line says what to do
 * CW_E_FORM    it is no such key; a line was logged
 */
CW_MUST_CHECK cw_status cw_secret_key_load(const char *path,
        uint8_t ret_key[static CW_SECRET_KEY_LEN]);

/* cw_secret_seal - where names the place ("vendor/node1"); ret: len + CW_SECRET_OVERHEAD bytes. */
CW_MUST_CHECK cw_status cw_secret_seal(const uint8_t key[static CW_SECRET_KEY_LEN],
        const char *where, const void *bytes, size_t len, uint8_t *ret_sealed);

/*
 * cw_secret_open - the opposite; ret: len - CW_SECRET_OVERHEAD bytes.
 *
 * CW_E_AUTH  another key, another place, or changed bytes; ret is zeros
 */
CW_MUST_CHECK cw_status cw_secret_open(const uint8_t key[static CW_SECRET_KEY_LEN],
        const char *where, const uint8_t *sealed, size_t len, void *ret_bytes);

/* cw_secret_random - from the system's generator, or the program ends. */
void cw_secret_random(void *ret_bytes, size_t len);

/* Hexadecimal digits: ret_text has 2 * len + 1 characters.  CW_E_FORM: not len bytes in hex. */
void cw_hex_put(const uint8_t *bytes, size_t len, char *ret_text);
CW_MUST_CHECK cw_status cw_hex_get(const char *text, uint8_t *ret_bytes, size_t len);

#endif
