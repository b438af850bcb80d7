/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/journal.h"

#include <stdbool.h>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "tee/trustzone/enclave/kernel/service.h"

#define ERASED UINT32_MAX
#define DEVICE 0 /* the subject that is the device: the first in the table */

struct subject {
    uint8_t name[32]; /* as in a record */
    uint64_t counter;
    uint32_t version;
};

static struct {
    struct subject subjects[CW_TZ_SUBJECTS];
    uint32_t count;      /* of subjects */
    uint32_t sector;     /* the one that holds */
    uint32_t next;       /* its first erased record */
    uint64_t generation;
    bool is_broken;      /* the chip failed: nothing more is promised */
} journal;

static void make_check(const struct cw_tz_record *record, uint8_t ret_check[static 8])
{
    uint8_t hash[CW_SHA256_LEN];
    cw_sha256(record, offsetof(struct cw_tz_record, zero), hash); /* one block of the hash */
    cw_bytes_copy(ret_check, hash, sizeof record->check);
}

static uint32_t index_of(uint32_t sector, uint32_t slot)
{
    return (sector * (uint32_t)CW_TZ_SECTOR_RECORDS + slot) * CW_TZ_RECORD_WORDS;
}

typedef enum found {
    FOUND_ERASED,
    FOUND_TORN,
    FOUND_RECORD,
} found;

static found read_record(uint32_t sector, uint32_t slot, struct cw_tz_record *ret_record)
{
    uint32_t words[CW_TZ_RECORD_WORDS];
    uint8_t check[8];
    uint32_t all = ERASED;
    for (uint32_t i = 0; i < CW_TZ_RECORD_WORDS; i++) {
        words[i] = cw_tz_flash_read(index_of(sector, slot) + i);
        all &= words[i];
    }
    cw_bytes_copy(ret_record, words, sizeof words);
    if (all == ERASED) {
        return FOUND_ERASED;
    }
    make_check(ret_record, check);
    return ret_record->zero == 0 && cw_bytes_equal(check, ret_record->check, sizeof check)
            ? FOUND_RECORD : FOUND_TORN;
}

/* Word by word, the check last; then look whether it is there. */
static cw_status write_record(uint32_t sector, uint32_t slot, struct cw_tz_record *record)
{
    uint32_t words[CW_TZ_RECORD_WORDS];
    struct cw_tz_record seen;
    make_check(record, record->check);
    cw_bytes_copy(words, record, sizeof words);
    cw_status status = cw_tz_flash_program(index_of(sector, slot), words, CW_TZ_RECORD_WORDS);
    if (status == CW_OK && (read_record(sector, slot, &seen) != FOUND_RECORD ||
            !cw_bytes_equal(&seen, record, sizeof seen))) {
        status = CW_E_STATE;
    }
    return status;
}

static cw_status write_head(uint32_t sector, uint64_t generation)
{
    struct cw_tz_record head = {.kind = CW_TZ_RECORD_HEAD, .number = generation};
    return write_record(sector, 0, &head);
}

static cw_status write_counts(uint32_t sector, uint32_t slot, const struct subject *subject)
{
    struct cw_tz_record record = {.kind = CW_TZ_RECORD_COUNTS, .version = subject->version,
            .number = subject->counter};
    cw_bytes_copy(record.subject, subject->name, sizeof record.subject);
    return write_record(sector, slot, &record);
}

/* All that is known goes to the other sector, which then holds. */
static cw_status move(void)
{
    const uint32_t to = 1 - journal.sector;
    cw_status status = cw_tz_flash_erase(to);
    for (uint32_t i = 0; i < journal.count && status == CW_OK; i++) {
        status = write_counts(to, 1 + i, &journal.subjects[i]);
    }
    if (status == CW_OK) {
        status = write_head(to, journal.generation + 1);
    }
    if (status == CW_OK) {
        journal.sector = to;
        journal.next = 1 + journal.count;
        journal.generation++;
    }
    return status;
}

/* Makes it last, and only then known. */
static cw_status keep(struct subject *subject, const struct subject *changed)
{
    cw_status status = journal.is_broken ? CW_E_STATE : CW_OK;
    if (status == CW_OK && journal.next == CW_TZ_SECTOR_RECORDS) {
        status = move();
    }
    if (status == CW_OK) {
        status = write_counts(journal.sector, journal.next++, changed);
    }
    journal.is_broken = status != CW_OK;
    if (status == CW_OK) {
        *subject = *changed;
    }
    return status;
}

/* Where a subject stands, or the first free place, which may be behind the table. */
static uint32_t find(const uint8_t name[static 32])
{
    uint32_t i = 0;
    while (i < journal.count && !cw_bytes_equal(journal.subjects[i].name, name, 32)) {
        i++;
    }
    return i;
}

static cw_status note(const struct cw_tz_record *record)
{
    const uint32_t at = find(record->subject);
    if (record->kind != CW_TZ_RECORD_COUNTS) {
        return CW_E_FORM;
    }
    if (at == CW_TZ_SUBJECTS) {
        return CW_E_SPACE;
    }
    journal.count += at == journal.count;
    journal.subjects[at] = (struct subject){.counter = record->number, .version = record->version};
    cw_bytes_copy(journal.subjects[at].name, record->subject, sizeof record->subject);
    return CW_OK;
}

static cw_status read_sector(void)
{
    struct cw_tz_record record;
    cw_status status = CW_OK;
    for (journal.next = 1; journal.next < CW_TZ_SECTOR_RECORDS && status == CW_OK; journal.next++) {
        const found what = read_record(journal.sector, journal.next, &record);
        if (what == FOUND_ERASED) {
            break;
        }
        status = what == FOUND_RECORD ? note(&record) : CW_OK;
    }
    return status;
}

/* Has either sector any whole record? */
static bool is_new(void)
{
    struct cw_tz_record record;
    bool is_any = false;
    for (uint32_t i = 0; i < CW_TZ_JOURNAL_SECTORS * CW_TZ_SECTOR_RECORDS && !is_any; i++) {
        is_any = read_record(0, i, &record) == FOUND_RECORD;
    }
    return !is_any;
}

/* The sector that holds; its generation stays 0 if none does. */
static void choose_sector(void)
{
    struct cw_tz_record head;
    for (uint32_t i = 0; i < CW_TZ_JOURNAL_SECTORS; i++) {
        if (read_record(i, 0, &head) == FOUND_RECORD && head.kind == CW_TZ_RECORD_HEAD &&
                head.number > journal.generation) {
            journal.sector = i;
            journal.generation = head.number;
        }
    }
}

cw_status cw_tz_journal_open(void)
{
    cw_status status = CW_OK;
    cw_bytes_wipe(&journal.subjects[DEVICE], sizeof journal.subjects[DEVICE]);
    journal.count = DEVICE + 1;
    journal.generation = 0;
    journal.sector = 0;
    journal.is_broken = false;
    choose_sector();
    if (journal.generation == 0) {
        status = is_new() ? cw_tz_flash_erase(0) : CW_E_FORM;
        if (status == CW_OK) {
            status = write_head(0, 1);
        }
        journal.generation = 1;
    }
    if (status == CW_OK) {
        status = read_sector();
    }
    if (status == CW_OK) {
        struct subject device = journal.subjects[DEVICE];
        device.counter++;
        status = keep(&journal.subjects[DEVICE], &device);
    }
    journal.is_broken = status != CW_OK;
    return status;
}

uint64_t cw_tz_journal_boot(void)
{
    return journal.subjects[DEVICE].counter;
}

/* Its place, and what is known of it: zeros if nothing is. */
static uint32_t find_module(const struct cw_tz_identity *module, struct subject *ret_subject)
{
    const uint8_t is_debug = module->is_debug;
    struct cw_sha256 h;
    uint8_t name[CW_SHA256_LEN];
    cw_sha256_init(&h);
    cw_sha256_update(&h, module->signer, sizeof module->signer);
    cw_sha256_update(&h, module->name, sizeof module->name);
    cw_sha256_update(&h, &is_debug, 1);
    cw_sha256_out(&h, name);
    const uint32_t at = find(name);
    cw_bytes_wipe(ret_subject, sizeof *ret_subject);
    if (at < journal.count) {
        *ret_subject = journal.subjects[at];
    }
    cw_bytes_copy(ret_subject->name, name, sizeof name);
    return at;
}

static cw_status keep_module(uint32_t at, const struct subject *changed)
{
    if (at == CW_TZ_SUBJECTS) {
        return CW_E_SPACE;
    }
    const cw_status status = keep(&journal.subjects[at], changed);
    journal.count += status == CW_OK && at == journal.count;
    return status;
}

cw_status cw_tz_journal_version(const struct cw_tz_identity *module)
{
    struct subject subject;
    const uint32_t at = find_module(module, &subject);
    if (journal.is_broken) {
        return CW_E_STATE;
    }
    if (module->security_version < subject.version) {
        return CW_E_DENIED;
    }
    if (module->security_version == subject.version) {
        return CW_OK;
    }
    subject.version = module->security_version;
    return keep_module(at, &subject);
}

cw_status cw_tz_journal_counter(const struct cw_tz_identity *module, bool advance,
        uint64_t *ret_count)
{
    struct subject subject;
    cw_status status = CW_OK;
    const uint32_t at = find_module(module, &subject);
    if (journal.is_broken) {
        return CW_E_STATE;
    }
    if (advance) {
        subject.counter++;
        status = keep_module(at, &subject);
    }
    if (status == CW_OK) {
        *ret_count = subject.counter;
    }
    return status;
}
