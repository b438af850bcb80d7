/* SPDX-License-Identifier: MIT */
/*
 * Keys that the chip derives from who the module is.
 *
 * Implementation notes.  All attributes count (masks of ones), DEBUG above all: the same image under
 * a debugger has other keys.
 */
#include "core/base/bytes.h"
#include "core/crypto/kdf.h"
#include "tee/sgx/enclave/inside.h"

#define ISVSVN_LEN 2

_Static_assert((int)CW_SEAL_IMAGE == (int)SGX_KEYPOLICY_MRENCLAVE &&
                (int)CW_SEAL_SIGNER == (int)SGX_KEYPOLICY_MRSIGNER, "named alike");
_Static_assert(ISVSVN_LEN + SGX_CPUSVN_LEN == CW_SEALED_VERSIONS_LEN &&
                SGX_KEYID_LEN == CW_SEALED_ID_LEN && SGX_KEY_LEN == CW_KEY_LEN, "of one size");

void cw_enclave_seal_versions(uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN])
{
    static const _Alignas(512) uint8_t target[SGX_TARGETINFO_LEN];
    static const _Alignas(128) uint8_t data[SGX_REPORTDATA_LEN];
    static _Alignas(512) uint8_t made[SGX_REPORT_LEN];
    cw_sgx_report(target, data, made);
    cw_bytes_copy(ret_versions, made + SGX_REPORT_ISVSVN, ISVSVN_LEN);
    cw_bytes_copy(ret_versions + ISVSVN_LEN, made + SGX_REPORT_CPUSVN, SGX_CPUSVN_LEN);
}

static void fill(uint8_t *ret_bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = UINT8_MAX;
    }
}

cw_status cw_enclave_seal_key(cw_sealing sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN])
{
    static _Alignas(512) uint8_t request[SGX_KEYREQUEST_LEN]; /* what is not set stays 0 */
    static _Alignas(16) uint8_t key[SGX_KEY_LEN];
    if (sealing != CW_SEAL_IMAGE && sealing != CW_SEAL_SIGNER) {
        cw_enclave_abort();
    }
    request[SGX_KEYREQ_KEYNAME] = SGX_KEYNAME_SEAL;
    request[SGX_KEYREQ_KEYPOLICY] = (uint8_t)sealing;
    cw_bytes_copy(request + SGX_KEYREQ_ISVSVN, versions, ISVSVN_LEN);
    cw_bytes_copy(request + SGX_KEYREQ_CPUSVN, versions + ISVSVN_LEN, SGX_CPUSVN_LEN);
    fill(request + SGX_KEYREQ_ATTRIBUTEMASK, SGX_ATTRIBUTES_LEN);
    cw_bytes_copy(request + SGX_KEYREQ_KEYID, id, SGX_KEYID_LEN);
    fill(request + SGX_KEYREQ_MISCMASK, 4);
    const uint32_t code = cw_sgx_key(request, key);
    cw_bytes_copy(ret_key, key, sizeof key);
    cw_bytes_wipe(key, sizeof key);
    return code == SGX_OK ? CW_OK : CW_E_DENIED;
}

/* The root key: bound to the image, not to versions, which its holders could not know. */
void cw_enclave_derive(const uint8_t *context, size_t context_len,
        uint8_t ret_key[static CW_KEY_LEN])
{
    static const uint8_t zeros[CW_SEALED_ID_LEN];
    uint8_t root[CW_SHA256_LEN];
    if (cw_enclave_seal_key(CW_SEAL_IMAGE, zeros, zeros, root) != CW_OK) {
        cw_enclave_abort();
    }
    cw_hkdf_extract(zeros, sizeof zeros, root, CW_KEY_LEN, root);
    cw_hkdf_expand(root, context, context_len, ret_key, CW_KEY_LEN);
    cw_bytes_wipe(root, sizeof root);
}
