/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/der.h"

#include <string.h>

struct cw_der cw_der_over(const uint8_t *bytes, size_t len)
{
    return (struct cw_der){.next = bytes, .left_len = len};
}

static struct cw_der fail(struct cw_der *d)
{
    d->failed = true;
    return (struct cw_der){.failed = true};
}

/* Tags of one byte, lengths in the shortest form, up to 16 MiB. */
static struct cw_der enter_any(struct cw_der *d, unsigned *ret_tag)
{
    *ret_tag = 0;
    if (d->failed || d->left_len < 2 || (d->next[0] & 0x1fu) == 0x1fu) {
        return fail(d);
    }
    size_t len = d->next[1];
    size_t head_len = 2;
    if (len >= 0x80) {
        size_t count = len - 0x80;
        if (count < 1 || count > 3 || d->left_len < 2 + count) {
            return fail(d);
        }
        len = 0;
        for (size_t i = 0; i < count; i++) {
            len = len << 8 | d->next[2 + i];
        }
        head_len += count;
        if (len < 0x80 || (count > 1 && len >> (8 * (count - 1)) == 0)) {
            return fail(d);
        }
    }
    if (len > d->left_len - head_len) {
        return fail(d);
    }
    struct cw_der inner = {.next = d->next + head_len, .left_len = len};
    *ret_tag = d->next[0];
    d->next += head_len + len;
    d->left_len -= head_len + len;
    return inner;
}

struct cw_der cw_der_enter(struct cw_der *d, unsigned tag)
{
    unsigned found;
    struct cw_der inner = enter_any(d, &found);
    return !inner.failed && found != tag ? fail(d) : inner;
}

void cw_der_skip(struct cw_der *d)
{
    unsigned found;
    (void)enter_any(d, &found);
}

uint32_t cw_der_uint(struct cw_der *d, unsigned tag, uint32_t max)
{
    struct cw_der value = cw_der_enter(d, tag);
    bool is_shortest = !value.failed && value.left_len >= 1 && value.left_len <= 5 &&
            value.next[0] < 0x80 &&
            (value.left_len == 1 || value.next[0] != 0 || value.next[1] >= 0x80);
    if (!is_shortest) {
        (void)fail(d);
        return 0;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < value.left_len; i++) {
        number = number << 8 | value.next[i];
    }
    if (number > max) {
        (void)fail(d);
        return 0;
    }
    return (uint32_t)number;
}

void cw_der_octets(struct cw_der *d, uint8_t *ret_bytes, size_t len)
{
    struct cw_der value = cw_der_enter(d, CW_DER_OCTETS);
    if (value.failed || value.left_len != len) {
        (void)fail(d);
        memset(ret_bytes, 0, len);
        return;
    }
    memcpy(ret_bytes, value.next, len);
}

bool cw_der_finish(const struct cw_der *d)
{
    return !d->failed && d->left_len == 0;
}
