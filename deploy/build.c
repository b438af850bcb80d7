/* SPDX-License-Identifier: MIT */
/*
 * Images of all modules: built by the TEE's backend, kept in the state by the hash of all that
 * went in, so that nothing is built twice.
 */
#include <errno.h>
#include <fts.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/wire/reader.h"
#include "core/wire/writer.h"
#include "deploy/app.h"
#include "deploy/memory.h"
#include "deploy/place.h"
#include "posix/file.h"
#include "posix/log.h"

#define CACHE_VERSION 2u
#define HASH_LEN 32u
#define SOURCE_MAX (16u << 20)

static void hash_text(EVP_MD_CTX *hash, const char *text)
{
    const char *from = text == NULL ? "" : text;
    EVP_DigestUpdate(hash, from, strlen(from) + 1);
}

static void hash_number(EVP_MD_CTX *hash, uint64_t number)
{
    uint8_t bytes[8];
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_writer_u64(&w, number);
    EVP_DigestUpdate(hash, bytes, sizeof bytes);
}

static cw_status hash_file(EVP_MD_CTX *hash, const char *name, const char *path)
{
    uint8_t *bytes;
    size_t len;
    cw_status status = cw_file_read(path, SOURCE_MAX, &bytes, &len);
    if (status != CW_OK) {
        if (status == CW_E_ABSENT) {
            cw_log_error("%s" CW_AT " is gone", path);
        }
        return CW_E_SYSTEM;
    }
    hash_text(hash, name);
    hash_number(hash, len);
    EVP_DigestUpdate(hash, bytes, len);
    free(bytes);
    return CW_OK;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool ends_with(const char *name, const char *end)
{
    const size_t len = strlen(name);
    const size_t end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* All files of a folder, but hidden ones; only_sources: those that a compiler may include. */
static cw_status hash_folder(EVP_MD_CTX *hash, const char *folder, bool only_sources)
{
    char *root = cw_memory_text(folder);
    char *const roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (walk == NULL) {
        cw_log_error("cannot read the folder %s: %s", folder, strerror(errno));
        free(root);
        return CW_E_SYSTEM;
    }
    cw_status status = CW_OK;
    const size_t root_len = strlen(folder);
    for (FTSENT *entry = fts_read(walk); entry != NULL && status == CW_OK;
            entry = fts_read(walk)) {
        if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
            fts_set(walk, entry, FTS_SKIP);
            continue;
        }
        if (entry->fts_info != FTS_F || entry->fts_level > 8) {
            continue;
        }
        if (only_sources && !ends_with(entry->fts_name, ".h") &&
                !ends_with(entry->fts_name, ".c") && !ends_with(entry->fts_name, ".inc")) {
            continue;
        }
        status = hash_file(hash, entry->fts_path + root_len, entry->fts_path);
    }
    fts_close(walk);
    free(root);
    return status;
}

struct job {
    struct cw_app *app;
    const struct cw_descriptor_node *node;
    const struct cw_owner_node *owner_node;
    struct cw_remote **remotes; /* the modules of this node */
    size_t count;
    const char *sdk;
    const char *out; /* folder of intermediate files */
    uint8_t common[HASH_LEN]; /* of the SDK, the application's folder and the owner's key */
    uint8_t hash[HASH_LEN];
    uint8_t secret[CW_OWNER_SECRET_MAX]; /* what the TEE's builds need, if it is so */
    size_t secret_len;
    struct cw_owner_built *built; /* what the backend gave */
    pthread_t thread;
    cw_status status;
    bool is_stored;  /* nothing changed since it was built */
    bool is_started; /* the thread                         */
    char why[CW_OWNER_WHY_LEN];
};

/* What goes into every image. */
static cw_status hash_common(struct cw_app *app, const char *sdk, uint8_t ret_hash[static HASH_LEN])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
        cw_memory_gone();
    }
    hash_number(hash, CACHE_VERSION);
    EVP_DigestUpdate(hash, app->keys.dh_public, CW_DH_LEN);
    cw_status status = hash_folder(hash, sdk, false);
    if (status == CW_OK) {
        status = hash_folder(hash, app->d.folder, true);
    }
    EVP_DigestFinal_ex(hash, ret_hash, NULL);
    EVP_MD_CTX_free(hash);
    return status;
}

static cw_status hash_job(struct job *job)
{
    const struct cw_owner_node *n = job->owner_node;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
        cw_memory_gone();
    }
    EVP_DigestUpdate(hash, job->common, sizeof job->common);
    hash_text(hash, n->tee);
    hash_number(hash, n->vendor);
    if (n->vendor_key != NULL) {
        EVP_DigestUpdate(hash, n->vendor_key, CW_KEY_LEN);
    }
    hash_text(hash, n->memory_text);
    hash_text(hash, n->memory_data);
    hash_text(hash, n->chip);
    hash_number(hash, job->secret_len);
    EVP_DigestUpdate(hash, job->secret, job->secret_len);
    cw_status status = CW_OK;
    for (size_t i = 0; i < job->count && status == CW_OK; i++) {
        const struct cw_descriptor_module *m = job->remotes[i]->module;
        hash_text(hash, m->name.value);
        hash_text(hash, m->device.value);
        hash_text(hash, m->on_interrupt.value);
        hash_number(hash, (uint64_t)m->channels.value);
        hash_number(hash, (uint64_t)m->debug.value);
        for (size_t j = 0; j < m->source_count && status == CW_OK; j++) {
            char *path = cw_file_join(job->app->d.folder, m->sources[j].value);
            status = hash_file(hash, m->sources[j].value, path);
            free(path);
        }
    }
    EVP_DigestFinal_ex(hash, job->hash, NULL);
    EVP_MD_CTX_free(hash);
    return status;
}

#define ENDPOINT_LEN (64u + 1u + 2u + 2u)
#define BUILT_FIXED_LEN \
    (4u + 4u + CW_MEASUREMENT_LEN + CW_KEY_LEN + 4u + 2u + 6u * 4u + 128u)

static cw_status store_built(struct job *job, const struct cw_remote *r)
{
    const struct cw_owner_built *b = &r->built;
    const size_t cap = BUILT_FIXED_LEN + b->image_len + b->endpoint_count * ENDPOINT_LEN;
    uint8_t *bytes = cw_memory_new(cap, 1);
    struct cw_writer w = cw_writer_over(bytes, cap);
    cw_writer_u32(&w, CACHE_VERSION);
    cw_writer_u32(&w, (uint32_t)b->image_len);
    cw_writer_bytes(&w, b->measurement, sizeof b->measurement);
    cw_writer_bytes(&w, b->root_key, sizeof b->root_key);
    cw_writer_u32(&w, (uint32_t)b->endpoint_count);
    cw_writer_u16(&w, b->channels);
    cw_writer_u32(&w, b->text_len);
    cw_writer_u32(&w, b->data_len);
    cw_writer_u32(&w, b->stack_len);
    cw_writer_u32(&w, b->stack_cap);
    cw_writer_u32(&w, b->text_left);
    cw_writer_u32(&w, b->data_left);
    cw_writer_bytes(&w, b->fingerprint, sizeof b->fingerprint);
    cw_writer_bytes(&w, b->image, b->image_len);
    for (size_t i = 0; i < b->endpoint_count; i++) {
        cw_writer_bytes(&w, b->endpoints[i].name, sizeof b->endpoints[i].name);
        cw_writer_u8(&w, b->endpoints[i].kind);
        cw_writer_u16(&w, b->endpoints[i].max);
        cw_writer_u16(&w, b->endpoints[i].reply_max);
    }
    size_t len = 0;
    cw_status status = cw_writer_finish(&w, &len);
    if (status == CW_OK) {
        status = cw_state_build_put(job->app->state, r->module->name.value, job->hash, bytes, len);
    }
    cw_bytes_wipe(bytes, cap);
    free(bytes);
    return status;
}

static cw_status decode_built(const uint8_t *bytes, size_t len, struct cw_owner_built *ret_built)
{
    struct cw_owner_built b = {0};
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_reader_expect(&r, cw_reader_u32(&r) == CACHE_VERSION);
    b.image_len = cw_reader_u32(&r);
    cw_reader_bytes(&r, b.measurement, sizeof b.measurement);
    cw_reader_bytes(&r, b.root_key, sizeof b.root_key);
    b.endpoint_count = cw_reader_u32(&r);
    b.channels = cw_reader_u16(&r);
    b.text_len = cw_reader_u32(&r);
    b.data_len = cw_reader_u32(&r);
    b.stack_len = cw_reader_u32(&r);
    b.stack_cap = cw_reader_u32(&r);
    b.text_left = cw_reader_u32(&r);
    b.data_left = cw_reader_u32(&r);
    cw_reader_bytes(&r, (uint8_t *)b.fingerprint, sizeof b.fingerprint);
    cw_reader_expect(&r, b.image_len <= len && b.endpoint_count <= len / ENDPOINT_LEN);
    if (r.status != CW_OK) {
        return r.status;
    }
    b.image = cw_memory_new(b.image_len, 1);
    b.endpoints = cw_memory_new(b.endpoint_count, sizeof *b.endpoints);
    cw_reader_bytes(&r, b.image, b.image_len);
    for (size_t i = 0; i < b.endpoint_count; i++) {
        cw_reader_bytes(&r, (uint8_t *)b.endpoints[i].name, sizeof b.endpoints[i].name);
        b.endpoints[i].name[sizeof b.endpoints[i].name - 1] = '\0';
        b.endpoints[i].kind = cw_reader_u8(&r);
        b.endpoints[i].max = cw_reader_u16(&r);
        b.endpoints[i].reply_max = cw_reader_u16(&r);
    }
    cw_status status = cw_reader_finish(&r);
    if (status != CW_OK) {
        cw_owner_built_free(&b);
        return status;
    }
    *ret_built = b;
    return CW_OK;
}

/* All images of the node as they are in the state, or none. */
static bool take_stored(struct job *job)
{
    size_t taken = 0;
    for (; taken < job->count; taken++) {
        struct cw_remote *r = job->remotes[taken];
        uint8_t *bytes;
        size_t len;
        if (cw_state_build_get(job->app->state, r->module->name.value, job->hash, &bytes, &len) !=
                CW_OK) {
            break;
        }
        cw_status status = decode_built(bytes, len, &r->built);
        cw_bytes_wipe(bytes, len);
        free(bytes);
        if (status != CW_OK) {
            break;
        }
    }
    if (taken == job->count) {
        return true;
    }
    while (taken > 0) {
        cw_owner_built_free(&job->remotes[--taken]->built);
    }
    return false;
}

/* The backend's work; runs beside that of other nodes, so it touches nothing but its job. */
static cw_status build_anew(struct job *job, const char *out_dir)
{
    const struct cw_app *app = job->app;
    struct cw_owner_module *modules = cw_memory_new(job->count, sizeof *modules);
    for (size_t i = 0; i < job->count; i++) {
        const struct cw_descriptor_module *m = job->remotes[i]->module;
        const char **sources = cw_memory_new(m->source_count, sizeof *sources);
        for (size_t j = 0; j < m->source_count; j++) {
            sources[j] = cw_file_join(app->d.folder, m->sources[j].value);
        }
        modules[i] = (struct cw_owner_module){
                .name = m->name.value,
                .sources = sources,
                .source_count = m->source_count,
                .device = m->device.value,
                .on_interrupt = m->on_interrupt.value,
                .channels = (uint16_t)m->channels.value,
                .is_debug = m->debug.value != 0,
        };
    }
    const struct cw_owner_build build = {
            .sdk_dir = job->sdk,
            .include_dir = app->d.folder,
            .out_dir = out_dir,
            .owner_key = app->keys.dh_public,
            .secret = job->secret,
            .secret_len = job->secret_len,
    };
    cw_status status = job->node->backend->build(&build, job->owner_node, modules, job->count,
            job->built, job->why);
    for (size_t i = 0; i < job->count; i++) {
        for (size_t j = 0; j < modules[i].source_count; j++) {
            free((void *)(uintptr_t)modules[i].sources[j]);
        }
        free((void *)(uintptr_t)modules[i].sources);
    }
    free(modules);
    return status;
}

static void *work(void *ctx)
{
    struct job *job = ctx;
    char *out = cw_memory_format("%s/%s", job->out, job->node->name.value);
    job->status = cw_file_make_folder(out, 0700);
    char *out_dir = job->status == CW_OK ? realpath(out, NULL) : NULL;
    if (job->status == CW_OK) {
        job->status = out_dir == NULL ? CW_E_SYSTEM : build_anew(job, out_dir);
    }
    free(out_dir);
    free(out);
    return NULL;
}

/* Begin with a node: take what is stored, or let its backend work. */
static cw_status begin(struct job *job)
{
    const struct cw_owner_backend *backend = job->node->backend;
    cw_status status = backend->secret == NULL
            ? CW_OK
            : cw_keys_tee(job->app->state, backend, job->secret, sizeof job->secret,
                      &job->secret_len);
    if (status == CW_OK) {
        status = hash_job(job);
    }
    if (status != CW_OK) {
        return status;
    }
    job->is_stored = take_stored(job);
    if (job->is_stored) {
        return CW_OK;
    }
    if (backend->needs(job->why) != CW_OK) {
        cw_log_error("node %s" CW_AT ": %s", job->node->name.value, job->why);
        return CW_E_SYSTEM;
    }
    if (!backend->session_dh && job->owner_node->vendor_key == NULL) {
        cw_log_error("node %s" CW_AT ": its vendor key is not here" CW_REMEDY ": `causeway key "
                "add-vendor %s --file "
                     "FILE`",
                job->node->name.value, job->node->name.value);
        return CW_E_ABSENT;
    }
    job->built = cw_memory_new(job->count, sizeof *job->built);
    if (pthread_create(&job->thread, NULL, work, job) != 0) {
        cw_log_error("cannot make a thread");
        return CW_E_SYSTEM;
    }
    job->is_started = true;
    return CW_OK;
}

static cw_status store_all(struct job *job)
{
    cw_status status = cw_state_begin(job->app->state);
    for (size_t i = 0; i < job->count && status == CW_OK; i++) {
        status = store_built(job, job->remotes[i]);
    }
    if (status == CW_OK) {
        return cw_state_commit(job->app->state);
    }
    cw_state_rollback(job->app->state);
    return status;
}

static void take_built(struct cw_remote *r)
{
    r->is_built = true;
    EVP_Digest(r->built.image, r->built.image_len, r->image_hash, NULL, EVP_sha256(), NULL);
}

/* The backend's words: a place in a source, or about the node. */
static void tell_why(const struct job *job)
{
    if (strstr(job->why, CW_AT) != NULL) {
        cw_log_error("%s", job->why);
    } else {
        cw_log_error("node %s" CW_AT ": %s", job->node->name.value, job->why);
    }
}

static cw_status finish(struct job *job)
{
    struct cw_app *app = job->app;
    if (!job->is_stored) {
        if (job->status != CW_OK) {
            tell_why(job);
            return CW_E_SYSTEM;
        }
        for (size_t i = 0; i < job->count; i++) {
            job->remotes[i]->built = job->built[i];
        }
        memset(job->built, 0, job->count * sizeof *job->built);
        cw_status status = store_all(job);
        if (status != CW_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < job->count; i++) {
        struct cw_remote *r = job->remotes[i];
        take_built(r);
        if (!job->is_stored) {
            cw_app_step(app, "build", "%s (%s): %u bytes of text, %.16s", r->module->name.value,
                    job->node->tee.value, r->built.text_len, r->built.fingerprint);
        }
    }
    if (job->is_stored) {
        cw_app_step(app, "build", "node %s: nothing changed, %zu module%s as built before",
                job->node->name.value, job->count, job->count == 1 ? "" : "s");
    }
    return CW_OK;
}

static void end_job(struct job *job)
{
    for (size_t i = 0; job->built != NULL && i < job->count; i++) {
        cw_owner_built_free(&job->built[i]);
    }
    free(job->built);
    free(job->remotes);
    cw_bytes_wipe(job->secret, sizeof job->secret);
}

static struct job job_of(struct cw_app *app, const struct cw_descriptor_node *node)
{
    struct job job = {.app = app, .node = node, .status = CW_OK};
    job.remotes = cw_memory_new(app->d.module_count, sizeof *job.remotes);
    for (size_t i = 0; i < app->d.module_count; i++) {
        if (app->remotes[i].node == node) {
            job.remotes[job.count++] = &app->remotes[i];
        }
    }
    job.owner_node = job.count == 0 ? NULL : &job.remotes[0]->owner_node;
    return job;
}

static void join(struct job *job)
{
    if (job->is_started) {
        pthread_join(job->thread, NULL);
        job->is_started = false;
    }
}

static cw_status build_all(struct cw_app *app, const char *sdk, const char *out)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = processors > 0 ? 2 * (size_t)processors : 2; /* nodes at once */
    uint8_t common[HASH_LEN];
    cw_status status = hash_common(app, sdk, common);
    struct job *jobs = cw_memory_new(app->d.node_count, sizeof *jobs);
    for (size_t i = 0; i < app->d.node_count && status == CW_OK; i++) {
        if (i >= most) {
            join(&jobs[i - most]);
        }
        jobs[i] = job_of(app, &app->d.nodes[i]);
        jobs[i].sdk = sdk;
        jobs[i].out = out;
        memcpy(jobs[i].common, common, sizeof common);
        status = jobs[i].count == 0 ? CW_OK : begin(&jobs[i]);
    }
    for (size_t i = 0; i < app->d.node_count; i++) {
        join(&jobs[i]);
        if (status == CW_OK && jobs[i].count > 0) {
            status = finish(&jobs[i]);
        }
    }
    for (size_t i = 0; i < app->d.node_count; i++) {
        end_job(&jobs[i]);
    }
    free(jobs);
    return status;
}

/* Who only looks leaves nothing behind. */
static void remove_folder(const char *path)
{
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry = walk == NULL ? NULL : fts_read(walk); entry != NULL;
            entry = fts_read(walk)) {
        if (entry->fts_info != FTS_D) {
            (void)remove(entry->fts_path);
        }
    }
    if (walk != NULL) {
        fts_close(walk);
    }
}

/* Modules speak the version of the protocol that their SDK has. */
static cw_status check_version(const char *sdk)
{
    char *path = cw_memory_format("%s/include/core/base/limits.h", sdk);
    uint8_t *text = NULL;
    size_t len = 0;
    unsigned version = 0;
    cw_status status = cw_file_read(path, SOURCE_MAX, &text, &len);
    const char *at = status == CW_OK ? strstr((const char *)text, "#define CW_VERSION ") : NULL;
    if (at != NULL) {
        (void)sscanf(at, "#define CW_VERSION %4u", &version);
    }
    if (version == 0) {
        cw_log_error("%s" CW_AT " does not say which version of the protocol it is for" CW_REMEDY
                     ": use the SDK that came with this program", path);
        status = CW_E_SYSTEM;
    } else if (version != CW_VERSION) {
        cw_log_error("%s" CW_AT " is for version %u of the protocol, this program speaks version %u"
                     CW_REMEDY ": use the SDK that came with this program, or the causeway that came "
                     "with that SDK",
                sdk, version, CW_VERSION);
        status = CW_E_SYSTEM;
    }
    free(text);
    free(path);
    return status;
}

cw_status cw_app_build(struct cw_app *app)
{
    char *sdk = cw_place_sdk(app->options.sdk);
    if (sdk == NULL) {
        return CW_E_ABSENT;
    }
    const char *temporary = getenv("TMPDIR");
    char *scratch = cw_memory_format("%s/causeway-plan-XXXXXX",
            temporary != NULL && temporary[0] != '\0' ? temporary : "/tmp");
    char *out = NULL;
    cw_status status = check_version(sdk);
    if (!app->is_dry) {
        out = cw_memory_format("%s/build", app->state_folder);
    } else if (status == CW_OK && mkdtemp(scratch) == NULL) {
        cw_log_error("%s" CW_AT ": no folder can be made there: %s" CW_REMEDY
                     ": name another one by TMPDIR",
                temporary != NULL ? temporary : "/tmp", strerror(errno));
        status = CW_E_SYSTEM;
    }
    if (status == CW_OK) {
        status = build_all(app, sdk, app->is_dry ? scratch : out);
    }
    if (app->is_dry && strstr(scratch, "XXXXXX") == NULL) {
        remove_folder(scratch);
    }
    free(scratch);
    free(out);
    free(sdk);
    return status;
}

cw_status cw_remote_recall(struct cw_app *app, struct cw_remote *r)
{
    if (r->is_built) {
        return CW_OK;
    }
    uint8_t *bytes;
    size_t len;
    cw_status status =
            cw_state_build_last(app->state, r->module->name.value, &bytes, &len);
    if (status == CW_OK) {
        status = decode_built(bytes, len, &r->built) == CW_OK ? CW_OK : CW_E_ABSENT;
        cw_bytes_wipe(bytes, len);
        free(bytes);
    }
    if (status == CW_E_ABSENT) {
        cw_log_error("module \"%s\"" CW_AT " was not built yet" CW_REMEDY ": `causeway apply` "
                "first",
                r->module->name.value);
    }
    if (status == CW_OK) {
        take_built(r);
    }
    return status;
}
