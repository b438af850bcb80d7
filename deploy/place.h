/* SPDX-License-Identifier: MIT */
/*
 * place.h - what lies beside the program, in a build folder or where it was installed.
 *
 * What     All places are relative to the running program, so that an installed folder can be
 *          moved as a whole.
 * Trust    OWNER.
 * Memory   What is returned is the caller's to free().
 */
#ifndef CW_DEPLOY_PLACE_H
#define CW_DEPLOY_PLACE_H

/* cw_place_find - the first of places (from the program's folder) that exists, or NULL. */
char *cw_place_find(const char *const *places);

/*
 * cw_place_sdk - the SDK: asked (--sdk), else CAUSEWAY_SDK, else the one beside the program.
 *
 * NULL: none; a line with the remedy was logged.
 */
char *cw_place_sdk(const char *asked);

#endif
