/* SPDX-License-Identifier: MIT */
/*
 * journal.h - what a device remembers over restarts: counters, in two sectors of its secure flash.
 *
 * What     A sector is a row of records of 16 words, each programmed once and in order:
 *
 *              0  kind      1  CW_TZ_RECORD_HEAD, _COUNTS
 *              1  version   1  security version, of COUNTS
 *              2  number    2  COUNTS: the counter; HEAD: the generation of the sector
 *              4  subject   8  COUNTS: SHA-256 of signer, name, debug; zeros: the device, whose
 *                              counter is how often it started
 *             12  zero      2
 *             14  check     2  the first bytes of SHA-256 over words 0..11
 *
 *          The sector with the highest generation holds; of a subject, its last whole record.  A
 *          record with a wrong check is one that lost its power, and is passed over.  The first
 *          record that is erased is where the next one goes.  A sector without room is copied, one
 *          record a subject, to the other one, which is erased before and gets its HEAD, in front
 *          of all, when everything else is there.  So at any moment one sector is whole, and what
 *          was answered is in it.
 *
 *          A journal without any whole record is new.  One with records and no HEAD is broken: the
 *          device does not start.
 * Trust    TRUSTED.  The contents: whoever holds the chip (or its file) can bring back an older
 *          one, and the owner, who saw a higher number of starts, tells.
 * Memory   CW_TZ_SUBJECTS counters in RAM, and the journal's position.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_JOURNAL_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_JOURNAL_H

#include <stdint.h>

#include "core/base/status.h"
#include "tee/trustzone/enclave/kernel/flash.h"

#define CW_TZ_RECORD_WORDS 16u
#define CW_TZ_RECORD_HEAD 0x48573101u
#define CW_TZ_RECORD_COUNTS 0x43573102u
#define CW_TZ_SECTOR_RECORDS (TZ_FLASH_SECTOR / 4 / CW_TZ_RECORD_WORDS)

#define CW_TZ_SUBJECTS 1024u /* a quarter of a sector */
_Static_assert(CW_TZ_SUBJECTS <= CW_TZ_SECTOR_RECORDS / 2, "a copy leaves room");

struct cw_tz_record {
    uint32_t kind;
    uint32_t version;
    uint64_t number;
    uint8_t subject[32];
    uint64_t zero;
    uint8_t check[8];
};
_Static_assert(sizeof(struct cw_tz_record) == 4 * CW_TZ_RECORD_WORDS, "as in flash");

/*
 * cw_tz_journal_open - read it, count one start more; before all functions of service.h.
 *
 * CW_E_FORM   broken
 * CW_E_SPACE  it has more subjects than there can be
 * CW_E_STATE  the chip failed
 */
CW_MUST_CHECK cw_status cw_tz_journal_open(void);

#endif
