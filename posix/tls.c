/* SPDX-License-Identifier: MIT */
#include "posix/tls.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "posix/tls_identity.h"

struct cw_tls {
    SSL *ssl;
    BIO *from_net; /* owned by ssl */
    BIO *to_net;   /* owned by ssl */
    bool is_ready;
    bool is_broken;
    char peer[CW_TLS_FINGERPRINT_CAP];
};

/* OpenSSL's queue of errors belongs to the thread: leave none for the next session. */
static cw_status broken(struct cw_tls *tls)
{
    ERR_clear_error();
    tls->is_broken = true;
    return CW_E_AUTH;
}

cw_status cw_tls_begin(struct cw_tls_identity *identity, bool server, struct cw_tls **ret_tls)
{
    struct cw_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        return CW_E_SPACE;
    }
    tls->ssl = SSL_new(cw_tls_identity_context(identity));
    tls->from_net = BIO_new(BIO_s_mem());
    tls->to_net = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->from_net == NULL || tls->to_net == NULL) {
        BIO_free(tls->from_net);
        BIO_free(tls->to_net);
        SSL_free(tls->ssl);
        free(tls);
        ERR_clear_error();
        return CW_E_SPACE;
    }
    SSL_set_bio(tls->ssl, tls->from_net, tls->to_net);
    if (server) {
        SSL_set_accept_state(tls->ssl);
    } else {
        SSL_set_connect_state(tls->ssl);
        (void)SSL_do_handshake(tls->ssl); /* writes the first flight */
        ERR_clear_error();
    }
    *ret_tls = tls;
    return CW_OK;
}

void cw_tls_free(struct cw_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        free(tls);
    }
}

static cw_status name_peer(struct cw_tls *tls)
{
    X509 *certificate = SSL_get1_peer_certificate(tls->ssl);
    if (certificate == NULL) {
        return CW_E_AUTH;
    }
    const cw_status status = cw_tls_fingerprint_of(certificate, tls->peer);
    X509_free(certificate);
    return status;
}

static cw_status shake_hands(struct cw_tls *tls)
{
    ERR_clear_error(); /* SSL_get_error also looks at what others left there */
    const int result = SSL_do_handshake(tls->ssl);
    if (result != 1) {
        if (SSL_get_error(tls->ssl, result) == SSL_ERROR_WANT_READ) {
            ERR_clear_error();
            return CW_OK;
        }
        return broken(tls);
    }
    if (name_peer(tls) != CW_OK) {
        return broken(tls);
    }
    tls->is_ready = true;
    return CW_OK;
}

cw_status cw_tls_push(struct cw_tls *tls, const uint8_t *bytes, size_t len)
{
    if (tls->is_broken) {
        return CW_E_AUTH;
    }
    if (len > CW_TLS_HELD_MAX || BIO_ctrl_pending(tls->from_net) > CW_TLS_HELD_MAX - len) {
        return CW_E_SPACE;
    }
    if (len > 0 && BIO_write(tls->from_net, bytes, (int)len) != (int)len) {
        return broken(tls);
    }
    return tls->is_ready ? CW_OK : shake_hands(tls);
}

void cw_tls_pull(struct cw_tls *tls, uint8_t *ret_bytes, size_t cap, size_t *ret_len)
{
    const int got = BIO_read(tls->to_net, ret_bytes, cap > INT_MAX ? INT_MAX : (int)cap);
    *ret_len = got > 0 ? (size_t)got : 0;
}

bool cw_tls_is_ready(const struct cw_tls *tls)
{
    return tls->is_ready;
}

const char *cw_tls_peer(const struct cw_tls *tls)
{
    return tls->peer;
}

cw_status cw_tls_read(struct cw_tls *tls, uint8_t *ret_bytes, size_t cap, size_t *ret_len)
{
    if (tls->is_broken) {
        return CW_E_AUTH;
    }
    if (!tls->is_ready) {
        return CW_AGAIN;
    }
    ERR_clear_error(); /* SSL_get_error also looks at what others left there */
    const int result = SSL_read_ex(tls->ssl, ret_bytes, cap, ret_len);
    if (result == 1) {
        return CW_OK;
    }
    const int why = SSL_get_error(tls->ssl, result);
    if (why == SSL_ERROR_WANT_READ) {
        ERR_clear_error();
        return CW_AGAIN;
    }
    if (why == SSL_ERROR_ZERO_RETURN) {
        ERR_clear_error();
        return CW_E_ABSENT;
    }
    return broken(tls);
}

cw_status cw_tls_write(struct cw_tls *tls, const uint8_t *bytes, size_t len)
{
    if (tls->is_broken || !tls->is_ready) {
        return CW_E_STATE;
    }
    size_t written = 0;
    if (len == 0) {
        return CW_OK;
    }
    /* A memory BIO takes everything, so that one call does. */
    if (SSL_write_ex(tls->ssl, bytes, len, &written) != 1 || written != len) {
        (void)broken(tls);
        return CW_E_STATE;
    }
    return CW_OK;
}

void cw_tls_close(struct cw_tls *tls)
{
    if (!tls->is_broken && tls->is_ready) {
        (void)SSL_shutdown(tls->ssl);
        ERR_clear_error();
    }
}
