/* SPDX-License-Identifier: MIT */
/* `causeway trustzone new-device`: a board's flash, with a device of its own in it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "posix/args.h"
#include "posix/file.h"
#include "posix/log.h"
#include "tee/trustzone/owner/device.h"
#include "tee/trustzone/owner/text.h"
#include "tee/trustzone/owner/verbs.h"

#define DEFAULT_KEY "manufacturer.pem"

enum { NAME, MANUFACTURER, FIRMWARE, UPDATE, REPLACE };

static const struct cw_args_option options[] = {
        [NAME] = {"name", "NAME", "what the device is called (the file's name)"},
        [MANUFACTURER] = {"manufacturer", "KEY",
                "the manufacturer's key, PEM (" DEFAULT_KEY " beside the file, made if missing)"},
        [FIRMWARE] = {"firmware", "FILE", "the firmware of the board (the SDK's)"},
        [UPDATE] = {"update", NULL, "newer firmware into a file that is there; the device stays"},
        [REPLACE] = {"replace", NULL, "another device in place of the one that is there"},
        {0},
};

/* What was done, to tell. */
struct outcome {
    const char *path;
    struct cw_tz_device_info info;
    struct cw_tz_firmware_info was; /* update */
    char *key_path;
    bool is_key_new;
    bool is_update;
};

/* flash.bin -> flash; what no name may have becomes a hyphen. */
static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash != NULL ? slash + 1 : path);
    char *dot = name == NULL ? NULL : strrchr(name, '.');
    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    return name;
}

static cw_status take_key(const char *path, const char *asked, struct outcome *o,
        struct cw_tz_key *ret_key)
{
    char *folder = cw_file_folder(path);
    o->key_path = asked != NULL ? strdup(asked) : folder == NULL ? NULL
                                                                  : cw_file_join(folder, DEFAULT_KEY);
    free(folder);
    if (o->key_path == NULL) {
        return CW_E_SYSTEM;
    }
    cw_status status = cw_tz_key_read(o->key_path, ret_key);
    if (status == CW_E_ABSENT && asked != NULL) {
        cw_log_error("--manufacturer" CW_AT ": there is no file %s" CW_REMEDY
                     ": leave the option out, and a key is made beside the flash file",
                asked);
        return CW_E_FORM;
    }
    if (status == CW_E_ABSENT) {
        o->is_key_new = true;
        status = cw_tz_key_new(ret_key);
        if (status == CW_OK) {
            status = cw_tz_key_write(o->key_path, ret_key);
        }
    }
    return status == CW_E_DENIED ? CW_E_FORM : status;
}

/* What is wrong is found before a key is made for nothing. */
static cw_status make(const struct cw_owner_call *call, const struct cw_tz_firmware_file *firmware,
        struct outcome *o)
{
    struct cw_tz_key key = {0};
    const bool replace = call->values[REPLACE] != NULL;
    char *name = call->values[NAME] != NULL ? strdup(call->values[NAME]) : name_of(o->path);
    cw_status status = name == NULL ? CW_E_SYSTEM : cw_tz_device_check_name(name);
    if (status == CW_OK && !replace && cw_file_exists(o->path)) {
        cw_tz_device_complain_present(o->path);
        status = CW_E_FORM;
    }
    if (status == CW_OK) {
        status = take_key(o->path, call->values[MANUFACTURER], o, &key);
    }
    if (status == CW_OK) {
        const struct cw_tz_device_wish wish = {.name = name, .firmware = firmware,
                .manufacturer = &key, .replace = replace};
        status = cw_tz_device_make(o->path, &wish, &o->info);
    }
    cw_bytes_wipe(&key, sizeof key);
    free(name);
    return status;
}

static cw_status update(const struct cw_owner_call *call, const struct cw_tz_firmware_file *firmware,
        struct outcome *o)
{
    static const size_t others[] = {NAME, MANUFACTURER, REPLACE};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (call->values[others[i]] != NULL) {
            cw_log_error("--%s" CW_AT ": found it with --update, which leaves the device as it is"
                         CW_REMEDY ": leave one of them out",
                    options[others[i]].name);
            return CW_E_FORM;
        }
    }
    const cw_status status = cw_tz_device_update(o->path, firmware, &o->info, &o->was);
    if (status == CW_E_ABSENT) {
        cw_log_error("%s" CW_AT ": there is no such file" CW_REMEDY
                     ": without --update it is made, with a new device",
                o->path);
        return CW_E_FORM;
    }
    return status;
}

static bool has_changed(const struct outcome *o)
{
    return !o->is_update || o->info.is_firmware_written;
}

/* What the bytes that were written mean for whoever believes this device. */
static const char *update_text(const struct outcome *o)
{
    if (!o->info.is_firmware_written) {
        return " already, byte for byte: nothing to do";
    }
    if (cw_tz_firmware_is_same(&o->was, &o->info.firmware)) {
        return ", other boot code: written; monitor, kernel and keys are the same";
    }
    return o->was.security_version == o->info.firmware.security_version
            ? ", but other bytes than there were: written; its evidence names them, so `causeway apply` "
              "with this Causeway, or add the .bin file to \"collateral\""
            : ", new: written";
}

static void print(const struct outcome *o)
{
    const struct cw_tz_hex platform = cw_tz_hex(o->info.platform, sizeof o->info.platform);
    if (o->is_update) {
        printf("%s: firmware of security version %u%s\n", o->path, o->info.firmware.security_version,
                update_text(o));
    } else {
        printf("%s: a new device, firmware of security version %u\n", o->path,
                o->info.firmware.security_version);
    }
    printf("name          %s\n", o->info.name);
    printf("platform      %s\n", platform.text);
    if (o->key_path != NULL) {
        printf("manufacturer  %s%s\n", o->key_path,
                o->is_key_new ? ", made now; its public half lies beside it" : "");
    }
    printf("a descriptor names it by \"platform\": \"%s\"\n", platform.text);
}

static json_t *to_json(const struct outcome *o)
{
    json_t *object = json_pack("{s:s, s:b, s:o, s:o}", "file", o->path, "changed", has_changed(o),
            "device", cw_tz_device_json(&o->info), "firmware",
            cw_tz_firmware_json(&o->info.firmware));
    if (o->key_path != NULL) {
        json_object_set_new(object, "manufacturer_file", json_string(o->key_path));
        json_object_set_new(object, "manufacturer_made", json_boolean(o->is_key_new));
    }
    return object;
}

static cw_status run(const struct cw_owner_call *call, json_t **ret_result)
{
    struct outcome o = {.path = call->operands[0], .is_update = call->values[UPDATE] != NULL};
    struct cw_tz_firmware_file firmware = {0};
    char *path = call->values[FIRMWARE] != NULL ? strdup(call->values[FIRMWARE])
                                                : cw_tz_firmware_path(call->sdk_dir);
    cw_status status = path == NULL ? CW_E_SYSTEM : cw_tz_firmware_open(path, &firmware);
    if (status == CW_OK) {
        status = o.is_update ? update(call, &firmware, &o) : make(call, &firmware, &o);
    }
    if (status == CW_OK && call->json) {
        *ret_result = to_json(&o);
    } else if (status == CW_OK) {
        print(&o);
    }
    cw_tz_firmware_close(&firmware);
    free(path);
    free(o.key_path);
    return status;
}

const struct cw_owner_verb cw_tz_verb_new_device = {
        .name = "new-device",
        .summary = "a board's flash file: firmware, and a device with keys of its own",
        .operands = "FILE",
        .example = "causeway trustzone new-device board.flash",
        .options = options,
        .least = 1,
        .most = 1,
        .needs_sdk = true,
        .run = run,
};
