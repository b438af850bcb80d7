/* SPDX-License-Identifier: MIT */
/* guarded.c - the inside of the module of guarded.S. */

#define MODULE __attribute__((section(".module.text"), noinline))

static volatile unsigned total __attribute__((section(".bss.secret")));

MODULE static unsigned twice(unsigned x)
{
    return x + x;
}

MODULE unsigned work(unsigned step)
{
    total += twice(step); /* BREAK */
    return total;
}
