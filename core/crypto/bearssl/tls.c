/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  The engine is set up piece by piece, so that an image holds this one
 * suite and nothing else of BearSSL.  Its random generator is seeded by the caller only: the
 * symbol br_prng_seeder_system, which would open a file, is defined here to find nothing.  AES and
 * GHASH are those of any machine: BearSSL's for AES-NI stand in one object with a probe that asks the
 * CPU (CPUID), and an SGX enclave may not.
 */
#include "core/crypto/tls.h"

#include <bearssl.h>

#include "core/base/bytes.h"

_Static_assert(sizeof(br_ssl_server_context) <= sizeof((struct cw_tls *)0)->context, "it fits");
_Static_assert(sizeof(br_x509_certificate) <= sizeof((struct cw_tls *)0)->certificate, "it fits");
_Static_assert(sizeof(br_ec_private_key) <= sizeof((struct cw_tls *)0)->key, "it fits");
_Static_assert(CW_TLS_RECORD_MAX == BR_SSL_BUFSIZE_MONO, "one buffer for both directions");

br_prng_seeder br_prng_seeder_system(const char **name)
{
    if (name != NULL) {
        *name = "none";
    }
    return 0;
}

/* Only BearSSL looks inside; here these are addresses. */
static br_ssl_server_context *server(struct cw_tls *tls)
{
    return (br_ssl_server_context *)(void *)tls->context;
}

static br_ssl_engine_context *engine(struct cw_tls *tls)
{
    return &server(tls)->eng;
}

void cw_tls_start(struct cw_tls *tls, const struct cw_tls_identity *identity,
        const uint8_t seed[static CW_TLS_SEED_LEN])
{
    static const uint16_t suites[] = {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};
    br_ssl_server_context *s = server(tls);
    br_ssl_engine_context *e = &s->eng;
    br_x509_certificate *certificate = (br_x509_certificate *)(void *)tls->certificate;
    br_ec_private_key *key = (br_ec_private_key *)(void *)tls->key;
    *certificate = (br_x509_certificate){(unsigned char *)(uintptr_t)identity->certificate,
            identity->certificate_len};
    *key = (br_ec_private_key){BR_EC_secp256r1, (unsigned char *)(uintptr_t)identity->key->secret,
            CW_ECDSA_SECRET_LEN};
    br_ssl_server_zero(s);
    br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_suites(e, suites, sizeof suites / sizeof suites[0]);
    br_ssl_engine_set_hash(e, br_sha256_ID, &br_sha256_vtable);
    br_ssl_engine_set_prf_sha256(e, &br_tls12_sha256_prf);
    br_ssl_engine_set_ec(e, &br_ec_p256_m31);
    br_ssl_engine_set_gcm(e, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
    br_ssl_engine_set_aes_ctr(e, &br_aes_ct64_ctr_vtable);
    br_ssl_engine_set_ghash(e, br_ghash_ctmul64);
    br_ssl_engine_set_all_flags(e, BR_OPT_NO_RENEGOTIATION | BR_OPT_ENFORCE_SERVER_PREFERENCES);
    br_ssl_server_set_single_ec(s, certificate, 1, key, BR_KEYTYPE_SIGN, 0, &br_ec_p256_m31,
            br_ecdsa_i31_sign_asn1);
    br_ssl_engine_set_buffer(e, tls->buffer, sizeof tls->buffer, 0);
    br_ssl_engine_inject_entropy(e, seed, CW_TLS_SEED_LEN);
    /* A failure shows as a closed connection. */
    (void)br_ssl_server_reset(s);
}

static size_t copy_into(uint8_t *room, size_t room_len, const uint8_t *bytes, size_t len)
{
    size_t count = room == NULL ? 0 : len < room_len ? len : room_len;
    if (count > 0) {
        cw_bytes_copy(room, bytes, count);
    }
    return count;
}

size_t cw_tls_put_records(struct cw_tls *tls, const uint8_t *bytes, size_t len)
{
    size_t room_len = 0;
    uint8_t *room = br_ssl_engine_recvrec_buf(engine(tls), &room_len);
    size_t count = copy_into(room, room_len, bytes, len);
    if (count > 0) {
        br_ssl_engine_recvrec_ack(engine(tls), count);
    }
    return count;
}

const uint8_t *cw_tls_records(struct cw_tls *tls, size_t *ret_len)
{
    *ret_len = 0;
    return br_ssl_engine_sendrec_buf(engine(tls), ret_len);
}

void cw_tls_records_sent(struct cw_tls *tls, size_t len)
{
    if (len > 0) {
        br_ssl_engine_sendrec_ack(engine(tls), len);
    }
}

const uint8_t *cw_tls_data(struct cw_tls *tls, size_t *ret_len)
{
    *ret_len = 0;
    return br_ssl_engine_recvapp_buf(engine(tls), ret_len);
}

void cw_tls_data_used(struct cw_tls *tls, size_t len)
{
    if (len > 0) {
        br_ssl_engine_recvapp_ack(engine(tls), len);
    }
}

size_t cw_tls_put_data(struct cw_tls *tls, const uint8_t *bytes, size_t len)
{
    size_t room_len = 0;
    uint8_t *room = br_ssl_engine_sendapp_buf(engine(tls), &room_len);
    size_t count = copy_into(room, room_len, bytes, len);
    if (count > 0) {
        br_ssl_engine_sendapp_ack(engine(tls), count);
    }
    return count;
}

void cw_tls_flush(struct cw_tls *tls)
{
    br_ssl_engine_flush(engine(tls), 0);
}

void cw_tls_end(struct cw_tls *tls)
{
    br_ssl_engine_close(engine(tls));
}

bool cw_tls_is_closed(const struct cw_tls *tls)
{
    const br_ssl_server_context *s = (const br_ssl_server_context *)(const void *)tls->context;
    return br_ssl_engine_current_state(&s->eng) == BR_SSL_CLOSED;
}
