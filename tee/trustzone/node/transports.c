/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/node/link.h"

const struct cw_tz_transport *const cw_tz_transports[] = {
        &cw_tz_link_shim,
        NULL,
};
