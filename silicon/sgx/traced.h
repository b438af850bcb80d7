/* SPDX-License-Identifier: MIT */
/*
 * traced.h - an enclave one instruction at a time: the oracle of tests, and their adversary.
 *
 * What     The enclave's process has no shim: this process traces it and is its microcode.  Every
 *          register at every instruction can be seen, an asynchronous exit can come at any of
 *          them, pages can lose their rights, the arena can change between two reads.  EENTER,
 *          ERESUME, EEXIT, EREPORT, EGETKEY, SSA frames and faults are those of `proc` mode.
 *
 *              OUTSIDE --eenter, eresume--> INSIDE --step--> INSIDE
 *              INSIDE --EEXIT, fault, aex--> OUTSIDE           any --its process ends--> ENDED
 *
 * Trust    SILICON, of tests.
 * Memory   What open returns is freed by close.
 * Calls    One caller at a time, always the thread that opened it.
 *
 *     struct cw_traced *t;
 *     cw_traced_open(image, len, &(struct cw_traced_options){.arena_len = 65536}, &t, why);
 *     cw_traced_host(&host);  host.gpr[CW_SGX_RDI] = cw_traced_plan(t)->arena;
 *     cw_traced_eenter(t, 0, &host);
 *     while (cw_traced_step(t, 0, &event) == CW_TRACED_STEPPED) ...
 */
#ifndef CW_SILICON_SGX_TRACED_H
#define CW_SILICON_SGX_TRACED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"
#include "silicon/sgx/cell.h"

#define CW_TRACED_XSAVE_MAX 16384u /* the largest there is, with AMX: it is set whole or not at all */
#define CW_TRACED_NONE 0xffffu /* no vector, no leaf */

struct cw_traced;

typedef enum cw_traced_stop {
    CW_TRACED_RUNNING, /* it has not stopped yet                                              */
    CW_TRACED_STEPPED, /* one instruction was executed; it is still inside                    */
    CW_TRACED_EEXIT,   /* it left; cw_traced_get gives what the host would find in registers  */
    CW_TRACED_AEX,     /* it left asynchronously: vector, error, address, or an interrupt     */
    CW_TRACED_ENDED,   /* its process is gone                                                 */
} cw_traced_stop;

struct cw_traced_event {
    cw_traced_stop stop;
    uint16_t leaf;    /* of the ENCLU that was executed, or CW_TRACED_NONE             */
    uint16_t vector;  /* of an AEX, or CW_TRACED_NONE: an interrupt                    */
    uint32_t error;   /* of the exception                                              */
    uint64_t address; /* of a page fault, exact                                        */
    uint64_t rip;     /* inside: of the next instruction, or of the one that it was at */
};

/* gpr: as in port.h.  xsave: the kernel's view, standard format; frame.h has its places. */
struct cw_traced_registers {
    uint64_t gpr[16];
    uint64_t rip;
    uint64_t rflags;
    uint64_t fs;
    uint64_t gs;
    size_t xsave_len;
    _Alignas(64) uint8_t xsave[CW_TRACED_XSAVE_MAX];
};

struct cw_traced_options {
    const char *jail;                 /* its program; NULL: beside this one               */
    const struct cw_sgx_fuses *fuses; /* NULL: drawn                                      */
    uint64_t base;                    /* 0: anywhere                                      */
    uint64_t arena_len;               /* whole pages                                      */
    uid_t user;                       /* of the enclave's process; 0: as this one         */
    bool allow_mixed;
};

/*
 * cw_traced_open - SIGSTRUCT and SGXS in one piece; all threads stand outside.
 *
 * ret_why  [CW_SGX_TEXT_LEN]
 *
 * SGX_OK or a code of the manual or of port.h
 */
uint32_t cw_traced_open(const uint8_t *image, size_t len, const struct cw_traced_options *options,
        struct cw_traced **ret_traced, char *ret_why);

/* cw_traced_over - the same for a cell that was opened with `traced`; the cell stays the caller's. */
uint32_t cw_traced_over(struct cw_cell *cell, const struct cw_sgx_fuses *fuses,
        struct cw_traced **ret_traced, char *ret_why);

/* cw_traced_close - the process ends.  NULL: nothing. */
void cw_traced_close(struct cw_traced *t);

/* --- what it is ----------------------------------------------------------------------------------- */

/* cw_traced_plan - base, len, arena, the TCSs. */
const struct cw_jail_plan *cw_traced_plan(const struct cw_traced *t);

bool cw_traced_is_inside(const struct cw_traced *t, unsigned tcs);
uint32_t cw_traced_cssa(const struct cw_traced *t, unsigned tcs);

/* cw_traced_arena - the arena itself, as the host has it; [plan->arena_len] bytes. */
uint8_t *cw_traced_arena(struct cw_traced *t);

/* cw_traced_why - why its process ended. */
const char *cw_traced_why(const struct cw_traced *t);

/* --- entering ------------------------------------------------------------------------------------- */

/* cw_traced_host - registers of a well-behaved host: zeros, flags clear, initial x87 and SSE. */
void cw_traced_host(struct cw_traced_registers *ret_registers);

/*
 * cw_traced_eenter - with any registers: all but RAX, RBX, RCX, RIP, FS and GS arrive as they are,
 * RFLAGS but TF, and xsave whole (unless xsave_len is 0: initial).
 *
 * false: it faults with #GP, or the thread is inside or gone; nothing changed
 */
bool cw_traced_eenter(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *host);

/* cw_traced_eresume - false: it faults with #GP; nothing changed. */
bool cw_traced_eresume(struct cw_traced *t, unsigned tcs);

/* --- inside --------------------------------------------------------------------------------------- */

/* cw_traced_step - one instruction.  A fault of it is an AEX; ENCLU is one instruction. */
cw_traced_stop cw_traced_step(struct cw_traced *t, unsigned tcs, struct cw_traced_event *ret_event);

/* cw_traced_run - until it leaves.  RUNNING: it did not within timeout_ms, and stands still now. */
cw_traced_stop cw_traced_run(struct cw_traced *t, unsigned tcs, int timeout_ms,
        struct cw_traced_event *ret_event);

/* cw_traced_aex - an interrupt, here; false: it is not inside. */
bool cw_traced_aex(struct cw_traced *t, unsigned tcs, struct cw_traced_event *ret_event);

/* cw_traced_get - inside: as they are now.  Outside: what its last exit left to the host. */
bool cw_traced_get(struct cw_traced *t, unsigned tcs, struct cw_traced_registers *ret_registers);

/* cw_traced_set - inside: a fault injected into registers. */
bool cw_traced_set(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *registers);

/* --- memory --------------------------------------------------------------------------------------- */

/* cw_traced_read - any page of ELRANGE that is there (not a TCS), mailboxes, arena. */
bool cw_traced_read(const struct cw_traced *t, uint64_t address, void *ret_bytes, size_t len);

/* cw_traced_write - the same; sealed code cannot be written. */
bool cw_traced_write(struct cw_traced *t, uint64_t address, const void *bytes, size_t len);

/*
 * cw_traced_protect - what an operating system may do to any page: PROT_NONE, PROT_READ, ...; never
 * more than EADD gave.
 */
bool cw_traced_protect(struct cw_traced *t, uint64_t address, size_t len, int protection);

/* --- without blocking: for traced_serve ----------------------------------------------------------- */

/* cw_traced_continue - run on; cw_traced_take - has it stopped?  RUNNING: no. */
void cw_traced_continue(struct cw_traced *t, unsigned tcs);
cw_traced_stop cw_traced_take(struct cw_traced *t, unsigned tcs, struct cw_traced_event *ret_event);

#endif
