/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of native: gcc makes a static executable, its SHA-256 is the measurement, and
 * no evidence is believed, because there is none.
 *
 * Steps of a build: compile the sources; join them with what they use of the services into one
 * object, whose endpoint table tells how much memory the runtime needs; compile that memory and
 * the owner's key; link with the archives of the SDK and strip.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/crypto/hash.h"
#include "core/wire/attest.h"
#include "posix/tool.h"
#include "tee/owner.h"
#include "tee/owner/recipe.h"

#define CHANNELS 64u     /* default ends of connections                  */
#define STREAM_MAX 2048u /* bytes that one call brings to a stream       */
#define PROOF_MAX 32u    /* the share; the evidence itself has no bytes  */
#define IMAGE_MAX (8ul << 20)

static const char *const compiler[] = {"gcc", "-O2", "-fno-pie", "-fno-stack-protector",
        "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
        "-fno-tree-loop-distribute-patterns", "-fvisibility=hidden", "-ftrack-macro-expansion=0",
        "-fno-diagnostics-show-caret", "-g", NULL};

/* One module while it is built. */
struct job {
    struct cw_recipe recipe;
    const struct cw_owner_module *module;
    char *linked; /* the image */
    struct cw_object_table table;
};

static const char *hint(const char *words)
{
    if (strstr(words, "undefined reference to `cw_seal'") != NULL ||
            strstr(words, "undefined reference to `cw_unseal'") != NULL) {
        return "it seals (cw_seal, cw_unseal); native has no key that survives a restart: put it on "
               "a node whose tee has one, such as sgx";
    }
    return strstr(words, "cw_device_") != NULL && strstr(words, "undefined") != NULL
            ? "it owns a device (sdk/device.h); native has none: put it on a node whose tee has "
              "devices, such as sancus"
            : NULL;
}

/* Services are an archive of the SDK; a module gets what it names, no more. */
static cw_status join(struct job *job)
{
    char *services = NULL;
    if (asprintf(&services, "%s/lib/native/libservices.a", job->recipe.build->sdk_dir) < 0) {
        return cw_recipe_say(&job->recipe, CW_E_SYSTEM, "no memory");
    }
    const cw_status status = cw_recipe_join(&job->recipe, services, &job->table);
    free(services);
    return status;
}

static uint16_t channels_of(const struct cw_owner_module *module)
{
    return module->channels != 0 ? module->channels : (uint16_t)CHANNELS;
}

static cw_status compile_memory(const struct job *job)
{
    struct cw_recipe_memory memory = {
            .channels = channels_of(job->module),
            .event_max = CW_EVENT_MAX_DEFAULT,
            .reply_max = CW_EVENT_MAX_DEFAULT,
            .stream_max = job->table.has_streams ? STREAM_MAX : 0,
            .proof_max = PROOF_MAX,
    };
    for (size_t i = 0; i < job->table.count; i++) {
        const struct cw_owner_endpoint *row = &job->table.rows[i];
        memory.event_max = row->max > memory.event_max ? row->max : memory.event_max;
        memory.reply_max = row->reply_max > memory.reply_max ? row->reply_max : memory.reply_max;
    }
    return cw_recipe_memory(&job->recipe, &memory);
}

static cw_status compile_owner_key(const struct job *job)
{
    return cw_recipe_constant(&job->recipe, "owner_key",
            "#include \"sdk/owner_key.h\"\n\nconst uint8_t cw_owner_key[CW_DH_LEN]",
            job->recipe.build->owner_key, CW_DH_LEN);
}

static cw_status link_image(const struct job *job)
{
    const char *sdk_dir = job->recipe.build->sdk_dir;
    const char *folder = job->recipe.folder;
    struct cw_tool tool = {0};
    static const char *const flags[] = {"ld", "-static", "-nostdlib", "--gc-sections",
            "--build-id=none", "--no-warn-rwx-segments", "-z", "noexecstack"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        cw_tool_add(&tool, "%s", flags[i]);
    }
    cw_tool_add(&tool, "-T");
    cw_tool_add(&tool, "%s/lib/native/link.ld", sdk_dir);
    cw_tool_add(&tool, "-o");
    cw_tool_add(&tool, "%s/linked.elf", folder);
    cw_tool_add(&tool, "%s/module.o", folder);
    cw_tool_add(&tool, "%s/memory.o", folder);
    cw_tool_add(&tool, "%s/owner_key.o", folder);
    cw_tool_add(&tool, "--start-group");
    static const char *const archives[] = {"native", "core", "bearssl"};
    for (size_t i = 0; i < sizeof archives / sizeof archives[0]; i++) {
        cw_tool_add(&tool, "%s/lib/native/lib%s.a", sdk_dir, archives[i]);
    }
    cw_tool_add(&tool, "--end-group");
    cw_status status = cw_recipe_run(&job->recipe, &tool);
    if (status != CW_OK) {
        return status;
    }
    /* linked.elf keeps the names, for a debugger and for tools/tcb-report. */
    struct cw_tool strip = {0};
    cw_tool_add(&strip, "objcopy");
    cw_tool_add(&strip, job->recipe.build->debug ? "--preserve-dates" : "--strip-all");
    cw_tool_add(&strip, "%s/linked.elf", folder);
    cw_tool_add(&strip, "%s", job->linked);
    return cw_recipe_run(&job->recipe, &strip);
}

static cw_status read_image(const struct job *job, uint8_t **ret_image, size_t *ret_len)
{
    FILE *file = fopen(job->linked, "rb");
    if (file == NULL) {
        return cw_recipe_say(&job->recipe, CW_E_SYSTEM, "the image cannot be read");
    }
    cw_status status = CW_E_SYSTEM;
    struct stat info;
    uint8_t *image = NULL;
    if (fstat(fileno(file), &info) != 0 || info.st_size <= 0 ||
            (unsigned long)info.st_size > IMAGE_MAX) {
        goto close_file;
    }
    size_t len = (size_t)info.st_size;
    image = malloc(len);
    if (image != NULL && fread(image, 1, len, file) == len) {
        *ret_image = image;
        *ret_len = len;
        image = NULL;
        status = CW_OK;
    }
close_file:
    free(image);
    (void)fclose(file);
    return status == CW_OK ? CW_OK : cw_recipe_say(&job->recipe, status, "the image cannot be read");
}

static cw_status finish(struct job *job, struct cw_owner_built *ret_built)
{
    char *named = NULL;
    cw_status status = read_image(job, &ret_built->image, &ret_built->image_len);
    if (status == CW_OK && (asprintf(&named, "%s/linked.elf", job->recipe.folder) < 0 ||
            cw_object_sizes(named, ".outside", &ret_built->text_len, &ret_built->data_len) != CW_OK)) {
        status = cw_recipe_say(&job->recipe, CW_E_SYSTEM, "what the linker made cannot be read");
    }
    free(named);
    if (status != CW_OK) {
        return status;
    }
    cw_sha256(ret_built->image, ret_built->image_len, ret_built->measurement);
    cw_recipe_fingerprint("native", ret_built);
    ret_built->endpoints = job->table.rows;
    ret_built->endpoint_count = job->table.count;
    ret_built->channels = channels_of(job->module);
    job->table.rows = NULL;
    return CW_OK;
}

static cw_status open_job(struct job *job)
{
    cw_status status = cw_recipe_open(&job->recipe);
    const char *name = job->module->name;
    if (status == CW_OK && asprintf(&job->linked, "%s/%s.elf", job->recipe.folder, name) < 0) {
        job->linked = NULL;
        status = cw_recipe_say(&job->recipe, CW_E_SYSTEM, "no memory");
    }
    return status;
}

static void close_job(struct job *job)
{
    cw_recipe_close(&job->recipe);
    free(job->linked);
    free(job->table.rows);
}

static cw_status build_one(const struct cw_owner_build *build,
        const struct cw_owner_module *module, struct cw_owner_built *ret_built, char *ret_why)
{
    struct job job = {
            .recipe = {.build = build, .module = module, .compiler = compiler, .linker = "ld",
                    .pointer_len = sizeof(void *), .hint = hint, .why = ret_why},
            .module = module,
    };
    if (module->device != NULL) {
        return cw_recipe_say(&job.recipe, CW_E_DENIED,
                "it is to own a device, and native has none: put it on a node whose tee has "
                "devices, such as sancus");
    }
    if (build->owner_key == NULL || module->source_count == 0) {
        return cw_recipe_say(&job.recipe, CW_E_STATE,
                "nothing to build: no source, or no owner's key");
    }
    cw_status status = open_job(&job);
    if (status == CW_OK) {
        status = join(&job);
    }
    if (status == CW_OK) {
        status = compile_memory(&job);
    }
    if (status == CW_OK) {
        status = compile_owner_key(&job);
    }
    if (status == CW_OK) {
        status = link_image(&job);
    }
    if (status == CW_OK) {
        status = finish(&job, ret_built);
    }
    close_job(&job);
    return status;
}

static cw_status build_all(const struct cw_owner_build *build, const struct cw_owner_node *node,
        const struct cw_owner_module *modules, size_t module_count,
        struct cw_owner_built *ret_built, char ret_why[static CW_OWNER_WHY_LEN])
{
    (void)node;
    for (size_t i = 0; i < module_count; i++) {
        cw_status status = build_one(build, &modules[i], &ret_built[i], ret_why);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

static cw_status needs(char ret_why[static CW_OWNER_WHY_LEN])
{
    if (cw_tool_is_there("gcc") && cw_tool_is_there("ld")) {
        return CW_OK;
    }
    (void)snprintf(ret_why, CW_OWNER_WHY_LEN,
            "native modules are built with gcc and ld: apt install gcc binutils");
    return CW_E_ABSENT;
}

/* The evidence is empty.  That a module answers proves that somebody does. */
static cw_status verify(const struct cw_owner_node *node, const struct cw_owner_built *built,
        const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static 32],
        const uint8_t *report, const uint8_t *proof, size_t proof_len,
        struct cw_owner_verdict *ret_verdict)
{
    (void)node;
    (void)built;
    (void)nonce;
    (void)life;
    (void)report;
    (void)proof;
    *ret_verdict = (struct cw_owner_verdict){.genuine = false};
    bool empty = proof_len == 0;
    (void)snprintf(ret_verdict->text, sizeof ret_verdict->text, "%s",
            empty ? "native: nothing protects this module, and nothing proves that it is the one built"
                  : "native: evidence must be empty");
    return empty ? CW_OK : CW_E_AUTH;
}

const struct cw_owner_backend cw_owner_native = {
        .name = "native",
        .session_dh = true,
        .has_random = true,
        .has_aes = true,
        .freshness = CW_FRESH_RANDOM,
        .needs = needs,
        .build = build_all,
        .verify = verify,
};
