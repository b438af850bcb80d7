/* SPDX-License-Identifier: MIT */
/* Connections: two ends that belong together, what their chips can do, no cycle of requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/suite.h"
#include "core/wire/manage.h"
#include "deploy/check.h"
#include "deploy/memory.h"
#include "posix/log.h"

#define wrong(c, place, ...) cw_mistakes_add((c)->mistakes, (place), __VA_ARGS__)

/* The two ends pair up: one source, one target, of kinds that belong together. */
static void check_shape(struct cw_check *c, struct cw_descriptor_connection *n, const char *what)
{
    bool direct = n->direct.is_set && n->direct.value != 0;
    bool has_from = n->from_module.value != NULL || n->from_output.value != NULL ||
            n->from_request.value != NULL;
    if (direct && has_from) {
        wrong(c, n->at, "%s: found \"direct\": true and a source" CW_REMEDY ", expected one of them: the owner "
                        "is the source of a direct connection",
                what);
    } else if (!direct && !has_from) {
        wrong(c, n->at, "%s: found no source" CW_REMEDY ", expected \"from_module\" with \"from_output\" or "
                        "\"from_request\", or \"direct\": true",
                what);
    } else if (!direct && n->from_module.value == NULL) {
        wrong(c, n->at, "%s: found no \"from_module\"" CW_REMEDY ", expected the module whose output or "
                        "request it is",
                what);
    } else if (!direct && (n->from_output.value == NULL) == (n->from_request.value == NULL)) {
        wrong(c, n->at, "%s: found %s" CW_REMEDY ", expected one of \"from_output\" and \"from_request\"", what,
                n->from_output.value == NULL ? "neither" : "both");
    }
    if ((n->to_input.value == NULL) == (n->to_handler.value == NULL)) {
        wrong(c, n->at, "%s: found %s" CW_REMEDY ", expected one of \"to_input\" and \"to_handler\"", what,
                n->to_input.value == NULL ? "neither" : "both");
    } else if (n->from_output.value != NULL && n->from_request.value == NULL &&
            n->to_handler.value != NULL) {
        wrong(c, n->to_handler.at,
                "%s: found an output connected with a handler" CW_REMEDY ", expected \"to_input\": an output "
                "goes to an input, a request to a handler",
                what);
    } else if (n->from_request.value != NULL && n->from_output.value == NULL &&
            n->to_input.value != NULL) {
        wrong(c, n->to_input.at,
                "%s: found a request connected with an input" CW_REMEDY ", expected \"to_handler\": an input "
                "answers nothing",
                what);
    }
}

static void check_cipher(struct cw_check *c, struct cw_descriptor_connection *n, const char *what)
{
    static const char *const ciphers[] = {"spongent", "aes", NULL};
    static const char *const modes[] = {"strict", "latest", NULL};
    char field[96];
    if (n->encryption.value != NULL) {
        snprintf(field, sizeof field, "%s.encryption", what);
        int cipher = cw_check_choice(c, &n->encryption, field, ciphers);
        n->cipher = cipher == 1 ? CW_CIPHER_AES : CW_CIPHER_SPONGENT;
    }
    n->mode = n->to_handler.value != NULL ? CW_MODE_REQUEST : CW_MODE_STRICT;
    if (n->delivery.value != NULL) {
        snprintf(field, sizeof field, "%s.delivery", what);
        int mode = cw_check_choice(c, &n->delivery, field, modes);
        if (n->mode == CW_MODE_REQUEST) {
            wrong(c, n->delivery.at, "%s: found \"delivery\" on a request, which is delivered at "
                                     "most once, always" CW_REMEDY ": take it out",
                    field);
        } else if (mode == 1) {
            n->mode = CW_MODE_LATEST;
        }
    }
    if (n->window.is_set && n->mode != CW_MODE_STRICT) {
        wrong(c, n->window.at, "%s.window: found one, but only delivery \"strict\" has a window" CW_REMEDY
                               ": take it out",
                what);
    }
    snprintf(field, sizeof field, "%s.window", what);
    cw_check_range(c, &n->window, field, 1, 4096);
    snprintf(field, sizeof field, "%s.rekey_log2", what);
    cw_check_range(c, &n->rekey_log2, field, 2, 62);
}

/* What the chip at one end cannot do. */
static void check_end(struct cw_check *c, const struct cw_descriptor_connection *n,
        const struct cw_descriptor_module *m, const char *what)
{
    if (m == NULL || m->node == NULL || m->node->backend == NULL || n->cipher != CW_CIPHER_AES) {
        return;
    }
    const struct cw_owner_backend *b = m->node->backend;
    if (!b->has_aes) {
        wrong(c, n->encryption.at,
                "%s.encryption: found \"aes\", but module \"%s\" is on node \"%s\", whose chip "
                "(%s) has no AES and no room for it in software" CW_REMEDY ": expected \"spongent\"",
                what, m->name.value, m->node->name.value, b->name);
    } else if (b->freshness == CW_FRESH_NONE) {
        wrong(c, n->encryption.at,
                "%s.encryption: found \"aes\", but module \"%s\" is on tee \"%s\", where a start "
                "can be repeated (freshness none), and a nonce with it" CW_REMEDY
                ": expected \"spongent\"",
                what, m->name.value, b->name);
    }
}

static const char *source_of(const struct cw_descriptor_connection *n)
{
    return n->from_output.value != NULL ? n->from_output.value : cw_check_text(n->from_request.value, "");
}

static const char *target_of(const struct cw_descriptor_connection *n)
{
    return n->to_input.value != NULL ? n->to_input.value : cw_check_text(n->to_handler.value, "");
}

static void check_twins(struct cw_check *c, const struct cw_descriptor_connection *n,
        const char *what)
{
    for (const struct cw_descriptor_connection *other = c->d->connections; other != n; other++) {
        if (n->name.value != NULL && other->name.value != NULL &&
                strcmp(n->name.value, other->name.value) == 0) {
            if (n->made_name == NULL || other->made_name == NULL) {
                wrong(c, n->made_name == NULL ? n->name.at : n->at,
                        "%s.name: found \"%s\" again" CW_REMEDY ", expected a name of its own (first in line "
                        "%u)",
                        what, n->name.value, other->at.line);
            } else if (n->direct.is_set && other->direct.is_set) {
                wrong(c, n->at,
                        "%s: found a second direct connection to \"%s\" without a name (first in "
                        "line %u)" CW_REMEDY ", expected \"name\"",
                        what, n->name.value, other->at.line);
            }
        }
        if (n->to != NULL && n->to == other->to && n->from == other->from &&
                n->from_module.value != NULL && other->from_module.value != NULL &&
                strcmp(source_of(n), source_of(other)) == 0 &&
                strcmp(target_of(n), target_of(other)) == 0) {
            wrong(c, n->at, "%s: found the same two ends as in line %u" CW_REMEDY
                            ", expected each connection once",
                    what, other->at.line);
        } else if (n->from_request.value != NULL && n->from != NULL && n->from == other->from &&
                other->from_request.value != NULL &&
                strcmp(n->from_request.value, other->from_request.value) == 0) {
            wrong(c, n->from_request.at,
                    "%s: found a second handler of the request \"%s\" of \"%s\"" CW_REMEDY ", expected one: a "
                    "request has one answer (first in line %u)",
                    what, n->from_request.value, n->from_module.value, other->at.line);
        }
    }
}

static void check_each(struct cw_check *c)
{
    struct cw_descriptor *d = c->d;
    for (size_t i = 0; i < d->connection_count; i++) {
        struct cw_descriptor_connection *n = &d->connections[i];
        char what[64];
        char field[96];
        snprintf(what, sizeof what, "connections[%zu]", i);
        snprintf(field, sizeof field, "%s.name", what);
        cw_check_name(c, &n->name, field);
        check_shape(c, n, what);
        check_cipher(c, n, what);
        snprintf(field, sizeof field, "%s.from_module", what);
        if (n->from_module.value != NULL) {
            n->from = cw_check_module(c, &n->from_module, field);
        }
        snprintf(field, sizeof field, "%s.to_module", what);
        if (n->to_module.value != NULL) {
            n->to = cw_check_module(c, &n->to_module, field);
        }
        if (n->from != NULL && n->from == n->to) {
            wrong(c, n->to_module.at,
                    "%s: found \"%s\" at both ends" CW_REMEDY ", expected two modules: a module calls its own "
                    "functions",
                    what, n->to_module.value);
        }
        snprintf(field, sizeof field, "%s.from_output", what);
        cw_check_identifier(c, &n->from_output, field);
        snprintf(field, sizeof field, "%s.from_request", what);
        cw_check_identifier(c, &n->from_request, field);
        snprintf(field, sizeof field, "%s.to_input", what);
        cw_check_identifier(c, &n->to_input, field);
        snprintf(field, sizeof field, "%s.to_handler", what);
        cw_check_identifier(c, &n->to_handler, field);
        check_end(c, n, n->from, what);
        check_end(c, n, n->to, what);
        if (n->name.value == NULL) {
            n->made_name = n->from_module.value == NULL
                    ? cw_memory_format("%s.%s", cw_check_text(n->to_module.value, "?"), target_of(n))
                    : cw_memory_format("%s.%s-%s.%s", n->from_module.value, source_of(n),
                              cw_check_text(n->to_module.value, "?"), target_of(n));
            n->name.value = n->made_name;
        }
        check_twins(c, n, what);
    }
}

static void check_ends(struct cw_check *c)
{
    for (size_t i = 0; i < c->d->module_count; i++) {
        const struct cw_descriptor_module *m = &c->d->modules[i];
        size_t ends = cw_descriptor_ends(c->d, m);
        if (m->channels.is_set && m->channels.value < (long long)ends) {
            wrong(c, m->channels.at,
                    "modules[%zu].channels: found %lld" CW_REMEDY ", expected at least %zu: so many ends of "
                    "connections has \"%s\"",
                    i, m->channels.value, ends, cw_check_text(m->name.value, "?"));
        }
    }
}

/* Depth first along requests; path holds the modules from the start to here. */
static bool find_cycle(struct cw_check *c, const struct cw_descriptor_module **path, size_t depth,
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

static void report_cycle(struct cw_check *c, const struct cw_descriptor_module **path, size_t from)
{
    char *text = cw_memory_text("");
    for (size_t i = from; path[i] != NULL; i++) {
        char *longer = cw_memory_format("%s%s -> ", text, cw_check_text(path[i]->name.value, "?"));
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
            "connections: found a cycle of requests, %s%s: each would wait for the next for ever" CW_REMEDY
            "; make one of them an output and an input",
            text, cw_check_text(path[from]->name.value, "?"));
    free(text);
}

static void check_cycles(struct cw_check *c)
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

void cw_check_connections(struct cw_check *c)
{
    check_each(c);
    check_ends(c);
    check_cycles(c);
}
