/* SPDX-License-Identifier: MIT */
/*
 * local.h - nodes whose "address" is "local": this tool runs them, on its own machine.
 *
 * What     STATE/nodes/NAME/node is the folder of a causeway-node, STATE/nodes/NAME/board that of
 *          the emulated chip where the TEE needs one (posix/daemon.h: `pid`, `out`, `log`).  A node
 *          listens on loopback, at a port of the system's choice, and serves this owner alone.
 *          It lives on when the tool ends.
 * Trust    OWNER.  The chip's node key is made here, so the vendor's key is known.
 * Errors   A line was logged for every status but CW_OK and CW_E_ABSENT.
 */
#ifndef CW_DEPLOY_LOCAL_H
#define CW_DEPLOY_LOCAL_H

#include "deploy/app.h"

#define CW_LOCAL_ADDRESS_CAP 64u

struct cw_local {
    char address[CW_LOCAL_ADDRESS_CAP];
    long pid;       /* of causeway-node                 */
    long board_pid; /* of the chip's program; 0: none   */
    char *log;      /* of causeway-node; cw_local_free  */
};

/* cw_local_start - every local node of the descriptor runs: start those that do not. */
CW_MUST_CHECK cw_status cw_local_start(struct cw_app *app);

/* cw_local_due - why cw_local_start would start this local node; NULL: it runs as it should. */
const char *cw_local_due(struct cw_app *app, const struct cw_descriptor_node *node);

/* cw_local_find - CW_E_ABSENT: it does not run; its log is there all the same. */
CW_MUST_CHECK cw_status cw_local_find(const struct cw_app *app,
        const struct cw_descriptor_node *node, struct cw_local *ret_local);
void cw_local_free(struct cw_local *local);

/*
 * cw_local_board_said - what the chip's program of a local node said last, with the place of its log:
 * why nobody answers there.  NULL: nothing, or the node is not local.  The caller frees it.
 */
char *cw_local_board_said(const struct cw_app *app, const struct cw_descriptor_node *node);

/* cw_local_has - does this tool run, or did it run, a node of that name? */
bool cw_local_has(const struct cw_app *app, const char *name);

/* cw_local_stop - end the nodes that this tool runs: all, or those that the descriptor has not. */
CW_MUST_CHECK cw_status cw_local_stop(struct cw_app *app, bool all);

/* cw_local_vendor_key - what the chip of a local node gives to the vendor of the descriptor. */
CW_MUST_CHECK cw_status cw_local_vendor_key(struct cw_app *app,
        const struct cw_descriptor_node *node, uint8_t ret_key[static CW_KEY_LEN]);

/* cw_local_identify - the chip of a local node, to pin it.  CW_E_ABSENT: it never ran, or has no name. */
CW_MUST_CHECK cw_status cw_local_identify(const struct cw_app *app,
        const struct cw_descriptor_node *node, uint8_t ret_platform[static CW_PLATFORM_ID_LEN]);

#endif
