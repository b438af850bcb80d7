/* SPDX-License-Identifier: MIT */
/*
 * token.h - what a token says, and whether its keys vouch for each other.
 *
 * What     Three signatures, from the device's maker to the attestation key of one start.  Reading
 *          is strict: exactly the claims of part 7 of tee/trustzone/abi.h, each once, in order, in
 *          the one encoding that they have.  Who the maker is, and what the module should be, is
 *          for verify.h.
 * Trust    OWNER.  Tokens and certificates are foreign bytes.
 * Memory   A token points into the bytes that it was read from.
 * Source   RFC 9711 (EAT), RFC 9783 (labels), RFC 9052
 */
#ifndef CW_TEE_TRUSTZONE_OWNER_TOKEN_H
#define CW_TEE_TRUSTZONE_OWNER_TOKEN_H

#include "core/crypto/cose.h"
#include "tee/trustzone/abi.h"
#include "tee/trustzone/owner/firmware.h"
#include "tee/trustzone/owner/keys.h"

#define CW_TZ_NAME_CAP 33u
#define CW_TZ_TEXT_CAP 65u

/* The maker's certificate of a device. */
struct cw_tz_maker {
    struct cw_cose sign1;
    uint8_t device[CW_P256_PUBLIC_LEN];
    char name[CW_TZ_NAME_CAP];
    char implementation[CW_TZ_TEXT_CAP];
    uint8_t manufacturer[CW_P256_PUBLIC_LEN];
};

struct cw_tz_token {
    struct cw_tz_maker maker;

    struct cw_cose device_sign1; /* by the device key: of the key of one firmware */
    uint8_t attestation[CW_P256_PUBLIC_LEN];
    uint8_t monitor[CW_TZ_HASH_LEN];
    uint8_t kernel[CW_TZ_HASH_LEN];
    uint64_t security_version;
    uint64_t lifecycle;

    struct cw_cose sign1; /* by the attestation key: the claims */
    uint8_t report[32];
    uint8_t platform[CW_TZ_HASH_LEN]; /* without the type byte of a UEID */
    char profile[CW_TZ_TEXT_CAP];
    uint8_t seed[CW_TZ_HASH_LEN]; /* of one start of the device */
    uint64_t client;
    uint64_t claimed_lifecycle;
    uint8_t implementation[CW_TZ_HASH_LEN];
    uint8_t claimed_monitor[CW_TZ_HASH_LEN];
    uint8_t claimed_kernel[CW_TZ_HASH_LEN];
    char version[CW_TZ_TEXT_CAP]; /* of the firmware: its security version, decimal */
    uint64_t boot;
    bool is_emulated;
    struct {
        uint8_t measurement[CW_TZ_HASH_LEN];
        uint8_t signer[CW_TZ_HASH_LEN];
        char name[CW_TZ_NAME_CAP];
        uint64_t security_version;
        uint64_t epoch;
        bool is_debug;
        uint64_t device;
    } module;
};

/* cw_tz_maker_get - the cursor is CW_E_FORM if it is no maker's certificate; nothing is verified. */
void cw_tz_maker_get(struct cw_reader *r, struct cw_tz_maker *ret_maker);

/* cw_tz_maker_put - make one; the writer fails with CW_E_SPACE where there is no room. */
void cw_tz_maker_put(struct cw_writer *w, const struct cw_tz_key *manufacturer,
        const uint8_t device[static CW_P256_PUBLIC_LEN], const char *name);

/*
 * cw_tz_token_decode - take a token apart.
 *
 * CW_E_SHORT, CW_E_FORM  it is none
 */
CW_MUST_CHECK cw_status cw_tz_token_decode(const uint8_t *bytes, size_t len,
        struct cw_tz_token *ret_token);

/*
 * cw_tz_token_check - do maker, device key, attestation key and claims belong together?
 *
 * CW_E_AUTH  they do not: why is in ret_why
 */
CW_MUST_CHECK cw_status cw_tz_token_check(const struct cw_tz_token *token,
        char ret_why[static CW_TZ_WHY_LEN]);

/* cw_tz_token_platform - SHA-256 of a device key. */
void cw_tz_token_platform(const uint8_t device[static CW_P256_PUBLIC_LEN],
        uint8_t ret_platform[static CW_TZ_HASH_LEN]);

#endif
