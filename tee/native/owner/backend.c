/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of native: gcc makes a static executable, its SHA-256 is the measurement, and
 * no evidence is believed, because there is none.
 *
 * Steps of a build: compile the sources; join them with what they use of the services into one
 * object, whose endpoint table tells how much memory the runtime needs; compile that memory and
 * the owner's key; link with the archives of the SDK and strip.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crypto/hash.h"
#include "core/module/endpoint.h"
#include "core/wire/attest.h"
#include "posix/tool.h"
#include "tee/native/owner/table.h"
#include "tee/owner.h"

#define CHANNELS 64u     /* default ends of connections                  */
#define STREAM_MAX 2048u /* bytes that one call brings to a stream       */
#define PROOF_MAX 32u    /* the share; the evidence itself has no bytes  */
#define IMAGE_MAX (8ul << 20)

/* One module while it is built. */
struct job {
    const struct cw_owner_build *build;
    const struct cw_owner_module *module;
    char *folder; /* out_dir/NAME */
    char *log;
    char *joined; /* the module in one object */
    char *linked; /* the image */
    struct cw_native_table table;
    char *why;
};

static cw_status say(const struct job *job, cw_status status, const char *text)
{
    (void)snprintf(job->why, CW_OWNER_WHY_LEN, "module %s: %s", job->module->name, text);
    return status;
}

static cw_status run(const struct job *job, struct cw_tool *tool)
{
    char words[CW_OWNER_WHY_LEN - 128];
    cw_status status = cw_tool_run(tool, job->log, words, sizeof words);
    if (status == CW_OK) {
        return CW_OK;
    }
    return say(job, status, strstr(words, "cw_device_") != NULL && strstr(words, "undefined") != NULL
                    ? "it owns a device (sdk/device.h); native has none: put it on a node whose "
                      "tee has devices, such as sancus"
                    : words);
}

static void add_compiler(struct cw_tool *tool, const struct job *job)
{
    const struct cw_owner_build *build = job->build;
    static const char *const flags[] = {"gcc", "-c", "-std=c11", "-O2", "-ffreestanding", "-fno-pie",
            "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
            "-fno-tree-loop-distribute-patterns", "-fno-common", "-fvisibility=hidden",
            "-ffunction-sections", "-fdata-sections", "-fno-ident", "-g", "-Wall", "-Wextra"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        cw_tool_add(tool, "%s", flags[i]);
    }
    cw_tool_add(tool, "-ffile-prefix-map=%s=.", build->include_dir);
    cw_tool_add(tool, "-ffile-prefix-map=%s=out", build->out_dir);
    cw_tool_add(tool, "-ffile-prefix-map=%s=sdk", build->sdk_dir);
    cw_tool_add(tool, "-I%s", build->include_dir);
    cw_tool_add(tool, "-I%s/include", build->sdk_dir);
    cw_tool_add(tool, "-I%s/include/sdk", build->sdk_dir);
}

static cw_status compile_sources(const struct job *job)
{
    for (size_t i = 0; i < job->module->source_count; i++) {
        const char *source = job->module->sources[i];
        if (access(source, R_OK) != 0) {
            char text[512];
            (void)snprintf(text, sizeof text, "source %s: %s", source, strerror(errno));
            return say(job, CW_E_ABSENT, text);
        }
        struct cw_tool tool = {0};
        add_compiler(&tool, job);
        cw_tool_add(&tool, "-o");
        cw_tool_add(&tool, "%s/source-%zu.o", job->folder, i);
        cw_tool_add(&tool, "%s", source);
        cw_status status = run(job, &tool);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

/* Services are archives in lib/native/services/; a module gets what it names, no more. */
static cw_status join(struct job *job)
{
    struct cw_tool tool = {0};
    cw_tool_add(&tool, "ld");
    cw_tool_add(&tool, "-r");
    cw_tool_add(&tool, "-o");
    cw_tool_add(&tool, "%s", job->joined);
    for (size_t i = 0; i < job->module->source_count; i++) {
        cw_tool_add(&tool, "%s/source-%zu.o", job->folder, i);
    }
    char services[4096];
    int len = snprintf(services, sizeof services, "%s/lib/native/libservices.a",
            job->build->sdk_dir);
    if (len > 0 && (size_t)len < sizeof services && access(services, R_OK) == 0) {
        cw_tool_add(&tool, "%s", services);
    }
    cw_status status = run(job, &tool);
    if (status != CW_OK) {
        return status;
    }
    char words[CW_OWNER_WHY_LEN - 128];
    status = cw_native_table_read(job->joined, &job->table, words, sizeof words);
    return status == CW_OK ? CW_OK : say(job, status, words);
}

static uint16_t channels_of(const struct cw_owner_module *module)
{
    return module->channels != 0 ? module->channels : (uint16_t)CHANNELS;
}

static cw_status compile_memory(const struct job *job)
{
    unsigned event_max = CW_EVENT_MAX_DEFAULT;
    unsigned reply_max = CW_EVENT_MAX_DEFAULT;
    for (size_t i = 0; i < job->table.count; i++) {
        const struct cw_owner_endpoint *row = &job->table.rows[i];
        event_max = row->max > event_max ? row->max : event_max;
        reply_max = row->reply_max > reply_max ? row->reply_max : reply_max;
    }
    struct cw_tool tool = {0};
    add_compiler(&tool, job);
    cw_tool_add(&tool, "-DCW_CHANNELS=%u", channels_of(job->module));
    cw_tool_add(&tool, "-DCW_EVENT_MAX=%u", event_max);
    cw_tool_add(&tool, "-DCW_REPLY_MAX=%u", reply_max);
    cw_tool_add(&tool, "-DCW_STREAM_MAX=%u", job->table.has_streams ? STREAM_MAX : 0);
    cw_tool_add(&tool, "-DCW_PROOF_MAX=%u", PROOF_MAX);
    cw_tool_add(&tool, "-o");
    cw_tool_add(&tool, "%s/memory.o", job->folder);
    cw_tool_add(&tool, "%s/src/sdk/memory.c", job->build->sdk_dir);
    return run(job, &tool);
}

static cw_status compile_owner_key(const struct job *job)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/owner_key.c", job->folder);
    FILE *file = len > 0 && (size_t)len < sizeof path ? fopen(path, "w") : NULL;
    if (file == NULL) {
        return say(job, CW_E_SYSTEM, "cannot write owner_key.c");
    }
    (void)fprintf(file, "#include \"sdk/owner_key.h\"\n\nconst uint8_t cw_owner_key[CW_DH_LEN] = {");
    for (size_t i = 0; i < CW_DH_LEN; i++) {
        (void)fprintf(file, "%s0x%02x", i == 0 ? "" : ", ", job->build->owner_key[i]);
    }
    (void)fprintf(file, "};\n");
    bool bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad) {
        return say(job, CW_E_SYSTEM, "cannot write owner_key.c");
    }
    struct cw_tool tool = {0};
    add_compiler(&tool, job);
    cw_tool_add(&tool, "-o");
    cw_tool_add(&tool, "%s/owner_key.o", job->folder);
    cw_tool_add(&tool, "%s", path);
    return run(job, &tool);
}

static cw_status link_image(const struct job *job)
{
    const char *sdk_dir = job->build->sdk_dir;
    struct cw_tool tool = {0};
    static const char *const flags[] = {"ld", "-static", "-nostdlib", "--gc-sections",
            "--build-id=none", "--no-warn-rwx-segments", "-z", "noexecstack"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        cw_tool_add(&tool, "%s", flags[i]);
    }
    cw_tool_add(&tool, "-T");
    cw_tool_add(&tool, "%s/lib/native/link.ld", sdk_dir);
    cw_tool_add(&tool, "-o");
    cw_tool_add(&tool, "%s/linked.elf", job->folder);
    cw_tool_add(&tool, "%s", job->joined);
    cw_tool_add(&tool, "%s/memory.o", job->folder);
    cw_tool_add(&tool, "%s/owner_key.o", job->folder);
    cw_tool_add(&tool, "--start-group");
    static const char *const archives[] = {"native", "core", "bearssl"};
    for (size_t i = 0; i < sizeof archives / sizeof archives[0]; i++) {
        cw_tool_add(&tool, "%s/lib/native/lib%s.a", sdk_dir, archives[i]);
    }
    cw_tool_add(&tool, "--end-group");
    cw_status status = run(job, &tool);
    if (status != CW_OK) {
        return status;
    }
    /* linked.elf keeps the names, for a debugger and for tools/tcb-report. */
    struct cw_tool strip = {0};
    cw_tool_add(&strip, "objcopy");
    cw_tool_add(&strip, job->build->debug ? "--preserve-dates" : "--strip-all");
    cw_tool_add(&strip, "%s/linked.elf", job->folder);
    cw_tool_add(&strip, "%s", job->linked);
    return run(job, &strip);
}

static cw_status read_image(const struct job *job, uint8_t **ret_image, size_t *ret_len)
{
    FILE *file = fopen(job->linked, "rb");
    if (file == NULL) {
        return say(job, CW_E_SYSTEM, "the image cannot be read");
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
    return status == CW_OK ? CW_OK : say(job, status, "the image cannot be read");
}

static cw_status finish(struct job *job, struct cw_owner_built *ret_built)
{
    cw_status status = read_image(job, &ret_built->image, &ret_built->image_len);
    if (status == CW_OK) {
        status = cw_native_table_sizes(job->linked, &ret_built->text_len, &ret_built->data_len);
    }
    if (status != CW_OK) {
        return status;
    }
    cw_sha256(ret_built->image, ret_built->image_len, ret_built->measurement);
    int at = snprintf(ret_built->fingerprint, sizeof ret_built->fingerprint, "native:");
    for (size_t i = 0; i < CW_MEASUREMENT_LEN; i++) {
        at += snprintf(ret_built->fingerprint + at, sizeof ret_built->fingerprint - (size_t)at,
                "%02x", ret_built->measurement[i]);
    }
    ret_built->endpoints = job->table.rows;
    ret_built->endpoint_count = job->table.count;
    ret_built->channels = channels_of(job->module);
    job->table.rows = NULL;
    return CW_OK;
}

static cw_status open_job(struct job *job)
{
    const char *out_dir = job->build->out_dir;
    const char *name = job->module->name;
    if (asprintf(&job->folder, "%s/%s", out_dir, name) < 0 ||
            asprintf(&job->log, "%s/%s/log", out_dir, name) < 0 ||
            asprintf(&job->joined, "%s/%s/module.o", out_dir, name) < 0 ||
            asprintf(&job->linked, "%s/%s/%s.elf", out_dir, name, name) < 0) {
        return say(job, CW_E_SYSTEM, "no memory");
    }
    if (mkdir(job->folder, 0777) != 0 && errno != EEXIST) {
        return say(job, CW_E_SYSTEM, "its folder for intermediate files cannot be made");
    }
    return CW_OK;
}

static void close_job(struct job *job)
{
    free(job->folder);
    free(job->log);
    free(job->joined);
    free(job->linked);
    free(job->table.rows);
}

static cw_status build_one(const struct cw_owner_build *build,
        const struct cw_owner_module *module, struct cw_owner_built *ret_built, char *ret_why)
{
    struct job job = {.build = build, .module = module, .why = ret_why};
    if (module->device != NULL) {
        return say(&job, CW_E_DENIED, "it is to own a device, and native has none: put it on a node "
                                      "whose tee has devices, such as sancus");
    }
    if (build->owner_key == NULL || module->source_count == 0) {
        return say(&job, CW_E_STATE, "nothing to build: no source, or no owner's key");
    }
    cw_status status = open_job(&job);
    if (status == CW_OK) {
        status = compile_sources(&job);
    }
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
