/* SPDX-License-Identifier: MIT */
/*
 * Sealing keys, of a secret that the TEE keeps for this application.
 *
 * Implementation notes.  Storage belongs to a UUID, not to code: whoever may sign applications for
 * the board can make one that reads it.  So there is no key of this image alone, and a key of its
 * signer is what it is.  Another secret is never made while one is there, however it is damaged.
 */
#include <tee_internal_api.h>

#include "core/base/bytes.h"
#include "core/crypto/kdf.h"
#include "tee/trustzone/enclave/optee/optee.h"

#define ROOT_LEN 32u
#define VERSION_LEN 4u

static const char name[] = "cw.seal";

static TEE_Result read_root(uint8_t ret_root[static ROOT_LEN])
{
    TEE_ObjectHandle object;
    size_t count = 0;
    TEE_Result result = TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, name, sizeof name,
            TEE_DATA_FLAG_ACCESS_READ, &object);
    if (result != TEE_SUCCESS) {
        return result;
    }
    result = TEE_ReadObjectData(object, ret_root, ROOT_LEN, &count);
    TEE_CloseObject(object);
    return result == TEE_SUCCESS && count != ROOT_LEN ? TEE_ERROR_CORRUPT_OBJECT : result;
}

static TEE_Result root(uint8_t ret_root[static ROOT_LEN])
{
    TEE_Result result = read_root(ret_root);
    if (result != TEE_ERROR_ITEM_NOT_FOUND) {
        return result;
    }
    TEE_GenerateRandom(ret_root, ROOT_LEN);
    result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, name, sizeof name,
            TEE_DATA_FLAG_ACCESS_READ, TEE_HANDLE_NULL, ret_root, ROOT_LEN, NULL);
    /* Another instance was faster: its secret is the one. */
    return result == TEE_ERROR_ACCESS_CONFLICT ? read_root(ret_root) : result;
}

/* The module's security version, little-endian; the TEE tells none of its own. */
void cw_enclave_seal_versions(uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN])
{
    cw_bytes_wipe(ret_versions, CW_SEALED_VERSIONS_LEN);
    for (size_t i = 0; i < VERSION_LEN; i++) {
        ret_versions[i] = (uint8_t)(cw_optee_security_version >> (8 * i));
    }
}

static bool is_newer(const uint8_t versions[static CW_SEALED_VERSIONS_LEN])
{
    uint32_t version = 0;
    uint8_t rest = 0;
    for (size_t i = 0; i < CW_SEALED_VERSIONS_LEN; i++) {
        version |= i < VERSION_LEN ? (uint32_t)versions[i] << (8 * i) : 0;
        rest |= i < VERSION_LEN ? 0 : versions[i];
    }
    return version > cw_optee_security_version || rest != 0;
}

cw_status cw_enclave_seal_key(cw_sealing sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN])
{
    static const uint8_t label[8] = "cw1.sgn";
    uint8_t info[sizeof label + CW_SEALED_VERSIONS_LEN + CW_SEALED_ID_LEN];
    uint8_t secret[ROOT_LEN];
    if (sealing != CW_SEAL_SIGNER || is_newer(versions)) {
        return CW_E_DENIED;
    }
    const TEE_Result result = root(secret);
    cw_bytes_copy(info, label, sizeof label);
    cw_bytes_copy(info + sizeof label, versions, CW_SEALED_VERSIONS_LEN);
    cw_bytes_copy(info + sizeof label + CW_SEALED_VERSIONS_LEN, id, CW_SEALED_ID_LEN);
    if (result == TEE_SUCCESS) {
        cw_hkdf_extract(NULL, 0, secret, sizeof secret, secret);
        cw_hkdf_expand(secret, info, sizeof info, ret_key, CW_KEY_LEN);
    }
    cw_bytes_wipe(secret, sizeof secret);
    return result == TEE_SUCCESS ? CW_OK : CW_E_DENIED;
}
