/* SPDX-License-Identifier: MIT */
/*
 * recipe.h - how a module becomes one object, whatever the machine: the part that all builds share.
 *
 * What     Compile the sources; join them; compile the memory that the runtime gets, and constants
 *          of this build.  A backend says which tools; what it makes of the object is its own.
 * Trust    OWNER.
 * Errors   why says it once, for people: the compiler's first error with its place in the module's
 *          source, in words that an author knows.
 */
#ifndef CW_TEE_OWNER_RECIPE_H
#define CW_TEE_OWNER_RECIPE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "posix/tool.h"
#include "tee/owner.h"
#include "tee/owner/object.h"

struct cw_recipe {
    const struct cw_owner_build *build;
    const struct cw_owner_module *module;
    const char *const *compiler; /* words, end with NULL */
    const char *flags;           /* a file of the SDK with more words, where it has one, or NULL */
    const char *linker;          /* makes one object of several (-r) */
    size_t pointer_len;          /* bytes, of the machine            */

    /* What the words of a tool mean, or NULL where nothing is known of them. */
    const char *(*hint)(const char *words);
    char *folder; /* out_dir/NAME */
    int lock;     /* of the folder, while folder is set: held by tools too, which outlive a kill */
    char *why;    /* [CW_OWNER_WHY_LEN] */
};

/*
 * cw_recipe_open - make the folder, and wait until no tool of another build works in it.
 *
 * Also after CW_OK was not returned: cw_recipe_close.
 */
CW_MUST_CHECK cw_status cw_recipe_open(struct cw_recipe *r);
void cw_recipe_close(struct cw_recipe *r);

/* cw_recipe_say - put "module NAME: ..." into why; returns the status. */
__attribute__((format(printf, 3, 4))) cw_status cw_recipe_say(const struct cw_recipe *r,
        cw_status status, const char *format, ...);

/* cw_recipe_run - run a tool; its words become why. */
CW_MUST_CHECK cw_status cw_recipe_run(const struct cw_recipe *r, struct cw_tool *tool);

/*
 * cw_recipe_join - all sources in one object, FOLDER/module.o, and its endpoints.
 *
 * archive  of the SDK, of which the object gets what it names; NULL: none
 */
CW_MUST_CHECK cw_status cw_recipe_join(const struct cw_recipe *r, const char *archive,
        struct cw_object_table *ret_table);

/* What sdk/memory.c is compiled with. */
struct cw_recipe_memory {
    unsigned channels, event_max, reply_max, stream_max, proof_max;
};

/* cw_recipe_memory - FOLDER/memory.o. */
CW_MUST_CHECK cw_status cw_recipe_memory(const struct cw_recipe *r,
        const struct cw_recipe_memory *memory);

/* cw_recipe_constant - FOLDER/NAME.o, of a line `declaration = { bytes };`. */
CW_MUST_CHECK cw_status cw_recipe_constant(const struct cw_recipe *r, const char *name,
        const char *declaration, const uint8_t *bytes, size_t len);

/* cw_recipe_fingerprint - "TEE:" and the measurement in hex. */
void cw_recipe_fingerprint(const char *tee, struct cw_owner_built *built);

#endif
