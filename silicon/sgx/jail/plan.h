/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what the supervisor tells the jail, and what the jail asks it.
 *
 * What     The jail is a program of its own, started for one enclave with these descriptors:
 *
 *              3  a socket of packets to the supervisor: it stands for exactly this enclave
 *              4  the host's doorbell (an eventfd), or nothing
 *              5  the plan (struct cw_jail_plan), read only
 *              6  mailboxes and arena
 *              7  pages that hold data        8  pages that hold code       9  pages that hold both
 *
 *          It maps what the plan says, closes all but 3 and 4, gives up what it can give up, says
 *          CW_JAIL_READY and from then on is the microcode of that enclave (proc), or stands
 *          still at cw_jail_parked, a thread per TCS, for its tracer (traced).
 *
 *          The plan lies outside the enclave, where the enclave can write; nothing in it is a
 *          secret, and nobody outside the process believes it.
 * Trust    SILICON.  What comes through the socket comes from the enclave.
 */
#ifndef CW_SILICON_SGX_JAIL_PLAN_H
#define CW_SILICON_SGX_JAIL_PLAN_H

#include <stdint.h>

#include "silicon/sgx/arch.h"
#include "silicon/sgx/port.h"

#define CW_JAIL_SOCKET 3
#define CW_JAIL_BELL 4
#define CW_JAIL_PLAN 5
#define CW_JAIL_OUTSIDE 6
#define CW_JAIL_DATA 7
#define CW_JAIL_CODE 8
#define CW_JAIL_MIXED 9

/* Where things lie in the jail's address space.  The host may choose a base below CW_JAIL_TOP. */
#define CW_JAIL_BOTTOM 0x10000ul
#define CW_JAIL_TOP 0x500000000000ul
#define CW_JAIL_OUTSIDE_AT 0x580000000000ul /* mailboxes, then the arena          */
#define CW_JAIL_TEXT_AT 0x600000000000ul    /* the jail itself: see sources.mk     */

#define CW_JAIL_SEGMENTS_MAX 4096u

/* Pages next to each other with the same rights. */
struct cw_jail_segment {
    uint64_t offset; /* from the base */
    uint64_t len;
    uint64_t at; /* in the descriptor */
    uint32_t descriptor;
    uint32_t protection; /* PROT_... */
};

/* What is in a TCS, as addresses. */
struct cw_jail_tcs {
    uint64_t address;
    uint64_t ssa;
    uint64_t entry;
    uint64_t fs;
    uint64_t gs;
    uint32_t ssa_count; /* NSSA, less those that are no writable pages */
    uint32_t zero;
};

struct cw_jail_plan {
    uint64_t base;
    uint64_t len;
    uint64_t outside_len; /* of all that lies at CW_JAIL_OUTSIDE_AT */
    uint64_t arena;
    uint64_t arena_len;
    uint64_t xfrm;
    uint32_t ssa_frame_len;
    uint32_t miscselect;
    uint32_t traced;
    uint32_t fsgsbase; /* the machine has WRFSBASE and its like */
    uint32_t tcs_count;
    uint32_t segment_count;
    struct cw_jail_tcs tcs[CW_SGX_TCS_MAX];
    struct cw_jail_segment segments[CW_JAIL_SEGMENTS_MAX];
};

/* --- packets ------------------------------------------------------------------------------------ */

/* Kinds of calls: SGX_EREPORT, SGX_EGETKEY, or these. */
#define CW_JAIL_READY 0x100u
#define CW_JAIL_FAILED 0x101u /* code: errno, at: which step */

struct cw_jail_call {
    uint32_t kind;
    uint32_t code;
    uint32_t at;
    uint32_t zero;
    uint8_t first[SGX_KEYREQUEST_LEN]; /* KEYREQUEST or TARGETINFO */
    uint8_t second[SGX_REPORTDATA_LEN];
};
_Static_assert(SGX_KEYREQUEST_LEN == SGX_TARGETINFO_LEN, "one place for both");

struct cw_jail_answer {
    uint32_t code; /* as of cw_sgx_egetkey, cw_sgx_ereport */
    uint32_t zero;
    uint8_t bytes[SGX_REPORT_LEN];
};

/* Steps that may fail, in their order; `at` of CW_JAIL_FAILED. */
#define CW_JAIL_STEPS \
    {"read the plan", "reserve the enclave's range", "map the enclave's pages", \
            "map mailboxes and arena", "close descriptors", "take signals", "start threads", \
            "limit resources", "filter system calls"}

#endif
