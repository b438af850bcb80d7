/* SPDX-License-Identifier: MIT */
/*
 * cbor.h - CBOR in its deterministic encoding, as evidence needs it.
 *
 * What     Puts items through a writer, takes them from a reader.  Integers, byte strings, texts of
 *          printable ASCII, arrays, maps, tags, false, true and null; nothing of indefinite length,
 *          no floating point.  Reading is strict: whatever has another encoding than the one that
 *          writing gives (a longer head, keys out of order, a key twice) is CW_E_FORM.
 * Trust    TRUSTED.  What is read comes from the attacker.
 * Memory   Strings are not copied: they point into what is read.
 * Source   RFC 8949 sections 3 and 4.2.1
 */
#ifndef CW_CORE_WIRE_CBOR_H
#define CW_CORE_WIRE_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/wire/reader.h"
#include "core/wire/writer.h"

#define CW_CBOR_DEPTH_MAX 8u /* of arrays, maps and tags in what cw_cbor_skip takes */

/*
 * Writing.  Who puts an array or a map puts that many items (pairs) behind it; keys in order: integers
 * from 0 up, then from -1 down (the order of their encodings).
 */
void cw_cbor_put_integer(struct cw_writer *w, int64_t value);
void cw_cbor_put_unsigned(struct cw_writer *w, uint64_t value);
void cw_cbor_put_bytes(struct cw_writer *w, const void *bytes, size_t len);
void cw_cbor_put_text(struct cw_writer *w, const char *text, size_t len);
void cw_cbor_put_array(struct cw_writer *w, size_t count);
void cw_cbor_put_map(struct cw_writer *w, size_t count);
void cw_cbor_put_tag(struct cw_writer *w, uint64_t tag);
void cw_cbor_put_bool(struct cw_writer *w, bool value);

/* cw_cbor_put_bytes_head - the head alone; the [len] bytes follow by cw_writer_bytes. */
void cw_cbor_put_bytes_head(struct cw_writer *w, size_t len);

/*
 * Reading: the next item, which must be of that kind; else the reader fails with CW_E_FORM, and the
 * value is 0, false, NULL.
 */
int64_t cw_cbor_integer(struct cw_reader *r);
uint64_t cw_cbor_unsigned(struct cw_reader *r);
bool cw_cbor_bool(struct cw_reader *r);
const uint8_t *cw_cbor_bytes(struct cw_reader *r, size_t *ret_len);
const char *cw_cbor_text(struct cw_reader *r, size_t *ret_len); /* no zero behind it */
size_t cw_cbor_array(struct cw_reader *r); /* how many items follow; never more than bytes left */
void cw_cbor_tag(struct cw_reader *r, uint64_t tag);

/*
 * A map whose keys are integers:
 *
 *     struct cw_cbor_map map = cw_cbor_map(r);
 *     int64_t key;
 *     while (cw_cbor_map_next(&map, r, &key)) { ... read the value ... }
 *
 * Ends at the last pair, or when the reader failed.
 */
struct cw_cbor_map {
    size_t left_count;
    int64_t key; /* the last one */
    bool has_key;
};
struct cw_cbor_map cw_cbor_map(struct cw_reader *r);
bool cw_cbor_map_next(struct cw_cbor_map *map, struct cw_reader *r, int64_t *ret_key);

/* cw_cbor_skip - one item of any kind with all that is in it, checked as all others. */
void cw_cbor_skip(struct cw_reader *r);

#endif
