/* SPDX-License-Identifier: MIT */
/*
 * Evidence is what OP-TEE's attestation service says of the memory of this running instance, its
 * code and constants: SHA-256, 32 bytes, and RSA-PSS over SHA-256(nonce, hash).
 *
 * Implementation notes.  The service signs for every application alike, so the nonce says who asks:
 * SHA-256("cw1.opt", report, UUID, security version).  A board without the service has no evidence,
 * and then the owner's ATTEST is refused.
 */
#include <tee_internal_api.h>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "tee/trustzone/enclave/optee/optee.h"

#define HASH_TA_MEMORY 2u
#define TYPES                                                                                    \
    TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,                   \
            TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)

static const TEE_UUID service = {0x39800861, 0x182a, 0x4720,
        {0x9b, 0x67, 0x2b, 0xcd, 0x62, 0x2b, 0xc0, 0xb5}};

static void name(const uint8_t report[static 32], uint8_t ret_nonce[static CW_SHA256_LEN])
{
    const uint32_t number = cw_optee_security_version;
    const uint8_t version[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
            (uint8_t)(number >> 24)};
    struct cw_sha256 hash;
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, "cw1.opt", 8);
    cw_sha256_update(&hash, report, 32);
    cw_sha256_update(&hash, cw_optee_uuid, sizeof cw_optee_uuid);
    cw_sha256_update(&hash, version, sizeof version);
    cw_sha256_out(&hash, ret_nonce);
}

cw_status cw_enclave_evidence(const uint8_t report[static 32], uint8_t *ret_evidence, size_t cap,
        size_t *ret_len)
{
    uint8_t nonce[CW_SHA256_LEN];
    TEE_TASessionHandle session;
    TEE_Param none[TEE_NUM_PARAMS] = {{{NULL, 0}}};
    TEE_Param params[TEE_NUM_PARAMS] = {{{NULL, 0}}};
    uint32_t origin;
    TEE_Result result = TEE_OpenTASession(&service, TEE_TIMEOUT_INFINITE, 0, none, &session,
            &origin);
    if (result != TEE_SUCCESS) {
        return CW_E_ABSENT;
    }
    name(report, nonce);
    params[0].memref.buffer = nonce;
    params[0].memref.size = sizeof nonce;
    params[1].memref.buffer = ret_evidence;
    params[1].memref.size = cap;
    result = TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, HASH_TA_MEMORY, TYPES, params,
            &origin);
    TEE_CloseTASession(session);
    if (result == TEE_ERROR_SHORT_BUFFER) {
        return CW_E_SPACE;
    }
    if (result != TEE_SUCCESS || params[1].memref.size <= 32 || params[1].memref.size > cap) {
        return CW_E_ABSENT;
    }
    *ret_len = params[1].memref.size;
    return CW_OK;
}
