/* SPDX-License-Identifier: MIT */
/*
 * quirks.h - what the published hardware does that a module's owner would not expect.
 *
 * What     One name per behaviour.  On: as the hardware (chip "exact").  Off: closed (chip
 *          "hardened").  Each can be switched alone with --quirk NAME=on|off.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_QUIRKS_H
#define CW_SILICON_SANCUS_QUIRKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cw_quirk {
    CW_QUIRK_MMIO_UNGUARDED,
    CW_QUIRK_TEXT_ODD_WRITE,
    CW_QUIRK_ENC_FAIL_LEAK,
    CW_QUIRK_OVERLAP_CREATED,
    CW_QUIRK_OVERLAP_REKEY,
    CW_QUIRK_ENABLE_BY_ADDRESS,
    CW_QUIRK_SECRET_OVERLAP,
    CW_QUIRK_SECRET_NOT_CLEARED,
    CW_QUIRK_RESET_REMANENCE,
    CW_QUIRK_UNWRAP_UNVERIFIED,
    CW_QUIRK_UNWRAP_EMPTY,
    CW_QUIRK_AD_EMPTY,
    CW_QUIRK_CRYPTO_ROUNDING,
    CW_QUIRK_CRYPTO_RUNS_ON,
    CW_QUIRK_CODE_ORACLE,
    CW_QUIRK_CALLER_STICKY,
    CW_QUIRK_ID_EXHAUSTION,
    CW_QUIRK_SP_STORM,
    CW_QUIRK_FETCH_OUTSIDE,
    CW_QUIRK_ODD_WORD,
    CW_QUIRK_OPCODE_ALIAS,
    CW_QUIRK_COMPARE_TEXT,
    CW_QUIRK_COUNT
} cw_quirk;

struct cw_quirk_info {
    const char *name;
    const char *exact;    /* what happens when it is on  */
    const char *hardened; /* what happens when it is off */
};

/* A set of quirks that are on. */
typedef uint32_t cw_quirks;

#define CW_QUIRKS_NONE 0u
#define CW_QUIRKS_ALL ((UINT32_C(1) << CW_QUIRK_COUNT) - 1u)

static inline bool cw_quirks_has(cw_quirks set, cw_quirk quirk)
{
    return (set >> quirk & 1u) != 0;
}

/* cw_quirks_info - name and meaning of one quirk. */
const struct cw_quirk_info *cw_quirks_info(cw_quirk quirk);

/*
 * cw_quirks_parse - apply one setting, "NAME=on" or "NAME=off".
 *
 * True: *set is changed.  False: no such name or value; *set is untouched.
 */
bool cw_quirks_parse(const char *setting, cw_quirks *set);

#endif
