/* SPDX-License-Identifier: MIT */
#include "services/web/client/http.h"

#include "core/base/bytes.h"

/* What is left to read; all reads are bounded by `end`. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static size_t text_len(const char *text)
{
    size_t len = 0;
    while (text[len] != 0) {
        len++;
    }
    return len;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool take(struct cursor *c, const char *text)
{
    size_t len = text_len(text);
    if ((size_t)(c->end - c->at) < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (c->at[i] != (uint8_t)text[i]) {
            return false;
        }
    }
    c->at += len;
    return true;
}

/* tchar of RFC 9110: what the names of methods and fields are made of. */
static bool is_token(uint8_t c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    if ((c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z')) {
        return true;
    }
    for (size_t i = 0; marks[i] != 0; i++) {
        if (c == (uint8_t)marks[i]) {
            return true;
        }
    }
    return false;
}

static size_t take_token(struct cursor *c)
{
    size_t len = 0;
    while (c->at < c->end && is_token(*c->at)) {
        c->at++;
        len++;
    }
    return len;
}

static bool is_name(const uint8_t *name, size_t len, const char *text)
{
    if (len != text_len(text)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(name[i]) != (uint8_t)text[i]) {
            return false;
        }
    }
    return true;
}

/* The bytes up to and with the first empty line, or 0. */
static size_t head_len(const uint8_t *bytes, size_t len)
{
    for (size_t i = 3; i < len; i++) {
        if (bytes[i] == '\n' && bytes[i - 1] == '\r' && bytes[i - 2] == '\n' &&
                bytes[i - 3] == '\r') {
            return i + 1;
        }
    }
    return 0;
}

/* The path goes to ret_path; a query is skipped. */
static cw_status take_target(struct cursor *c, char ret_path[static CW_HTTP_PATH_MAX + 1])
{
    size_t len = 0;
    bool is_query = false;
    if (c->at == c->end || *c->at != '/') {
        return CW_E_FORM;
    }
    for (; c->at < c->end && *c->at > ' ' && *c->at < 0x7f; c->at++) {
        if (*c->at == '#') {
            return CW_E_FORM;
        }
        is_query = is_query || *c->at == '?';
        if (is_query) {
            continue;
        }
        if (len == CW_HTTP_PATH_MAX) {
            return CW_E_SPACE;
        }
        ret_path[len] = (char)*c->at;
        len++;
    }
    ret_path[len] = 0;
    return CW_OK;
}

/* One line NAME ":" VALUE CR LF. */
static cw_status take_field(struct cursor *c, unsigned *host_count)
{
    const uint8_t *name = c->at;
    size_t name_len = take_token(c);
    if (name_len == 0 || !take(c, ":")) {
        return CW_E_FORM;
    }
    while (c->at < c->end && ((*c->at >= ' ' && *c->at != 0x7f) || *c->at == '\t')) {
        c->at++;
    }
    if (is_name(name, name_len, "host")) {
        (*host_count)++;
    }
    bool has_body = is_name(name, name_len, "content-length") ||
            is_name(name, name_len, "transfer-encoding");
    return take(c, "\r\n") && !has_body ? CW_OK : CW_E_FORM;
}

cw_status cw_http_parse(const uint8_t *bytes, size_t len, struct cw_http_request *ret_request)
{
    size_t request_len = head_len(bytes, len);
    if (request_len == 0) {
        return CW_AGAIN;
    }
    struct cursor c = {bytes, bytes + request_len};
    struct cw_http_request request = {.is_head = false};
    size_t method_len = take_token(&c);
    if (method_len == 0 || !take(&c, " ")) {
        return CW_E_FORM;
    }
    request.is_head = method_len == 4 && cw_bytes_equal(bytes, "HEAD", 4);
    bool is_served = request.is_head || (method_len == 3 && cw_bytes_equal(bytes, "GET", 3));
    cw_status status = take_target(&c, request.path);
    if (status != CW_OK) {
        return is_served ? status : CW_E_DENIED;
    }
    if (!take(&c, " HTTP/1.1\r\n")) {
        return CW_E_FORM;
    }
    if (!is_served) {
        return CW_E_DENIED;
    }
    unsigned host_count = 0;
    while (!take(&c, "\r\n")) {
        status = take_field(&c, &host_count);
        if (status != CW_OK) {
            return status;
        }
    }
    if (host_count != 1 || c.at != c.end || request_len != len) {
        return CW_E_FORM;
    }
    *ret_request = request;
    return CW_OK;
}

/* --- the answer ------------------------------------------------------------------------------------ */

static const char *line_of(unsigned code)
{
    switch (code) {
    case 200:
        return "200 OK";
    case 400:
        return "400 Bad Request";
    case 404:
        return "404 Not Found";
    case 405:
        return "405 Method Not Allowed\r\nAllow: GET, HEAD";
    case 414:
        return "414 URI Too Long";
    case 431:
        return "431 Request Header Fields Too Large";
    case 503:
        return "503 Service Unavailable";
    default:
        return "500 Internal Server Error";
    }
}

static size_t put(char *to, size_t at, const char *text)
{
    size_t len = text_len(text);
    cw_bytes_copy(to + at, text, len);
    return at + len;
}

size_t cw_http_head(unsigned code, size_t body_len, char ret_head[static CW_HTTP_HEAD_MAX])
{
    char digits[21];
    size_t first = sizeof digits - 1;
    digits[first] = 0;
    do {
        first--;
        digits[first] = (char)('0' + body_len % 10u);
        body_len /= 10u;
    } while (body_len > 0);
    size_t at = put(ret_head, 0, "HTTP/1.1 ");
    at = put(ret_head, at, line_of(code));
    at = put(ret_head, at, "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ");
    at = put(ret_head, at, digits + first);
    return put(ret_head, at, "\r\nConnection: close\r\n\r\n");
}
