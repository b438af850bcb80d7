/* SPDX-License-Identifier: MIT */
/* For enclaves on x86-64, where copies of single bytes are most of an event's way: by words. */
#include "core/base/bytes.h"

typedef uint64_t word __attribute__((aligned(1), may_alias));
typedef uint64_t pair __attribute__((vector_size(16), aligned(1), may_alias));
#define WORD sizeof(word)

bool cw_bytes_equal(const void *a, const void *b, size_t len)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
    uint64_t difference = 0;
    for (; len >= WORD; len -= WORD, left += WORD, right += WORD) {
        difference |= *(const volatile word *)left ^ *(const volatile word *)right;
    }
    for (; len > 0; len--) {
        difference |= *(const volatile uint8_t *)left++ ^ *(const volatile uint8_t *)right++;
    }
    return difference == 0;
}

void cw_bytes_wipe(void *bytes, size_t len)
{
    uint8_t *at = bytes;
    for (; len >= WORD; len -= WORD, at += WORD) {
        *(volatile word *)at = 0;
    }
    for (; len > 0; len--) {
        *(volatile uint8_t *)at++ = 0;
    }
}

/* What is left of a word or a pair is copied with some bytes before it, once more. */
void cw_bytes_copy(void *to, const void *from, size_t len)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    if (len >= sizeof(pair)) {
        for (size_t at = 0; at < len - sizeof(pair); at += sizeof(pair)) {
            *(pair *)(target + at) = *(const pair *)(source + at);
        }
        *(pair *)(target + len - sizeof(pair)) = *(const pair *)(source + len - sizeof(pair));
    } else if (len >= WORD) {
        *(word *)target = *(const word *)source;
        *(word *)(target + len - WORD) = *(const word *)(source + len - WORD);
    } else {
        while (len-- > 0) {
            *target++ = *source++;
        }
    }
}
