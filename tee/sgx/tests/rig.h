/* SPDX-License-Identifier: MIT */
/*
 * rig.h - an enclave under the knife: run one instruction at a time, by a host that may do all.
 *
 * What     A process has the image's pages where the host wants them; the test is its tracer and
 *          plays the CPU: EENTER, EEXIT, EREPORT, EGETKEY, asynchronous exits and ERESUME, with the
 *          SSA.  Registers, flags, x87, SSE, the arena and the rights of its pages are the test's.
 *          Unlike causeway-sgx it protects nothing, and shows the enclave's memory.
 * Trust    Test code: what goes wrong ends the test with a message.
 */
#ifndef CW_TEE_SGX_TESTS_RIG_H
#define CW_TEE_SGX_TESTS_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "core/wire/frame.h"
#include "silicon/sgx/cpu.h"
#include "tee/sgx/abi.h"

/* Where the host says that it comes from, and what it leaves in registers. */
#define RIG_TARGET 0x424240ul
#define RIG_RSP 0xbad0000ul /* nothing is there */
#define RIG_RBP 0xbad1000ul

/* How a stretch of execution ended. */
enum rig_end {
    RIG_EXIT,    /* EEXIT is the next instruction, not yet executed */
    RIG_FAULT,   /* an exception: rig.vector, rig.address           */
    RIG_STEPPED, /* one instruction was executed                    */
};

enum rig_random {
    RIG_RANDOM_CPU,
    RIG_RANDOM_NOTHING, /* RDRAND never has anything */
    RIG_RANDOM_STUCK,   /* ... always the same       */
    RIG_RANDOM_LATE,    /* ... has something at every third try */
};

struct rig {
    /* the image */
    struct cw_sgx_image image;
    uint8_t sigstruct[SGX_SIGSTRUCT_LEN];
    uint8_t secs[SGX_PAGE_LEN];
    const char *elf; /* with its names */
    /* where it is */
    uint64_t base;
    uint64_t tcs; /* offset */
    void *reserved;
    uint64_t arena_far;
    uint8_t *memory; /* [image.len], as the enclave has it; holes are zeros */
    uint8_t *arena;  /* [CW_SGX_ARENA_LEN] */
    pid_t pid;
    /* the CPU */
    struct cw_sgx_fuses fuses;
    uint32_t cssa;
    bool is_inside;
    enum rig_random random;
    unsigned draws;
    struct user_regs_struct regs;
    struct user_fpregs_struct fp; /* what rig_enter gives and rig_get_fp takes */
    uint8_t vector;
    uint64_t address;
    uint64_t steps;
    uint8_t last_key[SGX_KEY_LEN]; /* what EGETKEY gave, and how often it did */
    unsigned keys;
};

/* rig_open - SIGSTRUCT and stream in memory; debug: with the attribute DEBUG, which strict masks
 * forbid (no EINIT then). */
void rig_open(struct rig *r, const uint8_t *image, size_t len, const char *elf,
        const struct cw_sgx_fuses *fuses, bool debug);
void rig_close(struct rig *r);

/* rig_symbol - offset of a name in the image. */
uint64_t rig_symbol(const struct rig *r, const char *name);
uint64_t rig_symbol_of(const char *elf, const char *name);

/* What the host puts into registers before EENTER. */
struct rig_poison {
    uint64_t rdi, rsi;
    uint64_t rsp, rbp;
    uint64_t fill;  /* all other registers */
    uint64_t flags; /* RFLAGS besides IF   */
    bool fp;        /* x87 and SSE full of rubbish, unmasked, rounding elsewhere */
};
extern const struct rig_poison rig_clean;
extern const struct rig_poison rig_poisoned;

#define RIG_FLAG_AC 0x40000ul
#define RIG_FLAG_NT 0x4000ul
#define RIG_FLAG_DF 0x400ul
#define RIG_FLAGS_RESULT 0x8d5ul /* CF PF AF ZF SF OF */

/* rig_eenter - false: the CPU refuses (busy, or no frame left). */
bool rig_eenter(struct rig *r, const struct rig_poison *p);

/* rig_aex - an asynchronous exit; exitinfo as in the SSA.  rig_eresume - back. */
void rig_aex(struct rig *r, uint32_t exitinfo);
bool rig_eresume(struct rig *r);

/* rig_step - one instruction, or why not.  rig_run - to EEXIT or an exception, without stops. */
enum rig_end rig_step(struct rig *r);
enum rig_end rig_run(struct rig *r);

/* rig_leave - execute EEXIT; returns RDI.  Registers stay for a look. */
uint64_t rig_leave(struct rig *r);

/* rig_go - EENTER, run, EEXIT: the cw_sgx_exit. */
uint64_t rig_go(struct rig *r, const struct rig_poison *p);

void rig_get_fp(struct rig *r);

/* rig_protect - rights of pages of the process (PROT_...); far may be in the arena. */
void rig_protect(struct rig *r, uint64_t far, size_t len, int rights);

/* --- the arena ----------------------------------------------------------------------------------- */

uint64_t rig_word(const struct rig *r, size_t offset);
void rig_set(struct rig *r, size_t offset, uint64_t value);

/* rig_ask - lay a request into the arena; rig_call - and have it answered: the result. */
void rig_ask(struct rig *r, unsigned entry, const void *in, size_t len);
cw_result rig_call(struct rig *r, unsigned entry, const void *in, size_t len);

/* rig_start - the first EENTER; to IDLE. */
void rig_start(struct rig *r);

#endif
