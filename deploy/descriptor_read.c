/* SPDX-License-Identifier: MIT */
/* From a tree to the descriptor's structs: the form of every field, by tables. */
#include <stdlib.h>
#include <string.h>

#include "deploy/descriptor.h"
#include "deploy/memory.h"
#include "posix/args.h"
#include "posix/log.h"

typedef enum field_kind {
    TEXT,
    NUMBER,
    TEXT_OR_NUMBER, /* into a struct cw_number; texts like "0x1234" */
    TRUTH,
    OBJECT, /* read by the function of its own */
    LIST,
} field_kind;

struct field {
    const char *name;
    field_kind kind;
    bool is_required;
    size_t offset; /* of a struct cw_text or struct cw_number; unused for OBJECT and LIST */
};

struct reader {
    struct cw_descriptor *d;
    struct cw_mistakes *mistakes;
};

static const char *const kind_names[] = {
        [TEXT] = "a text",
        [NUMBER] = "a whole number",
        [TEXT_OR_NUMBER] = "a whole number, or a text like \"0x1234\"",
        [TRUTH] = "true or false",
        [OBJECT] = "an object",
        [LIST] = "a list",
};

static void wrong(struct reader *r, const struct cw_tree *t, const char *path, const char *expected)
{
    char found[128];
    cw_tree_found(t, found, sizeof found);
    cw_mistakes_add(r->mistakes, t->at, "%s: found %s" CW_REMEDY ", expected %s", path, found, expected);
}

static bool fits(const struct cw_tree *t, field_kind kind)
{
    switch (kind) {
    case TEXT:
        return t->kind == CW_TREE_TEXT;
    case NUMBER:
        return t->kind == CW_TREE_NUMBER;
    case TEXT_OR_NUMBER:
        return t->kind == CW_TREE_NUMBER || t->kind == CW_TREE_TEXT;
    case TRUTH:
        return t->kind == CW_TREE_BOOL;
    case OBJECT:
        return t->kind == CW_TREE_OBJECT;
    case LIST:
        return t->kind == CW_TREE_LIST;
    }
    return false;
}

static bool number_of_text(const char *text, long long *ret_number)
{
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    *ret_number = strtoll(text, &end, text[1] == 'x' || text[1] == 'X' ? 16 : 10);
    return *end == '\0';
}

static void store(struct reader *r, const struct cw_tree *t, const struct field *f, void *object,
        const char *path)
{
    unsigned char *at = (unsigned char *)object + f->offset;
    if (f->kind == TEXT) {
        const struct cw_text text = {t->text, t->at};
        memcpy(at, &text, sizeof text);
    } else if (f->kind != OBJECT && f->kind != LIST) {
        struct cw_number number = {t->number, t->at, true};
        if (t->kind == CW_TREE_TEXT && !number_of_text(t->text, &number.value)) {
            wrong(r, t, path, kind_names[f->kind]);
        }
        memcpy(at, &number, sizeof number);
    }
}

static void unknown(struct reader *r, const struct cw_tree *t, const char *path,
        const struct field *fields)
{
    const char *names[24];
    size_t count = 0;
    for (; fields->name != NULL && count < 23; fields++) {
        names[count++] = fields->name;
    }
    names[count] = NULL;
    const char *nearest = cw_args_nearest(t->key, names);
    char *list = cw_memory_text("");
    for (size_t i = 0; i < count; i++) {
        char *longer = cw_memory_format("%s%s%s", list, i == 0 ? "" : ", ", names[i]);
        free(list);
        list = longer;
    }
    if (nearest != NULL) {
        cw_mistakes_add(r->mistakes, t->key_at,
                "%s: found the unknown field \"%s\"" CW_REMEDY "; did you mean \"%s\"?", path, t->key, nearest);
    } else {
        cw_mistakes_add(r->mistakes, t->key_at,
                "%s: found the unknown field \"%s\"" CW_REMEDY ", expected one of: %s", path, t->key, list);
    }
    free(list);
}

/* Every field of an object into its struct; what is unknown, double, missing or misshapen. */
static void object(struct reader *r, const struct cw_tree *t, const char *path,
        const struct field *fields, void *ret_object)
{
    const char *where = path[0] == '\0' ? "descriptor" : path;
    for (const struct cw_tree *child = t->first; child != NULL; child = child->next) {
        const struct field *f = fields;
        while (f->name != NULL && strcmp(f->name, child->key) != 0) {
            f++;
        }
        if (f->name == NULL) {
            unknown(r, child, where, fields);
            continue;
        }
        for (const struct cw_tree *before = t->first; before != child; before = before->next) {
            if (strcmp(before->key, child->key) == 0) {
                cw_mistakes_add(r->mistakes, child->key_at,
                        "%s: found \"%s\" again" CW_REMEDY ", expected it once (first in line %u)", where,
                        child->key, before->key_at.line);
                break;
            }
        }
        char *below = cw_memory_format("%s%s%s", path, path[0] == '\0' ? "" : ".", f->name);
        if (fits(child, f->kind)) {
            store(r, child, f, ret_object, below);
        } else {
            wrong(r, child, below, kind_names[f->kind]);
        }
        free(below);
    }
    for (const struct field *f = fields; f->name != NULL; f++) {
        const struct cw_tree *child = t->first;
        while (child != NULL && strcmp(child->key, f->name) != 0) {
            child = child->next;
        }
        if (child == NULL && f->is_required) {
            cw_mistakes_add(r->mistakes, t->at, "%s: found no \"%s\"" CW_REMEDY ", expected %s",
                    where, f->name, kind_names[f->kind]);
        }
    }
}

static const struct cw_tree *child_of(const struct cw_tree *t, const char *key, cw_tree_kind kind)
{
    for (const struct cw_tree *child = t->first; child != NULL; child = child->next) {
        if (strcmp(child->key, key) == 0 && child->kind == kind) {
            return child;
        }
    }
    return NULL;
}

#define AT(type, field) offsetof(struct cw_descriptor_##type, field)

static const struct field node_fields[] = {
        {"name", TEXT, true, AT(node, name)},
        {"tee", TEXT, true, AT(node, tee)},
        {"address", TEXT, true, AT(node, address)},
        {"vendor", TEXT_OR_NUMBER, false, AT(node, vendor)},
        {"chip", TEXT, false, AT(node, chip)},
        {"memory", OBJECT, false, 0},
        {"key", TEXT, false, AT(node, key)},
        {"platform", TEXT, false, AT(node, platform)},
        {"collateral", TEXT, false, AT(node, collateral)},
        {"sgx", OBJECT, false, 0},
        {0},
};

static const struct field appraisal_fields[] = {
        {"allow_status", LIST, false, 0},
        {"min_tcb_evaluation", NUMBER, false, AT(node, min_evaluation)},
        {0},
};

static const struct field memory_fields[] = {
        {"text", TEXT, true, AT(node, memory_text)},
        {"data", TEXT, true, AT(node, memory_data)},
        {0},
};

static const struct field module_fields[] = {
        {"name", TEXT, true, AT(module, name)},
        {"node", TEXT, true, AT(module, node_name)},
        {"sources", LIST, true, 0},
        {"device", TEXT, false, AT(module, device)},
        {"on_interrupt", TEXT, false, AT(module, on_interrupt)},
        {"channels", NUMBER, false, AT(module, channels)},
        {"serve", TEXT, false, AT(module, serve)},
        {"config", OBJECT, false, 0},
        {"debug", TRUTH, false, AT(module, debug)},
        {0},
};

static const struct field connection_fields[] = {
        {"name", TEXT, false, AT(connection, name)},
        {"direct", TRUTH, false, AT(connection, direct)},
        {"from_module", TEXT, false, AT(connection, from_module)},
        {"from_output", TEXT, false, AT(connection, from_output)},
        {"from_request", TEXT, false, AT(connection, from_request)},
        {"to_module", TEXT, true, AT(connection, to_module)},
        {"to_input", TEXT, false, AT(connection, to_input)},
        {"to_handler", TEXT, false, AT(connection, to_handler)},
        {"encryption", TEXT, true, AT(connection, encryption)},
        {"delivery", TEXT, false, AT(connection, delivery)},
        {"window", NUMBER, false, AT(connection, window)},
        {"rekey_log2", NUMBER, false, AT(connection, rekey_log2)},
        {0},
};

static const struct field periodic_fields[] = {
        {"name", TEXT, false, AT(periodic, name)},
        {"module", TEXT, true, AT(periodic, module_name)},
        {"entry", TEXT, true, AT(periodic, entry)},
        {"every_ms", NUMBER, true, AT(periodic, every_ms)},
        {0},
};

static const struct field policy_fields[] = {
        {"allow_emulated", TRUTH, false, AT(policy, allow_emulated)},
        {"allow_unprotected", TRUTH, false, AT(policy, allow_unprotected)},
        {"require_freshness", TRUTH, false, AT(policy, require_freshness)},
        {"allow_debug", LIST, false, 0},
        {0},
};

static const struct field top_fields[] = {
        {"causeway", NUMBER, true, offsetof(struct cw_descriptor, version)},
        {"name", TEXT, true, offsetof(struct cw_descriptor, name)},
        {"nodes", LIST, true, 0},
        {"modules", LIST, true, 0},
        {"connections", LIST, false, 0},
        {"periodic_events", LIST, false, 0},
        {"policy", OBJECT, false, 0},
        {0},
};

/* All items of a list of objects; ret has room for t->count of [len] bytes, zeroed. */
static size_t objects(struct reader *r, const struct cw_tree *t, const char *list,
        const struct field *fields, size_t len, void *ret_items)
{
    size_t count = 0;
    size_t index = 0;
    for (const struct cw_tree *item = t->first; item != NULL; item = item->next) {
        char *path = cw_memory_format("%s[%zu]", list, index++);
        if (item->kind == CW_TREE_OBJECT) {
            unsigned char *to = (unsigned char *)ret_items + count++ * len;
            memcpy(to, &item->at, sizeof item->at); /* `at` is the first member of all */
            object(r, item, path, fields, to);
        } else {
            wrong(r, item, path, "an object");
        }
        free(path);
    }
    return count;
}

static void read_sources(struct reader *r, struct cw_descriptor_module *m, const struct cw_tree *t,
        size_t index)
{
    m->sources = cw_memory_new(t->count, sizeof *m->sources);
    size_t item_index = 0;
    for (const struct cw_tree *item = t->first; item != NULL; item = item->next) {
        if (item->kind == CW_TREE_TEXT) {
            m->sources[m->source_count++] = (struct cw_text){item->text, item->at};
            item_index++;
            continue;
        }
        char *path = cw_memory_format("modules[%zu].sources[%zu]", index, item_index++);
        wrong(r, item, path, "a text");
        free(path);
    }
    if (t->count == 0) {
        cw_mistakes_add(r->mistakes, t->at,
                "modules[%zu].sources: found an empty list" CW_REMEDY ", expected at least one file", index);
    }
}

static void read_allow_debug(struct reader *r, const struct cw_tree *t)
{
    struct cw_descriptor_policy *policy = &r->d->policy;
    policy->allow_debug = cw_memory_new(t->count + 1, sizeof *policy->allow_debug);
    for (const struct cw_tree *item = t->first; item != NULL; item = item->next) {
        if (item->kind == CW_TREE_TEXT) {
            policy->allow_debug[policy->allow_debug_count++] =
                    (struct cw_text){item->text, item->at};
        } else {
            wrong(r, item, "policy.allow_debug", "the name of a module");
        }
    }
}

/* What is held against a node's evidence. */
static void read_appraisal(struct reader *r, struct cw_descriptor_node *n, const struct cw_tree *t,
        size_t index)
{
    char *path = cw_memory_format("nodes[%zu].sgx", index);
    n->appraisal_at = t->at;
    object(r, t, path, appraisal_fields, n);
    const struct cw_tree *list = child_of(t, "allow_status", CW_TREE_LIST);
    const size_t count = list == NULL ? 0 : list->count;
    n->allow_status = cw_memory_new(count + 1, sizeof *n->allow_status);
    for (const struct cw_tree *item = list == NULL ? NULL : list->first; item != NULL;
            item = item->next) {
        if (item->kind == CW_TREE_TEXT) {
            n->allow_status[n->allow_status_count++] = (struct cw_text){item->text, item->at};
        } else {
            char *below = cw_memory_format("%s.allow_status", path);
            wrong(r, item, below, "a text");
            free(below);
        }
    }
    free(path);
}

static void read_nodes(struct reader *r, const struct cw_tree *t)
{
    struct cw_descriptor *d = r->d;
    d->nodes = cw_memory_new(t->count, sizeof *d->nodes);
    d->node_count = objects(r, t, "nodes", node_fields, sizeof *d->nodes, d->nodes);
    size_t i = 0;
    for (const struct cw_tree *item = t->first; item != NULL; item = item->next) {
        if (item->kind != CW_TREE_OBJECT) {
            continue;
        }
        const struct cw_tree *memory = child_of(item, "memory", CW_TREE_OBJECT);
        if (memory != NULL) {
            char *path = cw_memory_format("nodes[%zu].memory", i);
            object(r, memory, path, memory_fields, &d->nodes[i]);
            free(path);
        }
        const struct cw_tree *appraisal = child_of(item, "sgx", CW_TREE_OBJECT);
        if (appraisal != NULL) {
            read_appraisal(r, &d->nodes[i], appraisal, i);
        }
        i++;
    }
}

static void read_modules(struct reader *r, const struct cw_tree *t)
{
    struct cw_descriptor *d = r->d;
    d->modules = cw_memory_new(t->count, sizeof *d->modules);
    d->module_count = objects(r, t, "modules", module_fields, sizeof *d->modules, d->modules);
    size_t i = 0;
    for (const struct cw_tree *item = t->first; item != NULL; item = item->next) {
        if (item->kind != CW_TREE_OBJECT) {
            continue;
        }
        const struct cw_tree *sources = child_of(item, "sources", CW_TREE_LIST);
        if (sources != NULL) {
            read_sources(r, &d->modules[i], sources, i);
        }
        const struct cw_tree *config = child_of(item, "config", CW_TREE_OBJECT);
        if (config != NULL) {
            char *path = cw_memory_format("modules[%zu]", i);
            cw_descriptor_read_config(&d->modules[i], config, path, r->mistakes);
            free(path);
        }
        i++;
    }
}

void cw_descriptor_read(struct cw_descriptor *d, const struct cw_tree *root,
        struct cw_mistakes *mistakes)
{
    struct reader r = {d, mistakes};
    if (root->kind != CW_TREE_OBJECT) {
        wrong(&r, root, "descriptor", "an object");
        return;
    }
    object(&r, root, "", top_fields, d);
    const struct cw_tree *nodes = child_of(root, "nodes", CW_TREE_LIST);
    const struct cw_tree *modules = child_of(root, "modules", CW_TREE_LIST);
    const struct cw_tree *connections = child_of(root, "connections", CW_TREE_LIST);
    const struct cw_tree *periodic = child_of(root, "periodic_events", CW_TREE_LIST);
    const struct cw_tree *policy = child_of(root, "policy", CW_TREE_OBJECT);
    if (nodes != NULL) {
        read_nodes(&r, nodes);
    }
    if (modules != NULL) {
        read_modules(&r, modules);
    }
    if (connections != NULL) {
        d->connections = cw_memory_new(connections->count, sizeof *d->connections);
        d->connection_count = objects(&r, connections, "connections", connection_fields,
                sizeof *d->connections, d->connections);
    }
    if (periodic != NULL) {
        d->periodic = cw_memory_new(periodic->count, sizeof *d->periodic);
        d->periodic_count = objects(&r, periodic, "periodic_events", periodic_fields,
                sizeof *d->periodic, d->periodic);
    }
    if (policy != NULL) {
        object(&r, policy, "policy", policy_fields, &d->policy);
        const struct cw_tree *debug = child_of(policy, "allow_debug", CW_TREE_LIST);
        if (debug != NULL) {
            read_allow_debug(&r, debug);
        }
    }
}
