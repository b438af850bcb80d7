/* SPDX-License-Identifier: MIT */
/*
 * port.h - how a host program reaches an emulated Sancus board.
 *
 * What     The two sockets of `causeway-sancus --firmware`, both Unix stream sockets that the
 *          board listens on, each with one client at a time (a new client replaces the old).
 * Trust    neutral: both ends are outside the chip.
 *
 * --uart PATH     The far end of UART 1: bytes to and from the board, with the bit times of its
 *                 BAUD register in simulated cycles, and RTS/CTS flow control (nothing is lost
 *                 while a client is connected; without one, what the board sends is dropped).
 *
 * --control PATH  Lines of text, ended by "\n".  A command gets exactly one line of answer,
 *                 "ok", "ok ..." or "error ...".  Lines that begin with "event" come at any
 *                 time, also between a command and its answer.
 *
 *     press               button down and, 50 ms of simulated time later, up
 *     release             button up
 *     button 0|1          button to this level
 *     led?                ok 0 | ok 1
 *     display?            ok "16 characters"
 *     reset               pull the reset line
 *     power on|off|cycle  off: the chip stops; on: it starts with RAM cleared and the firmware
 *                         loaded anew (the non-volatile counter goes on)
 *     status              ok {...}, a JSON object: power, state (running, asleep, halted,
 *                         debugged: held by the client of --gdb), reason,
 *                         pc, cycles, instructions, violations, led, chip, emulated (always true),
 *                         modules: [{id, text: [ps, pe], data: [ss, se]}]
 *     profile             write the file of --profile now, as far as the board has come
 *     quit                the program ends, exit status 0
 *
 *     event led 0|1
 *     event display "16 characters"
 *     event violation {"rule", "address", "pc", "module", "object"}
 *     event reset REASON          (violation, watchdog, control)
 *     event power on|off
 *     event halted REASON         the chip stopped and stays so until reset or power cycle
 */
#ifndef CW_SILICON_SANCUS_PORT_H
#define CW_SILICON_SANCUS_PORT_H

#define CW_BOARD_LINE_MAX 256     /* bytes of a command with its newline  */
#define CW_BOARD_REPLY_MAX 4096   /* bytes of an answer or an event       */
#define CW_BOARD_PRESS_MS 50      /* how long a press lasts, simulated    */
#define CW_BOARD_CLOCK_HZ 20000000u /* default clock: BAUD = this / rate  */

#define CW_BOARD_PRESS "press"
#define CW_BOARD_RELEASE "release"
#define CW_BOARD_LED "led?"
#define CW_BOARD_DISPLAY "display?"
#define CW_BOARD_RESET "reset"
#define CW_BOARD_POWER_ON "power on"
#define CW_BOARD_POWER_OFF "power off"
#define CW_BOARD_POWER_CYCLE "power cycle"
#define CW_BOARD_STATUS "status"
#define CW_BOARD_PROFILE "profile"
#define CW_BOARD_QUIT "quit"

#define CW_BOARD_OK "ok"
#define CW_BOARD_ERROR "error"
#define CW_BOARD_EVENT "event"

#endif
