/* SPDX-License-Identifier: MIT */
/*
 * tls.h - mutual TLS 1.3 with pinned keys, as an engine that never touches a socket.
 *
 * What     Both ends have a self-signed certificate; who one is, is the fingerprint of its key.
 *          No authority, no names, no resumption, no early data.  The engine takes bytes from
 *          the network and gives bytes for it; whoever owns the socket moves them.  A blocking
 *          client over one socket stands at the end of this file.
 * Trust    As its user is.  The bytes pushed in are the attacker's.
 * Memory   Engines copy what they are given.  An identity must outlive its sessions.
 * Calls    One caller at a time per session.
 *
 *     begin --push, pull--> is_ready --compare cw_tls_peer!--> read, write, pull --> close
 */
#ifndef CW_POSIX_TLS_H
#define CW_POSIX_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/* Lower-case hex SHA-256 of a certificate's SubjectPublicKeyInfo, terminated by 0. */
#define CW_TLS_FINGERPRINT_CAP 65u

struct cw_tls_identity; /* a key pair and its certificate */
struct cw_tls;          /* one session                    */

/*
 * cw_tls_identity_generate - a new Ed25519 key and a certificate for it, as PEM text.
 *
 * ret_key, ret_certificate  terminated by 0; the caller frees them (wipe the key first)
 */
CW_MUST_CHECK cw_status cw_tls_identity_generate(const char *name, char **ret_key,
        char **ret_certificate);

/* cw_tls_identity_from_pem - CW_E_FORM: not PEM, or the two do not belong together. */
CW_MUST_CHECK cw_status cw_tls_identity_from_pem(const char *key, const char *certificate,
        struct cw_tls_identity **ret_identity);

/*
 * cw_tls_identity_open - the identity kept in folder/key.pem (mode 0600) and
 * folder/certificate.pem; made there when both are absent, the certificate also for a key that is
 * there.  Also keeps folder/fingerprint.
 * Says on stderr what went wrong.
 */
CW_MUST_CHECK cw_status cw_tls_identity_open(const char *folder, const char *name,
        struct cw_tls_identity **ret_identity);

const char *cw_tls_identity_fingerprint(const struct cw_tls_identity *identity);
void cw_tls_identity_free(struct cw_tls_identity *identity);

/* cw_tls_fingerprint_check - 64 lower-case hex digits?  CW_E_FORM if not. */
CW_MUST_CHECK cw_status cw_tls_fingerprint_check(const char *text);

/* The engine. */

CW_MUST_CHECK cw_status cw_tls_begin(struct cw_tls_identity *identity, bool server,
        struct cw_tls **ret_tls);
void cw_tls_free(struct cw_tls *tls);

/*
 * cw_tls_push - bytes from the network; goes on with the handshake.
 *
 * CW_OK       taken
 * CW_E_AUTH   the peer's bytes are not TLS 1.3, or its proof fails: pull (an alert), then close
 * CW_E_SPACE  more than CW_TLS_HELD_MAX bytes are held: read first
 */
#define CW_TLS_HELD_MAX (256u * 1024u)
CW_MUST_CHECK cw_status cw_tls_push(struct cw_tls *tls, const uint8_t *bytes, size_t len);

/*
 * cw_tls_pull - bytes for the network, while there are any; call after begin (client), push,
 * write and close.  *ret_len 0: none.
 */
void cw_tls_pull(struct cw_tls *tls, uint8_t *ret_bytes, size_t cap, size_t *ret_len);

/* cw_tls_is_ready - is the handshake over?  Only then is cw_tls_peer the truth. */
bool cw_tls_is_ready(const struct cw_tls *tls);
const char *cw_tls_peer(const struct cw_tls *tls);

/*
 * cw_tls_read - decrypted bytes.
 *
 * CW_OK        *ret_len > 0
 * CW_AGAIN     push more
 * CW_E_ABSENT  the peer said goodbye
 * CW_E_AUTH    the peer broke the protocol: close
 */
CW_MUST_CHECK cw_status cw_tls_read(struct cw_tls *tls, uint8_t *ret_bytes, size_t cap,
        size_t *ret_len);

/* cw_tls_write - all of it, to be pulled.  CW_E_STATE: not ready, or closed. */
CW_MUST_CHECK cw_status cw_tls_write(struct cw_tls *tls, const uint8_t *bytes, size_t len);

/* cw_tls_close - say goodbye; pull once more. */
void cw_tls_close(struct cw_tls *tls);

/*
 * A blocking client: one socket, one session.
 *
 * fingerprint  the node's; nothing is sent to anybody else.  NULL: whoever answers, for a first
 *              meeting; the caller then looks at cw_tls_client_peer
 *
 * CW_E_SYSTEM  errno: no connection, or nothing within timeout_ms
 * CW_E_AUTH    TLS failed, or it is somebody else (ret_why says which)
 */
#define CW_TLS_WHY_CAP 256u
struct cw_tls_client;
CW_MUST_CHECK cw_status cw_tls_client_connect(struct cw_tls_identity *identity,
        const char *address, const char *fingerprint, uint32_t timeout_ms,
        struct cw_tls_client **ret_client, char ret_why[static CW_TLS_WHY_CAP]);

/* cw_tls_client_peer - the fingerprint of who answered. */
const char *cw_tls_client_peer(const struct cw_tls_client *client);

/* Everything or nothing.  CW_E_SYSTEM: errno (ECONNRESET: closed by the peer); CW_E_AUTH. */
CW_MUST_CHECK cw_status cw_tls_client_send(struct cw_tls_client *client, const uint8_t *bytes,
        size_t len);
CW_MUST_CHECK cw_status cw_tls_client_receive(struct cw_tls_client *client, uint8_t *ret_bytes,
        size_t len);

/* cw_tls_client_patience - from now on wait so long for each read. */
void cw_tls_client_patience(struct cw_tls_client *client, uint32_t timeout_ms);
void cw_tls_client_close(struct cw_tls_client *client);

#endif
