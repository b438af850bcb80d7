/* SPDX-License-Identifier: MIT */
/*
 * cbor.c - an item of CBOR, and a COSE_Sign1.
 *
 * Input    the bytes of an item; what is behind it.
 * Holds    what is taken has no other encoding: written anew, item by item, it has the same bytes;
 *          nothing is read past the end; a prefix is never taken.
 * Plant    core/wire/cbor.c s/(width < 2 || head.argument > UINT8_MAX)/true/
 */
#include "core/crypto/cose.h"
#include "core/wire/cbor.h"
#include "fuzz/input.h"

/* One item by the functions for its kind, to w.  The bytes were checked: the first one tells it. */
static void copy_item(struct cw_reader *r, struct cw_writer *w, unsigned depth)
{
    const unsigned major = r->next[0] >> 5;
    const uint8_t *bytes;
    size_t len;
    FUZZ_HOLDS(depth <= CW_CBOR_DEPTH_MAX);
    if (major == 0) {
        cw_cbor_put_unsigned(w, cw_cbor_unsigned(r));
    } else if (major == 1) {
        const struct cw_reader before = *r;
        const int64_t value = cw_cbor_integer(r);
        if (r->status == CW_OK) {
            FUZZ_HOLDS(value < 0);
            cw_cbor_put_integer(w, value);
        } else { /* below what 64 bits hold: as it stands */
            *r = before;
            cw_writer_bytes(w, r->next, 9);
            cw_cbor_skip(r);
        }
    } else if (major == 2) {
        bytes = cw_cbor_bytes(r, &len);
        cw_cbor_put_bytes(w, bytes, len);
    } else if (major == 3) {
        bytes = (const uint8_t *)cw_cbor_text(r, &len);
        for (size_t i = 0; i < len; i++) {
            FUZZ_HOLDS(bytes[i] >= 0x20 && bytes[i] < 0x7f);
        }
        cw_cbor_put_text(w, (const char *)bytes, len);
    } else if (major == 4) {
        len = cw_cbor_array(r);
        cw_cbor_put_array(w, len);
        for (size_t i = 0; i < len; i++) {
            copy_item(r, w, depth + 1);
        }
    } else if (major == 5) {
        len = cw_cbor_map(r).left_count;
        cw_cbor_put_map(w, len);
        for (size_t i = 0; i < 2 * len; i++) {
            copy_item(r, w, depth + 1);
        }
    } else if (major == 6) {
        uint64_t tag = r->next[0] & 31;
        if (tag >= 24) {
            const unsigned width = 1u << (tag - 24);
            tag = 0;
            for (unsigned i = 0; i < width; i++) {
                tag = tag << 8 | r->next[1 + i];
            }
        }
        cw_cbor_tag(r, tag);
        cw_cbor_put_tag(w, tag);
        copy_item(r, w, depth + 1);
    } else if (r->next[0] == 0xf6) { /* null */
        cw_writer_u8(w, 0xf6);
        cw_cbor_skip(r);
    } else {
        cw_cbor_put_bool(w, cw_cbor_bool(r));
    }
    FUZZ_HOLDS(r->status == CW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    size_t len;
    struct cw_cose cose;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_cbor_skip(&r);
    if (r.status == CW_OK) {
        const size_t item_len = len - r.left_len;
        uint8_t *copy = malloc(item_len);
        struct cw_writer w = cw_writer_over(copy, item_len);
        struct cw_reader again = cw_reader_over(bytes, item_len);
        copy_item(&again, &w, 1);
        FUZZ_HOLDS(again.left_len == 0 && w.status == CW_OK && w.used_len == item_len);
        FUZZ_HOLDS(memcmp(copy, bytes, item_len) == 0);
        free(copy);
        again = cw_reader_over(bytes, item_len - 1);
        cw_cbor_skip(&again);
        FUZZ_HOLDS(again.status != CW_OK);
    }
    r = cw_reader_over(bytes, len);
    cw_cose_read(&r, &cose);
    FUZZ_HOLDS((r.status == CW_OK) == (cose.payload != NULL));
    if (r.status == CW_OK) {
        FUZZ_HOLDS(cose.payload > bytes && cose.payload + cose.payload_len + 66 <= bytes + len);
    }
    free(bytes);
    return 0;
}
