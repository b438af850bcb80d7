/* SPDX-License-Identifier: MIT */
/* Keys for sealed bytes, as part 7 of abi.h derives them. */
#include "core/base/bytes.h"
#include "core/crypto/kdf.h"
#include "core/wire/writer.h"
#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"

/* In the versions of sealed bytes. */
#define MODULE_AT 0
#define FIRMWARE_AT 4
#define ZERO_AT 8

static struct {
    uint8_t prk[CW_SHA256_LEN]; /* HKDF's, of CDI_s */
    uint32_t firmware_version;
} keys;

void cw_tz_keys_open(const struct cw_tz_boot *boot)
{
    cw_hkdf_extract(NULL, 0, boot->sealing, sizeof boot->sealing, keys.prk);
    keys.firmware_version = boot->security_version;
}

void cw_tz_seal_versions(const struct cw_tz_identity *module,
        uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN])
{
    struct cw_writer w = cw_writer_over(ret_versions, CW_SEALED_VERSIONS_LEN);
    cw_bytes_wipe(ret_versions, CW_SEALED_VERSIONS_LEN);
    cw_writer_u32(&w, module->security_version);
    cw_writer_u32(&w, keys.firmware_version);
}

static uint32_t version_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool is_of_today(const struct cw_tz_identity *module, const uint8_t *versions)
{
    uint8_t rest = 0;
    for (unsigned i = ZERO_AT; i < CW_SEALED_VERSIONS_LEN; i++) {
        rest |= versions[i];
    }
    return rest == 0 && version_at(versions + MODULE_AT) <= module->security_version &&
            version_at(versions + FIRMWARE_AT) <= keys.firmware_version;
}

cw_status cw_tz_seal_key(const struct cw_tz_identity *module, uint32_t sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN])
{
    uint8_t info[160];
    struct cw_writer w = cw_writer_over(info, sizeof info);
    cw_bytes_wipe(ret_key, CW_KEY_LEN);
    if (sealing == CW_SEAL_IMAGE) {
        cw_writer_bytes(&w, "image", 5);
        cw_writer_bytes(&w, module->measurement, sizeof module->measurement);
    } else if (sealing == CW_SEAL_SIGNER) {
        cw_writer_bytes(&w, "signer", 6);
        cw_writer_bytes(&w, module->signer, sizeof module->signer);
        cw_writer_bytes(&w, module->name, sizeof module->name);
    } else {
        return CW_E_FORM;
    }
    if (!is_of_today(module, versions)) {
        return CW_E_DENIED;
    }
    cw_writer_u8(&w, module->is_debug);
    cw_writer_bytes(&w, versions, CW_SEALED_VERSIONS_LEN);
    cw_writer_bytes(&w, id, CW_SEALED_ID_LEN);
    cw_hkdf_expand(keys.prk, info, w.used_len, ret_key, CW_KEY_LEN);
    return w.status;
}
