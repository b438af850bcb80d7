/* SPDX-License-Identifier: MIT */
/*
 * tls.h - the server's end of a TLS 1.2 connection, without I/O.
 *
 * What     Records go in and out by the caller's hands, and so does the data inside them.  One
 *          suite, ECDHE-ECDSA with P-256 and AES-128-GCM-SHA256; no renegotiation, no resumption,
 *          no client certificate.
 * Trust    TRUSTED.  Records come from the attacker.
 * Memory   The caller owns struct cw_tls and never moves it; its content is private.  One buffer serves both
 *          directions: data is taken in turns, and a call that cannot take any takes 0 bytes.
 *          The identity must live as long as the connection.  Nothing needs closing; who is done
 *          wipes the struct.
 * Source   RFC 5246, 5288, 8422; code of BearSSL
 *
 *     start --put, take...--> handshake --> open --end--> (close_notify) --> closed
 */
#ifndef CW_CORE_CRYPTO_TLS_H
#define CW_CORE_CRYPTO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/crypto/ecdsa.h"

#define CW_TLS_SEED_LEN 32u
#define CW_TLS_RECORD_MAX 16709u /* bytes: the longest record with its header and tag */

struct cw_tls_identity {
    const uint8_t *certificate; /* X.509, DER */
    size_t certificate_len;
    const struct cw_ecdsa_key *key;
};

struct cw_tls {
    uint64_t context[640];
    uint64_t certificate[2];
    uint64_t key[3];
    uint8_t buffer[CW_TLS_RECORD_MAX];
};

/* cw_tls_start - a new connection; seed: random bytes, never used twice. */
void cw_tls_start(struct cw_tls *tls, const struct cw_tls_identity *identity,
        const uint8_t seed[static CW_TLS_SEED_LEN]);

/* Bytes from the client: how many of them were taken. */
size_t cw_tls_put_records(struct cw_tls *tls, const uint8_t *bytes, size_t len);

/* Bytes for the client: where they are and how many; then how many of them went away. */
const uint8_t *cw_tls_records(struct cw_tls *tls, size_t *ret_len);
void cw_tls_records_sent(struct cw_tls *tls, size_t len);

/* What the client said: where it is and how much; then how much of it was used. */
const uint8_t *cw_tls_data(struct cw_tls *tls, size_t *ret_len);
void cw_tls_data_used(struct cw_tls *tls, size_t len);

/* What the client shall hear: how many bytes were taken.  They go when cw_tls_flush says so. */
size_t cw_tls_put_data(struct cw_tls *tls, const uint8_t *bytes, size_t len);
void cw_tls_flush(struct cw_tls *tls);

/* Say goodbye; what is on its way still goes. */
void cw_tls_end(struct cw_tls *tls);

/* The connection ended, well or not: nothing more goes in or out. */
bool cw_tls_is_closed(const struct cw_tls *tls);

#endif
