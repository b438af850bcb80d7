/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "posix/log.h"
#include "tee/sgx/owner/text.h"

bool cw_step_refuse(struct cw_step *r, const char *remedy, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(r->verdict->reason, sizeof r->verdict->reason, format, arguments);
    va_end(arguments);
    (void)snprintf(r->verdict->remedy, sizeof r->verdict->remedy, "%s", remedy);
    cw_log_clean(r->verdict->reason, "");
    r->verdict->failed = r->step;
    return false;
}

bool cw_step_is_in_window(struct cw_step *r, int64_t from, int64_t until)
{
    if (r->time < from || r->time > until) {
        return false;
    }
    struct cw_dcap_verdict *v = r->verdict;
    v->valid_from = from > v->valid_from ? from : v->valid_from;
    v->valid_until = until < v->valid_until ? until : v->valid_until;
    return true;
}

bool cw_step_refuse_window(struct cw_step *r, const char *what, int64_t from, int64_t until)
{
    char at[CW_TEXT_TIME_CAP];
    char from_text[CW_TEXT_TIME_CAP];
    char until_text[CW_TEXT_TIME_CAP];
    cw_text_time_print(r->time, at);
    cw_text_time_print(from, from_text);
    cw_text_time_print(until, until_text);
    return cw_step_refuse(r, "verify with collateral of that time, or at a time of this collateral",
            "%s %s %s: valid from %s to %s", what,
            r->time < from ? "is not yet valid at" : "has expired at", at, from_text, until_text);
}

bool cw_step_check_window(struct cw_step *r, X509 *certificate)
{
    char name[CW_STEP_NAME_CAP];
    char what[CW_STEP_NAME_CAP + 32];
    int64_t from;
    int64_t until;
    cw_chain_common_name(certificate, name, sizeof name);
    if (!cw_chain_window(certificate, &from, &until)) {
        return cw_step_refuse(r, CW_STEP_GET_COLLATERAL, "certificate \"%s\" has no times", name);
    }
    (void)snprintf(what, sizeof what, "certificate \"%s\"", name);
    return cw_step_is_in_window(r, from, until) || cw_step_refuse_window(r, what, from, until);
}

bool cw_step_check_revoked(struct cw_step *r, const char *which, X509 *issuer, X509 *certificate)
{
    char name[CW_STEP_NAME_CAP];
    char what[CW_STEP_NAME_CAP + 64];
    size_t named = 0;
    size_t is_signed = 0;
    size_t usable = 0;
    int64_t from = 0;
    int64_t until = 0;
    cw_chain_common_name(issuer, name, sizeof name);
    for (size_t i = 0; i < r->collateral->lists.count; i++) {
        X509_CRL *list = r->collateral->lists.part[i].list;
        if (!cw_chain_names_issuer(issuer, list)) {
            continue;
        }
        named++;
        if (!cw_chain_issued_list(issuer, list)) {
            continue;
        }
        is_signed++;
        if (!cw_chain_window_list(list, &from, &until) || !cw_step_is_in_window(r, from, until)) {
            continue;
        }
        usable++;
        if (cw_chain_is_revoked(list, certificate)) {
            cw_chain_common_name(certificate, name, sizeof name);
            return cw_step_refuse(r,
                    "this platform, or who vouches for it, is no longer trusted: use "
                    "another one",
                    "certificate \"%s\" is revoked by the %s CRL", name, which);
        }
    }
    if (named == 0 && r->policy->allow_no_lists) {
        r->verdict->lacked_list = true;
        return true;
    }
    if (named == 0) {
        return cw_step_refuse(
                r, CW_STEP_GET_COLLATERAL, "the collateral has no %s CRL (of \"%s\")", which, name);
    }
    if (is_signed == 0) {
        return cw_step_refuse(
                r, CW_STEP_GET_COLLATERAL, "the %s CRL is not signed by \"%s\"", which, name);
    }
    (void)snprintf(what, sizeof what, "the %s CRL", which);
    return usable > 0 || cw_step_refuse_window(r, what, from, until);
}
