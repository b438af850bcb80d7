/* SPDX-License-Identifier: MIT */
    .section .reset, "ax"
    .global start
start:
    adrp x30, begun
    add x30, x30, :lo12:begun
    stp x0, x1, [x30]
    stp x2, x3, [x30, #16]
    stp x4, x5, [x30, #32]
    stp x6, x7, [x30, #48]
    stp x8, x9, [x30, #64]
    stp x10, x11, [x30, #80]
    stp x12, x13, [x30, #96]
    stp x14, x15, [x30, #112]
    stp x16, x17, [x30, #128]
    stp x18, x19, [x30, #144]
    stp x20, x21, [x30, #160]
    stp x22, x23, [x30, #176]
    stp x24, x25, [x30, #192]
    stp x26, x27, [x30, #208]
    stp x28, x29, [x30, #224]
    mov x20, x0
    mrs x1, CurrentEL
    str x1, [x30, #248]
    adrp x1, bss                        /* a reset leaves memory as it is */
    add x1, x1, :lo12:bss
    adrp x2, bss_end
    add x2, x2, :lo12:bss_end
1:  stp xzr, xzr, [x1], #16
    cmp x1, x2
    b.lo 1b
    bl to_el1
    adrp x1, stack_end
    add x1, x1, :lo12:stack_end
    mov sp, x1
    mov x0, x20
    bl test
1:  wfi
    b 1b

    .global second
second:
    mov x20, x0
    bl to_el1
    adrp x1, stack_end
    add x1, x1, :lo12:stack_end
    mov x2, #16384
    sub sp, x1, x2
    mov x0, x20
    bl second_main
1:  wfi
    b 1b

to_el1:
    mrs x1, CurrentEL
    cmp x1, #8
    b.ne 1f
    mov x1, #1 << 31
    msr hcr_el2, x1
    mov x1, #0x33ff
    msr cptr_el2, x1
    mov x1, #3
    msr cnthctl_el2, x1
    mov x1, #0x3c5
    msr spsr_el2, x1
    adr x1, 1f
    msr elr_el2, x1
    eret
1:  adr x1, vectors
    msr vbar_el1, x1
    mov x1, #3 << 20
    msr cpacr_el1, x1
    isb
    ret

    .text
    .global smc
smc:
    mov x9, x0
    ldp x0, x1, [x9]
    ldp x2, x3, [x9, #16]
    smc #0
    stp x0, x1, [x9]
    stp x2, x3, [x9, #16]
    ret

    .global smc_all
smc_all:
    stp x29, x30, [sp, #-112]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    str x0, [sp, #96]
    add x1, x0, #256
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ldr q\n, [x1, #16 * \n]
    .endr
    add x1, x1, #512
    ldp x2, x3, [x1]
    msr fpcr, x2
    msr fpsr, x3
    mov x30, x0
    ldp x0, x1, [x30]
    ldp x2, x3, [x30, #16]
    ldp x4, x5, [x30, #32]
    ldp x6, x7, [x30, #48]
    ldp x8, x9, [x30, #64]
    ldp x10, x11, [x30, #80]
    ldp x12, x13, [x30, #96]
    ldp x14, x15, [x30, #112]
    ldp x16, x17, [x30, #128]
    ldp x18, x19, [x30, #144]
    ldp x20, x21, [x30, #160]
    ldp x22, x23, [x30, #176]
    ldp x24, x25, [x30, #192]
    ldp x26, x27, [x30, #208]
    ldp x28, x29, [x30, #224]
    ldr x30, [x30, #240]
    smc #0
    stp x29, x30, [sp, #-16]!
    ldr x30, [sp, #112]
    stp x0, x1, [x30]
    stp x2, x3, [x30, #16]
    stp x4, x5, [x30, #32]
    stp x6, x7, [x30, #48]
    stp x8, x9, [x30, #64]
    stp x10, x11, [x30, #80]
    stp x12, x13, [x30, #96]
    stp x14, x15, [x30, #112]
    stp x16, x17, [x30, #128]
    stp x18, x19, [x30, #144]
    stp x20, x21, [x30, #160]
    stp x22, x23, [x30, #176]
    stp x24, x25, [x30, #192]
    stp x26, x27, [x30, #208]
    mov x0, x30
    str x28, [x0, #224]
    ldp x29, x30, [sp], #16
    stp x29, x30, [x0, #232]
    add x1, x0, #256
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    str q\n, [x1, #16 * \n]
    .endr
    mrs x2, fpcr
    mrs x3, fpsr
    add x1, x1, #512
    stp x2, x3, [x1]
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #112
    ret

    .global try_read
try_read:
    mov x1, x0
    mov x0, #0
    ldr w1, [x1]
    dsb sy
    ret
    .global try_write
try_write:
    mov x1, x0
    mov x0, #0
    str w1, [x1]
    dsb sy
    .global just_return
just_return:
    ret

/* Of the two above alone: on with the next instruction. */
    .balign 2048
vectors:
    .rept 16
    .balign 128
    mrs x0, elr_el1
    add x0, x0, #4
    msr elr_el1, x0
    mrs x0, esr_el1
    eret
    .endr

    .data
    .balign 16
    .global begun
begun:
    .skip 264

    .bss
    .balign 16
    .skip 32768
stack_end:
