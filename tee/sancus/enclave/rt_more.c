/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic that clang leaves to routines with names of the MSP430 EABI, for modules that use
 * it; the protocol core does not.  Shifts go by one place at a time, which is what the CPU has.
 * The 64-bit ones come from rt_more_entry.S, since their arguments come in registers of their own.
 */
#include <stddef.h>
#include <stdint.h>

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t i16;
typedef int32_t i32;

void *memmove(void *to, const void *from, size_t len);
int memcmp(const void *a, const void *b, size_t len);
u16 __mspabi_slli(u16 a, u16 places);
u16 __mspabi_srli(u16 a, u16 places);
i16 __mspabi_srai(i16 a, u16 places);
u32 __mspabi_slll(u32 a, u16 places);
u32 __mspabi_srll(u32 a, u16 places);
i32 __mspabi_sral(i32 a, u16 places);
u32 __mspabi_mpyl(u32 a, u32 b);
u16 __mspabi_divu(u16 a, u16 b);
u16 __mspabi_remu(u16 a, u16 b);
i16 __mspabi_divi(i16 a, i16 b);
i16 __mspabi_remi(i16 a, i16 b);
u32 __mspabi_divul(u32 a, u32 b);
u32 __mspabi_remul(u32 a, u32 b);
i32 __mspabi_divli(i32 a, i32 b);
i32 __mspabi_remli(i32 a, i32 b);
u64 __ashldi3(u64 a, u16 places);
u64 __lshrdi3(u64 a, u16 places);
u64 __ashrdi3(u64 a, u16 places);
void cw_rt_multiply(u64 *a_product, u64 *b);
void cw_rt_divide(u64 *a_quotient, u64 *b_remainder);
void cw_rt_divide_signed(u64 *a_quotient, u64 *b_remainder);

void *memmove(void *to, const void *from, size_t len)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    if ((uintptr_t)target < (uintptr_t)source) {
        for (size_t i = 0; i < len; i++) {
            target[i] = source[i];
        }
    } else {
        while (len > 0) {
            len--;
            target[len] = source[len];
        }
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
    for (size_t i = 0; i < len; i++) {
        if (left[i] != right[i]) {
            return left[i] - right[i];
        }
    }
    return 0;
}

u16 __mspabi_slli(u16 a, u16 places)
{
    for (; places > 0; places--) {
        a = (u16)(a << 1);
    }
    return a;
}

u16 __mspabi_srli(u16 a, u16 places)
{
    for (; places > 0; places--) {
        a = (u16)(a >> 1);
    }
    return a;
}

i16 __mspabi_srai(i16 a, u16 places)
{
    for (; places > 0; places--) {
        a = (i16)(a >> 1);
    }
    return a;
}

u32 __mspabi_slll(u32 a, u16 places)
{
    for (; places > 0; places--) {
        a <<= 1;
    }
    return a;
}

u32 __mspabi_srll(u32 a, u16 places)
{
    for (; places > 0; places--) {
        a >>= 1;
    }
    return a;
}

i32 __mspabi_sral(i32 a, u16 places)
{
    for (; places > 0; places--) {
        a >>= 1;
    }
    return a;
}

u64 __ashldi3(u64 a, u16 places)
{
    for (; places > 0; places--) {
        a <<= 1;
    }
    return a;
}

u64 __lshrdi3(u64 a, u16 places)
{
    for (; places > 0; places--) {
        a >>= 1;
    }
    return a;
}

u64 __ashrdi3(u64 a, u16 places)
{
    for (; places > 0; places--) {
        a = (u64)((int64_t)a >> 1);
    }
    return a;
}

u32 __mspabi_mpyl(u32 a, u32 b)
{
    u32 product = 0;
    for (; b != 0; b >>= 1) {
        product += (b & 1) != 0 ? a : 0;
        a <<= 1;
    }
    return product;
}

void cw_rt_multiply(u64 *a_product, u64 *b)
{
    u64 a = *a_product;
    u64 product = 0;
    for (u64 rest = *b; rest != 0; rest >>= 1) {
        product += (rest & 1) != 0 ? a : 0;
        a <<= 1;
    }
    *a_product = product;
}

/* Quotient and remainder by shift and subtract.  Division by zero: all ones, and a. */
static u32 divide(u32 a, u32 b, u32 *ret_remainder)
{
    u32 rest = 0;
    for (uint8_t i = 0; i < 32; i++) {
        u32 over = rest >> 31;
        rest = rest << 1 | a >> 31;
        a <<= 1;
        if (over != 0 || rest >= b) {
            rest -= b;
            a |= 1;
        }
    }
    *ret_remainder = rest;
    return a;
}

static u32 magnitude(i32 a)
{
    return a < 0 ? 0 - (u32)a : (u32)a;
}

u32 __mspabi_divul(u32 a, u32 b)
{
    u32 rest;
    return divide(a, b, &rest);
}

u32 __mspabi_remul(u32 a, u32 b)
{
    u32 rest;
    (void)divide(a, b, &rest);
    return rest;
}

i32 __mspabi_divli(i32 a, i32 b)
{
    u32 rest;
    u32 quotient = divide(magnitude(a), magnitude(b), &rest);
    return (i32)((a < 0) == (b < 0) ? quotient : 0 - quotient);
}

i32 __mspabi_remli(i32 a, i32 b)
{
    u32 rest;
    (void)divide(magnitude(a), magnitude(b), &rest);
    return (i32)(a < 0 ? 0 - rest : rest);
}

u16 __mspabi_divu(u16 a, u16 b)
{
    return (u16)__mspabi_divul(a, b);
}

u16 __mspabi_remu(u16 a, u16 b)
{
    return (u16)__mspabi_remul(a, b);
}

i16 __mspabi_divi(i16 a, i16 b)
{
    return (i16)__mspabi_divli(a, b);
}

i16 __mspabi_remi(i16 a, i16 b)
{
    return (i16)__mspabi_remli(a, b);
}

void cw_rt_divide(u64 *a_quotient, u64 *b_remainder)
{
    u64 a = *a_quotient;
    u64 b = *b_remainder;
    u64 rest = 0;
    for (uint8_t i = 0; i < 64; i++) {
        u64 over = rest >> 63;
        rest = rest << 1 | a >> 63;
        a <<= 1;
        if (over != 0 || rest >= b) {
            rest -= b;
            a |= 1;
        }
    }
    *a_quotient = a;
    *b_remainder = rest;
}

void cw_rt_divide_signed(u64 *a_quotient, u64 *b_remainder)
{
    u16 a_minus = (u16)(*a_quotient >> 63);
    u16 b_minus = (u16)(*b_remainder >> 63);
    if (a_minus != 0) {
        *a_quotient = 0 - *a_quotient;
    }
    if (b_minus != 0) {
        *b_remainder = 0 - *b_remainder;
    }
    cw_rt_divide(a_quotient, b_remainder);
    if (a_minus != b_minus) {
        *a_quotient = 0 - *a_quotient;
    }
    if (a_minus != 0) {
        *b_remainder = 0 - *b_remainder;
    }
}
