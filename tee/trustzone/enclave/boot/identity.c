/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/crypto/cose.h"
#include "core/crypto/hash.h"
#include "core/crypto/kdf.h"
#include "core/crypto/p256.h"
#include "tee/trustzone/enclave/boot/boot.h"

#include <stddef.h>

static const char label_device[] = "cw1.tz.device";
static const char label_attest[] = "cw1.tz.attest";
static const char label_key[] = "cw1.tz.key";
static const char label_seal[] = "cw1.tz.seal";
static const char label_seed[] = "cw1.tz.seed";

/* HKDF of label (without its zero) and more, in one piece. */
static void derive(const uint8_t secret[static 32], const char *label, size_t label_len,
        const uint8_t *more, size_t more_len, uint8_t *ret_key, size_t ret_len)
{
    uint8_t info[128];
    uint8_t prk[CW_SHA256_LEN];
    cw_bytes_copy(info, label, label_len);
    cw_bytes_copy(info + label_len, more, more_len);
    cw_hkdf_extract(NULL, 0, secret, 32, prk);
    cw_hkdf_expand(prk, info, label_len + more_len, ret_key, ret_len);
    cw_bytes_wipe(prk, sizeof prk);
}

static void derive_key(const uint8_t secret[static 32], const char *label, size_t label_len,
        uint8_t ret_secret[static CW_P256_SECRET_LEN], uint8_t ret_public[static CW_P256_PUBLIC_LEN])
{
    uint8_t wide[CW_P256_WIDE_LEN];
    derive(secret, label, label_len, NULL, 0, wide, sizeof wide);
    cw_p256_secret(wide, ret_secret);
    cw_p256_public(ret_secret, ret_public);
    cw_bytes_wipe(wide, sizeof wide);
}

static void check(const struct cw_tz_device_block *block)
{
    uint8_t hash[CW_SHA256_LEN];
    cw_sha256(block, offsetof(struct cw_tz_device_block, check), hash);
    if (block->magic != CW_TZ_DEVICE_MAGIC || block->version != 1) {
        cw_boot_stop("this flash is of no device; `causeway trustzone new-device` makes one");
    }
    if (!cw_bytes_equal(hash, block->check, sizeof hash)
            || block->certificate_len > CW_TZ_CERTIFICATE_MAX) {
        cw_boot_stop("the device block is damaged; `causeway trustzone new-device` makes another");
    }
}

static void certify(struct cw_tz_boot *boot, const uint8_t device[static CW_P256_SECRET_LEN])
{
    uint8_t payload[256];
    size_t len = 0;
    struct cw_writer w = cw_writer_over(payload, sizeof payload);
    cw_cbor_put_map(&w, 5);
    cw_cbor_put_integer(&w, 1);
    cw_cbor_put_bytes(&w, boot->attestation_public, sizeof boot->attestation_public);
    cw_cbor_put_integer(&w, 2);
    cw_cbor_put_bytes(&w, boot->monitor, sizeof boot->monitor);
    cw_cbor_put_integer(&w, 3);
    cw_cbor_put_bytes(&w, boot->kernel, sizeof boot->kernel);
    cw_cbor_put_integer(&w, 4);
    cw_cbor_put_unsigned(&w, boot->security_version);
    cw_cbor_put_integer(&w, 5);
    cw_cbor_put_unsigned(&w, boot->lifecycle);
    if (cw_writer_finish(&w, &len) != CW_OK) {
        cw_boot_stop("no room for the certificate");
    }
    w = cw_writer_over(boot->certificates[0], sizeof boot->certificates[0]);
    cw_cose_sign(&w, payload, len, device);
    if (cw_writer_finish(&w, &len) != CW_OK) {
        cw_boot_stop("no room for the certificate");
    }
    boot->certificate_lens[0] = (uint32_t)len;
}

static void derive_all(const struct cw_tz_device_block *block, struct cw_tz_boot *boot,
        uint8_t ret_mix[static 32])
{
    struct {
        uint8_t measured[32 + 32 + 4];
        uint8_t attest[32];
        uint8_t device[CW_P256_SECRET_LEN];
        uint8_t device_public[CW_P256_PUBLIC_LEN];
    } s;
    cw_bytes_copy(s.measured, boot->monitor, 32);
    cw_bytes_copy(s.measured + 32, boot->kernel, 32);
    for (unsigned i = 0; i < 4; i++) {
        s.measured[64 + i] = (uint8_t)(block->lifecycle >> 8 * i);
    }
    derive(block->secret, label_attest, sizeof label_attest - 1, s.measured, sizeof s.measured,
            s.attest, sizeof s.attest);
    derive(block->secret, label_seal, sizeof label_seal - 1, s.measured + 64, 4, boot->sealing,
            sizeof boot->sealing);
    derive(block->secret, label_seed, sizeof label_seed - 1, NULL, 0, ret_mix, 32);
    derive_key(s.attest, label_key, sizeof label_key - 1, boot->attestation_key,
            boot->attestation_public);
    derive_key(block->secret, label_device, sizeof label_device - 1, s.device, s.device_public);
    cw_sha256(s.device_public, sizeof s.device_public, boot->platform);
    certify(boot, s.device);
    cw_bytes_wipe(&s, sizeof s);
}

void cw_boot_identity(struct cw_tz_boot *boot, uint8_t ret_mix[static 32])
{
    static struct cw_tz_device_block block;
    cw_bytes_copy(&block, (const void *)(uintptr_t)CW_TZ_DEVICE_AT, sizeof block);
    check(&block);
    boot->lifecycle = block.lifecycle;
    cw_bytes_copy(boot->name, block.name, sizeof boot->name);
    boot->certificate_lens[1] = block.certificate_len;
    cw_bytes_copy(boot->certificates[1], block.certificate, sizeof block.certificate);
    derive_all(&block, boot, ret_mix);
    cw_bytes_wipe(&block, sizeof block);
}
