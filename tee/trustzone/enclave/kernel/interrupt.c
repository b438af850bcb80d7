/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/interrupt.h"

#include "silicon/trustzone/arch.h"
#include "tee/trustzone/abi.h"
#include "tee/trustzone/enclave/kernel/device.h"
#include "tee/trustzone/enclave/sysreg.h"

#define GICD_ISPENDR(id) (TZ_GICD + 0x200u + 4u * ((id) / 32u))
#define GICC_IAR (TZ_GICC + 0xcu)
#define GICC_EOIR (TZ_GICC + 0x10u)
#define INTID_MASK 0x3ffu /* of GICC_IAR; the bits above name a CPU for what we never send */
#define INTID_SPECIAL 1020u
#define ISR_FIQ 0x40u     /* of ISR_EL1: one of our group waits */

static bool is_v3;

void cw_tz_interrupts_open(uint32_t version)
{
    is_v3 = version == 3;
}

static uint32_t acknowledge(void)
{
    return is_v3 ? (uint32_t)CW_SYSREG_READ(S3_0_C12_C8_0) /* ICC_IAR0_EL1 */
                 : cw_mmio_read(GICC_IAR);
}

static void finish(uint32_t acknowledged)
{
    if (is_v3) {
        CW_SYSREG_WRITE(S3_0_C12_C8_1, acknowledged); /* ICC_EOIR0_EL1 */
        cw_isb();
    } else {
        cw_mmio_write(GICC_EOIR, acknowledged);
    }
}

bool cw_tz_interrupts_take(void)
{
    bool is_over = false;
    while ((CW_SYSREG_READ(isr_el1) & ISR_FIQ) != 0) {
        const uint32_t acknowledged = acknowledge();
        const uint32_t id = is_v3 ? acknowledged : acknowledged & INTID_MASK;
        if (id >= INTID_SPECIAL && id < INTID_SPECIAL + 4) {
            break;
        }
        if (id == TZ_SECURE_TIMER_INTERRUPT) {
            cw_tz_budget_end();
            is_over = true;
        } else {
            cw_tz_devices_interrupted(id);
        }
        cw_dsb(); /* the device is quiet before the controller looks again */
        finish(acknowledged);
    }
    return is_over;
}

void cw_tz_attention(void)
{
    cw_mmio_write(GICD_ISPENDR(CW_TZ_ATTENTION_INTERRUPT), 1u << CW_TZ_ATTENTION_INTERRUPT % 32);
}

void cw_tz_budget_begin(void)
{
    const uint64_t ticks = CW_SYSREG_READ(cntfrq_el0) / 1000 * CW_TZ_BUDGET_MS;
    CW_SYSREG_WRITE(cntps_cval_el1, CW_SYSREG_READ(cntpct_el0) + ticks);
    CW_SYSREG_WRITE(cntps_ctl_el1, 1);
    cw_isb();
}

void cw_tz_budget_end(void)
{
    CW_SYSREG_WRITE(cntps_ctl_el1, 0);
    cw_isb();
}
