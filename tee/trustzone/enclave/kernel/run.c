/* SPDX-License-Identifier: MIT */
#include "core/wire/frame.h"
#include "tee/trustzone/enclave/console.h"
#include "tee/trustzone/enclave/kernel/device.h"
#include "tee/trustzone/enclave/kernel/inside.h"
#include "tee/trustzone/enclave/kernel/interrupt.h"
#include "tee/trustzone/enclave/kernel/mmu.h"
#include "tee/trustzone/enclave/sysreg.h"

#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define ESR_SVC64 0x15u

#define RESULT(value) ((value) >> 24)
#define ITEMS_LEN(value) ((value) & 0xffffffu)

/* For whoever writes a module: why it is dead.  Only of images that may log. */
static void say_fault(const struct cw_tz_module *m, uint64_t esr)
{
    if (!m->identity.is_debug || cw_tz_device_is_taken(CW_TZ_DEVICE_UART)) {
        return;
    }
    char name[sizeof m->identity.name + 1] = {0};
    for (size_t i = 0; i < sizeof m->identity.name; i++) {
        name[i] = (char)m->identity.name[i];
    }
    cw_console_say("module ");
    cw_console_say(name);
    cw_console_say(" ended: esr ");
    cw_console_hex(esr);
    cw_console_say(" far ");
    cw_console_hex(CW_SYSREG_READ(far_el1));
    cw_console_say(" pc ");
    cw_console_hex(m->context.pc);
    cw_console_say("\n");
}

/* One stay at S-EL0. */
static cw_tz_step stay(struct cw_tz_module *m)
{
    const unsigned trap = cw_tz_context_run(&m->context);
    if (trap == CW_TRAP_FIQ) {
        return cw_tz_interrupts_take() ? CW_TZ_STEP_KILL : CW_TZ_STEP_ON;
    }
    if (trap == CW_TRAP_SYNCHRONOUS && ESR_CLASS(CW_SYSREG_READ(esr_el1)) == ESR_SVC64) {
        return cw_tz_svc_serve(m);
    }
    return CW_TZ_STEP_KILL;
}

bool cw_tz_module_run(struct cw_tz_module *m, uint64_t entry, uint64_t in_len,
        struct cw_tz_left *ret_left)
{
    uint64_t *const x = m->context.x;
    x[0] = entry;
    x[1] = in_len;
    cw_tz_mmu_use(m->run);
    cw_tz_budget_begin();
    cw_tz_step step;
    do {
        step = stay(m);
    } while (step == CW_TZ_STEP_ON);
    cw_tz_budget_end();
    if (step == CW_TZ_STEP_KILL || x[0] > UINT32_MAX || x[1] > UINT32_MAX ||
            RESULT(x[0]) > CW_RESULT_PENDING || ITEMS_LEN(x[0]) > CW_TZ_OUT_LEN) {
        say_fault(m, CW_SYSREG_READ(esr_el1));
        cw_tz_module_end(m, CW_TZ_DEAD);
        return false;
    }
    m->state = RESULT(x[0]) == CW_RESULT_PENDING ? CW_TZ_PENDING : CW_TZ_READY;
    *ret_left = (struct cw_tz_left){(uint32_t)x[0], (uint32_t)x[1]};
    return true;
}
