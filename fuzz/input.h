/* SPDX-License-Identifier: MIT */
/*
 * input.h - takes the bytes of a fuzz input apart, and states what must hold.
 *
 * What     A target reads its choices (which cipher, which entry) from the front of the input and
 *          gives the rest to the code under test.  Past the end all values are zero.
 * Trust    Test code.
 */
#ifndef CW_FUZZ_INPUT_H
#define CW_FUZZ_INPUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The entry that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct fuzz_input {
    const uint8_t *next;
    size_t left_len;
};

/* What the code under test promises: anything else is a finding. */
#define FUZZ_HOLDS(condition) fuzz_holds((condition), #condition, __FILE__, __LINE__)

/* Where findings are told: tools/run-fuzz closes standard error, for the program's own lines. */
static int fuzz_told = 2;

__attribute__((constructor)) static inline void fuzz_begin(void)
{
    fuzz_told = dup(2);
}

static inline void fuzz_holds(int holds, const char *text, const char *file, int line)
{
    if (!holds) {
        dprintf(fuzz_told, "fuzz: %s:%d: does not hold: %s\n", file, line, text);
        abort();
    }
}

/* At most len bytes into ret_bytes, zeros behind them. */
static inline void fuzz_bytes(struct fuzz_input *in, void *ret_bytes, size_t len)
{
    size_t n = len < in->left_len ? len : in->left_len;
    memset(ret_bytes, 0, len);
    memcpy(ret_bytes, in->next, n);
    in->next += n;
    in->left_len -= n;
}

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
    uint8_t value;
    fuzz_bytes(in, &value, sizeof value);
    return value;
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
    uint16_t value;
    fuzz_bytes(in, &value, sizeof value);
    return value;
}

static inline uint64_t fuzz_u64(struct fuzz_input *in)
{
    uint64_t value;
    fuzz_bytes(in, &value, sizeof value);
    return value;
}

/* The next bytes, at most len, in memory of exactly their length: a byte read past it is seen. */
static inline uint8_t *fuzz_own(struct fuzz_input *in, size_t len, size_t *ret_len)
{
    size_t n = len < in->left_len ? len : in->left_len;
    uint8_t *copy = malloc(n + (n == 0));
    if (copy == NULL) {
        abort();
    }
    fuzz_bytes(in, copy, n);
    *ret_len = n;
    return copy;
}

#endif
