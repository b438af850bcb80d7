/* SPDX-License-Identifier: MIT */
/*
 * gdb_packet.h - the bytes of the gdb remote serial protocol, and what they ask for.
 *
 * What     Takes a stream of bytes apart into packets, and a packet's body into a command; makes
 *          packets.  Pure: knows no chip and no socket.
 * Trust    SILICON.  The bytes may be anything; both decoders are total and bounded.
 * Source   "GDB Remote Serial Protocol", appendix of the gdb manual
 *
 *     byte stream --cw_gdb_packet_put--> body --cw_gdb_command_decode--> command
 */
#ifndef CW_SILICON_SANCUS_GDB_PACKET_H
#define CW_SILICON_SANCUS_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_GDB_BODY_MAX 4096u               /* bytes between $ and #, as both sides may send */
#define CW_GDB_FRAME_MAX (CW_GDB_BODY_MAX + 4u)
#define CW_GDB_DATA_MAX (CW_GDB_BODY_MAX / 2)
#define CW_GDB_REGISTERS 16u
#define CW_GDB_REGISTER_LEN 4u              /* what gdb's MSP430 support transfers for each */

/* What a byte completed. */
typedef enum cw_gdb_input {
    CW_GDB_MORE,       /* nothing yet, or a byte that is part of nothing: skipped */
    CW_GDB_PACKET,     /* body[0 .. len)                                          */
    CW_GDB_DAMAGED,    /* a packet with a wrong sum                               */
    CW_GDB_TOO_LONG,   /* a packet with a right sum and no room: it was dropped   */
    CW_GDB_ACK,
    CW_GDB_NACK,
    CW_GDB_INTERRUPT,  /* the byte 3 outside of a packet                          */
} cw_gdb_input;

struct cw_gdb_packet {
    uint8_t state;     /* private */
    uint8_t sum, claimed;
    bool too_long;
    size_t len;
    uint8_t body[CW_GDB_BODY_MAX + 1]; /* unescaped, and a zero byte behind it */
};

/* cw_gdb_packet_put - the next byte of the stream; a zeroed struct begins. */
cw_gdb_input cw_gdb_packet_put(struct cw_gdb_packet *packet, uint8_t byte);

typedef enum cw_gdb_kind {
    CW_GDB_UNKNOWN,        /* answered by an empty packet */
    CW_GDB_MALFORMED,      /* a known command with wrong arguments */
    CW_GDB_WHY,            /* ? */
    CW_GDB_READ_ALL,       /* g */
    CW_GDB_WRITE_ALL,      /* G: data, CW_GDB_REGISTERS * CW_GDB_REGISTER_LEN bytes */
    CW_GDB_READ_ONE,       /* p: number */
    CW_GDB_WRITE_ONE,      /* P: number, value */
    CW_GDB_READ_MEMORY,    /* m: address, len */
    CW_GDB_WRITE_MEMORY,   /* M, X: address, data[0 .. len) */
    CW_GDB_CONTINUE,       /* c, C, vCont;c: has_address, address */
    CW_GDB_STEP,           /* s, S, vCont;s */
    CW_GDB_ACTIONS,        /* vCont? */
    CW_GDB_INSERT,         /* Z: number is the type, address, len */
    CW_GDB_REMOVE,         /* z */
    CW_GDB_SUPPORTED,      /* qSupported: swbreak, hwbreak */
    CW_GDB_NO_ACK,         /* QStartNoAckMode */
    CW_GDB_FEATURES,       /* qXfer:features:read:target.xml: address is the offset, len */
    CW_GDB_MONITOR,        /* qRcmd: data[0 .. len), and a zero byte */
    CW_GDB_ATTACHED,       /* qAttached */
    CW_GDB_THREAD,         /* H, T: there is one only */
    CW_GDB_EXTENDED,       /* ! */
    CW_GDB_RESET,          /* R */
    CW_GDB_DETACH,         /* D */
    CW_GDB_KILL,           /* k */
    CW_GDB_VKILL,          /* vKill: the same with an answer */
} cw_gdb_kind;

struct cw_gdb_command {
    cw_gdb_kind kind;
    uint32_t number, address, len, value;
    bool has_address, swbreak, hwbreak;
    uint8_t data[CW_GDB_DATA_MAX + 1];
};

/* cw_gdb_command_decode - what a body asks for.  ret_command: zeros but for what [kind] names. */
void cw_gdb_command_decode(const uint8_t *body, size_t len, struct cw_gdb_command *ret_command);

/*
 * cw_gdb_frame - $body#sum, escaped; what does not fit into [CW_GDB_FRAME_MAX] bytes is cut.
 *
 * Returns its length.
 */
size_t cw_gdb_frame(const char *body, size_t len, uint8_t *ret_frame);

/* cw_gdb_hex - 2 * len digits and a zero byte. */
void cw_gdb_hex(const uint8_t *bytes, size_t len, char *ret_text);

#endif
