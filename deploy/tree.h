/* SPDX-License-Identifier: MIT */
/*
 * tree.h - a JSON or YAML file as a tree of values that know their place.
 *
 * What     Reads files that end in .json as JSON and all others as YAML.  Aliases and tags of
 *          YAML are mistakes.  Duplicate keys are kept: the reader of the tree sees them.
 * Trust    OWNER.  The file may still be anything: depth and size are bounded.
 * Memory   cw_tree_free frees all; strings belong to the tree.
 */
#ifndef CW_DEPLOY_TREE_H
#define CW_DEPLOY_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/status.h"
#include "deploy/mistakes.h"

#define CW_TREE_FILE_MAX (4u << 20) /* bytes */
#define CW_TREE_DEPTH_MAX 16u

typedef enum cw_tree_kind {
    CW_TREE_OBJECT,
    CW_TREE_LIST,
    CW_TREE_TEXT,   /* a quoted scalar, or a plain one that is nothing else */
    CW_TREE_NUMBER, /* an integer: decimal or 0x...                         */
    CW_TREE_OTHER,  /* a number, but none that a descriptor has: 1.5, 1e3, too long */
    CW_TREE_BOOL,
    CW_TREE_NULL,
} cw_tree_kind;

struct cw_tree {
    cw_tree_kind kind;
    struct cw_place at;
    struct cw_place key_at;
    char *key;  /* in an object, else NULL              */
    char *text; /* of a scalar, as it stands in the file */
    bool is_plain; /* a scalar without quotes */
    long long number; /* NUMBER; BOOL: 0 or 1 */
    struct cw_tree *first;
    struct cw_tree *last;
    struct cw_tree *next;
    struct cw_tree *parent;
    size_t count; /* of children */
};

/*
 * cw_tree_read - path's bytes; name: how mistakes call the file, which decides its language.
 *
 * CW_OK      *ret_root is there
 * CW_E_FORM  not JSON or not YAML: the mistake was added, *ret_root is NULL
 */
CW_MUST_CHECK cw_status cw_tree_read(const char *name, const char *bytes, size_t len,
        struct cw_mistakes *mistakes, struct cw_tree **ret_root);

/* cw_tree_found - what stands there, for a message: `"spongint"`, `12`, `a list`. */
void cw_tree_found(const struct cw_tree *t, char *ret_text, size_t cap);

void cw_tree_free(struct cw_tree *root);

#endif
