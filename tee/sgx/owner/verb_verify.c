/* SPDX-License-Identifier: MIT */
/* `causeway sgx verify`: a quote, collateral, a time and a policy from the command line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "posix/args.h"
#include "posix/file.h"
#include "posix/log.h"
#include "tee/sgx/owner/text.h"
#include "tee/sgx/owner/verbs.h"
#include "tee/sgx/owner/verify.h"

#define QUOTE_FILE_MAX (1u << 20)
#define LIST_MAX 16u

enum {
    QUOTE,
    COLLATERAL,
    TIME,
    ROOT,
    MRENCLAVE,
    MRSIGNER,
    PRODID,
    MIN_SVN,
    REPORT_DATA,
    XFRM,
    PLATFORM,
    MIN_EVALUATION,
    ALLOW_STATUS,
    REFUSE_ADVISORY,
    ALLOW_DEBUG,
    ALLOW_EMULATED,
    WITHOUT_CRLS,
};

static const struct cw_args_option options[] = {
        [QUOTE] = {"quote", "FILE", "a DCAP quote, as the machine gave it"},
        [COLLATERAL] = {"collateral", "PATH", "a folder of the separate files, or one JSON object"},
        [TIME] = {"time", "TIME",
                "to judge at: 2025-06-19T12:00:00Z, or seconds since 1970; else now"},
        [ROOT] = {"root-key-hash", "HEX",
                "pin another root than Intel's: SHA-256 of its public key "
                "(SubjectPublicKeyInfo)"},
        [MRENCLAVE] = {"mrenclave", "HEX", "the enclave must be this one"},
        [MRSIGNER] = {"mrsigner", "HEX", "the enclave must be of this signer"},
        [PRODID] = {"prodid", "N", "with this product number (ISVPRODID)"},
        [MIN_SVN] = {"min-svn", "N", "with this security version (ISVSVN) or a newer one"},
        [REPORT_DATA] = {"report-data", "HEX", "with this REPORTDATA, 64 bytes"},
        [XFRM] = {"xfrm", "MASK", "with no other bits in XFRM than these: 0x3"},
        [PLATFORM] = {"ppid-hash", "HEX",
                "on this platform: SHA-256 of its PPID, as verdicts show it"},
        [MIN_EVALUATION] = {"min-evaluation", "N",
                "least tcbEvaluationDataNumber of the collateral"},
        [ALLOW_STATUS] = {"allow-status", "STATUS[,STATUS]",
                "TCB statuses to accept besides UpToDate"},
        [REFUSE_ADVISORY] = {"refuse-advisory", "ID[,ID]",
                "refuse platforms that these advisories name"},
        [ALLOW_DEBUG] = {"allow-debug", NULL,
                "accept DEBUG enclaves, whose memory their host reads"},
        [ALLOW_EMULATED] = {"allow-emulated", NULL,
                "accept an emulated CPU, whose root key is pinned"},
        [WITHOUT_CRLS] = {"without-crls", NULL,
                "do without revocation lists that the collateral lacks: "
                "who was revoked is not noticed"},
        {0},
};

/* The policy, and the bytes that it points to. */
struct wish {
    struct cw_dcap_policy policy;
    uint8_t root[CW_DCAP_HASH_LEN];
    uint8_t mrenclave[SGX_HASH_LEN];
    uint8_t mrsigner[SGX_HASH_LEN];
    uint8_t platform[CW_DCAP_HASH_LEN];
    uint8_t report_data[SGX_REPORTDATA_LEN];
    char *advisory_text;
    const char *advisories[LIST_MAX + 1];
    int64_t time;
};

static bool wrong(size_t option, const char *found, const char *expected)
{
    cw_log_error("--%s" CW_AT ": found \"%s\"" CW_REMEDY ", expected %s", options[option].name,
            found, expected);
    return false;
}

static bool read_hex(const char *const *values, size_t option, uint8_t *ret_bytes, size_t len,
        const uint8_t **ret_in_policy)
{
    char expected[64];
    const char *text = values[option];
    if (text == NULL) {
        return true;
    }
    (void)snprintf(expected, sizeof expected, "%zu hexadecimal digits", 2 * len);
    *ret_in_policy = ret_bytes;
    return cw_text_hex(text, strlen(text), ret_bytes, len) || wrong(option, text, expected);
}

static bool read_number(
        const char *const *values, size_t option, uint64_t max, uint64_t *ret_number)
{
    const char *text = values[option];
    if (text == NULL) {
        return true;
    }
    bool is_hex = strncmp(text, "0x", 2) == 0;
    const char *digits = text + (is_hex ? 2 : 0);
    size_t len = strlen(digits);
    char expected[64];
    (void)snprintf(expected, sizeof expected, "a number from 0 to %" PRIu64, max);
    if (len == 0 || len > (is_hex ? 16u : 19u) ||
            strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789") != len) {
        return wrong(option, text, expected);
    }
    uint64_t number = strtoull(digits, NULL, is_hex ? 16 : 10);
    if (number > max) {
        return wrong(option, text, expected);
    }
    *ret_number = number;
    return true;
}

static bool read_time(const char *const *values, int64_t *ret_time)
{
    uint64_t seconds = 0;
    if (values[TIME] == NULL) {
        *ret_time = (int64_t)time(NULL);
        return true;
    }
    if (strspn(values[TIME], "0123456789") == strlen(values[TIME])) {
        bool is_well = read_number(values, TIME, 253402300799u, &seconds);
        *ret_time = (int64_t)seconds;
        return is_well;
    }
    return cw_text_time(values[TIME], ret_time) ||
            wrong(TIME, values[TIME], "2025-06-19T12:00:00Z, or seconds since 1970");
}

static bool read_statuses(const char *const *values, uint32_t *ret_statuses)
{
    char *text = values[ALLOW_STATUS] == NULL ? NULL : strdup(values[ALLOW_STATUS]);
    char *rest = NULL;
    bool is_well = true;
    for (char *name = text == NULL ? NULL : strtok_r(text, ",", &rest); name != NULL && is_well;
            name = strtok_r(NULL, ",", &rest)) {
        cw_dcap_status status = CW_DCAP_UNKNOWN;
        is_well = (cw_dcap_status_parse(name, &status) && status < CW_DCAP_REVOKED) ||
                wrong(ALLOW_STATUS, name, "UpToDate, SWHardeningNeeded, ConfigurationNeeded, "
                "ConfigurationAndSWHardeningNeeded, OutOfDate or OutOfDateConfigurationNeeded");
        *ret_statuses |= is_well ? CW_DCAP_STATUS_BIT(status) : 0;
    }
    free(text);
    return is_well;
}

static bool read_advisories(const char *const *values, struct wish *w)
{
    char *rest = NULL;
    size_t count = 0;
    if (values[REFUSE_ADVISORY] == NULL) {
        return true;
    }
    w->advisory_text = strdup(values[REFUSE_ADVISORY]);
    for (char *name = w->advisory_text == NULL ? NULL : strtok_r(w->advisory_text, ",", &rest);
            name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (count == LIST_MAX) {
            return wrong(REFUSE_ADVISORY, values[REFUSE_ADVISORY], "at most 16 of them");
        }
        w->advisories[count++] = name;
    }
    w->policy.refused_advisories = w->advisories;
    return true;
}

static bool read_wish(const char *const *values, struct wish *w)
{
    struct cw_dcap_policy *p = &w->policy;
    uint64_t prodid = 0;
    uint64_t min_svn = 0;
    uint64_t min_evaluation = 0;
    if (!read_time(values, &w->time) ||
            !read_hex(values, ROOT, w->root, sizeof w->root, &p->root_key_hash) ||
            !read_hex(values, MRENCLAVE, w->mrenclave, sizeof w->mrenclave, &p->mrenclave) ||
            !read_hex(values, MRSIGNER, w->mrsigner, sizeof w->mrsigner, &p->mrsigner) ||
            !read_hex(values, PLATFORM, w->platform, sizeof w->platform, &p->ppid_hash) ||
            !read_hex(values, REPORT_DATA, w->report_data, sizeof w->report_data,
                    &p->report_data) ||
            !read_number(values, PRODID, UINT16_MAX, &prodid) ||
            !read_number(values, MIN_SVN, UINT16_MAX, &min_svn) ||
            !read_number(values, XFRM, UINT64_MAX, &p->xfrm_allowed) ||
            !read_number(values, MIN_EVALUATION, UINT32_MAX, &min_evaluation) ||
            !read_statuses(values, &p->allowed_statuses) || !read_advisories(values, w)) {
        return false;
    }
    p->has_prodid = values[PRODID] != NULL;
    p->prodid = (uint16_t)prodid;
    p->min_svn = (uint16_t)min_svn;
    p->min_evaluation_number = (uint32_t)min_evaluation;
    p->allow_debug = values[ALLOW_DEBUG] != NULL;
    p->allow_emulated = values[ALLOW_EMULATED] != NULL;
    p->allow_no_lists = values[WITHOUT_CRLS] != NULL;
    p->allow_foreign_root = values[ROOT] != NULL; /* whoever pins it here by hand wants it */
    return true;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static json_t *hex_json(const uint8_t *bytes, size_t len)
{
    char text[2 * SGX_REPORTDATA_LEN + 1];
    return json_string(cw_text_hex_print(bytes, len, text));
}

static json_t *number_hex(uint64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "0x%" PRIx64, number);
    return json_string(text);
}

static json_t *time_json(int64_t time, bool is_known)
{
    char text[CW_TEXT_TIME_CAP];
    if (!is_known) {
        return json_null();
    }
    cw_text_time_print(time, text);
    return json_string(text);
}

static json_t *status_json(cw_dcap_status status)
{
    return status == CW_DCAP_UNKNOWN ? json_null() : json_string(cw_dcap_status_name(status));
}

static json_t *text_json(const char *text)
{
    return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *report_json(const struct cw_dcap_verdict *v)
{
    const struct cw_dcap_report *r = &v->report;
    if (v->version == 0) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:i, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o}",
            "mrenclave", hex_json(r->mrenclave, sizeof r->mrenclave),
            "mrsigner", hex_json(r->mrsigner, sizeof r->mrsigner),
            "isvprodid", (int)r->prodid,
            "isvsvn", (int)r->svn,
            "debug", v->is_debug,
            "attributes", number_hex(r->attributes),
            "xfrm", number_hex(r->xfrm),
            "miscselect", number_hex(r->miscselect),
            "cpusvn", hex_json(r->cpusvn, sizeof r->cpusvn),
            "report_data", hex_json(r->report_data, sizeof r->report_data),
            "config_id", hex_json(r->config_id, sizeof r->config_id),
            "config_svn", (int)r->config_svn,
            "family_id", hex_json(r->family_id, sizeof r->family_id),
            "ext_prodid", hex_json(r->ext_prodid, sizeof r->ext_prodid));
}

static json_t *platform_json(const struct cw_dcap_verdict *v)
{
    const struct cw_dcap_platform *p = &v->platform;
    if (!v->has_platform) {
        return json_null();
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:i, s:o, s:i}",
            "issuer", p->issuer,
            "fmspc", hex_json(p->fmspc, sizeof p->fmspc),
            "pceid", hex_json(p->pceid, sizeof p->pceid),
            "ppid_hash", hex_json(p->ppid_hash, sizeof p->ppid_hash),
            "components", hex_json(p->components, sizeof p->components),
            "pcesvn", (int)p->pcesvn,
            "cpusvn", hex_json(p->cpusvn, sizeof p->cpusvn),
            "type", (int)p->type);
}

static json_t *steps_json(const struct cw_dcap_verdict *v)
{
    json_t *list = json_array();
    for (cw_dcap_step step = CW_DCAP_STEP_QUOTE; step < CW_DCAP_STEP_COUNT; step++) {
        const char *result = v->accepted || step < v->failed ? "passed"
                : step == v->failed ? "failed" : "not reached";
        (void)json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "step", (int)step, "name",
                cw_dcap_step_name(step), "result", result));
    }
    return list;
}

static json_t *verdict_json(const struct cw_dcap_verdict *v, int64_t time)
{
    bool has_status = v->status != CW_DCAP_UNKNOWN;
    bool has_numbers = v->accepted || v->failed > CW_DCAP_STEP_COLLATERAL;
    json_t *advisories = json_array();
    for (size_t i = 0; i < v->advisory_count; i++) {
        (void)json_array_append_new(advisories, json_string(v->advisories[i]));
    }
    json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
            "verdict", v->accepted ? "accepted" : "refused",
            "status", status_json(v->status),
            "advisories", advisories,
            "reason", text_json(v->reason),
            "remedy", text_json(v->remedy),
            "platform", platform_json(v),
            "report", report_json(v));
    json_t *more = json_pack("{s:b, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
            "genuine", v->genuine,
            "protected", v->is_protected,
            "emulated", v->emulated,
            "not_verifiable_offline", v->not_offline,
            "revocation_checked", has_numbers && !v->lacked_list,
            "platform_status", status_json(v->platform_status),
            "qe_status", status_json(v->qe_status),
            "tcb_date", time_json(v->tcb_date, v->platform_status != CW_DCAP_UNKNOWN),
            "qe_tcb_date", time_json(v->qe_tcb_date, v->qe_status != CW_DCAP_UNKNOWN),
            "tcb_evaluation_number",
            has_numbers ? json_integer(v->tcb_evaluation_number) : json_null(),
            "qe_evaluation_number",
            has_numbers ? json_integer(v->qe_evaluation_number) : json_null(),
            "time", time_json(time, true),
            "valid_from", time_json(v->valid_from, has_status),
            "valid_until", time_json(v->valid_until, has_status));
    json_t *last = json_pack("{s:o, s:o, s:{s:i, s:i, s:I}, s:o, s:o}",
            "root", !v->has_platform ? json_null() : json_string(v->is_intel_root ? "intel"
                                                                                   : "pinned"),
            "root_key_hash", v->has_platform ? hex_json(v->root_key_hash, sizeof v->root_key_hash)
                                             : json_null(),
            "quote", "version", (int)v->version, "certification_type", (int)v->cert_type,
            "trailing_bytes", (json_int_t)v->trailing_len,
            "failed_step", v->failed == CW_DCAP_STEP_NONE ? json_null() : json_integer(v->failed),
            "steps", steps_json(v));
    (void)json_object_update(object, more);
    (void)json_object_update(object, last);
    json_decref(more);
    json_decref(last);
    return object;
}

static void print_row(const char *name, const json_t *value)
{
    if (json_is_string(value)) {
        printf("  %-12s %s\n", name, json_string_value(value));
    } else if (json_is_integer(value)) {
        printf("  %-12s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
    }
}

static void print_verdict(const struct cw_dcap_verdict *v, const json_t *object)
{
    static const char *const of_report[] = {"mrenclave", "mrsigner", "isvprodid", "isvsvn",
        "attributes", "xfrm", "report_data"};
    static const char *const of_platform[] = {"fmspc", "pceid", "issuer", "ppid_hash"};
    char line[CW_DCAP_TEXT_CAP];
    cw_dcap_verdict_line(v, line, sizeof line);
    if (v->accepted) {
        printf("%s\n", line);
    } else if (!v->genuine && v->version != 0) {
        printf("sgx: not verified; what it says of itself:\n");
    }
    print_row("status", json_object_get(object, "status"));
    for (size_t i = 0; i < v->advisory_count; i++) {
        printf("  %-12s %s\n", i == 0 ? "advisories" : "", v->advisories[i]);
    }
    print_row("tcb_date", json_object_get(object, "tcb_date"));
    print_row("time", json_object_get(object, "time"));
    print_row("valid_until", json_object_get(object, "valid_until"));
    for (size_t i = 0; i < sizeof of_platform / sizeof of_platform[0]; i++) {
        print_row(of_platform[i], json_object_get(json_object_get(object, "platform"),
                of_platform[i]));
    }
    for (size_t i = 0; i < sizeof of_report / sizeof of_report[0]; i++) {
        print_row(of_report[i], json_object_get(json_object_get(object, "report"), of_report[i]));
    }
    if (v->trailing_len != 0) {
        printf("  %zu bytes behind the quote are no part of it\n", v->trailing_len);
    }
    if (v->accepted && v->is_debug) {
        printf("  DEBUG enclave: its host reads and writes its memory\n");
    }
}

static cw_status judge(const char *quote_path, const char *collateral_path, const struct wish *w,
        struct cw_dcap_verdict *ret_verdict)
{
    uint8_t *quote = NULL;
    size_t quote_len = 0;
    char why[CW_DCAP_WHY_CAP];
    struct cw_dcap_collateral *collateral = NULL;
    struct cw_dcap_collateral nothing = {0};
    cw_status status = cw_file_read(quote_path, QUOTE_FILE_MAX, &quote, &quote_len);
    if (status != CW_OK) {
        if (status == CW_E_ABSENT) {
            cw_log_error("%s" CW_AT ": there is no such file" CW_REMEDY "; name the quote's file",
                    quote_path);
        }
        return CW_E_FORM;
    }
    status = cw_dcap_collateral_read(collateral_path, &collateral, why);
    if (status == CW_E_ABSENT || status == CW_E_SYSTEM) {
        cw_log_error("--collateral" CW_AT ": %s" CW_REMEDY
                     "; name a folder, or a file with one JSON "
                     "object",
                why);
        free(quote);
        return CW_E_FORM;
    }
    cw_status verdict = cw_dcap_verify(quote, quote_len, collateral == NULL ? &nothing : collateral,
            w->time, &w->policy, ret_verdict);
    if (collateral == NULL && ret_verdict->failed > CW_DCAP_STEP_PCK) {
        ret_verdict->failed = CW_DCAP_STEP_COLLATERAL;
        (void)snprintf(ret_verdict->reason, sizeof ret_verdict->reason, "%s", why);
        (void)snprintf(ret_verdict->remedy, sizeof ret_verdict->remedy, "get the collateral of the "
                "platform anew (docs/sgx-attestation.md)");
    }
    cw_dcap_collateral_free(collateral);
    free(quote);
    return verdict;
}

static cw_status run(const struct cw_owner_call *call, struct json_t **ret_result)
{
    struct wish w = {0};
    struct cw_dcap_verdict verdict;
    cw_status status = CW_E_FORM;
    for (size_t i = QUOTE; i <= COLLATERAL; i++) {
        if (call->values[i] == NULL) {
            cw_log_error("sgx verify" CW_AT ": --%s is missing" CW_REMEDY "; `causeway sgx --help` "
                    "shows what it takes", options[i].name);
            return CW_E_FORM;
        }
    }
    if (!read_wish(call->values, &w)) {
        goto free_wish;
    }
    status = judge(call->values[QUOTE], call->values[COLLATERAL], &w, &verdict);
    if (status == CW_E_FORM) {
        goto free_wish;
    }
    if (status == CW_OK && w.policy.mrenclave == NULL && w.policy.mrsigner == NULL) {
        cw_log_warn("sgx verify" CW_AT ": any enclave of this platform is accepted" CW_REMEDY
                "; --mrenclave, or --mrsigner with --prodid and --min-svn, says which it must be");
    }
    json_t *object = verdict_json(&verdict, w.time);
    if (status != CW_OK) {
        status = CW_E_DENIED;
        cw_log_error("%s" CW_AT ": refused in step %u, %s: %s" CW_REMEDY "; %s",
                call->values[QUOTE], (unsigned)verdict.failed, cw_dcap_step_name(verdict.failed),
                verdict.reason, verdict.remedy);
    }
    if (call->json) {
        *ret_result = object;
    } else {
        print_verdict(&verdict, object);
        json_decref(object);
    }
free_wish:
    free(w.advisory_text);
    return status;
}

const struct cw_owner_verb cw_sgx_verb_verify = {
    .name = "verify",
    .summary = "is a DCAP quote genuine, and what does it say?",
    .operands = "",
    .example = "causeway sgx verify --quote quote.bin --collateral collateral/ --time "
               "2025-06-19T12:00:00Z",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
