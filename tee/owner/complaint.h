/* SPDX-License-Identifier: MIT */
/*
 * complaint.h - what a compiler or linker complains of, as one line for the module's author.
 *
 * What     The first error alone, with its place in the author's source; the others follow from it.
 *          What the macros of causeway.h make of a mistake is said in the author's words.
 * Trust    OWNER.  The words may quote any source: they are shown, never used.
 */
#ifndef CW_TEE_OWNER_COMPLAINT_H
#define CW_TEE_OWNER_COMPLAINT_H

#include <stddef.h>

#define CW_COMPLAINT_LEN 768u

struct cw_complaint {
    char place[256]; /* FILE:LINE:COLUMN or FILE:LINE; empty where none is known */
    char text[CW_COMPLAINT_LEN];
};

/* cw_complaint_read - words of gcc, clang, ld or ld.lld that failed, ends with a zero byte. */
void cw_complaint_read(const char *words, struct cw_complaint *ret_complaint);

#endif
