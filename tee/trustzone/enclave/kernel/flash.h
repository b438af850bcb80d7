/* SPDX-License-Identifier: MIT */
/*
 * flash.h - the journal's sectors of the secure flash, by words.
 *
 * What     Erasing makes every bit of a sector 1, programming makes bits of a word 0.  Both are done
 *          when they return.
 * Trust    TRUSTED.  No software but this kernel reaches the chip; power may end at any moment.
 * Source   silicon/trustzone/arch.h; Intel's command set (CFI 0001)
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_FLASH_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_FLASH_H

#include <stdint.h>

#include "core/base/status.h"
#include "silicon/trustzone/arch.h"
#include "tee/trustzone/abi.h"

#define CW_TZ_FLASH_WORDS (CW_TZ_JOURNAL_SECTORS * TZ_FLASH_SECTOR / 4) /* those that may be named */

/* index: of the word, from the start of the journal. */
uint32_t cw_tz_flash_read(uint32_t index);

/* In order, one word after the other.  CW_E_STATE: the chip says that it failed. */
CW_MUST_CHECK cw_status cw_tz_flash_program(uint32_t index, const uint32_t *words, uint32_t count);
CW_MUST_CHECK cw_status cw_tz_flash_erase(uint32_t sector);

#endif
