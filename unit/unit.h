/* SPDX-License-Identifier: MIT */
/*
 * unit.h - call a module's handlers on the host, and look at what they did.
 *
 * What     A test links this with the module's own source, sanitizers and all, and plays node and
 *          peers: no enclave, no cipher, no network.  module.mk builds such tests: tests/NAME_test.c
 *          is linked with NAME.c.
 *
 *     #include "unit/unit.h"
 *
 *     cw_test_start();
 *     cw_test_event(button_pressed, "x", 1);
 *     assert_int_equal(cw_test_count(toggle_led), 1);
 *
 * Names    Endpoints are named as in the module; a name that it does not have fails to link
 *          (`cw_endpoint_NAME`).
 * Memory   What a handler is given lies in a block of its own of exactly that length, which is
 *          freed when it returns: the sanitizer finds what reads beyond, or later.  What is
 *          returned here is valid until the next cw_test_start.
 * Errors   Misuse of this file, and an endpoint used against its kind or its maximum, fail the
 *          test (cmocka), or end the program.
 * Trust    neutral; never part of an image.
 */
#ifndef CW_UNIT_UNIT_H
#define CW_UNIT_UNIT_H

#include "sdk/causeway.h"

struct cw_test_bytes {
    const uint8_t *bytes;
    size_t len;
};

/* Where in the test a call stands. */
struct cw_test_place {
    const char *file;
    int line;
};
#define CW_TEST_HERE_ ((struct cw_test_place){__FILE__, __LINE__})
#define CW_TEST_ROW_(name) \
    ({ \
        extern const struct cw_endpoint cw_endpoint_##name; \
        &cw_endpoint_##name; \
    })

/*
 * cw_test_start - a new life of the module: its variables are as at the start of the program,
 * nothing was sent, no result is set; CW_INIT has run.
 */
void cw_test_start(void);

/* cw_test_event(input, data, len) - an event comes in. */
#define cw_test_event(input, data, len) \
    cw_test_event_(CW_TEST_HERE_, CW_TEST_ROW_(input), #input, (data), (len))

/* cw_test_gap - so many events were lost before the next one: what cw_event_gap will say. */
void cw_test_gap(uint32_t lost);

/* cw_test_request(handler, data, len) - a request comes in; returns the answer.
 * cw_test_call(entry, data, len) - anyone calls an entry. */
#define cw_test_request(handler, data, len) \
    cw_test_ask_(CW_TEST_HERE_, CW_TEST_ROW_(handler), #handler, CW_KIND_HANDLER, (data), (len))
#define cw_test_call(entry, data, len) \
    cw_test_ask_(CW_TEST_HERE_, CW_TEST_ROW_(entry), #entry, CW_KIND_ENTRY, (data), (len))

/* cw_test_count(name) - events that left by an output, or requests that the module made.
 * cw_test_sent(name, index) - the payload of one of them, from 0. */
#define cw_test_count(name) cw_test_count_(CW_TEST_HERE_, CW_TEST_ROW_(name), #name)
#define cw_test_sent(name, index) cw_test_sent_(CW_TEST_HERE_, CW_TEST_ROW_(name), #name, (index))

/* cw_test_result(output, status) - what the output says from now on; unless CW_OK nothing leaves. */
#define cw_test_result(output, status) \
    cw_test_result_(CW_TEST_HERE_, CW_TEST_ROW_(output), #output, (status))

/* cw_test_answer(request, data, len) - the next answer to a request of the module; several queue.
 * cw_test_refuse(request, status) - the same, but it fails.  Without either: CW_E_ABSENT. */
#define cw_test_answer(request, data, len) \
    cw_test_answer_(CW_TEST_HERE_, CW_TEST_ROW_(request), #request, CW_OK, (data), (len))
#define cw_test_refuse(request, status) \
    cw_test_answer_(CW_TEST_HERE_, CW_TEST_ROW_(request), #request, (status), NULL, 0)

/* cw_test_config(name, data, len) - the owner sets a parameter: a CW_CONFIG of the module. */
#define cw_test_config(name, data, len) \
    cw_test_config_(CW_TEST_HERE_, CW_TEST_ROW_(name), #name, (data), (len))

/* cw_test_random - where cw_random begins; the same seed gives the same bytes.  0: it is absent. */
void cw_test_random(uint32_t seed);

/* cw_seal and cw_unseal work as on a chip that has a key, from one start of the module to the next;
 * cw_counter goes on from one to the next. */

/* cw_test_is - are these bytes this text? */
bool cw_test_is(struct cw_test_bytes bytes, const char *text);

void cw_test_event_(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        const void *data, size_t len);
struct cw_test_bytes cw_test_ask_(struct cw_test_place at, const struct cw_endpoint *row,
        const char *name, uint8_t kind, const void *data, size_t len);
void cw_test_config_(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        const void *data, size_t len);
size_t cw_test_count_(struct cw_test_place at, const struct cw_endpoint *row, const char *name);
struct cw_test_bytes cw_test_sent_(struct cw_test_place at, const struct cw_endpoint *row,
        const char *name, size_t index);
void cw_test_result_(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        cw_status status);
void cw_test_answer_(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        cw_status status, const void *data, size_t len);

#endif
