/* SPDX-License-Identifier: MIT */
/*
 * board.h - a board around the chip: button, LED, display, power, and what they are reached by.
 *
 * What     The board's state and its commands (port.h); a loop that serves the sockets in real
 *          time; a script in simulated time.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_BOARD_H
#define CW_SILICON_SANCUS_BOARD_H

#include "posix/socket.h"
#include "silicon/sancus/chip.h"
#include "silicon/sancus/gdb.h"
#include "silicon/sancus/port.h"
#include "silicon/sancus/profile.h"

struct cw_board_options {
    const char *firmware;
    const char *uart_path;    /* or NULL */
    const char *control_path; /* or NULL */
    const char *script;       /* or NULL */
    const char *chip_name;
    const char *gdb;          /* see cw_gdb_open, or NULL                 */
    const char *profile;      /* file, "-" or NULL                        */
    bool json;                /* the profile                              */
    struct cw_symbols *symbols; /* the firmware's own are added to it     */
};

struct cw_board {
    struct cw_chip *chip;
    const struct cw_board_options *options;
    struct cw_socket uart, control;
    struct cw_gdb *gdb;         /* or NULL */
    struct cw_profile *profile; /* or NULL */
    bool powered, halted, quit;
    cw_stop stop;               /* why the chip last came back          */
    const char *halt_reason;
    uint64_t release_at;        /* cycle at which the button goes up    */
    uint8_t uart_log[CW_UART_QUEUE]; /* sent, in a script: for `expect` */
    unsigned uart_log_len;
};

/* Where events and answers go, line by line without the newline. */
void cw_board_say(struct cw_board *board, const char *line);

/* cw_board_start - power on: load the firmware, reset.  CW_E_FORM, CW_E_SYSTEM: logged. */
CW_MUST_CHECK cw_status cw_board_start(struct cw_board *board);

/* cw_board_run - let the chip run until a cycle, or until it sleeps or stops; report events. */
void cw_board_run(struct cw_board *board, uint64_t until);

/* cw_board_write_profile - as far as the chip has come. */
CW_MUST_CHECK cw_status cw_board_write_profile(struct cw_board *board);

/* cw_board_command - execute one line of port.h; ret_reply: [CW_BOARD_REPLY_MAX] bytes. */
void cw_board_command(struct cw_board *board, const char *line, char *ret_reply);

/*
 * cw_board_serve - run the firmware until SIGTERM, SIGINT, `quit` or the script's end.
 *
 * CW_E_FORM    the firmware or the script cannot be used (logged)
 * CW_E_STATE   an expectation of the script did not hold (logged)
 * CW_E_SYSTEM  a socket cannot be made (logged)
 */
CW_MUST_CHECK cw_status cw_board_serve(struct cw_chip *chip,
        const struct cw_board_options *options);

/* cw_script_play - the script of the options, in simulated time.  Results as above. */
CW_MUST_CHECK cw_status cw_script_play(struct cw_board *board);

#endif
