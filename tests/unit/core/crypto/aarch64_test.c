/* SPDX-License-Identifier: MIT */
/*
 * AES-GCM and SHA-256 as enclaves on AArch64 have them, by instructions of the CPU and without,
 * against vectors and against what hosted programs on this machine have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crypto/aarch64/cpu.h"
#include "core/crypto/gcm.h"
#include "core/crypto/hash.h"
#include "posix/tool.h"
#include "tests/aarch64/probe.h"
#include "tests/support/vectors.h"

#define PROBE "build/enclave-aarch64/probe.elf"

static struct {
    pid_t process;
    FILE *to;
    FILE *from;
} probe;

/* Both ways that there are; a bit of something else chooses neither. */
static const uint32_t cpus[] = {0, CW_CPU_AES, ~CW_CPU_AES, UINT32_MAX};
#define CPU_COUNT (sizeof cpus / sizeof cpus[0])

static int start(void **state)
{
    (void)state;
    int down[2];
    int up[2];
    if (!cw_tool_is_there("qemu-aarch64") || access(PROBE, R_OK) != 0) {
        return 0;
    }
    if (pipe(down) != 0 || pipe(up) != 0) {
        return 1;
    }
    probe.process = fork();
    if (probe.process == 0) {
        (void)dup2(down[0], 0);
        (void)dup2(up[1], 1);
        (void)close(down[1]);
        (void)close(up[0]);
        (void)execlp("qemu-aarch64", "qemu-aarch64", "-cpu", "cortex-a57", PROBE, (char *)NULL);
        _exit(127);
    }
    (void)close(down[0]);
    (void)close(up[1]);
    probe.to = fdopen(down[1], "w");
    probe.from = fdopen(up[0], "r");
    return probe.process < 0 || probe.to == NULL || probe.from == NULL;
}

static int stop(void **state)
{
    (void)state;
    int status = 0;
    if (probe.to == NULL) {
        return 0;
    }
    (void)fclose(probe.to);
    (void)fclose(probe.from);
    return waitpid(probe.process, &status, 0) != probe.process || status != 0;
}

static void need_probe(void)
{
    if (probe.to == NULL) {
        print_message("skipped: qemu-aarch64 or " PROBE " is missing\n");
        skip();
    }
}

static struct probe_answer ask(const struct probe_request *request, const uint8_t *ad,
        const uint8_t *body, uint8_t *ret_out, size_t out_len)
{
    struct probe_answer answer;
    assert_int_equal(fwrite(request, sizeof *request, 1, probe.to), 1);
    assert_int_equal(fwrite(ad, 1, request->ad_len, probe.to), request->ad_len);
    assert_int_equal(fwrite(body, 1, request->body_len, probe.to), request->body_len);
    assert_int_equal(fflush(probe.to), 0);
    assert_int_equal(fread(&answer, sizeof answer, 1, probe.from), 1);
    assert_int_equal(fread(ret_out, 1, out_len, probe.from), out_len);
    return answer;
}

/* Sealed as hosted programs do; opened again; one flipped bit of tag, ad or body is refused. */
static void agrees(const struct probe_request *wanted, const uint8_t *ad, const uint8_t *body)
{
    static const uint8_t zeros[PROBE_MAX];
    uint8_t sealed[PROBE_MAX];
    uint8_t out[PROBE_MAX];
    uint8_t tag[CW_GCM_TAG_LEN];
    struct probe_request r = *wanted;
    cw_gcm_seal(r.key, r.nonce, ad, r.ad_len, body, r.body_len, sealed, tag);
    for (size_t i = 0; i < CPU_COUNT; i++) {
        r.cpu = cpus[i];
        r.call = PROBE_SEAL;
        struct probe_answer answer = ask(&r, ad, body, out, r.body_len);
        assert_memory_equal(answer.tag, tag, sizeof tag);
        assert_memory_equal(out, sealed, r.body_len);
        r.call = PROBE_OPEN;
        memcpy(r.tag, tag, sizeof tag);
        assert_int_equal(ask(&r, ad, sealed, out, r.body_len).is_authentic, 1);
        assert_memory_equal(out, body, r.body_len);
        r.tag[i] ^= 0x40;
        assert_int_equal(ask(&r, ad, sealed, out, r.body_len).is_authentic, 0);
        assert_memory_equal(out, zeros, r.body_len);
    }
}

static void published_messages_are_sealed_and_opened(void **state)
{
    (void)state;
    need_probe();
    struct vectors *v = vectors_load("tests/vectors/gcm.txt");
    unsigned count = 0;
    for (unsigned i = 0; i < 64; i++) {
        if (!vectors_has(v, "case%u.key", i)) {
            continue;
        }
        const struct bytes ad = vectors_get(v, "case%u.ad", i);
        const struct bytes body = vectors_get(v, "case%u.body", i);
        struct probe_request r = {.times = 1, .ad_len = (uint32_t)ad.len,
                .body_len = (uint32_t)body.len};
        memcpy(r.key, vectors_get(v, "case%u.key", i).at, sizeof r.key);
        memcpy(r.nonce, vectors_get(v, "case%u.nonce", i).at, sizeof r.nonce);
        agrees(&r, ad.at, body.at);
        count++;
    }
    assert_true(count >= 4);
    vectors_free(v);
}

static uint32_t draw(void)
{
    static uint32_t x = 0x2545f491;
    x ^= x << 13;
    x ^= x >> 17;
    return x ^= x << 5;
}

static void fill(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(draw() >> 11);
    }
}

/* All lengths up to beyond two groups of lanes, then some longer ones; keys and nonces at random. */
static void random_messages_of_all_lengths_agree(void **state)
{
    (void)state;
    need_probe();
    static uint8_t ad[PROBE_MAX];
    static uint8_t body[PROBE_MAX];
    for (uint32_t i = 0; i < 220; i++) {
        struct probe_request r = {.times = 1, .ad_len = draw() % 50,
                .body_len = i < 200 ? i : draw() % PROBE_MAX};
        fill(r.key, sizeof r.key);
        fill(r.nonce, sizeof r.nonce);
        fill(ad, r.ad_len);
        fill(body, r.body_len);
        agrees(&r, ad, body);
    }
}

/* Operands of GHASH that carry through every word: all bits, and one bit in each place. */
static void hard_operands_agree(void **state)
{
    (void)state;
    need_probe();
    uint8_t ad[32];
    uint8_t body[1] = {0};
    for (size_t bit = 0; bit < 128; bit++) {
        struct probe_request r = {.times = 1, .ad_len = sizeof ad};
        memset(r.key, (int)bit, sizeof r.key);
        memset(ad, 0xff, sizeof ad);
        memset(ad, 0, 16);
        ad[bit / 8] = (uint8_t)(0x80u >> bit % 8);
        agrees(&r, ad, body);
    }
}

static void hashes_agree(void **state)
{
    (void)state;
    need_probe();
    static uint8_t body[PROBE_MAX];
    for (uint32_t i = 0; i < 300; i++) {
        struct probe_request r = {.call = PROBE_SHA256, .times = 1,
                .body_len = i < 280 ? i : draw() % PROBE_MAX};
        uint8_t wanted[CW_SHA256_LEN];
        uint8_t hash[CW_SHA256_LEN];
        fill(body, r.body_len);
        cw_sha256(body, r.body_len, wanted);
        for (size_t cpu = 0; cpu < CPU_COUNT; cpu++) {
            r.cpu = cpus[cpu];
            (void)ask(&r, body, body, hash, sizeof hash);
            assert_memory_equal(hash, wanted, sizeof hash);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(published_messages_are_sealed_and_opened),
            cmocka_unit_test(random_messages_of_all_lengths_agree),
            cmocka_unit_test(hard_operands_agree),
            cmocka_unit_test(hashes_agree),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
