/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/collateral.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>
#include <openssl/x509.h>

#include "posix/file.h"
#include "posix/log.h"
#include "tee/sgx/owner/chain.h"
#include "tee/sgx/owner/span.h"
#include "tee/sgx/owner/text.h"

#define SIGNATURE_MAX 80u

/* Where parts come from, for messages: "collateral", or a file; and a field of it, or NULL. */
struct source {
    struct cw_dcap_collateral *collateral;
    const char *name;
    const char *field;
    char *why;
};

__attribute__((format(printf, 3, 4))) static cw_status say(const struct source *s, cw_status status,
        const char *format, ...)
{
    int len = snprintf(s->why, CW_DCAP_WHY_CAP, "%s: %s%s", s->name,
            s->field == NULL ? "" : s->field, s->field == NULL ? "" : ": ");
    if (len > 0 && (size_t)len < CW_DCAP_WHY_CAP) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(s->why + len, CW_DCAP_WHY_CAP - (size_t)len, format, arguments);
        va_end(arguments);
    }
    cw_log_clean(s->why, "");
    return status;
}

static void free_part(struct cw_dcap_part *part)
{
    free(part->bytes);
    free(part->signature);
    X509_free(part->certificate);
    X509_CRL_free(part->list);
}

/* Takes over what the part has, whatever comes of it.  One that is there already is left out. */
static cw_status add(const struct source *s, struct cw_dcap_parts *parts, struct cw_dcap_part part)
{
    cw_status status = CW_OK;
    bool is_new = true;
    for (size_t i = 0; i < parts->count && part.bytes != NULL; i++) {
        const struct cw_dcap_part *p = &parts->part[i];
        bool is_same = p->len == part.len && memcmp(p->bytes, part.bytes, part.len) == 0 &&
                p->signature_len == part.signature_len && (part.signature_len == 0 ||
                memcmp(p->signature, part.signature, part.signature_len) == 0);
        is_new = is_new && !is_same;
    }
    if (part.bytes == NULL || (part.signature == NULL && part.signature_len != 0)) {
        status = say(s, CW_E_SYSTEM, "no memory");
    } else if (is_new && parts->count == CW_DCAP_PARTS_MAX) {
        status = say(s, CW_E_FORM, "more than %u parts of one kind: leave only those of this "
                "platform", CW_DCAP_PARTS_MAX);
    } else if (is_new) {
        parts->part[parts->count++] = part;
        return CW_OK;
    }
    free_part(&part);
    return status;
}

static uint8_t *copy_of(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len + 1);
    if (copy != NULL) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

/* --- certificates and lists ------------------------------------------------------------------- */

static bool has(const struct cw_dcap_parts *parts, const uint8_t *der, size_t len)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->part[i].len == len && memcmp(parts->part[i].bytes, der, len) == 0) {
            return true;
        }
    }
    return false;
}

/* One of the two, in DER.  CW_E_ABSENT: it is neither. */
static cw_status add_der(const struct source *s, const uint8_t *der, size_t len)
{
    if (has(&s->collateral->certificates, der, len) || has(&s->collateral->lists, der, len)) {
        return CW_OK; /* roots come three times, and decoding a key is slow */
    }
    struct cw_dcap_part part = {.len = len, .certificate = cw_chain_certificate(der, len)};
    if (part.certificate == NULL) {
        part.list = cw_chain_list(der, len);
    }
    if (part.certificate == NULL && part.list == NULL) {
        return CW_E_ABSENT;
    }
    part.bytes = copy_of(der, len);
    return add(s, part.list == NULL ? &s->collateral->certificates : &s->collateral->lists, part);
}

/* All blocks of a PEM text.  Certificates of another kind (RSA, say) are left alone. */
static cw_status add_pem(const struct source *s, const char *text, size_t len)
{
    struct cw_text_pem pem = {text, len, false};
    cw_text_label label;
    uint8_t *der;
    size_t der_len;
    cw_status status;
    while ((status = cw_text_pem_next(&pem, &label, &der, &der_len)) == CW_OK) {
        cw_status added = label == CW_TEXT_OTHER ? CW_OK : add_der(s, der, der_len);
        free(der);
        if (added != CW_OK && added != CW_E_ABSENT) {
            return added;
        }
    }
    return status == CW_E_ABSENT ? CW_OK
            : say(s, CW_E_FORM, "a broken block of PEM, %zu bytes before the end", pem.left_len);
}

static int percent_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = memchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c, 16);
    return at == NULL ? -1 : (int)(at - digits);
}

/* Issuer chains in the service's headers are percent-encoded.  In place; gives the new length. */
static size_t unpercent(char *text, size_t len)
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? percent_digit(text[i + 1]) : -1;
        int low = high >= 0 ? percent_digit(text[i + 2]) : -1;
        if (low >= 0) {
            text[out++] = (char)(high << 4 | low);
            i += 2;
        } else {
            text[out++] = text[i];
        }
    }
    return out;
}

static bool holds(const char *text, size_t len, const char *word)
{
    return memmem(text, len, word, strlen(word)) != NULL;
}

/* Text without white space: hex comes in lines, too.  Gives the length. */
static size_t compact(const char *text, size_t len, char *ret_text)
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \t\r\n", text[i]) == NULL) {
            ret_text[out++] = text[i];
        }
    }
    return out;
}

/* Certificates or lists as text: PEM, hex or base64 of DER.  CW_E_ABSENT: none of these. */
static cw_status add_text(const struct source *s, const char *text, size_t len)
{
    cw_span_trim(&text, &len);
    if (holds(text, len, "-----BEGIN ") && !holds(text, len, "-----BEGIN%20")) {
        return add_pem(s, text, len);
    }
    uint8_t *bytes = malloc(len + 1);
    char *dense = malloc(len + 1);
    cw_status status = CW_E_ABSENT;
    if (bytes == NULL || dense == NULL) {
        status = say(s, CW_E_SYSTEM, "no memory");
        goto free_both;
    }
    size_t dense_len = compact(text, len, dense);
    size_t bytes_len = dense_len / 2;
    if (cw_text_hex(dense, dense_len, bytes, bytes_len) ||
            cw_text_base64(text, len, bytes, &bytes_len)) {
        status = add_der(s, bytes, bytes_len);
    } else if (holds(text, len, "BEGIN%20")) {
        memcpy(bytes, text, len);
        status = add_pem(s, (char *)bytes, unpercent((char *)bytes, len));
    }
free_both:
    free(bytes);
    free(dense);
    return status;
}

/* [cap] bytes from a list of numbers; false: it is no such list. */
static bool read_list(const json_t *list, uint8_t *ret_bytes, size_t cap, size_t *ret_len)
{
    size_t len = json_array_size(list);
    if (!json_is_array(list) || len > cap) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const json_t *number = json_array_get(list, i);
        if (!json_is_integer(number) || json_integer_value(number) < 0 ||
                json_integer_value(number) > 0xff) {
            return false;
        }
        ret_bytes[i] = (uint8_t)json_integer_value(number);
    }
    *ret_len = len;
    return true;
}

/* The same as a JSON value: text, a list of texts (a chain), or a list of bytes. */
static cw_status add_value(const struct source *s, const json_t *value)
{
    cw_status status = CW_E_ABSENT;
    if (json_is_string(value)) {
        status = add_text(s, json_string_value(value), json_string_length(value));
    } else if (json_is_string(json_array_get(value, 0))) {
        status = CW_OK;
        for (size_t i = 0; i < json_array_size(value) && status == CW_OK; i++) {
            const json_t *text = json_array_get(value, i);
            status = json_is_string(text)
                    ? add_text(s, json_string_value(text), json_string_length(text)) : CW_E_ABSENT;
        }
    } else if (json_is_array(value)) {
        size_t len = json_array_size(value);
        uint8_t *bytes = malloc(len + 1);
        if (bytes != NULL && read_list(value, bytes, len, &len)) {
            status = add_der(s, bytes, len);
        }
        free(bytes);
    }
    return status != CW_E_ABSENT
                   ? status
                   : say(s, CW_E_FORM,
                             "no certificate and no revocation list (PEM, hex or base64 of DER)");
}

/* --- signed JSON ------------------------------------------------------------------------------ */

static json_t *parse(const struct source *s, const char *text, size_t len)
{
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        (void)say(s, CW_E_FORM, "not JSON, line %d, column %d: %s", error.line, error.column,
                error.text);
    } else if (!json_is_object(root)) {
        (void)say(s, CW_E_FORM, "not a JSON object");
        json_decref(root);
        root = NULL;
    }
    return root;
}

/* r and s, or DER, in hex, in base64, or as a list. */
static bool read_signature(const json_t *value, uint8_t ret_bytes[static SIGNATURE_MAX],
        size_t *ret_len)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    if (text == NULL) {
        return read_list(value, ret_bytes, SIGNATURE_MAX, ret_len);
    }
    *ret_len = len / 2;
    if (len / 2 <= SIGNATURE_MAX && cw_text_hex(text, len, ret_bytes, len / 2)) {
        return true;
    }
    return len / 4 * 3 <= SIGNATURE_MAX && cw_text_base64(text, len, ret_bytes, ret_len);
}

/* signature  NULL: there is none */
static cw_status add_signed(const struct source *s, struct cw_dcap_parts *parts, const char *inner,
        size_t len, const json_t *signature)
{
    uint8_t bytes[SIGNATURE_MAX];
    size_t signature_len = 0;
    if (signature != NULL &&
            (!read_signature(signature, bytes, &signature_len) || signature_len == 0)) {
        return say(s, CW_E_FORM, "its signature is not hex of r and s (128 digits), nor base64");
    }
    return add(s, parts, (struct cw_dcap_part){.bytes = copy_of(inner, len), .len = len,
            .signature = signature_len == 0 ? NULL : copy_of(bytes, signature_len),
            .signature_len = signature_len});
}

/* {"tcbInfo": {...}, "signature": "..."}.  CW_E_ABSENT: no such member. */
static cw_status add_wrapped(const struct source *s, const json_t *root, const char *text,
        size_t len, bool *ret_is_known)
{
    static const char *const keys[2] = {"tcbInfo", "enclaveIdentity"};
    struct cw_dcap_parts *parts[2] = {&s->collateral->tcb_infos, &s->collateral->identities};
    cw_status status = CW_OK;
    *ret_is_known = false;
    for (size_t i = 0; i < 2 && status == CW_OK; i++) {
        const char *inner;
        size_t inner_len;
        if (json_is_object(json_object_get(root, keys[i])) &&
                cw_span_member(text, len, keys[i], &inner, &inner_len)) {
            status = add_signed(s, parts[i], inner, inner_len, json_object_get(root, "signature"));
            *ret_is_known = true;
        }
    }
    return status;
}

/* tcb_info or qe_identity: text of the inner object, or of the wrapped one. */
static cw_status add_inner(const struct source *s, struct cw_dcap_parts *parts, const char *text,
        size_t len, const json_t *signature)
{
    cw_span_trim(&text, &len);
    json_t *root = parse(s, text, len);
    if (root == NULL) {
        return CW_E_FORM;
    }
    bool is_wrapped;
    cw_status status = add_wrapped(s, root, text, len, &is_wrapped);
    if (status == CW_OK && !is_wrapped) {
        status = add_signed(s, parts, text, len, signature);
    }
    json_decref(root);
    return status;
}

static const char *const container_fields[] = {"tcb_info", "tcb_info_signature",
    "tcb_info_issuer_chain", "qe_identity", "qe_identity_signature", "qe_identity_issuer_chain",
    "pck_crl", "pck_crl_issuer_chain", "root_ca_crl", "pck_certificate_chain"};

static bool is_container(const json_t *root)
{
    for (size_t i = 0; i < sizeof container_fields / sizeof container_fields[0]; i++) {
        if (json_object_get(root, container_fields[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static cw_status add_container(struct source *s, const json_t *root, const char *text, size_t len)
{
    static const struct {
        const char *name;
        const char *signature; /* NULL: certificates and lists */
        bool is_identity;
    } fields[] = {
        {"tcb_info", "tcb_info_signature", false},
        {"qe_identity", "qe_identity_signature", true},
        {"tcb_info_issuer_chain", NULL, false},
        {"qe_identity_issuer_chain", NULL, false},
        {"pck_crl_issuer_chain", NULL, false},
        {"pck_certificate_chain", NULL, false},
        {"pck_crl", NULL, false},
        {"root_ca_crl", NULL, false},
    };
    cw_status status = CW_OK;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && status == CW_OK; i++) {
        const json_t *value = json_object_get(root, fields[i].name);
        const char *inner;
        size_t inner_len;
        s->field = fields[i].name;
        if (value == NULL || json_is_null(value)) {
            continue;
        }
        if (fields[i].signature == NULL) {
            status = add_value(s, value);
            continue;
        }
        if (json_is_string(value)) {
            inner = json_string_value(value);
            inner_len = json_string_length(value);
        } else if (!json_is_object(value) ||
                !cw_span_member(text, len, fields[i].name, &inner, &inner_len)) {
            return say(s, CW_E_FORM, "neither an object nor its text");
        }
        status = add_inner(s, fields[i].is_identity ? &s->collateral->identities
                : &s->collateral->tcb_infos, inner, inner_len,
                json_object_get(root, fields[i].signature));
    }
    s->field = NULL;
    return status;
}

/* --- one object, one file, one folder --------------------------------------------------------- */

static cw_status add_object(struct source *s, const char *text, size_t len, bool is_alone)
{
    json_t *root = parse(s, text, len);
    if (root == NULL) {
        return CW_E_FORM;
    }
    bool is_wrapped = false;
    cw_status status = CW_OK;
    if (is_container(root)) {
        status = add_container(s, root, text, len);
    } else if (!is_alone) {
        status = add_wrapped(s, root, text, len, &is_wrapped);
    } else {
        status = say(s, CW_E_FORM, "not one of the customary fields (tcb_info, qe_identity, "
                "pck_crl, root_ca_crl, ...): give one JSON object that has them, or a folder of "
                "the separate files");
    }
    json_decref(root);
    return status;
}

cw_status cw_dcap_collateral_json(const uint8_t *bytes, size_t len,
        struct cw_dcap_collateral **ret_collateral, char ret_why[static CW_DCAP_WHY_CAP])
{
    struct source s = {calloc(1, sizeof *s.collateral), "collateral", NULL, ret_why};
    if (s.collateral == NULL) {
        return say(&s, CW_E_SYSTEM, "no memory");
    }
    cw_status status = add_object(&s, (const char *)bytes, len, true);
    if (status != CW_OK) {
        cw_dcap_collateral_free(s.collateral);
        return status;
    }
    *ret_collateral = s.collateral;
    return CW_OK;
}

static cw_status add_file(struct source *s, const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    size_t text_len = len;
    cw_span_trim(&text, &text_len);
    if (text_len > 0 && text[0] == '{') {
        return add_object(s, (const char *)bytes, len, false);
    }
    bool is_text = memchr(bytes, '\0', len) == NULL;
    cw_status status = add_der(s, bytes, len);
    if (status == CW_E_ABSENT && is_text) {
        status = add_text(s, text, text_len);
    }
    return status == CW_E_ABSENT ? CW_OK : status;
}

/* One file of a folder; what is no plain file of a fitting size is left alone. */
static cw_status read_file(struct cw_dcap_collateral *collateral, const char *folder,
        const char *name, char *why)
{
    struct source s = {collateral, name, NULL, why};
    char *path = cw_file_join(folder, name);
    struct stat about;
    uint8_t *bytes = NULL;
    size_t len = 0;
    cw_status status = CW_OK;
    if (path == NULL) {
        status = say(&s, CW_E_SYSTEM, "no memory");
    } else if (stat(path, &about) == 0 && S_ISREG(about.st_mode) &&
            about.st_size <= (off_t)CW_DCAP_COLLATERAL_MAX) {
        status = cw_file_read(path, CW_DCAP_COLLATERAL_MAX, &bytes, &len);
        status = status == CW_OK ? add_file(&s, bytes, len) : say(&s, CW_E_SYSTEM, "unreadable");
    }
    free(bytes);
    free(path);
    return status;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static cw_status read_folder(const char *path, struct cw_dcap_collateral *collateral, char *why)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_shown, alphasort);
    struct source s = {collateral, path, NULL, why};
    if (count < 0) {
        return say(&s, CW_E_SYSTEM, "the folder cannot be read");
    }
    cw_status status = CW_OK;
    for (int i = 0; i < count; i++) {
        if (status == CW_OK) {
            status = read_file(collateral, path, entries[i]->d_name, why);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

cw_status cw_dcap_collateral_read(const char *path, struct cw_dcap_collateral **ret_collateral,
        char ret_why[static CW_DCAP_WHY_CAP])
{
    struct source s = {NULL, path, NULL, ret_why};
    struct stat about;
    if (stat(path, &about) != 0) {
        return say(&s, CW_E_ABSENT, "no such file or folder");
    }
    if (!S_ISDIR(about.st_mode)) {
        uint8_t *bytes;
        size_t len;
        if (cw_file_read(path, CW_DCAP_COLLATERAL_MAX, &bytes, &len) != CW_OK) {
            return say(&s, CW_E_SYSTEM, "unreadable");
        }
        cw_status status = cw_dcap_collateral_json(bytes, len, ret_collateral, ret_why);
        free(bytes);
        return status;
    }
    struct cw_dcap_collateral *collateral = calloc(1, sizeof *collateral);
    if (collateral == NULL) {
        return say(&s, CW_E_SYSTEM, "no memory");
    }
    cw_status status = read_folder(path, collateral, ret_why);
    if (status != CW_OK) {
        cw_dcap_collateral_free(collateral);
        return status;
    }
    *ret_collateral = collateral;
    return CW_OK;
}

static void free_parts(struct cw_dcap_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        free_part(&parts->part[i]);
    }
}

void cw_dcap_collateral_free(struct cw_dcap_collateral *collateral)
{
    if (collateral != NULL) {
        free_parts(&collateral->certificates);
        free_parts(&collateral->lists);
        free_parts(&collateral->tcb_infos);
        free_parts(&collateral->identities);
        free(collateral);
    }
}
