/* SPDX-License-Identifier: MIT */
/* The owner's side; a module needs the structures alone. */
#include "core/wire/manage.h"

#include "core/base/bytes.h"

struct cw_manage_header cw_manage_header(uint8_t type, uint32_t session, uint32_t seq)
{
    return (struct cw_manage_header){
            .version = CW_VERSION, .type = type, .session = session, .seq = seq};
}

cw_status cw_manage_header_decode(const uint8_t *bytes, size_t len,
        struct cw_manage_header *ret_header)
{
    struct cw_manage_header header;
    if (len < sizeof header) {
        return CW_E_SHORT;
    }
    cw_bytes_copy(&header, bytes, sizeof header);
    if (header.version != CW_VERSION || header.flags != 0) {
        return CW_E_FORM;
    }
    *ret_header = header;
    return CW_OK;
}

cw_status cw_answer_decode(const uint8_t *bytes, size_t len, struct cw_answer *ret_answer)
{
    struct cw_answer answer;
    if (len != sizeof answer) {
        return len < sizeof answer ? CW_E_SHORT : CW_E_FORM;
    }
    cw_bytes_copy(&answer, bytes, sizeof answer);
    if (answer.status > CW_E_SYSTEM) {
        return CW_E_FORM;
    }
    *ret_answer = answer;
    return CW_OK;
}
