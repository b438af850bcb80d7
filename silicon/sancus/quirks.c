/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/quirks.h"

#include <string.h>

static const struct cw_quirk_info table[CW_QUIRK_COUNT] = {
    [CW_QUIRK_MMIO_UNGUARDED] = {"mmio-unguarded",
            "a refused access to a device still has its effect there",
            "a refused access does not reach the device"},
    [CW_QUIRK_TEXT_ODD_WRITE] = {"text-odd-write",
            "a module may write the odd bytes of its own text",
            "a module's text cannot be written"},
    [CW_QUIRK_ENC_FAIL_LEAK] = {"enc-fail-leak",
            "an encrypted module with a wrong tag stays in memory, decrypted",
            "its memory is cleared"},
    [CW_QUIRK_OVERLAP_CREATED] = {"overlap-created",
            "a module that overlaps another's text is created, with a violation",
            "it is refused before any effect"},
    [CW_QUIRK_OVERLAP_REKEY] = {"overlap-rekey",
            "a new module's key, and its undoing, hit every module that holds its first address",
            "they hit the new module alone"},
    [CW_QUIRK_ENABLE_BY_ADDRESS] = {"enable-by-address",
            "an impossible ENABLE works on the module that holds r12: new key, or slot freed",
            "it is refused"},
    [CW_QUIRK_SECRET_OVERLAP] = {"secret-overlap",
            "data sections may overlap anything",
            "data and text overlap no other module, not each other and not the vectors"},
    [CW_QUIRK_SECRET_NOT_CLEARED] = {"secret-not-cleared",
            "ENABLE keeps what is in the data section",
            "ENABLE clears it (not device registers)"},
    [CW_QUIRK_RESET_REMANENCE] = {"reset-remanence",
            "reset frees all modules and keeps RAM",
            "reset clears RAM"},
    [CW_QUIRK_UNWRAP_UNVERIFIED] = {"unwrap-unverified",
            "UNWRAP writes the plaintext before it checks the tag",
            "on a wrong tag nothing is written"},
    [CW_QUIRK_UNWRAP_EMPTY] = {"unwrap-empty",
            "UNWRAP of an empty body always fails",
            "it checks the tag"},
    [CW_QUIRK_AD_EMPTY] = {"ad-empty",
            "empty associated data give a wrong function, without the key if the body is empty too",
            "they give the specified function"},
    [CW_QUIRK_CRYPTO_ROUNDING] = {"crypto-rounding",
            "odd addresses and lengths are rounded",
            "they are refused"},
    [CW_QUIRK_CRYPTO_RUNS_ON] = {"crypto-runs-on",
            "WRAP and UNWRAP report success after a refused access",
            "they report failure"},
    [CW_QUIRK_CODE_ORACLE] = {"code-oracle",
            "ENABLE and VERIFY read their tag from anybody's text",
            "they read it with the rights of their caller"},
    [CW_QUIRK_CALLER_STICKY] = {"caller-sticky",
            "the id of the caller may be one of a module that is gone",
            "it is 0 then"},
    [CW_QUIRK_ID_EXHAUSTION] = {"id-exhaustion",
            "when the ids are used up, everything is a violation",
            "ENABLE is refused"},
    [CW_QUIRK_SP_STORM] = {"sp-storm",
            "an interrupt whose own stores are refused goes on",
            "the run stops"},
    [CW_QUIRK_FETCH_OUTSIDE] = {"fetch-outside",
            "outside program memory, what the bus last held is executed",
            "the run stops"},
    [CW_QUIRK_ODD_WORD] = {"odd-word",
            "bit 0 of a word's address is ignored",
            "the run stops"},
    [CW_QUIRK_OPCODE_ALIAS] = {"opcode-alias",
            "words that are no instruction are executed as something",
            "the run stops"},
    [CW_QUIRK_COMPARE_TEXT] = {"compare-text",
            "CMP and BIT with a destination in program memory spoil the second instruction after",
            "they do not"},
};

const struct cw_quirk_info *cw_quirks_info(cw_quirk quirk)
{
    return &table[quirk];
}

bool cw_quirks_parse(const char *setting, cw_quirks *set)
{
    const char *equals = strchr(setting, '=');
    size_t len;

    if (equals == NULL) {
        return false;
    }
    len = (size_t)(equals - setting);
    for (unsigned i = 0; i < CW_QUIRK_COUNT; i++) {
        if (strlen(table[i].name) != len || strncmp(table[i].name, setting, len) != 0) {
            continue;
        }
        if (strcmp(equals + 1, "on") == 0) {
            *set |= UINT32_C(1) << i;
            return true;
        }
        if (strcmp(equals + 1, "off") == 0) {
            *set &= ~(UINT32_C(1) << i);
            return true;
        }
    }
    return false;
}
