/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of trustzone: gcc and ld for AArch64 make a static program, which becomes a flat
 * image that the owner signs.  The measurement is the kernel's: header without signature, and content.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/module/endpoint.h"
#include "core/wire/attest.h"
#include "tee/owner.h"
#include "tee/owner/program.h"
#include "tee/trustzone/owner/image.h"
#include "tee/trustzone/owner/keys.h"
#include "tee/trustzone/owner/linked.h"
#include "tee/trustzone/owner/local.h"
#include "tee/trustzone/owner/verbs.h"
#include "tee/trustzone/owner/verify.h"

#define PROOF_MAX (32u + CW_TZ_TOKEN_MAX) /* the share, and a token */
#define STACK_LEN 0x8000u
#define SECURITY_VERSION 1u

static const char *const compiler[] = {"aarch64-linux-gnu-gcc", "-O2", "-fno-pic", "-fno-pie",
        "-fvisibility=hidden", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
        "-fno-tree-loop-distribute-patterns", "-mno-outline-atomics", "-ftrack-macro-expansion=0",
        "-fno-diagnostics-show-caret", "-g", NULL};

static const struct {
    const char *name;
    cw_tz_device device;
} devices[] = {
        {"port1", CW_TZ_DEVICE_PORT1},
        {"port2", CW_TZ_DEVICE_PORT2},
        {"uart", CW_TZ_DEVICE_UART},
};

static bool uses_device(const struct cw_object *object)
{
    for (size_t i = 0; i < object->symbol_count; i++) {
        uint64_t value;
        bool is_defined;
        const char *name = cw_object_symbol(object, i, &value, &is_defined);
        if (name != NULL && strncmp(name, "cw_device_", 10) == 0) {
            return true;
        }
    }
    return false;
}

/* The kernel would end a module that touches a device and owns none. */
static cw_status check_none(const struct cw_program *job, const struct cw_object *object)
{
    if (job->recipe.module->on_interrupt != NULL) {
        return cw_recipe_say(&job->recipe, CW_E_FORM, "\"on_interrupt\" needs a \"device\"");
    }
    return uses_device(object)
            ? cw_recipe_say(&job->recipe, CW_E_DENIED,
                      "it uses sdk/device.h, but the descriptor gives it no \"device\"")
            : CW_OK;
}

/* Who owns what, and what enters it; the kernel enforces it. */
static cw_status find_device(const struct cw_program *job, const struct cw_object *object,
        struct cw_tz_image_wish *wish)
{
    const struct cw_owner_module *module = job->recipe.module;
    wish->device = CW_TZ_DEVICE_NONE;
    wish->on_interrupt = CW_TZ_NO_INTERRUPT;
    if (module->device == NULL) {
        return check_none(job, object);
    }
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        if (strcmp(devices[i].name, module->device) == 0) {
            wish->device = devices[i].device;
        }
    }
    if (wish->device == CW_TZ_DEVICE_NONE) {
        return cw_recipe_say(&job->recipe, CW_E_ABSENT,
                "trustzone has no device \"%.32s\"; it has port1 (the button is its pin 0), port2 "
                "(the LED is its pin 0), uart",
                module->device);
    }
    if (module->on_interrupt == NULL) {
        return CW_OK;
    }
    for (size_t i = 0; i < job->table.count; i++) {
        const struct cw_owner_endpoint *row = &job->table.rows[i];
        if (row->kind == CW_KIND_ENTRY && strcmp(row->name, module->on_interrupt) == 0) {
            wish->on_interrupt = (uint16_t)i;
            return CW_OK;
        }
    }
    return cw_recipe_say(&job->recipe, CW_E_ABSENT, "\"on_interrupt\": it has no CW_ENTRY(%.64s)",
            module->on_interrupt);
}

static cw_status fill_wish(const struct cw_program *job, const struct cw_object *object,
        struct cw_tz_image_wish *wish)
{
    const struct cw_owner_module *module = job->recipe.module;
    if (strlen(module->name) >= sizeof wish->name) {
        return cw_recipe_say(&job->recipe, CW_E_SPACE,
                "its name is part of its image, which has 32 bytes for it: give it a shorter one");
    }
    (void)strcpy(wish->name, module->name);
    wish->flags = module->is_debug ? CW_TZ_DEBUG : 0;
    wish->stack_len = STACK_LEN;
    wish->security_version = SECURITY_VERSION;
    return find_device(job, object, wish);
}

/* What was signed is read back, so that the measurement is that of what is sent. */
static cw_status assemble(const struct cw_program *job, const struct cw_tz_linked *linked,
        struct cw_owner_built *ret_built)
{
    const struct cw_owner_build *build = job->recipe.build;
    struct cw_tz_image_content content = {.wish = {.bss_len = linked->bss_len}};
    char why[CW_TZ_IMAGE_WHY_LEN] = "";
    memcpy(content.parts, linked->parts, sizeof content.parts);
    cw_status status = fill_wish(job, &linked->object, &content.wish);
    if (status != CW_OK) {
        return status;
    }
    if (build->secret_len != CW_P256_SECRET_LEN) {
        return cw_recipe_say(&job->recipe, CW_E_FORM, "the signing key is not of 32 bytes");
    }
    status = cw_tz_image_write(&content, build->secret, &ret_built->image, &ret_built->image_len, why);
    if (status == CW_OK) {
        status = cw_tz_image_read(ret_built->image, ret_built->image_len, &content, why);
    }
    if (status != CW_OK) {
        return cw_recipe_say(&job->recipe, status, "its image cannot be made: %s", why);
    }
    cw_bytes_copy(ret_built->measurement, content.measurement, sizeof ret_built->measurement);
    return CW_OK;
}

static cw_status finish(struct cw_program *job, struct cw_owner_built *ret_built)
{
    struct cw_tz_linked linked;
    char why[CW_TZ_IMAGE_WHY_LEN] = "";
    cw_status status = cw_tz_linked_open(&linked, job->linked, why);
    if (status == CW_OK) {
        status = assemble(job, &linked, ret_built);
    } else {
        (void)cw_recipe_say(&job->recipe, status, "it cannot be an image: %s", why);
    }
    cw_tz_linked_close(&linked);
    if (status == CW_OK) {
        status = cw_program_keep(job, ret_built);
    }
    if (status == CW_OK && cw_object_sizes(job->linked, "", &ret_built->text_len,
                                   &ret_built->data_len) != CW_OK) {
        status = cw_recipe_say(&job->recipe, CW_E_SYSTEM, "what the linker made cannot be read");
    }
    return status;
}

static const char *const link_flags[] = {"-static", "-nostdlib", "--gc-sections", "--build-id=none",
        "-z", "noexecstack", "-z", "max-page-size=4096", NULL};

static const struct cw_program_kind kind = {
        .tee = "trustzone",
        .compiler = compiler,
        .linker = "aarch64-linux-gnu-ld",
        .link_flags = link_flags,
        .packages = "gcc-aarch64-linux-gnu",
        .pointer_len = 8,
        .proof_max = PROOF_MAX,
        .has_device = true,
        .ending = "tz",
        .finish = finish,
};

static cw_status check_devices(const struct cw_owner_module *modules, size_t count,
        char ret_why[static CW_OWNER_WHY_LEN])
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i && modules[i].device != NULL; j++) {
            if (modules[j].device != NULL && strcmp(modules[i].device, modules[j].device) == 0) {
                (void)snprintf(ret_why, CW_OWNER_WHY_LEN,
                        "module %s: device %s belongs to module %s already", modules[i].name,
                        modules[i].device, modules[j].name);
                return CW_E_DENIED;
            }
        }
    }
    return CW_OK;
}

static cw_status build_all(const struct cw_owner_build *build, const struct cw_owner_node *node,
        const struct cw_owner_module *modules, size_t module_count,
        struct cw_owner_built *ret_built, char ret_why[static CW_OWNER_WHY_LEN])
{
    (void)node;
    const cw_status status = check_devices(modules, module_count, ret_why);
    return status != CW_OK
            ? status
            : cw_program_build(&kind, build, modules, module_count, ret_built, ret_why);
}

static cw_status needs(char ret_why[static CW_OWNER_WHY_LEN])
{
    return cw_program_needs(&kind, ret_why);
}

static cw_status make_signer(uint8_t *ret_bytes, size_t cap, size_t *ret_len)
{
    struct cw_tz_key key;
    if (cap < sizeof key.secret || cw_tz_key_new(&key) != CW_OK) {
        return CW_E_SYSTEM;
    }
    cw_bytes_copy(ret_bytes, key.secret, sizeof key.secret);
    cw_bytes_wipe(&key, sizeof key);
    *ret_len = sizeof key.secret;
    return CW_OK;
}

static const struct cw_owner_secret signer = {.name = "signer", .make = make_signer};

static const struct cw_owner_verb *const verbs[] = {&cw_tz_verb_new_device, &cw_tz_verb_inspect, NULL};

const struct cw_owner_backend cw_owner_trustzone = {
        .name = "trustzone",
        .session_dh = true,
        .has_device = true,
        .has_random = true,
        .has_aes = true,
        .has_platform = true,
        .needs_sdk = true,
        .freshness = CW_FRESH_RANDOM,
        .needs = needs,
        .build = build_all,
        .verify = cw_tz_verify,
        .examine = cw_tz_examine,
        .local = &cw_tz_local,
        .secret = &signer,
        .verbs = verbs,
};
