/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/gdb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/log.h"
#include "silicon/sancus/run.h"

#define SIGNAL_INTERRUPT 2
#define SIGNAL_ILLEGAL 4
#define SIGNAL_TRAP 5
#define SIGNAL_SEGMENT 11

#define ERROR_ARGUMENT "E16"
#define ERROR_MEMORY "E0e"
#define ERROR_SPACE "E1c"

#define SAY_MAX 1024u
/* An answer, its ACK, and what is said before it. */
#define ROOM_NEEDED (2 * CW_GDB_FRAME_MAX)

/*
 * gdb's MSP430 support knows its registers by itself, and warns of a description of them: 16, of
 * 32 bits, least significant byte first, whose lower halves are the registers of this machine.
 */
static const char target_xml[] =
        "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
        "<target version=\"1.0\"><architecture>msp430</architecture></target>";

/* ---- out ---- */

static void put(struct cw_gdb *gdb, const uint8_t *bytes, size_t len)
{
    if (len <= sizeof gdb->out - gdb->out_len) {
        memcpy(gdb->out + gdb->out_len, bytes, len);
        gdb->out_len += len;
    }
}

static void answer_bytes(struct cw_gdb *gdb, const char *body, size_t len)
{
    gdb->last_len = cw_gdb_frame(body, len, gdb->last);
    put(gdb, gdb->last, gdb->last_len);
}

static void answer(struct cw_gdb *gdb, const char *body)
{
    answer_bytes(gdb, body, strlen(body));
}

void cw_gdb_say(struct cw_gdb *gdb, const char *format, ...)
{
    char text[SAY_MAX], body[2 * SAY_MAX + 2];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    body[0] = 'O';
    cw_gdb_hex((const uint8_t *)text, strlen(text), body + 1);
    answer(gdb, body);
}

/* ---- registers ---- */

void cw_gdb_registers(const struct cw_gdb *gdb, uint16_t *ret_values)
{
    if (gdb->at_violation) {
        memcpy(ret_values, gdb->debug.before, sizeof gdb->debug.before);
        return;
    }
    memcpy(ret_values, gdb->chip->core.r, CW_GDB_REGISTERS * sizeof ret_values[0]);
    ret_values[0] = cw_chip_pc(gdb->chip);
}

static void put_register(uint16_t value, char *to)
{
    uint8_t bytes[CW_GDB_REGISTER_LEN] = {(uint8_t)value, (uint8_t)(value >> 8)};

    cw_gdb_hex(bytes, sizeof bytes, to);
}

/* A jump is judged as one that the current instruction makes, unless the rules are off. */
static bool write_pc(struct cw_gdb *gdb, uint32_t value)
{
    struct cw_chip *chip = gdb->chip;
    uint16_t from = chip->core.inst_pc;

    if (!chip->at_boundary || (value & 1) != 0 || value > 0xffff) {
        return false;
    }
    cw_chip_jump(chip, (uint16_t)value);
    if (gdb->rules) {
        cw_chip_came_from(chip, from);
    }
    return true;
}

static bool write_register(struct cw_gdb *gdb, unsigned index, uint32_t value)
{
    struct cw_chip *chip = gdb->chip;
    uint16_t now[CW_GDB_REGISTERS];

    cw_gdb_registers(gdb, now);
    if (now[index] == value) {
        return true;
    }
    if (gdb->at_violation || index == 3 || value > 0xffff) {
        return false;
    }
    if (index == 0) {
        return write_pc(gdb, value);
    }
    if (index == 2) {
        cw_chip_set_flags(chip, (uint16_t)value);
        return true;
    }
    chip->core.r[index] = (uint16_t)(index == 1 ? value & 0xfffe : value);
    return true;
}

static void read_all(struct cw_gdb *gdb)
{
    char body[CW_GDB_REGISTERS * 2 * CW_GDB_REGISTER_LEN + 1];
    uint16_t values[CW_GDB_REGISTERS];

    cw_gdb_registers(gdb, values);
    for (unsigned i = 0; i < CW_GDB_REGISTERS; i++) {
        put_register(values[i], body + 2 * CW_GDB_REGISTER_LEN * i);
    }
    answer(gdb, body);
}

static void read_one(struct cw_gdb *gdb)
{
    char body[2 * CW_GDB_REGISTER_LEN + 1];
    uint16_t values[CW_GDB_REGISTERS];

    if (gdb->command.number >= CW_GDB_REGISTERS) {
        answer(gdb, ERROR_ARGUMENT);
        return;
    }
    cw_gdb_registers(gdb, values);
    put_register(values[gdb->command.number], body);
    answer(gdb, body);
}

static void write_all(struct cw_gdb *gdb)
{
    const uint8_t *at = gdb->command.data;
    bool good = true;

    for (unsigned i = CW_GDB_REGISTERS; i-- > 0;) {
        const uint8_t *p = at + CW_GDB_REGISTER_LEN * i;

        good &= write_register(gdb, i, (uint32_t)p[0] | (uint32_t)p[1] << 8);
    }
    answer(gdb, good ? "OK" : ERROR_ARGUMENT);
}

static void write_one(struct cw_gdb *gdb)
{
    bool good = gdb->command.number < CW_GDB_REGISTERS &&
            write_register(gdb, gdb->command.number, gdb->command.value);

    answer(gdb, good ? "OK" : ERROR_ARGUMENT);
}

/* ---- memory ---- */

static void read_memory(struct cw_gdb *gdb)
{
    uint8_t bytes[CW_GDB_DATA_MAX];
    char body[2 * CW_GDB_DATA_MAX + 1];
    size_t len = gdb->command.len < sizeof bytes ? gdb->command.len : sizeof bytes;
    size_t got = cw_gdb_read(gdb, gdb->command.address, len, bytes);

    if (got == 0 && len != 0) {
        answer(gdb, ERROR_MEMORY);
        return;
    }
    cw_gdb_hex(bytes, got, body);
    answer(gdb, body);
}

static void write_memory(struct cw_gdb *gdb)
{
    bool good = cw_gdb_write(gdb, gdb->command.address, gdb->command.len, gdb->command.data);

    answer(gdb, good ? "OK" : ERROR_MEMORY);
}

/* ---- stops ---- */

static void report(struct cw_gdb *gdb)
{
    char body[160], pc[2 * CW_GDB_REGISTER_LEN + 1], sp[2 * CW_GDB_REGISTER_LEN + 1];
    uint16_t values[CW_GDB_REGISTERS];
    const char *reason = "";
    char watched[32];

    cw_gdb_registers(gdb, values);
    put_register(values[0], pc);
    put_register(values[1], sp);
    if (gdb->debug.reason == CW_DEBUG_WATCHPOINT && gdb->signal == SIGNAL_TRAP) {
        const char *kind = gdb->debug.watched_kinds == (CW_DEBUG_READ | CW_DEBUG_WRITE) ? "awatch"
                           : gdb->debug.watched_write                                  ? "watch"
                                                                                       : "rwatch";

        (void)snprintf(watched, sizeof watched, "%s:%x;", kind, gdb->debug.watched_address);
        reason = watched;
    } else if (gdb->debug.reason == CW_DEBUG_BREAKPOINT && gdb->signal == SIGNAL_TRAP) {
        reason = gdb->swbreak ? "swbreak:;" : "";
    }
    (void)snprintf(body, sizeof body, "T%02x00:%s;01:%s;%s", gdb->signal, pc, sp, reason);
    answer(gdb, body);
}

static void halt(struct cw_gdb *gdb, uint8_t signal)
{
    gdb->running = false;
    gdb->signal = signal;
    report(gdb);
}

static void say_violation(struct cw_gdb *gdb)
{
    const struct cw_violation *v = &gdb->chip->violation;

    cw_gdb_say(gdb,
            "violation: %s at 0x%04x, by the instruction at 0x%04x (module %u), module %u\n"
            "Registers are shown as they were before it; the chip goes on behind it.\n",
            v->rule, v->address, v->pc, v->subject_id, v->object_id);
}

void cw_gdb_ran(struct cw_gdb *gdb, cw_stop stop, const char *why)
{
    const struct cw_chip *chip = gdb->chip;

    if (!gdb->attached || !gdb->running) {
        return;
    }
    if (stop == CW_STOP_DEBUG && gdb->debug.reason != CW_DEBUG_VIOLATION) {
        halt(gdb, SIGNAL_TRAP);
    } else if (stop == CW_STOP_DEBUG || stop == CW_STOP_VIOLATION) {
        gdb->at_violation = true;
        gdb->ended = stop == CW_STOP_VIOLATION;
        say_violation(gdb);
        halt(gdb, SIGNAL_SEGMENT);
    } else if (stop == CW_STOP_ILLEGAL) {
        gdb->ended = true;
        cw_gdb_say(gdb, "illegal: %s at 0x%04x, by the instruction at 0x%04x (module %u)\n",
                chip->trap_rule, chip->trap_address, chip->core.inst_pc, chip->unit.id_last_cycle);
        halt(gdb, SIGNAL_ILLEGAL);
    } else if (why != NULL) {
        gdb->ended = true;
        cw_gdb_say(gdb, "the program has ended: %s\n", why);
        halt(gdb, SIGNAL_TRAP);
    }
}

void cw_gdb_restart(struct cw_gdb *gdb)
{
    gdb->at_violation = false;
    gdb->ended = false;
    cw_debug_resume(gdb->chip, true); /* to before the first instruction, not behind it */
    (void)cw_chip_run(gdb->chip, UINT64_MAX);
    gdb->debug.reason = CW_DEBUG_NONE;
    gdb->signal = SIGNAL_TRAP;
}

static void resume(struct cw_gdb *gdb, bool step)
{
    const struct cw_gdb_command *command = &gdb->command;

    if (command->has_address && !write_register(gdb, 0, command->address)) {
        answer(gdb, ERROR_ARGUMENT);
        return;
    }
    if (gdb->ended) {
        cw_gdb_say(gdb, "the chip stands still for good: `monitor reset` starts it anew\n");
        report(gdb);
        return;
    }
    if (gdb->at_violation && step) { /* the chip stands where that leads already: show it */
        gdb->at_violation = false;
        gdb->debug.reason = CW_DEBUG_STEPPED;
        halt(gdb, SIGNAL_TRAP);
        return;
    }
    gdb->at_violation = false;
    gdb->running = true;
    cw_debug_resume(gdb->chip, step);
}

/* ---- points ---- */

static void points(struct cw_gdb *gdb, bool insert)
{
    static const uint8_t kinds[5] = {CW_DEBUG_BREAK, CW_DEBUG_BREAK, CW_DEBUG_WRITE, CW_DEBUG_READ,
            CW_DEBUG_READ | CW_DEBUG_WRITE};
    const struct cw_gdb_command *command = &gdb->command;
    uint32_t len = command->number < 2 ? 1 : command->len;
    cw_status status;

    if (command->number >= sizeof kinds) {
        answer(gdb, "");
        return;
    }
    status = insert ? cw_debug_insert(gdb->chip, kinds[command->number], command->address, len)
                    : cw_debug_remove(gdb->chip, kinds[command->number], command->address, len);
    answer(gdb, status == CW_OK        ? "OK"
                : status == CW_E_SPACE ? ERROR_SPACE
                                       : ERROR_ARGUMENT);
}

/* ---- queries ---- */

static void supported(struct cw_gdb *gdb)
{
    char body[160];

    gdb->swbreak = gdb->command.swbreak;
    gdb->hwbreak = gdb->command.hwbreak;
    (void)snprintf(body, sizeof body,
            "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+%s%s",
            CW_GDB_BODY_MAX, gdb->swbreak ? ";swbreak+" : "", gdb->hwbreak ? ";hwbreak+" : "");
    answer(gdb, body);
}

static void features(struct cw_gdb *gdb)
{
    char body[sizeof target_xml + 1];
    size_t all = sizeof target_xml - 1, from = gdb->command.address, len = gdb->command.len;

    if (from > all) {
        answer(gdb, ERROR_ARGUMENT);
        return;
    }
    len = len < all - from ? len : all - from;
    body[0] = from + len == all ? 'l' : 'm';
    memcpy(body + 1, target_xml + from, len);
    answer_bytes(gdb, body, len + 1);
}

static void monitor(struct cw_gdb *gdb)
{
    const char *line = (const char *)gdb->command.data;

    /* a zero byte in the middle ends the line */
    if (!cw_gdb_monitor(gdb, line)) {
        cw_gdb_say(gdb, "no such command; `monitor help` lists them\n");
    }
    answer(gdb, "OK");
}

/* ---- a client ---- */

static void attach(struct cw_gdb *gdb)
{
    gdb->attached = true;
    gdb->running = false;
    gdb->no_ack = gdb->swbreak = gdb->hwbreak = false;
    gdb->rules = true;
    gdb->at_violation = false;
    gdb->ended = false;
    gdb->signal = SIGNAL_TRAP;
    gdb->out_len = gdb->last_len = gdb->in_len = gdb->in_at = 0;
    memset(&gdb->packet, 0, sizeof gdb->packet);
    cw_debug_attach(gdb->chip, &gdb->debug);
    if (gdb->chip->cycle == 0) {
        cw_gdb_restart(gdb);
    }
}

/* The chip goes on as if there had never been a client. */
static void let_go(struct cw_gdb *gdb)
{
    gdb->attached = false;
    gdb->wait = false;
    cw_debug_detach(gdb->chip);
}

/* The last bytes first: the client waits for its answer. */
static void hang_up(struct cw_gdb *gdb)
{
    (void)cw_socket_write(&gdb->socket, gdb->out, gdb->out_len);
    gdb->out_len = 0;
    cw_socket_drop(&gdb->socket);
    let_go(gdb);
}

static void execute(struct cw_gdb *gdb)
{
    switch (gdb->command.kind) {
    case CW_GDB_UNKNOWN:
        answer(gdb, "");
        break;
    case CW_GDB_MALFORMED:
        answer(gdb, ERROR_ARGUMENT);
        break;
    case CW_GDB_WHY:
        report(gdb);
        break;
    case CW_GDB_READ_ALL:
        read_all(gdb);
        break;
    case CW_GDB_WRITE_ALL:
        write_all(gdb);
        break;
    case CW_GDB_READ_ONE:
        read_one(gdb);
        break;
    case CW_GDB_WRITE_ONE:
        write_one(gdb);
        break;
    case CW_GDB_READ_MEMORY:
        read_memory(gdb);
        break;
    case CW_GDB_WRITE_MEMORY:
        write_memory(gdb);
        break;
    case CW_GDB_CONTINUE:
        resume(gdb, false);
        break;
    case CW_GDB_STEP:
        resume(gdb, true);
        break;
    case CW_GDB_ACTIONS:
        answer(gdb, "vCont;c;C;s;S");
        break;
    case CW_GDB_INSERT:
        points(gdb, true);
        break;
    case CW_GDB_REMOVE:
        points(gdb, false);
        break;
    case CW_GDB_SUPPORTED:
        supported(gdb);
        break;
    case CW_GDB_NO_ACK:
        answer(gdb, "OK");
        gdb->no_ack = true;
        break;
    case CW_GDB_FEATURES:
        features(gdb);
        break;
    case CW_GDB_MONITOR:
        monitor(gdb);
        break;
    case CW_GDB_ATTACHED:
        answer(gdb, "1");
        break;
    case CW_GDB_THREAD:
    case CW_GDB_EXTENDED:
        answer(gdb, "OK");
        break;
    case CW_GDB_RESET:
        gdb->hooks.reset(gdb->hooks.arg);
        cw_gdb_restart(gdb);
        break;
    case CW_GDB_DETACH:
        answer(gdb, "OK");
        hang_up(gdb);
        break;
    case CW_GDB_VKILL:
        answer(gdb, "OK");
        hang_up(gdb);
        gdb->hooks.kill(gdb->hooks.arg);
        break;
    case CW_GDB_KILL:
        hang_up(gdb);
        gdb->hooks.kill(gdb->hooks.arg);
        break;
    }
}

static void take(struct cw_gdb *gdb, uint8_t byte)
{
    cw_gdb_input input = cw_gdb_packet_put(&gdb->packet, byte);

    if (gdb->running) { /* nothing but Ctrl-C is expected now */
        if (input == CW_GDB_INTERRUPT) {
            gdb->debug.reason = CW_DEBUG_NONE;
            halt(gdb, SIGNAL_INTERRUPT);
        }
        return;
    }
    switch (input) {
    case CW_GDB_PACKET:
    case CW_GDB_TOO_LONG:
        if (!gdb->no_ack) {
            put(gdb, (const uint8_t *)"+", 1);
        }
        if (input == CW_GDB_TOO_LONG) {
            answer(gdb, ERROR_ARGUMENT);
            break;
        }
        cw_gdb_command_decode(gdb->packet.body, gdb->packet.len, &gdb->command);
        execute(gdb);
        break;
    case CW_GDB_DAMAGED:
        if (!gdb->no_ack) {
            put(gdb, (const uint8_t *)"-", 1);
        }
        break;
    case CW_GDB_NACK:
        if (!gdb->no_ack) {
            put(gdb, gdb->last, gdb->last_len);
        }
        break;
    case CW_GDB_INTERRUPT:
        report(gdb);
        break;
    case CW_GDB_MORE:
    case CW_GDB_ACK:
        break;
    }
}

/* ---- the loop's side ---- */

cw_status cw_gdb_open(struct cw_gdb *gdb, struct cw_chip *chip, const char *where,
        const struct cw_gdb_hooks *hooks, bool wait)
{
    char *end = NULL;
    unsigned long port = strtoul(where, &end, 10);
    cw_status status;

    memset(gdb, 0, sizeof *gdb);
    gdb->chip = chip;
    gdb->hooks = *hooks;
    gdb->wait = wait;
    gdb->socket = (struct cw_socket){.listener = -1, .client = -1};
    if (strchr(where, '/') != NULL) {
        status = cw_socket_open(&gdb->socket, where);
        if (status == CW_OK) {
            cw_log_info("gdb: target remote %s", where);
        }
    } else if (end != where && *end == 0 && port <= 65535 && where[0] >= '0' && where[0] <= '9') {
        uint16_t got = 0;

        status = cw_socket_open_port(&gdb->socket, (uint16_t)port, &got);
        if (status == CW_OK) {
            cw_log_info("gdb: target remote 127.0.0.1:%u", got);
        }
    } else {
        cw_log_error("--gdb %s: give a port (0: any free one), or a socket's path with a /", where);
        return CW_E_FORM;
    }
    gdb->socket.keeps_client = true;
    return status;
}

void cw_gdb_close(struct cw_gdb *gdb)
{
    cw_debug_detach(gdb->chip);
    cw_socket_close(&gdb->socket);
}

bool cw_gdb_holds(const struct cw_gdb *gdb)
{
    return gdb->wait ? !gdb->running : gdb->attached && !gdb->running;
}

void cw_gdb_poll(const struct cw_gdb *gdb, struct pollfd *ret_fds)
{
    bool room = sizeof gdb->out - gdb->out_len >= ROOM_NEEDED;

    ret_fds[0] = (struct pollfd){.fd = gdb->socket.listener, .events = POLLIN};
    ret_fds[1] = (struct pollfd){.fd = gdb->socket.client,
            .events = (short)((room ? POLLIN : 0) | (gdb->out_len != 0 ? POLLOUT : 0))};
}

static void flush(struct cw_gdb *gdb)
{
    size_t sent = cw_socket_write(&gdb->socket, gdb->out, gdb->out_len);

    gdb->out_len -= sent;
    memmove(gdb->out, gdb->out + sent, gdb->out_len);
}

void cw_gdb_serve(struct cw_gdb *gdb)
{
    flush(gdb);
    while (gdb->attached && sizeof gdb->out - gdb->out_len >= ROOM_NEEDED) {
        if (gdb->in_at == gdb->in_len) {
            gdb->in_at = 0;
            gdb->in_len = cw_socket_read(&gdb->socket, gdb->in, sizeof gdb->in);
            if (gdb->in_len == 0) {
                break;
            }
        }
        take(gdb, gdb->in[gdb->in_at++]);
    }
    flush(gdb);
    if (gdb->attached && gdb->socket.client < 0) {
        cw_log_info("gdb: the client has gone; the chip goes on");
        let_go(gdb);
    }
    if (cw_socket_accept(&gdb->socket)) { /* last: the one before may just have gone */
        attach(gdb);
    }
}
