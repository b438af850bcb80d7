/* SPDX-License-Identifier: MIT */
/* normal.h - the normal world of the monitor's tests: calls, CPUs, and what it prints. */
#ifndef CW_TEE_TRUSTZONE_TESTS_NORMAL_NORMAL_H
#define CW_TEE_TRUSTZONE_TESTS_NORMAL_NORMAL_H

#include <stdbool.h>
#include <stdint.h>

/* print.c: on the normal world's UART */
void say(const char *text);
void say_number(uint64_t value);

/* start.S.  smc: x0..x3 in, and out. */
void smc(uint64_t x[static 4]);

/* smc_all: x0..x30 (x18 and below as given, the others are its own) and all vector registers are set,
 * the call is made, and what they are then comes back. */
struct all {
    uint64_t x[31];
    uint64_t pad;
    uint64_t v[64];
    uint64_t fpcr;
    uint64_t fpsr;
};
void smc_all(struct all *all);

/* The registers that the first CPU began with, x0..x30, then CurrentEL before and after. */
extern uint64_t begun[33];

/* An exception of these: its ESR, or 0. */
uint64_t try_read(uint64_t at);
uint64_t try_write(uint64_t at);

extern const char second[]; /* where other CPUs start: calls second_main(x0) on a stack of its own */
extern const char just_return[];
void second_main(uint64_t x0);

void test(uint64_t tree_at);

#endif
