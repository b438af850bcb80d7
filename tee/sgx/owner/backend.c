/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of sgx: gcc and ld make a static PIE, which becomes measured pages and a
 * SIGSTRUCT.  The image is both, SIGSTRUCT first; the measurement is MRENCLAVE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "core/wire/attest.h"
#include "tee/owner.h"
#include "tee/owner/program.h"
#include "tee/sgx/owner/evidence.h"
#include "tee/sgx/owner/image.h"
#include "tee/sgx/owner/sign.h"
#include "tee/sgx/owner/verbs.h"

#define PROOF_MAX (32u + SGX_REPORT_LEN) /* the share, and a REPORT */
#define SVN 1u
#define FENCES "lib/sgx/lvi.flags" /* with archives that were made with LVI=1 */

/* No vector registers beyond those of SSE: XFRM is 3, and the scan refuses what else there is. */
static const char *const compiler[] = {"gcc", "-O2", "-fPIC", "-fvisibility=hidden", "-mno-avx",
        "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
        "-fno-tree-loop-distribute-patterns", "-ftrack-macro-expansion=0",
        "-fno-diagnostics-show-caret", "-g", NULL};

static const char *hint(const char *words)
{
    if (strstr(words, "undefined reference to `cw_counter'") != NULL) {
        return "it counts (cw_counter); sgx has no counter that survives a restart: put it on a node "
               "whose tee has one, such as trustzone";
    }
    return strstr(words, "cw_device_") != NULL && strstr(words, "undefined") != NULL
            ? "it owns a device (sdk/device.h); sgx has none: put it on a node whose tee has "
              "devices, such as sancus"
            : NULL;
}

/*
 * ISVPRODID enters the keys that seal a module's data for its signer, so that each module of an
 * owner has its own: it is made of the name, which stays when the source changes.
 */
static uint16_t product_of(const char *name)
{
    uint8_t hash[CW_SHA256_LEN];
    cw_sha256(name, strlen(name), hash);
    const uint16_t product = cw_sgxs_u16(hash);
    return product == 0 ? 1 : product;
}

static cw_status sign(const struct cw_program *job, const struct cw_sgxs *image,
        uint8_t ret_sigstruct[static SGX_SIGSTRUCT_LEN])
{
    const struct cw_owner_build *build = job->recipe.build;
    char why[CW_SIGSTRUCT_WHY_LEN] = "";
    struct cw_sigstruct_wish wish = {.product = product_of(job->recipe.module->name),
            .version = SVN};
    cw_bytes_copy(wish.mrenclave, image->mrenclave, sizeof wish.mrenclave);
    const cw_status status =
            cw_sigstruct_sign(build->secret, build->secret_len, &wish, ret_sigstruct, why);
    return status == CW_OK ? CW_OK : cw_recipe_say(&job->recipe, status, "%s", why);
}

/* SIGSTRUCT and stream in one piece; the stream is read back, so what is signed is what is sent. */
static cw_status assemble(const struct cw_program *job, const struct cw_sgx_linked *linked,
        struct cw_owner_built *ret_built)
{
    uint8_t *stream = NULL;
    size_t len = 0;
    struct cw_sgxs image = {0};
    char why[CW_SGXS_WHY_LEN] = "no memory";
    cw_status status = cw_sgxs_write(&linked->image, &stream, &len);
    if (status == CW_OK) {
        status = cw_sgxs_read(stream, len, &image, why);
    }
    if (status == CW_OK) {
        ret_built->image = malloc(SGX_SIGSTRUCT_LEN + len);
        status = ret_built->image == NULL ? CW_E_SYSTEM : CW_OK;
    }
    if (status != CW_OK) {
        (void)cw_recipe_say(&job->recipe, status, "its image cannot be made: %s", why);
    } else {
        status = sign(job, &image, ret_built->image);
        memcpy(ret_built->image + SGX_SIGSTRUCT_LEN, stream, len);
        ret_built->image_len = SGX_SIGSTRUCT_LEN + len;
        cw_bytes_copy(ret_built->measurement, image.mrenclave, sizeof ret_built->measurement);
    }
    cw_sgxs_free(&image);
    free(stream);
    return status;
}

static cw_status finish(struct cw_program *job, struct cw_owner_built *ret_built)
{
    struct cw_sgx_linked linked = {0};
    char why[CW_SGXS_WHY_LEN] = "";
    cw_status status = cw_sgx_image_link(job->linked, &linked, why);
    if (status != CW_OK) {
        return cw_recipe_say(&job->recipe, status, "it cannot be an enclave: %s", why);
    }
    status = assemble(job, &linked, ret_built);
    if (status == CW_OK) {
        status = cw_program_keep(job, ret_built);
    }
    if (status == CW_OK) {
        ret_built->text_len = linked.text_len;
        ret_built->data_len = linked.data_len;
    }
    cw_sgx_linked_free(&linked);
    return status;
}

static const char *const link_flags[] = {"-pie", "--no-dynamic-linker", "-z", "text", "-z",
        "noexecstack", "-z", "max-page-size=0x1000", "-nostdlib", "--gc-sections", "--build-id=none",
        NULL};

static const struct cw_program_kind kind = {
        .tee = "sgx",
        .compiler = compiler,
        .flags = FENCES,
        .linker = "ld",
        .link_flags = link_flags,
        .packages = "gcc binutils",
        .pointer_len = 8,
        .proof_max = PROOF_MAX,
        .ending = "sgx", /* for `causeway sgx inspect` and causeway-sgx --run */
        .hint = hint,
        .finish = finish,
};

/* Two modules of one node and one product could open what the other sealed. */
static cw_status check_products(const struct cw_owner_module *modules, size_t count,
        char ret_why[static CW_OWNER_WHY_LEN])
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (product_of(modules[i].name) == product_of(modules[j].name)) {
                (void)snprintf(ret_why, CW_OWNER_WHY_LEN,
                        "modules %s and %s get the same ISVPRODID, 0x%04x, which is made of their "
                        "names and keeps what they seal apart: give one of them another name",
                        modules[j].name, modules[i].name, product_of(modules[i].name));
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
    const cw_status status = check_products(modules, module_count, ret_why);
    return status != CW_OK
            ? status
            : cw_program_build(&kind, build, modules, module_count, ret_built, ret_why);
}

static cw_status needs(char ret_why[static CW_OWNER_WHY_LEN])
{
    return cw_program_needs(&kind, ret_why);
}

static const struct cw_owner_verb *const verbs[] = {&cw_sgx_verb_inspect, &cw_sgx_verb_verify, NULL};

static const struct cw_owner_secret signer = {.name = "signer", .make = cw_sigstruct_key};

const struct cw_owner_backend cw_owner_sgx = {
        .name = "sgx",
        .session_dh = true,
        .has_random = true,
        .has_aes = true,
        .has_platform = true,
        .statuses = cw_sgx_statuses,
        .needs_quote = true,
        .freshness = CW_FRESH_RANDOM,
        .needs = needs,
        .build = build_all,
        .verify = cw_sgx_verify,
        .examine = cw_sgx_examine,
        .local = &cw_sgx_local,
        .secret = &signer,
        .verbs = verbs,
};
