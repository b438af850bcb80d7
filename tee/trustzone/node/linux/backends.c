/* SPDX-License-Identifier: MIT */
/* Every TEE that a node inside the normal world's Linux serves. */
#include "tee/node.h"

const struct cw_node_backend *const cw_node_backends[] = {
        &cw_node_trustzone,
        NULL,
};
