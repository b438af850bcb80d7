/* SPDX-License-Identifier: MIT */
/* Payloads from the command line, answers to it. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/memory.h"
#include "deploy/secret.h"
#include "deploy/verb.h"
#include "posix/file.h"
#include "posix/log.h"

#define PAYLOAD_FILE_MAX (1u << 20)

cw_status cw_words_payload(const struct cw_words *words, uint8_t **ret_bytes, size_t *ret_len)
{
    const int given = (words->hex != NULL) + (words->text != NULL) + (words->file != NULL);
    if (given > 1) {
        cw_log_error("expected one of --hex, --text and --file");
        return CW_E_FORM;
    }
    if (words->file != NULL) {
        cw_status status = cw_file_read(words->file, PAYLOAD_FILE_MAX, ret_bytes, ret_len);
        if (status == CW_E_ABSENT) {
            cw_log_error("there is no file %s", words->file);
        }
        return status == CW_OK ? CW_OK : CW_E_FORM;
    }
    if (words->hex != NULL) {
        const size_t len = strlen(words->hex) / 2;
        *ret_bytes = cw_memory_new(len, 1);
        *ret_len = len;
        if (cw_hex_get(words->hex, *ret_bytes, len) != CW_OK) {
            cw_log_error("--hex: found \"%s\", expected pairs of hexadecimal digits", words->hex);
            free(*ret_bytes);
            return CW_E_FORM;
        }
        return CW_OK;
    }
    *ret_bytes = (uint8_t *)cw_memory_text(words->text == NULL ? "" : words->text);
    *ret_len = strlen((const char *)*ret_bytes);
    return CW_OK;
}

static bool is_text(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] >= 0x7f || (bytes[i] < 0x20 && bytes[i] != '\n' && bytes[i] != '\t')) {
            return false;
        }
    }
    return true;
}

cw_status cw_words_answer(struct cw_app *app, const struct cw_words *words, const char *what,
        bool is_authentic, const uint8_t *bytes, size_t len)
{
    if (words->out != NULL) {
        cw_status status = cw_file_write(words->out, bytes, len, 0644);
        if (status != CW_OK) {
            return status;
        }
    }
    char *hex = cw_memory_new(2 * len + 1, 1);
    cw_hex_put(bytes, len, hex);
    if (app->options.json) {
        json_t *object = json_pack("{s:b, s:b, s:i, s:s}", "ok", 1, "authentic", is_authentic,
                "length", (int)len, "hex", hex);
        if (is_text(bytes, len)) {
            json_object_set_new(object, "text", json_stringn((const char *)bytes, len));
        }
        cw_app_json(app, object);
    } else if (words->out != NULL) {
        if (!app->options.quiet) {
            printf("%s: %zu bytes, %s, in %s\n", what, len,
                    is_authentic ? "authentic" : "not authentic", words->out);
        }
    } else {
        if (!is_authentic && !app->options.quiet) {
            cw_log_info("%s: not authentic: its node may have made this answer up", what);
        }
        if (is_text(bytes, len)) {
            fwrite(bytes, 1, len, stdout);
        } else {
            fputs(hex, stdout);
        }
        if (len == 0 || bytes[len - 1] != '\n') {
            putchar('\n');
        }
    }
    free(hex);
    return CW_OK;
}
