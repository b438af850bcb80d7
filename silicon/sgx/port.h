/* SPDX-License-Identifier: MIT */
/*
 * port.h - how a host program reaches the emulated SGX CPU, `causeway-sgx --listen PATH`.
 *
 * What     A Unix socket of packets (SOCK_SEQPACKET).  One connection is one enclave: when it is
 *          closed, the enclave's process ends.  A request gets one answer; a packet CW_SGX_ENDED
 *          comes at any time when the enclave's process ended, and the connection closes then.
 *
 *          The enclave itself is entered without the CPU's supervisor: by a mailbox per TCS, in
 *          memory that the host, the enclave's process and nobody else maps.
 *
 *              mailbox of TCS 0 | mailbox of TCS 1 | ... | arena        (one descriptor, LOADED,
 *              4096 bytes each                             arena_len    sealed against shrinking)
 *
 * Trust    Neither side believes the other.  All that the host sees here is outside the chip.
 *          Integers are those of the machine: both ends are on it.
 */
#ifndef CW_SILICON_SGX_PORT_H
#define CW_SILICON_SGX_PORT_H

#include <stdint.h>

#include "silicon/sgx/arch.h"

#define CW_SGX_PORT_VERSION 1u
#define CW_SGX_PACKET_MAX 65536u
#define CW_SGX_TCS_MAX 16u
#define CW_SGX_ARENA_MAX (64ul << 20)
#define CW_SGX_IMAGE_MAX (512ul << 20) /* bytes of SIGSTRUCT and SGXS */
#define CW_SGX_TEXT_LEN 256u

/* --- requests and answers ---------------------------------------------------------------------- */

typedef enum cw_sgx_packet {
    CW_SGX_LOAD = 1,   /* struct cw_sgx_load, descriptors: image, doorbell   -> LOADED            */
    CW_SGX_TARGET,     /* nothing -> struct cw_sgx_answer, TARGETINFO of the quoting enclave      */
    CW_SGX_QUOTE,      /* a REPORT -> struct cw_sgx_answer, a quote (version 3)                   */
    CW_SGX_COLLATERAL, /* nothing -> struct cw_sgx_answer, one JSON object: what verifies quotes
                          of this CPU, with the customary fields (tcb_info, ...), issued now      */
    CW_SGX_INFO,       /* nothing -> struct cw_sgx_answer, one JSON object: mode, isolation, EPC,
                          platform (SHA-256 of the root key's SubjectPublicKeyInfo in DER, hex),
                          emulated (always true)                                                  */
    CW_SGX_LOADED = 0x81, /* struct cw_sgx_loaded, descriptor: mailboxes and arena, if code is 0  */
    CW_SGX_ANSWER,     /* struct cw_sgx_answer, bytes                                             */
    CW_SGX_ENDED,      /* struct cw_sgx_answer: why in text                                       */
} cw_sgx_packet;

struct cw_sgx_header {
    uint32_t version; /* CW_SGX_PORT_VERSION */
    uint32_t type;    /* cw_sgx_packet       */
};

/* The image: SIGSTRUCT (1808 bytes) and the SGXS stream behind it, from the descriptor's start.
 * The doorbell: an eventfd, or none; the CPU adds 1 when a mailbox says so. */
struct cw_sgx_load {
    struct cw_sgx_header header;
    uint64_t arena_len; /* whole pages, at most CW_SGX_ARENA_MAX                                 */
    uint64_t base;      /* where the host wants ELRANGE: aligned to its size; 0: the CPU chooses */
};

/* Codes: those of the manual (SGX_INVALID_MEASUREMENT ...), or of this interface. */
#define CW_SGX_E_IMAGE 0x10000u   /* no well-formed stream, or one that this CPU does not run   */
#define CW_SGX_E_EPC 0x10001u     /* no room                                                    */
#define CW_SGX_E_SYSTEM 0x10002u  /* the machine beneath refused something                      */
#define CW_SGX_E_REQUEST 0x10003u /* not this, not now                                          */

struct cw_sgx_loaded {
    struct cw_sgx_header header;
    uint32_t code;
    uint32_t tcs_count;
    uint64_t base; /* of ELRANGE, in the enclave's process */
    uint64_t len;
    uint64_t arena; /* where the arena lies in the enclave's process: the address it is told */
    uint64_t arena_len;
    uint64_t tcs[CW_SGX_TCS_MAX]; /* offsets, in the order of the image */
    uint8_t mrenclave[SGX_HASH_LEN];
    uint8_t mrsigner[SGX_HASH_LEN];
    uint8_t attributes[SGX_ATTRIBUTES_LEN];
    char text[CW_SGX_TEXT_LEN]; /* what is weaker than it could be, or why it was refused */
};

struct cw_sgx_answer {
    struct cw_sgx_header header;
    uint32_t code;
    uint32_t len; /* of the bytes behind this */
    char text[CW_SGX_TEXT_LEN];
};

/* --- the mailbox: EENTER, ERESUME, EEXIT and asynchronous exits -------------------------------- */

/* Places in gpr[]: as in GPRSGX. */
#define CW_SGX_RAX 0
#define CW_SGX_RCX 1
#define CW_SGX_RDX 2
#define CW_SGX_RBX 3
#define CW_SGX_RSP 4
#define CW_SGX_RBP 5
#define CW_SGX_RSI 6
#define CW_SGX_RDI 7
#define CW_SGX_R8 8

typedef enum cw_sgx_turn {
    CW_SGX_TURN_HOST = 0,
    CW_SGX_TURN_CPU = 1,
} cw_sgx_turn;

typedef enum cw_sgx_wait {
    CW_SGX_WAIT_LOOKS = 0, /* it looks at turn by itself             */
    CW_SGX_WAIT_FUTEX = 1, /* it sleeps on turn: futex wake (shared) */
    CW_SGX_WAIT_BELL = 2,  /* the host alone: ring the doorbell      */
} cw_sgx_wait;

/*
 * The host fills function, gpr, rflags, mxcsr and fcw, then gives turn away (release order) and
 * wakes the CPU as cpu_waits says.  The CPU does the same on its way back: function is then
 * SGX_EEXIT, or still SGX_EENTER or SGX_ERESUME with an exception, as with the Linux vDSO.
 * Each sets its own ..._waits before it looks at turn for the last time.
 */
struct cw_sgx_mailbox {
    uint32_t turn;
    uint32_t host_waits;
    uint32_t cpu_waits;
    uint32_t function;
    uint64_t gpr[16]; /* RAX, RBX, RCX, RSP: not taken over on the way in */
    uint64_t rflags;
    uint32_t mxcsr;
    uint16_t fcw;
    uint16_t vector; /* of an exception, on the way back */
    uint16_t error;
    uint16_t zero[3];
    uint64_t address;
};
_Static_assert(sizeof(struct cw_sgx_mailbox) <= SGX_PAGE_LEN, "a mailbox is a page");

#endif
