/* SPDX-License-Identifier: MIT */
/*
 * inside.h - what the parts of this port share.
 *
 * What     entry.S goes in and out and has the instructions of the chip; copy.c alone touches the
 *          arena; random.c is the chip's randomness; keys.c its keys and reports; port.c serves.
 * Trust    TRUSTED.  Whatever is read through copy.c is the attacker's.
 */
#ifndef CW_TEE_SGX_ENCLAVE_INSIDE_H
#define CW_TEE_SGX_ENCLAVE_INSIDE_H

#include "silicon/sgx/arch.h"
#include "tee/enclave.h"
#include "tee/sgx/abi.h"

#pragma GCC visibility push(hidden)

/* Places in the image (link.ld): reached from RIP, so that they are right before anything is. */
extern uint8_t __cw_tcs[]; /* and so the enclave's base */
extern uint64_t __cw_tls[8];
extern const uint64_t __cw_elrange_len;
extern uint8_t __cw_data_start[];
extern uint8_t __cw_data_end[];

/* A row of .rela.dyn. */
struct cw_sgx_relocation {
    uint64_t offset;
    uint64_t type;
    uint64_t addend;
};
extern const struct cw_sgx_relocation __cw_rela_start[];
extern const struct cw_sgx_relocation __cw_rela_end[];

/* --- entry.S ------------------------------------------------------------------------------------ */

/* What entry.S calls: the first with what the host says at the first entry, until it is true. */
bool cw_sgx_start(cw_far arena_far, size_t arena_len);
_Noreturn void cw_sgx_main(void);

/* cw_sgx_leave - EEXIT; returns with the next EENTER. */
void cw_sgx_leave(cw_sgx_exit code);

/* CW_SGX_STATE_*; an exception may change it between any two instructions. */
extern volatile uint32_t cw_sgx_state;

/* cw_sgx_report - EREPORT; the last two are aligned to 128 and 512 bytes, the first to 512. */
void cw_sgx_report(const uint8_t target[static SGX_TARGETINFO_LEN],
        const uint8_t data[static SGX_REPORTDATA_LEN], uint8_t ret_report[static SGX_REPORT_LEN]);

/* cw_sgx_key - EGETKEY: SGX_OK, or the chip's reason.  Aligned to 512 and 16 bytes. */
CW_MUST_CHECK uint32_t cw_sgx_key(const uint8_t request[static SGX_KEYREQUEST_LEN],
        uint8_t ret_key[static SGX_KEY_LEN]);

/* --- copy.c ------------------------------------------------------------------------------------- */

/*
 * cw_arena_open - believe from now on that CW_SGX_ARENA_LEN bytes at far are the host's.
 *
 * False: it is too short, not aligned to 8, wraps or touches ELRANGE; nothing changed
 */
CW_MUST_CHECK bool cw_arena_open(cw_far far, size_t len);

/* cw_arena_place - where offset 0 is. */
cw_far cw_arena_place(void);

/* cw_arena_word, cw_arena_set - one of CW_SGX_WORD_*, read or written once. */
uint64_t cw_arena_word(size_t offset);
void cw_arena_set(size_t offset, uint64_t value);

#pragma GCC visibility pop
#endif
