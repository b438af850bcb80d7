/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/tcb.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "tee/sgx/owner/text.h"

#define COMPONENTS 16u

static const char *const status_names[] = {"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded", "Revoked",
    "EMULATED", "Unknown"};

const char *cw_dcap_status_name(cw_dcap_status status)
{
    return status_names[status <= CW_DCAP_UNKNOWN ? status : CW_DCAP_UNKNOWN];
}

bool cw_dcap_status_parse(const char *name, cw_dcap_status *ret_status)
{
    for (cw_dcap_status status = CW_DCAP_UP_TO_DATE; status < CW_DCAP_UNKNOWN; status++) {
        if (strcmp(name, status_names[status]) == 0) {
            *ret_status = status;
            return true;
        }
    }
    return false;
}

/* A sticky reader of members: the first that is wrong fills why. */
struct members {
    char *why;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void fail(struct members *m, const char *format, ...)
{
    if (!m->failed) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(m->why, CW_TCB_WHY_CAP, format, arguments);
        va_end(arguments);
    }
    m->failed = true;
}

static uint32_t number(struct members *m, const json_t *object, const char *name, uint32_t max)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
            json_integer_value(value) > (json_int_t)max) {
        fail(m, "%s is no number from 0 to %u", name, max);
        return 0;
    }
    return (uint32_t)json_integer_value(value);
}

static void hex(struct members *m, const json_t *object, const char *name, uint8_t *ret_bytes,
        size_t len)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value) ||
            !cw_text_hex(json_string_value(value), json_string_length(value), ret_bytes, len)) {
        fail(m, "%s is no hex of %zu bytes", name, len);
    }
}

static int64_t date(struct members *m, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    int64_t time = 0;
    if (text == NULL || !cw_text_time(text, &time)) {
        fail(m, "%s is no time (2025-06-19T10:56:11Z)", name);
    }
    return time;
}

static void read_head(struct members *m, json_t *root, struct cw_tcb_head *head)
{
    head->root = root;
    head->issued = date(m, root, "issueDate");
    head->next_update = date(m, root, "nextUpdate");
    head->evaluation_number = number(m, root, "tcbEvaluationDataNumber", UINT32_MAX);
}

static bool is_advisory(const json_t *value)
{
    size_t len = json_string_length(value);
    for (size_t i = 0; i < len; i++) {
        char c = json_string_value(value)[i];
        if (c <= ' ' || c > '~') {
            return false;
        }
    }
    return len > 0 && len < CW_DCAP_ADVISORY_CAP;
}

/* What all levels have, besides tcb. */
static struct cw_tcb_level read_level(struct members *m, const json_t *level)
{
    struct cw_tcb_level result = {.status = CW_DCAP_UNKNOWN};
    const char *status = json_string_value(json_object_get(level, "tcbStatus"));
    if (status == NULL || !cw_dcap_status_parse(status, &result.status)) {
        fail(m, "tcbStatus of a level is none that is known");
    }
    result.date = date(m, level, "tcbDate");
    result.advisories = json_object_get(level, "advisoryIDs");
    if (result.advisories != NULL && !json_is_array(result.advisories)) {
        fail(m, "advisoryIDs of a level is no list");
    }
    for (size_t i = 0; i < json_array_size(result.advisories); i++) {
        if (!is_advisory(json_array_get(result.advisories, i))) {
            fail(m, "an entry of advisoryIDs is none");
        }
    }
    return result;
}

static void read_components(struct members *m, const json_t *tcb, unsigned version,
        uint8_t ret_components[static COMPONENTS])
{
    const json_t *list = json_object_get(tcb, "sgxtcbcomponents");
    if (version == 3 && json_array_size(list) != COMPONENTS) {
        fail(m, "sgxtcbcomponents of a level are not %u", COMPONENTS);
    }
    for (unsigned i = 0; i < COMPONENTS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "sgxtcbcomp%02usvn", i + 1);
        ret_components[i] = (uint8_t)(version == 3 ? number(m, json_array_get(list, i), "svn", 0xff)
                                                   : number(m, tcb, name, 0xff));
    }
}

/* Each level in turn is read whole; *ret_level is the first that is reached. */
static bool find_level(struct members *m, const struct cw_tcb_info *info,
        const uint8_t components[static COMPONENTS], uint16_t pcesvn,
        struct cw_tcb_level *ret_level)
{
    const json_t *levels = json_object_get(info->head.root, "tcbLevels");
    bool is_found = false;
    if (json_array_size(levels) == 0) {
        fail(m, "tcbLevels is no list, or empty");
    }
    for (size_t i = 0; i < json_array_size(levels); i++) {
        const json_t *level = json_array_get(levels, i);
        const json_t *tcb = json_object_get(level, "tcb");
        uint8_t wanted[COMPONENTS];
        read_components(m, tcb, info->version, wanted);
        bool is_reached = pcesvn >= number(m, tcb, "pcesvn", 0xffff);
        struct cw_tcb_level result = read_level(m, level);
        for (size_t k = 0; k < COMPONENTS; k++) {
            is_reached = is_reached && components[k] >= wanted[k];
        }
        if (is_reached && !is_found) {
            *ret_level = result;
            is_found = true;
        }
    }
    return is_found && !m->failed;
}

static bool find_qe_level(struct members *m, const struct cw_tcb_identity *identity, uint16_t svn,
        struct cw_tcb_level *ret_level)
{
    const json_t *levels = json_object_get(identity->head.root, "tcbLevels");
    bool is_found = false;
    if (json_array_size(levels) == 0) {
        fail(m, "tcbLevels is no list, or empty");
    }
    for (size_t i = 0; i < json_array_size(levels); i++) {
        const json_t *level = json_array_get(levels, i);
        bool is_reached = svn >= number(m, json_object_get(level, "tcb"), "isvsvn", 0xffff);
        struct cw_tcb_level result = read_level(m, level);
        if (is_reached && !is_found) {
            *ret_level = result;
            is_found = true;
        }
    }
    return is_found && !m->failed;
}

static json_t *parse(const uint8_t *text, size_t len, struct members *m)
{
    json_error_t error;
    json_t *root = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fail(m, "not JSON, column %d: %s", error.column, error.text);
    }
    return root;
}

cw_status cw_tcb_info_read(const uint8_t *text, size_t len, struct cw_tcb_info *ret_info,
        char ret_why[static CW_TCB_WHY_CAP])
{
    static const uint8_t none[COMPONENTS] = {0};
    struct members m = {ret_why, false};
    struct cw_tcb_info info = {0};
    json_t *root = parse(text, len, &m);
    const char *id = json_string_value(json_object_get(root, "id"));
    cw_status status = CW_E_FORM;
    if (root != NULL) {
        info.version = number(&m, root, "version", 0xffff);
        bool is_other = id != NULL && strcmp(id, "SGX") != 0;
        if (is_other) {
            fail(&m, "it is of another TEE than SGX");
            status = CW_E_ABSENT;
        }
        if (info.version != 2 && info.version != 3) {
            fail(&m, "version %u is not known: 2 and 3 are", info.version);
        }
        if (info.version == 3 && id == NULL) {
            fail(&m, "id is missing");
        }
        if (number(&m, root, "tcbType", 0xffff) != 0) {
            fail(&m, "tcbType is not 0");
        }
        hex(&m, root, "fmspc", info.fmspc, sizeof info.fmspc);
        hex(&m, root, "pceId", info.pceid, sizeof info.pceid);
        read_head(&m, root, &info.head);
        struct cw_tcb_level level;
        (void)find_level(&m, &info, none, 0, &level);
    }
    if (m.failed) {
        json_decref(root);
        return status;
    }
    *ret_info = info;
    return CW_OK;
}

cw_status cw_tcb_identity_read(const uint8_t *text, size_t len,
        struct cw_tcb_identity *ret_identity, char ret_why[static CW_TCB_WHY_CAP])
{
    struct members m = {ret_why, false};
    struct cw_tcb_identity identity = {0};
    json_t *root = parse(text, len, &m);
    const char *id = json_string_value(json_object_get(root, "id"));
    cw_status status = CW_E_FORM;
    if (root != NULL) {
        if (id != NULL && strcmp(id, "QE") != 0) {
            fail(&m, "it is of another enclave than the quoting enclave of SGX");
            status = CW_E_ABSENT;
        }
        if (id == NULL) {
            fail(&m, "id is missing");
        }
        if (number(&m, root, "version", 0xffff) != 2) {
            fail(&m, "its version is not 2");
        }
        hex(&m, root, "miscselect", identity.miscselect, sizeof identity.miscselect);
        hex(&m, root, "miscselectMask", identity.miscselect_mask, sizeof identity.miscselect_mask);
        hex(&m, root, "attributes", identity.attributes, sizeof identity.attributes);
        hex(&m, root, "attributesMask", identity.attributes_mask, sizeof identity.attributes_mask);
        hex(&m, root, "mrsigner", identity.mrsigner, sizeof identity.mrsigner);
        identity.prodid = (uint16_t)number(&m, root, "isvprodid", 0xffff);
        read_head(&m, root, &identity.head);
        struct cw_tcb_level level;
        (void)find_qe_level(&m, &identity, 0, &level);
    }
    if (m.failed) {
        json_decref(root);
        return status;
    }
    *ret_identity = identity;
    return CW_OK;
}

bool cw_tcb_info_level(const struct cw_tcb_info *info, const uint8_t components[static COMPONENTS],
        uint16_t pcesvn, struct cw_tcb_level *ret_level)
{
    char why[CW_TCB_WHY_CAP];
    struct members m = {why, false};
    return find_level(&m, info, components, pcesvn, ret_level);
}

bool cw_tcb_identity_level(const struct cw_tcb_identity *identity, uint16_t svn,
        struct cw_tcb_level *ret_level)
{
    char why[CW_TCB_WHY_CAP];
    struct members m = {why, false};
    return find_qe_level(&m, identity, svn, ret_level);
}

void cw_tcb_info_free(struct cw_tcb_info *info)
{
    json_decref(info->head.root);
    info->head.root = NULL;
}

void cw_tcb_identity_free(struct cw_tcb_identity *identity)
{
    json_decref(identity->head.root);
    identity->head.root = NULL;
}

cw_dcap_status cw_tcb_converge(cw_dcap_status platform, cw_dcap_status qe)
{
    if (platform == CW_DCAP_REVOKED || qe == CW_DCAP_REVOKED) {
        return CW_DCAP_REVOKED;
    }
    if (platform == CW_DCAP_EMULATED || qe == CW_DCAP_EMULATED) {
        return CW_DCAP_EMULATED;
    }
    if (qe == CW_DCAP_OUT_OF_DATE) {
        switch (platform) {
        case CW_DCAP_UP_TO_DATE:
        case CW_DCAP_SW_HARDENING_NEEDED:
            return CW_DCAP_OUT_OF_DATE;
        case CW_DCAP_CONFIGURATION_NEEDED:
        case CW_DCAP_CONFIGURATION_AND_SW_HARDENING_NEEDED:
            return CW_DCAP_OUT_OF_DATE_CONFIGURATION_NEEDED;
        case CW_DCAP_OUT_OF_DATE:
        case CW_DCAP_OUT_OF_DATE_CONFIGURATION_NEEDED:
        case CW_DCAP_REVOKED:
        case CW_DCAP_EMULATED:
        case CW_DCAP_UNKNOWN:
            return platform;
        }
    }
    /* The identity knows no other status; should it once, the worse of both counts. */
    return qe > platform ? qe : platform;
}
