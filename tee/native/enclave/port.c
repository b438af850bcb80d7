/* SPDX-License-Identifier: MIT */
/*
 * The port of a TEE that protects nothing: a process, two pipes, and memory that its node shares.
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

/* A header, from the node or to it, by way of its own memory. */
static void transfer(long number, unsigned descriptor)
{
    size_t done = 0;
    while (done < CW_LINK_HEADER_LEN) {
        long count = cw_rt_kernel(number, descriptor, cw_outside(CW_NATIVE_HEADER) + done,
                CW_LINK_HEADER_LEN - done);
        if (count == -EINTR) {
            continue;
        }
        if (count <= 0) {
            end(CW_NATIVE_EXIT_END);
        }
        done += (size_t)count;
    }
}

static void receive(struct cw_call *ret_call)
{
    uint8_t bytes[CW_LINK_HEADER_LEN];
    struct cw_link_header header;
    transfer(CW_RT_READ, CW_NATIVE_FROM_NODE);
    if (cw_enclave_copy_in(bytes, cw_outside(CW_NATIVE_HEADER), sizeof bytes) != CW_OK ||
            cw_link_header_decode(bytes, &header) != CW_OK || header.len > CW_NATIVE_IN_MAX) {
        end(CW_NATIVE_EXIT_FORM);
    }
    *ret_call = (struct cw_call){
            .in_far = cw_outside(0),
            .in_len = header.len,
            .out_far = cw_outside(CW_NATIVE_OUT),
            .out_cap = CW_NATIVE_OUT_MAX,
            .entry = header.type,
    };
}

static void answer(cw_return value)
{
    uint8_t bytes[CW_LINK_HEADER_LEN];
    uint8_t served_bytes[4];
    uint32_t served;
    cw_status status = CW_OK;
    const bool is_many = cw_many_close(value, &value, &served);
    struct cw_link_header header = {.len = value & 0xffffffu, .type = (uint8_t)(value >> 24)};
    if (is_many) {
        struct cw_writer w = cw_writer_over(served_bytes, sizeof served_bytes);
        cw_writer_u32(&w, served);
        header.len += sizeof served_bytes;
        header.type |= CW_NATIVE_MANY;
        status = cw_enclave_copy_out(cw_outside(CW_NATIVE_OUT), served_bytes, sizeof served_bytes);
    }
    cw_link_header_encode(&header, bytes);
    if (status != CW_OK ||
            cw_enclave_copy_out(cw_outside(CW_NATIVE_HEADER), bytes, sizeof bytes) != CW_OK) {
        cw_enclave_abort();
    }
    transfer(CW_RT_WRITE, CW_NATIVE_TO_NODE);
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
    cw_outside_open();
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
