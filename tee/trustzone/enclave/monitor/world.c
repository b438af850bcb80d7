/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/monitor/world.h"

#include "tee/trustzone/enclave/monitor/gic.h"
#include "tee/trustzone/enclave/sysreg.h"

#include <stddef.h>

/* SCR_EL3.  Both: AArch64 below, nothing of the normal world's memory is executed in the secure one.
 * Secure: interrupts of group 0 are its own, the secure timer is EL1's.  Normal: those are the
 * monitor's; the CPU's newer features are the normal world's alone, if it has them. */
#define SCR_BOTH (0x400u | 0x200u | 0x30u)
#define SCR_SECURE (SCR_BOTH | 0x800u)
#define SCR_NORMAL (SCR_BOTH | 0x100u | 0x4u | 0x1u)
#define SCR_FEATURES (0x30000ull | 1ull << 25 | 1ull << 26 | 1ull << 27 | 1ull << 28 | 1ull << 38)

/* MDCR_EL3: in the secure world no debug exceptions, no counting, no debugger from outside. */
#define MDCR (1ull << 34 | 1ull << 23 | 1ull << 21 | 1ull << 20 | 1ull << 16 | 2ull << 14)

#define PMCR_ON 0x1u   /* PMCR_EL0.E: something counts */
#define PMCR_OFF 0x20u /* PMCR_EL0.DP: the cycle counter stops where counting is not allowed */

#define SCTLR_RESET 0x30d00800u
#define BEGIN_EL1 0x3c5u /* EL1h, all masked */
#define BEGIN_EL2 0x3c9u
#define FROM_EL0 0x400u /* in a table of vectors: what the level below does, in AArch64 */

enum { FREE = 0, CALL = 1, INTERRUPT = 2 };

/* Registers below EL3 that both worlds use, in the order in which they are loaded. */
#define EACH_REGISTER(X)                                                                             \
    X(ACTLR_EL1) X(CPACR_EL1) X(MAIR_EL1) X(AMAIR_EL1) X(VBAR_EL1) X(CONTEXTIDR_EL1) X(TPIDR_EL1)    \
    X(TPIDR_EL0) X(TPIDRRO_EL0) X(SP_EL0) X(SP_EL1) X(ELR_EL1) X(SPSR_EL1) X(ESR_EL1) X(FAR_EL1)     \
    X(AFSR0_EL1) X(AFSR1_EL1) X(PAR_EL1) X(CNTKCTL_EL1) X(CSSELR_EL1) X(MDSCR_EL1)                   \
    X(TTBR0_EL1) X(TTBR1_EL1)

/* Those that load_last() writes. */
#define EACH_LAST(X) X(TCR_EL1) X(SCTLR_EL1)

/* Those of the performance monitors, where the CPU has them. */
#define EACH_COUNTER(X) X(PMCR_EL0) X(PMUSERENR_EL0)

#define FIELD(name) uint64_t name;
struct cw_vectors {
    uint8_t registers[32][16];
    uint64_t control;
    uint64_t status;
};

struct context {
    struct cw_vectors vectors;
    struct cw_frame frame;
    EACH_REGISTER(FIELD)
    EACH_LAST(FIELD)
    EACH_COUNTER(FIELD)
    uint32_t priority; /* of the interrupts that it lets through */
};

/* entry.S */
void cw_vectors_save(struct cw_vectors *ret_vectors);
void cw_vectors_load(const struct cw_vectors *vectors);
void cw_vectors_wipe(void);

/* Together, since each switch reads and writes them all. */
static struct {
    uint32_t owner;
    struct context secure;
    struct context normal[CW_TZ_CPUS];
} worlds;

static unsigned this_cpu(void)
{
    return CW_SYSREG_READ(MPIDR_EL1) & (CW_TZ_CPUS - 1);
}

static bool has_counters(void)
{
    const unsigned version = CW_SYSREG_READ(ID_AA64DFR0_EL1) >> 8 & 15;
    return version != 0 && version != 15;
}

#define SAVE(name) c->name = CW_SYSREG_READ(name);
static void save(struct context *c, const struct cw_frame *frame)
{
    c->frame = *frame;
    EACH_REGISTER(SAVE)
    EACH_LAST(SAVE)
    if (has_counters()) {
        EACH_COUNTER(SAVE)
    }
}

/* now: what save() found in the registers, which are written where that is another value. */
#define LOAD(name)                                                                                   \
    if (c->name != now->name) {                                                                      \
        CW_SYSREG_WRITE(name, c->name);                                                              \
    }
static void load(const struct context *c, const struct context *now, struct cw_frame *frame)
{
    *frame = c->frame;
    if (has_counters()) {
        EACH_COUNTER(LOAD)
    }
    EACH_REGISTER(LOAD)
}

/* At each write of these QEMU forgets all addresses, the monitor's too: nothing comes between, and
 * little behind. */
static void load_last(const struct context *c)
{
    uint64_t now;
    __asm__ volatile("mrs %0, tcr_el1\n\tcmp %0, %1\n\tb.eq 1f\n\tmsr tcr_el1, %1\n"
                     "1:\tmsr sctlr_el1, %2"
                     : "=&r"(now)
                     : "r"(c->TCR_EL1), "r"(c->SCTLR_EL1)
                     : "cc", "memory");
}

static void set_scr(uint64_t value)
{
    CW_SYSREG_WRITE(SCR_EL3, value);
    cw_isb();
}

void cw_world_begin(struct cw_frame *frame, uint64_t entry, uint64_t x0)
{
    static const struct context nothing;
    struct context *const found = &worlds.normal[this_cpu()];
    const bool has_el2 = (CW_SYSREG_READ(ID_AA64PFR0_EL1) >> 8 & 15) != 0;
    CW_SYSREG_WRITE(MDCR_EL3, MDCR);
    set_scr(SCR_NORMAL | SCR_FEATURES);
    save(found, frame);
    load(&nothing, found, frame);
    load_last(&nothing);
    CW_SYSREG_WRITE(SCTLR_EL1, SCTLR_RESET);
    if (has_counters()) {
        CW_SYSREG_WRITE(PMCR_EL0, PMCR_OFF);
    }
    if (has_el2) {
        CW_SYSREG_WRITE(SCTLR_EL2, 0x30c50830u);
        CW_SYSREG_WRITE(HCR_EL2, 0);
        CW_SYSREG_WRITE(VPIDR_EL2, CW_SYSREG_READ(MIDR_EL1));
        CW_SYSREG_WRITE(VMPIDR_EL2, CW_SYSREG_READ(MPIDR_EL1));
    }
    cw_vectors_wipe();
    frame->x[0] = x0;
    frame->elr = entry;
    frame->spsr = has_el2 ? BEGIN_EL2 : BEGIN_EL1;
}

bool cw_world_is_secure(void)
{
    return (CW_SYSREG_READ(SCR_EL3) & 1) == 0;
}

/* Becomes the owner; false: a call is inside, and the caller need not wait for it. */
static bool take(uint32_t as, bool may_refuse)
{
    for (;;) {
        uint32_t found = FREE;
        if (__atomic_compare_exchange_n(&worlds.owner, &found, as, false, __ATOMIC_ACQUIRE,
                    __ATOMIC_RELAXED)) {
            return true;
        }
        if (found == CALL && may_refuse) {
            return false;
        }
        __asm__ volatile("yield");
    }
}

/* What the kernel finds in x0..x5. */
static void pass(cw_tz_reason reason, const uint64_t x[static 4])
{
    uint64_t *const to = worlds.secure.frame.x;
    to[0] = reason;
    for (unsigned i = 0; i < 4; i++) {
        to[1 + i] = x[i];
    }
    to[5] = this_cpu();
}

static void enter(struct cw_frame *frame)
{
    struct context *from = &worlds.normal[this_cpu()];
    save(from, frame);
    cw_vectors_save(&from->vectors);
    cw_vectors_wipe();
    set_scr(SCR_SECURE);
    from->priority = cw_gic_only_secure();
    /* Stay: the kernel's TCR_EL1 forbids walks that begin there; monitors that are off count nothing. */
    worlds.secure.TTBR1_EL1 = from->TTBR1_EL1;
    worlds.secure.PMCR_EL0 = (from->PMCR_EL0 & PMCR_ON) != 0 ? PMCR_OFF : from->PMCR_EL0;
    load(&worlds.secure, from, frame);
    load_last(&worlds.secure);
}

void cw_world_start(struct cw_frame *frame)
{
    worlds.secure.frame.elr = CW_TZ_KERNEL_AT;
    worlds.secure.frame.spsr = BEGIN_EL1;
    worlds.secure.frame.x[0] = CW_TZ_BOOT_AT;
    worlds.secure.SCTLR_EL1 = SCTLR_RESET;
    (void)take(INTERRUPT, false);
    enter(frame);
}

bool cw_world_call(struct cw_frame *frame, bool may_refuse)
{
    if (!take(CALL, may_refuse)) {
        return false;
    }
    pass(CW_TZ_CALL, frame->x);
    enter(frame);
    return true;
}

void cw_world_interrupt(struct cw_frame *frame)
{
    static const uint64_t nothing[4];
    (void)take(INTERRUPT, false);
    pass(CW_TZ_INTERRUPT, nothing);
    enter(frame);
}

void cw_world_pass_down(struct cw_frame *frame, uint64_t esr)
{
    CW_SYSREG_WRITE(ESR_EL1, esr);
    CW_SYSREG_WRITE(ELR_EL1, frame->elr);
    CW_SYSREG_WRITE(SPSR_EL1, frame->spsr);
    frame->elr = CW_SYSREG_READ(VBAR_EL1) + FROM_EL0;
    frame->spsr = BEGIN_EL1;
}

void cw_world_done(struct cw_frame *frame)
{
    struct context *to = &worlds.normal[this_cpu()];
    save(&worlds.secure, frame);
    for (unsigned i = 0; i < 4 && worlds.owner == CALL; i++) {
        to->frame.x[i] = frame->x[1 + i];
    }
    cw_vectors_load(&to->vectors);
    cw_gic_restore(to->priority);
    set_scr(SCR_NORMAL | SCR_FEATURES);
    load(to, &worlds.secure, frame);
    __atomic_store_n(&worlds.owner, FREE, __ATOMIC_RELEASE);
    load_last(to);
}
