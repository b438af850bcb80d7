/* SPDX-License-Identifier: MIT */
/* Whom the owner believes: keys of manufacturers, and firmwares besides the SDK's. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/file.h"
#include "tee/trustzone/owner/verify.h"

#define PEM_FILE_MAX 65536u

static cw_status add_keys(const char *path, struct cw_tz_policy *p, char ret_why[static CW_TZ_WHY_LEN])
{
    uint8_t *pem = NULL;
    size_t len = 0;
    cw_status status = cw_file_read(path, PEM_FILE_MAX, &pem, &len);
    if (status != CW_OK) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "\"collateral\": %.300s cannot be read: expected a file "
                       "with a manufacturer's public key, or a folder of them",
                path);
        return status == CW_E_ABSENT ? CW_E_ABSENT : CW_E_FORM;
    }
    const size_t room = CW_TZ_COLLATERAL_MAX - p->manufacturer_count;
    const size_t count = cw_tz_key_points(pem, len, p->manufacturers + p->manufacturer_count, room);
    free(pem);
    if (count == 0) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN,
                "\"collateral\": found no public key of P-256 in %.250s, expected a manufacturer's "
                "(NAME.pub.pem of `causeway trustzone new-device`)",
                path);
        return CW_E_FORM;
    }
    if (count > room) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "\"collateral\": %.300s makes more than %u keys: name "
                       "those that are needed",
                path, CW_TZ_COLLATERAL_MAX);
        return CW_E_SPACE;
    }
    p->manufacturer_count += count;
    return CW_OK;
}

static cw_status add_firmware(const char *path, struct cw_tz_policy *p,
        char ret_why[static CW_TZ_WHY_LEN])
{
    if (p->firmware_count == CW_TZ_COLLATERAL_MAX) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "\"collateral\": %.300s makes more than %u firmwares: "
                       "keep those that are needed",
                path, CW_TZ_COLLATERAL_MAX);
        return CW_E_SPACE;
    }
    const cw_status status =
            cw_tz_firmware_read(path, &p->firmwares[p->firmware_count], ret_why);
    p->firmware_count += status == CW_OK ? 1 : 0;
    return status;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t len = strlen(name);
    const size_t end_len = strlen(end);
    return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static cw_status add_folder(DIR *folder, const char *path, struct cw_tz_policy *p,
        char ret_why[static CW_TZ_WHY_LEN])
{
    const size_t before = p->manufacturer_count + p->firmware_count;
    cw_status status = CW_OK;
    for (struct dirent *entry; status == CW_OK && (entry = readdir(folder)) != NULL;) {
        const bool is_key = ends_with(entry->d_name, ".pem");
        if (!is_key && !ends_with(entry->d_name, ".bin")) {
            continue;
        }
        char *file = cw_file_join(path, entry->d_name);
        status = file == NULL ? CW_E_SYSTEM
                : is_key      ? add_keys(file, p, ret_why)
                              : add_firmware(file, p, ret_why);
        free(file);
    }
    if (status == CW_OK && p->manufacturer_count + p->firmware_count == before) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "\"collateral\": the folder %.250s holds no file .pem "
                       "(a manufacturer's public key) and no file .bin (a firmware)",
                path);
        return CW_E_FORM;
    }
    return status;
}

cw_status cw_tz_collateral_read(const char *path, struct cw_tz_policy *policy,
        char ret_why[static CW_TZ_WHY_LEN])
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return add_keys(path, policy, ret_why);
    }
    const cw_status status = add_folder(folder, path, policy, ret_why);
    (void)closedir(folder);
    return status;
}
