/* SPDX-License-Identifier: MIT */
/*
 * mistakes.h - what is wrong in a file of the owner's, each with its place.
 *
 * What     Collects all of them in one run; prints them in the order of the file as
 *          FILE:LINE:COLUMN: what was found, what is expected.
 * Trust    OWNER.
 * Memory   cw_mistakes_free frees the list; the file's name is the caller's.
 */
#ifndef CW_DEPLOY_MISTAKES_H
#define CW_DEPLOY_MISTAKES_H

#include <stddef.h>

/* A place in a file; both count from 1.  line 0: no place, the file as a whole. */
struct cw_place {
    unsigned line;
    unsigned column;
};

struct cw_mistake {
    struct cw_place at;
    char *text;
    const char *remedy; /* the end of text that says what to do; NULL: it does not */
};

struct cw_mistakes {
    const char *file;
    struct cw_mistake *items;
    size_t count;
};

/* cw_mistakes_add - the format may have a CW_REMEDY (posix/log.h).  Foreign text is cleaned. */
__attribute__((format(printf, 3, 4))) void cw_mistakes_add(struct cw_mistakes *m,
        struct cw_place at, const char *format, ...);

/* cw_mistakes_sort - into the order of the file, without repetitions. */
void cw_mistakes_sort(struct cw_mistakes *m);

/* cw_mistakes_print - one line each on standard error. */
void cw_mistakes_print(const struct cw_mistakes *m);

void cw_mistakes_free(struct cw_mistakes *m);

#endif
