/* SPDX-License-Identifier: MIT */
/*
 * From reset to C, and from C to the monitor.
 *
 * Executes in place from secure flash.  The first CPU runs the boot code with MMU and caches on, by
 * tables that are constants in flash; all others wait in the pen, without memory of their own, until
 * the monitor lets them go.
 */
#include "tee/trustzone/enclave/boot/map.h"
#include "tee/trustzone/enclave/worlds.h"

#define SCRATCH_AT 0x0e012000           /* bss and stack of boot: link.ld has it too */
#define SCRATCH_END (CW_TZ_BOOT_AT + CW_TZ_BOOT_LEN)

    .section .reset, "ax"
    .global cw_boot_reset
cw_boot_reset:
    mov x9, #0
    b start

    /* The pen is in flash, and what is fetched from there while the kernel programs it is the
     * flash's status: undefined.  This is where such an exception goes (VBAR_EL3 is 0 after reset):
     * the CPU begins anew, until there is code again.  Numbers on its way are in the instructions,
     * for one that is read from flash would be the status too. */
    .org 0x200
    mov x9, #1
    b start

start:
    mov x0, #CW_SCTLR_EL3_OFF & 0xffff
    movk x0, #CW_SCTLR_EL3_OFF >> 16, lsl #16
    msr sctlr_el3, x0
    isb
    mrs x1, mpidr_el1
    and x0, x1, #0xffffff               /* affinity */
    and x1, x1, #0xff00000000
    orr x0, x0, x1
    cbnz x0, pen

    /* Every CPU of the pen says anew that it waits; what it sees may be from before a reset. */
    ldr x0, =CW_TZ_PEN_AT
    mov x1, #CW_TZ_CPUS
1:  str xzr, [x0], #CW_TZ_PEN_LEN
    subs x1, x1, #1
    b.ne 1b
    dsb sy
    sev

    adr x0, vectors
    msr vbar_el3, x0
    msr cptr_el3, xzr                   /* vector registers: of BearSSL */
    ldr x0, =CW_MAIR
    msr mair_el3, x0
    ldr x0, =CW_TCR_EL3(33)
    msr tcr_el3, x0
    adrp x0, map
    msr ttbr0_el3, x0
    tlbi alle3
    ic iallu
    dsb sy
    isb
    ldr x0, =CW_SCTLR_EL3_ON
    msr sctlr_el3, x0
    isb

    ldr x0, =SCRATCH_AT
    ldr x1, =SCRATCH_END
    bl zero
    ldr x0, =SCRATCH_END
    sub sp, x0, #32
    mov x0, sp
    bl cw_boot_main
    ldp x19, x20, [sp]
    ldp x21, x22, [sp, #16]

    /* Nothing of it stays: neither in memory, nor in registers. */
    ldr x0, =SCRATCH_AT
    ldr x1, =SCRATCH_END
    bl zero
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    movi v\n\().2d, #0
    .endr

    /* Those who come now begin without caches. */
    ldr x0, =CW_TZ_MONITOR_AT
    ldr x1, =CW_TZ_KERNEL_END
1:  dc civac, x0
    add x0, x0, #64
    cmp x0, x1
    b.lo 1b
    dsb sy
    ldr x0, =CW_SCTLR_EL3_OFF
    msr sctlr_el3, x0
    isb
    ic iallu
    tlbi alle3
    dsb sy
    isb

    mov x0, x19
    mov x1, x20
    mov x2, x21
    mov x3, x22
    .irp n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
    mov x\n, #0
    .endr
    mov sp, x29
    ldr x30, =CW_TZ_MONITOR_AT
    br x30

zero:                                   /* x0 .. x1, 16 bytes at once */
    stp xzr, xzr, [x0], #16
    cmp x0, x1
    b.lo zero
    ret

    /* x0: affinity, not 0; x9: 0 right after reset, when what the word says is from before. */
pen:
    cmp x0, #CW_TZ_CPUS
    b.hs 3f
    mov x1, #CW_TZ_PEN_AT & 0xffff
    movk x1, #CW_TZ_PEN_AT >> 16, lsl #16
    mov x2, #CW_TZ_PEN_LEN
    madd x1, x0, x2, x1
    mov w2, #CW_TZ_PEN_WAITS
    cbnz x9, 2f
1:  str w2, [x1]
    dsb sy
2:  ldr w3, [x1]
    cmp w3, #CW_TZ_PEN_GO
    b.eq 4f
    cbz w3, 1b
    wfe
    b 2b
3:  wfe                                 /* the monitor has no place for it */
    b 3b
4:  dsb sy
    ic iallu
    dsb sy
    isb
    mov x1, #(CW_TZ_MONITOR_AT + 4) & 0xffff
    movk x1, #(CW_TZ_MONITOR_AT + 4) >> 16, lsl #16
    br x1
    .ltorg

    .section .text.vectors, "ax"
    .balign 2048
vectors:
    .rept 16
    .balign 128
    mrs x0, esr_el3
    mrs x1, elr_el3
    mrs x2, far_el3
    b cw_boot_fault
    .endr

    .section .rodata.map, "a"
    .balign 4096
map:                                    /* 1 GiB each */
    .quad map_low + CW_MAP_TABLE
    .quad 0x40000000 | CW_MAP_BLOCK | CW_MAP_DATA | CW_MAP_NS
    .balign 4096
map_low:                                /* 2 MiB each */
    .quad 0 | CW_MAP_BLOCK | CW_MAP_CODE                        /* flash: firmware, device block */
    .org map_low + 8 * (0x09000000 >> 21)
    .quad 0x09000000 | CW_MAP_BLOCK | CW_MAP_REGISTERS          /* secure UART and GPIO */
    .org map_low + 8 * (0x0e000000 >> 21)
    .quad 0x0e000000 | CW_MAP_BLOCK | CW_MAP_DATA               /* of monitor, boot, kernel */
    .org map_low + 4096
