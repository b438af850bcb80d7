/* SPDX-License-Identifier: MIT */
/* A key encrypts once, so its nonce may be zeros. */
#include "core/crypto/gcm.h"
#include "sdk/causeway.h"
#include "tee/enclave.h"

static const uint8_t nonce[CW_GCM_NONCE_LEN];

static void forget(uint8_t key[static CW_KEY_LEN])
{
    cw_bytes_wipe(key, CW_KEY_LEN);
    cw_gcm_forget();
}

cw_status cw_seal(cw_sealing sealing, const void *bytes, size_t len, void *ret_sealed, size_t cap,
        size_t *ret_len)
{
    uint8_t key[CW_KEY_LEN];
    uint8_t header[CW_SEALED_HEADER_LEN] = {CW_SEALED_VERSION, (uint8_t)sealing};
    uint8_t *at = ret_sealed;
    if (cap < CW_SEALED_LEN(0) || cap - CW_SEALED_LEN(0) < len) {
        return CW_E_SPACE;
    }
    cw_enclave_seal_versions(header + CW_SEALED_VERSIONS);
    cw_status status = cw_random(header + CW_SEALED_ID, CW_SEALED_ID_LEN);
    if (status == CW_OK) {
        status = cw_enclave_seal_key(sealing, header + CW_SEALED_VERSIONS, header + CW_SEALED_ID,
                key);
    }
    if (status != CW_OK) {
        return status;
    }
    cw_bytes_copy(at, header, sizeof header);
    at += sizeof header;
    cw_gcm_seal(key, nonce, header, sizeof header, bytes, len, at, at + len);
    forget(key);
    *ret_len = CW_SEALED_LEN(len);
    return CW_OK;
}

cw_status cw_unseal(cw_sealing sealing, const void *sealed, size_t len, void *ret_bytes, size_t cap,
        size_t *ret_len)
{
    uint8_t key[CW_KEY_LEN];
    const uint8_t *header = sealed;
    if (len < CW_SEALED_LEN(0) || header[0] != CW_SEALED_VERSION || header[1] != sealing) {
        return CW_E_FORM;
    }
    const uint8_t *body = header + CW_SEALED_HEADER_LEN;
    const size_t body_len = len - CW_SEALED_LEN(0);
    if (cap < body_len) {
        return CW_E_SPACE;
    }
    const cw_status status = cw_enclave_seal_key(sealing, header + CW_SEALED_VERSIONS,
            header + CW_SEALED_ID, key);
    if (status != CW_OK) {
        return status;
    }
    const bool is_authentic = cw_gcm_open(key, nonce, header, CW_SEALED_HEADER_LEN, body, body_len,
            body + body_len, ret_bytes);
    forget(key);
    *ret_len = is_authentic ? body_len : 0;
    return is_authentic ? CW_OK : CW_E_AUTH;
}
