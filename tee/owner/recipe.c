/* SPDX-License-Identifier: MIT */
#include "tee/owner/recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/file.h"
#include "posix/log.h"
#include "tee/owner/complaint.h"

#define WORDS_LEN 8192u

cw_status cw_recipe_open(struct cw_recipe *r)
{
    if (asprintf(&r->folder, "%s/%s", r->build->out_dir, r->module->name) < 0) {
        r->folder = NULL;
        return cw_recipe_say(r, CW_E_SYSTEM, "no memory");
    }
    r->lock = -1;
    if (mkdir(r->folder, 0777) == 0 || errno == EEXIST) {
        r->lock = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    while (r->lock >= 0 && flock(r->lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return cw_recipe_say(r, CW_E_SYSTEM, "its folder cannot be locked: %s: %s", r->folder,
                    strerror(errno));
        }
    }
    return r->lock >= 0 ? CW_OK
                        : cw_recipe_say(r, CW_E_SYSTEM,
                                  "its folder for intermediate files cannot be made: %s: %s",
                                  r->folder, strerror(errno));
}

void cw_recipe_close(struct cw_recipe *r)
{
    if (r->folder != NULL && r->lock >= 0) {
        (void)close(r->lock);
    }
    free(r->folder);
    r->folder = NULL;
}

cw_status cw_recipe_say(const struct cw_recipe *r, cw_status status, const char *format, ...)
{
    char text[CW_OWNER_WHY_LEN];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(r->why, CW_OWNER_WHY_LEN, "module %s: %.900s", r->module->name, text);
    return status;
}

static cw_status complain(const struct cw_recipe *r, cw_status status, const char *words)
{
    const char *known = r->hint == NULL ? NULL : r->hint(words);
    if (known != NULL) {
        return cw_recipe_say(r, status, "%s", known);
    }
    struct cw_complaint complaint;
    cw_complaint_read(words, &complaint);
    if (complaint.place[0] == '\0') {
        return cw_recipe_say(r, status, "%s", complaint.text);
    }
    (void)snprintf(r->why, CW_OWNER_WHY_LEN, "%.255s" CW_AT ": module %.64s: %.640s",
            complaint.place, r->module->name, complaint.text);
    return status;
}

cw_status cw_recipe_run(const struct cw_recipe *r, struct cw_tool *tool)
{
    char words[WORDS_LEN];
    char log[4096];
    (void)snprintf(log, sizeof log, "%s/log", r->folder);
    tool->kept = r->lock;
    const cw_status status = cw_tool_run(tool, log, words, sizeof words);
    return status == CW_OK ? CW_OK : complain(r, status, words);
}

/* The compiler, with what every module is compiled with; the output is FOLDER/NAME. */
__attribute__((format(printf, 3, 4))) static void add_compiler(const struct cw_recipe *r,
        struct cw_tool *tool, const char *format, ...)
{
    const struct cw_owner_build *build = r->build;
    char *name = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&name, format, arguments) < 0) {
        name = NULL;
        tool->failed = true;
    }
    va_end(arguments);
    for (size_t i = 0; r->compiler[i] != NULL; i++) {
        cw_tool_add(tool, "%s", r->compiler[i]);
    }
    char *flags = r->flags == NULL ? NULL : cw_file_join(build->sdk_dir, r->flags);
    if (flags != NULL && cw_file_exists(flags)) {
        cw_tool_add(tool, "@%s", flags);
    }
    free(flags);
    /* The first error ends it, and its place is where the author wrote the macro. */
    static const char *const common[] = {"-c", "-std=c11", "-ffreestanding", "-fno-common",
            "-ffunction-sections", "-fdata-sections", "-fno-ident", "-Wall", "-Wextra",
            "-Wfatal-errors", "-Werror=implicit-function-declaration",
            "-Werror=incompatible-pointer-types", "-Werror=int-conversion"};
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        cw_tool_add(tool, "%s", common[i]);
    }
    if (r->module->is_debug) {
        cw_tool_add(tool, "-DCW_DEBUG=1");
    }
    cw_tool_add(tool, "-ffile-prefix-map=%s=.", build->include_dir);
    cw_tool_add(tool, "-ffile-prefix-map=%s=out", build->out_dir);
    cw_tool_add(tool, "-ffile-prefix-map=%s=sdk", build->sdk_dir);
    cw_tool_add(tool, "-I%s", build->include_dir);
    cw_tool_add(tool, "-I%s/include", build->sdk_dir);
    cw_tool_add(tool, "-I%s/include/sdk", build->sdk_dir);
    cw_tool_add(tool, "-o");
    cw_tool_add(tool, "%s/%s", r->folder, name != NULL ? name : "");
    free(name);
}

/* A function without a body is a warning at most, and an error only when all is linked. */
static cw_status check_bodies(const struct cw_recipe *r)
{
    char *log = cw_file_join(r->folder, "log");
    uint8_t *words = NULL;
    size_t len = 0;
    cw_status status = CW_OK;
    if (log != NULL && cw_file_read(log, 1u << 20, &words, &len) == CW_OK &&
            strstr((const char *)words, "but never defined") != NULL) {
        status = complain(r, CW_E_DENIED, (const char *)words);
    }
    free(words);
    free(log);
    return status;
}

static cw_status compile_sources(const struct cw_recipe *r)
{
    for (size_t i = 0; i < r->module->source_count; i++) {
        const char *source = r->module->sources[i];
        if (access(source, R_OK) != 0) {
            return cw_recipe_say(r, CW_E_ABSENT, "source %s: %s", source, strerror(errno));
        }
        struct cw_tool tool = {0};
        add_compiler(r, &tool, "source-%zu.o", i);
        cw_tool_add(&tool, "%s", source);
        cw_status status = cw_recipe_run(r, &tool);
        if (status == CW_OK) {
            status = check_bodies(r);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

cw_status cw_recipe_join(const struct cw_recipe *r, const char *archive,
        struct cw_object_table *ret_table)
{
    cw_status status = compile_sources(r);
    if (status != CW_OK) {
        return status;
    }
    struct cw_tool tool = {0};
    cw_tool_add(&tool, "%s", r->linker);
    cw_tool_add(&tool, "-r");
    cw_tool_add(&tool, "-o");
    cw_tool_add(&tool, "%s/module.o", r->folder);
    for (size_t i = 0; i < r->module->source_count; i++) {
        cw_tool_add(&tool, "%s/source-%zu.o", r->folder, i);
    }
    if (archive != NULL && cw_file_exists(archive)) {
        cw_tool_add(&tool, "%s", archive);
    }
    status = cw_recipe_run(r, &tool);
    if (status != CW_OK) {
        return status;
    }
    char *path = cw_file_join(r->folder, "module.o");
    status = path == NULL ? CW_E_SYSTEM : cw_object_table(path, r->pointer_len, ret_table);
    free(path);
    return status == CW_OK ? CW_OK
         : status == CW_E_FORM
            ? cw_recipe_say(r, status, "its endpoint table is not one; declare endpoints with the "
                                       "macros of causeway.h only")
            : cw_recipe_say(r, status, "its object file is not readable");
}

cw_status cw_recipe_memory(const struct cw_recipe *r, const struct cw_recipe_memory *memory)
{
    struct cw_tool tool = {0};
    add_compiler(r, &tool, "memory.o");
    cw_tool_add(&tool, "-DCW_CHANNELS=%u", memory->channels);
    cw_tool_add(&tool, "-DCW_EVENT_MAX=%u", memory->event_max);
    cw_tool_add(&tool, "-DCW_REPLY_MAX=%u", memory->reply_max);
    cw_tool_add(&tool, "-DCW_STREAM_MAX=%u", memory->stream_max);
    cw_tool_add(&tool, "-DCW_PROOF_MAX=%u", memory->proof_max);
    cw_tool_add(&tool, "%s/src/sdk/memory.c", r->build->sdk_dir);
    return cw_recipe_run(r, &tool);
}

cw_status cw_recipe_constant(const struct cw_recipe *r, const char *name, const char *declaration,
        const uint8_t *bytes, size_t len)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s.c", r->folder, name) < 0) {
        return cw_recipe_say(r, CW_E_SYSTEM, "no memory");
    }
    FILE *file = fopen(path, "w");
    bool is_bad = file == NULL;
    if (!is_bad) {
        (void)fprintf(file, "%s = {", declaration);
        for (size_t i = 0; i < len; i++) {
            (void)fprintf(file, "%s0x%02x", i == 0 ? "" : ", ", bytes[i]);
        }
        (void)fprintf(file, "};\n");
        is_bad = ferror(file) != 0;
        is_bad = fclose(file) != 0 || is_bad;
    }
    cw_status status = CW_E_SYSTEM;
    if (is_bad) {
        status = cw_recipe_say(r, CW_E_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    } else {
        struct cw_tool tool = {0};
        add_compiler(r, &tool, "%s.o", name);
        cw_tool_add(&tool, "%s", path);
        status = cw_recipe_run(r, &tool);
    }
    free(path);
    return status;
}

void cw_recipe_fingerprint(const char *tee, struct cw_owner_built *built)
{
    const size_t cap = sizeof built->fingerprint;
    int at = snprintf(built->fingerprint, cap, "%s:", tee);
    for (size_t i = 0; i < CW_MEASUREMENT_LEN; i++) {
        at += snprintf(built->fingerprint + at, cap - (size_t)at, "%02x", built->measurement[i]);
    }
}
