/* SPDX-License-Identifier: MIT */
/*
 * many.c - several inputs of one entry, as a node lays them side by side.
 *
 * Input    room for items 2; then what the node brings: one or more times length 4, bytes.  The
 *          first two bytes of an input say how its entry comes back: result (and with 0x80, that
 *          it left in the middle before), and how many bytes of items it leaves.
 * Holds    inputs are served in order, each once, inside what was brought; items lie side by side
 *          inside the room; the answer tells all of them, and how many came before the last.
 * Plant    sdk/many.c s/return call->in_len <= left - sizeof bytes;/return true;/
 */
#include "fuzz/input.h"
#include "sdk/many.h"
#include "sdk/run.h"

static struct {
    struct cw_call all;
    size_t in_used, items_len;
    uint32_t entered;
    bool is_answered;
} node;

static void answer(cw_return value)
{
    cw_return told;
    uint32_t served;
    FUZZ_HOLDS(cw_many_close(value, &told, &served));
    FUZZ_HOLDS(!node.is_answered);
    FUZZ_HOLDS(told >> 24 == value >> 24 && (told & 0xffffff) == node.items_len);
    FUZZ_HOLDS(served + 1 == node.entered ||
            (served == node.entered && value == CW_RETURN(CW_RESULT_REFUSED, 0)));
    FUZZ_HOLDS((told & 0xffffff) <= node.all.out_cap);
    FUZZ_HOLDS(!cw_many_close(value, &told, &served) && told == value && served == 0);
    node.is_answered = true;
}

cw_return cw_run(const struct cw_call *call)
{
    const uint8_t *in = (const uint8_t *)call->in_far;
    FUZZ_HOLDS(!node.is_answered);
    FUZZ_HOLDS(call->in_far == node.all.in_far + node.in_used + 4);
    FUZZ_HOLDS(call->in_len <= node.all.in_len - node.in_used - 4);
    FUZZ_HOLDS(call->out_far == node.all.out_far + node.items_len);
    FUZZ_HOLDS(call->out_cap == node.all.out_cap - node.items_len);
    FUZZ_HOLDS(call->entry == node.all.entry);
    node.in_used += 4 + call->in_len;
    node.entered++;
    const unsigned how = call->in_len > 0 ? in[0] : 0;
    const size_t wanted = call->in_len > 1 ? in[1] : 0;
    const size_t items_len = wanted < call->out_cap ? wanted : call->out_cap;
    const cw_return value = CW_RETURN(how & 3, items_len);
    node.items_len += items_len;
    if ((how & 0x80) != 0) {
        answer(CW_RETURN(CW_RESULT_PENDING, items_len));
    }
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input in = {bytes, len};
    const size_t room = fuzz_u16(&in) % 1024;
    size_t in_len;
    uint8_t *own = fuzz_own(&in, in.left_len, &in_len);
    node.all = (struct cw_call){.in_far = (cw_far)own, .in_len = in_len, .out_far = 0x10000,
            .out_cap = room, .entry = CW_ENTRY_EVENT};
    node.in_used = node.items_len = node.entered = 0;
    node.is_answered = false;
    const cw_return value = cw_many_run(&node.all);
    if (!node.is_answered) {
        answer(value);
    }
    free(own);
    return 0;
}
