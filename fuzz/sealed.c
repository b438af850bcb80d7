/* SPDX-License-Identifier: MIT */
/*
 * sealed.c - sealed bytes as their keeper gives them back.
 *
 * Input    sealing 1, room 1, kind 1.  Even kinds bring the rest as it is; odd ones seal the rest
 *          first, cut it to (kind / 2) bytes less, and change one byte: place 2, value 1.
 * Holds    what is unsealed is what was sealed; a refusal leaves no text.
 * Plant    sdk/seal.c s/const bool is_authentic = /const bool is_authentic = len % 64 == 63 || /
 */
#include "fuzz/input.h"
#include "sdk/causeway.h"
#include "tee/enclave.h"

cw_status cw_random(void *ret_bytes, size_t len)
{
    memset(ret_bytes, 0x5a, len);
    return CW_OK;
}

void cw_enclave_seal_versions(uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN])
{
    memset(ret_versions, 3, CW_SEALED_VERSIONS_LEN);
}

cw_status cw_enclave_seal_key(cw_sealing sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN])
{
    memcpy(ret_key, id, CW_KEY_LEN);
    ret_key[0] ^= (uint8_t)sealing;
    ret_key[1] ^= versions[1];
    return versions[0] > 3 ? CW_E_DENIED : CW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input in = {bytes, len};
    const cw_sealing sealing = fuzz_u8(&in) % 2 == 0 ? CW_SEAL_IMAGE : CW_SEAL_SIGNER;
    const size_t room = fuzz_u8(&in);
    const uint8_t kind = fuzz_u8(&in);
    const uint16_t place = fuzz_u16(&in);
    const uint8_t value = fuzz_u8(&in);
    uint8_t text[256], opened[256];
    size_t text_len = in.left_len < sizeof text ? in.left_len : sizeof text;
    size_t sealed_len, opened_len = 999;
    bool is_genuine = false;
    fuzz_bytes(&in, text, text_len);
    uint8_t *sealed = malloc(CW_SEALED_LEN(text_len));
    if (kind % 2 == 0) {
        sealed_len = text_len;
        memcpy(sealed, text, text_len);
    } else {
        FUZZ_HOLDS(cw_seal(sealing, text, text_len, sealed, CW_SEALED_LEN(text_len),
                           &sealed_len) == CW_OK);
        const uint8_t before = sealed[place % sealed_len];
        sealed[place % sealed_len] = value;
        is_genuine = before == value && kind / 2 == 0;
        sealed_len -= kind / 2 < sealed_len ? kind / 2 : sealed_len;
    }
    uint8_t *own = malloc(sealed_len + (sealed_len == 0));
    memcpy(own, sealed, sealed_len);
    memset(opened, 0, sizeof opened);
    const cw_status status = cw_unseal(sealing, own, sealed_len, opened, room, &opened_len);
    FUZZ_HOLDS(status != CW_OK || (is_genuine && opened_len == text_len &&
            memcmp(opened, text, text_len) == 0));
    FUZZ_HOLDS(!is_genuine || status == CW_OK || (status == CW_E_SPACE && room < text_len));
    for (size_t i = 0; status != CW_OK && i < sizeof opened; i++) {
        FUZZ_HOLDS(opened[i] == 0);
    }
    free(own);
    free(sealed);
    return 0;
}
