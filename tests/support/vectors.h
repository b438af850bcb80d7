/* SPDX-License-Identifier: MIT */
/*
 * vectors.h - reads tests/vectors/NAME.txt.
 *
 * What     A file has lines `name = hex` (spaces allowed between bytes; nothing after `=` is an
 *          empty string), `#` comments, and blank lines; its first line states the origin.
 * Trust    Test code: whatever is wrong with a file ends the program with a message.
 * Memory   vectors_load allocates once; the returned bytes live until vectors_free.
 *
 *     struct vectors *v = vectors_load("tests/vectors/gcm.txt");
 *     struct bytes key = vectors_get(v, "case%u.key", 3);
 */
#ifndef CW_TESTS_SUPPORT_VECTORS_H
#define CW_TESTS_SUPPORT_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vectors;

struct bytes {
    const uint8_t *at; /* never NULL */
    size_t len;
};

/* vectors_load - path from the root of the tree, where tests run. */
struct vectors *vectors_load(const char *path);
void vectors_free(struct vectors *v);

bool vectors_has(const struct vectors *v, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* vectors_get - the bytes of a name that must be there. */
struct bytes vectors_get(const struct vectors *v, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#endif
