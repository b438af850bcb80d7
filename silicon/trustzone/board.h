/* SPDX-License-Identifier: MIT */
/*
 * board.h - the board around the chip: button, LED, secure console, power.
 *
 * Trust    SILICON.
 */
#ifndef CW_SILICON_TRUSTZONE_BOARD_H
#define CW_SILICON_TRUSTZONE_BOARD_H

#include "core/base/status.h"

struct cw_tz_board_options {
    const char *flash, *normal, *kernel, *initramfs; /* the last three: or NULL */
    const char *forward;                             /* PORT-:PORT, or NULL     */
    const char *link, *probe, *console, *control;    /* paths, or NULL          */
};

/*
 * cw_tz_board_serve - power on, and serve until SIGTERM, SIGINT or `quit`.
 *
 * CW_E_SYSTEM  a socket, or QEMU, cannot be had (logged)
 */
CW_MUST_CHECK cw_status cw_tz_board_serve(const struct cw_tz_board_options *options);

#endif
