/* SPDX-License-Identifier: MIT */
/*
 * board.h - a board that runs until it is told to stop: sockets, button, LED, power.
 *
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_BOARD_H
#define CW_SILICON_SANCUS_BOARD_H

#include "silicon/sancus/chip.h"

struct cw_board_options {
    const char *firmware;
    const char *uart_path;     /* or NULL */
    const char *control_path;  /* or NULL */
    const char *script;        /* commands of port.h with `wait` and `expect`, or NULL */
    const char *chip_name;
    bool verbose;
};

/*
 * cw_board_serve - run the firmware until SIGTERM, SIGINT, `quit` or the script's end.
 *
 * CW_E_FORM    the firmware or the script cannot be loaded (logged)
 * CW_E_STATE   a line of the script did not hold (logged)
 * CW_E_SYSTEM  a socket cannot be made (logged)
 */
CW_MUST_CHECK cw_status cw_board_serve(struct cw_chip *chip,
        const struct cw_board_options *options);

#endif
