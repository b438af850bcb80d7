/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/node/firmware/cpu.h"

#include "silicon/trustzone/arch.h"
#include "tee/trustzone/abi.h"

/* Registers of GICv2, as the normal world sees them. */
#define GICD_CTLR (TZ_GICD + 0x000)
#define GICD_ISENABLER(n) (TZ_GICD + 0x100 + 4 * ((n) / 32))
#define GICD_ITARGETSR(n) (TZ_GICD + 0x800 + (n))
#define GICC_CTLR (TZ_GICC + 0x000)
#define GICC_PMR (TZ_GICC + 0x004)
#define GICC_IAR (TZ_GICC + 0x00c)
#define GICC_EOIR (TZ_GICC + 0x010)
#define NUMBER_MASK 0x3ffu
#define NUMBER_NONE 1020u /* and above */

/* start.S: an exception while it is not 0 is noted there and its instruction skipped. */
extern volatile uint64_t cpu_guard[4]; /* is set, was hit, ESR_EL1, FAR_EL1 */

void smc(uint64_t words[static 4]);

void cpu_open(void)
{
    __asm__ volatile("msr tcr_el1, %0; isb" : : "r"(CW_TZ_TCR)); /* the MMU is off */
}

void cpu_call(uint64_t words[static 4])
{
    cpu_guard[1] = 0;
    cpu_guard[0] = 1;
    smc(words);
    cpu_guard[0] = 0;
    if (cpu_guard[1] != 0) { /* there is no EL3 */
        words[0] = UINT64_MAX;
    }
}

static void access(uint64_t address, uint64_t len, bool is_write, uint64_t *value)
{
    switch (len | (is_write ? 16u : 0u)) {
    case 1:
        *value = *(volatile uint8_t *)address;
        break;
    case 2:
        *value = *(volatile uint16_t *)address;
        break;
    case 4:
        *value = *(volatile uint32_t *)address;
        break;
    case 8:
        *value = *(volatile uint64_t *)address;
        break;
    case 17:
        *(volatile uint8_t *)address = (uint8_t)*value;
        break;
    case 18:
        *(volatile uint16_t *)address = (uint16_t)*value;
        break;
    case 20:
        *(volatile uint32_t *)address = (uint32_t)*value;
        break;
    case 24:
        *(volatile uint64_t *)address = *value;
        break;
    }
}

bool cpu_access(uint64_t address, uint64_t len, bool is_write, uint64_t *value,
        uint64_t ret_abort[static 2])
{
    cpu_guard[1] = 0;
    cpu_guard[0] = 1;
    access(address, len, is_write, value);
    __asm__ volatile("dsb sy; isb" ::: "memory");
    cpu_guard[0] = 0;
    ret_abort[0] = cpu_guard[2];
    ret_abort[1] = cpu_guard[3];
    return cpu_guard[1] == 0;
}

void cpu_mask(bool is_masked)
{
    if (is_masked) {
        __asm__ volatile("msr daifset, #15" ::: "memory");
    } else {
        __asm__ volatile("msr daifclr, #1" ::: "memory"); /* FIQ: IRQ are looked for, see above */
    }
}

void cpu_interrupt_open(unsigned number)
{
    *(volatile uint8_t *)GICD_ITARGETSR(number) = 1;
    cpu_put32(GICD_ISENABLER(number), 1u << number % 32);
    cpu_put32(GICD_CTLR, 1);
    cpu_put32(GICC_PMR, 0xff);
    cpu_put32(GICC_CTLR, 1);
}

void cpu_sleep(void)
{
    __asm__ volatile("dsb sy; wfi" ::: "memory");
    for (;;) {
        const uint32_t taken = cpu_get32(GICC_IAR);
        if ((taken & NUMBER_MASK) >= NUMBER_NONE) {
            return;
        }
        interrupt(taken & NUMBER_MASK);
        cpu_put32(GICC_EOIR, taken);
    }
}
