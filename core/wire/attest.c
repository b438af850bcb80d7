/* SPDX-License-Identifier: MIT */
/* The owner's side; a module needs the structures alone. */
#include "core/wire/attest.h"

#include "core/base/bytes.h"

void cw_attest_encode(const uint8_t nonce[static CW_NONCE_LEN],
        uint8_t ret_bytes[static CW_ATTEST_LEN])
{
    cw_bytes_wipe(ret_bytes, CW_ATTEST_LEN);
    ret_bytes[0] = CW_VERSION;
    ret_bytes[1] = CW_MANAGE_ATTEST;
    cw_bytes_copy(ret_bytes + 4, nonce, CW_NONCE_LEN);
}

cw_status cw_evidence_decode(const uint8_t bytes[static CW_EVIDENCE_LEN],
        struct cw_evidence *ret_evidence)
{
    struct cw_evidence evidence;
    cw_bytes_copy(&evidence, bytes, sizeof evidence);
    if (evidence.version != CW_VERSION ||
            evidence.type != (CW_MANAGE_ATTEST | CW_MANAGE_ANSWER) ||
            evidence.kind > CW_FRESH_RANDOM || evidence.state > CW_STATE_DISABLED) {
        return CW_E_FORM;
    }
    *ret_evidence = evidence;
    return CW_OK;
}
