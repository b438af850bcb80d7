/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/monitor/psci.h"

#include "silicon/trustzone/arch.h"
#include "tee/trustzone/enclave/console.h"
#include "tee/trustzone/enclave/sysreg.h"

#define SMCCC_VERSION 0x80000000u
#define SMCCC_FEATURES 0x80000001u
#define PSCI_VERSION 0x84000000u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_CPU_ON 0xc4000003u

enum {
    NOT_SUPPORTED = -1,
    INVALID_PARAMETERS = -2,
    ALREADY_ON = -4,
    ON_PENDING = -5,
    INVALID_ADDRESS = -9,
};

enum { OFF = 0, PENDING, ON };

static struct {
    uint64_t entry;
    uint64_t context;
    uint32_t state;
} cpus[CW_TZ_CPUS];

static uint64_t ram_at;
static uint64_t ram_len;

void cw_psci_open(uint64_t normal_at, uint64_t normal_len)
{
    ram_at = normal_at;
    ram_len = normal_len;
    cpus[0].state = ON;
}

/* A CPU that is there comes to the pen right after reset; how long that takes is the host's business. */
static bool waits(uintptr_t pen)
{
    const uint64_t end = CW_SYSREG_READ(CNTPCT_EL0) + CW_SYSREG_READ(CNTFRQ_EL0);
    while (cw_mmio_read(pen) != CW_TZ_PEN_WAITS) {
        if (CW_SYSREG_READ(CNTPCT_EL0) > end) {
            return false;
        }
    }
    return true;
}

static int64_t cpu_on(uint64_t target, uint64_t entry, uint64_t context)
{
    if (target >= CW_TZ_CPUS) {
        return INVALID_PARAMETERS;
    }
    if (entry % 4 != 0 || entry < ram_at || entry - ram_at >= ram_len) {
        return INVALID_ADDRESS;
    }
    const uintptr_t pen = CW_TZ_PEN_AT + target * CW_TZ_PEN_LEN;
    uint32_t state = OFF;
    if (!__atomic_compare_exchange_n(&cpus[target].state, &state, PENDING, false, __ATOMIC_ACQUIRE,
                __ATOMIC_RELAXED)) {
        return state == ON ? ALREADY_ON : ON_PENDING;
    }
    if (!waits(pen)) {
        __atomic_store_n(&cpus[target].state, OFF, __ATOMIC_RELEASE);
        return INVALID_PARAMETERS; /* there is no such CPU */
    }
    cpus[target].entry = entry;
    cpus[target].context = context;
    cw_dsb();
    cw_mmio_write(pen, CW_TZ_PEN_GO);
    cw_dsb();
    __asm__ volatile("sev");
    return 0;
}

void cw_psci_begin(struct cw_frame *frame)
{
    const unsigned cpu = CW_SYSREG_READ(MPIDR_EL1) & (CW_TZ_CPUS - 1);
    cw_world_begin(frame, cpus[cpu].entry, cpus[cpu].context);
    __atomic_store_n(&cpus[cpu].state, ON, __ATOMIC_RELEASE);
}

static int64_t features(uint32_t function)
{
    switch (function) {
    case SMCCC_VERSION:
    case PSCI_VERSION:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_FEATURES:
    case PSCI_CPU_ON:
        return 0;
    default:
        return NOT_SUPPORTED;
    }
}

bool cw_psci_call(struct cw_frame *frame)
{
    switch ((uint32_t)frame->x[0]) {
    case SMCCC_VERSION:
        frame->x[0] = 0x10002;
        return true;
    case SMCCC_FEATURES:
        frame->x[0] = (uint64_t)NOT_SUPPORTED;
        return true;
    case PSCI_VERSION:
        frame->x[0] = 0x10001;
        return true;
    case PSCI_MIGRATE_INFO_TYPE:
        frame->x[0] = 2; /* the secure world has no CPU of its own */
        return true;
    case PSCI_FEATURES:
        frame->x[0] = (uint64_t)features((uint32_t)frame->x[1]);
        return true;
    case PSCI_CPU_ON:
        frame->x[0] = (uint64_t)cpu_on(frame->x[1], frame->x[2], frame->x[3]);
        return true;
    case PSCI_SYSTEM_OFF:
        cw_board_line(TZ_LINE_POWER_OFF);
    case PSCI_SYSTEM_RESET:
        cw_board_line(TZ_LINE_RESET);
    default:
        return false;
    }
}
