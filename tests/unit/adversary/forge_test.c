/* SPDX-License-Identifier: MIT */
/* The predecessor's forgery: it works on a stream sealed as the predecessor did, not on ours. */
#include "tests/adversary/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>

#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "core/wire/manage.h"
#include "tests/support/channel.h"

static const uint8_t key[16] = {0x4f, 0x1a, 0x9c, 0x33, 0x70, 0x02, 0xe8, 0x5d, 0xb6, 0x29, 0x11,
        0xc4, 0x8a, 0xf7, 0x60, 0x3e};

/* AES-128-GCM under a constant IV of zeros; the counter, 2 bytes, big-endian, is the associated
 * data: what the predecessor put on the wire. */
static void predecessor_seal(uint16_t counter, const uint8_t *payload, size_t len,
        uint8_t *ret_cipher, uint8_t *ret_tag)
{
    const uint8_t iv[12] = {0};
    const uint8_t ad[2] = {(uint8_t)(counter >> 8), (uint8_t)counter};
    int n;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_non_null(ctx);
    assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, iv), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, ad, sizeof ad), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, ret_cipher, &n, payload, (int)len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, ret_cipher + n, &n), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, ret_tag), 1);
    EVP_CIPHER_CTX_free(ctx);
}

/* Does the predecessor's receiver, waiting for this counter, accept it? */
static bool predecessor_accepts(uint16_t counter, const uint8_t *cipher, size_t len,
        const uint8_t *tag)
{
    const uint8_t iv[12] = {0};
    const uint8_t ad[2] = {(uint8_t)(counter >> 8), (uint8_t)counter};
    uint8_t plain[64];
    uint8_t expected[16];
    int n;
    memcpy(expected, tag, sizeof expected);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_non_null(ctx);
    assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, iv), 1);
    assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &n, ad, sizeof ad), 1);
    assert_int_equal(EVP_DecryptUpdate(ctx, plain, &n, cipher, (int)len), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, expected), 1);
    const bool accepted = EVP_DecryptFinal_ex(ctx, plain + n, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return accepted;
}

static struct cw_forge_element big_endian_16(uint16_t counter)
{
    return (struct cw_forge_element){{(uint8_t)(counter >> 8), (uint8_t)counter}};
}

static void forge_predecessor(const uint8_t *payload, size_t len)
{
    uint8_t cipher[3][64];
    struct cw_forge_seen seen[2];
    for (uint16_t i = 0; i < 2; i++) {
        seen[i] = (struct cw_forge_seen){big_endian_16(i), cipher[i], len, {{0}}};
        predecessor_seal(i, payload, len, cipher[i], seen[i].tag.bytes);
    }
    struct cw_forge_element power;
    bool is_constant = false;
    assert_true(cw_forge_power(&seen[0], &seen[1], &power, &is_constant));
    assert_true(is_constant);
    for (uint16_t next = 2; next < 300; next += 99) {
        const struct cw_forge_element tag = cw_forge_tag(&seen[0], power, big_endian_16(next));
        assert_true(predecessor_accepts(next, cipher[0], len, tag.bytes));
        assert_false(predecessor_accepts((uint16_t)(next + 1), cipher[0], len, tag.bytes));
    }
}

static void two_empty_events_of_the_predecessor_forge_a_third(void **state)
{
    (void)state;
    forge_predecessor((const uint8_t *)"", 0);
}

static void two_equal_commands_of_the_predecessor_forge_a_third(void **state)
{
    (void)state;
    forge_predecessor((const uint8_t *)"\x80", 2);
}

/* --- ours --------------------------------------------------------------------------------------- */

static struct cw_setconn aes_connection(uint8_t mode)
{
    struct cw_setconn s = {
            .identity = {.conn = 3, .epoch = 1, .src_module = 7, .dst_module = 9,
                    .dst_endpoint = 2, .cipher = CW_CIPHER_AES, .mode = mode},
            .channel = 0x11,
            .event_max = 16,
            .window = 16,
            .limit = UINT64_C(1) << 32,
            .start = CW_SETCONN_CUT,
    };
    memcpy(s.key, key, sizeof s.key);
    return s;
}

static struct cw_forge_element little_endian_64(uint64_t counter)
{
    struct cw_forge_element block = {{0}};
    for (unsigned i = 0; i < 8; i++) {
        block.bytes[i] = (uint8_t)(counter >> (8 * i));
    }
    return block;
}

static void multiplication_is_that_of_gcm(void **state)
{
    (void)state;
    /* NIST's second test case: H = AES_0(0), X1 = C * H, GHASH = (X1 ^ len) * H */
    const struct cw_forge_element h = {{0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b, 0x88,
            0x4c, 0xfa, 0x59, 0xca, 0x34, 0x2b, 0x2e}};
    const struct cw_forge_element c = {{0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92, 0xf3,
            0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78}};
    const struct cw_forge_element x1 = {{0x5e, 0x2e, 0xc7, 0x46, 0x91, 0x70, 0x62, 0x88, 0x2c,
            0x85, 0xb0, 0x68, 0x53, 0x53, 0xde, 0xb7}};
    const struct cw_forge_element got = cw_forge_multiply(c, h);
    assert_memory_equal(&got, &x1, sizeof got);
    const struct cw_forge_element back = cw_forge_multiply(got, cw_forge_invert(h));
    assert_memory_equal(&back, &c, sizeof back);
}

static struct cw_forge_seen as_seen(const uint8_t *frame, size_t len, uint64_t counter)
{
    struct cw_forge_seen seen = {little_endian_64(counter), frame + CW_EVENT_HEADER_LEN,
            len - CW_EVENT_HEADER_LEN - CW_TAG_LEN, {{0}}};
    memcpy(seen.tag.bytes, frame + len - CW_TAG_LEN, CW_TAG_LEN);
    return seen;
}

/* The very same computation on two empty events of an AES connection. */
static void forgery_of_the_predecessor_is_refused(void **state)
{
    (void)state;
    static const uint8_t deployment[CW_DEPLOYMENT_LEN] = "\1\2\3\4\5\6\7";
    const struct cw_setconn s = aes_connection(CW_MODE_STRICT);
    struct cw_channel source = {0};
    struct cw_channel sink = {0};
    uint8_t check[CW_CHECK_LEN];
    cw_channel_install(&source, &s, deployment, true, check);
    cw_channel_install(&sink, &s, deployment, false, check);
    uint8_t frame[3][CW_FRAME_LEN(0)];
    size_t len;
    size_t payload_len;
    uint32_t gap;
    struct cw_forge_seen seen[2];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(cw_test_wrap(&source, NULL, 0, frame[i], sizeof frame[i], &len), CW_OK);
        uint8_t copy[sizeof frame[i]];
        memcpy(copy, frame[i], len);
        assert_int_equal(cw_channel_unwrap(&sink, copy, len, &payload_len, &gap), CW_OK);
        seen[i] = as_seen(frame[i], len, i);
    }
    struct cw_forge_element power;
    bool is_constant = true;
    assert_true(cw_forge_power(&seen[0], &seen[1], &power, &is_constant));
    assert_false(is_constant);
    const struct cw_forge_element tag = cw_forge_tag(&seen[0], power, little_endian_64(2));
    memcpy(frame[2], frame[0], sizeof frame[2]);
    frame[2][4] = 2;
    memcpy(frame[2] + len - CW_TAG_LEN, tag.bytes, CW_TAG_LEN);
    assert_int_equal(cw_channel_expects(&sink, frame[2], len), CW_OK);
    assert_int_equal(cw_channel_unwrap(&sink, frame[2], len, &payload_len, &gap), CW_E_AUTH);
    assert_int_equal(sink.count, 2);
    assert_int_equal(sink.refused_auth, 1);
    /* The genuine third one still arrives. */
    assert_int_equal(cw_test_wrap(&source, NULL, 0, frame[2], sizeof frame[2], &len), CW_OK);
    assert_int_equal(cw_channel_unwrap(&sink, frame[2], len, &payload_len, &gap), CW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(multiplication_is_that_of_gcm),
            cmocka_unit_test(two_empty_events_of_the_predecessor_forge_a_third),
            cmocka_unit_test(two_equal_commands_of_the_predecessor_forge_a_third),
            cmocka_unit_test(forgery_of_the_predecessor_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
