/* SPDX-License-Identifier: MIT */
/*
 * http.h - read a request of HTTP/1.1, write the head of an answer.
 *
 * What     GET and HEAD only, strict: one space between the parts, CR LF ends every line, one
 *          Host, no body, nothing behind the empty line.  Pure.
 * Trust    TRUSTED.  The bytes come from the attacker.
 * Source   RFC 9110, RFC 9112
 */
#ifndef CW_SERVICES_WEB_CLIENT_HTTP_H
#define CW_SERVICES_WEB_CLIENT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_HTTP_PATH_MAX 128u
#define CW_HTTP_HEAD_MAX 160u /* bytes of an answer's head */

struct cw_http_request {
    char path[CW_HTTP_PATH_MAX + 1]; /* begins with '/', printable ASCII, no query, ends with 0 */
    bool is_head;                    /* HEAD: the answer has no body */
};

/*
 * cw_http_parse - one whole request.
 *
 * bytes        [len] bytes, from the first one of the connection on
 * ret_request  untouched unless CW_OK
 *
 * CW_OK        a request
 * CW_AGAIN     the empty line has not come yet
 * CW_E_FORM    not a request of HTTP/1.1 as above
 * CW_E_DENIED  a request with another method
 * CW_E_SPACE   the path is longer than CW_HTTP_PATH_MAX
 */
CW_MUST_CHECK cw_status cw_http_parse(const uint8_t *bytes, size_t len,
        struct cw_http_request *ret_request);

/*
 * cw_http_head - the head of an answer that ends the connection.
 *
 * code      one of 200, 400, 404, 405, 414, 431, 500, 503
 * body_len  Content-Length
 *
 * Returns the bytes written, at most CW_HTTP_HEAD_MAX.
 */
size_t cw_http_head(unsigned code, size_t body_len, char ret_head[static CW_HTTP_HEAD_MAX]);

#endif
