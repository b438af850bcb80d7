/* SPDX-License-Identifier: MIT */
/* The decoders of the gdb protocol: total, bounded, and inverse to what makes packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "silicon/sancus/gdb_packet.h"

static struct cw_gdb_packet packet;
static struct cw_gdb_command command;

static cw_gdb_input put_all(const uint8_t *bytes, size_t len)
{
    cw_gdb_input last = CW_GDB_MORE;

    for (size_t i = 0; i < len; i++) {
        last = cw_gdb_packet_put(&packet, bytes[i]);
        assert_true(packet.len <= CW_GDB_BODY_MAX);
    }
    return last;
}

static cw_gdb_kind kind_of(const char *body)
{
    cw_gdb_command_decode((const uint8_t *)body, strlen(body), &command);
    return command.kind;
}

static void every_byte_goes_through_a_frame(void **state)
{
    uint8_t body[256], frame[CW_GDB_FRAME_MAX];
    size_t len;

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        body[i] = (uint8_t)i;
    }
    len = cw_gdb_frame((const char *)body, sizeof body, frame);
    memset(&packet, 0, sizeof packet);
    assert_int_equal(put_all(frame, len), CW_GDB_PACKET);
    assert_int_equal(packet.len, sizeof body);
    assert_memory_equal(packet.body, body, sizeof body);
}

static void a_long_answer_is_cut_to_a_whole_frame(void **state)
{
    static char body[2 * CW_GDB_BODY_MAX];
    uint8_t frame[CW_GDB_FRAME_MAX];

    (void)state;
    for (unsigned fill = 0; fill < 2; fill++) {
        memset(body, fill == 0 ? '#' : 'a', sizeof body);
        memset(&packet, 0, sizeof packet);
        assert_int_equal(put_all(frame, cw_gdb_frame(body, sizeof body, frame)), CW_GDB_PACKET);
        assert_true(packet.len >= CW_GDB_BODY_MAX / 2 - 1 && packet.len <= CW_GDB_BODY_MAX);
    }
}

static void a_damaged_packet_is_found_at_every_bit(void **state)
{
    static const uint8_t frame[] = "$m5c00,2#c3";

    (void)state;
    memset(&packet, 0, sizeof packet);
    assert_int_equal(put_all(frame, sizeof frame - 1), CW_GDB_PACKET);
    for (size_t i = 1; i < sizeof frame - 1; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t bad[sizeof frame];
            bool same_digit;

            memcpy(bad, frame, sizeof frame);
            bad[i] ^= (uint8_t)(1u << bit);
            same_digit = i > sizeof frame - 4 && (bad[i] | 0x20) == (frame[i] | 0x20);
            memset(&packet, 0, sizeof packet);
            assert_true(same_digit || put_all(bad, sizeof frame - 1) != CW_GDB_PACKET);
        }
    }
}

static void a_packet_without_end_takes_no_room(void **state)
{
    (void)state;
    memset(&packet, 0, sizeof packet);
    assert_int_equal(cw_gdb_packet_put(&packet, '$'), CW_GDB_MORE);
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal(cw_gdb_packet_put(&packet, 'a'), CW_GDB_MORE);
    }
    /* 100000 times 0x61 */
    assert_int_equal(put_all((const uint8_t *)"#a0", 3), CW_GDB_TOO_LONG);
    assert_int_equal(put_all((const uint8_t *)"$?#3f", 5), CW_GDB_PACKET);
}

static void commands_are_understood(void **state)
{
    (void)state;
    assert_int_equal(kind_of("m5c00,2"), CW_GDB_READ_MEMORY);
    assert_int_equal(command.address, 0x5c00);
    assert_int_equal(command.len, 2);
    assert_int_equal(kind_of("Mffff,1:a5"), CW_GDB_WRITE_MEMORY);
    assert_int_equal(command.data[0], 0xa5);
    assert_int_equal(kind_of("Pf=34120000"), CW_GDB_WRITE_ONE);
    assert_int_equal(command.number, 15);
    assert_int_equal(command.value, 0x1234);
    assert_int_equal(kind_of("Z2,300,4"), CW_GDB_INSERT);
    assert_int_equal(kind_of("vCont;s:p1.1;c"), CW_GDB_STEP);
    assert_int_equal(kind_of("vCont;C05"), CW_GDB_CONTINUE);
    assert_int_equal(kind_of("S05;5c00"), CW_GDB_STEP);
    assert_true(command.has_address && command.address == 0x5c00);
    assert_int_equal(kind_of("qRcmd,68656c70"), CW_GDB_MONITOR);
    assert_string_equal((const char *)command.data, "help");
    assert_int_equal(kind_of("qSupported:swbreak+;x"), CW_GDB_SUPPORTED);
    assert_true(command.swbreak && !command.hwbreak);
    assert_int_equal(kind_of("qTStatus"), CW_GDB_UNKNOWN);
}

static void malformed_commands_leave_nothing_behind(void **state)
{
    static const char *const bad[] = {"m", "m1,", "m,1", "M1,2:00", "M1,1:0", "M1,1:0g", "G00",
            "P1=", "P1=x0000000", "P1=0000000000", "p", "px", "Z1,2", "z", "c1,2", "vCont;q", "qRcmd,f",
            "X1,2:a", "m000000001,1", "qXfer:features:read:target.xml:1"};
    static struct cw_gdb_command empty = {.kind = CW_GDB_MALFORMED};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(kind_of(bad[i]), CW_GDB_MALFORMED);
        assert_memory_equal(&command, &empty, sizeof empty);
    }
}

/* Under the sanitizers: no body of two bytes and no cut or changed command leaves the buffers. */
static void every_short_body_is_decoded(void **state)
{
    static const char *const seeds[] = {"G", "M300,2:0000", "X300,4:abcd", "qRcmd,6869",
            "vCont;s:1", "qXfer:features:read:target.xml:0,40", "Z4,300,2;x", "P5=00000000"};

    (void)state;
    for (unsigned i = 0; i < 0x10000; i++) {
        uint8_t *body = test_malloc(2);

        body[0] = (uint8_t)i;
        body[1] = (uint8_t)(i >> 8);
        cw_gdb_command_decode(body, 2, &command);
        assert_true(command.len <= CW_GDB_DATA_MAX || command.kind != CW_GDB_WRITE_MEMORY);
        test_free(body);
    }
    for (size_t s = 0; s < sizeof seeds / sizeof seeds[0]; s++) {
        for (size_t len = 0; len <= strlen(seeds[s]); len++) {
            for (unsigned value = 0; value < 256; value++) {
                uint8_t *body = test_malloc(len + 1);

                memcpy(body, seeds[s], len);
                body[len] = (uint8_t)value;
                cw_gdb_command_decode(body, len + 1, &command);
                test_free(body);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_byte_goes_through_a_frame),
            cmocka_unit_test(a_long_answer_is_cut_to_a_whole_frame),
            cmocka_unit_test(a_damaged_packet_is_found_at_every_bit),
            cmocka_unit_test(a_packet_without_end_takes_no_room),
            cmocka_unit_test(commands_are_understood),
            cmocka_unit_test(malformed_commands_leave_nothing_behind),
            cmocka_unit_test(every_short_body_is_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
