/* SPDX-License-Identifier: MIT */
/*
 * qemu.h - QEMU as one chip: its command line, its life, and which of its devices is which.
 *
 * What     The command line is a fixed table; nothing of it is the user's but files.  QEMU gets
 *          its sockets as descriptors, so that nobody else can reach them, and ends when this
 *          program does, however it ends.
 *          The board's GPIO is reached by `qtest`, QEMU's own test interface, which names devices
 *          by their place in its tree.  That place is asked of a second QEMU with the same table,
 *          which never runs anything and ends at once; it is done beside the start of the first.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_TRUSTZONE_QEMU_H
#define CW_SILICON_TRUSTZONE_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"

#define CW_QEMU_PROGRAM "qemu-system-aarch64"
#define CW_QEMU_MAJOR 7 /* what the table and the names of devices were tested with */
#define CW_QEMU_MINOR 2

struct cw_qemu_options {
    const char *flash;     /* a file of TZ_FLASH_LEN bytes */
    const char *normal;    /* or NULL */
    const char *kernel;    /* or NULL */
    const char *initramfs; /* or NULL */
    const char *forward;   /* or NULL: PORT-:PORT, this machine's and the board's */
    const char *log;       /* takes what the normal world's UART says, or NULL */
    int link, probe;       /* listening sockets, or -1 */
    int start;             /* of Linux (linux.h), a file, or -1 */
};

struct cw_qemu {
    pid_t pid;   /* 0: none */
    int pid_fd;  /* readable when it ended */
    int qtest;   /* lines of its test interface */
    int console; /* the secure UART */
    int errors;  /* a file with its words, readable from its beginning */
};

/* What the second QEMU found out. */
struct cw_qemu_facts {
    char version[32];
    char gpio[64];  /* the secure GPIO's path in QEMU's tree */
    char why[256];  /* what went wrong and what to do; "": nothing */
};

/*
 * cw_qemu_tree - the device tree that QEMU makes for this command line, by another QEMU that ends
 * at once.  ret_tree: [*ret_tree_len], the caller's to free.
 */
CW_MUST_CHECK cw_status cw_qemu_tree(const struct cw_qemu_options *options, uint8_t **ret_tree,
        size_t *ret_tree_len);

/* cw_qemu_start - CW_E_SYSTEM: a line was logged. */
CW_MUST_CHECK cw_status cw_qemu_start(struct cw_qemu *ret_qemu,
        const struct cw_qemu_options *options);

/* cw_qemu_end - when it ended by itself, or now by force.  ret_why: [cap], its first words. */
void cw_qemu_end(struct cw_qemu *qemu, int *ret_exit_status, char *ret_why, size_t cap);

/*
 * cw_qemu_ask - begin to find the facts, in a process of its own.
 *
 * ret_fd  gives one whole struct cw_qemu_facts and then ends
 */
CW_MUST_CHECK cw_status cw_qemu_ask(const struct cw_qemu_options *options, int *ret_fd,
        pid_t *ret_pid);

#endif
