/* SPDX-License-Identifier: MIT */
/*
 * field.h - integers at their places in the manual's structures: little-endian, not aligned.
 *
 * Trust    neutral.
 */
#ifndef CW_SILICON_SGX_FIELD_H
#define CW_SILICON_SGX_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t cw_field_get(const uint8_t *at, unsigned len)
{
    uint64_t value = 0;
    for (unsigned i = len; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}

static inline uint16_t cw_field_u16(const uint8_t *at)
{
    return (uint16_t)cw_field_get(at, 2);
}

static inline uint32_t cw_field_u32(const uint8_t *at)
{
    return (uint32_t)cw_field_get(at, 4);
}

static inline uint64_t cw_field_u64(const uint8_t *at)
{
    return cw_field_get(at, 8);
}

/* cw_field_put - the low [len] bytes of value. */
static inline void cw_field_put(uint8_t *at, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline bool cw_field_is_zero(const uint8_t *at, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= at[i];
    }
    return any == 0;
}

#endif
