/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/owner/firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "core/wire/reader.h"
#include "posix/file.h"
#include "posix/log.h"

#define PLACE "lib/trustzone/firmware.bin"

static struct cw_tz_part get_part(struct cw_reader *r)
{
    const uint64_t from = cw_reader_u64(r);
    const uint64_t to = cw_reader_u64(r);
    const uint64_t len = cw_reader_u64(r);
    return (struct cw_tz_part){.from = from, .to = to, .len = len};
}

static bool lies_in(const struct cw_tz_part *part, size_t len)
{
    return part->len > 0 && part->len <= len && part->from <= len - part->len;
}

cw_status cw_tz_firmware_check(const uint8_t *bytes, size_t len,
        struct cw_tz_firmware_info *ret_info, char ret_why[static CW_TZ_WHY_LEN])
{
    if (len < CW_TZ_FIRMWARE_AT + sizeof(struct cw_tz_firmware) || len > CW_TZ_FIRMWARE_MAX) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "found %zu bytes, expected %zu to %lu", len,
                (size_t)CW_TZ_FIRMWARE_AT + sizeof(struct cw_tz_firmware), CW_TZ_FIRMWARE_MAX);
        return CW_E_FORM;
    }
    struct cw_reader r = cw_reader_over(bytes + CW_TZ_FIRMWARE_AT, sizeof(struct cw_tz_firmware));
    const uint32_t magic = cw_reader_u32(&r);
    ret_info->security_version = cw_reader_u32(&r);
    const struct cw_tz_part monitor = get_part(&r);
    const struct cw_tz_part kernel = get_part(&r);
    if (magic != CW_TZ_FIRMWARE_MAGIC) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "found no firmware's header at byte %lu",
                CW_TZ_FIRMWARE_AT);
        return CW_E_FORM;
    }
    if (!lies_in(&monitor, len) || !lies_in(&kernel, len)) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "its %s does not lie in it: it is cut short",
                lies_in(&monitor, len) ? "kernel" : "monitor");
        return CW_E_FORM;
    }
    ret_info->monitor_len = (uint32_t)monitor.len;
    ret_info->kernel_len = (uint32_t)kernel.len;
    cw_sha256(bytes + monitor.from, monitor.len, ret_info->monitor);
    cw_sha256(bytes + kernel.from, kernel.len, ret_info->kernel);
    return CW_OK;
}

cw_status cw_tz_firmware_read(const char *path, struct cw_tz_firmware_info *ret_info,
        char ret_why[static CW_TZ_WHY_LEN])
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    char why[CW_TZ_WHY_LEN] = "it cannot be read";
    cw_status status = cw_file_read(path, CW_TZ_FIRMWARE_MAX, &bytes, &len);
    if (status == CW_OK) {
        status = cw_tz_firmware_check(bytes, len, ret_info, why);
        free(bytes);
    }
    if (status == CW_E_ABSENT) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN,
                "there is no firmware %.300s: build or install all of Causeway", path);
        return CW_E_ABSENT;
    }
    if (status != CW_OK) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "%.200s is no firmware: %.200s", path, why);
        return CW_E_FORM;
    }
    return CW_OK;
}

bool cw_tz_firmware_is_same(const struct cw_tz_firmware_info *a, const struct cw_tz_firmware_info *b)
{
    return a->security_version == b->security_version &&
            memcmp(a->monitor, b->monitor, sizeof a->monitor) == 0 &&
            memcmp(a->kernel, b->kernel, sizeof a->kernel) == 0;
}

cw_status cw_tz_firmware_open(const char *path, struct cw_tz_firmware_file *ret_file)
{
    char why[CW_TZ_WHY_LEN] = "";
    *ret_file = (struct cw_tz_firmware_file){0};
    cw_status status = cw_file_read(path, CW_TZ_FIRMWARE_MAX, &ret_file->bytes, &ret_file->len);
    if (status == CW_OK) {
        status = cw_tz_firmware_check(ret_file->bytes, ret_file->len, &ret_file->info, why);
        if (status != CW_OK) {
            cw_log_error("%s" CW_AT ": this is no firmware: %s" CW_REMEDY ": is the file whole?", path,
                    why);
        }
    } else if (status == CW_E_ABSENT) {
        cw_log_error("%s" CW_AT ": there is no such firmware" CW_REMEDY
                     ": build or install all of Causeway, with a compiler for AArch64",
                path);
    }
    return status == CW_OK ? CW_OK : CW_E_FORM;
}

void cw_tz_firmware_close(struct cw_tz_firmware_file *file)
{
    free(file->bytes);
    file->bytes = NULL;
}

char *cw_tz_firmware_path(const char *sdk_dir)
{
    return cw_file_join(sdk_dir, PLACE);
}
