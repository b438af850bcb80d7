/* SPDX-License-Identifier: MIT */
#include "core/wire/cbor.h"

/* Major types, in the upper three bits of an item's first byte. */
#define UNSIGNED 0u
#define NEGATIVE 1u
#define BYTES 2u
#define TEXT 3u
#define ARRAY 4u
#define MAP 5u
#define TAG 6u
#define SIMPLE 7u

#define FALSE 20u
#define TRUE 21u
#define NIL 22u

/* The lower five bits: the argument itself, or how many bytes it has. */
#define IN_ONE 24u
#define IN_EIGHT 27u

/* --- writing ------------------------------------------------------------------------------------ */

static void put_head(struct cw_writer *w, unsigned major, uint64_t argument)
{
    uint8_t bytes[9];
    uint64_t left = argument;
    size_t at = sizeof bytes;
    unsigned info = IN_ONE;
    unsigned width = 1;
    if (argument < IN_ONE) {
        cw_writer_u8(w, (uint8_t)(major << 5 | (unsigned)argument));
        return;
    }
    while (width < 8 && (width == 1 ? argument > UINT8_MAX
                                    : width == 2 ? argument > UINT16_MAX : argument > UINT32_MAX)) {
        width += width;
        info++;
    }
    for (unsigned i = 0; i < width; i++) {
        bytes[--at] = (uint8_t)left;
        left >>= 8;
    }
    bytes[--at] = (uint8_t)(major << 5 | info);
    cw_writer_bytes(w, bytes + at, sizeof bytes - at);
}

void cw_cbor_put_unsigned(struct cw_writer *w, uint64_t value)
{
    put_head(w, UNSIGNED, value);
}

void cw_cbor_put_integer(struct cw_writer *w, int64_t value)
{
    put_head(w, value < 0 ? NEGATIVE : UNSIGNED, value < 0 ? ~(uint64_t)value : (uint64_t)value);
}

void cw_cbor_put_bytes_head(struct cw_writer *w, size_t len)
{
    put_head(w, BYTES, len);
}

void cw_cbor_put_bytes(struct cw_writer *w, const void *bytes, size_t len)
{
    put_head(w, BYTES, len);
    cw_writer_bytes(w, bytes, len);
}

void cw_cbor_put_text(struct cw_writer *w, const char *text, size_t len)
{
    put_head(w, TEXT, len);
    cw_writer_bytes(w, text, len);
}

void cw_cbor_put_array(struct cw_writer *w, size_t count)
{
    put_head(w, ARRAY, count);
}

void cw_cbor_put_map(struct cw_writer *w, size_t count)
{
    put_head(w, MAP, count);
}

void cw_cbor_put_tag(struct cw_writer *w, uint64_t tag)
{
    put_head(w, TAG, tag);
}

void cw_cbor_put_bool(struct cw_writer *w, bool value)
{
    put_head(w, SIMPLE, value ? TRUE : FALSE);
}

/* --- reading ------------------------------------------------------------------------------------ */

struct head {
    unsigned major;
    uint64_t argument;
};

static const struct head no_head = {SIMPLE, 0};

/* Only the shortest form of an argument. */
static struct head get_head(struct cw_reader *r)
{
    const uint8_t first = cw_reader_u8(r);
    const unsigned info = first & 0x1fu;
    struct head head = {first >> 5, info};
    if (info >= IN_ONE) {
        unsigned width = 1;
        cw_reader_expect(r, info <= IN_EIGHT && head.major != SIMPLE);
        for (unsigned i = IN_ONE; i < info && i < IN_EIGHT; i++) {
            width += width;
        }
        head.argument = 0;
        for (unsigned i = 0; i < width; i++) {
            head.argument = head.argument << 8 | cw_reader_u8(r);
        }
        cw_reader_expect(r, head.argument >= IN_ONE && (width < 2 || head.argument > UINT8_MAX) &&
                        (width < 4 || head.argument > UINT16_MAX) &&
                        (width < 8 || head.argument > UINT32_MAX));
    }
    return r->status == CW_OK ? head : no_head;
}

/* The argument of a head that must be of that kind. */
static uint64_t get(struct cw_reader *r, unsigned major)
{
    const struct head head = get_head(r);
    cw_reader_expect(r, head.major == major);
    return r->status == CW_OK ? head.argument : 0;
}

static const uint8_t *take(struct cw_reader *r, uint64_t len, size_t *ret_len)
{
    const uint8_t *bytes = r->next;
    if (r->status == CW_OK && len > r->left_len) {
        r->status = CW_E_SHORT;
    }
    if (r->status != CW_OK) {
        *ret_len = 0;
        return NULL;
    }
    r->next += len;
    r->left_len -= (size_t)len;
    *ret_len = (size_t)len;
    return bytes;
}

static const uint8_t *take_text(struct cw_reader *r, uint64_t len, size_t *ret_len)
{
    const uint8_t *text = take(r, len, ret_len);
    for (size_t i = 0; i < *ret_len; i++) {
        cw_reader_expect(r, text[i] >= ' ' && text[i] <= '~');
    }
    if (r->status != CW_OK) {
        *ret_len = 0;
        return NULL;
    }
    return text;
}

int64_t cw_cbor_integer(struct cw_reader *r)
{
    const struct head head = get_head(r);
    cw_reader_expect(r, (head.major == UNSIGNED || head.major == NEGATIVE) &&
                    head.argument <= INT64_MAX);
    if (r->status != CW_OK) {
        return 0;
    }
    return head.major == NEGATIVE ? -1 - (int64_t)head.argument : (int64_t)head.argument;
}

uint64_t cw_cbor_unsigned(struct cw_reader *r)
{
    return get(r, UNSIGNED);
}

bool cw_cbor_bool(struct cw_reader *r)
{
    const uint64_t value = get(r, SIMPLE);
    cw_reader_expect(r, value == FALSE || value == TRUE);
    return r->status == CW_OK && value == TRUE;
}

const uint8_t *cw_cbor_bytes(struct cw_reader *r, size_t *ret_len)
{
    return take(r, get(r, BYTES), ret_len);
}

const char *cw_cbor_text(struct cw_reader *r, size_t *ret_len)
{
    return (const char *)take_text(r, get(r, TEXT), ret_len);
}

/* An item has a byte at least, a pair two. */
static size_t get_count(struct cw_reader *r, unsigned major)
{
    const uint64_t count = get(r, major);
    if (r->status == CW_OK && count > (major == MAP ? r->left_len / 2 : r->left_len)) {
        r->status = CW_E_SHORT;
    }
    return r->status == CW_OK ? (size_t)count : 0;
}

size_t cw_cbor_array(struct cw_reader *r)
{
    return get_count(r, ARRAY);
}

void cw_cbor_tag(struct cw_reader *r, uint64_t tag)
{
    const uint64_t found = get(r, TAG);
    cw_reader_expect(r, found == tag);
}

struct cw_cbor_map cw_cbor_map(struct cw_reader *r)
{
    return (struct cw_cbor_map){.left_count = get_count(r, MAP)};
}

bool cw_cbor_map_next(struct cw_cbor_map *map, struct cw_reader *r, int64_t *ret_key)
{
    if (r->status != CW_OK || map->left_count == 0) {
        return false;
    }
    const int64_t key = cw_cbor_integer(r);
    const int64_t last = map->key;
    cw_reader_expect(r, !map->has_key || (key < 0 ? last >= 0 || key < last
                                                  : last >= 0 && key > last));
    if (r->status != CW_OK) {
        return false;
    }
    *map = (struct cw_cbor_map){map->left_count - 1, key, true};
    *ret_key = key;
    return true;
}

/* What is open while an item is skipped: an array, a map or a tag. */
struct open_item {
    uint64_t left_count; /* items; of a map two a pair */
    const uint8_t *key;  /* of a map, the last one, and the one that is being read */
    size_t key_len;
    const uint8_t *next_key;
    bool is_map;
};

/* Keys ascend by their bytes; one that begins another cannot be (an encoding says where it ends). */
static bool is_after(const uint8_t *key, size_t key_len, const struct open_item *o)
{
    for (size_t i = 0; i < key_len && i < o->key_len; i++) {
        if (key[i] != o->key[i]) {
            return key[i] > o->key[i];
        }
    }
    return o->key == NULL;
}

/* An item of `open` ended: whether it was a key, and then whether it is in order. */
static void end_item(struct cw_reader *r, struct open_item *o)
{
    o->left_count--;
    if (o->is_map && (o->left_count & 1) == 1) {
        const size_t len = (size_t)(r->next - o->next_key);
        cw_reader_expect(r, is_after(o->next_key, len, o));
        o->key = o->next_key;
        o->key_len = len;
    }
    o->next_key = r->next;
}

void cw_cbor_skip(struct cw_reader *r)
{
    struct open_item open[CW_CBOR_DEPTH_MAX] = {{.left_count = 1}};
    size_t depth = 1;
    while (depth > 0 && r->status == CW_OK) {
        const struct head head = get_head(r);
        const bool is_map = head.major == MAP;
        size_t len;
        uint64_t count = 0;
        if (head.major == BYTES) {
            (void)take(r, head.argument, &len);
        } else if (head.major == TEXT) {
            (void)take_text(r, head.argument, &len);
        } else if (head.major == TAG) {
            count = 1;
        } else if (head.major == ARRAY || is_map) {
            count = head.argument;
            if (r->status == CW_OK && count > (is_map ? r->left_len / 2 : r->left_len)) {
                r->status = CW_E_SHORT;
            }
            count += is_map ? count : 0;
        } else if (head.major == SIMPLE) {
            cw_reader_expect(r, head.argument >= FALSE && head.argument <= NIL);
        }
        if (count > 0) {
            cw_reader_expect(r, depth < CW_CBOR_DEPTH_MAX);
            if (r->status == CW_OK) {
                open[depth++] = (struct open_item){
                        .left_count = count, .next_key = r->next, .is_map = is_map};
            }
            continue;
        }
        while (depth > 0 && r->status == CW_OK) {
            end_item(r, &open[depth - 1]);
            if (open[depth - 1].left_count > 0) {
                break;
            }
            depth--;
        }
    }
}
