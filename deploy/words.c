/* SPDX-License-Identifier: MIT */
/* Payloads from the command line, answers to it. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/memory.h"
#include "deploy/secret.h"
#include "deploy/verb.h"
#include "posix/file.h"
#include "posix/log.h"

#define PAYLOAD_FILE_MAX (1u << 20)

/* Asked before an answer is fetched that would be lost. */
static bool can_write(const char *path)
{
    struct stat st;
    char *folder = cw_file_folder(path);
    const bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    const bool is_there = folder != NULL && stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
    const bool is_open = is_there && access(folder, W_OK | X_OK) == 0;
    free(folder);
    if (is_folder || !is_open) {
        cw_log_error("--out" CW_AT ": found %s, %s" CW_REMEDY
                     ", expected a file in a folder that is there and open for writing",
                path, is_folder ? "which is a folder"
                        : is_there ? "whose folder is closed" : "whose folder is not there");
    }
    return !is_folder && is_open;
}

cw_status cw_words_payload(const struct cw_words *words, uint8_t **ret_bytes, size_t *ret_len)
{
    if (words->out != NULL && !can_write(words->out)) {
        return CW_E_FORM;
    }
    const int given = (words->hex != NULL) + (words->text != NULL) + (words->file != NULL);
    if (given > 1) {
        cw_log_error("%s" CW_AT ": found it with %s" CW_REMEDY
                     ", expected one of --hex, --text and --file",
                words->file != NULL ? "--file" : "--text", words->hex != NULL ? "--hex" : "--text");
        return CW_E_FORM;
    }
    if (words->file != NULL) {
        struct stat st;
        if (stat(words->file, &st) == 0 && !S_ISREG(st.st_mode)) {
            cw_log_error("--file" CW_AT ": found %s, which is no file" CW_REMEDY
                         ", expected one that holds the payload",
                    words->file);
            return CW_E_FORM;
        }
        cw_status status = cw_file_read(words->file, PAYLOAD_FILE_MAX, ret_bytes, ret_len);
        if (status == CW_E_ABSENT) {
            cw_log_error("--file" CW_AT ": there is no file %s" CW_REMEDY
                         ", expected one that holds the payload",
                    words->file);
        }
        return status == CW_OK ? CW_OK : CW_E_FORM;
    }
    if (words->hex != NULL) {
        const size_t len = strlen(words->hex) / 2;
        *ret_bytes = cw_memory_new(len, 1);
        *ret_len = len;
        if (strlen(words->hex) % 2 != 0 || cw_hex_get(words->hex, *ret_bytes, len) != CW_OK) {
            cw_log_error("--hex" CW_AT ": found \"%s\"" CW_REMEDY
                         ", expected pairs of hexadecimal digits",
                    words->hex);
            free(*ret_bytes);
            return CW_E_FORM;
        }
        return CW_OK;
    }
    *ret_bytes = (uint8_t *)cw_memory_text(words->text == NULL ? "" : words->text);
    *ret_len = strlen((const char *)*ret_bytes);
    return CW_OK;
}

/* UTF-8 that a terminal does not obey. */
static bool is_text(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        unsigned char one[5] = {0};
        memcpy(one, bytes + i, len - i < 4 ? len - i : 4);
        const unsigned shown = cw_log_shown_len(one);
        if (shown == 0 && one[0] != '\n' && one[0] != '\t') {
            return false;
        }
        i += shown == 0 ? 1 : shown;
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
