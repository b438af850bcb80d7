/* SPDX-License-Identifier: MIT */
/*
 * descriptor.c - app.json and app.yaml through the reader and all checks.
 *
 * Input    language 1 (odd: YAML), then the file.
 * Holds    it is right if and only if there are no mistakes; every mistake has a place inside the
 *          file, and a text that a terminal can take.
 * Plant    deploy/tree.c s/cw_memory_new(len + 1, 1)/cw_memory_new(len + (len < 8), 1)/
 */
#include "core/wire/attest.h"
#include "deploy/descriptor.h"
#include "fuzz/input.h"

static const struct cw_owner_backend native = {.name = "native", .session_dh = true,
        .has_random = true, .has_aes = true, .freshness = CW_FRESH_RANDOM};
static const struct cw_owner_backend sancus = {.name = "sancus", .has_device = true,
        .has_random = true, .freshness = CW_FRESH_RANDOM};
static const struct cw_owner_backend *const backends[] = {&native, &sancus, NULL};

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    const char *name = fuzz_u8(&in) % 2 == 0 ? "app.json" : "app.yaml";
    size_t len;
    char *bytes = (char *)fuzz_own(&in, SIZE_MAX, &len);
    unsigned lines = 1;
    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n' || bytes[i] == '\r';
    }
    struct cw_mistakes mistakes = {0};
    struct cw_descriptor d = {0};
    cw_status status = cw_descriptor_parse(name, "examples/ping-pong", bytes, len, backends,
            &mistakes, &d);
    FUZZ_HOLDS(status != CW_E_SYSTEM && (status == CW_OK) == (mistakes.count == 0));
    for (size_t i = 0; i < mistakes.count; i++) {
        const struct cw_mistake *m = &mistakes.items[i];
        FUZZ_HOLDS(strcmp(name, "app.json") != 0 || m->at.line <= lines);
        FUZZ_HOLDS(m->at.line == 0 || m->at.column > 0);
        for (const char *c = m->text; *c != 0; c++) {
            FUZZ_HOLDS((uint8_t)*c >= ' ' && *c != 0x7f);
        }
    }
    cw_mistakes_free(&mistakes);
    cw_descriptor_free(&d);
    free(bytes);
    return 0;
}
