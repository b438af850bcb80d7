/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_port.h"

#include <stdlib.h>
#include <string.h>

#include "core/crypto/spongent.h"

struct fake_port fake_port;

uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN])
{
    memcpy(ret_start, fake_port.start, CW_START_LEN);
    return fake_port.kind;
}

cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len)
{
    memset(ret_bytes, 0x5a, len);
    return CW_OK;
}

void cw_enclave_derive(const uint8_t *context, size_t context_len,
        uint8_t ret_key[static CW_KEY_LEN])
{
    cw_spongent_mac(fake_port.root_key, context, context_len, ret_key);
}

cw_status cw_enclave_evidence(const uint8_t report[static 32], uint8_t *ret_evidence, size_t cap,
        size_t *ret_len)
{
    if (cap < 32) {
        return CW_E_SPACE;
    }
    memcpy(ret_evidence, report, 32);
    *ret_len = 32;
    return CW_OK;
}

cw_status cw_enclave_copy_in(void *ret_to, cw_far from_far, size_t len)
{
    fake_port.copies_in++;
    fake_port.last_in = (const void *)from_far;
    if (len != 0) {
        memcpy(ret_to, (const void *)from_far, len);
    }
    return CW_OK;
}

cw_status cw_enclave_copy_out(cw_far to_far, const void *from, size_t len)
{
    fake_port.copies_out++;
    if (len != 0) {
        memcpy((void *)to_far, from, len);
    }
    return CW_OK;
}

void cw_enclave_leave(cw_return value, struct cw_call *ret_next)
{
    fake_port.outside(value, ret_next);
}

_Noreturn void cw_enclave_abort(void)
{
    abort();
}
