/* SPDX-License-Identifier: MIT */
#include "tee/owner/program.h"

#include <stdio.h>
#include <stdlib.h>

#define CHANNELS 64u     /* default ends of connections         */
#define STREAM_MAX 2048u /* bytes that one call brings to a stream */

cw_status cw_program_open(struct cw_program *job)
{
    const struct cw_recipe *r = &job->recipe;
    if (r->module->device != NULL && !job->has_device) {
        return cw_recipe_say(r, CW_E_DENIED,
                "it is to own a device, and %s has none: put it on a node whose tee has devices, "
                "such as sancus or trustzone",
                job->tee);
    }
    if (r->build->owner_key == NULL || r->module->source_count == 0) {
        return cw_recipe_say(r, CW_E_STATE, "nothing to build: no source, or no owner's key");
    }
    cw_status status = cw_recipe_open(&job->recipe);
    if (status == CW_OK && asprintf(&job->linked, "%s/linked.elf", r->folder) < 0) {
        job->linked = NULL;
        status = cw_recipe_say(r, CW_E_SYSTEM, "no memory");
    }
    return status;
}

void cw_program_close(struct cw_program *job)
{
    cw_recipe_close(&job->recipe);
    free(job->linked);
    free(job->table.rows);
}

/* Services are an archive of the SDK; a module gets what it names, no more. */
static cw_status join(struct cw_program *job)
{
    char *services = NULL;
    if (asprintf(&services, "%s/lib/%s/libservices.a", job->recipe.build->sdk_dir, job->tee) < 0) {
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
            .proof_max = job->proof_max,
    };
    for (size_t i = 0; i < job->table.count; i++) {
        const struct cw_owner_endpoint *row = &job->table.rows[i];
        memory.event_max = row->max > memory.event_max ? row->max : memory.event_max;
        memory.reply_max = row->reply_max > memory.reply_max ? row->reply_max : memory.reply_max;
    }
    return cw_recipe_memory(&job->recipe, &memory);
}

cw_status cw_program_objects(struct cw_program *job)
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

cw_status cw_program_link(const struct cw_program *job, const char *const *flags)
{
    const char *sdk_dir = job->recipe.build->sdk_dir;
    static const char *const objects[] = {"module", "memory", "owner_key"};
    const char *const archives[] = {job->tee, "core", "bearssl"};
    struct cw_tool tool = {0};
    cw_tool_add(&tool, "%s", job->recipe.linker);
    for (; *flags != NULL; flags++) {
        cw_tool_add(&tool, "%s", *flags);
    }
    cw_tool_add(&tool, "-T");
    cw_tool_add(&tool, "%s/lib/%s/link.ld", sdk_dir, job->tee);
    cw_tool_add(&tool, "-o");
    cw_tool_add(&tool, "%s", job->linked);
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        cw_tool_add(&tool, "%s/%s.o", job->recipe.folder, objects[i]);
    }
    cw_tool_add(&tool, "--start-group");
    for (size_t i = 0; i < sizeof archives / sizeof archives[0]; i++) {
        cw_tool_add(&tool, "%s/lib/%s/lib%s.a", sdk_dir, job->tee, archives[i]);
    }
    cw_tool_add(&tool, "--end-group");
    return cw_recipe_run(&job->recipe, &tool);
}

void cw_program_endpoints(struct cw_program *job, struct cw_owner_built *ret_built)
{
    ret_built->endpoints = job->table.rows;
    ret_built->endpoint_count = job->table.count;
    ret_built->channels = channels_of(job->recipe.module);
    job->table.rows = NULL;
}
