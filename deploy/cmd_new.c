/* SPDX-License-Identifier: MIT */
/* new: a project of two modules, made from examples/greeting. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/check.h"
#include "deploy/memory.h"
#include "deploy/place.h"
#include "deploy/verb.h"
#include "posix/args.h"
#include "posix/file.h"
#include "posix/log.h"

#define TEMPLATE_NAME "greeting"
#define TEMPLATE_TEE "\"tee\": \"native\""
#define FILE_MAX (1u << 20)
#define FILE_COUNT (sizeof files / sizeof files[0])

static const struct {
    const char *from;
    const char *to;
    bool is_adapted; /* speaks of the application */
} files[] = {
        {"app.json", "app.json", true},
        {"greeter.c", "greeter.c", false},
        {"counter.c", "counter.c", false},
        {"tests/greeter_test.c", "tests/greeter_test.c", false},
        {"tests/counter_test.c", "tests/counter_test.c", false},
        {"Makefile", "Makefile", false},
        {"README.md", "README.md", true},
        {"gitignore", ".gitignore", false},
};

/* text with every `from` replaced; text is freed. */
static char *replace(char *text, const char *from, const char *to)
{
    char *done = cw_memory_text("");
    const char *rest = text;
    for (const char *at; (at = strstr(rest, from)) != NULL; rest = at + strlen(from)) {
        char *longer = cw_memory_format("%s%.*s%s", done, (int)(at - rest), rest, to);
        free(done);
        done = longer;
    }
    char *whole = cw_memory_format("%s%s", done, rest);
    free(done);
    free(text);
    return whole;
}

/* The template's files, as they will stand in the project. */
static cw_status read_template(const char *name, const char *tee, char **ret_texts)
{
    static const char *const places[] = {"../../../examples/" TEMPLATE_NAME,
            "../share/causeway/examples/" TEMPLATE_NAME, NULL};
    char *folder = cw_place_find(places);
    if (folder == NULL) {
        cw_log_error("examples/" TEMPLATE_NAME CW_AT ": it is not found beside this program, and new "
                     "projects are made from it" CW_REMEDY ": `make install` puts it there");
        return CW_E_SYSTEM;
    }
    cw_status status = CW_OK;
    char *line = cw_memory_format("\"tee\": \"%s\"", tee);
    for (size_t i = 0; i < FILE_COUNT && status == CW_OK; i++) {
        char *path = cw_memory_format("%s/%s", folder, files[i].from);
        uint8_t *bytes = NULL;
        size_t len = 0;
        status = cw_file_read(path, FILE_MAX, &bytes, &len);
        if (status != CW_OK) {
            cw_log_error("%s" CW_AT ": it cannot be read, and new projects are made from it" CW_REMEDY
                         ": install Causeway anew", path);
            status = CW_E_SYSTEM;
        } else if (files[i].is_adapted) {
            ret_texts[i] = replace(replace((char *)bytes, TEMPLATE_NAME, name), TEMPLATE_TEE, line);
        } else {
            ret_texts[i] = (char *)bytes;
        }
        free(path);
    }
    free(line);
    free(folder);
    return status;
}

/* There is nothing at the path, or an empty folder. */
static cw_status check_place(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL && errno == ENOENT) {
        return CW_OK;
    }
    if (folder == NULL) {
        cw_log_error("%s" CW_AT ": it is there already, and is not a folder that can be used: %s"
                     CW_REMEDY ": choose another name", path, strerror(errno));
        return CW_E_FORM;
    }
    cw_status status = CW_OK;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = CW_E_FORM;
        }
    }
    (void)closedir(folder);
    if (status != CW_OK) {
        cw_log_error("%s" CW_AT ": the folder is there already, and not empty" CW_REMEDY
                     ": choose another name; nothing was changed", path);
    }
    return status;
}

static cw_status check_tee(const char *tee)
{
    const char *names[16];
    char known[256] = "";
    size_t count = 0;
    for (; cw_owner_backends[count] != NULL && count < 15; count++) {
        names[count] = cw_owner_backends[count]->name;
        if (strcmp(names[count], tee) == 0) {
            return CW_OK;
        }
        (void)snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s",
                count == 0                           ? ""
                        : cw_owner_backends[count + 1] != NULL ? ", "
                                                     : " or ",
                names[count]);
    }
    names[count] = NULL;
    const char *nearest = cw_args_nearest(tee, names);
    cw_log_error("--tee" CW_AT ": found \"%s\"" CW_REMEDY ", expected %s%s%s%s", tee, known,
            nearest == NULL ? "" : " (did you mean \"", nearest == NULL ? "" : nearest,
            nearest == NULL ? "" : "\"?)");
    return CW_E_FORM;
}

static cw_status write_project(const char *path, char *const *texts)
{
    char *tests = cw_memory_format("%s/tests", path);
    cw_status status = cw_file_make_folder(tests, 0755);
    for (size_t i = 0; i < FILE_COUNT && status == CW_OK; i++) {
        char *file = cw_memory_format("%s/%s", path, files[i].to);
        status = cw_file_write(file, texts[i], strlen(texts[i]), 0644);
        free(file);
    }
    free(tests);
    return status;
}

static void tell(struct cw_app *app, const char *path, const char *name, const char *tee)
{
    if (app->options.json) {
        json_t *list = json_array();
        for (size_t i = 0; i < FILE_COUNT; i++) {
            json_array_append_new(list, json_string(files[i].to));
        }
        cw_app_json(app, json_pack("{s:s, s:s, s:s, s:o}", "name", name, "folder", path, "tee",
                                 tee, "files", list));
    } else if (!app->options.quiet) {
        printf("%s: two modules, greeter.c and counter.c, on %s nodes of this machine\n\n"
               "next:\n"
               "  cd %s\n"
               "  causeway apply app.json\n"
               "  causeway request app.json greet --text Ada\n"
               "  make test         # the modules' unit tests; README.md tells the rest\n",
                name, tee, path);
    }
}

int cw_cmd_new(struct cw_app *app, const struct cw_words *words)
{
    char *path = cw_memory_text(words->operands[0]);
    for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--) {
        path[len - 1] = '\0';
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *tee = words->tee == NULL ? "native" : words->tee;
    char *texts[FILE_COUNT] = {0};
    cw_status status = CW_OK;
    if (!cw_check_is_name(name, CW_NAME_MAX)) {
        cw_log_error("%s" CW_AT ": found a name that no application can have" CW_REMEDY
                     ", expected 1 to %u letters, digits, '_', '-' or '.', the first a letter or digit",
                name, CW_NAME_MAX);
        status = CW_E_FORM;
    }
    if (status == CW_OK) {
        status = check_tee(tee);
    }
    if (status == CW_OK) {
        status = check_place(path);
    }
    if (status == CW_OK) {
        status = read_template(name, tee, texts);
    }
    if (status == CW_OK) {
        status = write_project(path, texts);
    }
    if (status == CW_OK) {
        tell(app, path, name, tee);
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        free(texts[i]);
    }
    free(path);
    return cw_app_exit(status);
}
