/* SPDX-License-Identifier: MIT */
/* Every TEE that the owner's tool knows. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "tee/owner.h"

const struct cw_owner_backend *const cw_owner_backends[] = {
        &cw_owner_native,
        &cw_owner_sancus,
        &cw_owner_sgx,
        &cw_owner_trustzone,
        NULL,
};

void cw_owner_built_free(struct cw_owner_built *built)
{
    free(built->image);
    free(built->endpoints);
    cw_bytes_wipe(built, sizeof *built);
}
