/* SPDX-License-Identifier: MIT */
/* The token of a module, as part 7 of abi.h has it. */
#include "core/base/bytes.h"
#include "core/crypto/cose.h"
#include "core/crypto/hash.h"
#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"

#define CLAIMS_MAX 640u

/* Labels of RFC 8392, RFC 9711 and RFC 9783, and of a software component. */
#define NONCE 10
#define UEID 256
#define PROFILE 265
#define BOOT_SEED 268
#define CLIENT_ID 2394
#define LIFECYCLE 2395
#define IMPLEMENTATION_ID 2396
#define COMPONENTS 2399
#define COMPONENT_TYPE 1
#define COMPONENT_VALUE 2
#define COMPONENT_VERSION 4

#define UEID_RANDOM 0x01 /* in front of 32 bytes */
#define CLIENT_SECURE 1

static struct {
    uint8_t key[32];
    uint8_t seed[32];
    uint8_t platform[32];
    uint8_t implementation[CW_SHA256_LEN];
    uint8_t monitor[32];
    uint8_t kernel[32];
    uint32_t security_version;
    uint32_t lifecycle;
    size_t certificate_lens[2];
    uint8_t certificates[2][CW_TZ_CERTIFICATE_MAX];
} device;

static size_t at_most(uint32_t len)
{
    return len < CW_TZ_CERTIFICATE_MAX ? len : CW_TZ_CERTIFICATE_MAX;
}

void cw_tz_token_open(const struct cw_tz_boot *boot)
{
    cw_bytes_copy(device.key, boot->attestation_key, sizeof device.key);
    cw_bytes_copy(device.platform, boot->platform, sizeof device.platform);
    cw_bytes_copy(device.monitor, boot->monitor, sizeof device.monitor);
    cw_bytes_copy(device.kernel, boot->kernel, sizeof device.kernel);
    device.security_version = boot->security_version;
    device.lifecycle = boot->lifecycle;
    for (unsigned i = 0; i < 2; i++) {
        device.certificate_lens[i] = at_most(boot->certificate_lens[i]);
        cw_bytes_copy(device.certificates[i], boot->certificates[i], CW_TZ_CERTIFICATE_MAX);
    }
    cw_sha256(CW_TZ_IMPLEMENTATION, sizeof CW_TZ_IMPLEMENTATION - 1, device.implementation);
    cw_tz_random(device.seed, sizeof device.seed);
}

static void put_bytes(struct cw_writer *w, int64_t label, const void *bytes, size_t len)
{
    cw_cbor_put_integer(w, label);
    cw_cbor_put_bytes(w, bytes, len);
}

static void put_text(struct cw_writer *w, int64_t label, const char *text, size_t len)
{
    cw_cbor_put_integer(w, label);
    cw_cbor_put_text(w, text, len);
}

static void put_number(struct cw_writer *w, int64_t label, uint64_t number)
{
    cw_cbor_put_integer(w, label);
    cw_cbor_put_unsigned(w, number);
}

static void put_bool(struct cw_writer *w, int64_t label, bool value)
{
    cw_cbor_put_integer(w, label);
    cw_cbor_put_bool(w, value);
}

/* A number as decimal text. */
static void put_version(struct cw_writer *w, int64_t label, uint32_t version)
{
    char digits[10];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + version % 10);
        version /= 10;
    } while (version > 0);
    put_text(w, label, digits + at, sizeof digits - at);
}

static void put_components(struct cw_writer *w)
{
    cw_cbor_put_integer(w, COMPONENTS);
    cw_cbor_put_array(w, 2);
    cw_cbor_put_map(w, 2);
    put_text(w, COMPONENT_TYPE, "M", 1);
    put_bytes(w, COMPONENT_VALUE, device.monitor, sizeof device.monitor);
    cw_cbor_put_map(w, 3);
    put_text(w, COMPONENT_TYPE, "K", 1);
    put_bytes(w, COMPONENT_VALUE, device.kernel, sizeof device.kernel);
    put_version(w, COMPONENT_VERSION, device.security_version);
}

static void put_module(struct cw_writer *w, const struct cw_tz_identity *module)
{
    size_t name_len = 0;
    while (name_len < sizeof module->name && module->name[name_len] != 0) {
        name_len++;
    }
    cw_cbor_put_integer(w, CW_TZ_CLAIM_MODULE);
    cw_cbor_put_map(w, 7);
    put_bytes(w, 1, module->measurement, sizeof module->measurement);
    put_bytes(w, 2, module->signer, sizeof module->signer);
    put_text(w, 3, (const char *)module->name, name_len);
    put_number(w, 4, module->security_version);
    put_number(w, 5, module->epoch);
    put_bool(w, 6, module->is_debug);
    put_number(w, 7, module->device);
}

static void put_claims(struct cw_writer *w, const struct cw_tz_identity *module,
        const uint8_t report[static 32])
{
    uint8_t ueid[1 + sizeof device.platform] = {UEID_RANDOM};
    cw_bytes_copy(ueid + 1, device.platform, sizeof device.platform);
    cw_cbor_put_map(w, 11);
    put_bytes(w, NONCE, report, 32);
    put_bytes(w, UEID, ueid, sizeof ueid);
    put_text(w, PROFILE, CW_TZ_PROFILE, sizeof CW_TZ_PROFILE - 1);
    put_bytes(w, BOOT_SEED, device.seed, sizeof device.seed);
    put_number(w, CLIENT_ID, CLIENT_SECURE);
    put_number(w, LIFECYCLE, device.lifecycle);
    put_bytes(w, IMPLEMENTATION_ID, device.implementation, sizeof device.implementation);
    put_components(w);
    put_module(w, module);
    put_number(w, CW_TZ_CLAIM_BOOT, cw_tz_journal_boot());
    put_bool(w, CW_TZ_CLAIM_EMULATED, true);
}

cw_status cw_tz_token(const struct cw_tz_identity *module, const uint8_t report[static 32],
        uint8_t *ret_token, size_t cap, size_t *ret_len)
{
    static uint8_t claims[CLAIMS_MAX];
    struct cw_writer payload = cw_writer_over(claims, sizeof claims);
    struct cw_writer w = cw_writer_over(ret_token, cap);
    put_claims(&payload, module, report);
    if (payload.status != CW_OK) {
        return payload.status;
    }
    cw_cbor_put_array(&w, 3);
    cw_cose_sign(&w, claims, payload.used_len, device.key);
    for (unsigned i = 0; i < 2; i++) {
        cw_writer_bytes(&w, device.certificates[i], device.certificate_lens[i]);
    }
    return cw_writer_finish(&w, ret_len);
}
