/* SPDX-License-Identifier: MIT */
/*
 * program.h - a module as a linked program whose sessions are session_dh.c's: what native, sgx and
 * trustzone share.
 *
 * What     Compile, join with the services that it names, size its memory, compile that and the
 *          owner's key, link with the TEE's archives.  What becomes of the linked file, FOLDER/linked.elf
 *          (with the names, for a debugger and for tools/tcb-report), is the backend's.
 * Trust    OWNER.
 * Errors   As recipe.h.
 *
 *     open --objects--> --link--> linked.elf --...--> close
 */
#ifndef CW_TEE_OWNER_PROGRAM_H
#define CW_TEE_OWNER_PROGRAM_H

#include "tee/owner/recipe.h"

struct cw_program {
    struct cw_recipe recipe;
    const char *tee;    /* "sgx": the SDK has lib/sgx/libsgx.a, link.ld, libcore.a, libbearssl.a */
    unsigned proof_max; /* bytes of evidence, with the share                                     */
    bool has_device;    /* the TEE has devices; which, is the backend's to check                 */
    struct cw_object_table table;
    char *linked; /* path */
};

/* cw_program_open - recipe, tee and proof_max are set.  CW_E_DENIED: a device, and the TEE has none. */
CW_MUST_CHECK cw_status cw_program_open(struct cw_program *job);

/* cw_program_objects - all objects, and the endpoint table. */
CW_MUST_CHECK cw_status cw_program_objects(struct cw_program *job);

/* cw_program_link - flags: words of ld before the objects, end with NULL. */
CW_MUST_CHECK cw_status cw_program_link(const struct cw_program *job, const char *const *flags);

/* cw_program_endpoints - the result gets the table, and how many ends of connections there are. */
void cw_program_endpoints(struct cw_program *job, struct cw_owner_built *ret_built);

void cw_program_close(struct cw_program *job);

#endif
