/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/monitor/gic.h"

#include "silicon/trustzone/arch.h"
#include "tee/trustzone/enclave/sysreg.h"

#include <stdbool.h>

/* Distributor; a redistributor's second half has the same for a CPU's own interrupts. */
#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_TYPER_CPUS 0xe0u
#define GICD_IGROUPR 0x080u
#define GICD_ISENABLER 0x100u
#define GICD_ICENABLER 0x180u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR 0x800u
#define GICD_IGRPMODR 0xd00u
#define GICD_IROUTER 0x6000u

#define GICC_CTLR 0x00u
#define GICC_PMR 0x04u

#define GICR_LEN 0x20000u
#define GICR_OWN 0x10000u /* the second half */
#define GICR_TYPER 0x08u
#define GICR_TYPER_LAST 0x10u
#define GICR_WAKER 0x14u
#define GICR_WAKER_SLEEP 0x2u
#define GICR_WAKER_ASLEEP 0x4u

#define ALL_PRIORITIES 0xffu
#define SECURE_PRIORITIES 0x80u /* the normal world's are 0x80 and above: it cannot set others */
#define NORMAL_PRIORITY 0xa0a0a0a0u

static unsigned version;
static bool has_cpus; /* more than one */

/* The 32 interrupts of one word, the normal world's. */
static void give(uintptr_t at, unsigned word)
{
    cw_mmio_write(at + GICD_ICENABLER + 4 * word, 0xffffffffu);
    cw_mmio_write(at + GICD_IGROUPR + 4 * word, 0xffffffffu);
    if (version == 3) {
        cw_mmio_write(at + GICD_IGRPMODR + 4 * word, 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        cw_mmio_write(at + GICD_IPRIORITYR + 32 * word + 4 * i, NORMAL_PRIORITY);
    }
}

static void own(uintptr_t at, unsigned interrupt)
{
    const uint32_t bit = 1u << interrupt % 32;
    const uintptr_t word = at + 4u * (interrupt / 32);
    cw_mmio_write(word + GICD_IGROUPR, cw_mmio_read(word + GICD_IGROUPR) & ~bit);
    const uintptr_t priority = at + GICD_IPRIORITYR + (interrupt & ~3u);
    cw_mmio_write(priority, cw_mmio_read(priority) & ~(0xffu << 8 * (interrupt % 4)));
    cw_mmio_write(word + GICD_ISENABLER, bit);
}

/* GICv2: to the first CPU.  A byte for each interrupt; with one CPU there is nothing to say, and zeros
 * are read.  Writing what is there already is dear in QEMU. */
static void target_first(unsigned interrupt)
{
    volatile uint8_t *const target = (volatile uint8_t *)(TZ_GICD + GICD_ITARGETSR + interrupt);
    if (has_cpus && *target != 1) {
        *target = 1;
    }
}

static void own_shared(unsigned interrupt)
{
    if (version == 3) {
        cw_mmio_write(TZ_GICD + GICD_IROUTER + 8u * interrupt, 0);
        cw_mmio_write(TZ_GICD + GICD_IROUTER + 8u * interrupt + 4, 0);
    } else {
        target_first(interrupt);
    }
    own(TZ_GICD, interrupt);
}

void cw_gic_open(unsigned found)
{
    version = found;
    cw_mmio_write(TZ_GICD + GICD_CTLR, 0);
    if (version == 3) {
        cw_mmio_write(TZ_GICD + GICD_CTLR, 0x30); /* affinities, in both worlds */
    }
    const uint32_t type = cw_mmio_read(TZ_GICD + GICD_TYPER);
    const unsigned words = (type & 31) + 1;
    has_cpus = (type & GICD_TYPER_CPUS) != 0;
    for (unsigned i = 1; i < words; i++) {
        give(TZ_GICD, i);
    }
    own_shared(TZ_SECURE_UART_INTERRUPT);
    own_shared(TZ_SECURE_GPIO_INTERRUPT);
    cw_mmio_write(TZ_GICD + GICD_CTLR, version == 3 ? 0x33 : 0x3); /* both groups */
}

/* This CPU's redistributor, or 0. */
static uintptr_t redistributor(void)
{
    const uint64_t mpidr = CW_SYSREG_READ(MPIDR_EL1);
    const uint32_t affinity = (uint32_t)((mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000));
    for (uintptr_t at = TZ_GICR; at < TZ_GICR + 8 * GICR_LEN; at += GICR_LEN) {
        if (cw_mmio_read(at + GICR_TYPER + 4) == affinity) {
            return at;
        }
        if ((cw_mmio_read(at + GICR_TYPER) & GICR_TYPER_LAST) != 0) {
            break;
        }
    }
    return 0;
}

static void open_cpu_v3(void)
{
    const uintptr_t at = redistributor();
    if (at == 0) {
        return; /* then this CPU has no interrupts */
    }
    cw_mmio_write(at + GICR_WAKER, cw_mmio_read(at + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    while ((cw_mmio_read(at + GICR_WAKER) & GICR_WAKER_ASLEEP) != 0) {
    }
    give(at + GICR_OWN, 0);
    own(at + GICR_OWN, TZ_SECURE_TIMER_INTERRUPT);

    /* Registers instead of memory, for every level; SRE_EL1 is one of each world. */
    CW_SYSREG_WRITE(S3_6_C12_C12_5, 0xf); /* ICC_SRE_EL3 */
    cw_isb();
    const uint64_t scr = CW_SYSREG_READ(SCR_EL3);
    CW_SYSREG_WRITE(SCR_EL3, scr | 1);
    cw_isb();
    if ((CW_SYSREG_READ(ID_AA64PFR0_EL1) >> 8 & 15) != 0) {
        CW_SYSREG_WRITE(S3_4_C12_C9_5, 0xf); /* ICC_SRE_EL2 */
        cw_isb();
    }
    CW_SYSREG_WRITE(S3_0_C12_C12_5, 0x7); /* ICC_SRE_EL1 */
    CW_SYSREG_WRITE(SCR_EL3, scr & ~1ull);
    cw_isb();
    CW_SYSREG_WRITE(S3_0_C12_C12_5, 0x7);
    cw_isb();
    CW_SYSREG_WRITE(S3_0_C4_C6_0, ALL_PRIORITIES); /* ICC_PMR_EL1 */
    CW_SYSREG_WRITE(S3_0_C12_C12_6, 1);            /* ICC_IGRPEN0_EL1 */
    CW_SYSREG_WRITE(SCR_EL3, scr);
    cw_isb();
}

void cw_gic_open_cpu(void)
{
    if (version == 3) {
        open_cpu_v3();
        return;
    }
    give(TZ_GICD, 0);
    own(TZ_GICD, TZ_SECURE_TIMER_INTERRUPT);
    cw_mmio_write(TZ_GICC + GICC_PMR, ALL_PRIORITIES);
    cw_mmio_write(TZ_GICC + GICC_CTLR, 0xb); /* both groups; group 0 is FIQ */
}

uint32_t cw_gic_only_secure(void)
{
    if (version != 3) {
        /* QEMU's GICv2 lets the normal world write the targets of any interrupt. */
        target_first(TZ_SECURE_UART_INTERRUPT);
        target_first(TZ_SECURE_GPIO_INTERRUPT);
        return 0;
    }
    const uint32_t priority = (uint32_t)CW_SYSREG_READ(S3_0_C4_C6_0);
    CW_SYSREG_WRITE(S3_0_C4_C6_0, SECURE_PRIORITIES);
    cw_isb();
    return priority;
}

void cw_gic_restore(uint32_t priority)
{
    if (version == 3) {
        CW_SYSREG_WRITE(S3_0_C4_C6_0, priority);
        cw_isb();
    }
}
