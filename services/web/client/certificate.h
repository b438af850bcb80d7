/* SPDX-License-Identifier: MIT */
/*
 * certificate.h - a self-signed certificate for a server inside a module.
 *
 * What     X.509 v3, P-256, ECDSA with SHA-256.  It is no authority (CA:FALSE), serves only
 *          (serverAuth), and has no end: a module has no clock, and whoever trusts it got it from
 *          the module itself.
 * Trust    TRUSTED.  The name comes from the owner.
 * Source   RFC 5280, RFC 5480; RFC 7468 for PEM
 */
#ifndef CW_SERVICES_WEB_CLIENT_CERTIFICATE_H
#define CW_SERVICES_WEB_CLIENT_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/crypto/ecdsa.h"

#define CW_CERTIFICATE_NAME_MAX 63u
#define CW_CERTIFICATE_SERIAL_LEN 16u
#define CW_CERTIFICATE_MAX 640u /* bytes, DER */

/* Bytes of PEM for n bytes of DER. */
#define CW_PEM_LEN(n) (28u + ((n) + 2u) / 3u * 4u + (((n) + 2u) / 3u * 4u + 63u) / 64u + 26u)

/*
 * cw_certificate_make
 *
 * name     a host name or an IPv4 address, letters, digits, '-' and '.'; [name_len] bytes,
 *          0: localhost, 127.0.0.1 and ::1
 * serial   random bytes
 * ret_der  [*ret_der_len] bytes on CW_OK
 *
 * CW_E_FORM   not a name
 * CW_E_SPACE  longer than CW_CERTIFICATE_NAME_MAX
 */
CW_MUST_CHECK cw_status cw_certificate_make(const struct cw_ecdsa_key *key,
        const char *name, size_t name_len,
        const uint8_t serial[static CW_CERTIFICATE_SERIAL_LEN],
        uint8_t ret_der[static CW_CERTIFICATE_MAX], size_t *ret_der_len);

/* cw_certificate_pem - DER as text, [CW_PEM_LEN(der_len)] bytes without a final zero. */
void cw_certificate_pem(const uint8_t *der, size_t der_len, char *ret_pem);

#endif
