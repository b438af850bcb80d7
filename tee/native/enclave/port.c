/* SPDX-License-Identifier: MIT */
/*
 * The port of a TEE that protects nothing: a process and two pipes.
 *
 * A port for a chip has the same parts.  Where this one reads a pipe, an enclave is entered;
 * where it writes one, the enclave exits; cw_enclave_leave is both.
 */
#include "core/wire/attest.h"
#include "core/wire/writer.h"
#include "sdk/many.h"
#include "sdk/run.h"
#include "tee/native/enclave/outside.h"
#include "tee/native/enclave/rt.h"

#define EINTR 4

_Noreturn void cw_port_main(void);

static _Noreturn void end(uint8_t status)
{
    for (;;) {
        (void)cw_rt_kernel(CW_RT_EXIT_GROUP, status, 0, 0);
    }
}

/* Bring [at_least .. room) more bytes from the node into its own memory. */
static size_t fill(cw_far to_far, size_t at_least, size_t room)
{
    size_t have = 0;
    while (have < at_least) {
        long count = cw_rt_kernel(CW_RT_READ, CW_NATIVE_IN, to_far + have, room - have);
        if (count == -EINTR) {
            continue;
        }
        if (count <= 0) {
            end(CW_NATIVE_EXIT_END);
        }
        have += (size_t)count;
    }
    return have;
}

static void drain(cw_far from_far, size_t len)
{
    while (len > 0) {
        long count = cw_rt_kernel(CW_RT_WRITE, CW_NATIVE_OUT, from_far, len);
        if (count == -EINTR) {
            continue;
        }
        if (count <= 0) {
            end(CW_NATIVE_EXIT_END);
        }
        from_far += (size_t)count;
        len -= (size_t)count;
    }
}

/* The node waits for each answer, so that more bytes than one message are none. */
static void receive(struct cw_call *ret_call)
{
    cw_far in_far = cw_outside_in();
    size_t have = fill(in_far, CW_LINK_HEADER_LEN, CW_LINK_HEADER_LEN + CW_NATIVE_IN_MAX);
    uint8_t bytes[CW_LINK_HEADER_LEN];
    struct cw_link_header header;
    if (cw_enclave_copy_in(bytes, in_far, sizeof bytes) != CW_OK ||
            cw_link_header_decode(bytes, &header) != CW_OK ||
            header.len > CW_NATIVE_IN_MAX || have > sizeof bytes + header.len) {
        end(CW_NATIVE_EXIT_FORM);
    }
    size_t missing = sizeof bytes + header.len - have;
    (void)fill(in_far + have, missing, missing);
    *ret_call = (struct cw_call){
            .in_far = in_far + sizeof bytes,
            .in_len = header.len,
            .out_far = cw_outside_out() + sizeof bytes,
            .out_cap = CW_NATIVE_OUT_MAX,
            .entry = header.type,
    };
}

static void answer(cw_return value)
{
    uint8_t bytes[CW_LINK_HEADER_LEN + 4];
    size_t bytes_len = CW_LINK_HEADER_LEN;
    uint32_t served;
    const bool is_many = cw_many_close(value, &value, &served);
    struct cw_link_header header = {.len = value & 0xffffffu, .type = (uint8_t)(value >> 24)};
    if (is_many) {
        header.len += 4;
        header.type |= CW_NATIVE_MANY;
        struct cw_writer w = cw_writer_over(bytes + CW_LINK_HEADER_LEN, 4);
        cw_writer_u32(&w, served);
        bytes_len = sizeof bytes;
    }
    cw_link_header_encode(&header, bytes);
    if (cw_enclave_copy_out(cw_outside_out(), bytes, bytes_len) != CW_OK) {
        cw_enclave_abort();
    }
    drain(cw_outside_out(), CW_LINK_HEADER_LEN + header.len);
}

static cw_return serve(struct cw_call *call)
{
    if ((call->entry & CW_NATIVE_MANY) == 0) {
        return cw_run(call);
    }
    call->entry &= (uint16_t)~CW_NATIVE_MANY;
    call->out_far += 4; /* served */
    call->out_cap -= 4;
    return cw_many_run(call);
}

void cw_port_main(void)
{
    cw_rt_start();
    for (;;) {
        struct cw_call call;
        receive(&call);
        answer(serve(&call));
    }
}

void cw_enclave_leave(cw_return value, struct cw_call *ret_next)
{
    answer(value);
    receive(ret_next);
}

uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN])
{
    cw_rt_random(ret_start, CW_START_LEN);
    return CW_FRESH_RANDOM;
}

cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len)
{
    cw_rt_random(ret_bytes, len);
    return CW_OK;
}

/* No chip, no root key. */
void cw_enclave_derive(const uint8_t *context, size_t context_len,
        uint8_t ret_key[static CW_KEY_LEN])
{
    (void)context;
    (void)context_len;
    (void)ret_key;
    cw_enclave_abort();
}

/* Nothing here can sign: the evidence is empty, and the owner's verdict says so. */
cw_status cw_enclave_evidence(const uint8_t report[static 32], uint8_t *ret_evidence, size_t cap,
        size_t *ret_len)
{
    (void)report;
    (void)ret_evidence;
    (void)cap;
    *ret_len = 0;
    return CW_OK;
}

void cw_enclave_abort(void)
{
    end(CW_NATIVE_EXIT_ABORT);
}
