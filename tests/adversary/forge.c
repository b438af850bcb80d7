/* SPDX-License-Identifier: MIT */
#include "tests/adversary/forge.h"

#include <string.h>

static struct cw_forge_element add(struct cw_forge_element a, struct cw_forge_element b)
{
    for (size_t i = 0; i < CW_FORGE_BLOCK; i++) {
        a.bytes[i] ^= b.bytes[i];
    }
    return a;
}

static bool is_zero(struct cw_forge_element a)
{
    const struct cw_forge_element zero = {{0}};
    return memcmp(&a, &zero, sizeof zero) == 0;
}

/* times x: one bit further, reduced by x^128 + x^7 + x^2 + x + 1 */
static struct cw_forge_element twice(struct cw_forge_element a)
{
    const uint8_t out = a.bytes[CW_FORGE_BLOCK - 1] & 1;
    for (size_t i = CW_FORGE_BLOCK - 1; i > 0; i--) {
        a.bytes[i] = (uint8_t)(a.bytes[i] >> 1 | a.bytes[i - 1] << 7);
    }
    a.bytes[0] = (uint8_t)(a.bytes[0] >> 1 ^ (out ? 0xe1 : 0));
    return a;
}

struct cw_forge_element cw_forge_multiply(struct cw_forge_element a, struct cw_forge_element b)
{
    struct cw_forge_element product = {{0}};
    for (unsigned bit = 0; bit < 8 * CW_FORGE_BLOCK; bit++) {
        if ((b.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) {
            product = add(product, a);
        }
        a = twice(a);
    }
    return product;
}

/* a^(2^128 - 2), the product of the squares a^2, a^4 ... a^(2^127) */
struct cw_forge_element cw_forge_invert(struct cw_forge_element a)
{
    struct cw_forge_element inverse = {{0x80}};
    for (unsigned i = 1; i < 8 * CW_FORGE_BLOCK; i++) {
        a = cw_forge_multiply(a, a);
        inverse = cw_forge_multiply(inverse, a);
    }
    return is_zero(a) ? a : inverse;
}

bool cw_forge_power(const struct cw_forge_seen *first, const struct cw_forge_seen *second,
        struct cw_forge_element *ret_power, bool *ret_constant_iv)
{
    const struct cw_forge_element difference = add(first->ad, second->ad);
    if (is_zero(difference) || first->cipher_len != second->cipher_len) {
        return false;
    }
    *ret_constant_iv = first->cipher_len == 0
            || memcmp(first->cipher, second->cipher, first->cipher_len) == 0;
    *ret_power = cw_forge_multiply(add(first->tag, second->tag), cw_forge_invert(difference));
    return true;
}

struct cw_forge_element cw_forge_tag(const struct cw_forge_seen *first,
        struct cw_forge_element power, struct cw_forge_element ad)
{
    return add(first->tag, cw_forge_multiply(add(first->ad, ad), power));
}
