/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  Two chips of 16 bits stand side by side: a word goes to both, and so does
 * every command.  The chips answer reads with their status until they are told to show the array
 * again, so that each function leaves them as it found them: once for all words, for turning takes the
 * emulated chip longer than programming.
 */
#include "tee/trustzone/enclave/kernel/flash.h"

#define BOTH(half) ((uint32_t)(half) << 16 | (uint32_t)(half))

#define ERASE BOTH(0x20)
#define CONFIRM BOTH(0xd0)
#define PROGRAM BOTH(0x40)
#define CLEAR_STATUS BOTH(0x50)
#define SHOW_ARRAY BOTH(0xff)

#define STATUS_READY BOTH(0x80)
#define STATUS_FAILED BOTH(0x3a) /* erase, program, voltage, lock */

#define PATIENCE 100000000u /* reads; far more than an erasure takes */

static volatile uint32_t *word_at(uint32_t index)
{
    return (volatile uint32_t *)(TZ_FLASH + CW_TZ_JOURNAL_AT) + index;
}

static cw_status wait(const volatile uint32_t *word)
{
    uint32_t status = 0;
    for (uint32_t i = 0; i < PATIENCE && (status & STATUS_READY) != STATUS_READY; i++) {
        status = *word;
    }
    return (status & (STATUS_READY | STATUS_FAILED)) == STATUS_READY ? CW_OK : CW_E_STATE;
}

static void show_array(volatile uint32_t *word)
{
    *word = CLEAR_STATUS;
    *word = SHOW_ARRAY;
}

uint32_t cw_tz_flash_read(uint32_t index)
{
    return *word_at(index);
}

cw_status cw_tz_flash_program(uint32_t index, const uint32_t *words, uint32_t count)
{
    volatile uint32_t *at = word_at(index);
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < count && status == CW_OK; i++) {
        at[i] = PROGRAM;
        at[i] = words[i];
        status = wait(&at[i]);
    }
    show_array(at);
    return status;
}

cw_status cw_tz_flash_erase(uint32_t sector)
{
    volatile uint32_t *at = word_at(sector * (uint32_t)(TZ_FLASH_SECTOR / 4));
    *at = ERASE;
    *at = CONFIRM;
    const cw_status status = wait(at);
    show_array(at);
    return status;
}
