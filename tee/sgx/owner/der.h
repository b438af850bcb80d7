/* SPDX-License-Identifier: MIT */
/*
 * der.h - a sticky cursor over DER: one encoding of every value, all others are failures.
 *
 * What     After the first failure every read gives zeros and stays failed; cw_der_finish says
 *          whether all was read.
 * Trust    OWNER.  The bytes are foreign.
 */
#ifndef CW_TEE_SGX_OWNER_DER_H
#define CW_TEE_SGX_OWNER_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_DER_INTEGER 0x02u
#define CW_DER_OCTETS 0x04u
#define CW_DER_OID 0x06u
#define CW_DER_ENUMERATED 0x0au
#define CW_DER_SEQUENCE 0x30u

struct cw_der {
    const uint8_t *next;
    size_t left_len;
    bool failed;
};

struct cw_der cw_der_over(const uint8_t *bytes, size_t len);

/* cw_der_enter - the next value, which has this tag: a cursor over its content. */
struct cw_der cw_der_enter(struct cw_der *d, unsigned tag);

/* cw_der_skip - the next value, whatever it is. */
void cw_der_skip(struct cw_der *d);

/* cw_der_uint - INTEGER or ENUMERATED (tag), from 0 to max. */
uint32_t cw_der_uint(struct cw_der *d, unsigned tag, uint32_t max);

/* cw_der_octets - an OCTET STRING of exactly len bytes. */
void cw_der_octets(struct cw_der *d, uint8_t *ret_bytes, size_t len);

bool cw_der_finish(const struct cw_der *d);

#endif
