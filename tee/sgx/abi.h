/* SPDX-License-Identifier: MIT */
/*
 * abi.h - what crosses the boundary of an SGX module: one thread, one arena, no ecalls.
 *
 * What     A module has one TCS.  Its thread lives inside for ever: it leaves by EEXIT when it
 *          has nothing to do, and EENTER continues it just there.  All messages go through the
 *          arena, memory of the host, at places that are fixed here: no offset and no pointer is
 *          ever taken from the host.
 *
 *              0      struct of words (below), each 8 bytes, each written by one side
 *              4096   IN: the bytes of a request, CW_SGX_IN_LEN
 *              ...    OUT: the items of its answer, CW_SGX_OUT_LEN
 *
 *          Registers, on the first EENTER only: RDI the arena's address, RSI its length
 *          (CW_SGX_ARENA_LEN or more; 8-byte aligned; outside the enclave).  Later ones: ignored.
 *          EEXIT: RDI a cw_sgx_exit, RSI the vector of CW_SGX_EXIT_FAULT; all else is zero.
 *
 *          A request: the host writes entry, in_len and IN, then request = response + 1.  The
 *          module answers: result, served and OUT, then response = request.
 *          The host may look at response by itself, or set host_sleeps = 1 (and look once more):
 *          then the module leaves with CW_SGX_EXIT_WAKE after the answer.  The module looks for
 *          the next request for a while (spin), then leaves with CW_SGX_EXIT_IDLE; the host
 *          enters it again when there is one.  So both spin and then sleep, and neither crosses
 *          the boundary while the other is awake.
 *
 *          Many inputs in one request (CW_SGX_MANY | entry): one or more times length 4, bytes,
 *          as sdk/many.h says.
 * Trust    Neither side believes the other.  The module copies each word in once.
 */
#ifndef CW_TEE_SGX_ABI_H
#define CW_TEE_SGX_ABI_H

#include "core/base/limits.h"

#define CW_SGX_MANY 0x80u

#define CW_SGX_IN_LEN CW_LINK_MAX
#define CW_SGX_OUT_LEN (256ul << 10)

/* Words of the arena: offsets. */
#define CW_SGX_WORD_REQUEST 0   /* host   */
#define CW_SGX_WORD_ENTRY 8     /* host   */
#define CW_SGX_WORD_IN_LEN 16   /* host   */
#define CW_SGX_WORD_SPIN 24     /* host: how often the module looks before it leaves, capped inside */
#define CW_SGX_WORD_SLEEPS 32   /* host   */
#define CW_SGX_WORD_RESPONSE 64 /* module; a cache line of its own */
#define CW_SGX_WORD_RESULT 72   /* module: cw_return: result in bits 31..24, bytes of OUT in 23..0 */
#define CW_SGX_WORD_SERVED 80   /* module                         */
#define CW_SGX_TARGET_AT 512    /* host: TARGETINFO of the quoting enclave, 512 bytes */

#define CW_SGX_IN 4096ul
#define CW_SGX_OUT (CW_SGX_IN + CW_SGX_IN_LEN)
#define CW_SGX_ARENA_LEN (CW_SGX_OUT + CW_SGX_OUT_LEN)
_Static_assert(CW_SGX_ARENA_LEN % 4096 == 0, "whole pages");

#define CW_SGX_SPIN_MAX 100000ul

typedef enum cw_sgx_exit {
    CW_SGX_EXIT_IDLE = 1, /* no request                                           */
    CW_SGX_EXIT_WAKE,     /* an answer is there, and the host sleeps              */
    CW_SGX_EXIT_REFUSED,  /* this entry is none: a wrong arena, an exception entry
                             without an exception; nothing changed                */
    CW_SGX_EXIT_FAULT,    /* an exception inside; the module is dead, RSI tells   */
    CW_SGX_EXIT_DEAD,     /* it aborted, or was dead already                      */
} cw_sgx_exit;

/*
 * The evidence of a module is a REPORT for the TARGETINFO in the arena, its REPORTDATA the 32
 * bytes of sdk/session_dh.c and 32 zeros.  Its node has it turned into a quote; an image as the
 * owner builds and a node loads it is SIGSTRUCT (1808 bytes) and the SGXS stream.
 */
#endif
