/* SPDX-License-Identifier: MIT */
/*
 * port.h - how a host program reaches an emulated TrustZone board, causeway-trustzone.
 *
 * What     The program runs QEMU as one fixed command line and is the board around it: button,
 *          LED, secure console, power.  Its Unix stream sockets, each with one client at a time:
 *
 * --link PATH      The board's one link to its host: a virtio console of the normal world, a
 *                  reliable stream of bytes.  What they mean is the business of both ends.
 * --probe PATH     A second such console; without the option there is none.  It is the second
 *                  virtio-serial device of QEMU's command line.
 * --console PATH   The secure UART: bytes to and from the secure world.  Without a client what it
 *                  says is kept in PATH.log, which exists in any case.
 * --control PATH   Lines of text, as silicon/sancus/port.h has them: press, release, button 0|1,
 *                  led?, reset, power on|off|cycle, status, quit; events `event led 0|1`,
 *                  `event power on|off`, `event reset REASON`, `event ended REASON`.
 *                  status: ok {"power", "state", "led", "emulated": true, "qemu": "7.2.22", ...}
 *
 * --flash FILE     The board's secure flash, 64 MiB, mode 0600: firmware, device secret, counters.
 * --normal FILE    What starts in the normal world, a flat image at CW_TZ_NORMAL_AT; or
 * --linux KERNEL --initramfs FILE   An arm64 Linux, started as linux.h says.  Then the board has two
 *                  CPUs and 512 MiB, the link is /dev/hvc0, and
 * --forward PORT:PORT   its TCP port (the second) is 127.0.0.1's first.  It reaches nobody itself.
 *
 * Trust    The board stands for the chip: whoever controls it has everything.
 */
#ifndef CW_SILICON_TRUSTZONE_PORT_H
#define CW_SILICON_TRUSTZONE_PORT_H

#define CW_TZ_NORMAL_AT 0x40200000ul

#define CW_BOARD_REPLY_MAX 1024 /* bytes of an answer or an event */
#define CW_BOARD_PRESS_MS 50    /* how long a press lasts         */

#define CW_BOARD_PRESS "press"
#define CW_BOARD_RELEASE "release"
#define CW_BOARD_BUTTON_UP "button 0"
#define CW_BOARD_BUTTON_DOWN "button 1"
#define CW_BOARD_LED "led?"
#define CW_BOARD_RESET "reset"
#define CW_BOARD_POWER_ON "power on"
#define CW_BOARD_POWER_OFF "power off"
#define CW_BOARD_POWER_CYCLE "power cycle"
#define CW_BOARD_STATUS "status"
#define CW_BOARD_QUIT "quit"

#endif
