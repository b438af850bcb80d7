/* SPDX-License-Identifier: MIT */
/*
 * config.h - what the command line of causeway-node says.
 *
 * Memory   Strings point into argv.
 */
#ifndef CW_NODE_CONFIG_H
#define CW_NODE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "posix/args.h"
#include "posix/net.h"
#include "posix/tls.h"
#include "tee/node.h"

#define CW_NODE_LISTEN_MAX 8u
#define CW_NODE_OWNER_MAX 64u
#define CW_NODE_OPTION_MAX 32u
#define CW_NODE_ALLOW_MAX 32u

struct cw_node_config {
    const char *name;
    const struct cw_node_backend *backend;
    const char *state_dir;
    char state_path[512]; /* where state_dir points when nobody chose it */
    const char *listen[CW_NODE_LISTEN_MAX];
    size_t listen_count;
    const char *owners[CW_NODE_OWNER_MAX]; /* fingerprints */
    size_t owner_count;
    struct cw_node_option options[CW_NODE_OPTION_MAX];
    size_t option_count;
    struct cw_net_address allowed[CW_NODE_ALLOW_MAX]; /* port 0: any */
    size_t allowed_count;
    uint64_t store_max_len;
    uint32_t guest_max;
    uint32_t request_timeout_ms;
    uint32_t stream_idle_ms;
    bool json_log;
};

/* cw_config_defaults - everything that has one. */
void cw_config_defaults(struct cw_node_config *ret_config);

/* cw_config_read - backends: ends with NULL. */
cw_args_verdict cw_config_read(int argc, char **argv,
        const struct cw_node_backend *const *backends, struct cw_node_config *ret_config);

#endif
