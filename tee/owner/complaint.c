/* SPDX-License-Identifier: MIT */
#include "tee/owner/complaint.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The part of text between two others; false: it is not there. */
static bool between(const char *text, const char *before, const char *behind, char *ret_part,
        size_t cap)
{
    const char *from = strstr(text, before);
    const char *to = from == NULL ? NULL : strstr(from + strlen(before), behind);
    if (to == NULL) {
        return false;
    }
    from += strlen(before);
    (void)snprintf(ret_part, cap, "%.*s", (int)(to - from), from);
    return true;
}

/* A name in the quotes of gcc or clang, behind some words. */
static bool quoted(const char *text, const char *before, char *ret_name, size_t cap)
{
    char front[128];
    (void)snprintf(front, sizeof front, "%s'", before);
    if (between(text, front, "'", ret_name, cap)) {
        return true;
    }
    (void)snprintf(front, sizeof front, "%s\xe2\x80\x98", before);
    return between(text, front, "\xe2\x80\x99", ret_name, cap);
}

/* A path below the folder where we are is shown from there. */
static void take_place(const char *from, size_t len, struct cw_complaint *c)
{
    char here[4096];
    const size_t here_len = getcwd(here, sizeof here) == NULL ? 0 : strlen(here);
    if (here_len > 1 && len > here_len && strncmp(from, here, here_len) == 0 &&
            from[here_len] == '/') {
        from += here_len + 1;
        len -= here_len + 1;
    }
    while (len > 2 && strncmp(from, "./", 2) == 0) {
        from += 2;
        len -= 2;
    }
    (void)snprintf(c->place, sizeof c->place, "%.*s", (int)len, from);
}

/* Compilers: what the macros of causeway.h make of a mistake, and what compilers say of it. */
static void explain(const char *text, struct cw_complaint *c)
{
    char name[256];
    char *to = c->text;
    const size_t cap = sizeof c->text;
    if (strncmp(text, "static", 6) == 0 && strchr(text, '"') != NULL) {
        const char *end = strrchr(text, '"'); /* clang quotes the condition in front */
        const char *from = end;
        while (from > text && from[-1] != '"') {
            from--;
        }
        (void)snprintf(to, cap, "%.*s", (int)(end - from), from);
    } else if (strstr(text, "static assertion is not constant") != NULL ||
            strstr(text, "static_assert expression is not an integral constant") != NULL) {
        (void)snprintf(to, cap, "an endpoint's maximum must be a constant number of bytes");
    } else if (strstr(text, "valid preprocessing token") != NULL ||
            strstr(text, "formed '\"") != NULL) {
        (void)snprintf(to, cap, "an endpoint's name must be a C identifier, without quotes");
    } else if (quoted(text, "redefinition of ", name, sizeof name)) {
        const bool is_init = strcmp(name, "cw_init_hook") == 0;
        const bool is_row = strncmp(name, "cw_endpoint_", 12) == 0;
        (void)snprintf(to, cap, is_init ? "CW_INIT stands a second time: a module has one"
                                        : "the name %s is declared a second time",
                is_row ? name + 12 : name);
    } else if (quoted(text, "conflicting types for ", name, sizeof name)) {
        (void)snprintf(to, cap, "the name %s is declared a second time, as something else", name);
    } else if (strstr(text, "before '_Static_assert'") != NULL) {
        (void)snprintf(to, cap, "expected ';' at the end of the declaration before");
    } else if (quoted(text, "", name, sizeof name) &&
            strstr(text, "but never defined") != NULL) {
        (void)snprintf(to, cap, "%s has no body: write { ... } behind its declaration", name);
    } else if (quoted(text, "function ", name, sizeof name) &&
            strstr(text, "internal linkage but is not defined") != NULL) {
        (void)snprintf(to, cap, "%s has no body: write { ... } behind its declaration", name);
    } else {
        (void)snprintf(to, cap, "%s", text);
    }
    /* clang names the switch that made it an error; an author did not ask for it. */
    char *option = strstr(to, " [-W");
    if (option != NULL) {
        *option = '\0';
    }
}

static bool read_compiler(const char *line, size_t len, struct cw_complaint *c)
{
    static const char *const marks[] = {": fatal error: ", ": error: ",
            /* gcc has no switch that would make an error of this one */
            ": warning: "};
    char text[2048];
    (void)snprintf(text, sizeof text, "%.*s", (int)len, line);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *mark = strstr(text, marks[i]);
        if (mark == NULL || mark == text || strncmp(text, "ld.lld", 6) == 0 ||
                (i == 2 && strstr(text, "but never defined") == NULL)) {
            continue;
        }
        take_place(text, (size_t)(mark - text), c);
        explain(mark + strlen(marks[i]), c);
        return true;
    }
    return false;
}

static void tell_linker(struct cw_complaint *c, const char *name, bool is_missing)
{
    static const char prefix[] = "cw_endpoint_";
    const bool is_row = strncmp(name, prefix, sizeof prefix - 1) == 0;
    if (is_missing) {
        (void)snprintf(c->text, sizeof c->text, "it uses %s, which none of its sources defines",
                name);
    } else if (strcmp(name, "cw_init_hook") == 0) {
        (void)snprintf(c->text, sizeof c->text, "CW_INIT stands in two of its sources: a module has one");
    } else {
        (void)snprintf(c->text, sizeof c->text, "two of its sources define %s",
                is_row ? name + sizeof prefix - 1 : name);
    }
}

/* ld: "FILE:LINE: undefined reference to `NAME'", "multiple definition of `NAME'". */
static bool read_ld(const char *line, size_t len, struct cw_complaint *c)
{
    char text[2048];
    char name[256];
    (void)snprintf(text, sizeof text, "%.*s", (int)len, line);
    const bool is_missing = between(text, "undefined reference to `", "'", name, sizeof name);
    if (!is_missing && !between(text, "multiple definition of `", "'", name, sizeof name)) {
        return false;
    }
    const char *file = text;
    for (const char *at; (at = strstr(file, "ld: ")) != NULL;) {
        file = at + 4;
    }
    const char *end = strchr(file, ':');
    if (is_missing && end != NULL && end[1] >= '0' && end[1] <= '9') {
        take_place(file, (size_t)(end - file) + 1 + strspn(end + 1, "0123456789"), c);
    }
    tell_linker(c, name, is_missing);
    return true;
}

/* ld.lld: "error: undefined symbol: NAME" and ">>> referenced by FILE:LINE ..." in the next line. */
static bool read_lld(const char *line, size_t len, struct cw_complaint *c)
{
    char text[2048];
    char name[256];
    (void)snprintf(text, sizeof text, "%.*s\n", (int)len, line);
    const bool is_missing = between(text, "undefined symbol: ", "\n", name, sizeof name);
    if (!is_missing && !between(text, "duplicate symbol: ", "\n", name, sizeof name)) {
        return false;
    }
    const char *next = line + len;
    char place[256];
    if (between(next, "\n>>> ", "\n", place, sizeof place)) {
        const char *from = strstr(place, " by ");
        from = from == NULL ? strstr(place, " at ") : from;
        if (from != NULL && strchr(from, ':') != NULL) {
            take_place(from + 4, strcspn(from + 4, " \n"), c);
        }
    }
    tell_linker(c, name, is_missing);
    return true;
}

void cw_complaint_read(const char *words, struct cw_complaint *ret_complaint)
{
    *ret_complaint = (struct cw_complaint){0};
    for (const char *line = words; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        if (read_compiler(line, len, ret_complaint) || read_ld(line, len, ret_complaint) ||
                read_lld(line, len, ret_complaint)) {
            return;
        }
        line += len + (line[len] == '\n' ? 1 : 0);
    }
    (void)snprintf(ret_complaint->text, sizeof ret_complaint->text, "%s", words);
}
