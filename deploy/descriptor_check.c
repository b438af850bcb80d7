/* SPDX-License-Identifier: MIT */
/* What the fields mean together: references, doubles, rules of connections and of chips. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/suite.h"
#include "core/wire/manage.h"
#include "deploy/descriptor.h"
#include "deploy/memory.h"
#include "posix/args.h"
#include "posix/file.h"

struct checker {
    struct cw_descriptor *d;
    struct cw_mistakes *mistakes;
    const struct cw_owner_backend *const *backends;
};

#define wrong(c, place, ...) cw_mistakes_add((c)->mistakes, (place), __VA_ARGS__)

static bool is_name(const char *name, size_t max)
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

static void check_name(struct checker *c, const struct cw_text *name, const char *what)
{
    if (name->value != NULL && !is_name(name->value, CW_NAME_MAX)) {
        wrong(c, name->at,
                "%s: found \"%s\", expected 1 to %u letters, digits, '_', '-' or '.', the first a "
                "letter or digit",
                what, name->value, CW_NAME_MAX);
    }
}

static void check_identifier(struct checker *c, const struct cw_text *name, const char *what)
{
    if (name->value != NULL && !is_identifier(name->value)) {
        wrong(c, name->at, "%s: found \"%s\", expected a C identifier of at most %u characters",
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

static void check_address(struct checker *c, const struct cw_text *address, const char *what)
{
    if (address->value != NULL && !is_address(address->value)) {
        wrong(c, address->at,
                "%s: found \"%s\", expected host:port or [IPv6]:port, the port from 1 to 65535",
                what, address->value);
    }
}

static void check_range(struct checker *c, const struct cw_number *number, const char *what,
        long long least, long long most)
{
    if (number->is_set && (number->value < least || number->value > most)) {
        wrong(c, number->at, "%s: found %lld, expected %lld to %lld", what, number->value, least,
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
static int check_choice(struct checker *c, const struct cw_text *word, const char *what,
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
        wrong(c, word->at, "%s: found \"%s\", expected %s (did you mean \"%s\"?)", what,
                word->value, expected, nearest);
    } else {
        wrong(c, word->at, "%s: found \"%s\", expected %s", what, word->value, expected);
    }
    free(expected);
    return -1;
}

static const struct cw_owner_backend *backend_of(struct checker *c, const struct cw_text *tee,
        const char *what)
{
    const char *names[16];
    size_t count = 0;
    for (; c->backends[count] != NULL && count < 15; count++) {
        names[count] = c->backends[count]->name;
    }
    names[count] = NULL;
    int index = check_choice(c, tee, what, names);
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

static void check_memory(struct checker *c, const struct cw_text *range, const char *what)
{
    if (range->value != NULL && !is_range(range->value)) {
        wrong(c, range->at, "%s: found \"%s\", expected a range like \"0x8000-0xdfff\"", what,
                range->value);
    }
}

/* Fields that only chips with vendor keys have. */
static void check_chip(struct checker *c, struct cw_descriptor_node *n, const char *what)
{
    static const char *const chips[] = {"hardened", "exact", NULL};
    if (n->backend == NULL) {
        return;
    }
    if (!n->backend->session_dh) {
        if (!n->vendor.is_set) {
            wrong(c, n->at, "%s: found no \"vendor\", expected one: modules on %s have keys that "
                            "come from their vendor's",
                    what, n->backend->name);
        }
        if (n->chip.value != NULL) {
            char *field = cw_memory_format("%s.chip", what);
            check_choice(c, &n->chip, field, chips);
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
            wrong(c, fields[i].at, "%s: found \"%s\", which tee \"%s\" does not have", what,
                    fields[i].name, n->backend->name);
        }
    }
}

static void check_key(struct checker *c, const struct cw_text *key, const char *what)
{
    if (key->value != NULL && (strlen(key->value) != 64 ||
                strspn(key->value, "0123456789abcdefABCDEF") != 64)) {
        wrong(c, key->at, "%s.key: found \"%s\", expected 64 hexadecimal digits (causeway-node "
                          "prints them)",
                what, key->value);
    }
}

static void check_nodes(struct checker *c)
{
    struct cw_descriptor *d = c->d;
    for (size_t i = 0; i < d->node_count; i++) {
        struct cw_descriptor_node *n = &d->nodes[i];
        char what[64];
        char field[96];
        snprintf(what, sizeof what, "nodes[%zu]", i);
        snprintf(field, sizeof field, "%s.name", what);
        check_name(c, &n->name, field);
        if (n->tee.value != NULL) {
            snprintf(field, sizeof field, "%s.tee", what);
            n->backend = backend_of(c, &n->tee, field);
        }
        snprintf(field, sizeof field, "%s.address", what);
        check_address(c, &n->address, field);
        snprintf(field, sizeof field, "%s.vendor", what);
        check_range(c, &n->vendor, field, 0, 65535);
        snprintf(field, sizeof field, "%s.memory.text", what);
        check_memory(c, &n->memory_text, field);
        snprintf(field, sizeof field, "%s.memory.data", what);
        check_memory(c, &n->memory_data, field);
        check_key(c, &n->key, what);
        check_chip(c, n, what);
        for (size_t j = 0; j < i; j++) {
            const struct cw_descriptor_node *other = &d->nodes[j];
            if (n->name.value != NULL && other->name.value != NULL &&
                    strcmp(n->name.value, other->name.value) == 0) {
                wrong(c, n->name.at, "%s.name: found \"%s\" again, expected a name of its own "
                                     "(first in line %u)",
                        what, n->name.value, other->name.at.line);
            }
            if (n->address.value != NULL && other->address.value != NULL &&
                    strcmp(n->address.value, other->address.value) == 0) {
                wrong(c, n->address.at, "%s.address: found \"%s\" again, expected an address of "
                                        "its own (first in line %u)",
                        what, n->address.value, other->address.at.line);
            }
        }
    }
    if (d->tree != NULL && d->nodes != NULL && d->node_count == 0) {
        wrong(c, d->tree->at, "nodes: found an empty list, expected at least one node");
    }
}

static const struct cw_descriptor_node *node_named(struct checker *c, const struct cw_text *name,
        const char *what)
{
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < c->d->node_count; i++) {
        const char *candidate = c->d->nodes[i].name.value;
        if (candidate == NULL) {
            continue;
        }
        if (strcmp(candidate, name->value) == 0) {
            return &c->d->nodes[i];
        }
        if (count < 255) {
            names[count++] = candidate;
        }
    }
    names[count] = NULL;
    const char *nearest = cw_args_nearest(name->value, names);
    wrong(c, name->at, "%s: found \"%s\", which no node is called%s%s%s", what, name->value,
            nearest == NULL ? "" : " (did you mean \"", nearest == NULL ? "" : nearest,
            nearest == NULL ? "" : "\"?)");
    return NULL;
}

static const struct cw_descriptor_module *module_named(struct checker *c,
        const struct cw_text *name, const char *what)
{
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < c->d->module_count; i++) {
        const char *candidate = c->d->modules[i].name.value;
        if (candidate == NULL) {
            continue;
        }
        if (strcmp(candidate, name->value) == 0) {
            return &c->d->modules[i];
        }
        if (count < 255) {
            names[count++] = candidate;
        }
    }
    names[count] = NULL;
    const char *nearest = cw_args_nearest(name->value, names);
    wrong(c, name->at, "%s: found \"%s\", which no module is called%s%s%s", what, name->value,
            nearest == NULL ? "" : " (did you mean \"", nearest == NULL ? "" : nearest,
            nearest == NULL ? "" : "\"?)");
    return NULL;
}

static void check_sources(struct checker *c, const struct cw_descriptor_module *m,
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
            wrong(c, source->at, "%s.sources[%zu]: found \"%s\", expected a file that ends in .c",
                    what, i, source->value);
        } else if (!cw_file_exists(path)) {
            wrong(c, source->at, "%s.sources[%zu]: found \"%s\", but there is no such file in %s",
                    what, i, source->value, c->d->folder);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(m->sources[j].value, source->value) == 0) {
                wrong(c, source->at, "%s.sources[%zu]: found \"%s\" again", what, i,
                        source->value);
            }
        }
        free(path);
    }
}

static void check_device(struct checker *c, const struct cw_descriptor_module *m,
        const char *what)
{
    if (m->on_interrupt.value != NULL && m->device.value == NULL) {
        wrong(c, m->on_interrupt.at,
                "%s: found \"on_interrupt\" without \"device\", whose interrupt it is", what);
    }
    if (m->device.value == NULL || m->node == NULL || m->node->backend == NULL) {
        return;
    }
    if (!m->node->backend->has_device) {
        wrong(c, m->device.at, "%s.device: found \"%s\", but modules on tee \"%s\" cannot own a "
                               "device",
                what, m->device.value, m->node->backend->name);
    }
    for (const struct cw_descriptor_module *other = c->d->modules; other != m; other++) {
        if (other->device.value != NULL && other->node == m->node &&
                strcmp(other->device.value, m->device.value) == 0) {
            wrong(c, m->device.at,
                    "%s.device: found \"%s\", which module \"%s\" owns already (line %u): a device "
                    "has one owner",
                    what, m->device.value, other->name.value == NULL ? "?" : other->name.value,
                    other->device.at.line);
        }
    }
}

static void check_modules(struct checker *c)
{
    struct cw_descriptor *d = c->d;
    for (size_t i = 0; i < d->module_count; i++) {
        struct cw_descriptor_module *m = &d->modules[i];
        char what[64];
        char field[96];
        snprintf(what, sizeof what, "modules[%zu]", i);
        snprintf(field, sizeof field, "%s.name", what);
        check_name(c, &m->name, field);
        snprintf(field, sizeof field, "%s.node", what);
        if (m->node_name.value != NULL) {
            m->node = node_named(c, &m->node_name, field);
        }
        snprintf(field, sizeof field, "%s.on_interrupt", what);
        check_identifier(c, &m->on_interrupt, field);
        snprintf(field, sizeof field, "%s.device", what);
        check_name(c, &m->device, field);
        snprintf(field, sizeof field, "%s.channels", what);
        check_range(c, &m->channels, field, 1, 4096);
        snprintf(field, sizeof field, "%s.serve", what);
        check_address(c, &m->serve, field);
        check_sources(c, m, what);
        check_device(c, m, what);
        for (size_t j = 0; j < i; j++) {
            const struct cw_descriptor_module *other = &d->modules[j];
            if (m->name.value != NULL && other->name.value != NULL &&
                    strcmp(m->name.value, other->name.value) == 0) {
                wrong(c, m->name.at, "%s.name: found \"%s\" again, expected a name of its own "
                                     "(first in line %u)",
                        what, m->name.value, other->name.at.line);
            }
            if (m->serve.value != NULL && other->serve.value != NULL && m->node == other->node &&
                    strcmp(m->serve.value, other->serve.value) == 0) {
                wrong(c, m->serve.at, "%s.serve: found \"%s\" again on the same node", what,
                        m->serve.value);
            }
        }
    }
}

static void check_periodic(struct checker *c)
{
    struct cw_descriptor *d = c->d;
    for (size_t i = 0; i < d->periodic_count; i++) {
        struct cw_descriptor_periodic *p = &d->periodic[i];
        char field[96];
        snprintf(field, sizeof field, "periodic_events[%zu].module", i);
        if (p->module_name.value != NULL) {
            p->module = module_named(c, &p->module_name, field);
        }
        snprintf(field, sizeof field, "periodic_events[%zu].name", i);
        check_name(c, &p->name, field);
        snprintf(field, sizeof field, "periodic_events[%zu].entry", i);
        check_identifier(c, &p->entry, field);
        snprintf(field, sizeof field, "periodic_events[%zu].every_ms", i);
        check_range(c, &p->every_ms, field, 1, 86400000);
        for (size_t j = 0; j < i; j++) {
            const struct cw_descriptor_periodic *other = &d->periodic[j];
            if (p->name.value != NULL && other->name.value != NULL &&
                    strcmp(p->name.value, other->name.value) == 0) {
                wrong(c, p->name.at, "periodic_events[%zu].name: found \"%s\" again", i,
                        p->name.value);
            }
            if (p->module != NULL && p->module == other->module && p->entry.value != NULL &&
                    other->entry.value != NULL &&
                    strcmp(p->entry.value, other->entry.value) == 0) {
                wrong(c, p->at, "periodic_events[%zu]: found the entry \"%s\" of \"%s\" again", i,
                        p->entry.value, p->module_name.value);
            }
        }
    }
}

/* The two ends pair up: one source, one target, of kinds that belong together. */
static void check_shape(struct checker *c, struct cw_descriptor_connection *n, const char *what)
{
    bool direct = n->direct.is_set && n->direct.value != 0;
    bool has_from = n->from_module.value != NULL || n->from_output.value != NULL ||
            n->from_request.value != NULL;
    if (direct && has_from) {
        wrong(c, n->at, "%s: found \"direct\": true and a source, expected one of them: the owner "
                        "is the source of a direct connection",
                what);
    } else if (!direct && !has_from) {
        wrong(c, n->at, "%s: found no source, expected \"from_module\" with \"from_output\" or "
                        "\"from_request\", or \"direct\": true",
                what);
    } else if (!direct && n->from_module.value == NULL) {
        wrong(c, n->at, "%s: found no \"from_module\", expected the module whose output or "
                        "request it is",
                what);
    } else if (!direct && (n->from_output.value == NULL) == (n->from_request.value == NULL)) {
        wrong(c, n->at, "%s: found %s, expected one of \"from_output\" and \"from_request\"", what,
                n->from_output.value == NULL ? "neither" : "both");
    }
    if ((n->to_input.value == NULL) == (n->to_handler.value == NULL)) {
        wrong(c, n->at, "%s: found %s, expected one of \"to_input\" and \"to_handler\"", what,
                n->to_input.value == NULL ? "neither" : "both");
    } else if (n->from_output.value != NULL && n->from_request.value == NULL &&
            n->to_handler.value != NULL) {
        wrong(c, n->to_handler.at,
                "%s: found an output connected with a handler, expected \"to_input\": an output "
                "goes to an input, a request to a handler",
                what);
    } else if (n->from_request.value != NULL && n->from_output.value == NULL &&
            n->to_input.value != NULL) {
        wrong(c, n->to_input.at,
                "%s: found a request connected with an input, expected \"to_handler\": an input "
                "answers nothing",
                what);
    }
}

static void check_cipher(struct checker *c, struct cw_descriptor_connection *n, const char *what)
{
    static const char *const ciphers[] = {"spongent", "aes", NULL};
    static const char *const modes[] = {"strict", "latest", NULL};
    char field[96];
    if (n->encryption.value != NULL) {
        snprintf(field, sizeof field, "%s.encryption", what);
        int cipher = check_choice(c, &n->encryption, field, ciphers);
        n->cipher = cipher == 1 ? CW_CIPHER_AES : CW_CIPHER_SPONGENT;
    }
    n->mode = n->to_handler.value != NULL ? CW_MODE_REQUEST : CW_MODE_STRICT;
    if (n->delivery.value != NULL) {
        snprintf(field, sizeof field, "%s.delivery", what);
        int mode = check_choice(c, &n->delivery, field, modes);
        if (n->mode == CW_MODE_REQUEST) {
            wrong(c, n->delivery.at, "%s: found \"delivery\" on a request, which is delivered at "
                                     "most once, always",
                    field);
        } else if (mode == 1) {
            n->mode = CW_MODE_LATEST;
        }
    }
    if (n->window.is_set && n->mode != CW_MODE_STRICT) {
        wrong(c, n->window.at, "%s.window: found one, but only delivery \"strict\" has a window",
                what);
    }
    snprintf(field, sizeof field, "%s.window", what);
    check_range(c, &n->window, field, 1, 1024);
    snprintf(field, sizeof field, "%s.rekey_log2", what);
    check_range(c, &n->rekey_log2, field, 2, 62);
}

/* What the chip at one end cannot do. */
static void check_end(struct checker *c, const struct cw_descriptor_connection *n,
        const struct cw_descriptor_module *m, const char *what)
{
    if (m == NULL || m->node == NULL || m->node->backend == NULL || n->cipher != CW_CIPHER_AES) {
        return;
    }
    const struct cw_owner_backend *b = m->node->backend;
    if (!b->has_aes) {
        wrong(c, n->encryption.at,
                "%s.encryption: found \"aes\", but module \"%s\" is on node \"%s\", whose chip "
                "(%s) has no AES and no room for it in software: expected \"spongent\"",
                what, m->name.value, m->node->name.value, b->name);
    } else if (b->freshness == CW_FRESH_NONE) {
        wrong(c, n->encryption.at,
                "%s.encryption: found \"aes\", but module \"%s\" is on tee \"%s\", where a start "
                "can be repeated (freshness none), and a nonce with it: expected \"spongent\"",
                what, m->name.value, b->name);
    }
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static const char *source_of(const struct cw_descriptor_connection *n)
{
    return n->from_output.value != NULL ? n->from_output.value : text_or(n->from_request.value, "");
}

static const char *target_of(const struct cw_descriptor_connection *n)
{
    return n->to_input.value != NULL ? n->to_input.value : text_or(n->to_handler.value, "");
}

static void check_twins(struct checker *c, const struct cw_descriptor_connection *n,
        const char *what)
{
    for (const struct cw_descriptor_connection *other = c->d->connections; other != n; other++) {
        if (n->name.value != NULL && other->name.value != NULL &&
                strcmp(n->name.value, other->name.value) == 0) {
            if (n->made_name == NULL || other->made_name == NULL) {
                wrong(c, n->made_name == NULL ? n->name.at : n->at,
                        "%s.name: found \"%s\" again, expected a name of its own (first in line "
                        "%u)",
                        what, n->name.value, other->at.line);
            } else if (n->direct.is_set && other->direct.is_set) {
                wrong(c, n->at,
                        "%s: found a second direct connection to \"%s\" without a name (first in "
                        "line %u), expected \"name\"",
                        what, n->name.value, other->at.line);
            }
        }
        if (n->to != NULL && n->to == other->to && n->from == other->from &&
                n->from_module.value != NULL && other->from_module.value != NULL &&
                strcmp(source_of(n), source_of(other)) == 0 &&
                strcmp(target_of(n), target_of(other)) == 0) {
            wrong(c, n->at, "%s: found the same two ends as in line %u", what, other->at.line);
        } else if (n->from_request.value != NULL && n->from != NULL && n->from == other->from &&
                other->from_request.value != NULL &&
                strcmp(n->from_request.value, other->from_request.value) == 0) {
            wrong(c, n->from_request.at,
                    "%s: found a second handler of the request \"%s\" of \"%s\", expected one: a "
                    "request has one answer (first in line %u)",
                    what, n->from_request.value, n->from_module.value, other->at.line);
        }
    }
}

static void check_connections(struct checker *c)
{
    struct cw_descriptor *d = c->d;
    for (size_t i = 0; i < d->connection_count; i++) {
        struct cw_descriptor_connection *n = &d->connections[i];
        char what[64];
        char field[96];
        snprintf(what, sizeof what, "connections[%zu]", i);
        snprintf(field, sizeof field, "%s.name", what);
        check_name(c, &n->name, field);
        check_shape(c, n, what);
        check_cipher(c, n, what);
        snprintf(field, sizeof field, "%s.from_module", what);
        if (n->from_module.value != NULL) {
            n->from = module_named(c, &n->from_module, field);
        }
        snprintf(field, sizeof field, "%s.to_module", what);
        if (n->to_module.value != NULL) {
            n->to = module_named(c, &n->to_module, field);
        }
        if (n->from != NULL && n->from == n->to) {
            wrong(c, n->to_module.at,
                    "%s: found \"%s\" at both ends, expected two modules: a module calls its own "
                    "functions",
                    what, n->to_module.value);
        }
        snprintf(field, sizeof field, "%s.from_output", what);
        check_identifier(c, &n->from_output, field);
        snprintf(field, sizeof field, "%s.from_request", what);
        check_identifier(c, &n->from_request, field);
        snprintf(field, sizeof field, "%s.to_input", what);
        check_identifier(c, &n->to_input, field);
        snprintf(field, sizeof field, "%s.to_handler", what);
        check_identifier(c, &n->to_handler, field);
        check_end(c, n, n->from, what);
        check_end(c, n, n->to, what);
        if (n->name.value == NULL) {
            n->made_name = n->from_module.value == NULL
                    ? cw_memory_format("%s.%s", text_or(n->to_module.value, "?"), target_of(n))
                    : cw_memory_format("%s.%s-%s.%s", n->from_module.value, source_of(n),
                              text_or(n->to_module.value, "?"), target_of(n));
            n->name.value = n->made_name;
        }
        check_twins(c, n, what);
    }
}

static void check_ends(struct checker *c)
{
    for (size_t i = 0; i < c->d->module_count; i++) {
        const struct cw_descriptor_module *m = &c->d->modules[i];
        size_t ends = cw_descriptor_ends(c->d, m);
        if (m->channels.is_set && m->channels.value < (long long)ends) {
            wrong(c, m->channels.at,
                    "modules[%zu].channels: found %lld, expected at least %zu: so many ends of "
                    "connections has \"%s\"",
                    i, m->channels.value, ends, text_or(m->name.value, "?"));
        }
    }
}

/* Depth first along requests; path holds the modules from the start to here. */
static bool find_cycle(struct checker *c, const struct cw_descriptor_module **path, size_t depth,
        bool *is_done, size_t *ret_start)
{
    const struct cw_descriptor_module *here = path[depth - 1];
    if (is_done[here - c->d->modules]) {
        return false;
    }
    for (size_t i = 0; i < c->d->connection_count; i++) {
        const struct cw_descriptor_connection *n = &c->d->connections[i];
        if (n->from != here || n->to == NULL || n->from == n->to || n->from_request.value == NULL) {
            continue;
        }
        for (size_t j = 0; j < depth; j++) {
            if (path[j] == n->to) {
                *ret_start = j;
                return true;
            }
        }
        path[depth] = n->to;
        if (find_cycle(c, path, depth + 1, is_done, ret_start)) {
            return true;
        }
        path[depth] = NULL;
    }
    is_done[here - c->d->modules] = true;
    return false;
}

static void report_cycle(struct checker *c, const struct cw_descriptor_module **path, size_t from)
{
    char *text = cw_memory_text("");
    for (size_t i = from; path[i] != NULL; i++) {
        char *longer = cw_memory_format("%s%s -> ", text, text_or(path[i]->name.value, "?"));
        free(text);
        text = longer;
    }
    const struct cw_descriptor_connection *first = NULL;
    for (size_t i = 0; i < c->d->connection_count && first == NULL; i++) {
        const struct cw_descriptor_connection *n = &c->d->connections[i];
        if (n->from == path[from] && n->from_request.value != NULL) {
            first = n;
        }
    }
    wrong(c, first == NULL ? path[from]->at : first->from_request.at,
            "connections: found a cycle of requests, %s%s: each would wait for the next for ever",
            text, text_or(path[from]->name.value, "?"));
    free(text);
}

static void check_cycles(struct checker *c)
{
    size_t count = c->d->module_count;
    const struct cw_descriptor_module **path = cw_memory_new(count + 2, sizeof *path);
    bool *is_done = cw_memory_new(count, sizeof *is_done);
    for (size_t i = 0; i < count; i++) {
        path[0] = &c->d->modules[i];
        size_t start;
        if (find_cycle(c, path, 1, is_done, &start)) {
            report_cycle(c, path, start);
            break; /* one is enough: the others often are the same */
        }
    }
    free(is_done);
    free(path);
}

static void check_freshness(struct checker *c)
{
    if (!cw_descriptor_allows(&c->d->policy.require_freshness, true)) {
        return;
    }
    for (size_t i = 0; i < c->d->node_count; i++) {
        const struct cw_descriptor_node *n = &c->d->nodes[i];
        if (n->backend != NULL && n->backend->freshness == CW_FRESH_NONE) {
            wrong(c, n->tee.at,
                    "nodes[%zu].tee: found \"%s\", whose modules can be made to repeat their past "
                    "(freshness none): allow it by policy \"require_freshness\": false",
                    i, n->backend->name);
        }
    }
}

void cw_descriptor_check(struct cw_descriptor *d, const struct cw_owner_backend *const *backends,
        struct cw_mistakes *mistakes)
{
    struct checker c = {d, mistakes, backends};
    if (d->version.is_set && d->version.value != CW_DESCRIPTOR_VERSION) {
        wrong(&c, d->version.at, "causeway: found %lld, expected %d: the version of descriptors "
                                 "that this program reads",
                d->version.value, CW_DESCRIPTOR_VERSION);
    }
    check_name(&c, &d->name, "name");
    check_nodes(&c);
    check_modules(&c);
    check_connections(&c);
    check_ends(&c);
    check_cycles(&c);
    check_periodic(&c);
    check_freshness(&c);
}
