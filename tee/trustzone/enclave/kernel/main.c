/* SPDX-License-Identifier: MIT */
/*
 * The secure world's kernel: begin, then serve one call or interrupt after the other.
 */
#include "sdk/rt.h"
#include "silicon/trustzone/arch.h"
#include "tee/enclave.h"
#include "tee/trustzone/enclave/console.h"
#include "tee/trustzone/enclave/kernel/context.h"
#include "tee/trustzone/enclave/kernel/device.h"
#include "tee/trustzone/enclave/kernel/inside.h"
#include "tee/trustzone/enclave/kernel/interrupt.h"
#include "tee/trustzone/enclave/kernel/mmu.h"
#include "tee/trustzone/enclave/kernel/normal.h"
#include "tee/trustzone/enclave/kernel/service.h"

_Noreturn void cw_tz_main(const struct cw_tz_boot *boot);
_Noreturn void cw_tz_broken(uint64_t esr, uint64_t pc, uint64_t far);

/* The kernel itself did what it may not: nothing that it says from now on counts. */
_Noreturn void cw_tz_broken(uint64_t esr, uint64_t pc, uint64_t far)
{
    cw_console_say("kernel: fault, esr ");
    cw_console_hex(esr);
    cw_console_say(" pc ");
    cw_console_hex(pc);
    cw_console_say(" far ");
    cw_console_hex(far);
    cw_console_say(": reset\n");
    cw_board_line(TZ_LINE_RESET);
}

_Noreturn void cw_enclave_abort(void)
{
    cw_console_say("kernel: an invariant is broken: reset\n");
    cw_board_line(TZ_LINE_RESET);
}

static void start(const struct cw_tz_boot *boot)
{
    const uint64_t normal_at = boot->normal_at;
    cw_tz_normal_open(normal_at, cw_tz_mmu_open(normal_at, boot->normal_len));
    cw_tz_interrupts_open(boot->gic);
    cw_tz_devices_open();
    const cw_status status = cw_tz_services_open(boot);
    memset((void *)CW_TZ_BOOT_AT, 0, CW_TZ_BOOT_LEN);
    cw_tz_mmu_forget_boot();
    if (status != CW_OK) {
        cw_console_say("kernel: the device cannot start: see its flash\n");
        cw_board_line(TZ_LINE_POWER_OFF);
    }
}

_Noreturn void cw_tz_main(const struct cw_tz_boot *boot)
{
    struct cw_tz_switch s = {0};
    uintptr_t guard;
    start(boot);
    cw_tz_random((uint8_t *)&guard, sizeof guard);
    __stack_chk_guard = guard; /* no function that checks it is under way here */
    for (;;) {
        cw_tz_context_done(&s);
        if (s.x[0] == CW_TZ_CALL) {
            uint64_t out[4];
            cw_tz_message(&s.x[1], out);
            memcpy(&s.x[1], out, sizeof out);
        }
        (void)cw_tz_interrupts_take();
        cw_tz_modules_serve();
    }
}
