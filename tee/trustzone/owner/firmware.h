/* SPDX-License-Identifier: MIT */
/*
 * firmware.h - the firmware of a board: what boot measures of it.
 *
 * Trust    OWNER.  A firmware may be foreign bytes.
 * Source   tee/trustzone/abi.h, part 6
 */
#ifndef CW_TEE_TRUSTZONE_OWNER_FIRMWARE_H
#define CW_TEE_TRUSTZONE_OWNER_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/trustzone/abi.h"

#define CW_TZ_WHY_LEN 512u
#define CW_TZ_HASH_LEN 32u

struct cw_tz_firmware_info {
    uint32_t security_version;
    uint32_t monitor_len;
    uint32_t kernel_len;
    uint8_t monitor[CW_TZ_HASH_LEN]; /* h_m */
    uint8_t kernel[CW_TZ_HASH_LEN];  /* h_k */
};

/*
 * cw_tz_firmware_check - is it a firmware, whole?
 *
 * ret_why  on CW_E_FORM: what is wrong
 */
CW_MUST_CHECK cw_status cw_tz_firmware_check(const uint8_t *bytes, size_t len,
        struct cw_tz_firmware_info *ret_info, char ret_why[static CW_TZ_WHY_LEN]);

/*
 * cw_tz_firmware_read - what there is to know of a file.
 *
 * CW_E_ABSENT, CW_E_FORM  no such file, or no firmware: in ret_why
 */
CW_MUST_CHECK cw_status cw_tz_firmware_read(const char *path, struct cw_tz_firmware_info *ret_info,
        char ret_why[static CW_TZ_WHY_LEN]);

bool cw_tz_firmware_is_same(const struct cw_tz_firmware_info *a, const struct cw_tz_firmware_info *b);

/* A firmware with its bytes. */
struct cw_tz_firmware_file {
    uint8_t *bytes; /* NULL: none */
    size_t len;
    struct cw_tz_firmware_info info;
};

/*
 * cw_tz_firmware_open - of a file that the user named; close it in any case.
 *
 * CW_E_FORM  no such file, or no firmware: logged
 */
CW_MUST_CHECK cw_status cw_tz_firmware_open(const char *path, struct cw_tz_firmware_file *ret_file);
void cw_tz_firmware_close(struct cw_tz_firmware_file *file);

/* cw_tz_firmware_path - of an SDK; the caller frees it.  NULL: no memory. */
char *cw_tz_firmware_path(const char *sdk_dir);

#endif
