/* SPDX-License-Identifier: MIT */
#include "tee/sgx/tests/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct subject subject;
const struct cw_sgx_fuses subject_cpu = {.root = {1, 2, 3}, .report_keyid = {4, 5, 6}};

static char folder[] = "/tmp/sgx-subject-XXXXXX";
static unsigned builds;
static uint8_t signer[2][CW_OWNER_SECRET_MAX];
static size_t signer_len[2];

/* mutants.sh: only the case that must fail. */
__attribute__((constructor)) static void choose_case(void)
{
    const char *only = getenv("CW_TEST_CASE");
    if (only != NULL) {
        cmocka_set_test_filter(only);
    }
}

void subject_build(const char *name, unsigned by, bool debug, struct subject *ret_subject)
{
    static const uint8_t owner_key[CW_DH_LEN] = {9};
    char root[2048], sdk_dir[2100], include_dir[2100], path[2200], out[100];
    char why[CW_OWNER_WHY_LEN] = "";
    assert_non_null(getcwd(root, sizeof root));
    const char *sdk = getenv("CW_TEST_SDK"); /* mutants.sh: one with a mistake in it */
    (void)snprintf(sdk_dir, sizeof sdk_dir, "%s%s", sdk == NULL ? root : sdk,
            sdk == NULL ? "/build/sdk" : "");
    (void)snprintf(include_dir, sizeof include_dir, "%s/tee/sgx/tests/modules", root);
    (void)snprintf(path, sizeof path, "%s/subject.c", include_dir);
    (void)snprintf(out, sizeof out, "%s/%u", folder, builds++);
    assert_int_equal(mkdir(out, 0700), 0);
    const char *const sources[] = {path};
    const struct cw_owner_module module = {
            .name = name, .sources = sources, .source_count = 1, .channels = 8, .is_debug = debug};
    const struct cw_owner_node node = {.name = "node", .tee = "sgx"};
    const struct cw_owner_build how = {.sdk_dir = sdk_dir, .include_dir = include_dir,
            .out_dir = out, .owner_key = owner_key, .secret = signer[by],
            .secret_len = signer_len[by], .debug = debug};
    *ret_subject = (struct subject){0};
    if (cw_owner_sgx.build(&how, &node, &module, 1, &ret_subject->built, why) != CW_OK) {
        fail_msg("%s", why);
    }
    (void)snprintf(ret_subject->elf, sizeof ret_subject->elf, "%s/%s/linked.elf", out, name);
}

void subject_free(struct subject *s)
{
    free(s->built.image);
    free(s->built.endpoints);
    *s = (struct subject){0};
}

int subject_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        if (cw_owner_sgx.secret->make(signer[i], sizeof signer[i], &signer_len[i]) != CW_OK) {
            return -1;
        }
    }
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    subject_build("subject", 0, false, &subject);
    return 0;
}

int subject_stop(void **state)
{
    (void)state;
    char command[128];
    subject_free(&subject);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

void subject_open(struct rig *r)
{
    rig_open(r, subject.built.image, subject.built.image_len, subject.elf, &subject_cpu, false);
}

size_t subject_in(const char *entry, const void *in, size_t len, uint8_t *ret_bytes)
{
    for (size_t i = 0; i < subject.built.endpoint_count; i++) {
        if (strcmp(subject.built.endpoints[i].name, entry) == 0) {
            const uint8_t index[4] = {(uint8_t)i};
            memcpy(ret_bytes, index, sizeof index);
            if (len > 0) {
                memcpy(ret_bytes + sizeof index, in, len);
            }
            return sizeof index + len;
        }
    }
    fail_msg("the subject has no entry %s", entry);
    return 0;
}

cw_result subject_call(struct rig *r, const char *entry, const void *in, size_t len)
{
    uint8_t bytes[512];
    return rig_call(r, CW_ENTRY_CALL, bytes, subject_in(entry, in, len, bytes));
}

void subject_alive(struct rig *r)
{
    subject_open(r);
    rig_start(r);
    assert_int_equal(subject_call(r, "echo", "?", 1), CW_RESULT_DONE);
}
