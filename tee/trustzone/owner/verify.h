/* SPDX-License-Identifier: MIT */
/*
 * verify.h - is a token the owner's module, on a device that the owner believes?
 *
 * What     verdict = f(token, policy): no clock, no file, no network.  In this order; the first that
 *          fails ends it, with reason and remedy:
 *
 *               form        the claims of part 7 of tee/trustzone/abi.h, and nothing else
 *               chain       manufacturer -> device key -> attestation key -> claims
 *               device      the platform, or the manufacturer, that the owner names
 *               firmware    one that the owner has: its measurements, its security version
 *               life cycle  that of an emulated device
 *               module      measurement, signer, name, versions, device, debug, and the report
 *
 * Trust    OWNER.  Tokens are foreign bytes.
 * Memory   A policy points to the caller's.
 */
#ifndef CW_TEE_TRUSTZONE_OWNER_VERIFY_H
#define CW_TEE_TRUSTZONE_OWNER_VERIFY_H

#include "tee/owner.h"
#include "tee/trustzone/owner/token.h"

#define CW_TZ_COLLATERAL_MAX 32u /* manufacturers, and firmwares */

/* What the owner asks for; nothing of it is optional but what says so. */
struct cw_tz_policy {
    const uint8_t *platform; /* [CW_TZ_HASH_LEN]; NULL: any of the manufacturers' devices        */
    uint8_t manufacturers[CW_TZ_COLLATERAL_MAX][CW_P256_PUBLIC_LEN];
    size_t manufacturer_count; /* 0: the platform alone decides */
    struct cw_tz_firmware_info firmwares[CW_TZ_COLLATERAL_MAX];
    size_t firmware_count;

    const uint8_t *report;      /* [32] */
    const uint8_t *measurement; /* [CW_TZ_HASH_LEN] */
    uint8_t signer[CW_TZ_HASH_LEN];
    char name[CW_TZ_NAME_CAP];
    uint32_t security_version;
    uint16_t device;
    bool is_debug;
};

/*
 * cw_tz_judge - hold a token against a policy.
 *
 * ret_token  what it says, as far as it was read; believed only with CW_OK
 * ret_why    [CW_TZ_WHY_LEN] why it is refused, and what to do
 *
 * CW_E_AUTH    it is not shown to be genuine: form, chain
 * CW_E_DENIED  it is genuine, but not what the policy asks for
 */
CW_MUST_CHECK cw_status cw_tz_judge(const uint8_t *bytes, size_t len, const struct cw_tz_policy *policy,
        struct cw_tz_token *ret_token, char ret_why[static CW_TZ_WHY_LEN]);

/*
 * cw_tz_collateral_read - keys of manufacturers and firmwares that the owner accepts: a PEM file, or
 * a folder with files .pem and .bin.  They are added to the policy.
 *
 * CW_E_ABSENT, CW_E_FORM  why, and what to do, is in ret_why
 */
CW_MUST_CHECK cw_status cw_tz_collateral_read(const char *path, struct cw_tz_policy *policy,
        char ret_why[static CW_TZ_WHY_LEN]);

/* cw_tz_verify - struct cw_owner_backend's verify. */
cw_status cw_tz_verify(const struct cw_owner_node *node, const struct cw_owner_built *built,
        const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static 32],
        const uint8_t *report, const uint8_t *proof, size_t proof_len,
        struct cw_owner_verdict *ret_verdict);

#endif
