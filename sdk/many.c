/* SPDX-License-Identifier: MIT */
#include "sdk/many.h"

#include "core/wire/reader.h"
#include "sdk/run.h"

#define LENGTH_LEN 4u

static bool is_open; /* not yet answered */
static uint32_t served;
static size_t items_len;

bool cw_many_close(cw_return value, cw_return *ret_value, uint32_t *ret_served)
{
    const bool was_open = is_open;
    is_open = false;
    *ret_value = was_open ? value + (cw_return)items_len : value;
    *ret_served = was_open ? served : 0;
    return was_open;
}

/* The next input; [left] bytes are in front of the end. */
static bool next(struct cw_call *call, cw_far at, size_t left)
{
    uint8_t bytes[LENGTH_LEN];
    if (left < sizeof bytes || cw_enclave_copy_in(bytes, at, sizeof bytes) != CW_OK) {
        return false;
    }
    struct cw_reader r = cw_reader_over(bytes, sizeof bytes);
    call->in_far = at + sizeof bytes;
    call->in_len = cw_reader_u32(&r);
    return call->in_len <= left - sizeof bytes;
}

cw_return cw_many_run(const struct cw_call *all)
{
    struct cw_call call = *all;
    size_t left = all->in_len;
    is_open = true;
    served = 0;
    items_len = 0;
    for (;;) {
        if (!next(&call, all->in_far + (all->in_len - left), left)) {
            return CW_RETURN(CW_RESULT_REFUSED, 0);
        }
        left -= LENGTH_LEN + call.in_len;
        call.out_far = all->out_far + items_len;
        call.out_cap = all->out_cap - items_len;
        const cw_return value = cw_run(&call);
        const size_t len = value & 0xffffffu;
        if (!is_open || value >> 24 != CW_RESULT_DONE || left == 0 ||
                items_len + len > all->out_cap / 2) {
            return value;
        }
        items_len += len;
        served++;
    }
}
