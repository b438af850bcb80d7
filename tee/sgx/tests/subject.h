/* SPDX-License-Identifier: MIT */
/* subject.h - modules/subject.c as the owner builds it, for the rig. */
#ifndef CW_TEE_SGX_TESTS_SUBJECT_H
#define CW_TEE_SGX_TESTS_SUBJECT_H

#include "tee/owner.h"
#include "tee/sgx/tests/rig.h"

struct subject {
    struct cw_owner_built built;
    char elf[300]; /* with its names */
};

/* What each test program has: built and signed once, and one CPU. */
extern struct subject subject;
extern const struct cw_sgx_fuses subject_cpu;

/* For cmocka's groups. */
int subject_start(void **state);
int subject_stop(void **state);

/* subject_build - the same once more: name decides the product, signer one of two, debug changes it. */
void subject_build(const char *name, unsigned signer, bool debug, struct subject *ret_subject);
void subject_free(struct subject *s);

/* subject_open - load the subject into a rig; then alive: started, and one request served. */
void subject_open(struct rig *r);
void subject_alive(struct rig *r);

/* subject_call - an entry of the subject; a reply's bytes are at r->arena + CW_SGX_OUT + 8. */
cw_result subject_call(struct rig *r, const char *entry, const void *in, size_t len);
size_t subject_in(const char *entry, const void *in, size_t len, uint8_t *ret_bytes);

#endif
