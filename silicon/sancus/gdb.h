/* SPDX-License-Identifier: MIT */
/*
 * gdb.h - a debugger on the chip: the gdb remote serial protocol on a socket.
 *
 * What     One client at a time, on loopback or a Unix socket.  Answers packets, says when the
 *          chip must stand still, and reports why it stopped.  docs/debugging.md is for people.
 * Trust    SILICON.  Whoever reaches the socket owns the board; what arrives may be anything.
 * Memory   The caller owns struct cw_gdb.  All buffers are fixed: a client that does not read
 *          is not read from.
 * Calls    Never blocks.  The owner's loop:
 *
 *     loop: if (!cw_gdb_holds) { run a slice; cw_gdb_ran }
 *           poll with cw_gdb_poll;  cw_gdb_serve
 */
#ifndef CW_SILICON_SANCUS_GDB_H
#define CW_SILICON_SANCUS_GDB_H

#include <poll.h>

#include "posix/socket.h"
#include "silicon/sancus/debug.h"
#include "silicon/sancus/gdb_packet.h"
#include "silicon/sancus/symbols.h"

#define CW_GDB_FDS 2u /* for cw_gdb_poll */

/* What the packets R and k, and `monitor reset`, do. */
struct cw_gdb_hooks {
    void *arg;
    void (*reset)(void *arg);
    void (*kill)(void *arg);
};

struct cw_gdb {
    struct cw_chip *chip;
    struct cw_gdb_hooks hooks;
    const struct cw_symbols *symbols; /* or NULL: what `monitor modules` names */
    struct cw_debug debug;
    struct cw_socket socket;
    bool wait;                  /* the chip stands still until a first client has gone */
    bool attached, running;
    bool no_ack, swbreak, hwbreak;
    bool rules;                 /* memory is what the code at the PC may reach */
    bool at_violation;          /* registers are shown as they were before it  */
    bool ended;                 /* the chip can go no further without a reset  */
    uint8_t signal;             /* of the last stop */
    struct cw_gdb_packet packet;
    struct cw_gdb_command command;
    uint8_t last[CW_GDB_FRAME_MAX]; /* sent again at a NACK */
    size_t last_len;
    uint8_t out[4 * CW_GDB_FRAME_MAX];
    size_t out_len;
    uint8_t in[512];
    size_t in_at, in_len;
};

/*
 * cw_gdb_open - listen.
 *
 * where    a port (0: any free one; a line says which) on 127.0.0.1, or the path of a socket
 * wait     a program that has not begun waits for its first client
 *
 * CW_E_FORM    neither a port nor a path with a '/' (logged)
 * CW_E_SYSTEM  it cannot listen (logged)
 */
CW_MUST_CHECK cw_status cw_gdb_open(struct cw_gdb *gdb, struct cw_chip *chip, const char *where,
        const struct cw_gdb_hooks *hooks, bool wait);
void cw_gdb_close(struct cw_gdb *gdb);

/* cw_gdb_holds - the chip must not run now. */
bool cw_gdb_holds(const struct cw_gdb *gdb);

/* cw_gdb_ran - the chip came back with [stop]; [why]: what a stop for good is called, or NULL. */
void cw_gdb_ran(struct cw_gdb *gdb, cw_stop stop, const char *why);

/* cw_gdb_poll - what to wait for; ret_fds: [CW_GDB_FDS]. */
void cw_gdb_poll(const struct cw_gdb *gdb, struct pollfd *ret_fds);

/* cw_gdb_serve - accept, read, answer, as far as it goes without waiting. */
void cw_gdb_serve(struct cw_gdb *gdb);

/* For gdb.c: `monitor`.  Its text goes to cw_gdb_say; false: no such command. */
bool cw_gdb_monitor(struct cw_gdb *gdb, const char *line);

/* cw_gdb_say - console text of the client; a running chip or a monitor command only. */
__attribute__((format(printf, 2, 3))) void cw_gdb_say(struct cw_gdb *gdb, const char *format, ...);

/* cw_gdb_registers - as the client sees them; ret_values: [CW_GDB_REGISTERS]. */
void cw_gdb_registers(const struct cw_gdb *gdb, uint16_t *ret_values);

/* cw_gdb_restart - after a reset: to the first instruction, so that there is a PC to show. */
void cw_gdb_restart(struct cw_gdb *gdb);

/*
 * Memory as the client sees it.  gdb_memory.c
 *
 * cw_gdb_read returns how many bytes from [address] on can be read; cw_gdb_write writes all or,
 * if one of them must not be written, none (false).
 */
size_t cw_gdb_read(struct cw_gdb *gdb, uint32_t address, size_t len, uint8_t *ret_bytes);
bool cw_gdb_write(struct cw_gdb *gdb, uint32_t address, size_t len, const uint8_t *bytes);

#endif
