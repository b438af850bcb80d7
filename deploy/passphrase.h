/* SPDX-License-Identifier: MIT */
/*
 * passphrase.h - passphrases: where they come from, and the keys that they give.
 *
 * What     A key is made of a passphrase by scrypt (RFC 7914); its parameters and salt are kept
 *          beside what the key seals, as one line of text.  A passphrase is the first line of a
 *          private file, or is asked on the terminal without an echo.
 * Trust    OWNER.  A line of parameters may be foreign: it is bounded before it is used.
 * Memory   A passphrase belongs to the caller, who wipes it (cw_passphrase_end).
 */
#ifndef CW_DEPLOY_PASSPHRASE_H
#define CW_DEPLOY_PASSPHRASE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"
#include "deploy/secret.h"

#define CW_KDF_TEXT_CAP 80u
#define CW_PASSPHRASE_LEAST 8u /* characters of a new one */

struct cw_kdf {
    uint32_t log2_n;
    uint32_t r;
    uint32_t p;
    uint8_t salt[16];
};

/* cw_kdf_new - what new keys are made with: 128 MiB, a fresh salt. */
struct cw_kdf cw_kdf_new(void);

/* "scrypt LOG2_N R P SALT".  CW_E_FORM: it is none, or asks for more than 1 GiB. */
void cw_kdf_put(const struct cw_kdf *kdf, char ret_text[static CW_KDF_TEXT_CAP]);
CW_MUST_CHECK cw_status cw_kdf_get(const char *text, struct cw_kdf *ret_kdf);

/* cw_kdf_key - CW_E_SYSTEM: not enough memory (a line was logged). */
CW_MUST_CHECK cw_status cw_kdf_key(const struct cw_kdf *kdf, const char *passphrase,
        uint8_t ret_key[static CW_SECRET_KEY_LEN]);

/*
 * cw_passphrase_read - from a file, or (file NULL) from the terminal.
 *
 * what    what it is for, as the question calls it
 * option  the option that names a file, for the remedy
 * is_new  at least CW_PASSPHRASE_LEAST characters; asked twice
 *
 * CW_E_DENIED  others may read the file; CW_E_FORM: too short, or not the same twice;
 * CW_E_STATE   there is neither file nor terminal.  A line was logged each time.
 */
CW_MUST_CHECK cw_status cw_passphrase_read(const char *file, const char *what, const char *option,
        bool is_new, char **ret_passphrase);

void cw_passphrase_end(char *passphrase);

#endif
