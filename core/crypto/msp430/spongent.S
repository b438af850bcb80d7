/* SPDX-License-Identifier: MIT */
/*
 * spongent.S - spongent.h and spongent_own.h by the instructions of the Sancus unit.
 *
 * AE_WRAP and AE_UNWRAP take: r9 key (0: the module's own), r10 .. r11 associated data, r12 .. r13
 * body, r14 output, r15 tag; r15 := 1 on success, and no other register changes.  An empty body
 * makes a MAC; r14 is then not used.  Pointers and lengths are even, as the unit wants them.
 *
 * Arguments come in r12 .. r15, then on the stack; r4 .. r10 belong to the caller.
 *
 * A wrap can be refused only for wrong arguments, that is, by a mistake of ours: then a write to
 * the module's own text raises a violation, which ends the call with all registers cleared.
 */
#define AE_WRAP 0x1384
#define AE_UNWRAP 0x1385

        .section .text.cw_spongent, "ax", @progbits

/* void cw_spongent_mac_own(message, len, ret_tag) */
        .globl  cw_spongent_mac_own
        .type   cw_spongent_mac_own, @function
cw_spongent_mac_own:
        push    r9
        push    r10
        clr     r9
        mov     r14, r15
        mov     r12, r10
        mov     r13, r11
        jmp     .Lmac
        .size   cw_spongent_mac_own, . - cw_spongent_mac_own

/* void cw_spongent_mac(key, message, message_len, ret_tag) */
        .globl  cw_spongent_mac
        .type   cw_spongent_mac, @function
cw_spongent_mac:
        push    r9
        push    r10
        mov     r12, r9
        tst     r9                      /* a null pointer must not turn into K_SM */
        jz      .Lrefused
        mov     r13, r10
        mov     r14, r11
.Lmac:
        add     r10, r11
        clr     r12
        clr     r13
        jmp     .Lwrap
        .size   cw_spongent_mac, . - cw_spongent_mac

/* void cw_spongent_wrap(key, ad, ad_len, body | body_len, ret_cipher, ret_tag) */
        .globl  cw_spongent_wrap
        .type   cw_spongent_wrap, @function
cw_spongent_wrap:
        push    r9
        push    r10
        call    #operands
.Lwrap:
        .word   AE_WRAP
        tst     r15
        jz      .Lrefused
        jmp     .Ldone
        .size   cw_spongent_wrap, . - cw_spongent_wrap

/* bool cw_spongent_unwrap(key, ad, ad_len, cipher | body_len, tag, ret_body) */
        .globl  cw_spongent_unwrap
        .type   cw_spongent_unwrap, @function
cw_spongent_unwrap:
        push    r9
        push    r10
        call    #operands
        xor     r14, r15                /* here the tag comes before the output */
        xor     r15, r14
        xor     r14, r15
        .word   AE_UNWRAP
        tst     r15
        jnz     .Lauthentic
.Lzero:                                 /* some chips store the plaintext before the check */
        cmp     r13, r12
        jeq     .Lauthentic
        clr.b   0(r14)
        inc     r14
        inc     r12
        jmp     .Lzero
.Lauthentic:
        mov     r15, r12
.Ldone:
        pop     r10
        pop     r9
        ret
        .size   cw_spongent_unwrap, . - cw_spongent_unwrap

/* From the registers and the stack of wrap and unwrap to the unit's registers. */
        .type   operands, @function
operands:
        mov     r12, r9
        tst     r9
        jz      .Lrefused
        mov     r13, r10
        mov     r14, r11
        add     r13, r11
        mov     r15, r12
        mov     8(r1), r13              /* above two returns and two saved registers */
        add     r12, r13
        mov     10(r1), r14
        mov     12(r1), r15
        ret

.Lrefused:
        mov     r15, &cw_spongent_wrap
        jmp     .Lrefused
        .size   operands, . - operands
