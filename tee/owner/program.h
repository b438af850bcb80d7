/* SPDX-License-Identifier: MIT */
/*
 * program.h - a module as a linked program whose sessions are session_dh.c's: what native, sgx and
 * trustzone share.
 *
 * What     Compile, join with the services that it names, size its memory, compile that and the
 *          owner's key, link with the TEE's archives.  What becomes of the linked file, FOLDER/linked.elf
 *          (with the names, for a debugger and for tools/tcb-report), is the TEE's: its finish().
 * Trust    OWNER.
 * Errors   As recipe.h.
 */
#ifndef CW_TEE_OWNER_PROGRAM_H
#define CW_TEE_OWNER_PROGRAM_H

#include "tee/owner/recipe.h"

struct cw_program;

/* What the modules of one TEE have in common. */
struct cw_program_kind {
    const char *tee; /* "sgx": the SDK has lib/sgx/libsgx.a, link.ld, libcore.a, libbearssl.a */
    const char *const *compiler; /* words, end with NULL                                      */
    const char *flags;           /* a file of the SDK with more words, or NULL                */
    const char *linker;
    const char *const *link_flags; /* words of the linker before the objects, end with NULL   */
    const char *packages;          /* of Debian, that have compiler and linker                */
    size_t pointer_len;            /* bytes, of the machine                                   */
    unsigned proof_max;            /* bytes of evidence, with the share                       */
    bool has_device;    /* the TEE has devices; which, is the backend's to check              */
    const char *ending; /* the image's file is FOLDER/MODULE.ending                           */

    /* What the words of a tool mean, or NULL where nothing is known of them; may be NULL itself. */
    const char *(*hint)(const char *words);

    /* From job->linked: image, measurement and sizes of the result. */
    cw_status (*finish)(struct cw_program *job, struct cw_owner_built *ret_built);
};

struct cw_program {
    struct cw_recipe recipe;
    const struct cw_program_kind *kind;
    struct cw_object_table table;
    char *linked; /* path */
    char *image;  /* path */
};

/* cw_program_build - module after module. */
CW_MUST_CHECK cw_status cw_program_build(const struct cw_program_kind *kind,
        const struct cw_owner_build *build, const struct cw_owner_module *modules, size_t count,
        struct cw_owner_built *ret_built, char ret_why[static CW_OWNER_WHY_LEN]);

/* cw_program_needs - CW_E_ABSENT: the compiler or the linker is missing. */
CW_MUST_CHECK cw_status cw_program_needs(const struct cw_program_kind *kind,
        char ret_why[static CW_OWNER_WHY_LEN]);

/* cw_program_keep - for finish(): the image as a file, for people and for tests. */
CW_MUST_CHECK cw_status cw_program_keep(const struct cw_program *job,
        const struct cw_owner_built *built);

#endif
