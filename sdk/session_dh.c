/* SPDX-License-Identifier: MIT */
/*
 * The session of a TEE whose chip signs what a module says: an X25519 share, fresh in every
 * life, is bound into the evidence; the owner's public key is part of the measured image.
 *
 *   report = SHA-256("cw1.att", N_o, life, X_m)          proof = X_m, what the chip signs
 *   K_mgt  = HKDF(salt = SHA-256(ATTEST, life, X_m, OPEN without tag),
 *                 input = DH(x_m, X_o) | DH(x_m, O), info = "cw1.mgt")
 */
#include "core/base/bytes.h"
#include "core/crypto/dh.h"
#include "core/crypto/hash.h"
#include "core/crypto/kdf.h"
#include "core/crypto/suite.h"
#include "sdk/owner_key.h"
#include "sdk/run.h"

static uint8_t secret[CW_DH_LEN];
static uint8_t share[CW_DH_LEN];

const uint8_t cw_session_cipher = CW_CIPHER_AES;

void cw_session_start(void)
{
    if (cw_enclave_random(secret, sizeof secret) != CW_OK) {
        cw_enclave_abort();
    }
    cw_x25519_public(secret, share);
}

cw_status cw_session_attest(const uint8_t nonce[static CW_NONCE_LEN])
{
    uint8_t report[CW_SHA256_LEN];
    size_t evidence_len;
    uint8_t *claim = cw_memory.out; /* N_o, life, X_m; what the chip signs behind it */
    const size_t len = CW_CLAIM_LEN + sizeof share;
    struct cw_sha256 hash;
    cw_bytes_copy(claim, nonce, CW_NONCE_LEN);
    cw_bytes_copy(claim + CW_NONCE_LEN, &cw_run_module.life, CW_EVIDENCE_LEN);
    cw_bytes_copy(claim + CW_CLAIM_LEN, share, sizeof share);
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, "cw1.att", 8);
    cw_sha256_update(&hash, claim, len);
    cw_sha256_out(&hash, report);
    cw_status status = cw_enclave_evidence(report, claim + len, cw_memory.out_cap - len,
            &evidence_len);
    return status == CW_OK
            ? cw_run_put(CW_FRAME_REPLY, claim + CW_NONCE_LEN, len - CW_NONCE_LEN + evidence_len)
            : status;
}

cw_status cw_session_open(const uint8_t *message, size_t len,
        uint8_t ret_opened[static CW_OPENED_LEN])
{
    if (len != CW_OPEN_LEN + CW_DH_LEN + CW_TAG_LEN) {
        return CW_E_SHORT;
    }
    uint8_t master[32];
    uint8_t input[2 * CW_DH_LEN];
    uint8_t transcript[CW_SHA256_LEN];
    uint8_t attest[CW_ATTEST_LEN];
    cw_status status = CW_E_AUTH;
    if (!cw_x25519(secret, message + CW_OPEN_LEN, input) ||
            !cw_x25519(secret, cw_owner_key, input + CW_DH_LEN)) {
        goto wipe_input;
    }
    cw_attest_encode(message + offsetof(struct cw_open, nonce), attest);
    struct cw_sha256 hash;
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, attest, sizeof attest);
    cw_sha256_update(&hash, &cw_run_module.life, CW_EVIDENCE_LEN);
    cw_sha256_update(&hash, share, sizeof share);
    cw_sha256_update(&hash, message, CW_OPEN_LEN + CW_DH_LEN);
    cw_sha256_out(&hash, transcript);
    cw_hkdf_extract(transcript, sizeof transcript, input, sizeof input, master);
    cw_hkdf_expand(master, (const uint8_t *)"cw1.mgt", 8, master, CW_KEY_LEN);
    status = cw_module_claim(&cw_run_module, message, CW_OPEN_LEN + CW_DH_LEN, master, ret_opened);
wipe_input:
    cw_bytes_wipe(input, sizeof input);
    cw_bytes_wipe(master, sizeof master);
    return status;
}
