/* SPDX-License-Identifier: MIT */
/*
 * state.h - where the one thread of a module is; assembly includes it too.
 *
 *     NEW --first EENTER--> RUNNING --EEXIT--> OUTSIDE --EENTER--> RUNNING
 *     NEW <--it was refused-- RUNNING
 *     any --exception, abort--> DEAD
 *
 * Trust    TRUSTED.  Each step is one cmpxchg: an exception that marks the module dead between two
 *          instructions is never undone.
 */
#ifndef CW_TEE_SGX_ENCLAVE_STATE_H
#define CW_TEE_SGX_ENCLAVE_STATE_H

#define CW_SGX_STATE_NEW 0
#define CW_SGX_STATE_RUNNING 1
#define CW_SGX_STATE_OUTSIDE 2
#define CW_SGX_STATE_DEAD 3

/* cw_sgx_exit of abi.h, for assembly; port.c compares. */
#define CW_SGX_ASM_EXIT_REFUSED 3
#define CW_SGX_ASM_EXIT_FAULT 4
#define CW_SGX_ASM_EXIT_DEAD 5

#endif
