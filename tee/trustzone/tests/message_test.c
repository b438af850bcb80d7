/* SPDX-License-Identifier: MIT */
/* OP-TEE's messages from a normal world that means ill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"
#include "tee/trustzone/enclave/kernel/shm.h"
#include "tee/trustzone/tests/fake_world.h"

#include <cmocka.h>

#define MESSAGE 0x40010000ull
#define BUFFER 0x40100000ull
#define LIST 0x40020000ull
#define SECURE 0x0e200000ull

static const uint8_t uuid[16] = CW_TZ_UUID;

static const struct cw_tz_boot boot = {.platform = {7}, .name = "board"};

static struct {
    struct optee_message header;
    struct optee_parameter p[OPTEE_PARAMETERS_MAX];
} m;

static void begin(uint32_t command, uint32_t function, uint32_t session, uint32_t count)
{
    memset(&m, 0, sizeof m);
    m.header = (struct optee_message){command, function, session, 0x77, 0x5a5a5a5a, 0x1111, 0x2222,
            count};
}

static void parameter(unsigned i, uint64_t attr, uint64_t a, uint64_t b, uint64_t c)
{
    m.p[i] = (struct optee_parameter){attr, a, b, c};
}

static uint64_t smc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t ret_out[4])
{
    const uint64_t in[4] = {x0, x1, x2, 0};
    fake_world_call();
    cw_tz_message(in, ret_out);
    assert_int_equal(fake.twice, 0); /* whatever the message was */
    return ret_out[0];
}

static uint64_t call_at(uint64_t pa)
{
    uint64_t out[4];
    const uint64_t result = smc(OPTEE_CALL_WITH_ARG, pa >> 32, pa & UINT32_MAX, out);
    assert_true(out[1] == 0 && out[2] == 0 && out[3] == 0);
    return result;
}

/* The message as the secure world left it is in m.  Returns ret. */
static uint32_t call(void)
{
    memcpy(fake_ram(MESSAGE), &m, sizeof m);
    assert_true(call_at(MESSAGE) == OPTEE_OK);
    const bool was_changing = fake.is_changing;
    if (!was_changing) {
        memcpy(&m, fake_ram(MESSAGE), sizeof m);
    } else {
        m.header.ret = *(uint32_t *)(void *)fake_ram(MESSAGE + 20);
        m.header.session = *(uint32_t *)(void *)fake_ram(MESSAGE + 8);
    }
    return m.header.ret;
}

static void fresh(void)
{
    fake_world_new();
    cw_tz_message_open(&boot);
}

static uint32_t open_session(void)
{
    begin(OPTEE_OPEN_SESSION, 0, 0, 2);
    parameter(0, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
    memcpy(&m.p[0].a, uuid, 8);
    memcpy(&m.p[0].b, uuid + 8, 8);
    parameter(1, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
    assert_int_equal(call(), TEE_SUCCESS);
    return m.header.session;
}

/* ENTER with its three parameters, in and out in one run each. */
static void begin_enter(uint32_t session, uint64_t in_len)
{
    begin(OPTEE_INVOKE, CW_TZ_ENTER, session, 3);
    parameter(0, OPTEE_VALUE_INOUT, 2, 0, 9);
    parameter(1, OPTEE_TMEM_IN, BUFFER, in_len, 0);
    parameter(2, OPTEE_TMEM_OUT, BUFFER + 0x20000, CW_TZ_OUT_LEN, 0);
}

/* A list of pages that are not in order: page i is BUFFER + 0x1000 * (i ^ 1). */
static void put_list(uint64_t at, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const uint64_t page = BUFFER + 0x1000ull * (i ^ 1u);
        memcpy(fake_ram(at + 8ull * i), &page, sizeof page);
    }
}

static uint32_t register_shm(uint64_t reference, uint64_t list, uint64_t len)
{
    begin(OPTEE_REGISTER_SHM, 0, 0, 1);
    parameter(0, OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS, list, len, reference);
    return call();
}

static uint32_t unregister_shm(uint64_t reference)
{
    begin(OPTEE_UNREGISTER_SHM, 0, 0, 1);
    parameter(0, OPTEE_RMEM_IN, 0, 0, reference);
    return call();
}

/* --- calls ------------------------------------------------------------------------------------------ */

static void the_driver_s_probe_gets_what_it_expects(void **state)
{
    uint64_t out[4];
    (void)state;
    fresh();
    assert_true(smc(OPTEE_CALLS_UID, 0, 0, out) == 0x384fb3e0);
    assert_true(out[1] == 0xe7f811e3 && out[2] == 0xaf630002 && out[3] == 0xa5d5c51b);
    assert_true(smc(OPTEE_CALLS_REVISION, 0, 0, out) == 2 && out[1] == 0);
    assert_true(smc(OPTEE_EXCHANGE_CAPABILITIES, 1, 0, out) == OPTEE_OK && out[1] == 0x14);
    assert_true(smc(OPTEE_GET_OS_UUID, 0, 0, out) == 0x4beac8f8);
    assert_true(smc(OPTEE_DISABLE_SHM_CACHE, 0, 0, out) == OPTEE_ENOTAVAIL);
    assert_true(smc(OPTEE_ENABLE_SHM_CACHE, 0, 0, out) == OPTEE_OK);
    assert_int_equal(fake.accesses, 0);
}

static void unknown_functions_are_refused_and_leave_no_bits_behind(void **state)
{
    static const uint64_t functions[] = {0, 0x32000003, 0x32000012, 0xb2000007, 0xb200000f,
            0xb2000010, 0xb2ff0000, 0xbf00ff00, UINT64_MAX};
    (void)state;
    fresh();
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        uint64_t out[4] = {1, 2, 3, 4};
        assert_true(smc(functions[i], MESSAGE, MESSAGE, out) == OPTEE_UNKNOWN);
        assert_true(out[1] == 0 && out[2] == 0 && out[3] == 0);
        assert_int_equal(fake.accesses, 0);
    }
}

/* --- messages --------------------------------------------------------------------------------------- */

static void a_message_lies_in_one_page_of_the_normal_world(void **state)
{
    static const uint64_t wrong[] = {0, MESSAGE + 1, MESSAGE + 4, MESSAGE + 0xfe8, SECURE,
            FAKE_RAM - 8, FAKE_RAM + FAKE_RAM_LEN, FAKE_RAM + FAKE_RAM_LEN - 16, UINT64_MAX - 7,
            0xfffffffffffff000};
    (void)state;
    fresh();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_true(call_at(wrong[i]) == OPTEE_EBADADDR);
        assert_int_equal(fake.written, 0);
    }
    /* The header ends with the page; a parameter would not. */
    begin(OPTEE_UNREGISTER_SHM, 0, 0, 0);
    memcpy(fake_ram(MESSAGE + 0xfe0), &m, sizeof m.header);
    assert_true(call_at(MESSAGE + 0xfe0) == OPTEE_OK);
    m.header.parameter_count = 1;
    memcpy(fake_ram(MESSAGE + 0xfe0), &m, sizeof m.header);
    assert_true(call_at(MESSAGE + 0xfe0) == OPTEE_EBADADDR);
    assert_int_equal(fake.written, 0);
}

static void too_many_parameters_are_not_read(void **state)
{
    static const uint32_t counts[] = {7, 8, 0x08000001, UINT32_MAX};
    (void)state;
    fresh();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        begin(OPTEE_INVOKE, CW_TZ_PING, 0, counts[i]);
        memcpy(fake_ram(MESSAGE), &m, sizeof m);
        assert_true(call_at(MESSAGE) == OPTEE_EBADADDR);
        assert_int_equal(fake.accesses, 1); /* the header */
    }
}

static void a_message_that_is_unknown_changes_nothing(void **state)
{
    (void)state;
    fresh();
    for (uint32_t command = 0; command < 64; command++) {
        if (command <= OPTEE_CLOSE_SESSION || command == OPTEE_REGISTER_SHM ||
                command == OPTEE_UNREGISTER_SHM) {
            continue;
        }
        begin(command, 0, 0, 0);
        memcpy(fake_ram(MESSAGE), &m, sizeof m);
        assert_true(call_at(MESSAGE) == OPTEE_EBADCMD);
        assert_int_equal(fake.written, 0);
    }
}

static void only_what_goes_back_is_written(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    begin(OPTEE_INVOKE, CW_TZ_PING, session, 1);
    parameter(0, OPTEE_VALUE_INOUT, 41, 5, 6);
    assert_int_equal(call(), TEE_SUCCESS);
    assert_int_equal(fake.written, 12 + 24); /* session, ret, ret_origin; three values */
    assert_true(m.p[0].attr == OPTEE_VALUE_INOUT && m.p[0].a == 42 && m.p[0].b == 5);
    assert_true(m.header.command == OPTEE_INVOKE && m.header.cancel_id == 0x77 &&
            m.header.pad == 0x5a5a5a5a && m.header.parameter_count == 1);
    assert_int_equal(m.header.ret_origin, TEE_ORIGIN_MODULE);
}

static void r09_each_byte_is_fetched_once_even_if_it_changes_at_once(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    put_list(LIST, 20);
    assert_int_equal(register_shm(0xcafe, LIST | 0x123, 70000), TEE_SUCCESS);
    for (unsigned i = 0; i < 70000; i++) {
        *fake_ram(BUFFER + 0x1000 * ((i + 0x123) / 0x1000 ^ 1) + (i + 0x123) % 0x1000) =
                (uint8_t)(i * 7);
    }
    fake.is_changing = true;
    begin(OPTEE_INVOKE, CW_TZ_ENTER, session, 3);
    parameter(0, OPTEE_VALUE_INOUT, 2, 0, 0);
    parameter(1, OPTEE_RMEM_IN, 100, 60000, 0xcafe);
    parameter(2, OPTEE_TMEM_OUT, BUFFER + 0x20000, CW_TZ_OUT_LEN, 0);
    fake.items_len = 5;
    memcpy(fake.items, "items", 5);
    memcpy(fake_ram(MESSAGE), &m, sizeof m);
    assert_true(call_at(MESSAGE) == OPTEE_OK); /* and nothing twice */
    assert_int_equal(fake.entered, 1);
    assert_int_equal(fake.entry, 2);
    assert_int_equal(fake.in_len, 60000);
    for (unsigned i = 0; i < 60000; i++) {
        assert_int_equal(fake.in[i], (uint8_t)((i + 100) * 7));
    }
    assert_memory_equal(fake_ram(BUFFER + 0x20000), "items", 5);
    assert_int_equal(*(uint32_t *)(void *)fake_ram(MESSAGE + 20), TEE_SUCCESS);
    assert_true(*(uint64_t *)(void *)fake_ram(MESSAGE + 32 + 8) == 0x12345);
    assert_true(*(uint64_t *)(void *)fake_ram(MESSAGE + 32 + 64 + 16) == 5);
}

/* --- sessions --------------------------------------------------------------------------------------- */

static void another_uuid_is_not_found(void **state)
{
    (void)state;
    fresh();
    for (unsigned bit = 0; bit < 128; bit += 5) {
        begin(OPTEE_OPEN_SESSION, 0, 0, 2);
        parameter(0, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
        memcpy(&m.p[0].a, uuid, 8);
        memcpy(&m.p[0].b, uuid + 8, 8);
        if (bit < 64) {
            m.p[0].a ^= 1ull << bit;
        } else {
            m.p[0].b ^= 1ull << (bit - 64);
        }
        parameter(1, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
        assert_int_equal(call(), TEE_ERROR_ITEM_NOT_FOUND);
        assert_int_equal(m.header.ret_origin, TEE_ORIGIN_TEE);
    }
    assert_int_equal(fake.open_mask, 0);
}

static void opening_takes_two_meta_values_and_nothing_else(void **state)
{
    static const uint64_t wrong[] = {0, OPTEE_VALUE_IN, OPTEE_META, OPTEE_VALUE_INOUT | OPTEE_META,
            OPTEE_TMEM_IN | OPTEE_META, OPTEE_VALUE_IN | OPTEE_META | 0x400,
            OPTEE_VALUE_IN | OPTEE_META | 1ull << 63};
    (void)state;
    fresh();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (unsigned which = 0; which < 2; which++) {
            begin(OPTEE_OPEN_SESSION, 0, 0, 2);
            parameter(0, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
            memcpy(&m.p[0].a, uuid, 16);
            parameter(1, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
            m.p[which].attr = wrong[i];
            assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
        }
    }
    for (uint32_t count = 0; count < 2; count++) {
        begin(OPTEE_OPEN_SESSION, 0, 0, count);
        parameter(0, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
        assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
    }
    begin(OPTEE_OPEN_SESSION, 0, 0, 3);
    parameter(0, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
    memcpy(&m.p[0].a, uuid, 8);
    memcpy(&m.p[0].b, uuid + 8, 8);
    parameter(1, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
    parameter(2, OPTEE_VALUE_IN, 0, 0, 0);
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(fake.open_mask, 0);
}

static void r19_sessions_are_bounded_and_their_numbers_do_not_come_again(void **state)
{
    uint32_t sessions[CW_TZ_SESSIONS];
    (void)state;
    fresh();
    for (unsigned i = 0; i < CW_TZ_SESSIONS; i++) {
        sessions[i] = open_session();
    }
    begin(OPTEE_OPEN_SESSION, 0, 0, 2);
    parameter(0, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
    memcpy(&m.p[0].a, uuid, 8);
    memcpy(&m.p[0].b, uuid + 8, 8);
    parameter(1, OPTEE_VALUE_IN | OPTEE_META, 0, 0, 0);
    assert_int_equal(call(), TEE_ERROR_BUSY);

    begin(OPTEE_CLOSE_SESSION, 0, sessions[4], 0);
    assert_int_equal(call(), TEE_SUCCESS);
    assert_int_equal(call(), TEE_ERROR_ITEM_NOT_FOUND);
    const uint32_t again = open_session();
    assert_int_not_equal(again, sessions[4]);
    begin(OPTEE_INVOKE, CW_TZ_PING, sessions[4], 1);
    parameter(0, OPTEE_VALUE_INOUT, 1, 0, 0);
    assert_int_equal(call(), TEE_ERROR_ITEM_NOT_FOUND);
    begin(OPTEE_CLOSE_SESSION, 0, sessions[4], 0);
    assert_int_equal(call(), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(cw_tz_session_count(), CW_TZ_SESSIONS);
}

static void r16_numbers_that_are_no_session_are_refused(void **state)
{
    static const uint32_t wrong[] = {0, 1, 2, CW_TZ_SESSIONS, CW_TZ_SESSIONS + 1, 255, 256,
            UINT32_MAX, 0x80000001};
    (void)state;
    fresh();
    const uint32_t session = open_session();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_not_equal(wrong[i], session);
        for (uint32_t function = 0; function < 8; function++) {
            begin(OPTEE_INVOKE, function, wrong[i], 0);
            assert_int_equal(call(), TEE_ERROR_ITEM_NOT_FOUND);
        }
        begin(OPTEE_CLOSE_SESSION, 0, wrong[i], 0);
        assert_int_equal(call(), TEE_ERROR_ITEM_NOT_FOUND);
    }
}

/* --- types ------------------------------------------------------------------------------------------ */

static const uint64_t all_attrs[] = {OPTEE_NONE, OPTEE_VALUE_IN, OPTEE_VALUE_OUT, OPTEE_VALUE_INOUT, 4,
        OPTEE_RMEM_IN, OPTEE_RMEM_OUT, OPTEE_RMEM_INOUT, 8, OPTEE_TMEM_IN, OPTEE_TMEM_OUT,
        OPTEE_TMEM_INOUT, 12, OPTEE_TMEM_IN | OPTEE_NONCONTIGUOUS,
        OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS, OPTEE_RMEM_IN | OPTEE_NONCONTIGUOUS,
        OPTEE_VALUE_IN | OPTEE_NONCONTIGUOUS, OPTEE_VALUE_IN | OPTEE_META, OPTEE_TMEM_IN | OPTEE_META,
        OPTEE_VALUE_INOUT | 1ull << 32, OPTEE_TMEM_IN | 1ull << 10, 0xff, UINT64_MAX};
#define ATTRS (sizeof all_attrs / sizeof all_attrs[0])

/* Commands with their own parameters, and each of them with another type in any place. */
static void r14_a_type_that_is_not_the_command_s_reaches_nothing(void **state)
{
    static const struct {
        uint32_t function;
        uint64_t attrs[4];
    } commands[] = {{CW_TZ_LOAD, {OPTEE_VALUE_IN, OPTEE_TMEM_IN, 0, 0}},
            {CW_TZ_ENTER, {OPTEE_VALUE_INOUT, OPTEE_TMEM_IN, OPTEE_TMEM_OUT, 0}},
            {CW_TZ_FETCH, {OPTEE_VALUE_OUT, 0, OPTEE_TMEM_OUT, 0}},
            {CW_TZ_INFO, {0, OPTEE_TMEM_OUT, 0, 0}}, {CW_TZ_PING, {OPTEE_VALUE_INOUT, 0, 0, 0}}};
    unsigned accepted = 0;
    (void)state;
    fresh();
    const uint32_t session = open_session();
    put_list(LIST, 17);
    for (size_t k = 0; k < sizeof commands / sizeof commands[0]; k++) {
        for (unsigned place = 0; place < 4; place++) {
            for (size_t attr = 0; attr < ATTRS; attr++) {
                begin(OPTEE_INVOKE, commands[k].function, session, 4);
                for (unsigned i = 0; i < 4; i++) {
                    const bool is_value = commands[k].attrs[i] < 4;
                    parameter(i, commands[k].attrs[i], is_value ? 0 : BUFFER,
                            is_value ? 0 : CW_TZ_OUT_LEN, 0);
                }
                if (commands[k].function == CW_TZ_LOAD) {
                    m.p[0].b = CW_TZ_OUT_LEN;
                }
                m.p[place].attr = all_attrs[attr];
                if ((all_attrs[attr] & OPTEE_NONCONTIGUOUS) != 0) {
                    m.p[place].a = LIST;
                }
                const uint64_t right = commands[k].attrs[place];
                const bool is_right = all_attrs[attr] == right ||
                        (right >= OPTEE_TMEM_IN &&
                                (all_attrs[attr] == (right | OPTEE_NONCONTIGUOUS) ||
                                        all_attrs[attr] == right - 4));
                fake.entered = fake.loaded = fake.fetched = 0;
                const uint32_t code = call();
                if (!is_right) {
                    assert_int_equal(code, TEE_ERROR_BAD_PARAMETERS);
                    assert_int_equal(fake.entered + fake.loaded + fake.fetched, 0);
                    assert_int_equal(fake.written, 12);
                }
                accepted += code == TEE_SUCCESS;
            }
        }
    }
    assert_true(accepted >= 5 * 4); /* the right ones do pass */
}

static void more_than_four_parameters_or_an_unknown_command_is_refused(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    begin(OPTEE_INVOKE, CW_TZ_PING, session, 5);
    parameter(0, OPTEE_VALUE_INOUT, 1, 0, 0);
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
    begin(OPTEE_INVOKE, 0, session, 0);
    assert_int_equal(call(), TEE_ERROR_NOT_SUPPORTED);
    begin(OPTEE_INVOKE, CW_TZ_PING + 1, session, 0);
    assert_int_equal(call(), TEE_ERROR_NOT_SUPPORTED);
    begin(OPTEE_INVOKE, UINT32_MAX, session, 0);
    assert_int_equal(call(), TEE_ERROR_NOT_SUPPORTED);
}

/* --- buffers ---------------------------------------------------------------------------------------- */

static void r11_buffers_outside_the_normal_world_are_refused(void **state)
{
    static const struct {
        uint64_t at;
        uint64_t len;
    } wrong[] = {{SECURE, 16}, {0, 16}, {FAKE_RAM - 1, 16}, {FAKE_RAM + FAKE_RAM_LEN - 8, 16},
            {BUFFER, UINT64_MAX}, {UINT64_MAX - 7, 16}, {BUFFER, UINT64_MAX - BUFFER + 1},
            {FAKE_RAM + FAKE_RAM_LEN, 1}, {0x0100000040100000, 16}};
    (void)state;
    fresh();
    const uint32_t session = open_session();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin_enter(session, 16);
        m.p[1].a = wrong[i].at;
        m.p[1].b = wrong[i].len;
        assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
        begin_enter(session, 16);
        m.p[2].a = wrong[i].at;
        m.p[2].b = wrong[i].len;
        assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
        begin(OPTEE_INVOKE, CW_TZ_INFO, session, 2);
        parameter(1, OPTEE_TMEM_OUT, wrong[i].at, wrong[i].len, 0);
        assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
        assert_int_equal(fake.written, 12);
    }
    assert_int_equal(fake.entered, 0);
}

static void r11_every_entry_of_a_page_list_is_checked(void **state)
{
    static const uint64_t wrong[] = {0, SECURE, FAKE_RAM - 0x1000, FAKE_RAM + FAKE_RAM_LEN,
            BUFFER + 1, BUFFER + 8, UINT64_MAX, 0xfffffffffffff000, BUFFER | 1ull << 63};
    (void)state;
    fresh();
    const uint32_t session = open_session();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (unsigned place = 0; place < 17; place += 4) {
            put_list(LIST, 17);
            memcpy(fake_ram(LIST + 8ull * place), &wrong[i], sizeof wrong[i]);
            assert_int_equal(register_shm(5, LIST, 17 * 4096), TEE_ERROR_BAD_PARAMETERS);
            begin_enter(session, 16);
            parameter(2, OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS, LIST, 17 * 4096, 0);
            assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
        }
        /* A wrong one behind the last that counts is not looked at. */
        put_list(LIST, 17);
        memcpy(fake_ram(LIST + 8 * 17), &wrong[i], sizeof wrong[i]);
        assert_int_equal(register_shm(5, LIST, 17 * 4096), TEE_SUCCESS);
        assert_int_equal(unregister_shm(5), TEE_SUCCESS);
    }
    assert_int_equal(fake.entered, 0);
    assert_int_equal(register_shm(5, SECURE, 4096), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(register_shm(5, UINT64_MAX, 4096), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(unregister_shm(5), TEE_ERROR_ITEM_NOT_FOUND);
}

static void lists_are_bounded(void **state)
{
    (void)state;
    fresh();
    put_list(LIST, 500);
    assert_int_equal(register_shm(1, LIST, 0), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(register_shm(1, LIST, CW_TZ_SHM_PAGES * 4096ull + 1), TEE_ERROR_OUT_OF_MEMORY);
    assert_int_equal(register_shm(1, LIST | 1, CW_TZ_SHM_PAGES * 4096ull), TEE_ERROR_OUT_OF_MEMORY);
    assert_int_equal(register_shm(1, LIST, UINT64_MAX), TEE_ERROR_OUT_OF_MEMORY);
    assert_int_equal(register_shm(1, LIST | 0xfff, UINT64_MAX), TEE_ERROR_OUT_OF_MEMORY);
    assert_int_equal(register_shm(1, LIST, CW_TZ_SHM_PAGES * 4096ull), TEE_SUCCESS);
}

static void r16_objects_are_bounded_and_their_references_unique(void **state)
{
    (void)state;
    fresh();
    put_list(LIST, 4);
    for (uint64_t i = 0; i < CW_TZ_SHM_OBJECTS; i++) {
        assert_int_equal(register_shm(0xffff000000000000 + i, LIST, 4096), TEE_SUCCESS);
    }
    assert_int_equal(register_shm(1, LIST, 4096), TEE_ERROR_OUT_OF_MEMORY);
    assert_int_equal(register_shm(0xffff000000000003, LIST, 4096), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(unregister_shm(0xffff000000000003), TEE_SUCCESS);
    assert_int_equal(unregister_shm(0xffff000000000003), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(register_shm(0, LIST, 4096), TEE_SUCCESS);
    assert_int_equal(unregister_shm(0), TEE_SUCCESS);
}

static void registering_takes_one_parameter_of_its_type(void **state)
{
    (void)state;
    fresh();
    put_list(LIST, 4);
    for (size_t i = 0; i < ATTRS; i++) {
        begin(OPTEE_REGISTER_SHM, 0, 0, 1);
        parameter(0, all_attrs[i], LIST, 4096, 9);
        const bool is_right = all_attrs[i] == (OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS);
        assert_int_equal(call(), is_right ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS);
    }
    for (size_t i = 0; i < ATTRS; i++) {
        begin(OPTEE_UNREGISTER_SHM, 0, 0, 1);
        parameter(0, all_attrs[i], 0, 0, 9);
        const bool is_right = all_attrs[i] == OPTEE_RMEM_IN;
        assert_int_equal(call(), is_right ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS);
    }
    begin(OPTEE_REGISTER_SHM, 0, 0, 2);
    parameter(0, OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS, LIST, 4096, 9);
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
    begin(OPTEE_UNREGISTER_SHM, 0, 0, 0);
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
}

static void r15_a_part_lies_in_what_is_registered(void **state)
{
    static const struct {
        uint64_t offset;
        uint64_t len;
        bool is_right;
    } parts[] = {{0, 5000, true}, {4999, 1, true}, {5000, 0, true}, {0, 5001, false},
            {5000, 1, false}, {5001, 0, false}, {UINT64_MAX, 2, false}, {1, UINT64_MAX, false},
            {4096, 905, false}};
    (void)state;
    fresh();
    const uint32_t session = open_session();
    put_list(LIST, 3);
    assert_int_equal(register_shm(9, LIST | 0xff0, 5000), TEE_SUCCESS);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        begin_enter(session, 0);
        parameter(1, OPTEE_RMEM_IN, parts[i].offset, parts[i].len, 9);
        assert_int_equal(call(), parts[i].is_right ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS);
    }
    begin_enter(session, 0);
    parameter(1, OPTEE_RMEM_IN, 0, 0, 8);
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(unregister_shm(9), TEE_SUCCESS);
    begin_enter(session, 0);
    parameter(1, OPTEE_RMEM_IN, 0, 1, 9);
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
}

/* The list in memory is another one since: what was checked is what counts. */
static void r15_a_list_that_changed_after_it_was_registered_has_no_effect(void **state)
{
    const uint64_t secure = SECURE;
    (void)state;
    fresh();
    const uint32_t session = open_session();
    put_list(LIST, 2);
    assert_int_equal(register_shm(9, LIST, 8192), TEE_SUCCESS);
    memcpy(fake_ram(LIST), &secure, sizeof secure);
    memcpy(fake_ram(BUFFER + 0x1000), "the first page", 14);
    begin_enter(session, 0);
    parameter(1, OPTEE_RMEM_IN, 0, 14, 9);
    assert_int_equal(call(), TEE_SUCCESS);
    assert_memory_equal(fake.in, "the first page", 14);
    assert_int_equal(fake.refused, 0);
}

static void r13_output_across_pages_stays_in_its_buffer(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    put_list(LIST, 18);
    for (unsigned i = 0; i < CW_TZ_OUT_LEN; i++) {
        fake.items[i] = (uint8_t)(i * 11 + 1);
    }
    fake.items_len = CW_TZ_OUT_LEN;
    begin_enter(session, 0);
    parameter(2, OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS, LIST | 0x801, CW_TZ_OUT_LEN, 0);
    assert_int_equal(call(), TEE_SUCCESS);
    assert_true(m.p[2].b == CW_TZ_OUT_LEN);
    for (unsigned i = 0; i < CW_TZ_OUT_LEN; i++) {
        const unsigned at = i + 0x801;
        assert_int_equal(*fake_ram(BUFFER + 0x1000 * (at / 0x1000 ^ 1) + at % 0x1000),
                fake.items[i]);
    }
    assert_int_equal(*fake_ram(BUFFER + 0x1000 + 0x800), 0);
    assert_int_equal(*fake_ram(BUFFER + 0x1000 * (16 ^ 1) + 0x801), 0);
}

/* --- commands --------------------------------------------------------------------------------------- */

static void an_image_reaches_its_session(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    memcpy(fake_ram(BUFFER), "image", 5);
    begin(OPTEE_INVOKE, CW_TZ_LOAD, session, 2);
    parameter(0, OPTEE_VALUE_IN, 100, 200, 0);
    parameter(1, OPTEE_TMEM_IN, BUFFER, 5, 0);
    assert_int_equal(call(), TEE_SUCCESS);
    assert_true(fake.offset == 100 && fake.total == 200 && fake.in_len == 5);
    assert_memory_equal(fake.in, "image", 5);
    fake.answer = TEE_ERROR_ACCESS_DENIED;
    assert_int_equal(call(), TEE_ERROR_ACCESS_DENIED);
    m.p[1].b = 0;
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
    m.p[1].b = 101;
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
}

static void without_room_for_all_output_a_module_is_not_entered(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    begin_enter(session, 4);
    m.p[2].b = CW_TZ_OUT_LEN - 1;
    assert_int_equal(call(), TEE_ERROR_SHORT_BUFFER);
    assert_true(m.p[2].b == CW_TZ_OUT_LEN);
    assert_true(m.p[0].a == 2);
    assert_int_equal(fake.entered, 0);
}

static void r10_after_a_failure_only_the_code_goes_back(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    fake.items_len = 10;
    fake.answer = TEE_ERROR_TARGET_DEAD;
    begin_enter(session, 4);
    assert_int_equal(call(), TEE_ERROR_TARGET_DEAD);
    assert_int_equal(m.header.ret_origin, TEE_ORIGIN_MODULE);
    assert_int_equal(fake.written, 12);
    assert_true(m.p[0].a == 2 && m.p[2].b == CW_TZ_OUT_LEN);
}

static void entries_and_input_are_bounded(void **state)
{
    static const uint64_t entries[] = {256, 1ull << 32, UINT64_MAX};
    (void)state;
    fresh();
    const uint32_t session = open_session();
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        begin_enter(session, 4);
        m.p[0].a = entries[i];
        assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
    }
    begin_enter(session, 4);
    m.p[0].b = 1;
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
    begin_enter(session, CW_TZ_IN_LEN + 1);
    assert_int_equal(call(), TEE_ERROR_EXCESS_DATA);
    assert_int_equal(fake.entered, 0);
    begin_enter(session, CW_TZ_IN_LEN);
    m.p[0].a = 255;
    assert_int_equal(call(), TEE_SUCCESS);
    assert_int_equal(fake.entry, 255);
}

static void no_input_may_be_null(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    begin_enter(session, 0);
    m.p[1].a = 0;
    assert_int_equal(call(), TEE_SUCCESS);
    assert_int_equal(fake.in_len, 0);
    begin_enter(session, 1);
    m.p[1].a = 0;
    assert_int_equal(call(), TEE_ERROR_BAD_PARAMETERS);
}

static void what_a_device_caused_stays_until_there_is_room(void **state)
{
    (void)state;
    fresh();
    const uint32_t session = open_session();
    fake.items_len = 100;
    begin(OPTEE_INVOKE, CW_TZ_FETCH, session, 3);
    parameter(0, OPTEE_VALUE_OUT, 5, 6, 7);
    parameter(2, OPTEE_TMEM_OUT, BUFFER, 99, 0);
    assert_int_equal(call(), TEE_ERROR_SHORT_BUFFER);
    assert_true(m.p[2].b == 100 && m.p[0].a == 5);
    assert_int_equal(fake.fetched, 0);
    assert_int_equal(call(), TEE_SUCCESS);
    assert_true(m.p[0].a == 0x777 && m.p[0].b == 1);
    assert_int_equal(fake.fetched, 1);
}

static void information_is_of_the_device(void **state)
{
    struct cw_tz_info info;
    (void)state;
    fresh();
    const uint32_t session = open_session();
    begin(OPTEE_INVOKE, CW_TZ_INFO, session, 2);
    parameter(1, OPTEE_TMEM_OUT, BUFFER, 200, 0);
    assert_int_equal(call(), TEE_SUCCESS);
    assert_true(m.p[1].b == sizeof info);
    memcpy(&info, fake_ram(BUFFER), sizeof info);
    assert_true(info.version == 1 && info.boot == 42 && info.memory_free == 15u << 20);
    assert_int_equal(info.sessions_free, CW_TZ_SESSIONS - 1);
    assert_int_equal(info.platform[0], 7);
    assert_string_equal((const char *)info.name, "board");
    m.p[1].b = sizeof info - 1;
    assert_int_equal(call(), TEE_ERROR_SHORT_BUFFER);
    assert_true(m.p[1].b == sizeof info);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_driver_s_probe_gets_what_it_expects),
            cmocka_unit_test(unknown_functions_are_refused_and_leave_no_bits_behind),
            cmocka_unit_test(a_message_lies_in_one_page_of_the_normal_world),
            cmocka_unit_test(too_many_parameters_are_not_read),
            cmocka_unit_test(a_message_that_is_unknown_changes_nothing),
            cmocka_unit_test(only_what_goes_back_is_written),
            cmocka_unit_test(r09_each_byte_is_fetched_once_even_if_it_changes_at_once),
            cmocka_unit_test(another_uuid_is_not_found),
            cmocka_unit_test(opening_takes_two_meta_values_and_nothing_else),
            cmocka_unit_test(r19_sessions_are_bounded_and_their_numbers_do_not_come_again),
            cmocka_unit_test(r16_numbers_that_are_no_session_are_refused),
            cmocka_unit_test(r14_a_type_that_is_not_the_command_s_reaches_nothing),
            cmocka_unit_test(more_than_four_parameters_or_an_unknown_command_is_refused),
            cmocka_unit_test(r11_buffers_outside_the_normal_world_are_refused),
            cmocka_unit_test(r11_every_entry_of_a_page_list_is_checked),
            cmocka_unit_test(lists_are_bounded),
            cmocka_unit_test(r16_objects_are_bounded_and_their_references_unique),
            cmocka_unit_test(registering_takes_one_parameter_of_its_type),
            cmocka_unit_test(r15_a_part_lies_in_what_is_registered),
            cmocka_unit_test(r15_a_list_that_changed_after_it_was_registered_has_no_effect),
            cmocka_unit_test(r13_output_across_pages_stays_in_its_buffer),
            cmocka_unit_test(an_image_reaches_its_session),
            cmocka_unit_test(without_room_for_all_output_a_module_is_not_entered),
            cmocka_unit_test(r10_after_a_failure_only_the_code_goes_back),
            cmocka_unit_test(entries_and_input_are_bounded),
            cmocka_unit_test(no_input_may_be_null),
            cmocka_unit_test(what_a_device_caused_stays_until_there_is_room),
            cmocka_unit_test(information_is_of_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
