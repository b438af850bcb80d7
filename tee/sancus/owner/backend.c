/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of Sancus: every module is linked to a place of its own on its node, so that
 * the key that the chip will derive for it is known before it is deployed.
 *
 * Steps of a build, module by module: compile the sources; join them into one object, whose
 * endpoint table tells how much memory the runtime needs; compile that memory; for a driver, link
 * its device module and compile the tag by which it will know it; link everything to the next free
 * place.  A device module lies just in front of its driver.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/module/endpoint.h"
#include "core/wire/attest.h"
#include "posix/tool.h"
#include "tee/owner.h"
#include "tee/owner/recipe.h"
#include "tee/sancus/abi.h"
#include "tee/sancus/owner/device.h"
#include "tee/sancus/owner/elf.h"
#include "tee/sancus/owner/local.h"
#include "tee/sancus/owner/measure.h"
#include "tee/sancus/owner/stack.h"

#define CHANNELS 8u /* default ends of connections */
#define EVENT_MAX 1024u /* what a board's firmware brings in one call, less what is around it */

/* Where modules go on one node; [next, end) is free. */
struct area {
    uint32_t next, end;
    const char *name; /* of the descriptor's field */
};

struct place {
    struct area text, data;
};

static const char *const compiler[] = {"clang-14", "--target=msp430-none-elf", "-Os",
        "-mhwmult=none", "-fno-builtin", "-fno-jump-tables", "-fno-caret-diagnostics",
        "-Werror=undefined-internal", "-gdwarf-4", NULL}; /* gdb 13 reads no lines of DWARF 5 */

/* One module while it is built. */
struct job {
    struct cw_recipe recipe;
    const struct cw_owner_node *node;
    const struct cw_owner_module *module;
    const struct cw_sancus_device *device; /* NULL: none */
    struct cw_object_table table;
    unsigned event_max, reply_max;
    uint32_t stack_len;
    struct cw_sancus_linked linked;
    struct cw_sancus_linked mmio;
    uint16_t interrupt, endpoint;
};

static cw_status say(const struct job *job, cw_status status, const char *text)
{
    return cw_recipe_say(&job->recipe, status, "%s", text);
}

/* What the linker misses tells what the author did. */
static const char *hint(const char *words)
{
    if (strstr(words, "relocation R_MSP430") != NULL && strstr(words, "out of range") != NULL) {
        return "it is larger than this machine can address, which is 64 KiB with its RAM and devices: "
               "declare smaller events, fewer \"channels\", or smaller variables";
    }
    const char *missing = strstr(words, "undefined symbol: ");
    if (missing == NULL) {
        return NULL;
    }
    missing += strlen("undefined symbol: ");
    if (strncmp(missing, "__mspabi_", 9) == 0) {
        return "it uses floating point, which this CPU lacks: compute with integers";
    }
    if (strncmp(missing, "__cw_device", 11) == 0) {
        return "it uses sdk/device.h, but the descriptor gives it no \"device\"";
    }
    if (strncmp(missing, "cw_seal", 7) == 0 || strncmp(missing, "cw_unseal", 9) == 0) {
        return "it seals (cw_seal, cw_unseal); this chip has no AES, and none of its keys is for that: "
               "put it on a node whose tee has one, such as sgx";
    }
    if (strncmp(missing, "cw_counter", 10) == 0) {
        return "it counts (cw_counter); this chip's counter is not a module's own: put it on a node "
               "whose tee has one, such as trustzone";
    }
    return NULL;
}

static cw_status join(struct job *job)
{
    const cw_status status = cw_recipe_join(&job->recipe, NULL, &job->table);
    if (status != CW_OK) {
        return status;
    }
    if (job->table.has_streams) {
        return say(job, CW_E_DENIED, "it takes byte streams, which boards do not carry: put it on "
                                     "another kind of node");
    }
    job->event_max = 2;
    job->reply_max = 2;
    for (size_t i = 0; i < job->table.count; i++) {
        const struct cw_owner_endpoint *row = &job->table.rows[i];
        if (row->max > EVENT_MAX - 64 || row->reply_max > EVENT_MAX - 64) {
            char text[256];
            (void)snprintf(text, sizeof text, "endpoint %s declares %u bytes; a board carries at "
                    "most %u", row->name, row->max > row->reply_max ? row->max : row->reply_max,
                    EVENT_MAX - 64);
            return say(job, CW_E_SPACE, text);
        }
        job->event_max = row->max > job->event_max ? row->max : job->event_max;
        job->reply_max = row->reply_max > job->reply_max ? row->reply_max : job->reply_max;
    }
    return CW_OK;
}

static uint16_t channels_of(const struct cw_owner_module *module)
{
    return module->channels != 0 ? module->channels : (uint16_t)CHANNELS;
}

static cw_status compile_memory(const struct job *job)
{
    const struct cw_recipe_memory memory = {
            .channels = channels_of(job->module),
            .event_max = job->event_max,
            .reply_max = job->reply_max,
            .proof_max = CW_TAG_LEN,
    };
    return cw_recipe_memory(&job->recipe, &memory);
}

static void add_linker(struct cw_tool *tool, const struct job *job, const char *script,
        const char *output)
{
    static const char *const flags[] = {"ld.lld-14", "--gc-sections", "--build-id=none", "-n",
            "--no-check-sections"}; /* what does not fit is told by take() */
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        cw_tool_add(tool, "%s", flags[i]);
    }
    cw_tool_add(tool, "-T");
    cw_tool_add(tool, "%s/lib/sancus/%s", job->recipe.build->sdk_dir, script);
    cw_tool_add(tool, "-o");
    cw_tool_add(tool, "%s/%s", job->recipe.folder, output);
}

static cw_status read_linked(const struct job *job, const char *name,
        struct cw_sancus_linked *ret_linked)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", job->recipe.folder, name);
    cw_status status = len < 0 || (size_t)len >= sizeof path
            ? CW_E_SYSTEM
            : cw_sancus_linked_read(path, ret_linked);
    return status == CW_OK ? CW_OK : say(job, status, "what the linker made is not a module");
}

static cw_status link_mmio(struct job *job, uint32_t text, uint32_t driver)
{
    struct cw_tool tool = {0};
    add_linker(&tool, job, "mmio.ld", "mmio.elf");
    cw_tool_add(&tool, "--defsym=__cw_text=0x%x", text);
    cw_tool_add(&tool, "--defsym=__cw_driver_ps=0x%x", driver);
    cw_tool_add(&tool, "--defsym=__cw_device_ss=0x%x", job->device->start);
    cw_tool_add(&tool, "--defsym=__cw_device_len=%u", job->device->len);
    cw_tool_add(&tool, "%s/lib/sancus/mmio.o", job->recipe.build->sdk_dir);
    cw_status status = cw_recipe_run(&job->recipe, &tool);
    free(job->mmio.text);
    job->mmio.text = NULL;
    return status == CW_OK ? read_linked(job, "mmio.elf", &job->mmio) : status;
}

/* The tag stands in the driver's measured text. */
static cw_status compile_tag(const struct job *job)
{
    uint8_t tag[CW_TAG_LEN];
    const cw_status status = cw_sancus_verify_tag(&job->mmio, tag);
    if (status != CW_OK) {
        return say(job, status, "no memory for the tag of its device");
    }
    return cw_recipe_constant(&job->recipe, "device_tag",
            "extern const unsigned char cw_sancus_device_tag[16];\n"
            "_Alignas(2) const unsigned char cw_sancus_device_tag[16]", tag, sizeof tag);
}

/* The device module's text is as long at any place: link it once to see, then where it belongs. */
static cw_status place_mmio(struct job *job, struct place *place)
{
    cw_status status = link_mmio(job, place->text.next, place->text.next);
    if (status != CW_OK) {
        return status;
    }
    uint32_t driver = job->mmio.pe;
    status = link_mmio(job, place->text.next, driver);
    if (status != CW_OK) {
        return status;
    }
    place->text.next = driver;
    return compile_tag(job);
}

static bool is_exact(const struct cw_owner_node *node)
{
    return node->chip != NULL && strcmp(node->chip, "exact") == 0;
}

static cw_status link_module(struct job *job, const struct place *place)
{
    const char *sdk_dir = job->recipe.build->sdk_dir;
    struct cw_tool tool = {0};
    add_linker(&tool, job, is_exact(job->node) ? "link-exact.ld" : "link.ld", "linked.elf");
    cw_tool_add(&tool, "--no-check-sections"); /* take() says better what is too small */
    cw_tool_add(&tool, "--defsym=__cw_text=0x%x", place->text.next);
    cw_tool_add(&tool, "--defsym=__cw_data=0x%x", place->data.next);
    cw_tool_add(&tool, "--defsym=__cw_stack_len=%u", CW_SANCUS_STACK_LEN);
    cw_tool_add(&tool, "%s/module.o", job->recipe.folder);
    cw_tool_add(&tool, "%s/memory.o", job->recipe.folder);
    if (job->device != NULL) {
        cw_tool_add(&tool, "--defsym=__cw_device_ps=0x%x", job->mmio.ps);
        cw_tool_add(&tool, "%s/device_tag.o", job->recipe.folder);
    }
    if (is_exact(job->node)) {
        cw_tool_add(&tool, "%s/lib/sancus/start_none.o", sdk_dir);
    }
    cw_tool_add(&tool, "%s/lib/sancus/libsancus.a", sdk_dir);
    cw_tool_add(&tool, "%s/lib/sancus/libcore.a", sdk_dir);
    cw_status status = cw_recipe_run(&job->recipe, &tool);
    return status == CW_OK ? read_linked(job, "linked.elf", &job->linked) : status;
}

/* A stack that grows beyond its area would overwrite the module's own variables. */
static cw_status check_stack(struct job *job)
{
    char linked[4096];
    char path[CW_SANCUS_PATH_LEN];
    (void)snprintf(linked, sizeof linked, "%s/linked.elf", job->recipe.folder);
    const cw_status status = cw_sancus_stack(linked, &job->stack_len, path);
    if (status == CW_E_DENIED) {
        return cw_recipe_say(&job->recipe, status,
                "its stack has no bound (%s): take recursion and arrays of variable length out", path);
    }
    if (status == CW_OK && job->stack_len > CW_SANCUS_STACK_LEN) {
        return cw_recipe_say(&job->recipe, CW_E_SPACE,
                "its stack may need %u bytes, %u more than a module has here (%s): make large local "
                "variables static, or smaller", (unsigned)job->stack_len,
                (unsigned)job->stack_len - CW_SANCUS_STACK_LEN, path);
    }
    return status == CW_OK ? CW_OK : say(job, status, "what the linker made cannot be read");
}

/* Give a module its place, or say how much is missing. */
static cw_status take(const struct job *job, struct area *area, uint32_t end)
{
    if (end <= area->end) {
        area->next = end;
        return CW_OK;
    }
    char text[384];
    (void)snprintf(text, sizeof text,
            "%s of node %s is too small by %u bytes (0x%x-0x%x, the module ends at 0x%x): move a "
            "module to another node, give it fewer \"channels\", or declare smaller events",
            area->name, job->node->name, (unsigned)(end - area->end), (unsigned)area->next,
            (unsigned)(area->end - 1), (unsigned)end);
    return say(job, CW_E_SPACE, text);
}

/* The device of the descriptor, and what its interrupt enters. */
static cw_status find_device(struct job *job, const struct cw_owner_module *modules)
{
    const struct cw_owner_module *module = job->module;
    char text[256];
    job->interrupt = CW_SANCUS_NO_INTERRUPT;
    job->endpoint = CW_SANCUS_NO_INTERRUPT;
    if (module->device == NULL) {
        return module->on_interrupt == NULL
                ? CW_OK
                : say(job, CW_E_FORM, "\"on_interrupt\" needs a \"device\"");
    }
    char names[160];
    job->device = cw_sancus_device_named(module->device, names, sizeof names);
    if (job->device == NULL) {
        (void)snprintf(text, sizeof text, "a Sancus board has no device \"%.32s\"; it has %s",
                module->device, names);
        return say(job, CW_E_ABSENT, text);
    }
    for (const struct cw_owner_module *other = modules; other != module; other++) {
        if (other->device != NULL && strcmp(other->device, module->device) == 0) {
            (void)snprintf(text, sizeof text, "device %s belongs to module %.64s already",
                    module->device, other->name);
            return say(job, CW_E_DENIED, text);
        }
    }
    return CW_OK;
}

static cw_status find_interrupt(struct job *job)
{
    const char *name = job->module->on_interrupt;
    if (name == NULL) {
        return CW_OK;
    }
    char text[256];
    if (job->device->interrupt == CW_SANCUS_NO_INTERRUPT) {
        (void)snprintf(text, sizeof text, "device %s has no interrupt", job->device->name);
        return say(job, CW_E_ABSENT, text);
    }
    for (size_t i = 0; i < job->table.count; i++) {
        if (strcmp(job->table.rows[i].name, name) == 0 &&
                job->table.rows[i].kind == CW_KIND_ENTRY) {
            job->interrupt = job->device->interrupt;
            job->endpoint = (uint16_t)i;
            return CW_OK;
        }
    }
    (void)snprintf(text, sizeof text, "\"on_interrupt\": it has no CW_ENTRY(%.64s)", name);
    return say(job, CW_E_ABSENT, text);
}

static cw_status finish(struct job *job, const struct place *place,
        struct cw_owner_built *ret_built)
{
    const struct cw_sancus_linked *device = job->device != NULL ? &job->mmio : NULL;
    cw_status status = cw_sancus_root_key(job->node->vendor_key, &job->linked,
            ret_built->root_key);
    if (status == CW_OK) {
        status = cw_sancus_measurement(&job->linked, ret_built->measurement);
    }
    if (status == CW_OK) {
        status = cw_sancus_image(job->node->vendor, &job->linked, device, job->interrupt,
                job->endpoint, &ret_built->image, &ret_built->image_len);
    }
    if (status != CW_OK) {
        return say(job, status, "no memory for its image");
    }
    cw_recipe_fingerprint("sancus", ret_built);
    ret_built->text_len = (uint32_t)(job->linked.pe - job->linked.ps) +
            (device != NULL ? (uint32_t)(device->pe - device->ps) : 0);
    ret_built->data_len = (uint32_t)(job->linked.se - job->linked.ss);
    ret_built->stack_len = job->stack_len;
    ret_built->stack_cap = CW_SANCUS_STACK_LEN;
    ret_built->text_left = place->text.end - place->text.next;
    ret_built->data_left = place->data.end - place->data.next;
    ret_built->endpoints = job->table.rows;
    ret_built->endpoint_count = job->table.count;
    ret_built->channels = channels_of(job->module);
    job->table.rows = NULL;
    return CW_OK;
}

static cw_status build_one(struct job *job, const struct cw_owner_module *modules,
        struct place *place)
{
    cw_status status = job->module->source_count != 0
            ? cw_recipe_open(&job->recipe)
            : say(job, CW_E_STATE, "nothing to build: no source");
    if (status == CW_OK) {
        status = find_device(job, modules);
    }
    if (status == CW_OK) {
        status = join(job);
    }
    if (status == CW_OK) {
        status = find_interrupt(job);
    }
    if (status == CW_OK) {
        status = compile_memory(job);
    }
    if (status == CW_OK && job->device != NULL) {
        status = place_mmio(job, place);
    }
    if (status == CW_OK) {
        status = link_module(job, place);
    }
    if (status == CW_OK) {
        status = check_stack(job);
    }
    if (status == CW_OK) {
        status = take(job, &place->text, job->linked.pe);
    }
    if (status == CW_OK) {
        status = take(job, &place->data, job->linked.se);
    }
    return status;
}

/* "0x8000-0xdfff", both ends included; NULL: the board's own area. */
static bool parse_area(const char *text, uint32_t start, uint32_t end, struct area *ret_area)
{
    ret_area->next = start;
    ret_area->end = end;
    if (text == NULL) {
        return true;
    }
    unsigned first;
    unsigned last;
    int len = 0;
    if (sscanf(text, "%i-%i%n", (int *)&first, (int *)&last, &len) != 2 || text[len] != 0 ||
            first >= last || last > UINT16_MAX || first % 2 != 0 || last % 2 == 0) {
        return false;
    }
    ret_area->next = first;
    ret_area->end = last + 1;
    return true;
}

static cw_status open_place(const struct cw_owner_node *node, struct place *ret_place, char *ret_why)
{
    if (node->vendor_key == NULL) {
        (void)snprintf(ret_why, CW_OWNER_WHY_LEN,
                "node %s: no key of vendor 0x%04x for it; its operator gives it to the vendor",
                node->name, node->vendor);
        return CW_E_ABSENT;
    }
    ret_place->text.name = "program memory";
    ret_place->data.name = "RAM";
    if (!parse_area(node->memory_text, CW_SANCUS_TEXT_BASE, CW_SANCUS_TEXT_END,
                &ret_place->text) ||
            !parse_area(node->memory_data, CW_SANCUS_DATA_BASE, CW_SANCUS_DATA_END,
                    &ret_place->data)) {
        (void)snprintf(ret_why, CW_OWNER_WHY_LEN,
                "node %s: memory is written as \"0x5c00-0xefff\": first and last address, first "
                "even, last odd", node->name);
        return CW_E_FORM;
    }
    if (ret_place->text.next < ret_place->data.end && ret_place->data.next < ret_place->text.end) {
        (void)snprintf(ret_why, CW_OWNER_WHY_LEN,
                "node %s: memory.text and memory.data share addresses: give them areas of their own",
                node->name);
        return CW_E_FORM;
    }
    return CW_OK;
}

static cw_status build_all(const struct cw_owner_build *build, const struct cw_owner_node *node,
        const struct cw_owner_module *modules, size_t module_count,
        struct cw_owner_built *ret_built, char ret_why[static CW_OWNER_WHY_LEN])
{
    struct place place;
    cw_status status = open_place(node, &place, ret_why);
    for (size_t i = 0; status == CW_OK && i < module_count; i++) {
        struct job job = {
                .recipe = {.build = build, .module = &modules[i], .compiler = compiler,
                        .linker = "ld.lld-14", .pointer_len = 2, .hint = hint, .why = ret_why},
                .node = node,
                .module = &modules[i],
        };
        status = build_one(&job, modules, &place);
        if (status == CW_OK) {
            status = finish(&job, &place, &ret_built[i]);
        }
        cw_recipe_close(&job.recipe);
        free(job.table.rows);
        free(job.linked.text);
        free(job.mmio.text);
    }
    return status;
}

static cw_status needs(char ret_why[static CW_OWNER_WHY_LEN])
{
    if (cw_tool_is_there("clang-14") && cw_tool_is_there("ld.lld-14")) {
        return CW_OK;
    }
    (void)snprintf(ret_why, CW_OWNER_WHY_LEN,
            "Sancus modules are built with clang 14 and lld 14: apt install clang-14 lld-14");
    return CW_E_ABSENT;
}

const struct cw_owner_backend cw_owner_sancus = {
        .name = "sancus",
        .has_device = true,
        .has_random = true,
        .freshness = CW_FRESH_RANDOM,
        .needs = needs,
        .build = build_all,
        .verify = cw_sancus_verify,
        .local = &cw_sancus_local,
};
