/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/owner/text.h"

#include <inttypes.h>
#include <stdio.h>

struct cw_tz_hex cw_tz_hex(const uint8_t *bytes, size_t len)
{
    struct cw_tz_hex h = {""};
    for (size_t i = 0; i < len && i < (sizeof h.text - 1) / 2; i++) {
        (void)snprintf(h.text + 2 * i, 3, "%02x", bytes[i]);
    }
    return h;
}

struct cw_tz_hex cw_tz_key_id(const uint8_t point[static CW_P256_PUBLIC_LEN])
{
    uint8_t id[CW_TZ_HASH_LEN];
    cw_tz_token_platform(point, id);
    return cw_tz_hex(id, sizeof id);
}

struct cw_tz_hex cw_tz_lifecycle_name(uint64_t lifecycle)
{
    struct cw_tz_hex h = {"test"};
    if (lifecycle != CW_TZ_LIFECYCLE_TEST) {
        (void)snprintf(h.text, sizeof h.text, "0x%04" PRIx64, lifecycle);
    }
    return h;
}

struct cw_tz_hex cw_tz_device_name(uint64_t device)
{
    static const char *const names[] = {
            [CW_TZ_DEVICE_NONE] = "none",
            [CW_TZ_DEVICE_PORT1] = "port1",
            [CW_TZ_DEVICE_PORT2] = "port2",
            [CW_TZ_DEVICE_UART] = "uart",
    };
    struct cw_tz_hex h = {""};
    if (device < sizeof names / sizeof names[0]) {
        (void)snprintf(h.text, sizeof h.text, "%s", names[device]);
    } else {
        (void)snprintf(h.text, sizeof h.text, "%" PRIu64, device);
    }
    return h;
}

json_t *cw_tz_firmware_json(const struct cw_tz_firmware_info *info)
{
    return json_pack("{s:I, s:s, s:I, s:s, s:I}", "security_version",
            (json_int_t)info->security_version, "monitor",
            cw_tz_hex(info->monitor, sizeof info->monitor).text, "monitor_len",
            (json_int_t)info->monitor_len, "kernel",
            cw_tz_hex(info->kernel, sizeof info->kernel).text, "kernel_len",
            (json_int_t)info->kernel_len);
}

json_t *cw_tz_device_json(const struct cw_tz_device_info *info)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", info->name, "platform",
            cw_tz_hex(info->platform, sizeof info->platform).text, "manufacturer",
            cw_tz_key_id(info->manufacturer).text, "lifecycle",
            cw_tz_lifecycle_name(info->lifecycle).text, "started", !info->is_journal_new);
}
