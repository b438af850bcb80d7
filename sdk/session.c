/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/crypto/suite.h"
#include "sdk/run.h"

cw_status cw_session_finish(struct cw_module *m, const uint8_t *message, size_t len,
        uint8_t master[static CW_KEY_LEN], uint8_t ret_opened[static CW_OPENED_LEN])
{
    CW_EVEN uint8_t key[CW_KEY_LEN];
    CW_EVEN uint8_t tag[CW_TAG_LEN];
    struct cw_open open;
    cw_module_session_key(m->cipher, master, "cw1.opn", key);
    cw_suite_mac(m->cipher, key, message, len, tag);
    cw_bytes_copy(&open, message, sizeof open);
    bool is_owner = cw_bytes_equal(tag, message + len, CW_TAG_LEN) &&
            open.header.version == CW_VERSION && open.header.flags == 0 && open.header.seq == 0;
    cw_status status = is_owner ? cw_module_claim(m, &open, master) : CW_E_AUTH;
    if (status == CW_OK) {
        uint8_t *opened_tag = ret_opened + sizeof open.header + 4;
        open.header.type |= CW_MANAGE_ANSWER;
        cw_bytes_copy(ret_opened, &open.header, sizeof open.header);
        cw_bytes_wipe(ret_opened + sizeof open.header, 4); /* status: CW_OK */
        cw_suite_mac(m->cipher, key, ret_opened, sizeof open.header + 4, opened_tag);
    }
    cw_bytes_wipe(key, sizeof key);
    cw_bytes_wipe(master, CW_KEY_LEN);
    return status;
}
