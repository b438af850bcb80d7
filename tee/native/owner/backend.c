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
#include <string.h>

#include "core/crypto/hash.h"
#include "core/wire/attest.h"
#include "posix/file.h"
#include "posix/tool.h"
#include "tee/owner.h"
#include "tee/owner/program.h"

#define PROOF_MAX 32u    /* the share; the evidence itself has no bytes  */
#define IMAGE_MAX (8ul << 20)

static const char *const compiler[] = {"gcc", "-O2", "-fno-pie", "-fno-stack-protector",
        "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
        "-fno-tree-loop-distribute-patterns", "-fvisibility=hidden", "-ftrack-macro-expansion=0",
        "-fno-diagnostics-show-caret", "-g", NULL};

static const char *hint(const char *words)
{
    if (strstr(words, "undefined reference to `cw_seal'") != NULL ||
            strstr(words, "undefined reference to `cw_unseal'") != NULL) {
        return "it seals (cw_seal, cw_unseal); native has no key that survives a restart: put it on "
               "a node whose tee has one, such as sgx";
    }
    if (strstr(words, "undefined reference to `cw_counter'") != NULL) {
        return "it counts (cw_counter); native has no counter that survives a restart: put it on a "
               "node whose tee has one, such as trustzone";
    }
    return strstr(words, "cw_device_") != NULL && strstr(words, "undefined") != NULL
            ? "it owns a device (sdk/device.h); native has none: put it on a node whose tee has "
              "devices, such as sancus"
            : NULL;
}

static cw_status finish(struct cw_program *job, struct cw_owner_built *ret_built)
{
    struct cw_tool strip = {0};
    cw_tool_add(&strip, "objcopy");
    cw_tool_add(&strip, job->recipe.build->debug ? "--preserve-dates" : "--strip-all");
    cw_tool_add(&strip, "%s", job->linked);
    cw_tool_add(&strip, "%s", job->image);
    const cw_status status = cw_recipe_run(&job->recipe, &strip);
    if (status != CW_OK) {
        return status;
    }
    if (cw_file_read(job->image, IMAGE_MAX, &ret_built->image, &ret_built->image_len) != CW_OK ||
            cw_object_sizes(job->linked, ".outside", &ret_built->text_len,
                    &ret_built->data_len) != CW_OK) {
        return cw_recipe_say(&job->recipe, CW_E_SYSTEM, "what the linker made cannot be read");
    }
    cw_sha256(ret_built->image, ret_built->image_len, ret_built->measurement);
    return CW_OK;
}

static const char *const link_flags[] = {"-static", "-nostdlib", "--gc-sections", "--build-id=none",
        "--no-warn-rwx-segments", "-z", "noexecstack", NULL};

static const struct cw_program_kind kind = {
        .tee = "native",
        .compiler = compiler,
        .linker = "ld",
        .link_flags = link_flags,
        .packages = "gcc binutils",
        .pointer_len = sizeof(void *),
        .proof_max = PROOF_MAX,
        .ending = "elf",
        .hint = hint,
        .finish = finish,
};

static cw_status build_all(const struct cw_owner_build *build, const struct cw_owner_node *node,
        const struct cw_owner_module *modules, size_t module_count,
        struct cw_owner_built *ret_built, char ret_why[static CW_OWNER_WHY_LEN])
{
    (void)node;
    return cw_program_build(&kind, build, modules, module_count, ret_built, ret_why);
}

static cw_status needs(char ret_why[static CW_OWNER_WHY_LEN])
{
    return cw_program_needs(&kind, ret_why);
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
