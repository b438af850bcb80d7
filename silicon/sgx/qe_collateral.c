/* SPDX-License-Identifier: MIT */
/* TCB info and QE identity are signed as the texts that they are in the outer object. */
#include "silicon/sgx/qe_state.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "silicon/sgx/field.h"

#define BACK_S 3600           /* dated back: clocks differ */
#define VALID_S (30 * 24 * 3600)
#define TCB_DATE "2024-01-01T00:00:00Z"
#define DATE_CAP 32u

static void date_of(int64_t time, char ret_text[DATE_CAP])
{
    time_t seconds = (time_t)time;
    struct tm parts = {0};
    gmtime_r(&seconds, &parts);
    strftime(ret_text, DATE_CAP, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static json_t *hex_of(const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = malloc(2 * len + 1);
    if (text == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    json_t *string = json_stringn(text, 2 * len);
    free(text);
    return string;
}

/* A number of a structure as its bytes lie in memory. */
static json_t *field_hex(uint64_t low, uint64_t high, unsigned len)
{
    uint8_t bytes[16];
    cw_field_put(bytes, low, 8);
    cw_field_put(bytes + 8, high, 8);
    return hex_of(bytes, len);
}

static json_t *tcb_info(const char *from, const char *until)
{
    json_t *components = json_array();
    for (unsigned i = 0; i < SGX_CPUSVN_LEN; i++) {
        json_array_append_new(components, json_pack("{si}", "svn", (int)cw_sgx_cpusvn[i]));
    }
    /* Packing takes hold of what it is given, and fails as a whole if that is NULL. */
    return json_pack("{ss si ss ss so so si si s[{s{so si} ss ss}]}", "id", "SGX", "version", 3,
            "issueDate", from, "nextUpdate", until, "fmspc", hex_of(cw_qe_fmspc, sizeof cw_qe_fmspc),
            "pceId", hex_of(cw_qe_pceid, sizeof cw_qe_pceid), "tcbType", 0,
            "tcbEvaluationDataNumber", 1, "tcbLevels", "tcb", "sgxtcbcomponents", components,
            "pcesvn", (int)CW_QE_PCESVN, "tcbDate", TCB_DATE, "tcbStatus", "EMULATED");
}

static json_t *qe_identity(const char *from, const char *until)
{
    uint8_t mrsigner[SGX_HASH_LEN];
    cw_qe_mrsigner(mrsigner);
    return json_pack("{ss si ss ss si so so so so so si s[{s{si} ss ss}]}", "id", "QE", "version", 2,
            "issueDate", from, "nextUpdate", until, "tcbEvaluationDataNumber", 1, "miscselect",
            field_hex(0, 0, 4), "miscselectMask", field_hex(0xffffffff, 0, 4), "attributes",
            field_hex(CW_QE_ATTRIBUTES, CW_QE_XFRM, 16), "attributesMask",
            field_hex(~(uint64_t)0, ~(uint64_t)0, 16), "mrsigner", hex_of(mrsigner, sizeof mrsigner),
            "isvprodid", (int)CW_QE_ISVPRODID, "tcbLevels", "tcb", "isvsvn", (int)CW_QE_ISVSVN,
            "tcbDate", TCB_DATE, "tcbStatus", "UpToDate");
}

/* The object as text and the signature of just these bytes.  Takes hold of object. */
static cw_status add_signed(const struct cw_qe *qe, json_t *all, const char *name, json_t *object)
{
    char signature_name[64];
    uint8_t signature[CW_QE_RAW_SIGNATURE_LEN];
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(object);
    snprintf(signature_name, sizeof signature_name, "%s_signature", name);
    cw_status status = text == NULL
            ? CW_E_SYSTEM
            : cw_qe_sign(qe, CW_QE_TCB_SIGNING, text, strlen(text), signature);
    if (status == CW_OK &&
            (json_object_set_new(all, name, json_string(text)) != 0 ||
                    json_object_set_new(all, signature_name,
                            hex_of(signature, sizeof signature)) != 0)) {
        status = CW_E_SYSTEM;
    }
    free(text);
    return status;
}

static cw_status add_list(const struct cw_qe *qe, json_t *all, const char *name,
        cw_qe_key authority, int64_t now)
{
    uint8_t *der = NULL;
    size_t len = 0;
    cw_status status = cw_qe_crl(qe, authority, now - BACK_S, now + VALID_S, &der, &len);
    if (status == CW_OK && json_object_set_new(all, name, hex_of(der, len)) != 0) {
        status = CW_E_SYSTEM;
    }
    OPENSSL_free(der);
    return status;
}

static cw_status add_chain(const struct cw_qe *qe, json_t *all, const char *name, cw_qe_key leaf)
{
    return json_object_set_new(all, name,
                   json_sprintf("%s%s", qe->pem[leaf], qe->pem[CW_QE_ROOT_CA])) == 0
            ? CW_OK
            : CW_E_SYSTEM;
}

static cw_status fill(const struct cw_qe *qe, int64_t now, json_t *all)
{
    char from[DATE_CAP];
    char until[DATE_CAP];
    date_of(now - BACK_S, from);
    date_of(now + VALID_S, until);
    cw_status status = add_signed(qe, all, "tcb_info", tcb_info(from, until));
    if (status == CW_OK) {
        status = add_chain(qe, all, "tcb_info_issuer_chain", CW_QE_TCB_SIGNING);
    }
    if (status == CW_OK) {
        status = add_signed(qe, all, "qe_identity", qe_identity(from, until));
    }
    if (status == CW_OK) {
        status = add_chain(qe, all, "qe_identity_issuer_chain", CW_QE_TCB_SIGNING);
    }
    if (status == CW_OK) {
        status = add_list(qe, all, "pck_crl", CW_QE_PLATFORM_CA, now);
    }
    if (status == CW_OK) {
        status = add_chain(qe, all, "pck_crl_issuer_chain", CW_QE_PLATFORM_CA);
    }
    if (status == CW_OK) {
        status = add_list(qe, all, "root_ca_crl", CW_QE_ROOT_CA, now);
    }
    return status;
}

cw_status cw_qe_collateral(const struct cw_qe *qe, int64_t now, char **ret_json)
{
    json_t *all = json_object();
    char *text = NULL;
    if (all != NULL && fill(qe, now, all) == CW_OK) {
        text = json_dumps(all, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    }
    json_decref(all);
    if (text == NULL) {
        return CW_E_SYSTEM;
    }
    *ret_json = text;
    return CW_OK;
}
