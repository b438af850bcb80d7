/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and the mistakes in them, from tests/data/descriptors/cases.txt: every one with its
 * place, what was found and what is expected.  With CAUSEWAY_PRINT_MISTAKES set it prints the
 * file as it would have to be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/manage.h"
#include "deploy/descriptor.h"
#include "posix/file.h"

#define CASES "tests/data/descriptors/cases.txt"

static const struct cw_owner_backend native = {
        .name = "native",
        .session_dh = true,
        .has_random = true,
        .has_aes = true,
        .freshness = CW_FRESH_RANDOM,
};
static const struct cw_owner_backend sancus = {
        .name = "sancus",
        .has_device = true,
        .has_random = true,
        .freshness = CW_FRESH_RANDOM,
};
static const char *const statuses[] = {"SWHardeningNeeded", "ConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded", NULL};
static const struct cw_owner_backend sgx = {
        .name = "sgx",
        .session_dh = true,
        .has_random = true,
        .has_aes = true,
        .has_platform = true,
        .statuses = statuses,
        .freshness = CW_FRESH_RANDOM,
};
static const struct cw_owner_backend museum = {
        .name = "museum",
        .session_dh = true,
        .has_aes = true,
        .freshness = CW_FRESH_NONE,
};
static const struct cw_owner_backend *const backends[] = {&native, &sancus, &sgx, &museum,
        NULL};

/* The line at *at, which moves behind it; NULL at the end. */
static char *next_line(char **at)
{
    if (**at == '\0') {
        return NULL;
    }
    char *line = *at;
    char *end = strchr(line, '\n');
    *at = end == NULL ? line + strlen(line) : end + 1;
    return line;
}

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static char *mistakes_of(const char *file, const char *bytes, size_t len)
{
    struct cw_mistakes mistakes = {0};
    struct cw_descriptor d = {0};
    char *text = NULL;
    size_t text_len = 0;
    cw_status status = cw_descriptor_parse(file, "examples/ping-pong", bytes, len, backends,
            &mistakes, &d);
    assert_int_equal(status == CW_OK, mistakes.count == 0);
    FILE *out = open_memstream(&text, &text_len);
    for (size_t i = 0; i < mistakes.count; i++) {
        fprintf(out, "%u:%u: %s\n", mistakes.items[i].at.line, mistakes.items[i].at.column,
                mistakes.items[i].text);
    }
    fclose(out);
    cw_mistakes_free(&mistakes);
    cw_descriptor_free(&d);
    return text;
}

static void every_mistake_is_found_with_its_place(void **state)
{
    (void)state;
    const bool print = getenv("CAUSEWAY_PRINT_MISTAKES") != NULL;
    uint8_t *bytes;
    size_t len;
    assert_int_equal(cw_file_read(CASES, 1 << 20, &bytes, &len), CW_OK);
    char *at = (char *)bytes;
    char name[128] = "";
    unsigned cases = 0;
    unsigned failed = 0;
    char *line = next_line(&at);
    while (line != NULL) {
        if (!begins(line, "=== ")) {
            line = next_line(&at);
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)strcspn(line + 4, "\n"), line + 4);
        line = next_line(&at);
        assert_true(begins(line, "--- app."));
        char file[32];
        snprintf(file, sizeof file, "%.*s", (int)strcspn(line + 4, "\n"), line + 4);
        const char *from = at;
        do {
            line = next_line(&at);
            assert_non_null(line);
        } while (!begins(line, "--- mistakes"));
        const size_t from_len = (size_t)(line - from);
        const char *expected = at;
        do {
            line = next_line(&at);
        } while (line != NULL && !begins(line, "=== "));
        const size_t expected_len = (size_t)((line == NULL ? at : line) - expected);
        char *found = mistakes_of(file, from, from_len);
        cases++;
        if (print) {
            printf("=== %s\n--- %s\n%.*s--- mistakes\n%s", name, file, (int)from_len, from, found);
        } else if (strlen(found) != expected_len || memcmp(found, expected, expected_len) != 0) {
            print_error("%s:\nexpected\n%.*sfound\n%s", name, (int)expected_len, expected, found);
            failed++;
        }
        free(found);
    }
    free(bytes);
    assert_int_equal(failed, 0);
    assert_true(cases >= 80);
}

/* Nothing that stands in a file may break the reader. */
static void every_beginning_of_a_descriptor_is_read_safely(void **state)
{
    (void)state;
    static const char whole[] =
            "{\"causeway\": 1, \"name\": \"a\", \"nodes\": [{\"name\": \"n\", \"tee\": \"native\","
            " \"address\": \"[::1]:1\"}], \"modules\": [{\"name\": \"m\", \"node\": \"n\","
            " \"sources\": [\"ping.c\"]}], \"connections\": [{\"direct\": true, \"to_module\":"
            " \"m\", \"to_input\": \"i\", \"encryption\": \"aes\"}]}";
    for (size_t len = 0; len < sizeof whole; len++) {
        free(mistakes_of("a.json", whole, len));
        free(mistakes_of("a.yaml", whole, len));
    }
    char changed[sizeof whole];
    for (size_t i = 0; i + 1 < sizeof whole; i++) {
        memcpy(changed, whole, sizeof whole);
        changed[i] = "[]{}\",:\0\n&*-"[i % 12];
        free(mistakes_of("a.json", changed, sizeof whole - 1));
        free(mistakes_of("a.yaml", changed, sizeof whole - 1));
    }
}

static void values_nested_too_deep_are_refused(void **state)
{
    (void)state;
    char deep[512];
    memset(deep, '[', sizeof deep / 2);
    memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
    char *found = mistakes_of("a.json", deep, sizeof deep);
    assert_non_null(strstr(found, "too deep"));
    free(found);
}

static void names_are_made_from_the_ends(void **state)
{
    (void)state;
    static const char text[] =
            "{\"causeway\": 1, \"name\": \"a\", \"nodes\": [{\"name\": \"n\", \"tee\": \"native\","
            " \"address\": \"[::1]:1\"}], \"modules\": [{\"name\": \"m\", \"node\": \"n\","
            " \"sources\": [\"ping.c\"]}, {\"name\": \"k\", \"node\": \"n\", \"sources\":"
            " [\"pong.c\"]}], \"connections\": [{\"direct\": true, \"to_module\": \"m\","
            " \"to_input\": \"i\", \"encryption\": \"aes\"}, {\"from_module\": \"m\","
            " \"from_output\": \"o\", \"to_module\": \"k\", \"to_input\": \"i\", \"encryption\":"
            " \"spongent\", \"delivery\": \"latest\"}]}";
    struct cw_mistakes mistakes = {0};
    struct cw_descriptor d;
    assert_int_equal(cw_descriptor_parse("a.json", "examples/ping-pong", text, sizeof text - 1,
                             backends, &mistakes, &d),
            CW_OK);
    assert_string_equal(d.connections[0].name.value, "m.i");
    assert_string_equal(d.connections[1].name.value, "m.o-k.i");
    assert_null(d.connections[0].from);
    assert_ptr_equal(d.connections[1].to, &d.modules[1]);
    assert_int_equal(d.connections[1].mode, CW_MODE_LATEST);
    assert_int_equal(cw_descriptor_ends(&d, &d.modules[0]), 2);
    cw_descriptor_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_mistake_is_found_with_its_place),
            cmocka_unit_test(every_beginning_of_a_descriptor_is_read_safely),
            cmocka_unit_test(values_nested_too_deep_are_refused),
            cmocka_unit_test(names_are_made_from_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
