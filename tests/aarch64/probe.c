/* SPDX-License-Identifier: MIT */
#include "tests/aarch64/probe.h"

#include "core/crypto/aarch64/cpu.h"
#include "core/crypto/gcm.h"
#include "core/crypto/hash.h"
#include "tee/enclave.h"

/* Numbers of Linux. */
#define READ 63
#define WRITE 64
#define EXIT 93

_Noreturn void _start(void);

static uint8_t ad[PROBE_MAX];
static uint8_t body[PROBE_MAX];
static uint8_t out[PROBE_MAX];

static long linux_call(long number, long a, uintptr_t b, size_t c)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register uintptr_t x1 __asm__("x1") = b;
    register size_t x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x8) : "memory");
    return x0;
}

static _Noreturn void end(long status)
{
    for (;;) {
        (void)linux_call(EXIT, status, 0, 0);
    }
}

void cw_enclave_abort(void)
{
    end(2);
}

static void transfer(long number, long descriptor, void *bytes, size_t len)
{
    uint8_t *at = bytes;
    while (len > 0) {
        const long count = linux_call(number, descriptor, (uintptr_t)at, len);
        if (count <= 0) {
            end(number == READ && count == 0 ? 0 : 1);
        }
        at += count;
        len -= (size_t)count;
    }
}

static void serve(const struct probe_request *r, struct probe_answer *answer)
{
    cw_cpu = r->cpu;
    for (uint32_t i = 0; i < r->times; i++) {
        if (r->call == PROBE_SEAL) {
            cw_gcm_seal(r->key, r->nonce, ad, r->ad_len, body, r->body_len, out, answer->tag);
            answer->is_authentic = 1;
        } else if (r->call == PROBE_OPEN) {
            answer->is_authentic = cw_gcm_open(r->key, r->nonce, ad, r->ad_len, body, r->body_len,
                    r->tag, out);
        } else {
            cw_sha256(body, r->body_len, out);
        }
    }
}

void _start(void)
{
    for (;;) {
        struct probe_request request;
        struct probe_answer answer = {0};
        transfer(READ, 0, &request, sizeof request);
        if (request.ad_len > sizeof ad || request.body_len > sizeof body) {
            end(1);
        }
        transfer(READ, 0, ad, request.ad_len);
        transfer(READ, 0, body, request.body_len);
        serve(&request, &answer);
        transfer(WRITE, 1, &answer, sizeof answer);
        transfer(WRITE, 1, out, request.call == PROBE_SHA256 ? CW_SHA256_LEN : request.body_len);
    }
}
