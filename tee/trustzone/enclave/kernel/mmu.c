/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/mmu.h"

#include "sdk/rt.h"
#include "silicon/trustzone/arch.h"
#include "tee/enclave.h"
#include "tee/trustzone/abi.h"
#include "tee/trustzone/enclave/kernel/pages.h"
#include "tee/trustzone/enclave/sysreg.h"
#include "tee/trustzone/enclave/worlds.h"

#define ENTRY_TABLE 0x3ul
#define ENTRY_BLOCK 0x1ul
#define ENTRY_PAGE 0x3ul
#define ENTRY_ADDRESS 0x0000fffffffff000ul
#define NORMAL (1ul << 2)       /* MAIR's second */
#define NON_SECURE (1ul << 5)
#define FOR_EL0 (1ul << 6)
#define READ_ONLY (1ul << 7)
#define SHARED (3ul << 8)
#define ACCESSED (1ul << 10)
#define NOT_GLOBAL (1ul << 11)
#define NOT_AT_EL1 (1ul << 53)
#define NOT_AT_EL0 (1ul << 54)
#define NEVER_EXECUTE (NOT_AT_EL1 | NOT_AT_EL0)

#define MEMORY (NORMAL | SHARED | ACCESSED)
#define KERNEL_TEXT (MEMORY | READ_ONLY | NOT_AT_EL0)
#define KERNEL_RODATA (MEMORY | READ_ONLY | NEVER_EXECUTE)
#define KERNEL_DATA (MEMORY | NEVER_EXECUTE)
#define NORMAL_WORLD (KERNEL_DATA | NON_SECURE)
_Static_assert((NORMAL_WORLD & NON_SECURE) != 0 && (NORMAL_WORLD & NOT_AT_EL1) != 0,
        "an address of the normal world names no secure memory, and nothing there is executed (R12)");
#define REGISTERS (ACCESSED | NEVER_EXECUTE)
#define MODULE (MEMORY | FOR_EL0 | NOT_GLOBAL | NOT_AT_EL1)

#define MAIR 0xff00ul           /* 0: device, in order, no early answer; 1: write-back */
#define SCTLR (0x30d00800ul | 1ul << 0 | 1ul << 2 | 1ul << 3 | 1ul << 4 | 1ul << 12 | 1ul << 19)

#define BLOCK_2M 0x200000ul

enum { LEVELS = 3, SHIFT = 9, ENTRIES = 512, LINE = 64 };

/* Tables for a range, taken in order from a place that has enough of them. */
struct tables {
    uint64_t *root;
    uint64_t *next;
    uint64_t *end;
};

/* The kernel's: the first GiB in 4 KiB pages where something is, and the normal world's last GiB. */
static _Alignas(CW_TZ_PAGE) uint64_t kernel[7][ENTRIES];

extern const uint8_t __cw_text_end[], __cw_rodata_end[], __cw_stack_bottom[], __cw_stack_top[];

static uint64_t size_of(unsigned level)
{
    return CW_TZ_PAGE << SHIFT * (LEVELS - 1 - level);
}

/* The entry of va in a table of this level. */
static uint64_t *entry_of(uint64_t *table, uint64_t va, unsigned level)
{
    return &table[va / size_of(level) % ENTRIES];
}

static uint64_t *descend(struct tables *t, uint64_t *entry)
{
    if (*entry == 0) {
        if (t->next == t->end) {
            cw_enclave_abort();
        }
        *entry = (uintptr_t)t->next | ENTRY_TABLE;
        t->next += ENTRIES;
    }
    return (uint64_t *)(uintptr_t)(*entry & ENTRY_ADDRESS);
}

/* One block or page, as large as va, pa and the rest allow; returns its bytes. */
static uint64_t map_one(struct tables *t, uint64_t va, uint64_t pa, uint64_t len, uint64_t rights)
{
    uint64_t *table = t->root;
    unsigned level = 0;
    while (level < LEVELS - 1 && (size_of(level) > len || ((va | pa) & (size_of(level) - 1)) != 0)) {
        table = descend(t, entry_of(table, va, level));
        level++;
    }
    *entry_of(table, va, level) = pa | rights | (level == LEVELS - 1 ? ENTRY_PAGE : ENTRY_BLOCK);
    return size_of(level);
}

static void map(struct tables *t, uint64_t va, uint64_t pa, uint64_t len, uint64_t rights)
{
    while (len > 0) {
        const uint64_t done = map_one(t, va, pa, len, rights);
        va += done;
        pa += done;
        len -= done;
    }
}

static void map_same(struct tables *t, uint64_t from, uint64_t to, uint64_t rights)
{
    map(t, from, from, to - from, rights);
}

static void map_kernel(struct tables *t)
{
    const uint64_t text_end = (uintptr_t)__cw_text_end;
    const uint64_t rodata_end = (uintptr_t)__cw_rodata_end;
    map_same(t, CW_TZ_JOURNAL_AT, CW_TZ_JOURNAL_AT + CW_TZ_JOURNAL_SECTORS * TZ_FLASH_SECTOR,
            REGISTERS);
    map_same(t, TZ_GICD, TZ_GICD + CW_TZ_PAGE, REGISTERS);
    map_same(t, TZ_GICC, TZ_GICC + CW_TZ_PAGE, REGISTERS);
    map_same(t, TZ_SECURE_UART, TZ_SECURE_UART + CW_TZ_PAGE, REGISTERS);
    map_same(t, TZ_SECURE_GPIO, TZ_SECURE_GPIO + CW_TZ_PAGE, REGISTERS);
    map_same(t, CW_TZ_BOOT_AT, CW_TZ_BOOT_AT + CW_TZ_BOOT_LEN, KERNEL_DATA);
    map_same(t, CW_TZ_KERNEL_AT, text_end, KERNEL_TEXT);
    map_same(t, text_end, rodata_end, KERNEL_RODATA);
    /* The page beneath the stack is not there. */
    map_same(t, rodata_end, (uintptr_t)__cw_stack_bottom - CW_TZ_PAGE, KERNEL_DATA);
    map_same(t, (uintptr_t)__cw_stack_bottom, (uintptr_t)__cw_stack_top, KERNEL_DATA);
    map_same(t, CW_TZ_PAGES_AT, CW_TZ_PAGES_END, KERNEL_DATA);
}

uint64_t cw_tz_mmu_open(uint64_t normal_at, uint64_t normal_len)
{
    struct tables t = {kernel[0], kernel[1], kernel[sizeof kernel / sizeof kernel[0]]};
    if (normal_at != TZ_RAM || normal_len > TZ_RAM_END - TZ_RAM) {
        cw_enclave_abort();
    }
    normal_len &= ~(BLOCK_2M - 1);
    map_kernel(&t);
    map(&t, CW_TZ_NORMAL_VA, normal_at, normal_len, NORMAL_WORLD);
    CW_SYSREG_WRITE(mair_el1, MAIR);
    CW_SYSREG_WRITE(tcr_el1, CW_TZ_TCR);
    CW_SYSREG_WRITE(ttbr0_el1, (uintptr_t)kernel[0]);
    __asm__ volatile("dsb sy; isb; tlbi vmalle1is; ic ialluis; dsb sy; isb" : : : "memory");
    CW_SYSREG_WRITE(sctlr_el1, SCTLR);
    cw_isb();
    return normal_len;
}

void cw_tz_mmu_forget_boot(void)
{
    struct tables t = {kernel[0], NULL, NULL};
    for (uint64_t va = CW_TZ_BOOT_AT; va < CW_TZ_BOOT_AT + CW_TZ_BOOT_LEN; va += CW_TZ_PAGE) {
        uint64_t *const low = descend(&t, entry_of(kernel[0], va, 0));
        *entry_of(descend(&t, entry_of(low, va, 1)), va, 2) = 0;
    }
    __asm__ volatile("dsb ishst; tlbi vmalle1is; dsb ish; isb" : : : "memory");
}

static void map_region(struct tables *t, const struct cw_tz_region *region)
{
    static const uint64_t rights[] = {
            [CW_TZ_RIGHTS_READ] = MODULE | READ_ONLY | NOT_AT_EL0,
            [CW_TZ_RIGHTS_EXECUTE] = MODULE | READ_ONLY,
            [CW_TZ_RIGHTS_WRITE] = MODULE | NOT_AT_EL0,
    };
    map(t, region->va, (uintptr_t)region->at, region->len, rights[region->rights]);
    if (region->rights == CW_TZ_RIGHTS_EXECUTE) {
        for (size_t i = 0; i < region->len; i += LINE) {
            __asm__ volatile("dc cvau, %0" : : "r"(region->at + i) : "memory");
        }
    }
}

void cw_tz_mmu_make(const struct cw_tz_space *space, uint8_t *tables)
{
    uint64_t *const root = (uint64_t *)(uintptr_t)tables;
    struct tables t = {root, root + ENTRIES, root + CW_TZ_TABLES * ENTRIES};
    memcpy(root, kernel[0], sizeof kernel[0]);
    for (size_t i = 0; i < CW_TZ_REGIONS; i++) {
        map_region(&t, &space->regions[i]);
    }
    __asm__ volatile("dsb ish; ic ialluis; dsb ish; isb" : : : "memory");
}

static void set_ttbr0(const void *tables)
{
    CW_SYSREG_WRITE(ttbr0_el1, (uintptr_t)tables);
    cw_isb();
}

void cw_tz_mmu_use(const void *tables)
{
    if ((uintptr_t)tables != CW_SYSREG_READ(ttbr0_el1)) {
        cw_tz_mmu_drop();
        set_ttbr0(tables);
    }
}

void cw_tz_mmu_drop(void)
{
    set_ttbr0(kernel[0]);
    __asm__ volatile("dsb ish; tlbi vmalle1is; dsb ish; isb" : : : "memory");
}
