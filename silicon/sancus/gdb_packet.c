/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/gdb_packet.h"

#include <string.h>

#define ESCAPE 0x7d
#define ESCAPED_BY 0x20
#define INTERRUPT 0x03
/* Numbers of the protocol are hex without a sign; more digits than this are no number here. */
#define DIGITS_MAX 8u

enum { BETWEEN, BODY, BODY_ESCAPED, SUM_HIGH, SUM_LOW };

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* ---- the stream ---- */

static void begin(struct cw_gdb_packet *p)
{
    p->state = BODY;
    p->sum = 0;
    p->len = 0;
    p->too_long = false;
}

static void keep(struct cw_gdb_packet *p, uint8_t byte)
{
    if (p->len == CW_GDB_BODY_MAX) {
        p->too_long = true;
    } else {
        p->body[p->len++] = byte;
    }
}

static cw_gdb_input between(struct cw_gdb_packet *p, uint8_t byte)
{
    switch (byte) {
    case '$':
        begin(p);
        return CW_GDB_MORE;
    case '+':
        return CW_GDB_ACK;
    case '-':
        return CW_GDB_NACK;
    case INTERRUPT:
        return CW_GDB_INTERRUPT;
    default:
        return CW_GDB_MORE;
    }
}

static cw_gdb_input end(struct cw_gdb_packet *p, uint8_t byte)
{
    int low = digit(byte);

    p->state = BETWEEN;
    if (low < 0 || p->claimed > 15 /* none */ || p->sum != (p->claimed << 4 | low)) {
        return CW_GDB_DAMAGED;
    }
    p->body[p->len] = 0;
    return p->too_long ? CW_GDB_TOO_LONG : CW_GDB_PACKET;
}

cw_gdb_input cw_gdb_packet_put(struct cw_gdb_packet *p, uint8_t byte)
{
    switch (p->state) {
    case BODY:
        if (byte == '$') { /* the rest of the one before was lost */
            begin(p);
        } else if (byte == '#') {
            p->state = SUM_HIGH;
        } else {
            p->sum = (uint8_t)(p->sum + byte);
            if (byte == ESCAPE) {
                p->state = BODY_ESCAPED;
            } else {
                keep(p, byte);
            }
        }
        return CW_GDB_MORE;
    case BODY_ESCAPED:
        p->sum = (uint8_t)(p->sum + byte);
        p->state = BODY;
        keep(p, byte ^ ESCAPED_BY);
        return CW_GDB_MORE;
    case SUM_HIGH:
        p->claimed = (uint8_t)digit(byte); /* 255: none */
        p->state = SUM_LOW;
        return CW_GDB_MORE;
    case SUM_LOW:
        return end(p, byte);
    default:
        return between(p, byte);
    }
}

/* ---- commands ---- */

/* After the first thing that is not as expected, everything reads as nothing. */
struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static uint32_t number(struct cursor *c)
{
    uint32_t value = 0;
    unsigned digits = 0;

    while (c->at < c->end && digit(*c->at) >= 0) {
        value = value << 4 | (uint32_t)digit(*c->at++);
        digits++;
    }
    c->bad |= digits == 0 || digits > DIGITS_MAX;
    return c->bad ? 0 : value;
}

static void expect(struct cursor *c, uint8_t byte)
{
    if (c->at < c->end && *c->at == byte) {
        c->at++;
    } else {
        c->bad = true;
    }
}

static void expect_end(struct cursor *c)
{
    c->bad |= c->at != c->end;
}

/* All that is left: pairs of digits. */
static void hex_data(struct cursor *c, struct cw_gdb_command *command)
{
    size_t len = (size_t)(c->end - c->at);

    c->bad |= len % 2 != 0 || len / 2 > CW_GDB_DATA_MAX;
    for (size_t i = 0; !c->bad && i < len / 2; i++) {
        int high = digit(c->at[2 * i]), low = digit(c->at[2 * i + 1]);

        c->bad |= high < 0 || low < 0;
        command->data[i] = c->bad ? 0 : (uint8_t)(high << 4 | low);
    }
    command->len = c->bad ? 0 : (uint32_t)(len / 2);
    c->at = c->end;
}

/* The value of a register, least significant byte first. */
static void register_value(struct cursor *c, struct cw_gdb_command *command)
{
    hex_data(c, command);
    c->bad |= command->len != 2 && command->len != CW_GDB_REGISTER_LEN;
    for (unsigned i = 0; !c->bad && i < command->len; i++) {
        command->value |= (uint32_t)command->data[i] << (8 * i);
    }
    memset(command->data, 0, sizeof command->data);
    command->len = 0;
}

static bool begins(const struct cursor *c, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(c->end - c->at) >= len && memcmp(c->at, word, len) == 0;
}

static bool takes(struct cursor *c, const char *word)
{
    if (!begins(c, word)) {
        return false;
    }
    c->at += strlen(word);
    return true;
}

static bool is(const struct cursor *c, const char *word)
{
    return begins(c, word) && (size_t)(c->end - c->at) == strlen(word);
}

static void memory_range(struct cursor *c, struct cw_gdb_command *command)
{
    command->address = number(c);
    expect(c, ',');
    command->len = number(c);
}

static void write_memory(struct cursor *c, struct cw_gdb_command *command, bool hex)
{
    uint32_t claimed;

    memory_range(c, command);
    claimed = command->len;
    expect(c, ':');
    if (hex) {
        hex_data(c, command);
    } else {
        size_t len = (size_t)(c->end - c->at);

        c->bad |= len > CW_GDB_DATA_MAX;
        command->len = c->bad ? 0 : (uint32_t)len;
        memcpy(command->data, c->at, command->len);
        c->at = c->end;
    }
    c->bad |= command->len != claimed;
}

/* c, C SIGNAL, with an optional address; the signal is for programs that take signals. */
static void resume(struct cursor *c, struct cw_gdb_command *command, bool with_signal)
{
    if (with_signal) {
        (void)number(c);
        if (c->at == c->end) {
            return;
        }
        expect(c, ';');
    } else if (c->at == c->end) {
        return;
    }
    command->has_address = true;
    command->address = number(c);
}

/* vCont;ACTION[:THREAD][;...]: there is one thread, so the first action is for it. */
static void actions(struct cursor *c, struct cw_gdb_command *command)
{
    uint8_t action;

    expect(c, ';');
    action = !c->bad && c->at < c->end ? *c->at++ : 0;
    if (action == 'C' || action == 'S') {
        (void)number(c);
    }
    command->kind = action == 'c' || action == 'C'   ? CW_GDB_CONTINUE
                    : action == 's' || action == 'S' ? CW_GDB_STEP
                                                     : CW_GDB_MALFORMED;
    c->bad |= c->at != c->end && *c->at != ':' && *c->at != ';';
    c->at = c->end;
}

static void point(struct cursor *c, struct cw_gdb_command *command)
{
    command->number = number(c);
    expect(c, ',');
    command->address = number(c);
    expect(c, ',');
    command->len = number(c);
    if (c->at < c->end && *c->at == ';') { /* conditions, which were not offered */
        c->at = c->end;
    }
}

static void supported(struct cursor *c, struct cw_gdb_command *command)
{
    for (; c->at < c->end; c->at++) {
        command->swbreak |= begins(c, "swbreak+");
        command->hwbreak |= begins(c, "hwbreak+");
    }
}

static void query(struct cursor *c, struct cw_gdb_command *command)
{
    if (begins(c, "qSupported")) {
        command->kind = CW_GDB_SUPPORTED;
        supported(c, command);
    } else if (takes(c, "qXfer:features:read:")) {
        command->kind = takes(c, "target.xml:") ? CW_GDB_FEATURES : CW_GDB_MALFORMED;
        if (command->kind == CW_GDB_FEATURES) {
            memory_range(c, command);
        } else {
            c->at = c->end;
        }
    } else if (takes(c, "qRcmd,")) {
        command->kind = CW_GDB_MONITOR;
        hex_data(c, command);
    } else if (begins(c, "qAttached")) {
        command->kind = CW_GDB_ATTACHED;
        c->at = c->end;
    } else if (is(c, "QStartNoAckMode")) {
        command->kind = CW_GDB_NO_ACK;
        c->at = c->end;
    } else {
        c->at = c->end;
    }
}

static void long_command(struct cursor *c, struct cw_gdb_command *command)
{
    if (takes(c, "vCont?")) {
        command->kind = CW_GDB_ACTIONS;
    } else if (takes(c, "vCont")) {
        actions(c, command);
    } else if (takes(c, "vKill")) {
        command->kind = CW_GDB_VKILL;
        c->at = c->end;
    } else {
        c->at = c->end;
    }
}

static void decode(struct cursor *c, struct cw_gdb_command *command)
{
    uint8_t letter = *c->at;

    if (letter == 'q' || letter == 'Q') {
        query(c, command);
        return;
    }
    if (letter == 'v') {
        long_command(c, command);
        return;
    }
    c->at++;
    switch (letter) {
    case '?':
        command->kind = CW_GDB_WHY;
        break;
    case '!':
        command->kind = CW_GDB_EXTENDED;
        break;
    case 'g':
        command->kind = CW_GDB_READ_ALL;
        break;
    case 'G':
        command->kind = CW_GDB_WRITE_ALL;
        hex_data(c, command);
        c->bad |= command->len != CW_GDB_REGISTERS * CW_GDB_REGISTER_LEN;
        break;
    case 'p':
        command->kind = CW_GDB_READ_ONE;
        command->number = number(c);
        break;
    case 'P':
        command->kind = CW_GDB_WRITE_ONE;
        command->number = number(c);
        expect(c, '=');
        register_value(c, command);
        break;
    case 'm':
        command->kind = CW_GDB_READ_MEMORY;
        memory_range(c, command);
        break;
    case 'M':
    case 'X':
        command->kind = CW_GDB_WRITE_MEMORY;
        write_memory(c, command, letter == 'M');
        break;
    case 'c':
    case 'C':
        command->kind = CW_GDB_CONTINUE;
        resume(c, command, letter == 'C');
        break;
    case 's':
    case 'S':
        command->kind = CW_GDB_STEP;
        resume(c, command, letter == 'S');
        break;
    case 'Z':
    case 'z':
        command->kind = letter == 'Z' ? CW_GDB_INSERT : CW_GDB_REMOVE;
        point(c, command);
        break;
    case 'H':
    case 'T':
        command->kind = CW_GDB_THREAD;
        c->at = c->end;
        break;
    case 'R':
    case 'D':
    case 'k':
        command->kind = letter == 'R' ? CW_GDB_RESET : letter == 'D' ? CW_GDB_DETACH : CW_GDB_KILL;
        c->at = c->end;
        break;
    default:
        c->at = c->end;
        break;
    }
}

void cw_gdb_command_decode(const uint8_t *body, size_t len, struct cw_gdb_command *ret_command)
{
    struct cursor c = {body, body + len, false};

    memset(ret_command, 0, sizeof *ret_command);
    if (len == 0) {
        return;
    }
    decode(&c, ret_command);
    expect_end(&c);
    if (c.bad) {
        memset(ret_command, 0, sizeof *ret_command);
        ret_command->kind = CW_GDB_MALFORMED;
    }
}

/* ---- answers ---- */

static bool must_escape(uint8_t byte)
{
    return byte == '$' || byte == '#' || byte == ESCAPE || byte == '*';
}

size_t cw_gdb_frame(const char *body, size_t len, uint8_t *ret_frame)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    uint8_t sum = 0;

    ret_frame[at++] = '$';
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)body[i];

        if (at + (must_escape(byte) ? 2 : 1) + 3 > CW_GDB_FRAME_MAX) {
            break;
        }
        if (must_escape(byte)) {
            ret_frame[at++] = ESCAPE;
            sum = (uint8_t)(sum + ESCAPE);
            byte ^= ESCAPED_BY;
        }
        ret_frame[at++] = byte;
        sum = (uint8_t)(sum + byte);
    }
    ret_frame[at++] = '#';
    ret_frame[at++] = (uint8_t)digits[sum >> 4];
    ret_frame[at++] = (uint8_t)digits[sum & 15];
    return at;
}

void cw_gdb_hex(const uint8_t *bytes, size_t len, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * len] = 0;
}
