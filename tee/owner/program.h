/* SPDX-License-Identifier: MIT */
/*
 * x86_64.h - a module for x86-64 whose sessions are session_dh.c's: what native and sgx share.
 *
 * What     Compile, join with the services that it names, size its memory, compile that and the
 *          owner's key, link with the TEE's archives.  What becomes of the linked file, FOLDER/linked.elf
 *          (with the names, for a debugger and for tools/tcb-report), is the backend's.
 * Trust    OWNER.
 * Errors   As recipe.h.
 *
 *     open --objects--> --link--> linked.elf --...--> close
 */
#ifndef CW_TEE_OWNER_X86_64_H
#define CW_TEE_OWNER_X86_64_H

#include "tee/owner/recipe.h"

struct cw_x86_64 {
    struct cw_recipe recipe;
    const char *tee;    /* "sgx": the SDK has lib/sgx/libsgx.a, link.ld, libcore.a, libbearssl.a */
    unsigned proof_max; /* bytes of evidence, with the share                                     */
    struct cw_object_table table;
    char *linked; /* path */
};

/* cw_x86_64_open - recipe, tee and proof_max are set.  CW_E_DENIED: the module owns a device. */
CW_MUST_CHECK cw_status cw_x86_64_open(struct cw_x86_64 *job);

/* cw_x86_64_objects - all objects, and the endpoint table. */
CW_MUST_CHECK cw_status cw_x86_64_objects(struct cw_x86_64 *job);

/* cw_x86_64_link - flags: words of ld before the objects, end with NULL. */
CW_MUST_CHECK cw_status cw_x86_64_link(const struct cw_x86_64 *job, const char *const *flags);

/* cw_x86_64_endpoints - the result gets the table, and how many ends of connections there are. */
void cw_x86_64_endpoints(struct cw_x86_64 *job, struct cw_owner_built *ret_built);

void cw_x86_64_close(struct cw_x86_64 *job);

#endif
