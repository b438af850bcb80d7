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

cw_status cw_session_prove(const uint8_t nonce[static CW_NONCE_LEN],
        const uint8_t life[static CW_EVIDENCE_LEN], uint8_t *ret_proof, size_t cap,
        size_t *ret_len)
{
    static const CW_EVEN uint8_t label[8] = "cw1.att";
    CW_EVEN uint8_t key[CW_KEY_LEN];
    CW_EVEN uint8_t message[CW_NONCE_LEN + CW_EVIDENCE_LEN];
    cw_status status =
            cap < CW_TAG_LEN ? CW_E_SPACE : cw_enclave_derive(label, sizeof label, key);
    if (status == CW_OK) {
        cw_bytes_copy(message, nonce, CW_NONCE_LEN);
        cw_bytes_copy(message + CW_NONCE_LEN, life, CW_EVIDENCE_LEN);
        cw_suite_mac(CW_CIPHER_SPONGENT, key, message, sizeof message, ret_proof);
        cw_bytes_wipe(key, sizeof key);
        *ret_len = CW_TAG_LEN;
    }
    return status;
}

cw_status cw_session_open(struct cw_module *m, const uint8_t *message, size_t len,
        uint8_t ret_opened[static CW_OPENED_LEN])
{
    CW_EVEN uint8_t context[8 + CW_OPEN_LEN + CW_START_LEN] = "cw1.mgt";
    CW_EVEN uint8_t master[CW_KEY_LEN];
    if (len != CW_OPEN_LEN + CW_TAG_LEN) {
        return CW_E_SHORT;
    }
    cw_bytes_copy(context + 8, message, CW_OPEN_LEN);
    cw_bytes_copy(context + 8 + CW_OPEN_LEN, m->life.start, CW_START_LEN);
    cw_status status = cw_enclave_derive(context, sizeof context, master);
    return status == CW_OK ? cw_session_finish(m, message, CW_OPEN_LEN, master, ret_opened)
                           : status;
}
