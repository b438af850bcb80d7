/* SPDX-License-Identifier: MIT */
/*
 * check.h - what the checks of a descriptor share; private to descriptor_*.c.
 *
 * `what` is how a message calls the field: "nodes[0].name".
 */
#ifndef CW_DEPLOY_CHECK_H
#define CW_DEPLOY_CHECK_H

#include "deploy/descriptor.h"

struct cw_check {
    struct cw_descriptor *d;
    struct cw_mistakes *mistakes;
    const struct cw_owner_backend *const *backends;
};

/* cw_check_is_name - can a node, a module, a connection or an application be called so? */
bool cw_check_is_name(const char *name, size_t max);

/* Nothing is said of fields that are not there. */
void cw_check_name(struct cw_check *c, const struct cw_text *name, const char *what);
void cw_check_identifier(struct cw_check *c, const struct cw_text *name, const char *what);
void cw_check_range(struct cw_check *c, const struct cw_number *number, const char *what,
        long long least, long long most);

/* cw_check_choice - the word's index in a list that ends with NULL; -1 after a mistake. */
int cw_check_choice(struct cw_check *c, const struct cw_text *word, const char *what,
        const char *const *list);

/* cw_check_module - the module of that name, or NULL after a mistake. */
const struct cw_descriptor_module *cw_check_module(struct cw_check *c,
        const struct cw_text *name, const char *what);

/* cw_check_connections - all that is said of connections. */
void cw_check_connections(struct cw_check *c);

static inline const char *cw_check_text(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

#endif
