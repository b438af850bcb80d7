/* SPDX-License-Identifier: MIT */
/* Images: what ECREATE, EADD and EEXTEND make of a stream, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "silicon/sgx/cpu.h"
#include "tests/support/sgx_image.h"
#include "tests/support/vectors.h"

#define RW (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W)
#define RX (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X)

static uint8_t page[SGX_PAGE_LEN];
static struct sgx_stream stream;
static struct cw_sgx_image image;
static char why[CW_SGX_WHY_LEN];

static int begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof page; i++) {
        page[i] = (uint8_t)(i * 7 + i / 256);
    }
    sgx_stream_ecreate(&stream, 0x10000, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sgx_stream_free(&stream);
    cw_sgx_image_free(&image);
    return 0;
}

/* In memory of exactly its length: what is read behind it is seen. */
static cw_status read_len(size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, stream.bytes, len);
    cw_sgx_image_free(&image);
    cw_status status = cw_sgx_image_read(copy, len, &image, why);
    free(copy);
    return status;
}

static void accepted(void)
{
    cw_status status = read_len(stream.len);
    assert_string_equal(why, "");
    assert_int_equal(status, CW_OK);
}

static void refused(const char *because)
{
    assert_int_equal(read_len(stream.len), CW_E_FORM);
    if (strstr(why, because) == NULL) {
        fail_msg("refused with \"%s\", not because of \"%s\"", why, because);
    }
}

/* --- what is taken ------------------------------------------------------------------------------ */

static void pages_arrive_in_order_with_their_bytes(void **state)
{
    (void)state;
    sgx_stream_page(&stream, 0x3000, RX, page, SGX_ALL_CHUNKS);
    sgx_stream_tcs(&stream, 0x1000, &(struct sgx_tcs){.ossa = 0x2000, .nssa = 2});
    sgx_stream_page(&stream, 0xf000, RW, NULL, 0);
    accepted();
    assert_int_equal(image.len, 0x10000);
    assert_int_equal(image.ssa_frame_pages, 1);
    assert_int_equal(image.page_count, 3);
    assert_int_equal(image.pages[0].offset, 0x3000);
    assert_int_equal(image.pages[0].secinfo, RX);
    assert_int_equal(image.pages[0].measured, SGX_ALL_CHUNKS);
    assert_memory_equal(image.pages[0].bytes, page, sizeof page);
    assert_int_equal(image.pages[1].secinfo, SGX_SECINFO_TCS);
    assert_int_equal(image.pages[1].bytes[SGX_TCS_NSSA], 2);
    assert_int_equal(image.pages[2].offset, 0xf000);
    assert_int_equal(image.pages[2].measured, 0);
    for (size_t i = 0; i < SGX_PAGE_LEN; i++) {
        assert_int_equal(image.pages[2].bytes[i], 0);
    }
}

static void unmeasured_chunks_are_loaded_and_not_hashed(void **state)
{
    uint8_t with[SGX_HASH_LEN];
    (void)state;
    sgx_stream_page(&stream, 0, RW, page, 0x00ff);
    accepted();
    assert_int_equal(image.pages[0].measured, 0x00ff);
    assert_memory_equal(image.pages[0].bytes, page, sizeof page);
    memcpy(with, image.mrenclave, sizeof with);

    stream.bytes[stream.len - 1] ^= 1; /* in the last, unmeasured chunk */
    accepted();
    assert_memory_equal(image.mrenclave, with, sizeof with);
    assert_int_equal(image.pages[0].bytes[SGX_PAGE_LEN - 1], page[SGX_PAGE_LEN - 1] ^ 1);

    stream.bytes[64 + 64 + 64] ^= 1; /* in the first, measured one */
    accepted();
    assert_memory_not_equal(image.mrenclave, with, sizeof with);
}

static void the_measurement_is_the_hash_of_the_measured_records(void **state)
{
    uint8_t hash[SGX_HASH_LEN];
    (void)state;
    sgx_stream_tcs(&stream, 0x1000, &(struct sgx_tcs){.ossa = 0x2000, .nssa = 2});
    sgx_stream_page(&stream, 0x3000, RX, page, SGX_ALL_CHUNKS);
    sgx_stream_page(&stream, 0x5000, RW, page, 0x1248);
    sgx_stream_mrenclave(&stream, hash);
    accepted();
    assert_memory_equal(image.mrenclave, hash, sizeof hash);
}

/* Made by Python's hashlib from bytes written out by hand: tests/vectors/sgx.txt says how. */
static void vectors_have_their_measurement(void **state)
{
    struct vectors *v = vectors_load("tests/vectors/sgx.txt");
    unsigned count = 0;
    (void)state;
    for (; vectors_has(v, "image%u.stream", count + 1); count++) {
        struct bytes bytes = vectors_get(v, "image%u.stream", count + 1);
        struct bytes hash = vectors_get(v, "image%u.mrenclave", count + 1);
        assert_int_equal(cw_sgx_image_read(bytes.at, bytes.len, &image, why), CW_OK);
        assert_int_equal(hash.len, SGX_HASH_LEN);
        assert_memory_equal(image.mrenclave, hash.at, hash.len);
        cw_sgx_image_free(&image);
    }
    assert_int_equal(count, 2);
    vectors_free(v);
}

static void the_order_of_pages_counts(void **state)
{
    uint8_t first[SGX_HASH_LEN];
    (void)state;
    sgx_stream_page(&stream, 0x1000, RW, NULL, SGX_ALL_CHUNKS);
    sgx_stream_page(&stream, 0x2000, RW, NULL, SGX_ALL_CHUNKS);
    accepted();
    memcpy(first, image.mrenclave, sizeof first);
    sgx_stream_free(&stream);
    sgx_stream_ecreate(&stream, 0x10000, 1);
    sgx_stream_page(&stream, 0x2000, RW, NULL, SGX_ALL_CHUNKS);
    sgx_stream_page(&stream, 0x1000, RW, NULL, SGX_ALL_CHUNKS);
    accepted();
    assert_memory_not_equal(image.mrenclave, first, sizeof first);
}

static void chunks_may_come_long_after_their_page_and_in_any_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        sgx_stream_eadd(&stream, (7 - i) * SGX_PAGE_LEN, RW);
    }
    for (unsigned i = 0; i < 8; i++) {
        sgx_stream_eextend(&stream, i * SGX_PAGE_LEN + 0xf00, page + i * SGX_CHUNK_LEN);
    }
    accepted();
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(image.pages[i].offset, (7 - i) * SGX_PAGE_LEN);
        assert_int_equal(image.pages[i].measured, 0x8000);
        assert_memory_equal(image.pages[i].bytes + 0xf00, page + (7 - i) * SGX_CHUNK_LEN,
                SGX_CHUNK_LEN);
    }
}

static void a_chunk_measured_twice_must_be_the_same(void **state)
{
    (void)state;
    sgx_stream_eadd(&stream, 0, RW);
    sgx_stream_eextend(&stream, 0, page);
    sgx_stream_eextend(&stream, 0, page);
    accepted();
    sgx_stream_unmeasured(&stream, 0, page + 1);
    refused("came before with other bytes");
}

static void an_enclave_without_pages_is_one(void **state)
{
    (void)state;
    accepted();
    assert_int_equal(image.page_count, 0);
}

/* --- what is refused ---------------------------------------------------------------------------- */

static void a_stream_cut_inside_a_record_is_refused(void **state)
{
    size_t next = 64; /* where the record ends that byte len belongs to */
    unsigned whole_count = 0;
    (void)state;
    sgx_stream_tcs(&stream, 0x1000, &(struct sgx_tcs){.ossa = 0x2000, .nssa = 2});
    sgx_stream_page(&stream, 0x3000, RX, page, 0x00f0);
    for (size_t len = 0; len < stream.len; len++) {
        bool is_whole = len == next;
        assert_int_equal(read_len(len), is_whole ? CW_OK : CW_E_FORM);
        assert_true((why[0] == '\0') == is_whole && (image.pages != NULL) == is_whole);
        if (is_whole) {
            bool is_eadd = memcmp(stream.bytes + len, "EADD", 4) == 0;
            next = len + (is_eadd ? 64 : 64 + SGX_CHUNK_LEN);
            whole_count++;
        }
    }
    assert_int_equal(whole_count, 2 + 2 * 16);
}

static void what_does_not_begin_with_ecreate_is_refused(void **state)
{
    (void)state;
    stream.bytes[0] = 'e';
    refused("begins with ECREATE");
}

static void a_second_ecreate_is_refused(void **state)
{
    (void)state;
    sgx_stream_ecreate(&stream, 0x10000, 1);
    refused("byte 64: a second ECREATE");
}

static void sizes_that_are_none_are_refused(void **state)
{
    static const uint64_t wrong[] = {0, 0x1000, 0x3000, 0x10001, 1ull << 37, 1ull << 63, ~0ull};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sgx_stream_free(&stream);
        sgx_stream_ecreate(&stream, wrong[i], 1);
        refused("SIZE is 0x");
    }
    static const uint64_t right[] = {0x2000, 1ull << 36};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        sgx_stream_free(&stream);
        sgx_stream_ecreate(&stream, right[i], 1);
        sgx_stream_page(&stream, right[i] - SGX_PAGE_LEN, RW, NULL, 0);
        accepted();
    }
}

static void no_frame_for_the_state_is_refused(void **state)
{
    (void)state;
    sgx_stream_free(&stream);
    sgx_stream_ecreate(&stream, 0x10000, 0);
    refused("SSAFRAMESIZE is 0");
}

static void a_frame_of_more_pages_than_there_can_be_is_refused(void **state)
{
    static const uint32_t wrong[] = {CW_SGX_PAGES_MAX + 1, (1u << 20) + 1, 1u << 24};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sgx_stream_free(&stream);
        sgx_stream_ecreate(&stream, 1ull << 36, wrong[i]);
        refused("SSAFRAMESIZE is ");
    }
}

static void bytes_that_must_be_zero_are_looked_at(void **state)
{
    (void)state;
    sgx_stream_eadd(&stream, 0, RW);
    sgx_stream_eextend(&stream, 0, page);
    sgx_stream_unmeasured(&stream, 0x100, page);
    accepted();
    static const struct {
        size_t first;
        size_t end;
        const char *because;
    } rows[] = {
            {20, 64, "ECREATE"},
            {64 + 24, 128, "SECINFO behind FLAGS"},
            {128 + 16, 192, "EEXTEND"},
            {448 + 16, 512, "UNMEASRD"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t at = rows[i].first; at < rows[i].end; at++) {
            stream.bytes[at] = 1;
            refused(rows[i].because);
            stream.bytes[at] = 0;
        }
    }
}

static void unknown_records_are_refused(void **state)
{
    (void)state;
    sgx_stream_eadd(&stream, 0, RW);
    stream.bytes[64 + 7] = 'X';
    refused("byte 64: neither EADD nor EEXTEND nor UNMEASRD");
}

static void pages_outside_or_unaligned_are_refused(void **state)
{
    static const uint64_t wrong[] = {0x10000, 0x800, 1, 1ull << 40, ~0ull, ~0ull << 12};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sgx_stream_free(&stream);
        sgx_stream_ecreate(&stream, 0x10000, 1);
        sgx_stream_eadd(&stream, wrong[i], RW);
        refused("byte 64: EADD of 0x");
    }
}

static void a_page_added_twice_is_refused(void **state)
{
    (void)state;
    sgx_stream_page(&stream, 0x1000, RW, page, SGX_ALL_CHUNKS);
    sgx_stream_page(&stream, 0x2000, RW, page, SGX_ALL_CHUNKS);
    sgx_stream_page(&stream, 0x1000, RW, page, SGX_ALL_CHUNKS);
    refused("page 0x1000 is added twice");
}

static void chunks_without_their_page_are_refused(void **state)
{
    (void)state;
    sgx_stream_eadd(&stream, 0x1000, RW);
    size_t len = stream.len;
    static const uint64_t wrong[] = {0, 0xf00, 0x2000, 0x10000, ~0ull - 255};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        stream.len = len;
        sgx_stream_eextend(&stream, wrong[i], page);
        refused("no page was added there");
    }
    stream.len = len;
    sgx_stream_eextend(&stream, 0x2000, page);
    sgx_stream_eadd(&stream, 0x2000, RW); /* too late */
    refused("no page was added there");
}

static void chunks_that_are_not_aligned_are_refused(void **state)
{
    (void)state;
    sgx_stream_eadd(&stream, 0x1000, RW);
    sgx_stream_unmeasured(&stream, 0x1080, page);
    refused("multiples of 256");
}

/* All 16 bits of FLAGS that mean something, and each of the others alone. */
static void secinfo_is_held_against_the_rules(void **state)
{
    (void)state;
    sgx_stream_eadd(&stream, 0x1000, 0);
    for (uint32_t flags = 0; flags < 0x10000; flags++) {
        uint32_t access = flags & 7;
        uint32_t type = flags >> 8;
        bool is_right = (flags & 0xf8) == 0 && ((type == 1 && access == 0) ||
                (type == 2 && (access & 3) != SGX_SECINFO_W));
        stream.bytes[64 + 16] = (uint8_t)flags;
        stream.bytes[64 + 17] = (uint8_t)(flags >> 8);
        assert_int_equal(cw_sgx_image_read(stream.bytes, stream.len, &image, why),
                is_right ? CW_OK : CW_E_FORM);
        cw_sgx_image_free(&image);
    }
    for (unsigned bit = 16; bit < 64; bit++) {
        memset(stream.bytes + 64 + 16, 0, 8);
        stream.bytes[64 + 16] = 3;
        stream.bytes[64 + 17] = 2;
        stream.bytes[64 + 16 + bit / 8] |= (uint8_t)(1u << bit % 8);
        refused("bits other than R, W, X");
    }
}

static void a_tcs_with_a_state_is_refused(void **state)
{
    (void)state;
    static const unsigned places[] = {SGX_TCS_STATE, SGX_TCS_STATE + 7, SGX_TCS_FLAGS, SGX_TCS_CSSA,
            SGX_TCS_CSSA + 3, SGX_TCS_AEP, SGX_TCS_AEP + 7, SGX_TCS_RESERVED, SGX_PAGE_LEN - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        memset(page, 0, sizeof page);
        page[places[i]] = 1;
        sgx_stream_free(&stream);
        sgx_stream_ecreate(&stream, 0x10000, 1);
        sgx_stream_page(&stream, 0x1000, SGX_SECINFO_TCS, page, SGX_ALL_CHUNKS);
        refused("must be zero in an image");
    }
}

/* --- bounds ------------------------------------------------------------------------------------- */

static void more_pages_than_the_epc_has_are_refused(void **state)
{
    (void)state;
    sgx_stream_free(&stream);
    sgx_stream_ecreate(&stream, 1ull << 36, 1);
    stream.bytes = realloc(stream.bytes, 64 + ((size_t)CW_SGX_PAGES_MAX + 1) * 64);
    assert_non_null(stream.bytes);
    for (size_t i = 0; i <= CW_SGX_PAGES_MAX; i++) {
        uint8_t *header = stream.bytes + stream.len;
        uint64_t offset = i * SGX_PAGE_LEN;
        memset(header, 0, 64);
        memcpy(header, "EADD", 4);
        memcpy(header + 8, &offset, 8);
        header[16] = 3;
        header[17] = 2;
        stream.len += 64;
    }
    assert_int_equal(read_len(stream.len), CW_E_SPACE);
    assert_non_null(strstr(why, "65537 pages; an enclave may have 65536"));
    assert_int_equal(read_len(stream.len - 64), CW_OK);
    assert_int_equal(image.page_count, CW_SGX_PAGES_MAX);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
            CASE(pages_arrive_in_order_with_their_bytes),
            CASE(unmeasured_chunks_are_loaded_and_not_hashed),
            CASE(the_measurement_is_the_hash_of_the_measured_records),
            CASE(vectors_have_their_measurement),
            CASE(the_order_of_pages_counts),
            CASE(chunks_may_come_long_after_their_page_and_in_any_order),
            CASE(a_chunk_measured_twice_must_be_the_same),
            CASE(an_enclave_without_pages_is_one),
            CASE(a_stream_cut_inside_a_record_is_refused),
            CASE(what_does_not_begin_with_ecreate_is_refused),
            CASE(a_second_ecreate_is_refused),
            CASE(sizes_that_are_none_are_refused),
            CASE(no_frame_for_the_state_is_refused),
            CASE(a_frame_of_more_pages_than_there_can_be_is_refused),
            CASE(bytes_that_must_be_zero_are_looked_at),
            CASE(unknown_records_are_refused),
            CASE(pages_outside_or_unaligned_are_refused),
            CASE(a_page_added_twice_is_refused),
            CASE(chunks_without_their_page_are_refused),
            CASE(chunks_that_are_not_aligned_are_refused),
            CASE(secinfo_is_held_against_the_rules),
            CASE(a_tcs_with_a_state_is_refused),
            CASE(more_pages_than_the_epc_has_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
