/* SPDX-License-Identifier: MIT */
/*
 * status.h - what a node tells an owner about what is his.
 *
 * Memory   Texts belong to the caller: free().
 */
#ifndef CW_NODE_STATUS_H
#define CW_NODE_STATUS_H

#include "node/node.h"

/*
 * {"name", "tee", "protection", "platform", "version", "protocol", "owners", "time_ms"}; NULL: no
 * memory.
 */
char *cw_status_hello(const struct cw_node *node);

/* Everything of this owner, or of one deployment (NULL: of all); NULL: no memory. */
char *cw_status_of(struct cw_node *node, const char *owner, const uint8_t *deployment);

#endif
