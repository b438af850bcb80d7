/* SPDX-License-Identifier: MIT */
/*
 * The board of a node on the owner's own machine: causeway-trustzone, in a folder beside the node's.
 * Its flash is made before it starts there for the first time, and gets newer firmware of the SDK
 * before a later start.
 */
#include "tee/trustzone/owner/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "posix/file.h"
#include "posix/log.h"
#include "posix/tool.h"
#include "tee/trustzone/owner/device.h"

#define FLASH "flash.bin"
#define MANUFACTURER "manufacturer.pem"

static void arguments(const struct cw_owner_node *node, const char *sdk_dir,
        struct cw_tool *ret_arguments)
{
    static const char *const words[] = {"--flash", FLASH, "--link", "link", "--console", "console",
            "--control", "control", "--normal"};
    (void)node;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        cw_tool_add(ret_arguments, "%s", words[i]);
    }
    cw_tool_add(ret_arguments, "%s/lib/trustzone/normal.bin", sdk_dir);
}

static cw_status take_key(const char *folder, struct cw_tz_key *ret_key)
{
    char *path = cw_file_join(folder, MANUFACTURER);
    cw_status status = path == NULL ? CW_E_SYSTEM : cw_tz_key_read(path, ret_key);
    if (status == CW_E_ABSENT) {
        status = cw_tz_key_new(ret_key);
        if (status == CW_OK) {
            status = cw_tz_key_write(path, ret_key);
        }
    }
    free(path);
    return status;
}

/* A device is called as its node, as far as it can be. */
static void name_device(const char *name, char ret_name[static CW_TZ_NAME_CAP])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    (void)snprintf(ret_name, CW_TZ_NAME_CAP - 1, "%s", name);
    for (char *c = ret_name; *c != '\0'; c++) {
        *c = strchr(letters, *c) == NULL ? '-' : *c;
    }
}

static cw_status make(const struct cw_owner_node *node, const char *folder, const char *flash,
        const struct cw_tz_firmware_file *firmware)
{
    struct cw_tz_key key = {0};
    struct cw_tz_device_info info = {0};
    char name[CW_TZ_NAME_CAP];
    name_device(node->name, name);
    cw_status status = take_key(folder, &key);
    if (status == CW_OK) {
        const struct cw_tz_device_wish wish = {.name = name, .firmware = firmware,
                .manufacturer = &key};
        status = cw_tz_device_make(flash, &wish, &info);
    }
    cw_bytes_wipe(&key, sizeof key);
    return status;
}

static cw_status prepare(const struct cw_owner_node *node, const char *sdk_dir, const char *folder)
{
    struct cw_tz_device_info info = {0};
    struct cw_tz_firmware_info was = {0};
    struct cw_tz_firmware_file firmware = {0};
    char *path = cw_tz_firmware_path(sdk_dir);
    char *flash = cw_file_join(folder, FLASH);
    cw_status status = path == NULL || flash == NULL ? CW_E_SYSTEM
                                                     : cw_tz_firmware_open(path, &firmware);
    if (status == CW_OK) {
        status = cw_tz_device_update(flash, &firmware, &info, &was);
    }
    if (status == CW_E_ABSENT) {
        status = make(node, folder, flash, &firmware);
    }
    cw_tz_firmware_close(&firmware);
    free(flash);
    free(path);
    return status;
}

/* A board that runs has the firmware that was in its flash then. */
static bool is_current(const char *sdk_dir, const char *folder)
{
    struct cw_tz_device_info info = {0};
    struct cw_tz_firmware_info wanted = {0};
    char why[CW_TZ_WHY_LEN] = "";
    char *path = cw_tz_firmware_path(sdk_dir);
    char *flash = cw_file_join(folder, FLASH);
    const bool is_so = path != NULL && flash != NULL &&
            cw_tz_firmware_read(path, &wanted, why) == CW_OK &&
            cw_tz_device_read(flash, &info) == CW_OK &&
            cw_tz_firmware_is_same(&info.firmware, &wanted);
    free(flash);
    free(path);
    return is_so;
}

static cw_status identify(const char *folder, uint8_t ret_platform[static CW_PLATFORM_ID_LEN])
{
    struct cw_tz_device_info info = {0};
    char *path = cw_file_join(folder, FLASH);
    const cw_status status = path == NULL ? CW_E_SYSTEM : cw_tz_device_read(path, &info);
    if (status == CW_OK) {
        memcpy(ret_platform, info.platform, CW_PLATFORM_ID_LEN);
    }
    free(path);
    return status;
}

const struct cw_owner_local cw_tz_local = {
        .program = "causeway-trustzone",
        .socket = "link",
        .platform = "link=../board/link",
        .arguments = arguments,
        .prepare = prepare,
        .is_current = is_current,
        .identify = identify,
};
