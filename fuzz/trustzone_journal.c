/* SPDX-License-Identifier: MIT */
/*
 * trustzone_journal.c - the journal's two sectors, as they may be found at a start.
 *
 * Input    which records stand in each sector, in order: a byte each.  Bits 7 and 6: a head, counts,
 *          bytes of the input, a record that lost its check; bit 5: to the other sector; the rest
 *          chooses subject and number.  Then what is done with it.
 * Holds    the sector with the highest generation counts, and of a subject its last whole record;
 *          what was answered is there after the next start.  No word is programmed twice.
 * Plant    tee/trustzone/enclave/kernel/journal.c s/head.number > journal.generation/head.number > 0/
 */
#include "core/crypto/hash.h"
#include "fuzz/input.h"
#include "tee/trustzone/enclave/kernel/journal.h"
#include "tee/trustzone/enclave/kernel/service.h"
#include "tee/trustzone/tests/fake_flash.h"

#define MODULES 3u
#define RECORDS 40u /* at most, of the input */

static const struct cw_tz_identity modules[MODULES] = {
        {.signer = {1}, .name = "a"}, {.signer = {2}, .name = "b"}, {.signer = {2}, .name = "c"}};

/* What a sector says, by a reader of its own. */
static struct sector {
    uint64_t generation;
    uint32_t count;
    uint64_t counter[MODULES + 1]; /* the device, then modules */
    uint32_t version[MODULES + 1];
    int is_odd; /* a head, or a subject that is not ours, among counts */
} sectors[CW_TZ_JOURNAL_SECTORS];

/* Of module i - 1; 0: the device. */
static void name_subject(unsigned i, uint8_t ret_subject[static 32])
{
    uint8_t bytes[65] = {0};
    memset(ret_subject, 0, 32);
    if (i > 0) {
        memcpy(bytes, modules[i - 1].signer, 32);
        memcpy(bytes + 32, modules[i - 1].name, 32);
        cw_sha256(bytes, sizeof bytes, ret_subject);
    }
}

static void put(unsigned s, struct cw_tz_record *record, int is_whole, int is_raw)
{
    struct sector *sector = &sectors[s];
    uint8_t hash[32];
    uint8_t subject[32];
    cw_sha256(record, 48, hash);
    if (!is_raw) {
        memcpy(record->check, hash, 8);
        record->check[3] ^= !is_whole;
    }
    memcpy(fake_flash_words + (s * CW_TZ_SECTOR_RECORDS + sector->count) * CW_TZ_RECORD_WORDS,
            record, sizeof *record);
    const int counts = record->zero == 0 && memcmp(record->check, hash, 8) == 0;
    if (counts && sector->count == 0 && record->kind == CW_TZ_RECORD_HEAD) {
        sector->generation = record->number;
    } else if (counts && record->kind != CW_TZ_RECORD_COUNTS) {
        sector->is_odd = 1;
    } else if (counts && sector->count > 0) {
        unsigned i = 0;
        for (name_subject(0, subject); i <= MODULES && memcmp(subject, record->subject, 32) != 0;) {
            i++;
            if (i <= MODULES) {
                name_subject(i, subject);
            }
        }
        if (i <= MODULES) {
            sector->counter[i] = record->number;
            sector->version[i] = record->version;
        }
    }
    sector->count++;
}

static void fill(struct fuzz_input *in)
{
    unsigned s = 0;
    for (unsigned i = 0; i < RECORDS && in->left_len > 0; i++) {
        const uint8_t choice = fuzz_u8(in);
        struct cw_tz_record record = {.kind = CW_TZ_RECORD_COUNTS};
        s ^= choice >> 5 & 1;
        if (choice == 0) {
            return;
        }
        switch (choice >> 6) {
        case 0:
            record.kind = CW_TZ_RECORD_HEAD;
            record.number = choice & 31;
            break;
        case 2:
            fuzz_bytes(in, &record, sizeof record);
            record.kind &= INT32_MAX; /* not erased */
            break;
        default:
            record.number = fuzz_u8(in);
            record.version = choice >> 2 & 7;
            name_subject(choice & 3, record.subject);
            break;
        }
        put(s, &record, choice >> 6 != 3, choice >> 6 == 2);
    }
}

/* The sector that holds by the format's words, or NULL. */
static const struct sector *holding(void)
{
    const struct sector *best = NULL;
    for (unsigned i = 0; i < CW_TZ_JOURNAL_SECTORS; i++) {
        if (sectors[i].generation > (best == NULL ? 0 : best->generation)) {
            best = &sectors[i];
        }
    }
    return best;
}

static void use(struct fuzz_input *in, const struct sector *first)
{
    uint64_t counter[MODULES];
    uint32_t version[MODULES];
    for (unsigned i = 0; i < MODULES; i++) {
        counter[i] = first == NULL ? 0 : first->counter[i + 1];
        version[i] = first == NULL ? 0 : first->version[i + 1];
    }
    for (unsigned step = 0; step < 20 && in->left_len > 0; step++) {
        const uint8_t choice = fuzz_u8(in);
        const unsigned i = choice % MODULES;
        struct cw_tz_identity module = modules[i];
        uint64_t count = 0;
        if (choice < 128) {
            FUZZ_HOLDS(cw_tz_journal_counter(&module, choice & 64, &count) == CW_OK);
            counter[i] += choice >> 6 & 1;
            FUZZ_HOLDS(count == counter[i]);
        } else {
            module.security_version = choice >> 3 & 15;
            const cw_status status = cw_tz_journal_version(&module);
            FUZZ_HOLDS(status == (module.security_version < version[i] ? CW_E_DENIED : CW_OK));
            version[i] = status == CW_OK ? module.security_version : version[i];
        }
    }
    const uint64_t boot = cw_tz_journal_boot();
    FUZZ_HOLDS(cw_tz_journal_open() == CW_OK);
    FUZZ_HOLDS(cw_tz_journal_boot() == boot + 1);
    for (unsigned i = 0; i < MODULES; i++) {
        uint64_t count = 0;
        struct cw_tz_identity module = modules[i];
        FUZZ_HOLDS(cw_tz_journal_counter(&module, false, &count) == CW_OK && count == counter[i]);
        module.security_version = version[i];
        FUZZ_HOLDS(cw_tz_journal_version(&module) == CW_OK);
        module.security_version = version[i] - 1;
        FUZZ_HOLDS(version[i] == 0 || cw_tz_journal_version(&module) == CW_E_DENIED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    memset(sectors, 0, sizeof sectors);
    fake_flash_new();
    fill(&in);
    const struct sector *expected = holding();
    const cw_status status = cw_tz_journal_open();
    if (expected != NULL && !expected->is_odd) {
        FUZZ_HOLDS(status == CW_OK);
        FUZZ_HOLDS(cw_tz_journal_boot() == expected->counter[0] + 1);
    }
    FUZZ_HOLDS(expected == NULL || !expected->is_odd || status == CW_E_FORM);
    if (status == CW_OK) {
        use(&in, expected);
    }
    return 0;
}
