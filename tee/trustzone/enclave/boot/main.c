/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "core/crypto/kdf.h"
#include "sdk/rt.h"
#include "silicon/trustzone/arch.h"
#include "tee/enclave.h"
#include "tee/trustzone/enclave/boot/boot.h"
#include "tee/trustzone/enclave/boot/tree.h"
#include "tee/trustzone/enclave/console.h"
#include "tee/trustzone/enclave/sysreg.h"

#include <stdbool.h>

/* Of the firmware; it goes up when an older one must not be taken for this one. */
#define SECURITY_VERSION 1u

extern const uint8_t cw_boot_monitor[], cw_boot_monitor_end[];
extern const uint8_t cw_boot_kernel[], cw_boot_kernel_end[];
extern const char cw_boot_monitor_len[], cw_boot_kernel_len[]; /* their addresses are the lengths */

__attribute__((section(".firmware"), used))
static const struct cw_tz_firmware firmware = {
    CW_TZ_FIRMWARE_MAGIC,
    SECURITY_VERSION,
    {(uint64_t)cw_boot_monitor, CW_TZ_MONITOR_AT, (uint64_t)cw_boot_monitor_len},
    {(uint64_t)cw_boot_kernel, CW_TZ_KERNEL_AT, (uint64_t)cw_boot_kernel_len},
};

void cw_boot_stop(const char *reason)
{
    cw_console_say("causeway: boot: ");
    cw_console_say(reason);
    cw_console_say("\r\n");
    cw_board_line(TZ_LINE_POWER_OFF);
}

void cw_boot_fault(uint64_t esr, uint64_t elr, uint64_t far)
{
    cw_console_say("causeway: boot: exception ");
    cw_console_hex(esr);
    cw_console_say(" at ");
    cw_console_hex(elr);
    cw_console_say(", address ");
    cw_console_hex(far);
    cw_console_say("\r\n");
    cw_board_line(TZ_LINE_POWER_OFF);
}

void cw_enclave_abort(void)
{
    cw_boot_stop("a buffer would overflow");
}

/* Copy one part to its memory, zeros behind it to the end, and measure what was copied. */
static void place(const struct cw_tz_part *part, uint64_t at, uint64_t cap,
        uint8_t ret_hash[static CW_SHA256_LEN])
{
    if (part->to != at || part->len == 0 || part->len > cap || part->from >= CW_TZ_FIRMWARE_MAX
            || part->len > CW_TZ_FIRMWARE_MAX - part->from) {
        cw_boot_stop("the firmware's table of parts is damaged");
    }
    uint8_t *to = (uint8_t *)(uintptr_t)at;
    memcpy(to, (const void *)(uintptr_t)part->from, part->len);
    memset(to + part->len, 0, cap - part->len);
    cw_sha256(to, part->len, ret_hash);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

/* RNDR: eight bytes of the CPU's own generator, where it has one and that is ready. */
static bool cpu_random(uint64_t *ret_word)
{
    if ((CW_SYSREG_READ(ID_AA64ISAR0_EL1) >> 60) == 0) {
        return false;
    }
    uint64_t word = 0;
    uint32_t has_failed = 1;
    __asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %w1, eq" : "=r"(word), "=r"(has_failed) : : "cc");
    *ret_word = word;
    return has_failed == 0;
}

/* Zeros, also for who looks at memory without caches. */
static void erase(uint8_t *bytes, size_t len)
{
    cw_bytes_wipe(bytes, len);
    for (uintptr_t at = (uintptr_t)bytes & ~(uintptr_t)63; at < (uintptr_t)bytes + len; at += 64) {
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    }
}

/*
 * The seed of this start: what the board gave, what the CPU has, a secret of this device; then what
 * the board gave is erased, for the normal world is next to read there.
 */
static void seed(uint8_t *tree_bytes, const struct cw_tree *tree, const uint8_t mix[static 32],
        uint8_t ret_seed[static 32])
{
    struct cw_sha256 h;
    uint8_t gathered[CW_SHA256_LEN];
    uint64_t words[8] = {0};
    bool has_random = true;
    for (unsigned i = 0; i < 4; i++) {
        has_random = cpu_random(&words[i]) && has_random;
    }
    words[4] = CW_SYSREG_READ(CNTPCT_EL0);
    uint8_t *rng_seed = tree_bytes + tree->rng_seed.at;
    has_random = has_random
            || (tree->rng_seed.len >= 32 && !is_zero(rng_seed, tree->rng_seed.len));
    if (!has_random) {
        cw_boot_stop("no random numbers: no rng-seed in /secure-chosen, and the CPU has none");
    }
    cw_sha256_init(&h);
    cw_sha256_update(&h, rng_seed, tree->rng_seed.len);
    cw_sha256_update(&h, tree_bytes + tree->kaslr_seed.at, tree->kaslr_seed.len);
    cw_sha256_update(&h, words, sizeof words);
    cw_sha256_out(&h, gathered);
    cw_hmac_sha256(mix, 32, gathered, sizeof gathered, ret_seed);
    erase(rng_seed, tree->rng_seed.len);
    erase(tree_bytes + tree->kaslr_seed.at, tree->kaslr_seed.len);
    cw_bytes_wipe(&h, sizeof h);
    cw_bytes_wipe(gathered, sizeof gathered);
    cw_bytes_wipe(words, sizeof words);
}

void cw_boot_main(struct cw_boot_end *ret_end)
{
    struct cw_tz_boot *boot = (struct cw_tz_boot *)(uintptr_t)CW_TZ_BOOT_AT;
    uint8_t *tree_bytes = (uint8_t *)TZ_RAM;
    struct cw_tree tree;
    uint8_t mix[32];

    cw_console_open();
    cw_console_say("causeway: secure world\r\n");
    if (cw_tree_read(tree_bytes, CW_TREE_MAX, &tree) != CW_OK || tree.ram_at != TZ_RAM
            || tree.ram_len > TZ_RAM_END - TZ_RAM) {
        cw_boot_stop("no device tree that names RAM at 0x40000000");
    }
    memset(boot, 0, sizeof *boot);
    place(&firmware.monitor, CW_TZ_MONITOR_AT, CW_TZ_PEN_AT - CW_TZ_MONITOR_AT, boot->monitor);
    place(&firmware.kernel, CW_TZ_KERNEL_AT, CW_TZ_KERNEL_END - CW_TZ_KERNEL_AT, boot->kernel);
    boot->security_version = firmware.security_version;
    boot->normal_at = tree.ram_at;
    boot->normal_len = tree.ram_len;
    boot->gic = (CW_SYSREG_READ(ID_AA64PFR0_EL1) >> 24 & 15) != 0 ? 3 : 2;
    cw_boot_identity(boot, mix);
    seed(tree_bytes, &tree, mix, boot->seed);
    cw_bytes_wipe(mix, sizeof mix);
    *ret_end = (struct cw_boot_end){tree.ram_at, tree.ram_len, TZ_RAM, boot->gic};
}
