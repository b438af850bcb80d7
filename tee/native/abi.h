/* SPDX-License-Identifier: MIT */
/*
 * abi.h - what crosses the boundary of a native module: two pipes, and memory that both map.
 *
 * What     A module is a process.  Its node writes a link header and reads one back, in turns; the
 *          bytes that they speak of lie in the shared memory:
 *
 *              in    link header {length, type = cw_entry};  at 0: bytes of the entry
 *              out   link header {length, type = cw_result}; at CW_NATIVE_OUT: items
 *                                                            (core/wire/frame.h)
 *
 *          Several inputs of one entry go in together, so that the boundary is crossed once for all:
 *
 *              in    link header {length, type = CW_NATIVE_MANY | cw_entry}; inputs (sdk/many.h)
 *              out   link header {length, type = CW_NATIVE_MANY | cw_result}; served 4, items
 *
 *          At the end of the input the module ends.  A message that is none ends it as well.
 * Trust    Neither side believes the other: lengths are bounded by both.
 */
#ifndef CW_TEE_NATIVE_ABI_H
#define CW_TEE_NATIVE_ABI_H

#include "core/base/limits.h"
#include "core/wire/frame.h"

/* Descriptors of the process.  The memory's length cannot be changed. */
#define CW_NATIVE_FROM_NODE 0u
#define CW_NATIVE_TO_NODE 1u
#define CW_NATIVE_SHARED 2u

#define CW_NATIVE_MANY 0x80u

/* The shared memory: bytes in, bytes out, and a page where the module keeps what it reads. */
#define CW_NATIVE_IN_MAX CW_LINK_MAX
#define CW_NATIVE_OUT CW_NATIVE_IN_MAX
#define CW_NATIVE_OUT_MAX (256ul << 10)
#define CW_NATIVE_HEADER (CW_NATIVE_OUT + CW_NATIVE_OUT_MAX)
#define CW_NATIVE_SHARED_LEN (CW_NATIVE_HEADER + 4096ul)
_Static_assert(CW_NATIVE_OUT_MAX < 1ul << 24, "cw_return has 24 bits for it");

/* Exit statuses of the process. */
#define CW_NATIVE_EXIT_END 0u    /* the input ended                     */
#define CW_NATIVE_EXIT_ABORT 70u /* cw_enclave_abort                    */
#define CW_NATIVE_EXIT_FORM 71u  /* the node sent what is no message    */

#endif
