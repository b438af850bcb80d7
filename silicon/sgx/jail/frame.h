/* SPDX-License-Identifier: MIT */
/*
 * frame.h - what an exit leaves in an SSA frame and an entry takes from it, for both modes alike.
 *
 * What     `fpu` is an XSAVE area of the standard format with x87, SSE and perhaps AVX, as the
 *          kernel gives it (in a signal's frame, or to a tracer); `frame` is one in an SSA frame.
 * Trust    SILICON.  Freestanding.
 */
#ifndef CW_SILICON_SGX_JAIL_FRAME_H
#define CW_SILICON_SGX_JAIL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "silicon/sgx/arch.h"

#define CW_RFLAGS_CF 0x1ul
#define CW_RFLAGS_FIXED 0x2ul
#define CW_RFLAGS_ZF 0x40ul
#define CW_RFLAGS_IF 0x200ul
#define CW_RFLAGS_RF 0x10000ul /* what a fault pushes, not what the program had */
/* What crosses: CF PF AF ZF SF DF OF AC.  TF does not: single steps end at the boundary. */
#define CW_RFLAGS_CROSS 0x40cd5ul
#define CW_RFLAGS_ARITHMETIC 0x8d5ul
#define CW_MXCSR_INIT 0x1f80u
#define CW_MXCSR_VALID 0xffffu
#define CW_FCW_INIT 0x37fu

#define CW_FPU_LEN 832u /* with AVX */
#define CW_FPU_ST 32u
#define CW_FPU_MXCSR 24u
#define CW_FPU_XMM 160u
#define CW_FPU_XMM_LEN 256u
#define CW_FPU_SOFTWARE 464u /* the kernel's own bytes, up to the header */
#define CW_FPU_HEADER 512u
#define CW_FPU_HEADER_LEN 64u
#define CW_FPU_AVX 576u
#define CW_FPU_AVX_LEN 256u

static inline void cw_frame_copy(uint8_t *to, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
}

static inline void cw_frame_zero(uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = 0;
    }
}

static inline uint64_t cw_frame_get(const uint8_t *at, unsigned len)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static inline void cw_frame_put(uint8_t *at, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* cw_frame_fpu_reset - the initial state, but for the two control registers. */
static inline void cw_frame_fpu_reset(uint8_t *fpu, uint16_t fcw, uint32_t mxcsr)
{
    uint64_t mask = cw_frame_get(fpu + CW_FPU_MXCSR + 4, 4);

    cw_frame_zero(fpu, CW_FPU_SOFTWARE);
    cw_frame_put(fpu, fcw, 2);
    cw_frame_put(fpu + CW_FPU_MXCSR, mxcsr, 4);
    cw_frame_put(fpu + CW_FPU_MXCSR + 4, mask, 4);
    cw_frame_zero(fpu + CW_FPU_HEADER, CW_FPU_HEADER_LEN);
    cw_frame_put(fpu + CW_FPU_HEADER, SGX_XFRM_LEGACY, 8);
}

/* cw_frame_fpu_save - as XSAVE with XFRM writes it: nothing of the kernel, nothing stale. */
static inline void cw_frame_fpu_save(uint8_t *frame, const uint8_t *fpu, uint64_t xfrm)
{
    uint64_t present = cw_frame_get(fpu + CW_FPU_HEADER, 8) & xfrm;

    cw_frame_zero(frame, CW_FPU_HEADER + CW_FPU_HEADER_LEN);
    cw_frame_copy(frame + CW_FPU_MXCSR, fpu + CW_FPU_MXCSR, 8);
    if ((present & 1) != 0) {
        cw_frame_copy(frame, fpu, CW_FPU_MXCSR);
        cw_frame_copy(frame + CW_FPU_ST, fpu + CW_FPU_ST, CW_FPU_XMM - CW_FPU_ST);
    } else {
        cw_frame_put(frame, CW_FCW_INIT, 2);
    }
    if ((present & 2) != 0) {
        cw_frame_copy(frame + CW_FPU_XMM, fpu + CW_FPU_XMM, CW_FPU_XMM_LEN);
    }
    cw_frame_put(frame + CW_FPU_HEADER, present, 8);
    if ((xfrm & SGX_XFRM_AVX) != 0) {
        cw_frame_zero(frame + CW_FPU_AVX, CW_FPU_AVX_LEN);
        if ((present & SGX_XFRM_AVX) != 0) {
            cw_frame_copy(frame + CW_FPU_AVX, fpu + CW_FPU_AVX, CW_FPU_AVX_LEN);
        }
    }
}

/* cw_frame_fpu_load - as XRSTOR with XFRM; false: it faults, nothing changed. */
static inline bool cw_frame_fpu_load(uint8_t *fpu, const uint8_t *frame, uint64_t xfrm)
{
    uint64_t present = cw_frame_get(frame + CW_FPU_HEADER, 8);
    uint32_t mxcsr = (uint32_t)cw_frame_get(frame + CW_FPU_MXCSR, 4);

    if ((present & ~xfrm) != 0 || (mxcsr & ~CW_MXCSR_VALID) != 0) {
        return false;
    }
    for (unsigned i = 8; i < CW_FPU_HEADER_LEN; i++) {
        if (frame[CW_FPU_HEADER + i] != 0) {
            return false;
        }
    }
    cw_frame_fpu_reset(fpu, CW_FCW_INIT, mxcsr);
    if ((present & 1) != 0) {
        cw_frame_copy(fpu, frame, CW_FPU_MXCSR);
        cw_frame_copy(fpu + CW_FPU_ST, frame + CW_FPU_ST, CW_FPU_XMM - CW_FPU_ST);
    }
    if ((present & 2) != 0) {
        cw_frame_copy(fpu + CW_FPU_XMM, frame + CW_FPU_XMM, CW_FPU_XMM_LEN);
    }
    if ((present & SGX_XFRM_AVX) != 0) {
        cw_frame_copy(fpu + CW_FPU_AVX, frame + CW_FPU_AVX, CW_FPU_AVX_LEN);
    }
    cw_frame_put(fpu + CW_FPU_HEADER, present | SGX_XFRM_LEGACY, 8);
    return true;
}

static inline bool cw_frame_is_canonical(uint64_t address)
{
    return address + 0x800000000000ull < 0x1000000000000ull;
}

#define CW_INSTRUCTION_MAX 15u

/*
 * cw_frame_is_undefined - of an instruction that faulted with #GP: is it one that enclaves lack?
 *
 * Inside it is #UD, whatever its operands: interrupts, input and output, far transfers, loads of
 * segments, what hypervisors take.  CPUID comes here where it can be made to fault.
 *
 * code  what lies at RIP; zeros where nothing could be read
 */
static inline bool cw_frame_is_undefined(const uint8_t code[static CW_INSTRUCTION_MAX])
{
    /* Prefixes that may stand before it, REX apart. */
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3};
    size_t at = 0;

    for (size_t i = 0; i < sizeof prefixes && at < CW_INSTRUCTION_MAX - 3;) {
        bool is_prefix = code[at] == prefixes[i] || (code[at] & 0xf0) == 0x40;

        at += is_prefix;
        i = is_prefix ? 0 : i + 1;
    }
    switch (code[at]) {
    case 0x6c: case 0x6d: case 0x6e: case 0x6f: /* INS, OUTS       */
    case 0x8e:                                  /* MOV to a segment */
    case 0xca: case 0xcb: case 0xcf:            /* far RET, IRET   */
    case 0xcd:                                  /* INT             */
    case 0xe4: case 0xe5: case 0xe6: case 0xe7: /* IN, OUT         */
    case 0xec: case 0xed: case 0xee: case 0xef:
        return true;
    case 0xff: /* far CALL, far JMP */
        return (code[at + 1] & 0x38) == 0x18 || (code[at + 1] & 0x38) == 0x28;
    case 0x0f:
        break;
    default:
        return false;
    }
    switch (code[at + 1]) {
    case 0x33:                       /* RDPMC         */
    case 0xa1: case 0xa9:            /* POP FS, GS    */
    case 0xa2:                       /* CPUID         */
    case 0xb2: case 0xb4: case 0xb5: /* LSS, LFS, LGS */
        return true;
    case 0x01:
        return code[at + 2] == 0xc1; /* VMCALL */
    default:
        return false;
    }
}

/* cw_frame_exit_info - EXITINFO of a vector. */
static inline uint32_t cw_frame_exit_info(uint64_t vector, uint32_t miscselect)
{
    switch (vector) {
    case SGX_VECTOR_BP:
        return SGX_EXITINFO_VALID | SGX_EXITINFO_SOFTWARE | SGX_VECTOR_BP;
    case SGX_VECTOR_GP:
    case SGX_VECTOR_PF:
        if ((miscselect & SGX_MISC_EXINFO) == 0) {
            return 0;
        }
        break;
    case SGX_VECTOR_DE:
    case SGX_VECTOR_DB:
    case SGX_VECTOR_BR:
    case SGX_VECTOR_UD:
    case SGX_VECTOR_MF:
    case SGX_VECTOR_AC:
    case SGX_VECTOR_XM:
        break;
    default:
        return 0;
    }
    return SGX_EXITINFO_VALID | SGX_EXITINFO_HARDWARE | (uint32_t)vector;
}

/* cw_frame_exinfo - EXINFO, where a vector has one: true, and [SGX_EXINFO_LEN] bytes. */
static inline bool cw_frame_exinfo(uint8_t *exinfo, uint64_t vector, uint32_t miscselect,
        uint64_t address, uint64_t error)
{
    if ((miscselect & SGX_MISC_EXINFO) == 0 ||
            (vector != SGX_VECTOR_GP && vector != SGX_VECTOR_PF)) {
        return false;
    }
    cw_frame_zero(exinfo, SGX_EXINFO_LEN);
    cw_frame_put(exinfo + SGX_EXINFO_MADDR, vector == SGX_VECTOR_PF ? address : 0, 8);
    cw_frame_put(exinfo + SGX_EXINFO_ERRCD, error, 4);
    return true;
}

#endif
