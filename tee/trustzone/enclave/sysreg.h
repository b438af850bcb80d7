/* SPDX-License-Identifier: MIT */
/*
 * sysreg.h - system registers and device registers, as C sees them.
 *
 * What     Macros where a register's name is part of an instruction; all else is functions.
 * Trust    TRUSTED.
 * Source   Arm ARM (DDI 0487)
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_SYSREG_H
#define CW_TEE_TRUSTZONE_ENCLAVE_SYSREG_H

#include <stdint.h>

/* name: as the assembler knows it, or S3_0_C12_C12_0 where it may not. */
#define CW_SYSREG_READ(name)                                                                         \
    __extension__({                                                                                  \
        uint64_t cw_value;                                                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(cw_value));                                         \
        cw_value;                                                                                    \
    })
#define CW_SYSREG_WRITE(name, value)                                                                 \
    __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

static inline void cw_isb(void)
{
    __asm__ volatile("isb" : : : "memory");
}

static inline void cw_dsb(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}

/* A device's register: one access of 32 bits, as it stands here. */
static inline uint32_t cw_mmio_read(uintptr_t at)
{
    return *(volatile uint32_t *)at;
}

static inline void cw_mmio_write(uintptr_t at, uint32_t value)
{
    *(volatile uint32_t *)at = value;
}

#endif
