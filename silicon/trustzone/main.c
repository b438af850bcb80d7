/* SPDX-License-Identifier: MIT */
/*
 * main.c - causeway-trustzone: the command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/args.h"
#include "posix/file.h"
#include "posix/log.h"
#include "posix/tool.h"
#include "silicon/trustzone/arch.h"
#include "silicon/trustzone/board.h"
#include "silicon/trustzone/qemu.h"

#define REMEDY_FLASH "make one with `causeway trustzone new-device`"

enum { EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USE };

enum option {
    OPT_FLASH,
    OPT_NORMAL,
    OPT_LINUX,
    OPT_INITRAMFS,
    OPT_FORWARD,
    OPT_LINK,
    OPT_PROBE,
    OPT_CONSOLE,
    OPT_CONTROL,
};

static const struct cw_args_option options[] = {
    [OPT_FLASH] = {"flash", "FILE", "secure flash: firmware, device secret, counters"},
    [OPT_NORMAL] = {"normal", "FILE", "what starts in the normal world, a flat image"},
    [OPT_LINUX] = {"linux", "KERNEL", "or an arm64 kernel"},
    [OPT_INITRAMFS] = {"initramfs", "FILE", "its first file system"},
    [OPT_FORWARD] = {"forward", "PORT:PORT", "this machine's loopback port is that TCP port of Linux"},
    [OPT_LINK] = {"link", "PATH", "socket: the board's link to its host"},
    [OPT_PROBE] = {"probe", "PATH", "socket: a second link, for tests of the normal world"},
    [OPT_CONSOLE] = {"console", "PATH", "socket: the secure UART; its words also in PATH.log"},
    [OPT_CONTROL] = {"control", "PATH", "socket: button, LED, power, status"},
    {"help", NULL, "print this"},
    {"version", NULL, "print the version"},
    {NULL, NULL, NULL},
};

struct command {
    struct cw_tz_board_options board;
    const char *forward;
    char forward_text[16];
};

static bool take(void *ctx, size_t option, const char *value)
{
    struct command *c = ctx;
    switch ((enum option)option) {
    case OPT_FLASH:
        c->board.flash = value;
        break;
    case OPT_NORMAL:
        c->board.normal = value;
        break;
    case OPT_LINUX:
        c->board.kernel = value;
        break;
    case OPT_INITRAMFS:
        c->board.initramfs = value;
        break;
    case OPT_FORWARD:
        c->forward = value;
        break;
    case OPT_LINK:
        c->board.link = value;
        break;
    case OPT_PROBE:
        c->board.probe = value;
        break;
    case OPT_CONSOLE:
        c->board.console = value;
        break;
    case OPT_CONTROL:
        c->board.control = value;
        break;
    }
    return true;
}

static const struct cw_args_program program = {
    .name = "causeway-trustzone",
    .usage = "usage: causeway-trustzone --flash FILE [OPTION]...\n"
             "A board with TrustZone: QEMU as the chip; button, LED, secure console and power.\n"
             "It emulates: evidence from it says so, and it protects from nobody who controls it.\n",
    .exits = "Exit status: 0 done, 1 failed, 2 wrong use or unusable file.",
    .operand = "which flash the board has is given with --flash FILE",
    .options = options,
    .take = take,
};

/* The flash is kept open: its lock says that the board is in use. */
static bool check_flash(const char *path)
{
    struct stat info;
    const int file = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (file < 0) {
        cw_log_error("cannot open the flash %s: %s; " REMEDY_FLASH, path, strerror(errno));
        return false;
    }
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)
            || info.st_size != (off_t)TZ_FLASH_LEN) {
        cw_log_error("%s is no flash of this board, which is a file of %lu MiB; " REMEDY_FLASH,
                path, TZ_FLASH_LEN >> 20);
        return false;
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        cw_log_error("the flash %s is in use by another board: give each its own", path);
        return false;
    }
    return cw_file_check_private(path) == CW_OK;
}

static bool check_readable(const char *option, const char *path)
{
    if (path != NULL && access(path, R_OK) != 0) {
        cw_log_error("--%s: cannot read %s: %s", option, path, strerror(errno));
        return false;
    }
    return true;
}

/* PORT:PORT becomes QEMU's PORT-:PORT; nothing else gets through. */
static bool settle_forward(struct command *c)
{
    unsigned here = 0, there = 0;
    char more = 0;
    if (c->forward == NULL) {
        return true;
    }
    if (c->board.kernel == NULL) {
        cw_log_error("--forward needs --linux KERNEL: nothing else has a network");
        return false;
    }
    if (sscanf(c->forward, "%5u:%5u%c", &here, &there, &more) != 2 || here == 0 || there == 0
            || here > UINT16_MAX || there > UINT16_MAX) {
        cw_log_error("--forward %s: give two ports, 127.0.0.1's and Linux's, as in 6001:6000",
                c->forward);
        return false;
    }
    (void)snprintf(c->forward_text, sizeof c->forward_text, "%u-:%u", here, there);
    c->board.forward = c->forward_text;
    return true;
}

static bool settle(const struct cw_tz_board_options *board)
{
    if (board->flash == NULL) {
        cw_log_error("give --flash FILE, the board's secure flash; " REMEDY_FLASH);
        return false;
    }
    if (board->normal != NULL && board->kernel != NULL) {
        cw_log_error("--normal and --linux exclude each other: both are the normal world");
        return false;
    }
    if (board->initramfs != NULL && board->kernel == NULL) {
        cw_log_error("--initramfs needs --linux KERNEL");
        return false;
    }
    return check_flash(board->flash) && check_readable("normal", board->normal)
            && check_readable("linux", board->kernel)
            && check_readable("initramfs", board->initramfs);
}

static int act(struct command *c, int argc, char **argv)
{
    const cw_args_verdict verdict = cw_args_read(&program, argc, argv, c);
    if (verdict != CW_ARGS_GO) {
        return verdict == CW_ARGS_ANSWERED ? EXIT_DONE : EXIT_WRONG_USE;
    }
    if (!settle_forward(c) || !settle(&c->board)) {
        return EXIT_WRONG_USE;
    }
    if (!cw_tool_is_there(CW_QEMU_PROGRAM)) {
        cw_log_error("%s is missing: apt install qemu-system-arm", CW_QEMU_PROGRAM);
        return EXIT_FAILED;
    }
    (void)umask(0077); /* sockets and logs are for this user alone */
    return cw_tz_board_serve(&c->board) == CW_OK ? EXIT_DONE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct command command = {.forward = NULL};

    cw_log_setup("causeway-trustzone", CW_LOG_INFO, false);
    return act(&command, argc, argv);
}
