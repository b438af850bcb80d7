/* SPDX-License-Identifier: MIT */
/*
 * The attacks of the TrustZone board's own normal world, and of whoever has its flash.  What the
 * normal world does it does itself, told by causeway-adversary; the application works meanwhile.
 */
#include "deploy/demo.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/frame.h"
#include "deploy/memory.h"
#include "posix/file.h"

#define RECOVERY_MS 6000u
#define FLASH_MAX (65u << 20)

/* What the CPU says of an access that nothing answers (ESR_EL1): a data abort, external. */
#define ABORT_READ 0x96000010u
#define ABORT_WRITE 0x96000050u

/* The machine (QEMU's virt), where the attacker looks. */
#define MONITOR 0x0e000000u
#define KERNEL 0x0e020000u
#define MODULES 0x0e100000u
#define FLASH 0x00000000u
#define SECURE_UART 0x09040000u
#define SECURE_GPIO 0x090b0000u
#define GPIO_INTERRUPT_ENABLED 0x08000104u  /* GICD_ISENABLER1, bit 0 */
#define GPIO_INTERRUPT_DISABLE 0x08000184u  /* GICD_ICENABLER1 */
#define NORMAL 0x40200000u

static uint64_t word(const json_t *answer, size_t i)
{
    const char *text = json_string_value(json_array_get(json_object_get(answer, "words"), i));
    return text == NULL ? 0 : strtoull(text, NULL, 0);
}

/* The normal world does it, and its CPU aborts with this syndrome, at this address. */
static bool aborts(struct cw_demo *d, const char *command, uint64_t address, uint32_t syndrome)
{
    json_t *answer = cw_demo_network(d, "%s", command);
    const bool is_aborted = json_is_true(json_object_get(answer, "aborted"))
            && word(answer, 0) == syndrome && word(answer, 1) == address;
    if (answer != NULL && !is_aborted) {
        (void)cw_demo_fail(d, "\"%s\" in the normal world: %s, words 0x%" PRIx64 " 0x%" PRIx64,
                command, json_is_true(json_object_get(answer, "aborted")) ? "aborted" : "done",
                word(answer, 0), word(answer, 1));
    }
    json_decref(answer);
    return is_aborted;
}

static bool cannot_read(struct cw_demo *d, uint64_t address)
{
    char command[64];
    snprintf(command, sizeof command, "peek 0x%" PRIx64 " 4", address);
    return aborts(d, command, address, ABORT_READ);
}

static bool cannot_write(struct cw_demo *d, uint64_t address)
{
    char command[64];
    snprintf(command, sizeof command, "poke 0x%" PRIx64 " 4 0xffffffff", address);
    return aborts(d, command, address, ABORT_WRITE);
}

static bool reads(struct cw_demo *d, uint64_t address, uint64_t *ret_value)
{
    json_t *answer = cw_demo_network(d, "peek 0x%" PRIx64 " 4", address);
    const bool is_read = json_is_false(json_object_get(answer, "aborted"));
    *ret_value = word(answer, 0);
    if (answer != NULL && !is_read) {
        (void)cw_demo_fail(d, "the normal world cannot read 0x%" PRIx64 " either", address);
    }
    json_decref(answer);
    return is_read;
}

static bool memory(struct cw_demo *d)
{
    static const uint64_t secrets[] = {MONITOR, KERNEL, MODULES, FLASH};
    uint64_t own;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (!cannot_read(d, secrets[i]) || !cannot_write(d, secrets[i])) {
            return false;
        }
    }
    return reads(d, NORMAL, &own) && cw_demo_press_works(d)
            && cw_demo_done(d, "monitor, kernel, modules, flash: each read and each write aborts "
                               "(ESR_EL1 0x%x, 0x%x), its own memory it reads; a press works",
                    ABORT_READ, ABORT_WRITE);
}

/* It reads that nothing of the button is enabled, and disables it: the button works on. */
static bool devices(struct cw_demo *d)
{
    uint64_t enabled = 1;
    if (!cannot_read(d, SECURE_GPIO) || !cannot_write(d, SECURE_GPIO + 0x200)
            || !cannot_read(d, SECURE_UART) || !reads(d, GPIO_INTERRUPT_ENABLED, &enabled)) {
        return false;
    }
    if ((enabled & 1) != 0) {
        return cw_demo_fail(d, "the normal world sees the button's interrupt");
    }
    json_t *answer = cw_demo_network(d, "poke 0x%x 4 0x101", GPIO_INTERRUPT_DISABLE);
    json_decref(answer);
    cw_demo_toggle(d);
    return answer != NULL && cw_demo_press(d, CW_DEMO_TRUSTZONE) && cw_demo_settle(d, RECOVERY_MS)
            && cw_demo_done(d, "GPIO and UART of the drivers: read and write abort; their "
                               "interrupts read as none, and disabled they still come: the board's own button "
                               "works");
}

/* A device of the normal world reads for it. */
static bool device_reads(struct cw_demo *d, uint64_t address, bool *ret_is_zero)
{
    json_t *answer = cw_demo_network(d, "dma 0x%" PRIx64 " 64", address);
    const char *bytes = json_string_value(json_object_get(answer, "bytes"));
    const bool is_read = bytes != NULL && strlen(bytes) == 128;
    *ret_is_zero = is_read && strspn(bytes, "0") == 128;
    if (answer != NULL && !is_read) {
        (void)cw_demo_fail(d, "the device did not answer");
    }
    json_decref(answer);
    return is_read;
}

static bool dma(struct cw_demo *d)
{
    bool is_secret = true;
    bool is_own_zero = true;
    for (size_t i = 0; i < 3; i++) {
        static const uint64_t places[] = {MONITOR, KERNEL, FLASH};
        bool is_zero;
        if (!device_reads(d, places[i], &is_zero)) {
            return false;
        }
        is_secret = is_secret && is_zero;
    }
    if (!device_reads(d, NORMAL, &is_own_zero)) {
        return false;
    }
    if (!is_secret || is_own_zero) {
        return cw_demo_fail(d, is_secret ? "the device reads nothing at all"
                                         : "a device of the normal world read secure memory");
    }
    return cw_demo_press_works(d)
            && cw_demo_done(d, "its virtio device, told to read monitor, kernel and flash, gets "
                               "zeros, and from its own memory what is there; a press works");
}

static bool again(struct cw_demo *d)
{
    if (!cw_demo_press_works(d) || !cw_demo_look(d)) {
        return false;
    }
    json_t *answer = cw_demo_network(d, "again");
    const uint64_t called = word(answer, 0) | word(answer, 1);
    const uint64_t result = word(answer, 2) >> 24;
    const bool is_answered = answer != NULL;
    json_decref(answer);
    if (!is_answered) {
        return false;
    }
    if (called != 0 || result == CW_RESULT_DONE) {
        return cw_demo_fail(d, "the call made again: result %" PRIu64, result);
    }
    return cw_demo_settle(d, RECOVERY_MS) && cw_demo_press_works(d)
            && cw_demo_done(d, "the last call of a module, made once more with the same bytes: the "
                               "module refuses it; LEDs and page unchanged; a press works");
}

/* --- power, and the flash ----------------------------------------------------------------------- */

/* Off and on.  Meanwhile the flash is copied to keep, and becomes what put holds; NULL: it is not. */
static bool restart(struct cw_demo *d, const char *put, const char *keep)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    bool is_done = cw_demo_tell(d, CW_DEMO_TRUSTZONE, "power off");
    if (is_done && keep != NULL) {
        is_done = cw_file_read(d->flash, FLASH_MAX, &bytes, &len) == CW_OK
                && cw_file_write(keep, bytes, len, 0600) == CW_OK;
        free(bytes);
    }
    if (is_done && put != NULL) {
        bytes = NULL;
        is_done = cw_file_read(put, FLASH_MAX, &bytes, &len) == CW_OK
                && cw_file_write(d->flash, bytes, len, 0600) == CW_OK;
        free(bytes);
    }
    d->led[1] = false;
    return is_done ? cw_demo_tell(d, CW_DEMO_TRUSTZONE, "power on")
                   : cw_demo_fail(d, "the board's flash %s cannot be copied", d->flash);
}

static bool apply(struct cw_demo *d)
{
    json_t *answer = cw_demo_verb(d, "apply", (const char *const[]){NULL});
    json_decref(answer);
    return answer != NULL;
}

static bool world(struct cw_demo *d)
{
    char *old = cw_memory_format("%s/flash.old", d->folder);
    const uint64_t old_channel = d->now[CW_DEMO_LED].channel;
    const bool is_restarted = restart(d, NULL, old);
    free(old);
    return is_restarted && apply(d) && cw_demo_look(d) && cw_demo_press_works(d)
            && cw_demo_done(d, "off and on: its modules are gone with all keys; `apply` attested new "
                               "ones and connected them anew (channel %" PRIu64 " -> %" PRIu64
                               "); a press works",
                    old_channel, d->now[CW_DEMO_LED].channel);
}

static bool flash(struct cw_demo *d)
{
    char *old = cw_memory_format("%s/flash.old", d->folder);
    char *kept = cw_memory_format("%s/flash.kept", d->folder);
    char *why = NULL;
    bool is_refused = restart(d, old, kept) && (why = cw_demo_refused(d, "apply")) != NULL;
    if (is_refused && strstr(why, "flash") == NULL) {
        is_refused = cw_demo_fail(d, "apply refuses, but not for the flash: %s", why);
    }
    const bool is_well = is_refused && restart(d, kept, NULL) && apply(d) && cw_demo_look(d)
            && cw_demo_press_works(d)
            && cw_demo_done(d, "an older copy of its flash put back: %s; with the right one, a press "
                               "works",
                    why);
    free(why);
    free(old);
    free(kept);
    return is_well;
}

const struct cw_demo_attack cw_demo_world_attacks[] = {
        {"attack: the normal world reads and writes secure memory", memory},
        {"attack: the normal world takes the drivers' devices", devices},
        {"attack: the normal world sends a device (DMA)", dma},
        {"attack: the normal world replays a call", again},
        {"attack: the TrustZone board is restarted", world},
        {"attack: its flash is put back to what it was", flash},
        {NULL, NULL},
};
