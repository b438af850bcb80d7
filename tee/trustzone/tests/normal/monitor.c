/* SPDX-License-Identifier: MIT */
/*
 * The normal world of the monitor's tests.  A case is a line `NAME ok` or `NAME NOT OK`; the names
 * begin with the requirement of docs/trustzone.md that they are about.
 */
#include "silicon/trustzone/arch.h"
#include "silicon/trustzone/port.h"
#include "tee/trustzone/abi.h"
#include "tee/trustzone/enclave/boot/tree.h"
#include "tee/trustzone/enclave/sysreg.h"
#include "tee/trustzone/enclave/worlds.h"
#include "tee/trustzone/tests/kernel/kernel.h"
#include "tee/trustzone/tests/normal/normal.h"

#include <stdbool.h>
#include <stddef.h>

#define PATTERN 0x5ec3e7005ec3e700ull
#define UNKNOWN 0xffffffffffffffffull
#define CPU_ON 0xc4000003u
#define SYSTEM_OFF 0x84000008u

static volatile uint64_t second_arg;
static volatile uint64_t second_esr;
static volatile uint64_t second_job; /* ticks of a call that it makes next; 0 when that is done */
static volatile uint64_t second_begun; /* how many it began */
static volatile bool second_asks;      /* how many interrupts there were, again and again */
static volatile uint64_t second_count;
static volatile uint64_t second_refused;
static bool is_good;

static void begin(void)
{
    is_good = true;
}

static void expect(const char *what, uint64_t got, uint64_t wanted)
{
    if (got != wanted) {
        is_good = false;
        say("    ");
        say(what);
        say(": ");
        say_number(got);
        say(", not ");
        say_number(wanted);
        say("\n");
    }
}

static void end(const char *name)
{
    say(name);
    say(is_good ? " ok\n" : " NOT OK\n");
}

static uint64_t call4(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    uint64_t x[4] = {x0, x1, x2, x3};
    smc(x);
    return x[0];
}

/* A test's call, its first result in *ret; the status is what comes back. */
static uint64_t ask(uint64_t what, uint64_t a, uint64_t *ret)
{
    uint64_t x[4] = {OPTEE_CALL_WITH_ARG, what, a, 0};
    smc(x);
    *ret = x[1];
    return x[0];
}

static void start_is_clean(uint64_t tree_at)
{
    begin();
    expect("x0", tree_at, TZ_RAM);
    for (unsigned i = 1; i < 30; i++) {
        expect("register", begun[i], 0);
    }
    end("r2_the_normal_world_starts_with_a_tree_and_zeros");
}

static void unknown_calls(void)
{
    static const uint64_t ids[] = {0, 1, 2, 3, CW_TZ_SMC_DONE, 0xffffffffu, 0x32000003u, 0x32000005u,
        0xb2000002u, 0xb2000007u, 0xb2ff0001u, 0xbf00ff00u, 0xbf00ff02u, 0x84000001u, 0x84000002u,
        0x84000003u, 0xc4000001u, 0xc4000004u, 0x8400000bu, 0x80000002u, 0xc3000000u, 0x83000000u};
    begin();
    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        uint64_t x[4] = {ids[i], 11, 22, 33};
        smc(x);
        expect("x0", x[0], UNKNOWN);
        expect("x1", x[1], 11);
        expect("x2", x[2], 22);
        expect("x3", x[3], 33);
    }
    end("r1_unknown_calls_answer_minus_1");
}

static void known_calls(void)
{
    begin();
    expect("SMCCC_VERSION", call4(0x80000000u, 0, 0, 0), 0x10002);
    expect("PSCI_VERSION", call4(0x84000000u, 0, 0, 0), 0x10001);
    expect("MIGRATE_INFO_TYPE", call4(0x84000006u, 0, 0, 0), 2);
    expect("FEATURES of CPU_ON", call4(0x8400000au, CPU_ON, 0, 0), 0);
    expect("FEATURES of CPU_OFF", call4(0x8400000au, 0x84000002u, 0, 0), UNKNOWN);
    expect("CALLS_UID", call4(OPTEE_CALLS_UID, 0, 0, 0), 0x384fb3e0);
    uint64_t x[4] = {OPTEE_CALL_WITH_ARG, TEST_ADD, 40, 2};
    smc(x);
    expect("status", x[0], 0);
    expect("sum", x[1], 42);
    expect("difference", x[2], 38);
    /* The upper half of w0 is none of the number. */
    expect("PSCI_VERSION", call4(0xabcd000084000000u, 0, 0, 0), 0x10001);
    end("r1_known_calls_are_answered");
}

static void fill_all(struct all *all, uint64_t what)
{
    for (unsigned i = 0; i < 31; i++) {
        all->x[i] = 0x1111111111111111u * (i % 15 + 1) + i;
    }
    for (unsigned i = 0; i < 64; i++) {
        all->v[i] = 0x0101010101010101u * i;
    }
    all->fpcr = 0x00400000; /* rounding */
    all->fpsr = 0x0000001f;
    all->x[0] = OPTEE_CALL_WITH_ARG;
    all->x[1] = what;
    all->x[2] = PATTERN;
}

static void registers_come_back(void)
{
    static struct all before;
    static struct all after;
    fill_all(&before, TEST_FILL);
    fill_all(&after, TEST_FILL);
    begin();
    smc_all(&after);
    expect("x0", after.x[0], 0);
    expect("x1", after.x[1], 0);
    expect("x2", after.x[2], 0);
    expect("x3", after.x[3], 0);
    for (unsigned i = 4; i < 31; i++) {
        expect("register", after.x[i], before.x[i]);
    }
    end("r2_no_register_but_the_results_changes");
    begin();
    for (unsigned i = 0; i < 64; i++) {
        expect("vector", after.v[i], before.v[i]);
    }
    expect("fpcr", after.fpcr, before.fpcr);
    expect("fpsr", after.fpsr, before.fpsr);
    fill_all(&after, TEST_VECTORS);
    smc_all(&after);
    expect("vectors in the secure world", after.x[1], 0);
    end("r3_vector_registers_are_of_one_world");
}

#define EACH(X)                                                                                      \
    X(SCTLR_EL1) X(CPACR_EL1) X(TTBR0_EL1) X(TTBR1_EL1) X(TCR_EL1) X(MAIR_EL1) X(AMAIR_EL1)          \
    X(VBAR_EL1) X(CONTEXTIDR_EL1) X(TPIDR_EL1) X(TPIDR_EL0) X(TPIDRRO_EL0) X(SP_EL0) X(ELR_EL1)      \
    X(SPSR_EL1) X(ESR_EL1) X(FAR_EL1) X(AFSR0_EL1) X(AFSR1_EL1) X(PAR_EL1) X(CNTKCTL_EL1)            \
    X(CSSELR_EL1) X(MDSCR_EL1) X(PMCR_EL0) X(PMUSERENR_EL0) X(CNTP_CVAL_EL0) X(CNTV_CVAL_EL0)

static void system_registers_come_back(void)
{
    uint64_t x[4] = {OPTEE_CALL_WITH_ARG, TEST_FILL, PATTERN, 0};
    begin();
    CW_SYSREG_WRITE(TTBR0_EL1, 0x40200000u);
    CW_SYSREG_WRITE(TTBR1_EL1, 0x40201000u);
    CW_SYSREG_WRITE(MAIR_EL1, 0x4444u);
    CW_SYSREG_WRITE(CONTEXTIDR_EL1, 77);
    CW_SYSREG_WRITE(TPIDR_EL1, 0x123456789abcull);
    CW_SYSREG_WRITE(TPIDR_EL0, 0x23456789abcdull);
    CW_SYSREG_WRITE(TPIDRRO_EL0, 0x3456789abcdeull);
    CW_SYSREG_WRITE(SP_EL0, 0x456789abcdefull);
    CW_SYSREG_WRITE(ELR_EL1, 0x40203000u);
    CW_SYSREG_WRITE(SPSR_EL1, 0x305u);
    CW_SYSREG_WRITE(FAR_EL1, 0x40204000u);
    CW_SYSREG_WRITE(CNTKCTL_EL1, 3);
    CW_SYSREG_WRITE(CSSELR_EL1, 2);
    CW_SYSREG_WRITE(MDSCR_EL1, 1ull << 12);
    CW_SYSREG_WRITE(PMUSERENR_EL0, 1);
    CW_SYSREG_WRITE(PMCR_EL0, 0x41); /* counting, also where it is not allowed */
    cw_isb();
#define BEFORE(name) const uint64_t before_##name = CW_SYSREG_READ(name);
#define AFTER(name) expect(#name, CW_SYSREG_READ(name), before_##name);
    EACH(BEFORE)
    smc(x);
    EACH(AFTER)
    expect("status", x[0], 0);
    end("r3_system_registers_are_of_one_world");
    begin();
    uint64_t y[4] = {OPTEE_CALL_WITH_ARG, TEST_COUNTERS, 0, 0};
    smc(y);
    expect("PMCR.DP", y[1] & 0x21, 0x20);
    expect("MDSCR", y[2], 0);
    CW_SYSREG_WRITE(MDSCR_EL1, 0);
    end("r3_counters_and_debugging_stop_in_the_secure_world");
}

static void memory_is_not_executed(void)
{
    uint64_t esr = 0;
    begin();
    expect("status", ask(TEST_EXECUTE, (uint64_t)just_return, &esr), 0);
    expect("class of the exception", esr >> 26, 0x21);
    expect("permission fault", esr & 0x3c, 0x0c);
    end("r5_memory_of_the_normal_world_is_not_executed");
}

static void secure_memory(void)
{
    static const uint64_t places[] = {0, CW_TZ_DEVICE_AT, CW_TZ_MONITOR_AT, CW_TZ_BOOT_AT,
        CW_TZ_KERNEL_AT, CW_TZ_PEN_AT, TZ_SECURE_UART, TZ_SECURE_GPIO};
    begin();
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        expect("read", try_read(places[i]), 0x96000010u);
        expect("write", try_write(places[i]), 0x96000050u);
    }
    end("r28_secure_memory_and_devices_abort");
}

static void seeds(const uint8_t *bytes)
{
    struct cw_tree tree;
    uint64_t all = 0;
    begin();
    expect("tree", cw_tree_read(bytes, CW_TREE_MAX, &tree), CW_OK);
    for (size_t i = 0; i < tree.rng_seed.len; i++) {
        all |= bytes[tree.rng_seed.at + i];
    }
    for (size_t i = 0; i < tree.kaslr_seed.len; i++) {
        all |= bytes[tree.kaslr_seed.at + i];
    }
    expect("length of rng-seed", tree.rng_seed.len, 32);
    expect("length of kaslr-seed", tree.kaslr_seed.len, 8);
    expect("seeds", all, 0);
    end("r30_seeds_of_the_secure_world_are_erased");
}

void second_main(uint64_t x0)
{
    second_esr = try_read(CW_TZ_MONITOR_AT);
    second_arg = x0;
    for (;;) {
        uint64_t result = 0;
        if (second_asks) {
            second_refused += ask(TEST_INTERRUPTS, 0, &result) != 0;
            second_count = result;
        }
        if (second_job != 0) {
            second_begun++;
            cw_dsb();
            (void)ask(TEST_WAIT, second_job, &result);
            second_job = 0;
        }
    }
}

static void cpu_on(void)
{
    const uint64_t entry = (uint64_t)second;
    begin();
    expect("itself", call4(CPU_ON, 0, entry, 1), (uint64_t)-4);
    expect("CPU 8", call4(CPU_ON, 8, entry, 1), (uint64_t)-2);
    expect("CPU 0x100", call4(CPU_ON, 0x100, entry, 1), (uint64_t)-2);
    expect("CPU 2^32", call4(CPU_ON, 1ull << 32, entry, 1), (uint64_t)-2);
    expect("entry in the monitor", call4(CPU_ON, 1, CW_TZ_MONITOR_AT, 1), (uint64_t)-9);
    expect("entry in flash", call4(CPU_ON, 1, 0, 1), (uint64_t)-9);
    expect("entry behind RAM", call4(CPU_ON, 1, TZ_RAM + (256ull << 20), 1), (uint64_t)-9);
    expect("entry at the end", call4(CPU_ON, 1, ~3ull, 1), (uint64_t)-9);
    expect("odd entry", call4(CPU_ON, 1, entry + 2, 1), (uint64_t)-9);
    expect("CPU 1", call4(CPU_ON, 1, entry, 0xc0ffee), 0);
    while (second_arg == 0) {
    }
    expect("its x0", second_arg, 0xc0ffee);
    expect("secure memory from there", second_esr, 0x96000010u);
    expect("again", call4(CPU_ON, 1, entry, 1), (uint64_t)-4);
    end("r8_another_cpu_starts_in_the_normal_world_alone");
}

/* The other CPU makes a call that takes some time; comes back when it is about to. */
static void let_second_call(uint64_t ticks)
{
    const uint64_t before = second_begun;
    second_job = ticks;
    while (second_begun == before) {
    }
}

static void lock(void)
{
    uint64_t ignored = 0;
    const uint64_t ticks = CW_SYSREG_READ(CNTFRQ_EL0) / 10;
    uint64_t refused = 0;
    begin();
    /* The host may leave this CPU out for as long as the other one's call takes: more than once. */
    for (unsigned i = 0; i < 20 && refused == 0; i++) {
        let_second_call(ticks);
        while (second_job != 0) {
            refused += ask(TEST_ADD, 1, &ignored) == OPTEE_ETHREAD_LIMIT;
        }
    }
    expect("calls were refused", refused > 0, 1);
    expect("a call afterwards", ask(TEST_ADD, 1, &ignored), 0);
    let_second_call(ticks);
    expect("a fast call waits", call4(OPTEE_CALLS_UID, 0, 0, 0), 0x384fb3e0);
    while (second_job != 0) {
    }
    end("r6_a_call_beside_a_call_is_told_to_come_again");
}

/* The harness types on the secure console now; each byte is an interrupt of the secure world, which
 * the first CPU serves while the second one calls. */
static void interrupts(void)
{
    uint64_t ignored = 0;
    const uint64_t frequency = CW_SYSREG_READ(CNTFRQ_EL0);
    begin();
    say("type\n");
    (void)ask(TEST_SLOW, frequency / 200, &ignored);
    const uint64_t limit = CW_SYSREG_READ(CNTPCT_EL0) + 10 * frequency;
    second_asks = true;
    while (second_count < 20 && CW_SYSREG_READ(CNTPCT_EL0) < limit) {
    }
    second_asks = false;
    while (ask(TEST_SLOW, 0, &ignored) != 0) {
    }
    expect("20 interrupts came", second_count >= 20, 1);
    expect("refused calls", second_refused, 0);
    end("r6_a_call_beside_an_interrupt_waits");
}

/* Two CPUs call while interrupts come, for a while; that it ends is the test. */
static void both(void)
{
    uint64_t ignored = 0;
    uint64_t count = 0;
    begin();
    for (unsigned i = 0; i < 100; i++) {
        second_job = 1000;
        while (second_job != 0) {
            (void)ask(TEST_INTERRUPTS, 0, &count);
        }
    }
    expect("a call afterwards", ask(TEST_ADD, 1, &ignored), 0);
    end("r6_calls_and_interrupts_on_two_cpus_end");
}

static void interrupts_are_not_ours(bool is_v3)
{
    static const uint8_t owned[] = {TZ_SECURE_UART_INTERRUPT, TZ_SECURE_GPIO_INTERRUPT};
    begin();
    for (unsigned i = 0; i < sizeof owned; i++) {
        const unsigned id = owned[i];
        const uintptr_t word = TZ_GICD + 4u * (id / 32);
        const uint32_t bit = 1u << id % 32;
        cw_mmio_write(word + 0x180, bit); /* ICENABLER */
        cw_mmio_write(word + 0x80, ~0u);  /* IGROUPR */
        cw_mmio_write(TZ_GICD + 0x400 + (id & ~3u), 0xffffffffu);
        if (is_v3) {
            cw_mmio_write(TZ_GICD + 0x6000 + 8 * id, 1);
            expect("route", cw_mmio_read(TZ_GICD + 0x6000 + 8 * id), 0);
        } else {
            cw_mmio_write(TZ_GICD + 0x800 + (id & ~3u), 0);
        }
        expect("enabled", cw_mmio_read(word + 0x100) & bit, 0);
        expect("pending", cw_mmio_read(word + 0x200) & bit, 0);
        expect("priority", cw_mmio_read(TZ_GICD + 0x400 + (id & ~3u)) >> 8 * (id % 4) & 0xff, 0);
    }
    uint64_t before = 0;
    uint64_t count = 0;
    (void)ask(TEST_INTERRUPTS, 0, &before);
    say("type\n");
    const uint64_t limit = CW_SYSREG_READ(CNTPCT_EL0) + 5 * CW_SYSREG_READ(CNTFRQ_EL0);
    do {
        (void)ask(TEST_INTERRUPTS, 0, &count);
    } while (count < before + 5 && CW_SYSREG_READ(CNTPCT_EL0) < limit);
    expect("interrupts still come", count >= before + 5, 1);
    end("r27_owned_interrupts_cannot_be_changed");
}

void test(uint64_t tree_at)
{
    const bool is_v3 = (CW_SYSREG_READ(ID_AA64PFR0_EL1) >> 24 & 15) != 0;
    say("normal world\n");
    start_is_clean(tree_at);
    seeds((const uint8_t *)(uintptr_t)tree_at);
    unknown_calls();
    known_calls();
    registers_come_back();
    system_registers_come_back();
    memory_is_not_executed();
    secure_memory();
    cpu_on();
    lock();
    interrupts();
    both();
    interrupts_are_not_ours(is_v3);
    uint64_t ignored = 0;
    say("end\n");
    (void)ask(TEST_CALL, 0, &ignored);
    say("not reached\n");
    (void)call4(SYSTEM_OFF, 0, 0, 0);
}
