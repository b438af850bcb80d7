/* SPDX-License-Identifier: MIT */
/*
 * subject.c - a module that does on request what a module may do, and what it may not.
 *
 * What     No runtime, text and bss alone; kernel.py makes images of its bytes.  An input of a node is
 *          seven words of 8: an op, six arguments; the answer is words in the window.  An input of 4
 *          bytes is its device's (or a test's that says so).
 */
#include <stdbool.h>

#include "core/wire/frame.h"
#include "sdk/device.h"
#include "tee/trustzone/abi.h"

#define DONE(len) ((uint64_t)CW_RESULT_DONE << 24 | (len))

enum op { ECHO, PEEK, POKE, SVC, JUMP, SPIN, VECTORS_SET, VECTORS_GET, LEAVE, OVERFLOW, BEHAVE, BEGUN, COUNT };

/* What it does when its device enters it. */
enum behaviour { TAKE_EDGE, TAKE_BYTES, LEAVE_EDGE, SAY_MUCH, SAY_AGAIN, DIE, SAY_PENDING, TAKE_SILENTLY };

static uint64_t *const in = (uint64_t *)CW_TZ_IN_AT;
static uint64_t *const out = (uint64_t *)CW_TZ_OUT_AT;

static uint64_t begun[3];
static uint64_t behaviour;
static uint64_t entered_count;

_Noreturn void subject_start(uint64_t x0, uint64_t x1, uint64_t x2);

static uint64_t svc(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t *ret_x1)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    register uint64_t x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1) : "r"(x2), "r"(x3), "r"(x8) : "memory", "cc");
    *ret_x1 = x1;
    return x0;
}

static uint8_t device_read(uint8_t offset)
{
    uint64_t x1;
    return (uint8_t)svc(CW_TZ_SVC_DEVICE_READ, offset, 0, 0, 0, &x1);
}

static void device_write(uint8_t offset, uint8_t value)
{
    uint64_t x1;
    (void)svc(CW_TZ_SVC_DEVICE_WRITE, offset, value, 0, 0, &x1);
}

/* A byte of all vector registers; the file has none of its own. */
static void vectors_set(uint64_t byte)
{
    __asm__ volatile(".arch_extension simd\n\t"
                     ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tdup v\\n\\().16b, %w0\n\t.endr\n\t"
                     ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                     "dup v\\n\\().16b, %w0\n\t.endr"
                     :
                     : "r"(byte));
}

static uint64_t vectors_get(uint64_t *to)
{
    __asm__ volatile(".arch_extension simd\n\t"
                     ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tstr q\\n, [%0, #16 * \\n]\n\t.endr\n\t"
                     ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                     "str q\\n, [%0, #16 * \\n]\n\t.endr"
                     :
                     : "r"(to)
                     : "memory");
    return DONE(512);
}

static void spin(void)
{
    for (;;) {
        __asm__ volatile("");
    }
}

/* What takes long, and whose result tells whether a register changed meanwhile. */
static uint64_t count(uint64_t rounds)
{
    uint64_t sum = 1;
    for (uint64_t i = 0; i < rounds; i++) {
        sum = sum * 6364136223846793005u + 1442695040888963407u;
    }
    return sum;
}

/* Down through the page beneath the stack. */
static uint64_t overflow(uint64_t depth)
{
    volatile uint64_t page[512];
    page[depth % 512] = depth;
    return depth == 0 ? 0 : overflow(depth - 1) + page[depth % 512];
}

static uint64_t serve_node(void)
{
    uint64_t x1 = 0;
    switch ((enum op)in[0]) {
    case ECHO:
        for (unsigned i = 0; i < 6; i++) {
            out[i] = in[1 + i];
        }
        return DONE(48);
    case PEEK:
        out[0] = *(volatile uint64_t *)in[1];
        return DONE(8);
    case POKE:
        *(volatile uint64_t *)in[1] = in[2];
        return DONE(0);
    case SVC:
        out[0] = svc(in[1], in[2], in[3], in[4], in[5], &x1);
        out[1] = x1;
        return DONE(16);
    case JUMP:
        ((void (*)(void))in[1])();
        return DONE(0);
    case SPIN:
        spin();
        return DONE(0);
    case VECTORS_SET:
        vectors_set(in[1]);
        return DONE(0);
    case VECTORS_GET:
        return vectors_get(out);
    case LEAVE:
        return in[1];
    case OVERFLOW:
        out[0] = overflow(in[1]);
        return DONE(8);
    case BEHAVE:
        behaviour = in[1];
        return DONE(0);
    case BEGUN:
        for (unsigned i = 0; i < 3; i++) {
            out[i] = begun[i];
        }
        return DONE(24);
    case COUNT:
        out[0] = count(in[1]);
        return DONE(8);
    default:
        return (uint64_t)CW_RESULT_REFUSED << 24;
    }
}

static uint64_t take_bytes(bool is_echoed)
{
    uint8_t *bytes = (uint8_t *)out;
    uint64_t len = 0;
    while ((device_read(CW_UART_STATUS) & 1) != 0) {
        bytes[len] = device_read(CW_UART_DATA);
        if (is_echoed) {
            device_write(CW_UART_DATA, bytes[len]);
        }
        len++;
    }
    return DONE(len);
}

static uint64_t serve_device(void)
{
    entered_count++;
    out[0] = entered_count;
    switch ((enum behaviour)behaviour) {
    case TAKE_EDGE:
        out[1] = device_read(CW_GPIO_IN);
        device_write(CW_GPIO_IFG, 0);
        return DONE(16);
    case TAKE_BYTES:
        return take_bytes(true);
    case LEAVE_EDGE:
        return DONE(8);
    case SAY_MUCH:
        device_write(CW_GPIO_IFG, 0);
        return DONE(CW_TZ_OUT_LEN);
    case SAY_AGAIN:
        behaviour = TAKE_EDGE;
        return (uint64_t)CW_RESULT_AGAIN << 24;
    case DIE:
        (void)svc(CW_TZ_SVC_ABORT, 0, 0, 0, 0, &entered_count);
        return DONE(8);
    case SAY_PENDING:
        behaviour = TAKE_EDGE;
        device_write(CW_GPIO_IFG, 0);
        return (uint64_t)CW_RESULT_PENDING << 24 | 8;
    case TAKE_SILENTLY:
        return take_bytes(false);
    }
    return DONE(0);
}

__attribute__((section(".text.cw_entry"))) void subject_start(uint64_t x0, uint64_t x1, uint64_t x2)
{
    uint64_t in_len = x1;
    begun[0] = x0;
    begun[1] = x1;
    begun[2] = x2;
    for (;;) {
        const uint64_t value = in_len == 4 ? serve_device() : serve_node();
        (void)svc(CW_TZ_SVC_LEAVE, value, 0, 0, 0, &in_len);
    }
}
