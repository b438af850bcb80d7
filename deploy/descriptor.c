/* SPDX-License-Identifier: MIT */
#include "deploy/descriptor.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/memory.h"
#include "posix/file.h"
#include "posix/log.h"

cw_status cw_descriptor_parse(const char *name, const char *folder, const char *bytes, size_t len,
        const struct cw_owner_backend *const *backends, struct cw_mistakes *mistakes,
        struct cw_descriptor *ret_descriptor)
{
    struct cw_descriptor d = {.folder = cw_memory_text(folder)};
    mistakes->file = name;
    if (cw_tree_read(name, bytes, len, mistakes, &d.tree) == CW_OK) {
        cw_descriptor_read(&d, d.tree, mistakes);
        cw_descriptor_check(&d, backends, mistakes);
    }
    cw_mistakes_sort(mistakes);
    *ret_descriptor = d;
    return mistakes->count == 0 ? CW_OK : CW_E_FORM;
}

/* Why the file cannot be a descriptor at all; a mistake without a line. */
static bool find_obstacle(const char *path, struct cw_mistakes *mistakes)
{
    const struct cw_place whole = {0, 0};
    struct stat st;
    if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        cw_mistakes_add(mistakes, whole, "there is no such file" CW_REMEDY
                        ": name the descriptor, or go to the folder that has it");
    } else if (errno = 0, stat(path, &st) != 0 || access(path, R_OK) != 0) {
        cw_mistakes_add(mistakes, whole, "it cannot be read: %s" CW_REMEDY
                        "; look at the permissions of the file and of its folders",
                strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        cw_mistakes_add(mistakes, whole, "found a folder" CW_REMEDY
                        ", expected a file: the descriptor in it is called app.json as a rule");
    } else if (!S_ISREG(st.st_mode)) {
        cw_mistakes_add(mistakes, whole,
                "found a device, pipe or socket" CW_REMEDY ", expected a regular file");
    } else if (st.st_size > (off_t)CW_TREE_FILE_MAX) {
        cw_mistakes_add(mistakes, whole, "found %lld bytes" CW_REMEDY
                        ", expected at most %u: is it a descriptor?",
                (long long)st.st_size, CW_TREE_FILE_MAX);
    }
    return mistakes->count > 0;
}

cw_status cw_descriptor_load(const char *path, const struct cw_owner_backend *const *backends,
        struct cw_mistakes *mistakes, struct cw_descriptor *ret_descriptor)
{
    uint8_t *bytes;
    size_t len;
    mistakes->file = path;
    if (find_obstacle(path, mistakes)) {
        return CW_E_FORM;
    }
    cw_status status = cw_file_read(path, CW_TREE_FILE_MAX, &bytes, &len);
    if (status != CW_OK) {
        return CW_E_SYSTEM;
    }
    char *folder = cw_file_folder(path);
    char *absolute = folder == NULL ? NULL : realpath(folder, NULL);
    status = cw_descriptor_parse(path, absolute == NULL ? "." : absolute, (const char *)bytes, len,
            backends, mistakes, ret_descriptor);
    free(absolute);
    free(folder);
    free(bytes);
    return status;
}

void cw_descriptor_free(struct cw_descriptor *d)
{
    for (size_t i = 0; i < d->module_count; i++) {
        free(d->modules[i].sources);
        for (size_t j = 0; j < d->modules[i].config_count; j++) {
            free(d->modules[i].config[j].bytes);
        }
        free(d->modules[i].config);
    }
    for (size_t i = 0; i < d->connection_count; i++) {
        free(d->connections[i].made_name);
    }
    for (size_t i = 0; i < d->node_count; i++) {
        free(d->nodes[i].allow_status);
    }
    free(d->nodes);
    free(d->modules);
    free(d->connections);
    free(d->periodic);
    free(d->policy.allow_debug);
    free(d->folder);
    cw_tree_free(d->tree);
    *d = (struct cw_descriptor){0};
}

const struct cw_descriptor_module *cw_descriptor_module(const struct cw_descriptor *d,
        const char *name)
{
    for (size_t i = 0; i < d->module_count; i++) {
        if (strcmp(d->modules[i].name.value, name) == 0) {
            return &d->modules[i];
        }
    }
    return NULL;
}

const struct cw_descriptor_connection *cw_descriptor_connection(const struct cw_descriptor *d,
        const char *name)
{
    for (size_t i = 0; i < d->connection_count; i++) {
        if (strcmp(d->connections[i].name.value, name) == 0) {
            return &d->connections[i];
        }
    }
    return NULL;
}

size_t cw_descriptor_ends(const struct cw_descriptor *d, const struct cw_descriptor_module *m)
{
    size_t ends = 0;
    for (size_t i = 0; i < d->connection_count; i++) {
        ends += (d->connections[i].from == m ? 1u : 0u) + (d->connections[i].to == m ? 1u : 0u);
    }
    return ends;
}

bool cw_descriptor_allows(const struct cw_number *field, bool otherwise)
{
    return field->is_set ? field->value != 0 : otherwise;
}
