/* SPDX-License-Identifier: MIT */
/* key: who the owner is, vendor keys, pinned keys of nodes. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "deploy/memory.h"
#include "deploy/passphrase.h"
#include "deploy/secret.h"
#include "deploy/verb.h"
#include "posix/file.h"
#include "posix/log.h"

static cw_status show(struct cw_app *app)
{
    cw_status status = cw_app_remember(app);
    if (status == CW_OK) {
        status = cw_keys_tls(app->state, &app->keys);
    }
    if (status != CW_OK) {
        return status;
    }
    char public_key[2 * CW_DH_LEN + 1];
    cw_hex_put(app->keys.dh_public, CW_DH_LEN, public_key);
    const char *fingerprint = cw_tls_identity_fingerprint(app->keys.tls);
    if (app->options.json) {
        cw_app_json(app, json_pack("{s:b, s:s, s:s}", "ok", 1, "fingerprint", fingerprint,
                                 "image_key", public_key));
    } else {
        puts(fingerprint);
    }
    return CW_OK;
}

/* The key's text may stand behind comment lines, so that a published test key can say so. */
static cw_status read_key(const char *path, uint8_t ret_key[static CW_KEY_LEN])
{
    cw_status status = cw_file_check_private(path);
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (status == CW_OK) {
        status = cw_file_read(path, 4096, &bytes, &len);
    }
    if (status != CW_OK) {
        if (status == CW_E_ABSENT) {
            cw_log_error("--file" CW_AT ": there is no file %s" CW_REMEDY
                         ", expected one that holds the vendor key",
                    path);
            return CW_E_FORM;
        }
        return CW_E_SYSTEM;
    }
    status = CW_E_FORM;
    char *save = NULL;
    for (char *line = strtok_r((char *)bytes, "\r\n", &save); line != NULL;
            line = strtok_r(NULL, "\r\n", &save)) {
        if (line[0] != '#') {
            status = cw_hex_get(line, ret_key, CW_KEY_LEN);
            break;
        }
    }
    cw_bytes_wipe(bytes, len);
    free(bytes);
    if (status != CW_OK) {
        cw_log_error("%s" CW_AT ": found no key" CW_REMEDY
                     ", expected a line of %u hexadecimal digits",
                path, 2 * CW_KEY_LEN);
    }
    return status;
}

static cw_status add_vendor(struct cw_app *app, const char *node, const char *file)
{
    if (file == NULL) {
        cw_log_error("key add-vendor" CW_AT ": found no --file" CW_REMEDY
                     ", expected --file FILE, which holds the key (a command line is no place "
                     "for it)");
        return CW_E_FORM;
    }
    cw_status status = cw_app_describe(app);
    const struct cw_descriptor_node *found = NULL;
    for (size_t i = 0; i < app->d.node_count && status == CW_OK; i++) {
        if (strcmp(app->d.nodes[i].name.value, node) == 0) {
            found = &app->d.nodes[i];
        }
    }
    if (status != CW_OK) {
        return status;
    }
    if (found == NULL || !found->vendor.is_set) {
        cw_log_error("%s" CW_AT ": %s has no node of that name with a \"vendor\"" CW_REMEDY
                     ", expected one that has",
                node, app->descriptor_path);
        return CW_E_FORM;
    }
    uint8_t key[CW_KEY_LEN];
    status = read_key(file, key);
    if (status == CW_OK) {
        status = cw_app_open(app);
    }
    if (status == CW_OK) {
        status = cw_keys_vendor_put(app->state, node, key);
    }
    cw_bytes_wipe(key, sizeof key);
    if (status == CW_OK) {
        cw_app_step(app, "key", "vendor key of %s imported; the file may be removed", node);
    }
    return status;
}

static cw_status forget_node(struct cw_app *app, const char *node)
{
    cw_status status = cw_app_remember(app);
    char *name = cw_memory_format("pin/%s", node);
    char unused[CW_TLS_FINGERPRINT_CAP];
    if (status == CW_OK) {
        status = cw_state_fact_get(app->state, name, unused, sizeof unused);
        if (status == CW_E_ABSENT) {
            cw_log_error("%s" CW_AT ": no key of such a node is pinned" CW_REMEDY
                         "; `causeway nodes` shows all",
                    node);
        }
    }
    if (status == CW_OK) {
        status = cw_state_fact_drop(app->state, name);
    }
    if (status == CW_OK) {
        cw_app_step(app, "key", "%s: its next key will be pinned", node);
    }
    free(name);
    return status;
}

/* Another passphrase, or one instead of a key file; what opened the state before does so no more. */
static cw_status use_passphrase(struct cw_app *app, const char *file)
{
    char *passphrase = NULL;
    cw_status status = cw_app_remember(app);
    const bool had_file = status == CW_OK && !cw_state_has_passphrase(app->state);
    if (status == CW_OK) {
        status = cw_passphrase_read(file, app->state_folder, "file", true, &passphrase);
        status = status == CW_E_DENIED || status == CW_E_FORM ? CW_E_SYSTEM : status;
    }
    if (status == CW_OK) {
        status = cw_state_use_passphrase(app->state, passphrase);
    }
    cw_passphrase_end(passphrase);
    if (status != CW_OK) {
        return status;
    }
    if (had_file && app->options.key_file == NULL) {
        char *path = cw_state_key_path(app->state_folder, NULL);
        (void)unlink(path); /* it opens nothing any more */
        free(path);
    }
    cw_app_step(app, "key", "%s opens by its new passphrase alone%s%s", app->state_folder,
            had_file && app->options.key_file != NULL ? "; nothing needs its key file any more: "
                                                      : "",
            had_file && app->options.key_file != NULL ? app->options.key_file : "");
    return CW_OK;
}

static cw_status use_key_file(struct cw_app *app)
{
    cw_status status = cw_app_remember(app);
    char *path = NULL;
    if (status == CW_OK) {
        path = cw_state_key_path(app->state_folder, app->options.key_file);
        status = cw_state_use_key_file(app->state, path);
        status = status == CW_E_DENIED || status == CW_E_FORM ? CW_E_SYSTEM : status;
    }
    if (status == CW_OK) {
        cw_app_step(app, "key", "%s opens by %s, and by no passphrase", app->state_folder, path);
    }
    free(path);
    return status;
}

int cw_cmd_key(struct cw_app *app, const struct cw_words *words)
{
    static const char *const kinds[] = {"show", "add-vendor", "forget-node", "passphrase",
            "key-file", NULL};
    const char *what = words->operands[0];
    cw_status status = CW_E_FORM;
    if (words->file != NULL && strcmp(what, "add-vendor") != 0 &&
            strcmp(what, "passphrase") != 0) {
        cw_log_error("--file" CW_AT ": it is no option of key %s" CW_REMEDY
                     ", but of key add-vendor and key passphrase",
                what);
    } else if (strcmp(what, "show") == 0 && words->count == 1) {
        status = show(app);
    } else if (strcmp(what, "add-vendor") == 0 && words->count == 2) {
        status = add_vendor(app, words->operands[1], words->file);
    } else if (strcmp(what, "forget-node") == 0 && words->count == 2) {
        status = forget_node(app, words->operands[1]);
    } else if (strcmp(what, "passphrase") == 0 && words->count == 1) {
        status = use_passphrase(app, words->file);
    } else if (strcmp(what, "key-file") == 0 && words->count == 1) {
        status = use_key_file(app);
    } else {
        const char *nearest = cw_args_nearest(what, kinds);
        const bool is_other = nearest != NULL && strcmp(nearest, what) != 0;
        cw_log_error("key %s" CW_AT ": %s" CW_REMEDY
                     ", expected show, add-vendor NODE --file FILE, forget-node NODE, passphrase, or "
                     "key-file%s%s%s",
                what,
                is_other || nearest == NULL ? "there is no such action"
                        : words->count > 1  ? "found one word too many"
                                            : "found no NODE",
                is_other ? " (did you mean \"" : "", is_other ? nearest : "",
                is_other ? "\"?)" : "");
    }
    return cw_app_exit(status);
}
