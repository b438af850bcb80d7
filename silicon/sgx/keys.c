/* SPDX-License-Identifier: MIT */
/*
 * A key is HMAC-SHA-256 of the root over all that the manual's table of key dependencies names, at
 * fixed places, zero where a key does not depend on it; the first 16 bytes.  So keys of different
 * names or policies never meet, and the same request gives the same key after a restart.
 */
#include "silicon/sgx/cpu.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "silicon/sgx/field.h"

const uint8_t cw_sgx_cpusvn[SGX_CPUSVN_LEN] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee,
        0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee};

#define KEYPOLICY_KSS                                                                              \
    (SGX_KEYPOLICY_NOISVPRODID | SGX_KEYPOLICY_CONFIGID | SGX_KEYPOLICY_ISVFAMILYID |              \
            SGX_KEYPOLICY_ISVEXTPRODID)
#define KEYPOLICY_KNOWN (SGX_KEYPOLICY_MRENCLAVE | SGX_KEYPOLICY_MRSIGNER | KEYPOLICY_KSS)

/* What a key depends on, as it is hashed. */
struct dependencies {
    uint8_t label[16];
    uint8_t keyname[2];
    uint8_t keypolicy[2];
    uint8_t owner_epoch[2]; /* 1 where the owner's epoch, which this CPU does not let change, enters */
    uint8_t isvprodid[2];
    uint8_t isvsvn[2];
    uint8_t configsvn[2];
    uint8_t miscselect[4];
    uint8_t miscmask_not[4];
    uint8_t cpusvn[SGX_CPUSVN_LEN];
    uint8_t attributes[SGX_ATTRIBUTES_LEN];
    uint8_t attributemask[SGX_ATTRIBUTES_LEN];
    uint8_t mrenclave[SGX_HASH_LEN];
    uint8_t mrsigner[SGX_HASH_LEN];
    uint8_t keyid[SGX_KEYID_LEN];
    uint8_t isvfamilyid[16];
    uint8_t isvextprodid[16];
    uint8_t configid[64];
};
_Static_assert(sizeof(struct dependencies) == 276, "no padding");

/* Out of memory a CPU cannot say so: it stops, rather than give a wrong key. */
static void derive(const struct cw_sgx_fuses *fuses, struct dependencies *d,
        uint8_t ret_key[SGX_KEY_LEN])
{
    static const char label[sizeof d->label] = "causeway-sgx key";
    uint8_t out[EVP_MAX_MD_SIZE];
    unsigned out_len = 0;
    memcpy(d->label, label, sizeof label);
    if (HMAC(EVP_sha256(), fuses->root, sizeof fuses->root, (const uint8_t *)d, sizeof *d, out,
                &out_len) == NULL) {
        abort();
    }
    memcpy(ret_key, out, SGX_KEY_LEN);
    cw_bytes_wipe(out, sizeof out);
}

/* --- EGETKEY -------------------------------------------------------------------------------------- */

struct request {
    const uint8_t *bytes;
    uint16_t name;
    uint16_t policy;
};

/* A CPUSVN is 16 counts; one that asks for more than there is was never this CPU's. */
static bool is_cpusvn_beyond(const uint8_t *cpusvn)
{
    for (unsigned i = 0; i < SGX_CPUSVN_LEN; i++) {
        if (cpusvn[i] > cw_sgx_cpusvn[i]) {
            return true;
        }
    }
    return false;
}

static bool is_malformed(const struct request *r, const uint8_t *secs)
{
    bool has_kss = (cw_field_u64(secs + SGX_SECS_ATTRIBUTES) & SGX_ATTR_KSS) != 0;
    if ((r->policy & ~KEYPOLICY_KNOWN) != 0 ||
            !cw_field_is_zero(r->bytes + SGX_KEYREQ_CET_MASK, 2) ||
            !cw_field_is_zero(r->bytes + SGX_KEYREQ_RESERVED,
                    SGX_KEYREQUEST_LEN - SGX_KEYREQ_RESERVED)) {
        return true;
    }
    return !has_kss && ((r->policy & KEYPOLICY_KSS) != 0 ||
                               cw_field_u16(r->bytes + SGX_KEYREQ_CONFIGSVN) != 0);
}

static uint32_t check_capability(const struct request *r, const uint8_t *secs)
{
    uint64_t flags = cw_field_u64(secs + SGX_SECS_ATTRIBUTES);
    switch (r->name) {
    case SGX_KEYNAME_SEAL:
    case SGX_KEYNAME_REPORT:
        return SGX_OK;
    case SGX_KEYNAME_EINITTOKEN:
        return (flags & SGX_ATTR_EINITTOKENKEY) != 0 ? SGX_OK : SGX_INVALID_ATTRIBUTE;
    case SGX_KEYNAME_PROVISION:
    case SGX_KEYNAME_PROVISION_SEAL:
        return (flags & SGX_ATTR_PROVISIONKEY) != 0 ? SGX_OK : SGX_INVALID_ATTRIBUTE;
    default:
        return SGX_INVALID_KEYNAME;
    }
}

static uint32_t check_versions(const struct request *r, const uint8_t *secs)
{
    bool has_config = r->name == SGX_KEYNAME_SEAL || r->name == SGX_KEYNAME_PROVISION_SEAL;
    if (r->name == SGX_KEYNAME_REPORT) {
        return SGX_OK; /* takes the current ones, whatever is asked for */
    }
    if (is_cpusvn_beyond(r->bytes + SGX_KEYREQ_CPUSVN)) {
        return SGX_INVALID_CPUSVN;
    }
    if (cw_field_u16(r->bytes + SGX_KEYREQ_ISVSVN) > cw_field_u16(secs + SGX_SECS_ISVSVN)) {
        return SGX_INVALID_ISVSVN;
    }
    if (has_config &&
            cw_field_u16(r->bytes + SGX_KEYREQ_CONFIGSVN) > cw_field_u16(secs + SGX_SECS_CONFIGSVN)) {
        return SGX_INVALID_ISVSVN;
    }
    return SGX_OK;
}

/* What REPORT keys depend on: the same of the enclave's SECS and of a TARGETINFO that names it. */
struct target {
    const uint8_t *mrenclave;
    const uint8_t *attributes;
    const uint8_t *miscselect;
    const uint8_t *configid;
    const uint8_t *configsvn;
};

static void derive_report_key(const struct cw_sgx_fuses *fuses, const struct target *target,
        const uint8_t *keyid, uint8_t ret_key[SGX_KEY_LEN])
{
    struct dependencies d = {.keyname = {SGX_KEYNAME_REPORT}, .owner_epoch = {1}};
    memcpy(d.cpusvn, cw_sgx_cpusvn, sizeof d.cpusvn);
    memcpy(d.mrenclave, target->mrenclave, sizeof d.mrenclave);
    memcpy(d.attributes, target->attributes, sizeof d.attributes);
    memcpy(d.miscselect, target->miscselect, sizeof d.miscselect);
    memcpy(d.configid, target->configid, sizeof d.configid);
    memcpy(d.configsvn, target->configsvn, sizeof d.configsvn);
    memcpy(d.keyid, keyid, sizeof d.keyid);
    derive(fuses, &d, ret_key);
}

/* A = (ATTRIBUTEMASK | INIT | DEBUG) & SECS.ATTRIBUTES, so DEBUG and INIT always count. */
static void mask_attributes(const uint8_t *secs, const uint8_t *request, struct dependencies *d)
{
    for (unsigned i = 0; i < SGX_ATTRIBUTES_LEN; i++) {
        uint8_t mask = request[SGX_KEYREQ_ATTRIBUTEMASK + i];
        if (i == 0) {
            mask |= SGX_ATTR_INIT | SGX_ATTR_DEBUG;
        }
        d->attributes[i] = mask & secs[SGX_SECS_ATTRIBUTES + i];
    }
    for (unsigned i = 0; i < sizeof d->miscselect; i++) {
        d->miscselect[i] = request[SGX_KEYREQ_MISCMASK + i] & secs[SGX_SECS_MISCSELECT + i];
    }
}

static void add_masks(const uint8_t *request, struct dependencies *d)
{
    memcpy(d->attributemask, request + SGX_KEYREQ_ATTRIBUTEMASK, sizeof d->attributemask);
    for (unsigned i = 0; i < sizeof d->miscmask_not; i++) {
        d->miscmask_not[i] = (uint8_t)~request[SGX_KEYREQ_MISCMASK + i];
    }
}

/* The ids that a policy names (MRENCLAVE and MRSIGNER apart). */
static void add_policy(const struct request *r, const uint8_t *secs, struct dependencies *d)
{
    cw_field_put(d->keypolicy, r->policy, 2);
    if ((r->policy & SGX_KEYPOLICY_NOISVPRODID) == 0) {
        memcpy(d->isvprodid, secs + SGX_SECS_ISVPRODID, sizeof d->isvprodid);
    }
    if ((r->policy & SGX_KEYPOLICY_CONFIGID) != 0) {
        memcpy(d->configid, secs + SGX_SECS_CONFIGID, sizeof d->configid);
        memcpy(d->configsvn, r->bytes + SGX_KEYREQ_CONFIGSVN, sizeof d->configsvn);
    }
    if ((r->policy & SGX_KEYPOLICY_ISVFAMILYID) != 0) {
        memcpy(d->isvfamilyid, secs + CW_SGX_SECS_ISVFAMILYID, sizeof d->isvfamilyid);
    }
    if ((r->policy & SGX_KEYPOLICY_ISVEXTPRODID) != 0) {
        memcpy(d->isvextprodid, secs + CW_SGX_SECS_ISVEXTPRODID, sizeof d->isvextprodid);
    }
}

static void gather(const struct request *r, const uint8_t *secs, struct dependencies *d)
{
    bool is_seal = r->name == SGX_KEYNAME_SEAL;
    bool is_token = r->name == SGX_KEYNAME_EINITTOKEN;
    bool has_policy = is_seal || r->name == SGX_KEYNAME_PROVISION_SEAL;
    cw_field_put(d->keyname, r->name, 2);
    memcpy(d->cpusvn, r->bytes + SGX_KEYREQ_CPUSVN, sizeof d->cpusvn);
    memcpy(d->isvsvn, r->bytes + SGX_KEYREQ_ISVSVN, sizeof d->isvsvn);
    mask_attributes(secs, r->bytes, d);
    if (is_seal || is_token) {
        d->owner_epoch[0] = 1;
        memcpy(d->keyid, r->bytes + SGX_KEYREQ_KEYID, sizeof d->keyid);
    }
    if (!is_token) {
        add_masks(r->bytes, d);
    }
    if (has_policy) {
        add_policy(r, secs, d);
    } else {
        memcpy(d->isvprodid, secs + SGX_SECS_ISVPRODID, sizeof d->isvprodid);
    }
    if (is_seal && (r->policy & SGX_KEYPOLICY_MRENCLAVE) != 0) {
        memcpy(d->mrenclave, secs + SGX_SECS_MRENCLAVE, sizeof d->mrenclave);
    }
    if (!is_seal || (r->policy & SGX_KEYPOLICY_MRSIGNER) != 0) {
        memcpy(d->mrsigner, secs + SGX_SECS_MRSIGNER, sizeof d->mrsigner);
    }
}

uint32_t cw_sgx_egetkey(const struct cw_sgx_fuses *fuses, const uint8_t secs[static SGX_PAGE_LEN],
        const uint8_t request[static SGX_KEYREQUEST_LEN], uint8_t ret_key[static SGX_KEY_LEN])
{
    const struct request r = {request, cw_field_u16(request + SGX_KEYREQ_KEYNAME),
            cw_field_u16(request + SGX_KEYREQ_KEYPOLICY)};
    memset(ret_key, 0, SGX_KEY_LEN);
    if (is_malformed(&r, secs)) {
        return CW_SGX_FAULT_GP;
    }
    uint32_t code = check_capability(&r, secs);
    if (code == SGX_OK) {
        code = check_versions(&r, secs);
    }
    if (code != SGX_OK) {
        return code;
    }
    if (r.name == SGX_KEYNAME_REPORT) {
        const struct target self = {secs + SGX_SECS_MRENCLAVE, secs + SGX_SECS_ATTRIBUTES,
                secs + SGX_SECS_MISCSELECT, secs + SGX_SECS_CONFIGID, secs + SGX_SECS_CONFIGSVN};
        derive_report_key(fuses, &self, request + SGX_KEYREQ_KEYID, ret_key);
        return SGX_OK;
    }
    struct dependencies d = {0};
    gather(&r, secs, &d);
    derive(fuses, &d, ret_key);
    return SGX_OK;
}

/* --- EREPORT -------------------------------------------------------------------------------------- */

static void cmac(const uint8_t key[SGX_KEY_LEN], const uint8_t *bytes, size_t len,
        uint8_t ret_mac[16])
{
    static char cipher[] = "AES-128-CBC";
    const OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
            OSSL_PARAM_construct_end(),
    };
    size_t mac_len = 0;
    if (EVP_Q_mac(NULL, "CMAC", NULL, NULL, params, key, SGX_KEY_LEN, bytes, len, ret_mac, 16,
                &mac_len) == NULL || mac_len != 16) {
        abort();
    }
}

static struct target target_of(const uint8_t *info)
{
    return (struct target){info + SGX_TARGET_MEASUREMENT, info + SGX_TARGET_ATTRIBUTES,
            info + SGX_TARGET_MISCSELECT, info + SGX_TARGET_CONFIGID, info + SGX_TARGET_CONFIGSVN};
}

uint32_t cw_sgx_ereport(const struct cw_sgx_fuses *fuses, const uint8_t secs[static SGX_PAGE_LEN],
        const uint8_t target[static SGX_TARGETINFO_LEN],
        const uint8_t data[static SGX_REPORTDATA_LEN], uint8_t ret_report[static SGX_REPORT_LEN])
{
    static const struct {
        uint16_t to;
        uint16_t from;
        uint16_t len;
    } fields[] = {
            {SGX_REPORT_MISCSELECT, SGX_SECS_MISCSELECT, 4},
            {SGX_REPORT_ISVEXTPRODID, CW_SGX_SECS_ISVEXTPRODID, 16},
            {SGX_REPORT_ATTRIBUTES, SGX_SECS_ATTRIBUTES, SGX_ATTRIBUTES_LEN},
            {SGX_REPORT_MRENCLAVE, SGX_SECS_MRENCLAVE, SGX_HASH_LEN},
            {SGX_REPORT_MRSIGNER, SGX_SECS_MRSIGNER, SGX_HASH_LEN},
            {SGX_REPORT_CONFIGID, SGX_SECS_CONFIGID, 64},
            {SGX_REPORT_ISVPRODID, SGX_SECS_ISVPRODID, 2},
            {SGX_REPORT_ISVSVN, SGX_SECS_ISVSVN, 2},
            {SGX_REPORT_CONFIGSVN, SGX_SECS_CONFIGSVN, 2},
            {SGX_REPORT_ISVFAMILYID, CW_SGX_SECS_ISVFAMILYID, 16},
    };
    uint8_t key[SGX_KEY_LEN];
    memset(ret_report, 0, SGX_REPORT_LEN);
    /* This CPU has no CET: its byte is reserved too. */
    if (!cw_field_is_zero(target + SGX_TARGET_CET, 2) || !cw_field_is_zero(target + 56, 8) ||
            !cw_field_is_zero(target + 128, SGX_TARGETINFO_LEN - 128)) {
        return CW_SGX_FAULT_GP;
    }
    memcpy(ret_report + SGX_REPORT_CPUSVN, cw_sgx_cpusvn, SGX_CPUSVN_LEN);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        memcpy(ret_report + fields[i].to, secs + fields[i].from, fields[i].len);
    }
    memcpy(ret_report + SGX_REPORT_REPORTDATA, data, SGX_REPORTDATA_LEN);
    memcpy(ret_report + SGX_REPORT_KEYID, fuses->report_keyid, SGX_KEYID_LEN);
    const struct target to = target_of(target);
    derive_report_key(fuses, &to, fuses->report_keyid, key);
    cmac(key, ret_report, SGX_REPORT_BODY_LEN, ret_report + SGX_REPORT_MAC);
    cw_bytes_wipe(key, sizeof key);
    return SGX_OK;
}

cw_status cw_sgx_report_check(const struct cw_sgx_fuses *fuses,
        const uint8_t target[static SGX_TARGETINFO_LEN],
        const uint8_t report[static SGX_REPORT_LEN])
{
    uint8_t key[SGX_KEY_LEN];
    uint8_t mac[16];
    const struct target to = target_of(target);
    derive_report_key(fuses, &to, report + SGX_REPORT_KEYID, key);
    cmac(key, report, SGX_REPORT_BODY_LEN, mac);
    cw_status status = cw_bytes_equal(mac, report + SGX_REPORT_MAC, sizeof mac) ? CW_OK : CW_E_AUTH;
    cw_bytes_wipe(key, sizeof key);
    return status;
}
