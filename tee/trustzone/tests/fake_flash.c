/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/tests/fake_flash.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR_WORDS (CW_TZ_FLASH_WORDS / CW_TZ_JOURNAL_SECTORS)

uint32_t fake_flash_words[CW_TZ_FLASH_WORDS];
unsigned long fake_flash_writes;
bool fake_flash_fails;
jmp_buf fake_flash_power;

static unsigned long cut_at = ULONG_MAX;
static torn cut_how;

void fake_flash_new(void)
{
    memset(fake_flash_words, 0xff, sizeof fake_flash_words);
    fake_flash_writes = 0;
    fake_flash_fails = false;
    fake_flash_never_cut();
}

void fake_flash_cut(unsigned long n, torn how)
{
    cut_at = fake_flash_writes + n;
    cut_how = how;
}

void fake_flash_never_cut(void)
{
    cut_at = ULONG_MAX;
}

static bool is_cut(void)
{
    return fake_flash_writes++ == cut_at;
}

static _Noreturn void go_dark(void)
{
    fake_flash_never_cut();
    longjmp(fake_flash_power, 1);
}

uint32_t cw_tz_flash_read(uint32_t index)
{
    if (index >= CW_TZ_FLASH_WORDS) {
        abort();
    }
    return fake_flash_words[index];
}

static cw_status program(uint32_t index, uint32_t word)
{
    static const uint32_t left_ones[TORN_KINDS] = {UINT32_MAX, 0xffff, 0x5a5a5a5a, 0};
    if (index >= CW_TZ_FLASH_WORDS || fake_flash_words[index] != UINT32_MAX) {
        abort();
    }
    if (is_cut()) {
        fake_flash_words[index] &= word | left_ones[cut_how];
        go_dark();
    }
    if (fake_flash_fails) {
        return CW_E_STATE;
    }
    fake_flash_words[index] &= word;
    return CW_OK;
}

cw_status cw_tz_flash_program(uint32_t index, const uint32_t *words, uint32_t count)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < count && status == CW_OK; i++) {
        status = program(index + i, words[i]);
    }
    return status;
}

cw_status cw_tz_flash_erase(uint32_t sector)
{
    uint32_t *words = fake_flash_words + sector * SECTOR_WORDS;
    if (sector >= CW_TZ_JOURNAL_SECTORS) {
        abort();
    }
    if (is_cut()) {
        if (cut_how == TORN_HALF) {
            memset(words, 0xff, SECTOR_WORDS * 2);
        } else if (cut_how == TORN_SOME) {
            for (uint32_t i = 0; i < SECTOR_WORDS; i++) {
                words[i] = i * 2654435761u;
            }
        } else if (cut_how == TORN_AFTER) {
            memset(words, 0xff, SECTOR_WORDS * 4);
        }
        go_dark();
    }
    if (fake_flash_fails) {
        return CW_E_STATE;
    }
    memset(words, 0xff, SECTOR_WORDS * 4);
    return CW_OK;
}
