/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/owner/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "core/wire/cbor.h"

#define NONCE 10
#define UEID 256
#define PROFILE 265
#define BOOT_SEED 268
#define CLIENT 2394
#define LIFECYCLE 2395
#define IMPLEMENTATION 2396
#define COMPONENTS 2399
#define UEID_RANDOM 0x01u

/* --- reading ------------------------------------------------------------------------------------ */

/* A map of exactly so many claims. */
static struct cw_cbor_map map_of(struct cw_reader *r, size_t count)
{
    const struct cw_cbor_map map = cw_cbor_map(r);
    cw_reader_expect(r, map.left_count == count);
    return map;
}

/* Its next key must be this one. */
static void key(struct cw_cbor_map *map, struct cw_reader *r, int64_t wanted)
{
    int64_t found = 0;
    const bool is_there = cw_cbor_map_next(map, r, &found);
    cw_reader_expect(r, is_there && found == wanted);
}

static void bytes(struct cw_reader *r, uint8_t *ret_bytes, size_t len)
{
    size_t found_len = 0;
    const uint8_t *found = cw_cbor_bytes(r, &found_len);
    cw_reader_expect(r, found != NULL && found_len == len);
    if (r->status == CW_OK) {
        memcpy(ret_bytes, found, len);
    }
}

static void text(struct cw_reader *r, char *ret_text, size_t cap)
{
    size_t len = 0;
    const char *found = cw_cbor_text(r, &len);
    cw_reader_expect(r, found != NULL && len > 0 && len < cap);
    if (r->status == CW_OK) {
        memcpy(ret_text, found, len);
        ret_text[len] = '\0';
    }
}

/* All of a payload must be read. */
static void end(struct cw_reader *r, const struct cw_reader *payload)
{
    cw_reader_expect(r, cw_reader_finish(payload) == CW_OK);
}

static struct cw_reader payload_of(const struct cw_cose *s)
{
    return cw_reader_over(s->payload, s->payload_len);
}

void cw_tz_maker_get(struct cw_reader *r, struct cw_tz_maker *ret_maker)
{
    *ret_maker = (struct cw_tz_maker){0};
    cw_cose_read(r, &ret_maker->sign1);
    struct cw_reader p = payload_of(&ret_maker->sign1);
    struct cw_cbor_map map = map_of(&p, 4);
    key(&map, &p, 1);
    bytes(&p, ret_maker->device, CW_P256_PUBLIC_LEN);
    key(&map, &p, 2);
    text(&p, ret_maker->name, sizeof ret_maker->name);
    key(&map, &p, 3);
    text(&p, ret_maker->implementation, sizeof ret_maker->implementation);
    key(&map, &p, 4);
    bytes(&p, ret_maker->manufacturer, CW_P256_PUBLIC_LEN);
    end(r, &p);
}

static void get_device(struct cw_reader *r, struct cw_tz_token *t)
{
    cw_cose_read(r, &t->device_sign1);
    struct cw_reader p = payload_of(&t->device_sign1);
    struct cw_cbor_map map = map_of(&p, 5);
    key(&map, &p, 1);
    bytes(&p, t->attestation, CW_P256_PUBLIC_LEN);
    key(&map, &p, 2);
    bytes(&p, t->monitor, CW_TZ_HASH_LEN);
    key(&map, &p, 3);
    bytes(&p, t->kernel, CW_TZ_HASH_LEN);
    key(&map, &p, 4);
    t->security_version = cw_cbor_unsigned(&p);
    key(&map, &p, 5);
    t->lifecycle = cw_cbor_unsigned(&p);
    end(r, &p);
}

static void get_component(struct cw_reader *p, const char *type, uint8_t *ret_hash, char *ret_version)
{
    char found[CW_TZ_TEXT_CAP] = "";
    struct cw_cbor_map map = map_of(p, ret_version == NULL ? 2 : 3);
    key(&map, p, 1);
    text(p, found, sizeof found);
    cw_reader_expect(p, strcmp(found, type) == 0);
    key(&map, p, 2);
    bytes(p, ret_hash, CW_TZ_HASH_LEN);
    if (ret_version != NULL) {
        key(&map, p, 4);
        text(p, ret_version, CW_TZ_TEXT_CAP);
    }
}

static void get_module(struct cw_reader *p, struct cw_tz_token *t)
{
    struct cw_cbor_map map = map_of(p, 7);
    key(&map, p, 1);
    bytes(p, t->module.measurement, CW_TZ_HASH_LEN);
    key(&map, p, 2);
    bytes(p, t->module.signer, CW_TZ_HASH_LEN);
    key(&map, p, 3);
    text(p, t->module.name, sizeof t->module.name);
    key(&map, p, 4);
    t->module.security_version = cw_cbor_unsigned(p);
    key(&map, p, 5);
    t->module.epoch = cw_cbor_unsigned(p);
    key(&map, p, 6);
    t->module.is_debug = cw_cbor_bool(p);
    key(&map, p, 7);
    t->module.device = cw_cbor_unsigned(p);
}

static void get_claims(struct cw_reader *r, struct cw_tz_token *t)
{
    uint8_t ueid[1 + CW_TZ_HASH_LEN] = {0};
    cw_cose_read(r, &t->sign1);
    struct cw_reader p = payload_of(&t->sign1);
    struct cw_cbor_map map = map_of(&p, 11);
    key(&map, &p, NONCE);
    bytes(&p, t->report, sizeof t->report);
    key(&map, &p, UEID);
    bytes(&p, ueid, sizeof ueid);
    cw_reader_expect(&p, ueid[0] == UEID_RANDOM);
    memcpy(t->platform, ueid + 1, CW_TZ_HASH_LEN);
    key(&map, &p, PROFILE);
    text(&p, t->profile, sizeof t->profile);
    key(&map, &p, BOOT_SEED);
    bytes(&p, t->seed, sizeof t->seed);
    key(&map, &p, CLIENT);
    t->client = cw_cbor_unsigned(&p);
    key(&map, &p, LIFECYCLE);
    t->claimed_lifecycle = cw_cbor_unsigned(&p);
    key(&map, &p, IMPLEMENTATION);
    bytes(&p, t->implementation, CW_TZ_HASH_LEN);
    key(&map, &p, COMPONENTS);
    cw_reader_expect(&p, cw_cbor_array(&p) == 2);
    get_component(&p, "M", t->claimed_monitor, NULL);
    get_component(&p, "K", t->claimed_kernel, t->version);
    key(&map, &p, CW_TZ_CLAIM_MODULE);
    get_module(&p, t);
    key(&map, &p, CW_TZ_CLAIM_BOOT);
    t->boot = cw_cbor_unsigned(&p);
    key(&map, &p, CW_TZ_CLAIM_EMULATED);
    t->is_emulated = cw_cbor_bool(&p);
    end(r, &p);
}

cw_status cw_tz_token_decode(const uint8_t *token, size_t len, struct cw_tz_token *ret_token)
{
    *ret_token = (struct cw_tz_token){0};
    struct cw_reader r = cw_reader_over(token, len);
    cw_reader_expect(&r, len <= CW_TZ_TOKEN_MAX && cw_cbor_array(&r) == 3);
    get_claims(&r, ret_token);
    get_device(&r, ret_token);
    cw_tz_maker_get(&r, &ret_token->maker);
    return cw_reader_finish(&r);
}

/* --- checking ----------------------------------------------------------------------------------- */

void cw_tz_token_platform(const uint8_t device[static CW_P256_PUBLIC_LEN],
        uint8_t ret_platform[static CW_TZ_HASH_LEN])
{
    cw_sha256(device, CW_P256_PUBLIC_LEN, ret_platform);
}

static cw_status refuse(char ret_why[static CW_TZ_WHY_LEN], const char *why)
{
    (void)snprintf(ret_why, CW_TZ_WHY_LEN, "%s", why);
    return CW_E_AUTH;
}

cw_status cw_tz_token_check(const struct cw_tz_token *t, char ret_why[static CW_TZ_WHY_LEN])
{
    uint8_t platform[CW_TZ_HASH_LEN];
    uint8_t implementation[CW_TZ_HASH_LEN];
    char version[24];
    cw_tz_token_platform(t->maker.device, platform);
    cw_sha256(CW_TZ_IMPLEMENTATION, sizeof CW_TZ_IMPLEMENTATION - 1, implementation);
    if (!cw_cose_is_by(&t->maker.sign1, t->maker.manufacturer)) {
        return refuse(ret_why, "its manufacturer did not sign the certificate of its device key");
    }
    if (!cw_cose_is_by(&t->device_sign1, t->maker.device)) {
        return refuse(ret_why, "its device key did not sign the attestation key of its firmware");
    }
    if (!cw_cose_is_by(&t->sign1, t->attestation)) {
        return refuse(ret_why, "its attestation key did not sign what it claims");
    }
    if (memcmp(t->platform, platform, sizeof platform) != 0) {
        return refuse(ret_why, "it claims to be another device than its device key is");
    }
    (void)snprintf(version, sizeof version, "%" PRIu64, t->security_version);
    if (t->claimed_lifecycle != t->lifecycle || strcmp(t->version, version) != 0 ||
            memcmp(t->claimed_monitor, t->monitor, CW_TZ_HASH_LEN) != 0 ||
            memcmp(t->claimed_kernel, t->kernel, CW_TZ_HASH_LEN) != 0) {
        return refuse(ret_why, "it claims another firmware or life cycle than its device started");
    }
    if (t->boot == 0) {
        return refuse(ret_why, "its device never started, as it says");
    }
    if (strcmp(t->profile, CW_TZ_PROFILE) != 0 || t->client != 1 || !t->is_emulated ||
            strcmp(t->maker.implementation, CW_TZ_IMPLEMENTATION) != 0 ||
            memcmp(t->implementation, implementation, sizeof implementation) != 0) {
        return refuse(ret_why, "its profile is not " CW_TZ_PROFILE
                               ", the one whose meaning this program knows");
    }
    return CW_OK;
}

/* --- the maker's certificate ---------------------------------------------------------------------- */

void cw_tz_maker_put(struct cw_writer *w, const struct cw_tz_key *manufacturer,
        const uint8_t device[static CW_P256_PUBLIC_LEN], const char *name)
{
    uint8_t payload[CW_TZ_CERTIFICATE_MAX];
    struct cw_writer p = cw_writer_over(payload, sizeof payload);
    cw_cbor_put_map(&p, 4);
    cw_cbor_put_unsigned(&p, 1);
    cw_cbor_put_bytes(&p, device, CW_P256_PUBLIC_LEN);
    cw_cbor_put_unsigned(&p, 2);
    cw_cbor_put_text(&p, name, strlen(name));
    cw_cbor_put_unsigned(&p, 3);
    cw_cbor_put_text(&p, CW_TZ_IMPLEMENTATION, sizeof CW_TZ_IMPLEMENTATION - 1);
    cw_cbor_put_unsigned(&p, 4);
    cw_cbor_put_bytes(&p, manufacturer->point, sizeof manufacturer->point);
    if (p.status != CW_OK) {
        w->status = p.status;
        return;
    }
    cw_cose_sign(w, payload, p.used_len, manufacturer->secret);
}
