/* SPDX-License-Identifier: MIT */
/* What the fields mean together: references, doubles, rules of connections and of chips. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/wire/attest.h"
#include "deploy/check.h"
#include "deploy/memory.h"
#include "posix/args.h"
#include "posix/file.h"
#include "posix/log.h"

#define LOCAL_VENDOR 1

#define wrong(c, place, ...) cw_mistakes_add((c)->mistakes, (place), __VA_ARGS__)

bool cw_check_is_name(const char *name, size_t max)
{
    size_t len = strlen(name);
    if (len == 0 || len > max || !isalnum((unsigned char)name[0])) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && strchr("_.-", name[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_identifier(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > CW_ENDPOINT_NAME_MAX || isdigit((unsigned char)name[0])) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '_') {
            return false;
        }
    }
    return true;
}

void cw_check_name(struct cw_check *c, const struct cw_text *name, const char *what)
{
    if (name->value != NULL && !cw_check_is_name(name->value, CW_NAME_MAX)) {
        wrong(c, name->at,
                "%s: found \"%s\"" CW_REMEDY ", expected 1 to %u letters, digits, '_', '-' or '.', the first a "
                "letter or digit",
                what, name->value, CW_NAME_MAX);
    }
}

void cw_check_identifier(struct cw_check *c, const struct cw_text *name, const char *what)
{
    if (name->value != NULL && !is_identifier(name->value)) {
        wrong(c, name->at, "%s: found \"%s\"" CW_REMEDY ", expected a C identifier of at most %u characters",
                what, name->value, CW_ENDPOINT_NAME_MAX);
    }
}

/* host:port or [v6]:port */
static bool is_address(const char *address)
{
    const char *port;
    if (address[0] == '[') {
        const char *close = strchr(address, ']');
        if (close == NULL || close == address + 1 || close[1] != ':' ||
                strspn(address + 1, "0123456789abcdefABCDEF:.%") < (size_t)(close - address - 1)) {
            return false;
        }
        port = close + 2;
    } else {
        const char *colon = strchr(address, ':');
        if (colon == NULL || colon == address || strchr(colon + 1, ':') != NULL) {
            return false;
        }
        port = colon + 1;
    }
    size_t len = strlen(port);
    if (len == 0 || len > 5 || strspn(port, "0123456789") != len || strlen(address) > 200) {
        return false;
    }
    long number = strtol(port, NULL, 10);
    return number >= 1 && number <= 65535;
}

static void check_address(struct cw_check *c, const struct cw_text *address, const char *what,
        const char *otherwise)
{
    if (address->value != NULL && !is_address(address->value)) {
        wrong(c, address->at,
                "%s: found \"%s\"" CW_REMEDY ", expected host:port or [IPv6]:port, the port from 1 to "
                "65535%s",
                what, address->value, otherwise);
    }
}

/* A node that the tool runs itself.  Its chip is made for it, and so is the vendor's key. */
static void check_local(struct cw_check *c, struct cw_descriptor_node *n, const char *what)
{
    n->is_local = n->address.value != NULL && strcmp(n->address.value, "local") == 0;
    if (!n->is_local) {
        return;
    }
    if (n->key.value != NULL) {
        wrong(c, n->key.at, "%s: found \"key\", but a local node's key is made when it is started"
                            CW_REMEDY ": take it out",
                what);
    }
    if (n->backend != NULL && !n->backend->session_dh && !n->vendor.is_set) {
        n->vendor = (struct cw_number){.value = LOCAL_VENDOR, .at = n->at, .is_set = true};
    }
}

void cw_check_range(struct cw_check *c, const struct cw_number *number, const char *what,
        long long least, long long most)
{
    if (number->is_set && (number->value < least || number->value > most)) {
        wrong(c, number->at, "%s: found %lld" CW_REMEDY ", expected %lld to %lld", what, number->value, least,
                most);
    }
}

/* A list of words, as `"a", "b" or "c"`. */
static char *choices(const char *const *list)
{
    char *text = cw_memory_text("");
    for (size_t i = 0; list[i] != NULL; i++) {
        const char *between = i == 0 ? "" : list[i + 1] == NULL ? " or " : ", ";
        char *longer = cw_memory_format("%s%s\"%s\"", text, between, list[i]);
        free(text);
        text = longer;
    }
    return text;
}

/* The index of a word in a list; a mistake, and -1, when it is not there. */
int cw_check_choice(struct cw_check *c, const struct cw_text *word, const char *what,
        const char *const *list)
{
    for (int i = 0; list[i] != NULL; i++) {
        if (strcmp(list[i], word->value) == 0) {
            return i;
        }
    }
    char *expected = choices(list);
    const char *nearest = cw_args_nearest(word->value, list);
    if (nearest != NULL) {
        wrong(c, word->at, "%s: found \"%s\"" CW_REMEDY ", expected %s (did you mean \"%s\"?)", what,
                word->value, expected, nearest);
    } else {
        wrong(c, word->at, "%s: found \"%s\"" CW_REMEDY ", expected %s", what, word->value, expected);
    }
    free(expected);
    return -1;
}

static const struct cw_owner_backend *backend_of(struct cw_check *c, const struct cw_text *tee,
        const char *what)
{
    const char *names[16];
    size_t count = 0;
    for (; c->backends[count] != NULL && count < 15; count++) {
        names[count] = c->backends[count]->name;
    }
    names[count] = NULL;
    int index = cw_check_choice(c, tee, what, names);
    return index < 0 ? NULL : c->backends[index];
}

static bool is_range(const char *range)
{
    char *end;
    if (range[0] != '0' || range[1] != 'x') {
        return false;
    }
    unsigned long first = strtoul(range, &end, 16);
    if (end[0] != '-' || end[1] != '0' || end[2] != 'x') {
        return false;
    }
    unsigned long last = strtoul(end + 1, &end, 16);
    return *end == '\0' && first < last && last <= 0xffff;
}

static void check_memory(struct cw_check *c, const struct cw_text *range, const char *what)
{
    if (range->value != NULL && !is_range(range->value)) {
        wrong(c, range->at, "%s: found \"%s\"" CW_REMEDY ", expected a range like \"0x8000-0xdfff\"", what,
                range->value);
    }
}

/* Fields that only chips with vendor keys have. */
static void check_chip(struct cw_check *c, struct cw_descriptor_node *n, const char *what)
{
    static const char *const chips[] = {"hardened", "exact", NULL};
    if (n->backend == NULL) {
        return;
    }
    if (!n->backend->session_dh) {
        if (!n->vendor.is_set) {
            wrong(c, n->at, "%s: found no \"vendor\"" CW_REMEDY ", expected one: modules on %s have keys that "
                            "come from their vendor's",
                    what, n->backend->name);
        }
        if (n->chip.value != NULL) {
            char *field = cw_memory_format("%s.chip", what);
            cw_check_choice(c, &n->chip, field, chips);
            free(field);
        }
        return;
    }
    const struct {
        const char *name;
        bool is_set;
        struct cw_place at;
    } fields[] = {
            {"vendor", n->vendor.is_set, n->vendor.at},
            {"chip", n->chip.value != NULL, n->chip.at},
            {"memory", n->memory_text.value != NULL, n->memory_text.at},
    };
    for (size_t i = 0; i < 3; i++) {
        if (fields[i].is_set) {
            wrong(c, fields[i].at, "%s: found \"%s\", which tee \"%s\" does not have" CW_REMEDY
                                   ": take it out",
                    what, fields[i].name, n->backend->name);
        }
    }
}

static void check_key(struct cw_check *c, const struct cw_text *key, const char *what)
{
    if (key->value != NULL && (strlen(key->value) != 64 ||
                strspn(key->value, "0123456789abcdefABCDEF") != 64)) {
        wrong(c, key->at, "%s.key: found \"%s\"" CW_REMEDY ", expected 64 hexadecimal digits (causeway-node "
                          "prints them)",
                what, key->value);
    }
}

static void check_platform_id(struct cw_check *c, const struct cw_descriptor_node *n,
        const char *what)
{
    const struct cw_text *id = &n->platform;
    if (id->value == NULL) {
        return;
    }
    if (n->is_local) {
        wrong(c, id->at, "%s: found \"platform\", but a local node's is that of the CPU that is made "
                         "for it" CW_REMEDY ": take it out",
                what);
    } else if (strlen(id->value) != 64 || strspn(id->value, "0123456789abcdefABCDEF") != 64) {
        wrong(c, id->at, "%s.platform: found \"%s\"" CW_REMEDY ", expected 64 hexadecimal digits "
                         "(`causeway nodes --json` has what the node says)",
                what, id->value);
    }
}

/* Fields of TEEs whose evidence names the machine. */
static void check_platform(struct cw_check *c, const struct cw_descriptor_node *n, const char *what)
{
    if (n->backend == NULL) {
        return;
    }
    const bool has_platform = n->backend->has_platform;
    const bool has_statuses = has_platform && n->backend->statuses != NULL;
    const struct {
        const char *name;
        bool is_set;
        bool is_known;
        struct cw_place at;
    } fields[] = {
            {"platform", n->platform.value != NULL, has_platform, n->platform.at},
            {"collateral", n->collateral.value != NULL, has_platform, n->collateral.at},
            {"sgx", n->appraisal_at.line != 0, has_statuses, n->appraisal_at},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].is_set && !fields[i].is_known) {
            wrong(c, fields[i].at, "%s: found \"%s\", which tee \"%s\" does not have" CW_REMEDY
                                   ": take it out",
                    what, fields[i].name, n->backend->name);
        }
    }
    if (has_platform) {
        check_platform_id(c, n, what);
    }
    if (!has_statuses) {
        return;
    }
    char *field = cw_memory_format("%s.sgx.allow_status", what);
    for (size_t i = 0; i < n->allow_status_count; i++) {
        cw_check_choice(c, &n->allow_status[i], field, n->backend->statuses);
    }
    free(field);
    field = cw_memory_format("%s.sgx.min_tcb_evaluation", what);
    cw_check_range(c, &n->min_evaluation, field, 0, UINT32_MAX);
    free(field);
}

static void check_nodes(struct cw_check *c)
{
    struct cw_descriptor *d = c->d;
    for (size_t i = 0; i < d->node_count; i++) {
        struct cw_descriptor_node *n = &d->nodes[i];
        char what[64];
        char field[96];
        snprintf(what, sizeof what, "nodes[%zu]", i);
        snprintf(field, sizeof field, "%s.name", what);
        cw_check_name(c, &n->name, field);
        if (n->tee.value != NULL) {
            snprintf(field, sizeof field, "%s.tee", what);
            n->backend = backend_of(c, &n->tee, field);
        }
        snprintf(field, sizeof field, "%s.address", what);
        check_local(c, n, what);
        if (!n->is_local) {
            check_address(c, &n->address, field, ", or \"local\"");
        }
        snprintf(field, sizeof field, "%s.vendor", what);
        cw_check_range(c, &n->vendor, field, 0, 65535);
        snprintf(field, sizeof field, "%s.memory.text", what);
        check_memory(c, &n->memory_text, field);
        snprintf(field, sizeof field, "%s.memory.data", what);
        check_memory(c, &n->memory_data, field);
        check_key(c, &n->key, what);
        check_chip(c, n, what);
        check_platform(c, n, what);
        for (size_t j = 0; j < i; j++) {
            const struct cw_descriptor_node *other = &d->nodes[j];
            if (n->name.value != NULL && other->name.value != NULL &&
                    strcmp(n->name.value, other->name.value) == 0) {
                wrong(c, n->name.at, "%s.name: found \"%s\" again" CW_REMEDY ", expected a name of its own "
                                     "(first in line %u)",
                        what, n->name.value, other->name.at.line);
            }
            if (n->address.value != NULL && other->address.value != NULL && !n->is_local &&
                    strcmp(n->address.value, other->address.value) == 0) {
                wrong(c, n->address.at, "%s.address: found \"%s\" again" CW_REMEDY ", expected an address of "
                                        "its own (first in line %u)",
                        what, n->address.value, other->address.at.line);
            }
        }
    }
    if (d->tree != NULL && d->nodes != NULL && d->node_count == 0) {
        wrong(c, d->tree->at, "nodes: found an empty list" CW_REMEDY ", expected at least one node");
    }
}

/* A name that nothing has; names: what there is, ends with NULL. */
static void unknown_name(struct cw_check *c, const struct cw_text *name, const char *what,
        const char *kind, const char *const *names)
{
    const char *nearest = cw_args_nearest(name->value, names);
    if (nearest != NULL) {
        wrong(c, name->at, "%s: found \"%s\", which no %s is called" CW_REMEDY
                           " (did you mean \"%s\"?)",
                what, name->value, kind, nearest);
        return;
    }
    char *expected = choices(names);
    wrong(c, name->at, "%s: found \"%s\", which no %s is called" CW_REMEDY ", expected %s", what,
            name->value, kind, expected[0] == '\0' ? "one that is there" : expected);
    free(expected);
}

#define NAMES_SHOWN 24u

static const struct cw_descriptor_node *node_named(struct cw_check *c, const struct cw_text *name,
        const char *what)
{
    const char *names[NAMES_SHOWN + 1] = {0};
    bool is_complete = true;
    for (size_t i = 0; i < c->d->node_count; i++) {
        const char *candidate = c->d->nodes[i].name.value;
        is_complete = is_complete && candidate != NULL;
        if (candidate != NULL && strcmp(candidate, name->value) == 0) {
            return &c->d->nodes[i];
        }
        if (i < NAMES_SHOWN) {
            names[i] = is_complete ? candidate : NULL;
        }
    }
    if (is_complete) { /* else it may be the one whose name is wrong: that was said already */
        unknown_name(c, name, what, "node", names);
    }
    return NULL;
}

const struct cw_descriptor_module *cw_check_module(struct cw_check *c,
        const struct cw_text *name, const char *what)
{
    const char *names[NAMES_SHOWN + 1] = {0};
    bool is_complete = true;
    for (size_t i = 0; i < c->d->module_count; i++) {
        const char *candidate = c->d->modules[i].name.value;
        is_complete = is_complete && candidate != NULL;
        if (candidate != NULL && strcmp(candidate, name->value) == 0) {
            return &c->d->modules[i];
        }
        if (i < NAMES_SHOWN) {
            names[i] = is_complete ? candidate : NULL;
        }
    }
    if (is_complete) {
        unknown_name(c, name, what, "module", names);
    }
    return NULL;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void check_sources(struct cw_check *c, const struct cw_descriptor_module *m,
        const char *what)
{
    for (size_t i = 0; i < m->source_count; i++) {
        const struct cw_text *source = &m->sources[i];
        char *path = cw_file_join(c->d->folder, source->value);
        if (path == NULL) {
            cw_memory_gone();
        }
        size_t len = strlen(source->value);
        if (len < 3 || strcmp(source->value + len - 2, ".c") != 0) {
            wrong(c, source->at, "%s.sources[%zu]: found \"%s\"" CW_REMEDY ", expected a file that ends in .c",
                    what, i, source->value);
        } else if (is_folder(path)) {
            wrong(c, source->at, "%s.sources[%zu]: found \"%s\", which is a folder" CW_REMEDY
                                 ", expected a file",
                    what, i, source->value);
        } else if (!cw_file_exists(path)) {
            wrong(c, source->at, "%s.sources[%zu]: found \"%s\", but there is no such file in %s" CW_REMEDY
                                ": paths count from the descriptor's folder",
                    what, i, source->value, c->d->folder);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(m->sources[j].value, source->value) == 0) {
                wrong(c, source->at, "%s.sources[%zu]: found \"%s\" again" CW_REMEDY
                                    ", expected each file once",
                        what, i, source->value);
            }
        }
        free(path);
    }
}

static void check_device(struct cw_check *c, const struct cw_descriptor_module *m,
        const char *what)
{
    if (m->on_interrupt.value != NULL && m->device.value == NULL) {
        wrong(c, m->on_interrupt.at,
                "%s: found \"on_interrupt\" without \"device\"" CW_REMEDY
                ", expected the device whose interrupt it is",
                what);
    }
    if (m->device.value == NULL || m->node == NULL || m->node->backend == NULL) {
        return;
    }
    if (!m->node->backend->has_device) {
        wrong(c, m->device.at, "%s.device: found \"%s\", but modules on tee \"%s\" cannot own a "
                               "device" CW_REMEDY ": put the module on a node that has it",
                what, m->device.value, m->node->backend->name);
    }
    for (const struct cw_descriptor_module *other = c->d->modules; other != m; other++) {
        if (other->device.value != NULL && other->node == m->node &&
                strcmp(other->device.value, m->device.value) == 0) {
            wrong(c, m->device.at,
                    "%s.device: found \"%s\", which module \"%s\" owns already (line %u)" CW_REMEDY
                    ": a device has one owner",
                    what, m->device.value, other->name.value == NULL ? "?" : other->name.value,
                    other->device.at.line);
        }
    }
}

/* A debug image tells its node what it does: only where the policy names the module. */
static void check_debug(struct cw_check *c)
{
    const struct cw_descriptor_policy *policy = &c->d->policy;
    for (size_t i = 0; i < c->d->module_count; i++) {
        const struct cw_descriptor_module *m = &c->d->modules[i];
        bool is_allowed = m->debug.value == 0 || m->name.value == NULL;
        for (size_t j = 0; j < policy->allow_debug_count; j++) {
            is_allowed |= m->name.value != NULL &&
                    strcmp(policy->allow_debug[j].value, m->name.value) == 0;
        }
        if (!is_allowed) {
            wrong(c, m->debug.at, "modules[%zu].debug: found a debug image, which tells its node "
                    "what it logs" CW_REMEDY ": where that is wanted, write \"allow_debug\": [\"%s\"] "
                    "into the descriptor's policy", i, m->name.value);
        }
    }
    for (size_t j = 0; j < policy->allow_debug_count; j++) {
        const struct cw_text *name = &policy->allow_debug[j];
        if (cw_descriptor_module(c->d, name->value) == NULL) {
            wrong(c, name->at, "policy.allow_debug: found \"%s\", which no module is called"
                    CW_REMEDY ", expected a module's name", name->value);
        }
    }
}

static void check_modules(struct cw_check *c)
{
    struct cw_descriptor *d = c->d;
    for (size_t i = 0; i < d->module_count; i++) {
        struct cw_descriptor_module *m = &d->modules[i];
        char what[64];
        char field[96];
        snprintf(what, sizeof what, "modules[%zu]", i);
        snprintf(field, sizeof field, "%s.name", what);
        cw_check_name(c, &m->name, field);
        snprintf(field, sizeof field, "%s.node", what);
        if (m->node_name.value != NULL) {
            m->node = node_named(c, &m->node_name, field);
        }
        snprintf(field, sizeof field, "%s.on_interrupt", what);
        cw_check_identifier(c, &m->on_interrupt, field);
        snprintf(field, sizeof field, "%s.device", what);
        cw_check_name(c, &m->device, field);
        snprintf(field, sizeof field, "%s.channels", what);
        cw_check_range(c, &m->channels, field, 1, 4096);
        snprintf(field, sizeof field, "%s.serve", what);
        check_address(c, &m->serve, field, "");
        check_sources(c, m, what);
        check_device(c, m, what);
        for (size_t j = 0; j < i; j++) {
            const struct cw_descriptor_module *other = &d->modules[j];
            if (m->name.value != NULL && other->name.value != NULL &&
                    strcmp(m->name.value, other->name.value) == 0) {
                wrong(c, m->name.at, "%s.name: found \"%s\" again" CW_REMEDY ", expected a name of its own "
                                     "(first in line %u)",
                        what, m->name.value, other->name.at.line);
            }
            if (m->serve.value != NULL && other->serve.value != NULL && m->node == other->node &&
                    strcmp(m->serve.value, other->serve.value) == 0) {
                wrong(c, m->serve.at, "%s.serve: found \"%s\" again on the same node" CW_REMEDY
                                     ", expected a port of its own",
                        what, m->serve.value);
            }
        }
    }
}

static void check_periodic(struct cw_check *c)
{
    struct cw_descriptor *d = c->d;
    for (size_t i = 0; i < d->periodic_count; i++) {
        struct cw_descriptor_periodic *p = &d->periodic[i];
        char field[96];
        snprintf(field, sizeof field, "periodic_events[%zu].module", i);
        if (p->module_name.value != NULL) {
            p->module = cw_check_module(c, &p->module_name, field);
        }
        snprintf(field, sizeof field, "periodic_events[%zu].name", i);
        cw_check_name(c, &p->name, field);
        snprintf(field, sizeof field, "periodic_events[%zu].entry", i);
        cw_check_identifier(c, &p->entry, field);
        snprintf(field, sizeof field, "periodic_events[%zu].every_ms", i);
        cw_check_range(c, &p->every_ms, field, 1, 86400000);
        for (size_t j = 0; j < i; j++) {
            const struct cw_descriptor_periodic *other = &d->periodic[j];
            if (p->name.value != NULL && other->name.value != NULL &&
                    strcmp(p->name.value, other->name.value) == 0) {
                wrong(c, p->name.at, "periodic_events[%zu].name: found \"%s\" again" CW_REMEDY
                                     ", expected a name of its own (first in line %u)",
                        i, p->name.value, other->name.at.line);
            }
            if (p->module != NULL && p->module == other->module && p->entry.value != NULL &&
                    other->entry.value != NULL &&
                    strcmp(p->entry.value, other->entry.value) == 0) {
                wrong(c, p->at, "periodic_events[%zu]: found the entry \"%s\" of \"%s\" again" CW_REMEDY
                             ", expected each entry once (first in line %u)",
                        i, p->entry.value, p->module_name.value, other->at.line);
            }
        }
    }
}

static void check_freshness(struct cw_check *c)
{
    if (!cw_descriptor_allows(&c->d->policy.require_freshness, true)) {
        return;
    }
    for (size_t i = 0; i < c->d->node_count; i++) {
        const struct cw_descriptor_node *n = &c->d->nodes[i];
        if (n->backend != NULL && n->backend->freshness == CW_FRESH_NONE) {
            wrong(c, n->tee.at,
                    "nodes[%zu].tee: found \"%s\", whose modules can be made to repeat their past "
                    "(freshness none)" CW_REMEDY ": allow it by policy \"require_freshness\": false",
                    i, n->backend->name);
        }
    }
}

void cw_descriptor_check(struct cw_descriptor *d, const struct cw_owner_backend *const *backends,
        struct cw_mistakes *mistakes)
{
    struct cw_check c = {d, mistakes, backends};
    if (d->version.is_set && d->version.value != CW_DESCRIPTOR_VERSION) {
        wrong(&c, d->version.at, "causeway: found %lld" CW_REMEDY ", expected %d: the version of descriptors "
                                 "that this program reads",
                d->version.value, CW_DESCRIPTOR_VERSION);
    }
    cw_check_name(&c, &d->name, "name");
    check_nodes(&c);
    check_modules(&c);
    check_debug(&c);
    cw_check_connections(&c);
    check_periodic(&c);
    check_freshness(&c);
}
