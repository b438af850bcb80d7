/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/tests/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"
#include "tee/trustzone/tests/board.h"

static uint64_t boot_count;

/* What the kernel's other services would say. */
void cw_tz_random(uint8_t *ret_bytes, size_t len)
{
    memset(ret_bytes, (int)(0x40 + boot_count), len);
}

uint64_t cw_tz_journal_boot(void)
{
    return boot_count;
}

static void key_of(uint8_t number, struct cw_tz_key *ret_key)
{
    uint8_t wide[CW_P256_WIDE_LEN];
    memset(wide, number, sizeof wide);
    cw_p256_secret(wide, ret_key->secret);
    cw_p256_public(ret_key->secret, ret_key->point);
}

void tokens_device(uint8_t device, uint8_t manufacturer, struct tokens_device *ret_device)
{
    uint8_t firmware[BOARD_FIRMWARE_LEN];
    uint8_t secret[CW_TZ_UDS_LEN];
    char why[CW_TZ_WHY_LEN];
    *ret_device = (struct tokens_device){.lifecycle = CW_TZ_LIFECYCLE_TEST, .boot = 1};
    memset(secret, device, sizeof secret);
    key_of(manufacturer, &ret_device->manufacturer);
    cw_tz_key_of_device(secret, &ret_device->device);
    key_of((uint8_t)(device + 100), &ret_device->attestation);
    board_firmware(1, 5, 7, firmware);
    if (cw_tz_firmware_check(firmware, sizeof firmware, &ret_device->firmware, why) != CW_OK) {
        abort();
    }
    cw_tz_token_platform(ret_device->device.point, ret_device->platform);
}

/* What boot makes: the attestation key of this firmware, signed by the device's. */
static void certify(const struct tokens_device *d, struct cw_writer *w)
{
    uint8_t payload[256];
    struct cw_writer p = cw_writer_over(payload, sizeof payload);
    cw_cbor_put_map(&p, 5);
    cw_cbor_put_unsigned(&p, 1);
    cw_cbor_put_bytes(&p, d->attestation.point, sizeof d->attestation.point);
    cw_cbor_put_unsigned(&p, 2);
    cw_cbor_put_bytes(&p, d->firmware.monitor, CW_TZ_HASH_LEN);
    cw_cbor_put_unsigned(&p, 3);
    cw_cbor_put_bytes(&p, d->firmware.kernel, CW_TZ_HASH_LEN);
    cw_cbor_put_unsigned(&p, 4);
    cw_cbor_put_unsigned(&p, d->firmware.security_version);
    cw_cbor_put_unsigned(&p, 5);
    cw_cbor_put_unsigned(&p, d->lifecycle);
    cw_cose_sign(w, payload, p.used_len,
            d->device_signs != NULL ? d->device_signs->secret : d->device.secret);
}

void tokens_start(const struct tokens_device *d)
{
    static struct cw_tz_boot boot;
    struct cw_tz_key maker = d->manufacturer;
    boot_count = d->boot;
    if (d->maker_signs != NULL) {
        memcpy(maker.secret, d->maker_signs->secret, sizeof maker.secret);
    }
    boot = (struct cw_tz_boot){.security_version = d->firmware.security_version,
            .lifecycle = d->lifecycle};
    memcpy(boot.attestation_key, d->attestation.secret, sizeof boot.attestation_key);
    memcpy(boot.platform, d->platform, sizeof boot.platform);
    memcpy(boot.monitor, d->firmware.monitor, sizeof boot.monitor);
    memcpy(boot.kernel, d->firmware.kernel, sizeof boot.kernel);
    struct cw_writer by_device = cw_writer_over(boot.certificates[0], CW_TZ_CERTIFICATE_MAX);
    certify(d, &by_device);
    boot.certificate_lens[0] = (uint32_t)by_device.used_len;
    struct cw_writer by_maker = cw_writer_over(boot.certificates[1], CW_TZ_CERTIFICATE_MAX);
    cw_tz_maker_put(&by_maker, &maker, d->device.point, "board");
    boot.certificate_lens[1] = (uint32_t)by_maker.used_len;
    cw_tz_token_open(&boot);
}

size_t tokens_write(const struct cw_tz_identity *module, const uint8_t report[static 32],
        uint8_t ret_token[static CW_TZ_TOKEN_MAX])
{
    size_t len = 0;
    if (cw_tz_token(module, report, ret_token, CW_TZ_TOKEN_MAX, &len) != CW_OK) {
        abort();
    }
    return len;
}
