/* SPDX-License-Identifier: MIT */
/* The way in and out of a module, under attack (silicon/sancus runs the real code). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/frame.h"
#include "silicon/sancus/soc.h"
#include "tee/sancus/abi.h"
#include "tee/sancus/tests/owner.h"
#include "tests/support/channel.h"

enum { SAID, QUESTION, HEARD, ANSWER, ECHO, INQUIRE, BROKEN, BOTTOMLESS };

#define DONE(len) ((uint32_t)CW_RESULT_DONE << 24 | (uint32_t)(len))
#define AGAIN ((uint32_t)CW_RESULT_AGAIN << 24)
#define REFUSED ((uint32_t)CW_RESULT_REFUSED << 24)
#define NOT_BACK UINT32_MAX

static struct cw_owner_built echo[1];
static struct cw_chip *chip;
static struct image image;
static const uint8_t call_echo[] = {ECHO, 0, 0, 0, 'h', 'i'};
static const uint8_t call_broken[] = {BROKEN, 0, 0, 0};
static const uint8_t call_bottomless[] = {BOTTOMLESS, 0, 0, 0};
static const uint8_t call_inquire[] = {INQUIRE, 0, 0, 0, 'w', 'h', 'y'};

static int build(void **state)
{
    (void)state;
    static const char *const sources[] = {"tee/sancus/tests/modules/echo.c"};
    static const struct cw_owner_module module = {
            .name = "echo", .sources = sources, .source_count = 1};
    machine_build(&module, 1, "hardened", echo);
    image = machine_image(&echo[0]);
    assert_int_equal(echo[0].endpoint_count, BOTTOMLESS + 1);
    return 0;
}

static int unbuild(void **state)
{
    (void)state;
    free(echo[0].image);
    free(echo[0].endpoints);
    return 0;
}

static int start(void **state)
{
    (void)state;
    chip = calloc(1, sizeof *chip);
    assert_non_null(chip);
    machine_start(chip, false);
    assert_int_equal(machine_enable(chip, &image.module, image.module_text), 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cw_chip_close(chip);
    free(chip);
    return 0;
}

static uint32_t call(uint8_t entry, const uint8_t *in, size_t len)
{
    return machine_call(chip, &image.module, entry, in, len);
}

/* Registers of an honest call, for a test to spoil. */
static void honest(uint16_t r[static 16])
{
    const uint16_t good[16] = {[0] = image.module.ps, [1] = 0x03fe, [7] = machine_back,
            [11] = CW_ENTRY_CALL, [12] = MACHINE_IN, [13] = sizeof call_echo, [14] = MACHINE_OUT,
            [15] = MACHINE_OUT_CAP};
    (void)memcpy(r, good, sizeof good);
    (void)memcpy(chip->mem + MACHINE_IN, call_echo, sizeof call_echo);
}

static void entry_answers_with_its_state_kept(void **state)
{
    (void)state;
    for (uint8_t n = 41; n < 44; n++) {
        assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), DONE(12));
        const uint8_t expected[] = {4, 0, 0, 0, CW_VERSION, CW_FRAME_REPLY, 0, 0, n, 0, 'h', 'i'};
        assert_memory_equal(chip->mem + MACHINE_OUT, expected, sizeof expected);
    }
}

static void owner_opens_a_session_and_events_pass_through(void **state)
{
    (void)state;
    struct owner o = owner_open(chip, &echo[0]);
    struct cw_channel to = owner_connect(&o, HEARD, 0x11, CW_MODE_STRICT);
    struct cw_channel from = owner_connect(&o, SAID, 0x12, CW_MODE_STRICT);
    for (uint8_t n = 0; n < 2; n++) {
        uint8_t frame[128];
        size_t len;
        assert_int_equal(cw_test_wrap(&to, (const uint8_t *)"event", 5, frame, sizeof frame,
                                 &len), CW_OK);
        assert_int_equal(call(CW_ENTRY_EVENT, frame, len) >> 24, CW_RESULT_DONE);
        const uint8_t *item;
        assert_int_equal(owner_item(&o, 0, &item, &len), CW_FRAME_EVENT);
        uint8_t copy[128];
        size_t payload_len;
        uint32_t gap;
        (void)memcpy(copy, item, len);
        assert_int_equal(cw_channel_expects(&from, copy, len), CW_OK);
        assert_int_equal(cw_channel_unwrap(&from, copy, len, &payload_len, &gap), CW_OK);
        assert_int_equal(payload_len, 5);
        assert_memory_equal(copy + CW_EVENT_HEADER_LEN, "event", 5);
        assert_int_equal(call(CW_ENTRY_EVENT, frame, len), REFUSED); /* a replay */
    }
    /* Two frames are not acknowledged: the window is full, and nothing is consumed. */
    uint8_t frame[128];
    size_t len;
    assert_int_equal(cw_test_ack_make(&from, frame), CW_OK);
    uint8_t ack[CW_ACK_LEN];
    (void)memcpy(ack, frame, sizeof ack);
    assert_int_equal(cw_channel_ready(&to), CW_AGAIN);
    const uint8_t ask[] = {0x11, 0, 0, 0};
    assert_int_equal(call(CW_ENTRY_ACK_MAKE, ask, sizeof ask), DONE(CW_LINK_HEADER_LEN + CW_ACK_LEN));
    assert_int_equal(cw_test_ack_take(&to, chip->mem + MACHINE_OUT + 8, CW_ACK_LEN), CW_OK);
    assert_int_equal(to.acked, 2);
    assert_int_equal(cw_test_wrap(&to, NULL, 0, frame, sizeof frame, &len), CW_OK);
    assert_int_equal(call(CW_ENTRY_EVENT, frame, len), AGAIN);
    assert_int_equal(call(CW_ENTRY_ACK_TAKE, ack, sizeof ack) >> 24, CW_RESULT_DONE);
    assert_int_equal(call(CW_ENTRY_EVENT, frame, len) >> 24, CW_RESULT_DONE);
}

static void request_leaves_in_the_middle_and_resumes(void **state)
{
    (void)state;
    struct owner o = owner_open(chip, &echo[0]);
    struct cw_channel answerer = owner_connect(&o, QUESTION, 0x21, CW_MODE_REQUEST);
    uint8_t frame[128];
    const uint8_t *item;
    size_t len;
    uint32_t gap;
    size_t payload_len;
    assert_int_equal(call(CW_ENTRY_CALL, call_inquire, sizeof call_inquire) >> 24,
            CW_RESULT_PENDING);
    assert_int_equal(owner_item(&o, 0, &item, &len), CW_FRAME_REQUEST);
    (void)memcpy(frame, item, len);
    assert_int_equal(cw_channel_expects(&answerer, frame, len), CW_OK);
    assert_int_equal(cw_channel_unwrap(&answerer, frame, len, &payload_len, &gap), CW_OK);
    assert_memory_equal(frame + CW_EVENT_HEADER_LEN, "why", 3);
    /* Meanwhile nothing else is served, and a forged response does not resume it. */
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), AGAIN);
    assert_int_equal(call(CW_ENTRY_RESPONSE, frame, len) >> 24, CW_RESULT_REFUSED);
    assert_int_equal(cw_test_wrap(&answerer, (const uint8_t *)"because", 7, frame,
                             sizeof frame, &len), CW_OK);
    assert_int_equal(call(CW_ENTRY_RESPONSE, frame, len), DONE(CW_LINK_HEADER_LEN + 7));
    assert_memory_equal(chip->mem + MACHINE_OUT + CW_LINK_HEADER_LEN, "because", 7);
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), DONE(12));
    /* Cancelled: the call ends without an answer. */
    assert_int_equal(call(CW_ENTRY_CALL, call_inquire, sizeof call_inquire) >> 24,
            CW_RESULT_PENDING);
    assert_int_equal(call(CW_ENTRY_CANCEL, NULL, 0), DONE(CW_LINK_HEADER_LEN));
}

static void request_to_a_handler_is_answered(void **state)
{
    (void)state;
    struct owner o = owner_open(chip, &echo[0]);
    struct cw_channel asker = owner_connect(&o, ANSWER, 0x31, CW_MODE_REQUEST);
    uint8_t frame[128];
    uint32_t gap;
    size_t len;
    assert_int_equal(cw_test_wrap(&asker, (const uint8_t *)"what", 4, frame, sizeof frame, &len),
            CW_OK);
    assert_int_equal(call(CW_ENTRY_REQUEST, frame, len) >> 24, CW_RESULT_DONE);
    const uint8_t *item;
    assert_int_equal(owner_item(&o, 0, &item, &len), CW_FRAME_RESPONSE);
    (void)memcpy(frame, item, len);
    assert_int_equal(cw_channel_unwrap(&asker, frame, len, &len, &gap), CW_OK);
    assert_int_equal(len, 7);
    assert_memory_equal(frame + CW_EVENT_HEADER_LEN, "re:what", 7);
}

static void registers_are_clear_on_the_way_out(void **state)
{
    (void)state;
    uint16_t r[16];
    uint16_t ret[16];
    honest(r);
    for (int i = 4; i < 11; i++) {
        r[i] = i == 7 ? machine_back : 0xa5a5;
    }
    assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
    for (int i = 1; i < 16; i++) {
        uint16_t expected = i == 12 ? 12 : i == 15 ? machine_back : 0;
        assert_int_equal(ret[i], expected);
    }
}

static void pointers_into_the_module_are_refused(void **state)
{
    (void)state;
    const struct bounds *b = &image.module;
    const struct {
        uint16_t at, len;
    } ranges[] = {
            {b->ss, 8}, {(uint16_t)(b->se - 8), 8}, {(uint16_t)(b->ss - 2), 8},
            {(uint16_t)(b->se - 2), 8}, {b->ps, 8}, {(uint16_t)(b->pe - 8), 8},
            {(uint16_t)(b->ps - 2), 8}, {(uint16_t)(b->pe - 2), 8},
            {0xfffe, 8}, {0xffff, 2}, {0xfffc, 4}, {0, 8}, {0x01f8, 16}, {CW_RANDOM, 8},
    };
    uint16_t r[16];
    uint16_t ret[16];
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        honest(r);
        r[12] = ranges[i].at;
        r[13] = ranges[i].len;
        assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
        assert_int_equal(ret[13], CW_RESULT_REFUSED << 8);
        assert_int_equal(ret[12], 0);
        honest(r);
        r[14] = ranges[i].at;
        r[15] = 0x400;
        assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
        assert_int_equal(ret[13], CW_RESULT_REFUSED << 8);
        assert_int_equal(ret[12], 0);
    }
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), DONE(12));
}

static void lengths_beyond_the_image_are_refused(void **state)
{
    (void)state;
    uint16_t r[16];
    uint16_t ret[16];
    for (uint32_t len = 95; len <= 0xffff; len += len / 3) {
        honest(r);
        r[13] = (uint16_t)len;
        assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
        assert_int_equal(ret[13], CW_RESULT_REFUSED << 8);
    }
    honest(r);
    r[15] = 11; /* one byte too little for the answer */
    chip->mem[MACHINE_OUT + 11] = 0x77;
    assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
    assert_int_equal(ret[13], CW_RESULT_AGAIN << 8);
    assert_int_equal(chip->mem[MACHINE_OUT + 11], 0x77);
}

static void unknown_entries_are_refused(void **state)
{
    (void)state;
    uint16_t r[16];
    uint16_t ret[16];
    const uint16_t entries[] = {9, 12, 0x7f, 0x80, 0xff, 0x101, 0x108, 0x208, 0x1008, 0x8008,
            0xff08, 0xffff};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        honest(r);
        r[11] = entries[i];
        assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
        assert_int_equal(ret[13], CW_RESULT_REFUSED << 8);
    }
    for (uint16_t index = BOTTOMLESS + 1; index != 0; index = (uint16_t)(index << 1)) {
        const uint8_t in[] = {(uint8_t)index, (uint8_t)(index >> 8), 0, 0};
        assert_int_equal(call(CW_ENTRY_CALL, in, sizeof in), REFUSED);
    }
    const uint8_t high[] = {ECHO, 0, 1, 0};
    assert_int_equal(call(CW_ENTRY_CALL, high, sizeof high), REFUSED);
}

static void return_address_in_a_module_is_refused(void **state)
{
    (void)state;
    uint16_t r[16];
    uint16_t ret[16];
    const uint16_t inside[] = {image.module.ps, (uint16_t)(image.module.ps + 2),
            (uint16_t)(image.module.pe - 2)};
    for (size_t i = 0; i < 3; i++) {
        for (uint16_t entry = 8; entry <= CW_SANCUS_ENTRY_UNLOAD; entry += 0xf8) {
            honest(r);
            r[7] = inside[i];
            r[11] = entry;
            assert_int_equal(machine_enter(chip, r, ret), ENDED_VIOLATION);
        }
    }
    /* Nothing ran, so the module is as it was. */
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), DONE(12));
    assert_int_equal(chip->mem[MACHINE_OUT + CW_LINK_HEADER_LEN], 41);
}

static void stack_of_the_caller_is_never_used(void **state)
{
    (void)state;
    const uint16_t stacks[] = {0, 2, 0x0220, 0xfffe, image.module.ss,
            (uint16_t)(image.module.se - 2), image.module.ps, 0xe010};
    uint16_t r[16];
    uint16_t ret[16];
    uint8_t before[0x200];
    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
        honest(r);
        r[1] = stacks[i];
        r[2] = CW_SR_GIE | CW_SR_C | CW_SR_Z | CW_SR_N | CW_SR_V;
        (void)memcpy(before, chip->mem + 0x1000, sizeof before);
        assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
        assert_int_equal(ret[12], 12);
        assert_memory_equal(before, chip->mem + 0x1000, sizeof before);
    }
}

/* The button goes down some instructions after the probe began to load its registers. */
static int edge_in;

static void on_step(void *arg, const struct cw_chip *running)
{
    static const uint8_t load_stack[] = {0x11, 0x42, 0x22, 0x02}; /* mov &0x0222, r1 */
    if (memcmp(running->mem + cw_chip_pc(running), load_stack, sizeof load_stack) == 0 ||
            edge_in >= 0) {
        edge_in = edge_in < 0 ? -edge_in : edge_in;
        edge_in--;
        if (edge_in == 0) {
            cw_soc_pins(arg, 0, 1);
            edge_in = -1000;
        }
    }
}

static void interrupt_finds_the_module_closed(void **state)
{
    (void)state;
    uint16_t r[16];
    uint16_t ret[16];
    unsigned inside = 0;
    chip->soc.port[0].ie = 1; /* nobody owns the port here */
    for (int after = 1; after < 40; after++) {
        honest(r);
        r[2] = CW_SR_GIE;
        chip->soc.port[0].ifg = 0;
        cw_soc_pins(chip, 0, 0);
        (void)cw_chip_run(chip, cw_chip_cycles(chip) + 20);
        edge_in = -after;
        chip->events.arg = chip;
        chip->events.instruction = on_step;
        ended how = machine_enter(chip, r, ret);
        chip->events.instruction = NULL;
        if (how == ENDED_BACK) { /* it came when the module was in already: it waits */
            assert_int_equal(ret[12], 12);
            assert_int_equal(ret[2], 0);
            inside++;
        } else { /* it came before the first instruction: the module never ran */
            assert_int_equal(how, ENDED_INTERRUPT);
        }
    }
    assert_true(inside > 20);
    chip->soc.port[0].ie = 0;
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), DONE(12));
}

static void every_other_way_in_is_a_violation(void **state)
{
    (void)state;
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), DONE(12));
    uint16_t r[16];
    uint16_t ret[16];
    unsigned violations = 0;
    for (uint16_t at = (uint16_t)(image.module.ps + 2); at < image.module.pe;
            at = (uint16_t)(at + 6)) {
        honest(r);
        r[0] = at;
        ended how = machine_enter(chip, r, ret);
        if (how == ENDED_NOT) { /* junk, or the stack guard: the chip or its software is stuck */
            (void)stop(state);
            (void)start(state);
            continue;
        }
        assert_int_equal(how, ENDED_VIOLATION);
        violations++;
        chip->core.stack_guard = 0; /* the intruder may have hit that instruction: his own loss */
        for (int i = 4; i < 15; i++) { /* cleared, or what the intruder brought */
            assert_true(ret[i] == 0 || ret[i] == r[i]);
        }
    }
    assert_true(violations > 300);
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), DONE(12));
}

static void module_that_broke_off_is_dead_until_loaded_anew(void **state)
{
    (void)state;
    assert_int_equal(call(CW_ENTRY_CALL, call_broken, sizeof call_broken), NOT_BACK);
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), NOT_BACK);
    assert_int_equal(call(CW_ENTRY_ATTEST, call_echo, sizeof call_echo), NOT_BACK);
    uint16_t r[16];
    uint16_t ret[16];
    honest(r);
    r[11] = CW_SANCUS_ENTRY_UNLOAD;
    assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
    assert_int_equal(machine_enable(chip, &image.module, image.module_text), 2);
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), DONE(12));
}

static void stack_overflow_breaks_off_and_leaks_nothing(void **state)
{
    (void)state;
    const struct bounds *b = &image.module;
    for (uint16_t at = 0x0c00; at < b->ss; at = (uint16_t)(at + 2)) {
        cw_chip_poke(chip, at, 0x6b6b);
    }
    assert_int_equal(call(CW_ENTRY_CALL, call_bottomless, sizeof call_bottomless), NOT_BACK);
    for (uint16_t at = 0x1000; at < b->ss; at = (uint16_t)(at + 2)) {
        assert_int_equal(cw_chip_word(chip, at), 0x6b6b);
    }
    assert_int_equal(call(CW_ENTRY_CALL, call_echo, sizeof call_echo), NOT_BACK);
}

static void unloading_wipes_text_and_data(void **state)
{
    (void)state;
    const struct bounds *b = &image.module;
    (void)owner_open(chip, &echo[0]);
    uint16_t r[16];
    uint16_t ret[16];
    honest(r);
    r[11] = CW_SANCUS_ENTRY_UNLOAD;
    r[12] = 0xa5a5;
    assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
    for (int i = 1; i < 15; i++) {
        assert_int_equal(ret[i], 0);
    }
    for (uint16_t at = b->ss; at < b->se; at++) {
        assert_int_equal(chip->mem[at], 0);
    }
    for (uint16_t at = b->ps; at < b->pe; at++) {
        assert_int_equal(chip->mem[at], 0);
    }
    assert_int_equal(machine_id_at(chip, b->ps), 0);
}

static void every_life_starts_differently(void **state)
{
    (void)state;
    struct owner first = owner_open(chip, &echo[0]);
    assert_int_equal(first.life.kind, CW_FRESH_RANDOM);
    uint16_t r[16];
    uint16_t ret[16];
    honest(r);
    r[11] = CW_SANCUS_ENTRY_UNLOAD;
    assert_int_equal(machine_enter(chip, r, ret), ENDED_BACK);
    assert_int_equal(machine_enable(chip, &image.module, image.module_text), 2);
    struct owner second = owner_open(chip, &echo[0]);
    assert_memory_not_equal(first.life.start, second.life.start, CW_START_LEN);
}

/* Software on the board changes the input as soon as the module has its copy. */
static struct {
    uint16_t copy_at;
    uint8_t last;
    bool changed;
} race;

static void on_instruction(void *arg, const struct cw_chip *running)
{
    (void)running;
    struct cw_chip *victim = arg;
    if (!race.changed && victim->mem[race.copy_at] == race.last) {
        (void)memset(victim->mem + MACHINE_IN, 0xee, 256);
        race.changed = true;
    }
}

static void input_is_fetched_once(void **state)
{
    (void)state;
    const struct bounds *b = &image.module;
    uint8_t in[4 + 60] = {ECHO};
    for (uint8_t i = 4; i < sizeof in; i++) {
        in[i] = (uint8_t)(0x80 + i);
    }
    assert_int_equal(call(CW_ENTRY_CALL, in, sizeof in), DONE(CW_LINK_HEADER_LEN + 2 + 60));
    uint16_t at = b->ss;
    while (at < b->se - sizeof in && memcmp(chip->mem + at, in, sizeof in) != 0) {
        at++;
    }
    assert_true(at < b->se - sizeof in);
    race.copy_at = (uint16_t)(at + sizeof in - 1);
    in[sizeof in - 1] = 0x42;
    race.last = 0x42;
    chip->events.arg = chip;
    chip->events.instruction = on_instruction;
    assert_int_equal(call(CW_ENTRY_CALL, in, sizeof in), DONE(CW_LINK_HEADER_LEN + 2 + 60));
    chip->events.instruction = NULL;
    assert_true(race.changed);
    assert_memory_equal(chip->mem + MACHINE_OUT + CW_LINK_HEADER_LEN + 2, in + 4, 60);
}

static void published_chip_runs_the_same_module_without_freshness(void **state)
{
    (void)state;
    static const char *const sources[] = {"tee/sancus/tests/modules/echo.c"};
    static const struct cw_owner_module module = {
            .name = "echo", .sources = sources, .source_count = 1};
    struct cw_owner_built built[1] = {0};
    machine_build(&module, 1, "exact", built);
    struct image exact = machine_image(&built[0]);
    struct cw_chip *published = calloc(1, sizeof *published);
    assert_non_null(published);
    machine_start(published, true);
    for (uint16_t at = exact.module.ss; at < exact.module.se; at = (uint16_t)(at + 2)) {
        cw_chip_poke(published, at, 0); /* as the firmware does */
    }
    assert_int_equal(machine_enable(published, &exact.module, exact.module_text), 1);
    static const uint8_t nonce[CW_NONCE_LEN] = "n";
    uint8_t attest[CW_ATTEST_LEN];
    cw_attest_encode(nonce, attest);
    assert_int_equal(machine_call(published, &exact.module, CW_ENTRY_ATTEST, attest, sizeof attest),
            DONE(CW_LINK_HEADER_LEN + CW_EVIDENCE_LEN + CW_TAG_LEN));
    const uint8_t *life = published->mem + MACHINE_OUT + CW_LINK_HEADER_LEN;
    struct cw_owner_verdict verdict;
    const struct cw_owner_node expects_exact = {.name = "board", .chip = "exact"};
    assert_int_equal(cw_owner_sancus.verify(&expects_exact, &built[0], nonce, life, NULL,
                             life + CW_EVIDENCE_LEN, CW_TAG_LEN, &verdict), CW_OK);
    const struct cw_owner_node expects_random = {.name = "board"};
    assert_int_equal(cw_owner_sancus.verify(&expects_random, &built[0], nonce, life, NULL,
                             life + CW_EVIDENCE_LEN, CW_TAG_LEN, &verdict), CW_E_AUTH);
    cw_chip_close(published);
    free(published);
    free(built[0].image);
    free(built[0].endpoints);
}

/* Where CMP or BIT is about to look for its destination, if that is program memory. */
static bool compares_program_memory(const struct cw_chip *running)
{
    const uint16_t *r = running->core.r;
    uint16_t word = cw_chip_word(running, r[0]);
    unsigned to = word & 15u;
    bool compares = word >> 12 == 9 || word >> 12 == 11;
    if (!compares || (word & 0x80) == 0) {
        return false;
    }
    /* An index of the source stands in front of that of the destination. */
    unsigned from = word >> 8 & 15u;
    unsigned mode = word >> 4 & 3u;
    bool has_index = (mode == 1 && from != 3) || (mode == 3 && from == 0);
    uint16_t at = (uint16_t)(r[0] + (has_index ? 4 : 2));
    uint16_t base = to == 2 ? 0 : to == 0 ? at : r[to];
    return (uint16_t)(cw_chip_word(running, at) + base) >= CW_SANCUS_TEXT_BASE;
}

static unsigned spoiled;

static void watch_compares(void *arg, const struct cw_chip *running)
{
    (void)arg;
    uint16_t pc = running->core.r[0];
    if (pc >= image.module.ps && pc < image.module.pe && compares_program_memory(running)) {
        spoiled++;
    }
}

/* On the chip as published CMP and BIT with a destination in program memory spoil what follows. */
static void published_chip_meets_no_comparison_in_program_memory(void **state)
{
    static void (*const life[])(void **) = {entry_answers_with_its_state_kept,
            owner_opens_a_session_and_events_pass_through, request_leaves_in_the_middle_and_resumes,
            request_to_a_handler_is_answered};
    const struct cw_owner_built hardened = echo[0];
    spoiled = 0;
    chip->events.instruction = watch_compares;
    owner_opens_a_session_and_events_pass_through(state);
    assert_true(spoiled > 0); /* the image of the other chip has such places */
    static const char *const sources[] = {"tee/sancus/tests/modules/echo.c"};
    static const struct cw_owner_module module = {
            .name = "echo", .sources = sources, .source_count = 1};
    machine_build(&module, 1, "exact", echo);
    image = machine_image(&echo[0]);
    spoiled = 0;
    for (size_t i = 0; i < sizeof life / sizeof life[0]; i++) {
        cw_chip_close(chip);
        machine_start(chip, true);
        for (uint16_t at = image.module.ss; at < image.module.se; at = (uint16_t)(at + 2)) {
            cw_chip_poke(chip, at, 0); /* as the firmware does */
        }
        assert_int_equal(machine_enable(chip, &image.module, image.module_text), 1);
        chip->events.instruction = watch_compares;
        life[i](state);
    }
    assert_int_equal(spoiled, 0);
    (void)unbuild(state);
    echo[0] = hardened;
    image = machine_image(&echo[0]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(entry_answers_with_its_state_kept),
            CASE(owner_opens_a_session_and_events_pass_through),
            CASE(request_leaves_in_the_middle_and_resumes),
            CASE(request_to_a_handler_is_answered),
            CASE(registers_are_clear_on_the_way_out),
            CASE(pointers_into_the_module_are_refused),
            CASE(lengths_beyond_the_image_are_refused),
            CASE(unknown_entries_are_refused),
            CASE(return_address_in_a_module_is_refused),
            CASE(stack_of_the_caller_is_never_used),
            CASE(interrupt_finds_the_module_closed),
            CASE(every_other_way_in_is_a_violation),
            CASE(module_that_broke_off_is_dead_until_loaded_anew),
            CASE(stack_overflow_breaks_off_and_leaks_nothing),
            CASE(unloading_wipes_text_and_data),
            CASE(every_life_starts_differently),
            CASE(input_is_fetched_once),
            CASE(published_chip_runs_the_same_module_without_freshness),
            CASE(published_chip_meets_no_comparison_in_program_memory),
    };
    return cmocka_run_group_tests(tests, build, unbuild);
}
