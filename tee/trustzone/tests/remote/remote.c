/* SPDX-License-Identifier: MIT */
/*
 * remote.c - a normal world that its UART's other end drives: kernel.py is all of its logic.
 *
 * What     Asked by a letter and words of 8, little-endian; it answers in order.
 *              W at len bytes    -> k
 *              R at len          -> bytes
 *              L at              -> the 4 bytes there, as one access
 *              F at len value    -> k: value, 4 bytes, again and again, each as one access
 *              S x0 x1 x2 x3     -> x0 x1 x2 x3 of an SMC
 */
#include "silicon/trustzone/arch.h"
#include "tee/trustzone/tests/normal/normal.h"

static volatile uint32_t *const uart = (volatile uint32_t *)TZ_UART;

/* QEMU's own thread gets nowhere while a CPU asks a device all the time. */
static void pause(void)
{
    for (unsigned i = 0; i < 5000; i++) {
        __asm__ volatile("");
    }
}

static uint8_t get(void)
{
    while ((uart[PL011_FR / 4] & PL011_FR_RX_EMPTY) != 0) {
        pause();
    }
    return (uint8_t)uart[PL011_DR / 4];
}

static void put(uint8_t byte)
{
    while ((uart[PL011_FR / 4] & PL011_FR_TX_FULL) != 0) {
    }
    uart[PL011_DR / 4] = byte;
}

static uint64_t get_word(void)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        word |= (uint64_t)get() << i;
    }
    return word;
}

static void put_word(uint64_t word)
{
    for (unsigned i = 0; i < 64; i += 8) {
        put((uint8_t)(word >> i));
    }
}

static void write_memory(void)
{
    volatile uint8_t *at = (volatile uint8_t *)get_word();
    for (uint64_t len = get_word(); len > 0; len--) {
        *at++ = get();
    }
    put('k');
}

static void read_memory(void)
{
    const volatile uint8_t *at = (const volatile uint8_t *)get_word();
    for (uint64_t len = get_word(); len > 0; len--) {
        put(*at++);
    }
}

static void load(void)
{
    const uint32_t value = *(volatile uint32_t *)get_word();
    for (unsigned i = 0; i < 32; i += 8) {
        put((uint8_t)(value >> i));
    }
}

static void fill(void)
{
    volatile uint32_t *at = (volatile uint32_t *)get_word();
    const uint64_t count = get_word() / sizeof *at;
    const uint32_t value = (uint32_t)get_word();
    for (uint64_t i = 0; i < count; i++) {
        at[i] = value;
    }
    put('k');
}

static void call(void)
{
    uint64_t x[4];
    for (unsigned i = 0; i < 4; i++) {
        x[i] = get_word();
    }
    smc(x);
    for (unsigned i = 0; i < 4; i++) {
        put_word(x[i]);
    }
}

void second_main(uint64_t x0)
{
    (void)x0;
}

void test(uint64_t tree_at)
{
    (void)tree_at;
    uart[PL011_LCR_H / 4] = 0x70; /* 8 bits, FIFO */
    uart[PL011_CR / 4] = 0x301;
    put('!');
    for (;;) {
        switch (get()) {
        case 'W':
            write_memory();
            break;
        case 'R':
            read_memory();
            break;
        case 'L':
            load();
            break;
        case 'F':
            fill();
            break;
        case 'S':
            call();
            break;
        default:
            break;
        }
    }
}
