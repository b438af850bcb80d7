/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/owner/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "tee/trustzone/owner/image.h"
#include "tee/trustzone/owner/text.h"

struct judging {
    const struct cw_tz_policy *policy;
    const struct cw_tz_token *token;
    char *why;
};

static bool refuse(const struct judging *j, const char *remedy, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static bool refuse(const struct judging *j, const char *remedy, const char *format, ...)
{
    char reason[CW_TZ_WHY_LEN / 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    (void)snprintf(j->why, CW_TZ_WHY_LEN, "%s; %.250s", reason, remedy);
    return false;
}

static bool is_hash(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, CW_TZ_HASH_LEN) == 0;
}

/* --- the steps ---------------------------------------- */

static bool check_device(const struct judging *j)
{
    const struct cw_tz_policy *p = j->policy;
    if (p->platform == NULL && p->manufacturer_count == 0) {
        return refuse(j,
                "write \"platform\": \"ID\" into its node (`causeway trustzone inspect FLASH` tells it), "
                "or the manufacturer's key into \"collateral\"",
                "the descriptor names no device to believe");
    }
    if (p->platform != NULL && !is_hash(j->token->platform, p->platform)) {
        return refuse(j, "correct \"platform\", or put the module on the node of that device",
                "its device is %.16s, the descriptor names %.16s",
                cw_tz_hex(j->token->platform, CW_TZ_HASH_LEN).text,
                cw_tz_hex(p->platform, CW_TZ_HASH_LEN).text);
    }
    for (size_t i = 0; i < p->manufacturer_count; i++) {
        if (memcmp(p->manufacturers[i], j->token->maker.manufacturer, CW_P256_PUBLIC_LEN) == 0) {
            return true;
        }
    }
    return p->manufacturer_count == 0 ||
            refuse(j, "use a device of a manufacturer that \"collateral\" names, or add his key",
                    "its device was made by %.16s, whose key \"collateral\" does not hold",
                    cw_tz_key_id(j->token->maker.manufacturer).text);
}

static bool check_firmware(const struct judging *j)
{
    static const char remedy[] = "give the board the firmware of this Causeway (`causeway trustzone "
                                 "new-device --update FLASH`), or add that firmware's .bin file to the "
                                 "folder that \"collateral\" names";
    const struct cw_tz_token *t = j->token;
    uint32_t newest = 0;
    for (size_t i = 0; i < j->policy->firmware_count; i++) {
        const struct cw_tz_firmware_info *f = &j->policy->firmwares[i];
        newest = f->security_version > newest ? f->security_version : newest;
        if (is_hash(f->monitor, t->monitor) && is_hash(f->kernel, t->kernel)) {
            return f->security_version == t->security_version ||
                    refuse(j, remedy, "its firmware says security version %" PRIu64 ", which is %u",
                            t->security_version, f->security_version);
        }
    }
    return refuse(j, remedy,
            "its firmware is another one than the owner's: security version %" PRIu64
            " (the owner's %u), kernel %.16s",
            t->security_version, newest, cw_tz_hex(t->kernel, CW_TZ_HASH_LEN).text);
}

static bool check_lifecycle(const struct judging *j)
{
    return j->token->lifecycle == CW_TZ_LIFECYCLE_TEST ||
            refuse(j, "use a device that `causeway trustzone new-device` made",
                    "its life cycle is %s, expected is test, as of every emulated device",
                    cw_tz_lifecycle_name(j->token->lifecycle).text);
}

static bool check_module(const struct judging *j)
{
    static const char remedy[] = "another module runs there, or an older build of it: `causeway apply` "
                                 "loads the one that was built";
    const struct cw_tz_policy *p = j->policy;
    const struct cw_tz_token *t = j->token;
    if (t->module.is_debug && !p->is_debug) {
        return refuse(j, remedy, "it is a debug image, which tells its node what it logs");
    }
    if (!is_hash(t->module.measurement, p->measurement)) {
        return refuse(j, remedy, "its measurement is %.16s, what was built has %.16s",
                cw_tz_hex(t->module.measurement, CW_TZ_HASH_LEN).text,
                cw_tz_hex(p->measurement, CW_TZ_HASH_LEN).text);
    }
    if (!is_hash(t->module.signer, p->signer)) {
        return refuse(j, remedy, "it is signed by %.16s, not by the owner's key %.16s",
                cw_tz_hex(t->module.signer, CW_TZ_HASH_LEN).text,
                cw_tz_hex(p->signer, CW_TZ_HASH_LEN).text);
    }
    if (strcmp(t->module.name, p->name) != 0 || t->module.device != p->device ||
            t->module.is_debug != p->is_debug || t->module.security_version != p->security_version) {
        return refuse(j, remedy,
                "it is called %s, version %" PRIu64 ", device %s; what was built: %s, %u, %s",
                t->module.name, t->module.security_version,
                cw_tz_device_name(t->module.device).text, p->name, p->security_version,
                cw_tz_device_name(p->device).text);
    }
    return memcmp(t->report, p->report, sizeof t->report) == 0 ||
            refuse(j, "ask again: `causeway attest`",
                    "it is about another session, or an old one: the token does not hold this nonce");
}

cw_status cw_tz_judge(const uint8_t *bytes, size_t len, const struct cw_tz_policy *policy,
        struct cw_tz_token *ret_token, char ret_why[static CW_TZ_WHY_LEN])
{
    static bool (*const steps[])(const struct judging *) = {check_device, check_firmware,
            check_lifecycle, check_module};
    const struct judging j = {.policy = policy, .token = ret_token, .why = ret_why};
    if (cw_tz_token_decode(bytes, len, ret_token) != CW_OK) {
        (void)refuse(&j, "its node, or its board's firmware, is not of this version of Causeway",
                "this is no token");
        return CW_E_AUTH;
    }
    if (cw_tz_token_check(ret_token, ret_why) != CW_OK) {
        return CW_E_AUTH;
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (!steps[i](&j)) {
            return CW_E_DENIED;
        }
    }
    return CW_OK;
}

/* --- the backend's ---------------------------------------- */

/* What was built here says what it is. */
static cw_status describe(const struct cw_owner_built *built, struct cw_tz_policy *p,
        char why[static CW_TZ_WHY_LEN])
{
    char reason[CW_TZ_IMAGE_WHY_LEN] = "";
    struct cw_tz_image_content image;
    if (cw_tz_image_read(built->image, built->image_len, &image, reason) != CW_OK) {
        (void)snprintf(why, CW_TZ_WHY_LEN, "what was built is no image: %s", reason);
        return CW_E_FORM;
    }
    p->is_debug = (image.wish.flags & CW_TZ_DEBUG) != 0;
    p->security_version = image.wish.security_version;
    p->device = image.wish.device;
    (void)snprintf(p->name, sizeof p->name, "%s", image.wish.name);
    cw_sha256(image.signer, sizeof image.signer, p->signer);
    p->measurement = built->measurement;
    return CW_OK;
}

static cw_status set_policy(const struct cw_owner_node *node, const struct cw_owner_built *built,
        struct cw_tz_policy *p, char why[static CW_TZ_WHY_LEN])
{
    cw_status status = describe(built, p, why);
    p->platform = node->platform;
    if (status == CW_OK && node->sdk_dir != NULL) {
        char *path = cw_tz_firmware_path(node->sdk_dir);
        status = path == NULL ? CW_E_SYSTEM
                              : cw_tz_firmware_read(path, &p->firmwares[0], why);
        p->firmware_count = status == CW_OK ? 1 : 0;
        free(path);
    }
    if (status == CW_OK && node->collateral != NULL) {
        status = cw_tz_collateral_read(node->collateral, p, why);
    }
    return status;
}

static void tell(const struct cw_tz_token *t, struct cw_owner_verdict *v)
{
    *v = (struct cw_owner_verdict){.genuine = true, .is_protected = true, .emulated = true,
            .start_count = t->boot};
    memcpy(v->start_seed, t->seed, sizeof v->start_seed);
    memcpy(v->signer, cw_tz_hex(t->module.signer, CW_TZ_HASH_LEN).text, sizeof v->signer);
    memcpy(v->platform, cw_tz_hex(t->platform, CW_TZ_HASH_LEN).text, sizeof v->platform);
    (void)snprintf(v->tcb, sizeof v->tcb, "firmware security version %" PRIu64, t->security_version);
    (void)snprintf(v->text, sizeof v->text,
            "trustzone: genuine module on an emulated board, platform %.16s, %s, start %" PRIu64
            " (emulated)",
            v->platform, v->tcb, t->boot);
}

cw_status cw_tz_verify(const struct cw_owner_node *node, const struct cw_owner_built *built,
        const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static 32],
        const uint8_t *report, const uint8_t *proof, size_t proof_len,
        struct cw_owner_verdict *ret_verdict)
{
    (void)nonce; /* both are bound into report */
    (void)life;
    char why[CW_TZ_WHY_LEN] = "there is no memory";
    struct cw_tz_token token = {0};
    struct cw_tz_policy *policy = calloc(1, sizeof *policy);
    cw_status status = policy == NULL ? CW_E_SYSTEM : set_policy(node, built, policy, why);
    if (status == CW_OK) {
        policy->report = report;
        status = cw_tz_judge(proof, proof_len, policy, &token, why);
    }
    free(policy);
    if (status == CW_OK) {
        tell(&token, ret_verdict);
        return CW_OK;
    }
    *ret_verdict = (struct cw_owner_verdict){.emulated = true}; /* there is no other profile */
    (void)snprintf(ret_verdict->text, sizeof ret_verdict->text, "trustzone: %.600s", why);
    return CW_E_AUTH;
}
