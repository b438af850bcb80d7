/* SPDX-License-Identifier: MIT */
#include "tee/owner/program.h"

#include <stdio.h>
#include <stdlib.h>

#include "posix/file.h"
#include "posix/tool.h"

#define CHANNELS 64u     /* default ends of connections         */
#define STREAM_MAX 2048u /* bytes that one call brings to a stream */

static cw_status start(struct cw_program *job)
{
    const struct cw_recipe *r = &job->recipe;
    if (r->module->device != NULL && !job->kind->has_device) {
        return cw_recipe_say(r, CW_E_DENIED,
                "it is to own a device, and %s has none: put it on a node whose tee has devices, "
                "such as sancus or trustzone",
                job->kind->tee);
    }
    if (r->build->owner_key == NULL || r->module->source_count == 0) {
        return cw_recipe_say(r, CW_E_STATE, "nothing to build: no source, or no owner's key");
    }
    const cw_status status = cw_recipe_open(&job->recipe);
    if (status == CW_OK && asprintf(&job->linked, "%s/linked.elf", r->folder) < 0) {
        job->linked = NULL;
    }
    if (status == CW_OK &&
            asprintf(&job->image, "%s/%s.%s", r->folder, r->module->name, job->kind->ending) < 0) {
        job->image = NULL;
    }
    return status != CW_OK || (job->linked != NULL && job->image != NULL)
            ? status
            : cw_recipe_say(r, CW_E_SYSTEM, "no memory");
}

/* Services are an archive of the SDK; a module gets what it names, no more. */
static cw_status join(struct cw_program *job)
{
    char *services = NULL;
    if (asprintf(&services, "%s/lib/%s/libservices.a", job->recipe.build->sdk_dir, job->kind->tee) < 0) {
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

static cw_status compile_memory(const struct cw_program *job)
{
    struct cw_recipe_memory memory = {
            .channels = channels_of(job->recipe.module),
            .event_max = CW_EVENT_MAX_DEFAULT,
            .reply_max = CW_EVENT_MAX_DEFAULT,
            .stream_max = job->table.has_streams ? STREAM_MAX : 0,
            .proof_max = job->kind->proof_max,
    };
    for (size_t i = 0; i < job->table.count; i++) {
        const struct cw_owner_endpoint *row = &job->table.rows[i];
        memory.event_max = row->max > memory.event_max ? row->max : memory.event_max;
        memory.reply_max = row->reply_max > memory.reply_max ? row->reply_max : memory.reply_max;
    }
    return cw_recipe_memory(&job->recipe, &memory);
}

/* All objects, and the endpoint table. */
static cw_status compile(struct cw_program *job)
{
    cw_status status = join(job);
    if (status == CW_OK) {
        status = compile_memory(job);
    }
    if (status == CW_OK) {
        status = cw_recipe_constant(&job->recipe, "owner_key",
                "#include \"sdk/owner_key.h\"\n\nconst uint8_t cw_owner_key[CW_DH_LEN]",
                job->recipe.build->owner_key, CW_DH_LEN);
    }
    return status;
}

static cw_status link_all(const struct cw_program *job)
{
    const char *sdk_dir = job->recipe.build->sdk_dir;
    static const char *const objects[] = {"module", "memory", "owner_key"};
    const char *const archives[] = {job->kind->tee, "core", "bearssl"};
    struct cw_tool tool = {0};
    cw_tool_add(&tool, "%s", job->recipe.linker);
    for (const char *const *flag = job->kind->link_flags; *flag != NULL; flag++) {
        cw_tool_add(&tool, "%s", *flag);
    }
    cw_tool_add(&tool, "-T");
    cw_tool_add(&tool, "%s/lib/%s/link.ld", sdk_dir, job->kind->tee);
    cw_tool_add(&tool, "-o");
    cw_tool_add(&tool, "%s", job->linked);
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        cw_tool_add(&tool, "%s/%s.o", job->recipe.folder, objects[i]);
    }
    cw_tool_add(&tool, "--start-group");
    for (size_t i = 0; i < sizeof archives / sizeof archives[0]; i++) {
        cw_tool_add(&tool, "%s/lib/%s/lib%s.a", sdk_dir, job->kind->tee, archives[i]);
    }
    cw_tool_add(&tool, "--end-group");
    return cw_recipe_run(&job->recipe, &tool);
}

static cw_status build_one(struct cw_program *job, struct cw_owner_built *ret_built)
{
    cw_status status = start(job);
    if (status == CW_OK) {
        status = compile(job);
    }
    if (status == CW_OK) {
        status = link_all(job);
    }
    if (status == CW_OK) {
        status = job->kind->finish(job, ret_built);
    }
    if (status == CW_OK) {
        cw_recipe_fingerprint(job->kind->tee, ret_built);
        ret_built->endpoints = job->table.rows;
        ret_built->endpoint_count = job->table.count;
        ret_built->channels = channels_of(job->recipe.module);
        job->table.rows = NULL;
    }
    cw_recipe_close(&job->recipe);
    free(job->linked);
    free(job->image);
    free(job->table.rows);
    return status;
}

cw_status cw_program_build(const struct cw_program_kind *kind, const struct cw_owner_build *build,
        const struct cw_owner_module *modules, size_t count, struct cw_owner_built *ret_built,
        char ret_why[static CW_OWNER_WHY_LEN])
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        struct cw_program job = {
                .recipe = {.build = build, .module = &modules[i], .compiler = kind->compiler,
                        .flags = kind->flags, .linker = kind->linker,
                        .pointer_len = kind->pointer_len, .hint = kind->hint, .why = ret_why},
                .kind = kind,
        };
        status = build_one(&job, &ret_built[i]);
    }
    return status;
}

cw_status cw_program_needs(const struct cw_program_kind *kind, char ret_why[static CW_OWNER_WHY_LEN])
{
    if (cw_tool_is_there(kind->compiler[0]) && cw_tool_is_there(kind->linker)) {
        return CW_OK;
    }
    (void)snprintf(ret_why, CW_OWNER_WHY_LEN, "%s modules are built with %s and %s: apt install %s",
            kind->tee, kind->compiler[0], kind->linker, kind->packages);
    return CW_E_ABSENT;
}

cw_status cw_program_keep(const struct cw_program *job, const struct cw_owner_built *built)
{
    const cw_status status = cw_file_write(job->image, built->image, built->image_len, 0644);
    return status == CW_OK ? CW_OK
                           : cw_recipe_say(&job->recipe, status, "its image cannot be written");
}
