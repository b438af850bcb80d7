/* SPDX-License-Identifier: MIT */
/* The kernel of the monitor's tests: says what boot left, and does what the normal world asks. */
#include "silicon/trustzone/arch.h"
#include "tee/trustzone/enclave/console.h"
#include "tee/trustzone/enclave/sysreg.h"
#include "tee/trustzone/enclave/worlds.h"
#include "tee/trustzone/tests/kernel/kernel.h"

#include <stdbool.h>

/* start.S */
void test_kernel(const struct cw_tz_boot *boot);
void test_done(uint64_t x[static 6]);
void test_fill(uint64_t pattern);
uint64_t test_execute(uint64_t address);
void test_unknown_call(void);
extern const uint64_t test_vectors[64];

static uint64_t interrupts;
static uint64_t slow;

static void wait(uint64_t ticks)
{
    const uint64_t end = CW_SYSREG_READ(CNTPCT_EL0) + ticks;
    while (CW_SYSREG_READ(CNTPCT_EL0) < end) {
    }
}

static void say_boot(const struct cw_tz_boot *boot)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = (const uint8_t *)boot;
    cw_console_say("boot ");
    for (unsigned i = 0; i < sizeof *boot; i++) {
        const char text[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], 0};
        cw_console_say(text);
    }
    cw_console_say("\n");
    /* Nothing but the hand-over is left behind boot. */
    uint64_t rest = 0;
    for (uintptr_t at = CW_TZ_BOOT_AT + sizeof *boot; at < CW_TZ_BOOT_AT + CW_TZ_BOOT_LEN; at += 8) {
        rest |= *(const uint64_t *)at;
    }
    cw_console_say(rest == 0 ? "scratch zeros\n" : "scratch bytes\n");
}

/* Flash that answers its status to whoever reads, as while it is programmed; CPUs wait in there. */
static void disturb_flash(void)
{
    cw_mmio_write(CW_TZ_JOURNAL_AT, 0x00700070);
    wait(CW_SYSREG_READ(CNTFRQ_EL0) / 50);
    cw_mmio_write(CW_TZ_JOURNAL_AT, 0x00ff00ff);
}

static void serve(bool is_v3)
{
    const uint32_t id = is_v3 ? (uint32_t)CW_SYSREG_READ(S3_0_C12_C8_0) : cw_mmio_read(TZ_GICC + 0xc);
    if ((id & 0x3ff) == TZ_SECURE_UART_INTERRUPT) {
        interrupts++;
        wait(slow);
        cw_mmio_write(TZ_SECURE_UART + PL011_ICR, PL011_RX);
        while ((cw_mmio_read(TZ_SECURE_UART + PL011_FR) & PL011_FR_RX_EMPTY) == 0) {
            (void)cw_mmio_read(TZ_SECURE_UART + PL011_DR);
        }
    }
    if ((id & 0x3ff) < 1020 && is_v3) {
        CW_SYSREG_WRITE(S3_0_C12_C8_1, id);
    } else if ((id & 0x3ff) < 1020) {
        cw_mmio_write(TZ_GICC + 0x10, id);
    }
}

/* x: what came, from x1 on the normal world's x0; then the results, from x1 on. */
static void call(uint64_t x[static 6])
{
    const uint64_t a = x[3];
    const uint64_t b = x[4];
    const bool is_test = x[1] == OPTEE_CALL_WITH_ARG;
    const uint64_t what = x[2];
    uint64_t all = 0;
    for (unsigned i = 0; i < 64; i++) {
        all |= test_vectors[i];
    }
    x[1] = 0;
    x[2] = x[3] = x[4] = 0;
    if (!is_test) {
        x[1] = 0x384fb3e0;
        return;
    }
    switch (what) {
    case TEST_ADD:
        x[2] = a + b;
        x[3] = a - b;
        break;
    case TEST_FILL:
        test_fill(a);
        break;
    case TEST_VECTORS:
        x[2] = all;
        break;
    case TEST_EXECUTE:
        x[2] = test_execute(a);
        break;
    case TEST_WAIT:
        wait(a);
        break;
    case TEST_INTERRUPTS:
        x[2] = interrupts;
        break;
    case TEST_SLOW:
        slow = a;
        break;
    case TEST_CALL:
        test_unknown_call();
        break;
    case TEST_COUNTERS:
        x[2] = CW_SYSREG_READ(PMCR_EL0);
        x[3] = CW_SYSREG_READ(MDSCR_EL1);
        break;
    default:
        x[1] = OPTEE_EBADCMD;
        break;
    }
}

void test_kernel(const struct cw_tz_boot *boot)
{
    const bool is_v3 = boot->gic == 3;
    uint64_t x[6] = {0};
    say_boot(boot);
    disturb_flash();
    cw_mmio_write(TZ_SECURE_UART + PL011_IMSC, PL011_RX);
    for (;;) {
        test_done(x);
        if (x[0] == CW_TZ_INTERRUPT) {
            serve(is_v3);
            /* Results of an interrupt that must go nowhere. */
            x[1] = x[2] = x[3] = x[4] = 0xdead;
        } else {
            call(x);
        }
    }
}
