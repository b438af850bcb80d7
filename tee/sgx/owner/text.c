/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool cw_text_hex(const char *text, size_t text_len, uint8_t *ret_bytes, size_t len)
{
    if (text_len / 2 != len || text_len % 2 != 0) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

const char *cw_text_hex_print(const uint8_t *bytes, size_t len, char *ret_text)
{
    ret_text[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
    }
    return ret_text;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Length of the line end that stands there; 0: none does. */
static size_t line_end_len(const char *text, size_t len)
{
    if (len >= 1 && text[0] == '\n') {
        return 1;
    }
    return len >= 2 && text[0] == '\r' && text[1] == '\n' ? 2 : 0;
}

bool cw_text_base64(const char *text, size_t text_len, uint8_t *ret_bytes, size_t *ret_len)
{
    uint32_t bits = 0;
    size_t digits = 0;
    size_t padding = 0;
    size_t out = 0;
    for (size_t at = 0; at < text_len;) {
        size_t skip = line_end_len(text + at, text_len - at);
        if (skip != 0) {
            at += skip;
            continue;
        }
        int digit = base64_digit(text[at]);
        bool is_padding = text[at] == '=';
        if ((digit < 0 && !is_padding) || (padding != 0 && !is_padding)) {
            return false;
        }
        padding += is_padding;
        bits = bits << 6 | (is_padding ? 0 : (uint32_t)digit);
        digits++;
        at++;
        if (digits % 4 == 0) {
            size_t count = padding < 3 ? 3 - padding : 0;
            uint32_t unused = padding == 1 ? bits & 0xffu : padding == 2 ? bits & 0xffffu : 0;
            if (count == 0 || unused != 0) {
                return false;
            }
            for (size_t i = 0; i < count; i++) {
                ret_bytes[out++] = (uint8_t)(bits >> (16 - 8 * i));
            }
            bits = 0;
        } else if (padding > 0 && digits % 4 < 3) {
            return false;
        }
    }
    *ret_len = out;
    return digits % 4 == 0 && out > 0;
}

/* Two digits, or more: fixed width. */
static bool number_at(const char **text, size_t width, unsigned least, unsigned most,
        unsigned *ret_number)
{
    unsigned number = 0;
    for (size_t i = 0; i < width; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(c - '0');
    }
    *text += width;
    *ret_number = number;
    return number >= least && number <= most;
}

static bool letter_at(const char **text, char letter)
{
    bool is_there = **text == letter;
    *text += is_there;
    return is_there;
}

bool cw_text_time(const char *text, int64_t *ret_time)
{
    unsigned year;
    unsigned month;
    unsigned day;
    unsigned hour;
    unsigned minute;
    unsigned second;
    if (!number_at(&text, 4, 1970, 9999, &year) || !letter_at(&text, '-') ||
            !number_at(&text, 2, 1, 12, &month) || !letter_at(&text, '-') ||
            !number_at(&text, 2, 1, 31, &day) || !letter_at(&text, 'T') ||
            !number_at(&text, 2, 0, 23, &hour) || !letter_at(&text, ':') ||
            !number_at(&text, 2, 0, 59, &minute) || !letter_at(&text, ':') ||
            !number_at(&text, 2, 0, 59, &second)) {
        return false;
    }
    if (letter_at(&text, '.')) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0) {
            return false;
        }
        text += digits;
    }
    int64_t offset = 0;
    if (!letter_at(&text, 'Z')) {
        bool is_minus = *text == '-';
        unsigned offset_hour;
        unsigned offset_minute;
        if ((!letter_at(&text, '-') && !letter_at(&text, '+')) ||
                !number_at(&text, 2, 0, 23, &offset_hour) || !letter_at(&text, ':') ||
                !number_at(&text, 2, 0, 59, &offset_minute)) {
            return false;
        }
        offset = (int64_t)(offset_hour * 3600 + offset_minute * 60);
        offset = is_minus ? -offset : offset;
    }
    struct tm parts = {.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day,
        .tm_hour = (int)hour, .tm_min = (int)minute, .tm_sec = (int)second};
    time_t time = timegm(&parts);
    if (*text != '\0' || parts.tm_mday != (int)day) {
        return false;
    }
    *ret_time = (int64_t)time - offset;
    return true;
}

void cw_text_time_print(int64_t time, char *ret_text)
{
    time_t seconds = (time_t)time;
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL ||
            strftime(ret_text, CW_TEXT_TIME_CAP, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        (void)snprintf(ret_text, CW_TEXT_TIME_CAP, "%lld", (long long)time);
    }
}

/* --- PEM -------------------------------------------------------------------------------------- */

static bool starts_with(const struct cw_text_pem *p, const char *word)
{
    size_t len = strlen(word);
    return p->left_len >= len && memcmp(p->next, word, len) == 0;
}

static void move(struct cw_text_pem *p, size_t len)
{
    p->next += len;
    p->left_len -= len;
}

/* To the beginning of the next block, or to the end. */
static cw_status find_begin(struct cw_text_pem *p)
{
    while (p->left_len > 0) {
        size_t skip = line_end_len(p->next, p->left_len);
        if (skip != 0) {
            move(p, skip);
        } else if (starts_with(p, BEGIN)) {
            return CW_OK;
        } else if (p->is_strict) {
            for (size_t i = 0; i < p->left_len; i++) {
                if (p->next[i] != '\0') {
                    return CW_E_FORM;
                }
            }
            return CW_E_ABSENT;
        } else {
            const char *begin = memmem(p->next, p->left_len, BEGIN, strlen(BEGIN));
            move(p, begin == NULL ? p->left_len : (size_t)(begin - p->next));
        }
    }
    return CW_E_ABSENT;
}

static cw_text_label label_of(const char *name, size_t len)
{
    static const char certificate[] = "CERTIFICATE";
    static const char list[] = "X509 CRL";
    if (len == strlen(certificate) && memcmp(name, certificate, len) == 0) {
        return CW_TEXT_CERTIFICATE;
    }
    return len == strlen(list) && memcmp(name, list, len) == 0 ? CW_TEXT_X509_CRL : CW_TEXT_OTHER;
}

cw_status cw_text_pem_next(struct cw_text_pem *p, cw_text_label *ret_label, uint8_t **ret_der,
        size_t *ret_len)
{
    cw_status status = find_begin(p);
    if (status != CW_OK) {
        return status;
    }
    move(p, strlen(BEGIN));
    const char *name = p->next;
    size_t name_len = 0;
    while (name_len < p->left_len && name[name_len] >= ' ' && name[name_len] <= '~' &&
            name[name_len] != '-') {
        name_len++;
    }
    move(p, name_len);
    if (!starts_with(p, DASHES) || line_end_len(p->next + strlen(DASHES),
            p->left_len - strlen(DASHES)) == 0) {
        return CW_E_FORM;
    }
    move(p, strlen(DASHES));
    const char *body = p->next;
    while (p->left_len > 0 && p->next[0] != '-') {
        move(p, 1);
    }
    size_t body_len = (size_t)(p->next - body);
    if (body_len == 0 || body[body_len - 1] != '\n' || !starts_with(p, END)) {
        return CW_E_FORM;
    }
    move(p, strlen(END));
    if (p->left_len < name_len || memcmp(p->next, name, name_len) != 0) {
        return CW_E_FORM;
    }
    move(p, name_len);
    if (!starts_with(p, DASHES)) {
        return CW_E_FORM;
    }
    move(p, strlen(DASHES));
    uint8_t *der = malloc(body_len);
    if (der == NULL || !cw_text_base64(body, body_len, der, ret_len)) {
        free(der);
        return CW_E_FORM;
    }
    *ret_label = label_of(name, name_len);
    *ret_der = der;
    return CW_OK;
}
