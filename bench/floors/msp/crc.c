/* SPDX-License-Identifier: MIT */
/* crc.c - a CRC-16 and a byte sort over a small buffer: loads, stores, shifts, calls. */
typedef unsigned short u16;
typedef unsigned char u8;

#define RESULT (*(volatile u16 *)0x0200)
static u8 buf[64] __attribute__((section(".data")));

static __attribute__((noinline)) u16 crc(const u8 *p, u16 n, u16 c)
{
    while (n--) {
        c ^= (u16)((u16)*p++ << 8);
        for (u8 k = 8; k; k--) {
            c = c & 0x8000 ? (u16)(c << 1) ^ 0x1021 : (u16)(c << 1);
        }
    }
    return c;
}

static __attribute__((noinline)) void sort(u8 *p, u16 n)
{
    for (u16 i = 1; i < n; i++) {
        u8 v = p[i];
        u16 j = i;

        while (j > 0 && p[j - 1] > v) {
            p[j] = p[j - 1];
            j--;
        }
        p[j] = v;
    }
}

int run(u16 rounds);

int run(u16 rounds)
{
    u16 c = 0xffff;

    while (rounds--) {
        for (u16 i = 0; i < 64; i++) {
            buf[i] = (u8)(i * 5 + c + rounds);
        }
        sort(buf, 64);
        c = crc(buf, 64, c);
    }
    RESULT = c;
    return 0;
}
