/* SPDX-License-Identifier: MIT */
/*
 * span.h - where a value stands in the text of a JSON object, byte for byte.
 *
 * What     Signed JSON is signed as it stands; a parser that gives values back cannot give these
 *          bytes.  The text was read by a real parser before: here only strings and brackets count.
 * Trust    OWNER.  Pure, total; reads only what it is given.
 */
#ifndef CW_TEE_SGX_OWNER_SPAN_H
#define CW_TEE_SGX_OWNER_SPAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * cw_span_member - the value of the member called key, without white space around it.
 *
 * text  [len] bytes: an object, white space around it.  Keys are compared as they are written.
 *
 * false: there is none
 */
bool cw_span_member(const char *text, size_t len, const char *key, const char **ret_value,
        size_t *ret_len);

/* cw_span_trim - take white space off both ends. */
void cw_span_trim(const char **text, size_t *len);

#endif
