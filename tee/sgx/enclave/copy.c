/* SPDX-License-Identifier: MIT */
/*
 * The only file that turns a cw_far into a pointer.
 *
 * Implementation notes.  The arena is read and written by aligned words of 8 bytes alone: narrower
 * or unaligned accesses of untrusted memory can bring stale data of the CPU's buffers in or out
 * (CVE-2022-21233, CVE-2022-21166).  The rest of a word at an end of a range is the host's own, and
 * is given back as it was.
 */
#include "core/base/bytes.h"
#include "tee/sgx/enclave/inside.h"

#define WORD sizeof(uint64_t)
_Static_assert(CW_SGX_ARENA_LEN % WORD == 0, "a word at the end is inside");

static cw_far arena_far;

static uint64_t load(cw_far far)
{
    return *(const volatile uint64_t *)far;
}

static void store(cw_far far, uint64_t word)
{
    *(volatile uint64_t *)far = word;
}

bool cw_arena_open(cw_far far, size_t len)
{
    const cw_far base = (cw_far)__cw_tcs;
    const bool is_whole = len >= CW_SGX_ARENA_LEN && far % WORD == 0 &&
            far <= UINTPTR_MAX - CW_SGX_ARENA_LEN;
    if (!is_whole || (far < base + __cw_elrange_len && far + CW_SGX_ARENA_LEN > base)) {
        return false;
    }
    arena_far = far;
    return true;
}

cw_far cw_arena_place(void)
{
    return arena_far;
}

uint64_t cw_arena_word(size_t offset)
{
    return load(arena_far + offset);
}

void cw_arena_set(size_t offset, uint64_t value)
{
    store(arena_far + offset, value);
}

/* Nothing is read ahead of the answer: lfence. */
static bool is_outside(cw_far far, size_t len)
{
    const bool well = far >= arena_far && far - arena_far <= CW_SGX_ARENA_LEN &&
            len <= CW_SGX_ARENA_LEN - (far - arena_far);
    __asm__ volatile("lfence" : : : "memory");
    return well;
}

cw_status cw_enclave_copy_in(void *ret_to, cw_far from_far, size_t len)
{
    uint8_t *to = ret_to;
    if (!is_outside(from_far, len)) {
        return CW_E_DENIED;
    }
    while (len > 0) {
        const size_t skip = from_far % WORD;
        const size_t count = len < WORD - skip ? len : WORD - skip;
        const uint64_t word = load(from_far - skip);
        cw_bytes_copy(to, (const uint8_t *)&word + skip, count);
        to += count;
        from_far += count;
        len -= count;
    }
    return CW_OK;
}

cw_status cw_enclave_copy_out(cw_far to_far, const void *from, size_t len)
{
    const uint8_t *at = from;
    if (!is_outside(to_far, len)) {
        return CW_E_DENIED;
    }
    while (len > 0) {
        const size_t skip = to_far % WORD;
        const size_t count = len < WORD - skip ? len : WORD - skip;
        uint64_t word = count < WORD ? load(to_far - skip) : 0;
        cw_bytes_copy((uint8_t *)&word + skip, at, count);
        store(to_far - skip, word);
        at += count;
        to_far += count;
        len -= count;
    }
    return CW_OK;
}
