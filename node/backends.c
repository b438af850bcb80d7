/* SPDX-License-Identifier: MIT */
/* Every TEE that this node daemon can serve. */
#include "tee/node.h"

const struct cw_node_backend *const cw_node_backends[] = {
        &cw_node_native,
        &cw_node_sancus,
        &cw_node_sgx,
        &cw_node_trustzone,
        NULL,
};
