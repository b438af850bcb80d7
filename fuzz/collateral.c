/* SPDX-License-Identifier: MIT */
/*
 * collateral.c - collateral as one JSON object, and the signed objects inside.
 *
 * Input    the bytes of the object.
 * Holds    a signed object is a whole JSON object, byte for byte; what was read of TCB info has a
 *          level for the best platform, and the same one whenever it is asked.
 * Plant    tee/sgx/owner/collateral.c s/hex_len . 2 <= SIGNATURE_MAX/hex_len < 4096u/
 */
#include <jansson.h>

#include "fuzz/input.h"
#include "tee/sgx/owner/collateral.h"
#include "tee/sgx/owner/tcb.h"

static void check_object(const struct cw_dcap_part *part)
{
    json_t *object = json_loadb((const char *)part->bytes, part->len, 0, NULL);
    FUZZ_HOLDS(json_is_object(object));
    FUZZ_HOLDS(part->bytes[0] == '{' && part->bytes[part->len - 1] == '}');
    FUZZ_HOLDS((part->signature == NULL) == (part->signature_len == 0));
    json_decref(object);
}

static void read_info(const struct cw_dcap_part *part)
{
    struct cw_tcb_info info;
    struct cw_tcb_level level;
    struct cw_tcb_level again;
    char why[CW_TCB_WHY_CAP] = "";
    uint8_t best[16];
    uint8_t none[16] = {0};
    memset(best, 0xff, sizeof best);
    if (cw_tcb_info_read(part->bytes, part->len, &info, why) != CW_OK) {
        FUZZ_HOLDS(why[0] != '\0');
        return;
    }
    FUZZ_HOLDS(cw_tcb_info_level(&info, best, 0xffff, &level));
    FUZZ_HOLDS(level.status < CW_DCAP_UNKNOWN);
    if (cw_tcb_info_level(&info, none, 0, &level)) {
        FUZZ_HOLDS(cw_tcb_info_level(&info, none, 0, &again) && again.status == level.status);
    }
    cw_tcb_info_free(&info);
}

static void read_identity(const struct cw_dcap_part *part)
{
    struct cw_tcb_identity identity;
    struct cw_tcb_level level;
    char why[CW_TCB_WHY_CAP] = "";
    if (cw_tcb_identity_read(part->bytes, part->len, &identity, why) == CW_OK) {
        FUZZ_HOLDS(cw_tcb_identity_level(&identity, 0xffff, &level));
        cw_tcb_identity_free(&identity);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    struct cw_dcap_collateral *collateral = NULL;
    char why[CW_DCAP_WHY_CAP] = "";
    size_t len;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    if (cw_dcap_collateral_json(bytes, len, &collateral, why) != CW_OK) {
        FUZZ_HOLDS(collateral == NULL && why[0] != '\0' && strnlen(why, sizeof why) < sizeof why);
    } else {
        for (size_t i = 0; i < collateral->tcb_infos.count; i++) {
            check_object(&collateral->tcb_infos.part[i]);
            read_info(&collateral->tcb_infos.part[i]);
        }
        for (size_t i = 0; i < collateral->identities.count; i++) {
            check_object(&collateral->identities.part[i]);
            read_identity(&collateral->identities.part[i]);
        }
        cw_dcap_collateral_free(collateral);
    }
    free(bytes);
    return 0;
}
