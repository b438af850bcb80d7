/* SPDX-License-Identifier: MIT */
/*
 * tls_identity.h - what the engine of tls.h needs of an identity; private to posix/tls*.c.
 */
#ifndef CW_POSIX_TLS_IDENTITY_H
#define CW_POSIX_TLS_IDENTITY_H

#include <openssl/ssl.h>

#include "posix/tls.h"

SSL_CTX *cw_tls_identity_context(struct cw_tls_identity *identity);

/* cw_tls_fingerprint_of - of a certificate's key. */
CW_MUST_CHECK cw_status cw_tls_fingerprint_of(const X509 *certificate,
        char ret_text[static CW_TLS_FINGERPRINT_CAP]);

#endif
