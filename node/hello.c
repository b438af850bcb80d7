/* SPDX-License-Identifier: MIT */
#include "node/hello.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define LABEL_LEN 8u
#define INPUT_LEN (LABEL_LEN + CW_DEPLOYMENT_LEN + 4u + 2u * CW_LINK_NONCE_LEN)

cw_status cw_hello_nonce(uint8_t ret_nonce[static CW_LINK_NONCE_LEN])
{
    return RAND_bytes(ret_nonce, CW_LINK_NONCE_LEN) == 1 ? CW_OK : CW_E_SYSTEM;
}

void cw_hello_encode(const struct cw_hello *hello, uint8_t ret_bytes[static CW_LINK_HELLO_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_LINK_HELLO_LEN);
    cw_writer_bytes(&w, hello->deployment, sizeof hello->deployment);
    cw_writer_u32(&w, hello->peer);
    cw_writer_u32(&w, 0);
    cw_writer_bytes(&w, hello->nonce_a, sizeof hello->nonce_a);
}

cw_status cw_hello_decode(const uint8_t *bytes, size_t len, struct cw_hello *ret_hello)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    struct cw_hello hello = {0};
    cw_reader_bytes(&r, hello.deployment, sizeof hello.deployment);
    hello.peer = cw_reader_u32(&r);
    cw_reader_zero(&r, 4);
    cw_reader_bytes(&r, hello.nonce_a, sizeof hello.nonce_a);
    const cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_hello = hello;
    }
    return status;
}

cw_status cw_hello_proof(const struct cw_hello *hello, const uint8_t key[static CW_LINK_KEY_LEN],
        bool listener, uint8_t ret_proof[static CW_LINK_PROOF_LEN])
{
    uint8_t input[INPUT_LEN];
    struct cw_writer w = cw_writer_over(input, sizeof input);
    cw_writer_bytes(&w, listener ? "cw1.lnkb" : "cw1.lnka", LABEL_LEN);
    cw_writer_bytes(&w, hello->deployment, sizeof hello->deployment);
    cw_writer_u32(&w, hello->peer);
    cw_writer_bytes(&w, hello->nonce_a, sizeof hello->nonce_a);
    cw_writer_bytes(&w, hello->nonce_b, sizeof hello->nonce_b);
    unsigned len = 0;
    const unsigned char *done = HMAC(EVP_sha256(), key, CW_LINK_KEY_LEN, input, sizeof input,
            ret_proof, &len);
    return done != NULL && len == CW_LINK_PROOF_LEN ? CW_OK : CW_E_SYSTEM;
}

cw_status cw_hello_check(const struct cw_hello *hello, const uint8_t key[static CW_LINK_KEY_LEN],
        bool listener, const uint8_t proof[static CW_LINK_PROOF_LEN])
{
    uint8_t expected[CW_LINK_PROOF_LEN];
    const cw_status status = cw_hello_proof(hello, key, listener, expected);
    if (status != CW_OK) {
        return status;
    }
    return CRYPTO_memcmp(expected, proof, sizeof expected) == 0 ? CW_OK : CW_E_AUTH;
}
