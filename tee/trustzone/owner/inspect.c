/* SPDX-License-Identifier: MIT */
/* `causeway trustzone inspect`: what an image, a flash file, a firmware or a token is. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/crypto/hash.h"
#include "posix/file.h"
#include "posix/log.h"
#include "tee/trustzone/owner/image.h"
#include "tee/trustzone/owner/text.h"
#include "tee/trustzone/owner/verbs.h"

#define FILE_MAX_LEN (CW_TZ_IMAGE_HEADER_LEN + CW_TZ_IMAGE_MAX)

/* What one of them is, as an object; printed from it, so that both forms tell the same. */
struct found {
    const char *form;
    json_t *content;
    char why[CW_TZ_WHY_LEN]; /* it looks like this form, and is broken */
};

static json_t *hex_json(const uint8_t *bytes, size_t len)
{
    return json_string(cw_tz_hex(bytes, len).text);
}

/* --- an image ---------------------------------------- */

static cw_status look_at_image(const uint8_t *bytes, size_t len, struct found *f)
{
    struct cw_tz_image_content image;
    char why[CW_TZ_IMAGE_WHY_LEN] = "";
    const cw_status status = cw_tz_image_read(bytes, len, &image, why);
    if (status != CW_OK) {
        (void)snprintf(f->why, sizeof f->why, "%s", why);
        return CW_E_FORM;
    }
    json_t *interrupt = image.wish.on_interrupt == CW_TZ_NO_INTERRUPT
            ? json_null()
            : json_integer(image.wish.on_interrupt);
    f->content = json_pack("{s:s, s:o, s:o, s:b, s:I, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "name",
            image.wish.name, "measurement", hex_json(image.measurement, sizeof image.measurement),
            "signer", json_string(cw_tz_key_id(image.signer).text), "debug",
            (image.wish.flags & CW_TZ_DEBUG) != 0, "security_version",
            (json_int_t)image.wish.security_version, "device",
            cw_tz_device_name(image.wish.device).text, "on_interrupt", interrupt, "text_len",
            (json_int_t)image.parts[0].len, "rodata_len", (json_int_t)image.parts[1].len, "data_len",
            (json_int_t)image.parts[2].len, "bss_len", (json_int_t)image.wish.bss_len, "stack_len",
            (json_int_t)image.wish.stack_len);
    return CW_OK;
}

/* --- a firmware ---------------------------------------- */

static cw_status look_at_firmware(const uint8_t *bytes, size_t len, struct found *f)
{
    struct cw_tz_firmware_info info = {0};
    const cw_status status = cw_tz_firmware_check(bytes, len, &info, f->why);
    if (status == CW_OK) {
        f->content = cw_tz_firmware_json(&info);
    }
    return status;
}

/* --- a token ---------------------------------------- */

static json_t *token_json(const struct cw_tz_token *t, const char *why)
{
    json_t *module = json_pack("{s:s, s:o, s:o, s:b, s:I, s:I, s:s}", "name", t->module.name,
            "measurement", hex_json(t->module.measurement, CW_TZ_HASH_LEN), "signer",
            hex_json(t->module.signer, CW_TZ_HASH_LEN), "debug", t->module.is_debug,
            "security_version", (json_int_t)t->module.security_version, "epoch",
            (json_int_t)t->module.epoch, "device", cw_tz_device_name(t->module.device).text);
    return json_pack("{s:b, s:s, s:s, s:s, s:o, s:o, s:s, s:b, s:I, s:o, s:o, s:I, s:o, s:o, s:o}",
            "chain_right", why[0] == '\0', "chain_why", why, "profile", t->profile, "name",
            t->maker.name, "platform", hex_json(t->platform, CW_TZ_HASH_LEN), "manufacturer",
            json_string(cw_tz_key_id(t->maker.manufacturer).text), "lifecycle",
            cw_tz_lifecycle_name(t->lifecycle).text, "emulated", t->is_emulated, "security_version",
            (json_int_t)t->security_version, "monitor", hex_json(t->monitor, CW_TZ_HASH_LEN),
            "kernel", hex_json(t->kernel, CW_TZ_HASH_LEN), "boot", (json_int_t)t->boot, "boot_seed",
            hex_json(t->seed, sizeof t->seed), "nonce", hex_json(t->report, sizeof t->report),
            "module", module);
}

static cw_status look_at_token(const uint8_t *bytes, size_t len, struct found *f)
{
    struct cw_tz_token token;
    char why[CW_TZ_WHY_LEN] = "";
    if (cw_tz_token_decode(bytes, len, &token) != CW_OK) {
        (void)snprintf(f->why, sizeof f->why, "its claims are not those of a token");
        return CW_E_FORM;
    }
    if (cw_tz_token_check(&token, why) != CW_OK && why[0] == '\0') {
        (void)snprintf(why, sizeof why, "its keys do not vouch for each other");
    }
    f->content = token_json(&token, why);
    return CW_OK;
}

/* --- which it is ---------------------------------------- */

static cw_status look_at_flash(const char *path, struct found *f)
{
    struct cw_tz_device_info info = {0};
    const cw_status status = cw_tz_device_read(path, &info);
    if (status == CW_OK) {
        f->form = "flash";
        f->content = cw_tz_device_json(&info);
        json_object_set_new(f->content, "firmware", cw_tz_firmware_json(&info.firmware));
    }
    return status;
}

static bool begins_with(const uint8_t *bytes, size_t len, size_t at, uint32_t magic)
{
    if (len < at + 4) {
        return false;
    }
    struct cw_reader r = cw_reader_over(bytes + at, 4);
    return cw_reader_u32(&r) == magic;
}

static cw_status take(const char *path, const uint8_t *bytes, size_t len, struct found *f)
{
    cw_status status = CW_E_FORM;
    if (begins_with(bytes, len, 0, CW_TZ_IMAGE_MAGIC)) {
        f->form = "image";
        status = look_at_image(bytes, len, f);
    } else if (begins_with(bytes, len, CW_TZ_FIRMWARE_AT, CW_TZ_FIRMWARE_MAGIC)) {
        f->form = "firmware";
        status = look_at_firmware(bytes, len, f);
    } else if (len >= 2 && bytes[0] == 0x83 && bytes[1] == 0xd2) {
        f->form = "token";
        status = look_at_token(bytes, len, f);
    } else {
        cw_log_error("%s" CW_AT ": found nothing of trustzone" CW_REMEDY ", expected an image (NAME.tz "
                     "of `causeway build`), a flash file (64 MiB), a firmware or a token",
                path);
        return CW_E_FORM;
    }
    if (status != CW_OK) {
        cw_log_error("%s" CW_AT ": this %s is broken: %s" CW_REMEDY ": is the file whole?", path,
                f->form, f->why);
    }
    return status;
}

static cw_status look(const char *path, struct found *f)
{
    struct stat st;
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (stat(path, &st) == 0 && cw_tz_device_is_flash((uint64_t)st.st_size)) {
        return look_at_flash(path, f);
    }
    cw_status status = cw_file_read(path, FILE_MAX_LEN, &bytes, &len);
    if (status == CW_E_ABSENT) {
        cw_log_error("%s" CW_AT ": there is no such file" CW_REMEDY
                     ", expected an image, such as .causeway/build/NODE/MODULE/MODULE.tz",
                path);
        return CW_E_FORM;
    }
    if (status == CW_OK) {
        status = take(path, bytes, len, f);
        free(bytes);
    } else if (status == CW_E_SPACE) {
        status = CW_E_FORM;
    }
    return status;
}

/* --- for people ---------------------------------------- */

static void print_value(const json_t *value)
{
    if (json_is_string(value)) {
        printf("%s\n", json_string_value(value)[0] == '\0' ? "-" : json_string_value(value));
    } else if (json_is_integer(value)) {
        printf("%" PRId64 "\n", (int64_t)json_integer_value(value));
    } else {
        printf("%s\n", json_is_true(value) ? "yes" : json_is_null(value) ? "-" : "no");
    }
}

static void print_content(json_t *content, const char *indent)
{
    const char *name;
    json_t *value;
    json_object_foreach(content, name, value) {
        printf("%s%-*s ", indent, json_is_object(value) ? 0 : 18, name);
        if (json_is_object(value)) {
            printf("\n");
            print_content(value, "  ");
        } else {
            print_value(value);
        }
    }
}

static cw_status inspect(const struct cw_owner_call *call, json_t **ret_result)
{
    struct found f = {0};
    const cw_status status = look(call->operands[0], &f);
    if (status != CW_OK) {
        return status;
    }
    if (call->json) {
        *ret_result = json_pack("{s:s, s:s, s:o}", "file", call->operands[0], "form", f.form, f.form,
                f.content);
        return CW_OK;
    }
    printf("%s: %s\n", call->operands[0], f.form);
    print_content(f.content, "");
    json_decref(f.content);
    return CW_OK;
}

const struct cw_owner_verb cw_tz_verb_inspect = {
        .name = "inspect",
        .summary = "what is in an image, a flash file, a firmware or a token",
        .operands = "FILE",
        .example = "causeway trustzone inspect board.flash",
        .least = 1,
        .most = 1,
        .run = inspect,
};
