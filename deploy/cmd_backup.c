/* SPDX-License-Identifier: MIT */
/* backup and restore: the whole state in one sealed file. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "deploy/passphrase.h"
#include "deploy/verb.h"
#include "posix/log.h"

static cw_status backup(struct cw_app *app, const char *path, const char *secret_file,
        size_t *ret_len)
{
    char *secret = NULL;
    size_t len = 0;
    cw_status status = cw_app_remember(app);
    if (status == CW_OK) {
        status = cw_passphrase_read(secret_file, path, "backup-key", true, &secret);
    }
    if (status == CW_OK) {
        status = cw_state_backup(app->state, path, secret, &len);
    }
    if (status == CW_OK) {
        cw_app_step(app, "backup", "%s: %zu bytes of state; what it is sealed by opens it, and "
                                   "nothing else",
                path, len);
        *ret_len = len;
    }
    cw_passphrase_end(secret);
    return status;
}

static cw_status restore(struct cw_app *app, const char *path, const char *secret_file)
{
    const struct cw_state_restore how = {
            .key_file = app->options.key_file,
            .force = app->options.force,
    };
    char *secret = NULL;
    cw_app_locate(app);
    umask(077);
    cw_status status = cw_passphrase_read(secret_file, path, "backup-key", false, &secret);
    if (status == CW_OK) {
        status = cw_state_restore(app->state_folder, path, secret, &how);
    }
    if (status == CW_OK) {
        cw_app_step(app, "restore", "%s: as it was when %s was written; `causeway apply` asks what "
                                    "runs, and gives every connection of this owner a new key",
                app->state_folder, path);
    }
    cw_passphrase_end(secret);
    return status;
}

/* Files and passphrases at fault are failures, no wrong use and no refused evidence. */
static int end(struct cw_app *app, cw_status status, struct json_t *done)
{
    if (app->options.json) {
        cw_app_json(app, status == CW_OK ? json_incref(done) : json_pack("{s:b}", "ok", 0));
    }
    json_decref(done);
    return status == CW_OK ? CW_EXIT_DONE : CW_EXIT_FAILED;
}

int cw_cmd_backup(struct cw_app *app, const struct cw_words *words)
{
    size_t len = 0;
    const cw_status status = backup(app, words->operands[0], words->backup_key, &len);
    return end(app, status,
            json_pack("{s:b, s:s, s:I}", "ok", 1, "file", words->operands[0], "bytes",
                    (json_int_t)len));
}

int cw_cmd_restore(struct cw_app *app, const struct cw_words *words)
{
    const cw_status status = restore(app, words->operands[0], words->backup_key);
    return end(app, status,
            json_pack("{s:b, s:s, s:s}", "ok", 1, "file", words->operands[0], "state",
                    app->state_folder));
}
