/* SPDX-License-Identifier: MIT */
/*
 * jail.h - inside the jail: what its files share.  Freestanding; see plan.h.
 */
#ifndef CW_SILICON_SGX_JAIL_JAIL_H
#define CW_SILICON_SGX_JAIL_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In this order: they do not include each other. */
#include <asm/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>

#include "silicon/sgx/jail/plan.h"

/* One TCS: its thread's state and signal stack are one aligned block, found by the stack pointer. */
#define CW_SHIM_BLOCK_LEN 65536ul
#define CW_SHIM_STATE_LEN 4096ul

struct cw_shim_thread {
    struct cw_jail_tcs tcs;
    struct cw_sgx_mailbox *mailbox;
    uint32_t cssa;
    uint32_t function;    /* how it was entered     */
    uint32_t spin;        /* looks before it sleeps */
    uint32_t asleep;      /* how often it slept     */
    uint64_t fault;       /* of cw_copy             */
    uint64_t fault_error;
};

union cw_shim_block {
    struct cw_shim_thread thread;
    uint8_t bytes[CW_SHIM_BLOCK_LEN];
};

/* All addresses are relative to the code: there is no table of them. */
#pragma GCC visibility push(hidden)
extern struct cw_jail_plan cw_plan;
extern union cw_shim_block cw_blocks[CW_SGX_TCS_MAX];

/* start.S */
long cw_syscall(long number, long a, long b, long c, long d, long e, long f);
long cw_clone(unsigned long flags, void *stack, void (*function)(void *), void *argument);
void cw_shim_entry(int signal, void *info, void *context);
void cw_trace_entry(int signal, void *info, void *context);
void cw_sigreturn(void);
int cw_copy(void *to, const void *from, size_t len);
extern const char cw_copy_at[], cw_copy_fault[], cw_jail_called[];
void cw_shim_first(void);
void cw_jail_parked(uint64_t index);

/* shim.c */
void cw_shim_signal(int signal, void *info, struct ucontext *context);

/* filter.c: 0, or an errno, negative. */
int cw_filter_install(const struct cw_jail_plan *plan);

#pragma GCC visibility pop

void *memcpy(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);

#endif
