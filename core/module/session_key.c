/* SPDX-License-Identifier: MIT */
/* The owner's side: a module derives its three keys as it begins a session. */
#include "core/base/bytes.h"
#include "core/crypto/suite.h"
#include "core/module/module.h"

void cw_module_session_key(uint8_t cipher, const uint8_t master[static CW_KEY_LEN],
        const char label[static 8], uint8_t ret_key[static CW_KEY_LEN])
{
    CW_EVEN uint8_t context[8];
    cw_bytes_copy(context, label, sizeof context);
    cw_suite_derive(cipher, master, context, sizeof context, ret_key);
}
