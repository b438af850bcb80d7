/* SPDX-License-Identifier: MIT */
#include "silicon/trustzone/arch.h"
#include "tee/trustzone/enclave/console.h"
#include "tee/trustzone/enclave/monitor/gic.h"
#include "tee/trustzone/enclave/monitor/monitor.h"
#include "tee/trustzone/enclave/monitor/psci.h"
#include "tee/trustzone/enclave/monitor/world.h"

#include <stdbool.h>

#define CLASS_SMC64 0x17u
#define LEVEL_OF_STATE 0xcu /* in SPSR: 0 is EL0 */
#define NORMAL_AT 0x40200000ul /* where the normal world starts: CW_TZ_NORMAL_AT of port.h */

void cw_monitor_first(uint64_t normal_at, uint64_t normal_len, uint64_t tree_at, uint64_t gic,
        struct cw_frame *frame)
{
    cw_gic_open((unsigned)gic);
    cw_gic_open_cpu();
    cw_psci_open(normal_at, normal_len);
    cw_world_begin(frame, NORMAL_AT, tree_at);
    cw_world_start(frame);
}

void cw_monitor_second(struct cw_frame *frame)
{
    cw_gic_open_cpu();
    cw_psci_begin(frame);
}

/* What goes on to the secure world: fast calls, and the one that may be told to come again. */
static bool is_forwarded(uint32_t function)
{
    switch (function) {
    case OPTEE_CALLS_UID:
    case OPTEE_CALLS_REVISION:
    case OPTEE_GET_OS_UUID:
    case OPTEE_GET_OS_REVISION:
    case OPTEE_EXCHANGE_CAPABILITIES:
    case OPTEE_DISABLE_SHM_CACHE:
    case OPTEE_ENABLE_SHM_CACHE:
    case OPTEE_CALL_WITH_ARG:
        return true;
    default:
        return false;
    }
}

static void normal_call(struct cw_frame *frame)
{
    const uint32_t function = (uint32_t)frame->x[0];
    if (is_forwarded(function)) {
        if (!cw_world_call(frame, function == OPTEE_CALL_WITH_ARG)) {
            frame->x[0] = OPTEE_ETHREAD_LIMIT;
        }
        return;
    }
    if (!cw_psci_call(frame)) {
        frame->x[0] = (uint64_t)-1;
    }
}

void cw_monitor_call(struct cw_frame *frame, uint64_t esr)
{
    const bool is_secure = cw_world_is_secure();
    if (is_secure && (frame->spsr & LEVEL_OF_STATE) == 0) {
        cw_world_pass_down(frame, esr);
        return;
    }
    if (esr >> 26 != CLASS_SMC64) {
        cw_monitor_fault(esr, frame->elr, 0, frame->spsr);
    }
    if (!is_secure) {
        normal_call(frame);
        return;
    }
    if (frame->x[0] != CW_TZ_SMC_DONE) {
        cw_monitor_fault(esr, frame->elr, frame->x[0], frame->spsr);
    }
    cw_world_done(frame);
}

void cw_monitor_interrupt(struct cw_frame *frame)
{
    cw_world_interrupt(frame);
}

void cw_monitor_fault(uint64_t esr, uint64_t elr, uint64_t far, uint64_t spsr)
{
    cw_console_say("causeway: monitor: fault ");
    cw_console_hex(esr);
    cw_console_say(" at ");
    cw_console_hex(elr);
    cw_console_say(", ");
    cw_console_hex(far);
    cw_console_say(cw_world_is_secure() ? ", secure, " : ", normal, ");
    cw_console_hex(spsr);
    cw_console_say("\r\n");
    cw_board_line(TZ_LINE_RESET);
}
