/* SPDX-License-Identifier: MIT */
#include "core/crypto/cose.h"

#include "core/base/bytes.h"
#include "core/crypto/hash.h"

#define SIGN1_TAG 18u
#define PARTS 4u

static const uint8_t protected_header[] = {0xa1, 0x01, 0x26}; /* {1 (alg): -7 (ES256)} */

static const char context[] = "Signature1";

/* The hash of Sig_structure: [context, protected, external data, payload]. */
static void hash_signed(const uint8_t *payload, size_t payload_len, uint8_t ret_hash[static 32])
{
    uint8_t head[40];
    struct cw_writer w = cw_writer_over(head, sizeof head);
    struct cw_sha256 h;
    cw_cbor_put_array(&w, PARTS);
    cw_cbor_put_text(&w, context, sizeof context - 1);
    cw_cbor_put_bytes(&w, protected_header, sizeof protected_header);
    cw_cbor_put_bytes(&w, NULL, 0);
    cw_cbor_put_bytes_head(&w, payload_len);
    cw_sha256_init(&h);
    cw_sha256_update(&h, head, w.used_len);
    cw_sha256_update(&h, payload, payload_len);
    cw_sha256_out(&h, ret_hash);
}

void cw_cose_sign(struct cw_writer *w, const uint8_t *payload, size_t payload_len,
        const uint8_t secret[static CW_P256_SECRET_LEN])
{
    uint8_t hash[32];
    uint8_t signature[CW_P256_SIGNATURE_LEN];
    cw_cbor_put_tag(w, SIGN1_TAG);
    cw_cbor_put_array(w, PARTS);
    cw_cbor_put_bytes(w, protected_header, sizeof protected_header);
    cw_cbor_put_map(w, 0);
    cw_cbor_put_bytes(w, payload, payload_len);
    hash_signed(payload, payload_len, hash);
    cw_p256_sign(secret, hash, signature);
    cw_cbor_put_bytes(w, signature, sizeof signature);
}

void cw_cose_read(struct cw_reader *r, struct cw_cose *ret_cose)
{
    struct cw_cose cose;
    size_t protected_len;
    size_t signature_len;
    cw_bytes_wipe(ret_cose, sizeof *ret_cose);
    cw_cbor_tag(r, SIGN1_TAG);
    cw_reader_expect(r, cw_cbor_array(r) == PARTS);
    const uint8_t *protected = cw_cbor_bytes(r, &protected_len);
    cw_reader_expect(r, protected_len == sizeof protected_header &&
                    cw_bytes_equal(protected, protected_header, sizeof protected_header));
    cw_reader_expect(r, cw_cbor_map(r).left_count == 0);
    cose.payload = cw_cbor_bytes(r, &cose.payload_len);
    const uint8_t *signature = cw_cbor_bytes(r, &signature_len);
    cw_reader_expect(r, signature_len == sizeof cose.signature);
    if (r->status != CW_OK) {
        return;
    }
    hash_signed(cose.payload, cose.payload_len, cose.hash);
    cw_bytes_copy(cose.signature, signature, sizeof cose.signature);
    *ret_cose = cose;
}

bool cw_cose_is_by(const struct cw_cose *cose,
        const uint8_t public_key[static CW_P256_PUBLIC_LEN])
{
    return cose->payload != NULL && cw_p256_verify(public_key, cose->hash, cose->signature);
}
