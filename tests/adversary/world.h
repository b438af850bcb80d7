/* SPDX-License-Identifier: MIT */
/*
 * world.h - the normal world of a TrustZone board, as hostile as it can be.
 *
 * What     Speaks to the shim of a board by its second console (tee/trustzone/abi.h part 3;
 *          causeway-trustzone --probe PATH).  Connects anew when the board was restarted.
 * Calls    They wait for the answer, a few seconds at the most.
 */
#ifndef CW_TESTS_ADVERSARY_WORLD_H
#define CW_TESTS_ADVERSARY_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tee/trustzone/abi.h"

#define CW_WORLD_WORDS 5u
#define CW_WORLD_DMA_MAX 4096u

struct cw_world {
    const char *path; /* NULL: there is no board */
    int fd;           /* -1: not connected       */
};

/*
 * cw_world_probe - do it in the normal world.
 *
 * arguments  four words
 * ret_words  [CW_WORLD_WORDS]: 1 and results, or 0, ESR_EL1 and FAR_EL1
 * ret_bytes  room for CW_WORLD_DMA_MAX: what a device read; *ret_len of them
 *
 * NULL, or why it could not be done.
 */
const char *cw_world_probe(struct cw_world *w, cw_tz_probe what, const uint64_t arguments[static 4],
        uint64_t ret_words[static CW_WORLD_WORDS], uint8_t *ret_bytes, size_t *ret_len);

void cw_world_close(struct cw_world *w);

#endif
