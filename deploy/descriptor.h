/* SPDX-License-Identifier: MIT */
/*
 * descriptor.h - what app.json says, checked.
 *
 * What     Reading finds the mistakes of form, checking those of meaning; both report all of
 *          them with their places.  What only the built images can tell (is "led" an input?)
 *          is checked by plan.h.
 * Trust    OWNER.
 * Memory   cw_descriptor_free frees all; strings belong to the descriptor.
 */
#ifndef CW_DEPLOY_DESCRIPTOR_H
#define CW_DEPLOY_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "deploy/mistakes.h"
#include "deploy/tree.h"
#include "tee/owner.h"

#define CW_DESCRIPTOR_VERSION 1
#define CW_WINDOW_DEFAULT 16u
#define CW_NAME_MAX 48u        /* of nodes, modules, connections, deployments */
#define CW_ENDPOINT_NAME_MAX 63u

/* A field as it stands in the file; value NULL or is_set false: it is not there. */
struct cw_text {
    const char *value;
    struct cw_place at;
};

struct cw_number {
    long long value;
    struct cw_place at;
    bool is_set;
};

struct cw_descriptor_node {
    struct cw_place at;
    struct cw_text name;
    struct cw_text tee;
    struct cw_text address;
    struct cw_number vendor;
    struct cw_text chip;
    struct cw_text memory_text;
    struct cw_text memory_data;
    struct cw_text key; /* SHA-256 of the node's public key, hex */
    struct cw_text platform;   /* 64 hexadecimal digits: the machine that evidence must come from */
    struct cw_text collateral; /* absolute, or from the descriptor's folder                       */
    struct cw_place appraisal_at; /* of the object "sgx"; line 0: there is none                   */
    struct cw_text *allow_status;
    size_t allow_status_count;
    struct cw_number min_evaluation;
    bool is_local;      /* address "local": this tool runs it   */
    const struct cw_owner_backend *backend;
};

/* A value for a CW_CONFIG of the module. */
struct cw_descriptor_config {
    struct cw_place at;
    struct cw_text name;
    uint8_t *bytes; /* NULL: those of the secret file */
    size_t len;
    struct cw_text secret_file; /* from the descriptor's folder; a file of its user alone */
};

struct cw_descriptor_module {
    struct cw_place at;
    struct cw_text name;
    struct cw_text node_name;
    struct cw_text *sources; /* absolute, or from the descriptor's folder */
    size_t source_count;
    struct cw_text device;
    struct cw_text on_interrupt;
    struct cw_number channels;
    struct cw_text serve;
    struct cw_number debug;
    struct cw_descriptor_config *config;
    size_t config_count;
    const struct cw_descriptor_node *node;
};

struct cw_descriptor_connection {
    struct cw_place at;
    struct cw_text name; /* at.line 0: made from its ends */
    struct cw_number direct;
    struct cw_text from_module;
    struct cw_text from_output;
    struct cw_text from_request;
    struct cw_text to_module;
    struct cw_text to_input;
    struct cw_text to_handler;
    struct cw_text encryption;
    struct cw_text delivery;
    struct cw_number window;
    struct cw_number rekey_log2;
    const struct cw_descriptor_module *from; /* NULL: direct */
    const struct cw_descriptor_module *to;
    uint8_t cipher; /* CW_CIPHER_* */
    uint8_t mode;   /* CW_MODE_*   */
    char *made_name;
};

struct cw_descriptor_periodic {
    struct cw_place at;
    struct cw_text name;
    struct cw_text module_name;
    struct cw_text entry;
    struct cw_number every_ms;
    const struct cw_descriptor_module *module;
};

struct cw_descriptor_policy {
    struct cw_text *allow_debug; /* modules whose debug images may be loaded */
    size_t allow_debug_count;
    struct cw_number allow_emulated;
    struct cw_number allow_unprotected;
    struct cw_number require_freshness;
};

struct cw_descriptor {
    char *folder; /* absolute; sources are looked up there */
    struct cw_tree *tree;
    struct cw_number version;
    struct cw_text name;
    struct cw_descriptor_node *nodes;
    size_t node_count;
    struct cw_descriptor_module *modules;
    size_t module_count;
    struct cw_descriptor_connection *connections;
    size_t connection_count;
    struct cw_descriptor_periodic *periodic;
    size_t periodic_count;
    struct cw_descriptor_policy policy;
};

/*
 * cw_descriptor_load - read and check the descriptor at path.
 *
 * backends  the TEEs that the tool knows, ends with NULL
 * mistakes  receives all that is wrong; mistakes->file is set to path
 *
 * CW_OK      nothing is wrong
 * CW_E_FORM  see the mistakes; there may be no such file
 * CW_E_SYSTEM  reading failed: a line was logged
 */
CW_MUST_CHECK cw_status cw_descriptor_load(const char *path,
        const struct cw_owner_backend *const *backends, struct cw_mistakes *mistakes,
        struct cw_descriptor *ret_descriptor);

/* cw_descriptor_parse - the same for bytes in memory; folder is where sources are. */
CW_MUST_CHECK cw_status cw_descriptor_parse(const char *name, const char *folder,
        const char *bytes, size_t len, const struct cw_owner_backend *const *backends,
        struct cw_mistakes *mistakes, struct cw_descriptor *ret_descriptor);

void cw_descriptor_free(struct cw_descriptor *d);

const struct cw_descriptor_module *cw_descriptor_module(const struct cw_descriptor *d,
        const char *name);
const struct cw_descriptor_connection *cw_descriptor_connection(const struct cw_descriptor *d,
        const char *name);

/* cw_descriptor_ends - how many ends of connections a module has. */
size_t cw_descriptor_ends(const struct cw_descriptor *d, const struct cw_descriptor_module *m);

/* cw_descriptor_allows - a truth value of the policy, or what holds where it is not set. */
bool cw_descriptor_allows(const struct cw_number *field, bool otherwise);

/* cw_descriptor_read_config - the object "config" of a module, into it. */
void cw_descriptor_read_config(struct cw_descriptor_module *m, const struct cw_tree *t,
        const char *module_path, struct cw_mistakes *mistakes);

/* The two halves of loading (descriptor_read.c, descriptor_check.c). */
void cw_descriptor_read(struct cw_descriptor *d, const struct cw_tree *root,
        struct cw_mistakes *mistakes);
void cw_descriptor_check(struct cw_descriptor *d, const struct cw_owner_backend *const *backends,
        struct cw_mistakes *mistakes);

#endif
