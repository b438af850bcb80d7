/* SPDX-License-Identifier: MIT */
/* A module that does what tests ask, and what no module should. */
#include "causeway.h"

CW_OUTPUT(shout);

CW_INPUT(hear, data, len)
{
    shout(data, len);
}

CW_ENTRY(echo, data, len, reply, 256, 256)
{
    CW_LOG("echo"); /* so that a debug image is another one */
    (void)cw_reply_put(reply, data, len);
}

static uint8_t sealed[CW_SEALED_LEN(64)];

static void keep(cw_sealing sealing, const uint8_t *data, size_t len, struct cw_reply *reply)
{
    size_t sealed_len = 0;
    if (cw_seal(sealing, data, len, sealed, sizeof sealed, &sealed_len) == CW_OK) {
        (void)cw_reply_put(reply, sealed, sealed_len);
    }
}

static void give(cw_sealing sealing, const uint8_t *data, size_t len, struct cw_reply *reply)
{
    uint8_t bytes[64];
    size_t bytes_len = 0;
    const uint8_t status = (uint8_t)cw_unseal(sealing, data, len, bytes, sizeof bytes, &bytes_len);
    (void)cw_reply_put(reply, &status, 1);
    (void)cw_reply_put(reply, bytes, bytes_len);
}

CW_ENTRY(seal_image, data, len, reply, 64, 256)
{
    keep(CW_SEAL_IMAGE, data, len, reply);
}

CW_ENTRY(unseal_image, data, len, reply, 256, 256)
{
    give(CW_SEAL_IMAGE, data, len, reply);
}

CW_ENTRY(seal_signer, data, len, reply, 64, 256)
{
    keep(CW_SEAL_SIGNER, data, len, reply);
}

CW_ENTRY(unseal_signer, data, len, reply, 256, 256)
{
    give(CW_SEAL_SIGNER, data, len, reply);
}

/* The root key, for one context. */
void cw_enclave_derive(const uint8_t *context, size_t context_len, uint8_t *ret_key);

CW_ENTRY(derive, data, len, reply, 64, 16)
{
    uint8_t key[16];
    cw_enclave_derive(data, len, key);
    (void)cw_reply_put(reply, key, sizeof key);
}

/* Registers full of a secret, as a compiler may leave them. */
CW_ENTRY(fill, data, len, reply, 8, 8)
{
    (void)data;
    (void)len;
    (void)reply;
    __asm__ volatile("mov $0x5ec2e75ec2e7, %%rax\n mov %%rax, %%rcx\n mov %%rax, %%rdx\n"
                     "mov %%rax, %%r8\n mov %%rax, %%r9\n mov %%rax, %%r10\n mov %%rax, %%r11\n"
                     "mov %%rax, %%rbx\n mov %%rax, %%r12\n mov %%rax, %%r13\n mov %%rax, %%r14\n"
                     "mov %%rax, %%r15\n"
                     "movq %%rax, %%xmm0\n movq %%rax, %%xmm7\n movq %%rax, %%xmm8\n"
                     "movq %%rax, %%xmm15\n fldpi\n fldpi\n"
                     "fstp %%st(0)\n" /* one stays on the stack of x87 */
                     : : : "rax", "rcx", "rdx", "rbx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                     "r15", "xmm0", "xmm7", "xmm8", "xmm15");
}

/* What ends a module. */
enum { MISTAKE_OPCODE, MISTAKE_DIVIDE, MISTAKE_BREAK, MISTAKE_STACK, MISTAKE_CODE, MISTAKE_DATA };

static uint8_t room[64] = {0xc3}; /* ret */

static void grow(volatile uint8_t *top)
{
    for (size_t i = 0; i < 1u << 20; i += 64) { /* far below the stack */
        top[-(long)i] = 1;
    }
}

extern uint8_t __cw_entry[] __attribute__((visibility("hidden")));

CW_ENTRY(mistake, data, len, reply, 8, 8)
{
    volatile uint8_t top = 0;
    (void)reply;
    switch (len == 0 ? MISTAKE_OPCODE : data[0]) {
    case MISTAKE_OPCODE:
        __asm__ volatile("ud2");
        break;
    case MISTAKE_DIVIDE:
        __asm__ volatile("xorl %%ecx, %%ecx\n xorl %%edx, %%edx\n divl %%ecx" : : : "rax", "rcx", "rdx");
        break;
    case MISTAKE_BREAK:
        __asm__ volatile("int3");
        break;
    case MISTAKE_STACK:
        grow(&top);
        break;
    case MISTAKE_CODE:
        *(volatile uint8_t *)__cw_entry = 0;
        break;
    case MISTAKE_DATA:
        ((void (*)(void))(uintptr_t)room)();
        break;
    }
}
