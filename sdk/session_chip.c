/* SPDX-License-Identifier: MIT */
/*
 * The session of a TEE whose chip gives each module a secret key (Sancus): whoever knows the
 * vendor key can compute it, nobody else can.
 *
 *   K_att = KDF(K_SM, "cw1.att")                         proof = MAC(K_att, N_o | life)
 *   K_mgt = KDF(K_SM, "cw1.mgt" | OPEN without tag | S)
 */
#include "core/base/bytes.h"
#include "core/crypto/suite.h"
#include "sdk/run.h"

const uint8_t cw_session_cipher = CW_CIPHER_SPONGENT;

cw_status cw_session_attest(const uint8_t nonce[static CW_NONCE_LEN])
{
    static const CW_EVEN uint8_t label[8] = "cw1.att";
    CW_EVEN uint8_t key[CW_KEY_LEN];
    uint8_t *claim = cw_memory.out; /* N_o, life; the proof behind it */
    cw_bytes_copy(claim, nonce, CW_NONCE_LEN);
    cw_bytes_copy(claim + CW_NONCE_LEN, &cw_run_module.life, CW_EVIDENCE_LEN);
    cw_enclave_derive(label, sizeof label, key);
    cw_suite_seal(CW_CIPHER_SPONGENT, key, claim, CW_CLAIM_LEN, NULL, 0, claim + CW_CLAIM_LEN);
    cw_bytes_wipe(key, sizeof key);
    return cw_run_put(CW_FRAME_REPLY, claim + CW_NONCE_LEN, CW_EVIDENCE_LEN + CW_TAG_LEN);
}

cw_status cw_session_open(const uint8_t *message, size_t len,
        uint8_t ret_opened[static CW_OPENED_LEN])
{
    CW_EVEN uint8_t context[8 + CW_OPEN_LEN + CW_START_LEN];
    CW_EVEN uint8_t master[CW_KEY_LEN];
    if (len != CW_OPEN_LEN + CW_TAG_LEN) {
        return CW_E_SHORT;
    }
    cw_bytes_copy(context, "cw1.mgt", 8);
    cw_bytes_copy(context + 8, message, CW_OPEN_LEN);
    cw_bytes_copy(context + 8 + CW_OPEN_LEN, cw_run_module.life.start, CW_START_LEN);
    cw_enclave_derive(context, sizeof context, master);
    cw_status status = cw_module_claim(&cw_run_module, message, CW_OPEN_LEN, master, ret_opened);
    cw_bytes_wipe(master, sizeof master);
    return status;
}
