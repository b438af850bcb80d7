/* SPDX-License-Identifier: MIT */
#include "tests/support/built.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/folder.h"

char built_why[CW_OWNER_WHY_LEN];

static const uint8_t owner_key[CW_DH_LEN] = {9, 8, 7};

static void sign_with(const struct cw_owner_backend *tee, size_t signer, struct cw_owner_build *how)
{
    static uint8_t keys[2][CW_OWNER_SECRET_MAX];
    static size_t lens[2];
    if (tee->secret != NULL && lens[signer] == 0) {
        assert_int_equal(tee->secret->make(keys[signer], sizeof keys[signer], &lens[signer]), CW_OK);
    }
    how->secret = keys[signer];
    how->secret_len = lens[signer];
}

cw_status built_make(const struct cw_owner_backend *tee, const char *source,
        struct cw_owner_module module, const struct cw_owner_node *node, size_t signer,
        struct cw_owner_built *ret_built)
{
    static unsigned builds;
    char root[2048];
    char sdk_dir[2100];
    char dir[64];
    char path[80];
    char out[80];
    assert_non_null(getcwd(root, sizeof root));
    (void)snprintf(sdk_dir, sizeof sdk_dir, "%s/build/sdk", root);
    (void)snprintf(dir, sizeof dir, "%s/%u", folder, builds++);
    (void)snprintf(path, sizeof path, "%s/m.c", dir);
    (void)snprintf(out, sizeof out, "%s/out", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(mkdir(out, 0700), 0);
    if (source != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        (void)fprintf(file, "#include \"causeway.h\"\n%s\n", source);
        assert_int_equal(fclose(file), 0);
    }
    const char *sources[] = {path};
    module.name = module.name == NULL ? "m" : module.name;
    module.sources = sources;
    module.source_count = 1;
    struct cw_owner_build how = {
            .sdk_dir = sdk_dir, .include_dir = dir, .out_dir = out, .owner_key = owner_key};
    sign_with(tee, signer, &how);
    *ret_built = (struct cw_owner_built){0};
    built_why[0] = '\0';
    return tee->build(&how, node, &module, 1, ret_built, built_why);
}

void built_says(const char *word)
{
    if (strstr(built_why, word) == NULL) {
        fail_msg("no word of \"%s\" in: %s", word, built_why);
    }
}
