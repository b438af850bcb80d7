/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/web/client/http.h"

static struct cw_http_request request;

static cw_status parse(const char *text)
{
    /* In memory of its own length, so that a sanitizer sees a read too far. */
    size_t len = strlen(text);
    uint8_t *bytes = malloc(len + (len == 0));
    assert_non_null(bytes);
    (void)memcpy(bytes, text, len);
    (void)memset(&request, 0xee, sizeof request);
    cw_status status = cw_http_parse(bytes, len, &request);
    free(bytes);
    return status;
}

static void get_is_parsed(void **state)
{
    (void)state;
    assert_int_equal(parse("GET /a/b?c=d HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"), CW_OK);
    assert_string_equal(request.path, "/a/b");
    assert_false(request.is_head);
    assert_int_equal(parse("HEAD / HTTP/1.1\r\nhOsT:\r\n\r\n"), CW_OK);
    assert_string_equal(request.path, "/");
    assert_true(request.is_head);
}

static void every_beginning_of_a_request_waits_for_more(void **state)
{
    (void)state;
    const char *whole = "GET /page HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n";
    for (size_t len = 0; len < strlen(whole); len++) {
        char part[64];
        (void)memcpy(part, whole, len);
        part[len] = 0;
        assert_int_equal(parse(part), CW_AGAIN);
    }
    assert_int_equal(parse(whole), CW_OK);
}

static void other_methods_are_refused_by_name(void **state)
{
    (void)state;
    assert_int_equal(parse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"), CW_E_DENIED);
    assert_int_equal(parse("get / HTTP/1.1\r\nHost: x\r\n\r\n"), CW_E_DENIED);
    assert_int_equal(parse("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), CW_E_DENIED);
}

static void bent_requests_are_refused(void **state)
{
    (void)state;
    static const char *const bent[] = {
            "\r\n\r\n",
            " GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
            "GET / HTTP/2\r\nHost: x\r\n\r\n",
            "GET /\r\nHost: x\r\n\r\n",
            "GET x HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nname\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\nEvil: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\rEvil: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bent / sizeof bent[0]; i++) {
        if (parse(bent[i]) != CW_E_FORM) {
            fail_msg("taken: %s", bent[i]);
        }
        assert_int_equal((uint8_t)request.path[0], 0xee);
    }
}

static void long_path_is_refused(void **state)
{
    (void)state;
    char text[CW_HTTP_PATH_MAX + 64];
    (void)memset(text, 0, sizeof text);
    (void)strcpy(text, "GET /");
    (void)memset(text + 5, 'a', CW_HTTP_PATH_MAX - 1);
    (void)strcat(text, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(parse(text), CW_OK);
    assert_int_equal(strlen(request.path), CW_HTTP_PATH_MAX);
    (void)memset(text, 0, sizeof text);
    (void)strcpy(text, "GET /");
    (void)memset(text + 5, 'a', CW_HTTP_PATH_MAX);
    (void)strcat(text, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(parse(text), CW_E_SPACE);
}

/* No byte string makes it read or write too far, or accept what is not there. */
static void random_bytes_are_survived(void **state)
{
    (void)state;
    const char whole[] = "GET /page HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n";
    uint32_t random = 1;
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[sizeof whole - 1];
        (void)memcpy(bytes, whole, sizeof bytes);
        for (int change = 0; change < 1 + round % 4; change++) {
            random = random * 1664525u + 1013904223u;
            bytes[(random >> 16) % sizeof bytes] = (uint8_t)(random >> 8);
        }
        struct cw_http_request changed;
        if (cw_http_parse(bytes, sizeof bytes, &changed) == CW_OK) {
            assert_int_equal(changed.path[0], '/');
            assert_true(strlen(changed.path) <= CW_HTTP_PATH_MAX);
        }
    }
}

static void head_fits_and_tells_the_length(void **state)
{
    (void)state;
    static const unsigned codes[] = {200, 400, 404, 405, 414, 431, 500, 503};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char head[CW_HTTP_HEAD_MAX + 1] = {0};
        size_t len = cw_http_head(codes[i], 4294967295u, head);
        assert_true(len <= CW_HTTP_HEAD_MAX);
        assert_int_equal(strlen(head), len);
        assert_int_equal(strtoul(head + 9, NULL, 10), codes[i]);
        assert_non_null(strstr(head, "\r\nContent-Length: 4294967295\r\n"));
        assert_string_equal(head + len - 4, "\r\n\r\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(get_is_parsed),
            cmocka_unit_test(every_beginning_of_a_request_waits_for_more),
            cmocka_unit_test(other_methods_are_refused_by_name),
            cmocka_unit_test(bent_requests_are_refused),
            cmocka_unit_test(long_path_is_refused),
            cmocka_unit_test(random_bytes_are_survived),
            cmocka_unit_test(head_fits_and_tells_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
