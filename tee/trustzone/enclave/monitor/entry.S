/* SPDX-License-Identifier: MIT */
/*
 * Into the monitor and out of it.
 *
 * Every entry leaves the registers of whoever was interrupted in a struct cw_frame at the top of
 * this CPU's stack, calls C with its address, and goes on with what is in it then, which may be
 * another world's.  Only calls and fast interrupts of the lower levels are served; whatever else
 * happens here is a fault of the monitor, and nothing returns from that.
 */
#include "tee/trustzone/enclave/boot/map.h"
#include "tee/trustzone/enclave/worlds.h"

#define STACK_LEN 2048
#define FRAME_LEN 272                   /* struct cw_frame, world.h */

    .section .reset, "ax"
    .global cw_monitor_reset
cw_monitor_reset:
    b first
    b second                            /* a CPU from the pen: worlds.h */

first:
    bl begin
    mov x4, sp
    bl cw_monitor_first
    b leave
second:
    bl begin
    mov x0, sp
    bl cw_monitor_second
    b leave

/* Tables, vectors, stack: sp is a struct cw_frame of zeros.  Changes x5..x9. */
begin:
    adr x5, vectors
    msr vbar_el3, x5
    msr cptr_el3, xzr                   /* vector registers: saved between the worlds */
    ldr x5, =CW_MAIR
    msr mair_el3, x5
    ldr x5, =CW_TCR_EL3(34)
    msr tcr_el3, x5
    adrp x5, cw_monitor_map
    msr ttbr0_el3, x5
    tlbi alle3
    ic iallu
    dsb sy
    isb
    ldr x5, =CW_SCTLR_EL3_ON
    msr sctlr_el3, x5
    isb
    mrs x5, mpidr_el1
    and x5, x5, #CW_TZ_CPUS - 1
    add x5, x5, #1
    mov x6, #STACK_LEN
    adrp x7, stacks
    add x7, x7, :lo12:stacks
    madd x5, x5, x6, x7
    mov sp, x5
    .rept FRAME_LEN / 16
    stp xzr, xzr, [sp, #-16]!
    .endr
    ret

    .section .text.vectors, "ax"
    .macro fault
    .balign 128
    mrs x0, esr_el3
    mrs x1, elr_el3
    mrs x2, far_el3
    mrs x3, spsr_el3
    b fault_here
    .endm

    .macro enter handler
    .balign 128
    sub sp, sp, #FRAME_LEN
    stp x0, x1, [sp]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    mrs x1, elr_el3
    stp x30, x1, [sp, #240]
    mrs x1, spsr_el3
    str x1, [sp, #256]
    adr x30, leave
    b \handler
    .endm

    .balign 2048
vectors:
    .rept 8                             /* from the monitor itself */
    fault
    .endr
    .balign 128                         /* from AArch64 below */
    .global cw_monitor_from_call
cw_monitor_from_call:
    enter call
    fault
    .balign 128
    .global cw_monitor_from_interrupt
cw_monitor_from_interrupt:
    enter interrupt
    fault
    .rept 4                             /* from AArch32 right below: there is none */
    fault
    .endr

    .text
call:
    mov x0, sp
    mrs x1, esr_el3
    b cw_monitor_call
interrupt:
    mov x0, sp
    b cw_monitor_interrupt

/* The stack may be what is broken: begin at its end. */
fault_here:
    mrs x5, mpidr_el1
    and x5, x5, #CW_TZ_CPUS - 1
    add x5, x5, #1
    mov x6, #STACK_LEN
    adrp x7, stacks
    add x7, x7, :lo12:stacks
    madd x5, x5, x6, x7
    mov sp, x5
    b cw_monitor_fault

leave:
    ldr x1, [sp, #256]
    msr spsr_el3, x1
    ldp x30, x1, [sp, #240]
    msr elr_el3, x1
    ldp x28, x29, [sp, #224]
    ldp x26, x27, [sp, #208]
    ldp x24, x25, [sp, #192]
    ldp x22, x23, [sp, #176]
    ldp x20, x21, [sp, #160]
    ldp x18, x19, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    add sp, sp, #FRAME_LEN
    eret
    dsb nsh                             /* nothing is guessed behind it */
    isb

/* void cw_vectors_save(struct cw_vectors *), cw_vectors_load(const struct cw_vectors *), _wipe(void) */
    .global cw_vectors_save
cw_vectors_save:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    str q\n, [x0, #16 * \n]
    .endr
    mrs x1, fpcr
    mrs x2, fpsr
    add x0, x0, #512
    stp x1, x2, [x0]
    ret

    .global cw_vectors_load
cw_vectors_load:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ldr q\n, [x0, #16 * \n]
    .endr
    add x0, x0, #512
    ldp x1, x2, [x0]
    msr fpcr, x1
    msr fpsr, x2
    ret

    .global cw_vectors_wipe
cw_vectors_wipe:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    movi v\n\().2d, #0
    .endr
    msr fpcr, xzr
    msr fpsr, xzr
    ret

    .section .bss.stacks, "aw", %nobits
    .balign 16
stacks:
    .skip STACK_LEN * CW_TZ_CPUS
