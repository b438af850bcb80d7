/* SPDX-License-Identifier: MIT */
/*
 * Requirements R9 to R17 (docs/testing.md): what a module takes from the arena and leaves there, with a
 * host that changes every word between any two instructions, and that sees each single access.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tee/enclave.h"
#include "tee/sgx/tests/subject.h"

static struct rig rig;

static int open_new(void **state)
{
    (void)state;
    subject_open(&rig);
    return 0;
}

static int open_alive(void **state)
{
    (void)state;
    subject_alive(&rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* --- every access -------------------------------------------------------------------------------------- */

#define ACCESSES_MAX 4096u

static struct access {
    uint64_t offset;
    bool is_write;
    bool is_fenced; /* an LFENCE was executed since the last one */
} seen[ACCESSES_MAX];
static size_t seen_count;

/* MOV, CMP, TEST, ADD and the like between memory and a register of 8 bytes; else the test fails. */
static bool is_store(void)
{
    const uint8_t *at = rig.memory + (rig.regs.rip - rig.base);
    if ((at[0] & 0xf8) != 0x48) {
        fail_msg("an access of the arena of less than 8 bytes, at %#llx",
                (long long)(rig.regs.rip - rig.base));
    }
    switch (at[1]) {
    case 0x89: /* MOV to memory */
    case 0xc7:
        return true;
    case 0x8b: /* MOV */
    case 0x39: /* CMP */
    case 0x3b:
    case 0x83: /* CMP with a number */
    case 0x03: /* ADD, OR, AND, SUB, XOR to a register */
    case 0x0b:
    case 0x23:
    case 0x2b:
    case 0x33:
        assert_true(at[1] != 0x83 || (at[2] & 0x38) == 0x38);
        return false;
    default:
        fail_msg("opcode %#x touches the arena, at %#llx", at[1],
                (long long)(rig.regs.rip - rig.base));
        return false;
    }
}

/* From EENTER to EEXIT, with no right to the arena but for the instruction that wants it. */
static uint64_t watch(void)
{
    seen_count = 0;
    bool is_fenced = false;
    rig_protect(&rig, rig.arena_far, CW_SGX_ARENA_LEN, PROT_NONE);
    assert_true(rig_eenter(&rig, &rig_poisoned));
    for (;;) {
        const uint8_t *next = rig.memory + (rig.regs.rip - rig.base);
        is_fenced = is_fenced || memcmp(next, "\x0f\xae\xe8", 3) == 0;
        const enum rig_end end = rig_step(&rig);
        if (end == RIG_EXIT) {
            break;
        }
        if (end == RIG_STEPPED) {
            continue;
        }
        assert_int_equal(rig.vector, SGX_VECTOR_PF);
        const uint64_t offset = rig.address - rig.arena_far;
        assert_true(offset < CW_SGX_ARENA_LEN);
        assert_int_equal(offset % 8, 0);
        assert_true(seen_count < ACCESSES_MAX);
        seen[seen_count++] = (struct access){offset, is_store(), is_fenced};
        is_fenced = false;
        rig_protect(&rig, rig.arena_far, CW_SGX_ARENA_LEN, PROT_READ | PROT_WRITE);
        assert_int_equal(rig_step(&rig), RIG_STEPPED);
        rig_protect(&rig, rig.arena_far, CW_SGX_ARENA_LEN, PROT_NONE);
    }
    rig_protect(&rig, rig.arena_far, CW_SGX_ARENA_LEN, PROT_READ | PROT_WRITE);
    return rig_leave(&rig);
}

static size_t times(uint64_t offset, bool is_write)
{
    size_t count = 0;
    for (size_t i = 0; i < seen_count; i++) {
        count += seen[i].offset == offset && seen[i].is_write == is_write;
    }
    return count;
}

/* The request, its header read once each; bytes of it from [unread, IN + len) read once each. */
static void assert_read_once(size_t len)
{
    assert_int_equal(times(CW_SGX_WORD_ENTRY, false), 1);
    assert_int_equal(times(CW_SGX_WORD_IN_LEN, false), 1);
    for (uint64_t offset = CW_SGX_IN; offset < CW_SGX_IN + len; offset += 8) {
        assert_int_equal(times(offset, false), 1);
    }
    for (size_t i = 0; i < seen_count; i++) { /* nothing else */
        const uint64_t at = seen[i].offset;
        const bool is_word = at == CW_SGX_WORD_REQUEST || at == CW_SGX_WORD_ENTRY ||
                at == CW_SGX_WORD_IN_LEN || at == CW_SGX_WORD_SPIN || at == CW_SGX_WORD_SLEEPS;
        const bool is_ours = at == CW_SGX_WORD_RESPONSE || at == CW_SGX_WORD_RESULT ||
                at == CW_SGX_WORD_SERVED;
        const bool is_in = at >= CW_SGX_IN && at < CW_SGX_IN + len;
        const bool is_out = at >= CW_SGX_OUT;
        assert_true(seen[i].is_write ? is_ours || is_out : is_word || is_in || is_out);
    }
}

static void ask_echo(const char *text)
{
    uint8_t bytes[512];
    rig_ask(&rig, CW_ENTRY_CALL, bytes, subject_in("echo", text, strlen(text), bytes));
}

static void r10_each_byte_is_read_once(void **state)
{
    (void)state;
    ask_echo("a text of 26 bytes, 30 with");
    assert_int_equal(watch(), CW_SGX_EXIT_IDLE);
    assert_read_once(31);
    assert_true(rig_word(&rig, CW_SGX_WORD_RESULT) == CW_RETURN(CW_RESULT_DONE, 8 + 27));
}

/* Two inputs at odd places: a word that both touch is read for each, its bytes are not. */
static void r10_lengths_of_many_are_read_once(void **state)
{
    (void)state;
    uint8_t many[128];
    size_t len = 0;
    for (unsigned i = 0; i < 2; i++) {
        const size_t one = subject_in("echo", "12345678", 8, many + len + 4);
        const uint8_t header[4] = {(uint8_t)one};
        memcpy(many + len, header, 4);
        len += 4 + one;
    }
    rig_ask(&rig, CW_SGX_MANY | CW_ENTRY_CALL, many, len);
    assert_int_equal(watch(), CW_SGX_EXIT_IDLE);
    /* 16 bytes each: length and index in one word, then the text in one and a half */
    assert_int_equal(times(CW_SGX_WORD_IN_LEN, false), 1);
    assert_int_equal(times(CW_SGX_IN, false), 2);      /* the length, then the index   */
    assert_int_equal(times(CW_SGX_IN + 8, false), 1);
    assert_int_equal(times(CW_SGX_IN + 16, false), 2);
    assert_int_equal(times(CW_SGX_IN + 24, false), 1);
    assert_true(rig_word(&rig, CW_SGX_WORD_RESULT) == CW_RETURN(CW_RESULT_DONE, 2 * 16));
    assert_int_equal(rig_word(&rig, CW_SGX_WORD_SERVED), 1);
}

static void r08_nothing_is_read_ahead_of_the_request(void **state)
{
    (void)state;
    ask_echo("!");
    assert_int_equal(watch(), CW_SGX_EXIT_IDLE);
    unsigned fenced = 0;
    for (size_t i = 0; i < seen_count; i++) {
        if (!seen[i].is_write && seen[i].offset == CW_SGX_WORD_REQUEST) {
            fenced = 0; /* from the last look on */
        } else if (!seen[i].is_write && seen[i].offset < CW_SGX_WORD_RESPONSE) {
            if (seen[i].is_fenced) {
                fenced++;
            }
            if (seen[i].offset == CW_SGX_WORD_IN_LEN || seen[i].offset == CW_SGX_WORD_ENTRY) {
                assert_true(fenced > 0);
            }
        } else if (seen[i].offset == CW_SGX_IN) {
            assert_true(seen[i].is_fenced); /* behind the check of its range */
        }
    }
}

/* watch() itself fails on any access that is narrower or not aligned. */
static void r16_r17_arena_is_touched_by_aligned_words_alone(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 17; len++) { /* items that begin and end anywhere in a word */
        char text[20] = "";
        memset(text, 'x', len);
        ask_echo(text);
        assert_int_equal(watch(), CW_SGX_EXIT_IDLE);
        assert_true(seen_count > 10);
        assert_memory_equal(rig.arena + CW_SGX_OUT + 8, text, len);
    }
    rig_ask(&rig, CW_ENTRY_ATTEST, "not long enough", 15);
    assert_int_equal(watch(), CW_SGX_EXIT_IDLE);
}

/* --- races ------------------------------------------------------------------------------------------------ */

static uint64_t random_state = 88172645463325252ull;

static uint64_t any(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* All that the host may write, between any two instructions: the module refuses, or it serves. */
static void r10_host_changes_everything_between_instructions(void **state)
{
    (void)state;
    unsigned done = 0, refused = 0;
    for (unsigned round = 0; round < 24; round++) {
        uint8_t bytes[64];
        const size_t len = subject_in("echo", "raced", 5, bytes);
        rig_ask(&rig, CW_ENTRY_CALL, bytes, len);
        const uint64_t request = rig_word(&rig, CW_SGX_WORD_REQUEST);
        const uint64_t start = any() % 200;
        assert_true(rig_eenter(&rig, &rig_poisoned));
        enum rig_end end = RIG_STEPPED;
        for (uint64_t i = 0; end == RIG_STEPPED; i++) {
            end = rig_step(&rig);
            if (i >= start && rig_word(&rig, CW_SGX_WORD_RESPONSE) != request) {
                const uint64_t index = (any() & 1) != 0 ? bytes[0] : 100; /* not the mistake */
                rig_set(&rig, CW_SGX_WORD_ENTRY, (any() & 3) != 0 ? any() % 24 : any());
                rig_set(&rig, CW_SGX_WORD_IN_LEN, (any() & 3) != 0 ? any() % 24 : any());
                rig_set(&rig, CW_SGX_IN, index | any() << 32);
                rig_set(&rig, CW_SGX_IN + 8, any());
            }
        }
        assert_int_equal(end, RIG_EXIT);
        assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_IDLE);
        assert_int_equal(rig_word(&rig, CW_SGX_WORD_RESPONSE), request);
        const uint64_t result = rig_word(&rig, CW_SGX_WORD_RESULT) >> 24;
        assert_true(result == CW_RESULT_DONE || result == CW_RESULT_REFUSED);
        done += result == CW_RESULT_DONE;
        refused += result == CW_RESULT_REFUSED;
    }
    assert_true(done > 0 && refused > 0);
    assert_int_equal(subject_call(&rig, "echo", "calm", 4), CW_RESULT_DONE);
    assert_memory_equal(rig.arena + CW_SGX_OUT + 8, "calm", 4);
}

/* --- addresses and lengths ----------------------------------------------------------------------------------- */

static void r09_arena_in_the_enclave_is_refused_and_nothing_changed(void **state)
{
    (void)state;
    const uint64_t len = CW_SGX_ARENA_LEN;
    const struct {
        uint64_t far, len;
    } wrong[] = {{rig.base, len}, {rig.base + 0x1000, len}, {rig.base + rig.image.len - 8, len},
            {rig.base - len + 8, len}, {rig.base - len / 2, len}, {rig.arena_far + 4, len},
            {rig.arena_far + 1, len}, {rig.arena_far, len - 1}, {rig.arena_far, 0},
            {0 - len + 8, len}, {UINT64_MAX, len}, {UINT64_MAX - 7, UINT64_MAX}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct rig_poison p = rig_poisoned;
        p.rdi = wrong[i].far;
        p.rsi = wrong[i].len;
        assert_int_equal(rig_go(&rig, &p), CW_SGX_EXIT_REFUSED);
    }
    rig_start(&rig);
    assert_int_equal(subject_call(&rig, "echo", "!", 1), CW_RESULT_DONE);
}

static void r13_registers_of_later_entries_are_nothing(void **state)
{
    (void)state;
    struct rig_poison p = rig_poisoned;
    ask_echo("1234");
    p.rdi = rig.base; /* an arena? */
    p.rsi = UINT64_MAX;
    assert_int_equal(rig_go(&rig, &p), CW_SGX_EXIT_IDLE);
    assert_memory_equal(rig.arena + CW_SGX_OUT + 8, "1234", 4);
}

static void r14_lengths_of_the_host_are_bounded(void **state)
{
    (void)state;
    const uint64_t wrong[] = {CW_SGX_IN_LEN + 1, CW_SGX_ARENA_LEN, CW_SGX_ARENA_LEN + 1,
            UINT32_MAX, 1ull << 32, UINT64_MAX - 7, UINT64_MAX, CW_SGX_IN_LEN, 65536, 300};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (unsigned many = 0; many < 2; many++) {
            uint8_t bytes[32] = {0};
            const size_t len = subject_in("echo", "1234", 4, bytes + 4 * many);
            bytes[0] = many == 0 ? bytes[0] : 255; /* an input that is not there */
            bytes[3] = many == 0 ? bytes[3] : 255;
            rig_ask(&rig, CW_ENTRY_CALL | (many != 0 ? CW_SGX_MANY : 0), bytes, len + 4 * many);
            rig_set(&rig, CW_SGX_WORD_IN_LEN, wrong[i]);
            assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_IDLE);
            assert_int_equal(rig_word(&rig, CW_SGX_WORD_RESULT),
                    CW_RETURN(CW_RESULT_REFUSED, 0));
        }
    }
    assert_int_equal(subject_call(&rig, "echo", "!", 1), CW_RESULT_DONE);
}

/* A request is one more than the last response; any other number is none. */
static void r14_only_the_next_request_is_one(void **state)
{
    (void)state;
    const uint64_t response = rig_word(&rig, CW_SGX_WORD_RESPONSE);
    const uint64_t none[] = {0, response, response + 2, response - 1, UINT64_MAX, response << 32};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ask_echo("!");
        rig_set(&rig, CW_SGX_WORD_REQUEST, none[i]);
        rig_set(&rig, CW_SGX_WORD_RESPONSE, none[i] - 1); /* the module counts by itself */
        assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_IDLE);
        assert_int_equal(rig_word(&rig, CW_SGX_WORD_RESPONSE), none[i] - 1);
    }
    rig_set(&rig, CW_SGX_WORD_RESPONSE, response);
    assert_int_equal(subject_call(&rig, "echo", "!", 1), CW_RESULT_DONE);
}

static void r14_it_does_not_look_for_ever(void **state)
{
    (void)state;
    rig_set(&rig, CW_SGX_WORD_SPIN, UINT64_MAX);
    assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_IDLE);
    rig_set(&rig, CW_SGX_WORD_SPIN, 3);
    assert_true(rig_eenter(&rig, &rig_poisoned));
    unsigned pauses = 0;
    do {
        pauses += memcmp(rig.memory + (rig.regs.rip - rig.base), "\xf3\x90", 2) == 0;
    } while (rig_step(&rig) == RIG_STEPPED);
    assert_int_equal(pauses, 3);
    assert_int_equal(rig_leave(&rig), CW_SGX_EXIT_IDLE);
}

static void r11_around_the_items_nothing_is_written(void **state)
{
    (void)state;
    uint8_t *expected = malloc(CW_SGX_ARENA_LEN);
    assert_non_null(expected);
    for (size_t len = 0; len <= 17; len++) {
        char text[20] = "";
        memset(text, 'y', len);
        memset(rig.arena + 128, 0xee, CW_SGX_ARENA_LEN - 128);
        ask_echo(text);
        memcpy(expected, rig.arena, CW_SGX_ARENA_LEN);
        assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_IDLE);
        const uint64_t words[] = {rig_word(&rig, CW_SGX_WORD_REQUEST),
                CW_RETURN(CW_RESULT_DONE, 8 + len), 0};
        const uint8_t header[8] = {(uint8_t)len, 0, 0, 0, CW_VERSION, CW_FRAME_REPLY};
        memcpy(expected + CW_SGX_WORD_RESPONSE, words, sizeof words);
        memcpy(expected + CW_SGX_OUT, header, sizeof header);
        memcpy(expected + CW_SGX_OUT + 8, text, len);
        assert_memory_equal(rig.arena, expected, CW_SGX_ARENA_LEN);
    }
    free(expected);
}

static void host_that_sleeps_is_woken(void **state)
{
    (void)state;
    rig_set(&rig, CW_SGX_WORD_SLEEPS, 1);
    ask_echo("!");
    assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_WAKE);
    assert_int_equal(rig_word(&rig, CW_SGX_WORD_RESPONSE), rig_word(&rig, CW_SGX_WORD_REQUEST));
    assert_int_equal(rig_go(&rig, &rig_poisoned), CW_SGX_EXIT_IDLE);
}

#define NEW(name) cmocka_unit_test_setup_teardown(name, open_new, close_rig)
#define ALIVE(name) cmocka_unit_test_setup_teardown(name, open_alive, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
            ALIVE(r08_nothing_is_read_ahead_of_the_request),
            NEW(r09_arena_in_the_enclave_is_refused_and_nothing_changed),
            ALIVE(r10_each_byte_is_read_once),
            ALIVE(r10_lengths_of_many_are_read_once),
            ALIVE(r10_host_changes_everything_between_instructions),
            ALIVE(r11_around_the_items_nothing_is_written),
            ALIVE(r13_registers_of_later_entries_are_nothing),
            ALIVE(r14_lengths_of_the_host_are_bounded),
            ALIVE(r14_only_the_next_request_is_one),
            ALIVE(r14_it_does_not_look_for_ever),
            ALIVE(r16_r17_arena_is_touched_by_aligned_words_alone),
            ALIVE(host_that_sleeps_is_woken),
    };
    return cmocka_run_group_tests(tests, subject_start, subject_stop);
}
