/* SPDX-License-Identifier: MIT */
/*
 * The values of modules[].config: given to each life of a module once, over its session, before
 * its connections are made.  The state remembers a keyed hash of what a life was given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "core/crypto/kdf.h"
#include "deploy/app.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "posix/file.h"
#include "posix/log.h"

#define HASH_KEY "config/hash"

/* The value as bytes, from the descriptor or from the file that it names; the caller frees it. */
static cw_status value_of(const struct cw_app *app, const struct cw_descriptor_config *c,
        uint8_t **ret_bytes, size_t *ret_len)
{
    if (c->secret_file.value == NULL) {
        *ret_bytes = cw_memory_new(c->len + 1, 1);
        memcpy(*ret_bytes, c->bytes, c->len);
        *ret_len = c->len;
        return CW_OK;
    }
    char *path = cw_file_join(app->d.folder, c->secret_file.value);
    cw_status status = path == NULL ? CW_E_SYSTEM : cw_file_check_private(path);
    if (status == CW_OK) {
        status = cw_file_read(path, CW_CONFIG_MAX, ret_bytes, ret_len);
    }
    if (status == CW_E_ABSENT || status == CW_E_SPACE) {
        cw_log_error("secret file %s" CW_AT " %s", path, status == CW_E_ABSENT
                        ? "is not there" CW_REMEDY "; paths count from the descriptor's folder"
                        : "is longer than any parameter" CW_REMEDY "; 4096 bytes at most");
    }
    free(path);
    return status;
}

/* HMAC under a key of the state over life, name and value: tells of a change, and of nothing else. */
static cw_status hash_of(struct cw_app *app, const struct cw_remote *r, const char *name,
        const uint8_t *bytes, size_t len, char ret_text[static 2 * CW_SHA256_LEN + 1])
{
    uint8_t key[CW_SHA256_LEN];
    size_t key_len;
    cw_status status = cw_state_secret_get(app->state, HASH_KEY, key, sizeof key, &key_len);
    if (status == CW_E_ABSENT) {
        cw_secret_random(key, sizeof key);
        status = cw_state_secret_put(app->state, HASH_KEY, key, sizeof key);
    }
    if (status != CW_OK) {
        return status;
    }
    const size_t name_len = strlen(name) + 1;
    uint8_t *message = cw_memory_new(CW_START_LEN + name_len + len, 1);
    uint8_t hash[CW_SHA256_LEN];
    memcpy(message, r->row.start, CW_START_LEN);
    memcpy(message + CW_START_LEN, name, name_len);
    memcpy(message + CW_START_LEN + name_len, bytes, len);
    cw_hmac_sha256(key, sizeof key, message, CW_START_LEN + name_len + len, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        snprintf(ret_text + 2 * i, 3, "%02x", hash[i]);
    }
    cw_bytes_wipe(message, CW_START_LEN + name_len + len);
    cw_bytes_wipe(key, sizeof key);
    free(message);
    return CW_OK;
}

static cw_status send(struct cw_app *app, struct cw_remote *r,
        const struct cw_descriptor_config *c, const uint8_t *bytes, size_t len)
{
    uint16_t local;
    const struct cw_owner_endpoint *e = cw_remote_endpoint(r, c->name.value, &local);
    if (e == NULL) {
        return CW_E_ABSENT;
    }
    if (len > e->max) {
        cw_log_error("config \"%s\" of \"%s\"" CW_AT " has %zu bytes, the module takes %u",
                c->name.value, r->module->name.value, len, e->max);
        return CW_E_SPACE;
    }
    struct cw_answer answer;
    cw_status status = cw_remote_configure(app, r, local, bytes, (uint16_t)len, &answer);
    if (status == CW_OK && answer.status != CW_OK) {
        cw_log_error("module \"%s\"" CW_AT " refuses config \"%s\" (status %u)",
                r->module->name.value, c->name.value, answer.status);
        status = CW_E_STATE;
    }
    return status;
}

static cw_status configure_one(struct cw_app *app, struct cw_remote *r,
        const struct cw_descriptor_config *c)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    char hash[2 * CW_SHA256_LEN + 1];
    char fact[CW_STATE_NAME_CAP + 32];
    snprintf(fact, sizeof fact, "config/%u/%.200s", r->row.number, c->name.value);
    cw_status status = value_of(app, c, &bytes, &len);
    if (status == CW_OK) {
        status = hash_of(app, r, c->name.value, bytes, len, hash);
    }
    /* A chip without freshness gives all lives one start value: there it is given each time. */
    const bool is_given = status == CW_OK && !r->is_new_life && r->row.kind != CW_FRESH_NONE &&
            cw_state_fact_is(app->state, fact, hash);
    if (status == CW_OK && !is_given) {
        status = send(app, r, c, bytes, len);
        if (status == CW_OK) {
            status = cw_state_fact_put(app->state, fact, hash);
        }
        if (status == CW_OK) {
            cw_app_step(app, "config", "%s: \"%s\" is set, %zu byte%s", r->module->name.value,
                    c->name.value, len, len == 1 ? "" : "s");
        }
    }
    cw_bytes_wipe(bytes, len);
    free(bytes);
    return status;
}

cw_status cw_app_configure(struct cw_app *app, struct cw_remote *r)
{
    cw_status status = CW_OK;
    for (size_t i = 0; status == CW_OK && i < r->module->config_count; i++) {
        status = configure_one(app, r, &r->module->config[i]);
    }
    return status;
}
