/* SPDX-License-Identifier: MIT */
#include "posix/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void addresses_are_printed_as_they_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"127.0.0.1:6001", "[::1]:6003", "0.0.0.0:0",
            "[2001:db8::7]:65535"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cw_net_address address;
        char text[CW_NET_TEXT_CAP];
        assert_int_equal(cw_net_parse(texts[i], &address), CW_OK);
        cw_net_print((const struct sockaddr *)&address.storage, text);
        assert_string_equal(text, texts[i]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", ":", "127.0.0.1", "127.0.0.1:", ":80", "::1:80",
            "[::1]", "[::1]80", "[::1:80", "[localhost]:80", "127.0.0.1:65536", "127.0.0.1:-1",
            "127.0.0.1:8o", "127.0.0.1:80 ", "[]:80"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cw_net_address address;
        assert_int_equal(cw_net_parse(texts[i], &address), CW_E_FORM);
    }
    struct cw_net_address address;
    assert_int_equal(cw_net_parse("localhost:80", &address), CW_E_ABSENT);
    char longest[400];
    memset(longest, 'a', sizeof longest);
    strcpy(longest + 300, ":80");
    assert_int_equal(cw_net_parse(longest, &address), CW_E_FORM);
}

static void loopback_is_told_from_the_world(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {{"127.0.0.1:1", true}, {"127.9.9.9:1", true}, {"[::1]:1", true},
            {"0.0.0.0:1", false}, {"128.0.0.1:1", false}, {"[::]:1", false},
            {"[fe80::1]:1", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_net_address address;
        assert_int_equal(cw_net_parse(rows[i].text, &address), CW_OK);
        assert_int_equal(cw_net_is_loopback((const struct sockaddr *)&address.storage),
                rows[i].loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(addresses_are_printed_as_they_are_read),
            cmocka_unit_test(what_is_no_address_is_refused),
            cmocka_unit_test(loopback_is_told_from_the_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
