/* SPDX-License-Identifier: MIT */
/*
 * The shim: all that runs in the normal world of a board whose node is on the host.  It carries
 * frames of the link (abi.h, part 3) to the secure world and back, one at a time, and sleeps.
 *
 * What comes by the link is its host's, which owns this world: it is checked so that mistakes are
 * answered and not followed, not because somebody here had to be protected.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "silicon/trustzone/arch.h"
#include "tee/trustzone/abi.h"
#include "tee/trustzone/node/firmware/console.h"
#include "tee/trustzone/node/firmware/cpu.h"

#define PAGE 4096u
#define ORIGIN_COMMS 2u
#define MESSAGE_LEN(count) (sizeof(struct optee_message) + (count) * sizeof(struct optee_parameter))
#define MESSAGE_MAX MESSAGE_LEN(OPTEE_PARAMETERS_MAX)
#define PROBE_WORDS 5u
#define DMA_MAX 4096u

/* What arrives by one console: a header, then the frame. */
struct arrival {
    struct console console;
    unsigned interrupt;
    uint8_t header[CW_TZ_LINK_HEADER_LEN];
    size_t have_len; /* of header and frame */
    uint8_t frame[CW_TZ_LINK_MAX] __attribute__((aligned(PAGE)));
};

static struct arrival link;
static struct arrival probe;
static union {
    struct optee_message message;
    uint8_t page[PAGE]; /* nothing else is in it */
} shared __attribute__((aligned(PAGE)));
static struct optee_message *const message = &shared.message;
static uint32_t sessions[CW_TZ_SESSIONS]; /* that the link opened; 0: none */
static bool has_attention;

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memset(void *to, int value, size_t len);

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    size_t at = 0;
    if ((((uintptr_t)to | (uintptr_t)from) & 7u) == 0) {
        for (; at + 8 <= len; at += 8) {
            *(uint64_t *)(void *)((uint8_t *)to + at) =
                    *(const uint64_t *)(const void *)((const uint8_t *)from + at);
        }
    }
    for (; at < len; at++) {
        ((uint8_t *)to)[at] = ((const uint8_t *)from)[at];
    }
    return to;
}

void *memset(void *to, int value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)to)[i] = (uint8_t)value;
    }
    return to;
}

void interrupt(unsigned number)
{
    has_attention |= number == CW_TZ_ATTENTION_INTERRUPT;
    console_acknowledge(&link.console);
    console_acknowledge(&probe.console);
}

static void say(struct arrival *a, uint8_t kind, const struct console_part *parts, unsigned count)
{
    struct console_part all[CONSOLE_QUEUE_LEN];
    uint8_t header[CW_TZ_LINK_HEADER_LEN] = {[4] = kind};
    uint32_t len = 0;
    for (unsigned i = 0; i < count; i++) {
        all[i + 1] = parts[i];
        len += (uint32_t)parts[i].len;
    }
    for (unsigned i = 0; i < 4; i++) {
        header[i] = (uint8_t)(len >> 8 * i);
    }
    all[0] = (struct console_part){header, sizeof header};
    console_write(&a->console, all, count + 1);
}

/* --- calls ------------------------------------------------------------------------------------------- */

/* OPTEE_OK, or why there was no call. */
static uint32_t call_secure_world(void)
{
    uint64_t words[4] = {OPTEE_CALL_WITH_ARG, (uintptr_t)message >> 32, (uint32_t)(uintptr_t)message};
    cpu_barrier();
    cpu_call(words);
    cpu_barrier();
    return (uint32_t)words[0];
}

static void note_session(uint32_t command, uint32_t session)
{
    const bool is_new = command == OPTEE_OPEN_SESSION;
    for (unsigned i = 0; i < CW_TZ_SESSIONS; i++) {
        if (sessions[i] == (is_new ? 0 : session)) {
            sessions[i] = is_new ? session : 0;
            return;
        }
    }
}

static bool is_memory(uint64_t attr)
{
    const uint64_t type = attr & 0xffu;
    return type >= OPTEE_TMEM_IN && type <= OPTEE_TMEM_INOUT;
}

static bool is_out(uint64_t attr)
{
    return is_memory(attr) && (attr & 0xffu) != OPTEE_TMEM_IN;
}

/* Offsets become addresses.  False: a buffer that does not lie in the data. */
static bool place(uint8_t *data, size_t room, uint64_t ret_rooms[static OPTEE_PARAMETERS_MAX])
{
    for (unsigned i = 0; i < message->parameter_count; i++) {
        struct optee_parameter *p = &message->parameters[i];
        ret_rooms[i] = p->b;
        if (!is_memory(p->attr)) {
            continue;
        }
        if (p->a > room || p->b > room - p->a) {
            return false;
        }
        p->a += (uintptr_t)data;
    }
    return true;
}

static void refuse(uint32_t ret)
{
    message->ret = ret;
    message->ret_origin = ORIGIN_COMMS;
}

/* The last ENTER as it came, for a probe that repeats it. */
static uint8_t last[CW_TZ_LINK_MAX] __attribute__((aligned(PAGE)));
static size_t last_len;

static void remember(const uint8_t *frame, size_t len)
{
    if (probe.console.registers != 0 && message->command == OPTEE_INVOKE
            && message->function == CW_TZ_ENTER) {
        memcpy(last, frame, len);
        last_len = len;
    }
}

static bool repeat(uint64_t ret_words[static 4])
{
    uint64_t rooms[OPTEE_PARAMETERS_MAX];
    if (last_len == 0) {
        return false;
    }
    memcpy(message, last, MESSAGE_LEN(0));
    const size_t message_len = MESSAGE_LEN(message->parameter_count);
    memcpy(message, last, message_len);
    if (!place(last + message_len, CW_TZ_LINK_MAX - message_len, rooms)) {
        return false;
    }
    ret_words[0] = call_secure_world();
    ret_words[1] = message->ret;
    ret_words[2] = message->parameters[0].a;
    ret_words[3] = message->parameters[0].b;
    return true;
}

/* The frame is a message and its data, which stays where it arrived. */
static void serve_call(uint8_t *frame, size_t len)
{
    struct console_part parts[1 + OPTEE_PARAMETERS_MAX];
    uint64_t rooms[OPTEE_PARAMETERS_MAX] = {0};
    unsigned used = 1;
    memset(message, 0, MESSAGE_MAX);
    memcpy(message, frame, len < MESSAGE_LEN(0) ? len : MESSAGE_LEN(0));
    const uint32_t command = message->command;
    const uint32_t count = message->parameter_count;
    size_t message_len = MESSAGE_LEN(0);
    if (len < MESSAGE_LEN(0) || count > OPTEE_PARAMETERS_MAX || len < MESSAGE_LEN(count)) {
        message->parameter_count = 0;
        refuse(TEE_ERROR_BAD_PARAMETERS);
    } else {
        message_len = MESSAGE_LEN(count);
        memcpy(message, frame, message_len);
        uint8_t *const data = frame + message_len;
        remember(frame, len);
        if (!place(data, CW_TZ_LINK_MAX - message_len, rooms)) {
            refuse(TEE_ERROR_BAD_PARAMETERS);
        } else if (call_secure_world() != OPTEE_OK) {
            refuse(TEE_ERROR_GENERIC);
        }
        if (message->ret == TEE_SUCCESS && command != OPTEE_INVOKE) {
            note_session(command, message->session);
        }
        for (unsigned i = 0; i < count; i++) {
            const struct optee_parameter *p = &message->parameters[i];
            struct optee_parameter sent;
            memcpy(&sent, frame + MESSAGE_LEN(i), sizeof sent); /* what the node asked for */
            if (is_memory(sent.attr)) {
                message->parameters[i].attr = sent.attr;
                message->parameters[i].a = sent.a;
            }
            if (is_out(sent.attr) && message->ret == TEE_SUCCESS) {
                const uint64_t got = p->b < rooms[i] ? p->b : rooms[i];
                const uint64_t left = CW_TZ_LINK_MAX - message_len;
                const bool is_inside = sent.a <= left && got <= left - sent.a;
                parts[used] = (struct console_part){data + (is_inside ? sent.a : 0),
                        is_inside ? got : 0};
                used++;
            }
        }
    }
    parts[0] = (struct console_part){message, message_len};
    say(&link, CW_TZ_LINK_ANSWER, parts, used);
}

static void serve_hello(const uint8_t *name, size_t len)
{
    for (unsigned i = 0; i < CW_TZ_SESSIONS; i++) {
        if (sessions[i] != 0) {
            memset(message, 0, MESSAGE_LEN(0));
            message->command = OPTEE_CLOSE_SESSION;
            message->session = sessions[i];
            (void)call_secure_world();
            sessions[i] = 0;
        }
    }
    const struct console_part part = {name, len};
    say(&link, CW_TZ_LINK_READY, &part, len == CW_TZ_LINK_NAME_LEN ? 1 : 0);
}

/* --- probes: what a hostile normal world would do -------------------------------------------------------- */

static void serve_probe(const uint8_t *frame, size_t len)
{
    uint64_t in[PROBE_WORDS] = {0};
    uint64_t out[PROBE_WORDS] = {0};
    struct console_part parts[2] = {{out, sizeof out}, {NULL, 0}};
    memcpy(in, frame, len < sizeof in ? len : sizeof in);
    out[0] = 1;
    switch ((cw_tz_probe)in[0]) {
    case CW_TZ_PROBE_READ:
        out[0] = cpu_access(in[1], in[2], false, &in[3], &out[1]);
        out[1] = out[0] != 0 ? in[3] : out[1];
        out[2] = out[0] != 0 ? 0 : out[2];
        break;
    case CW_TZ_PROBE_WRITE:
        out[0] = cpu_access(in[1], in[2], true, &in[3], &out[1]);
        out[1] = out[0] != 0 ? 0 : out[1];
        out[2] = out[0] != 0 ? 0 : out[2];
        break;
    case CW_TZ_PROBE_SMC:
        cpu_call(&in[1]);
        memcpy(&out[1], &in[1], 4 * sizeof out[0]);
        break;
    case CW_TZ_PROBE_DMA:
        parts[1] = (struct console_part){(const void *)in[1], in[2] <= DMA_MAX ? in[2] : DMA_MAX};
        break;
    case CW_TZ_PROBE_MASK:
        cpu_mask(in[1] != 0);
        break;
    case CW_TZ_PROBE_AGAIN:
        out[0] = repeat(&out[1]);
        break;
    }
    say(&probe, CW_TZ_LINK_PROBED, parts, 2);
}

/* --- frames ------------------------------------------------------------------------------------------------- */

static void serve(struct arrival *a, uint8_t kind, size_t len)
{
    if (a == &probe) {
        if (kind == CW_TZ_LINK_PROBE) {
            serve_probe(a->frame, len);
        }
    } else if (kind == CW_TZ_LINK_CALL) {
        serve_call(a->frame, len);
    } else if (kind == CW_TZ_LINK_HELLO) {
        serve_hello(a->frame, len);
    }
}

static uint32_t frame_len(const struct arrival *a)
{
    return (uint32_t)a->header[0] | (uint32_t)a->header[1] << 8 | (uint32_t)a->header[2] << 16
            | (uint32_t)a->header[3] << 24;
}

/* Anything else is dropped, one byte after the other: zeros before HELLO above all. */
static bool is_header(const struct arrival *a)
{
    return a->header[4] >= CW_TZ_LINK_READY && a->header[4] <= CW_TZ_LINK_PROBED
            && a->header[5] == 0 && a->header[6] == 0 && a->header[7] == 0
            && frame_len(a) <= CW_TZ_LINK_MAX;
}

/* Zeros that are surely no part of a header, of which at most the first half is zeros. */
static size_t zeros(const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (at + 16 <= len && ((uintptr_t)(bytes + at) & 7u) == 0
            && *(const uint64_t *)(const void *)(bytes + at) == 0
            && *(const uint64_t *)(const void *)(bytes + at + 8) == 0) {
        at += 8;
    }
    return at;
}

static void take_header(struct arrival *a, uint8_t byte)
{
    a->header[a->have_len++] = byte;
    if (a->have_len == sizeof a->header && !is_header(a)) {
        for (unsigned i = 1; i < sizeof a->header; i++) {
            a->header[i - 1] = a->header[i];
        }
        a->have_len--;
    }
}

static void take(struct arrival *a, const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (at < len || a->have_len >= sizeof a->header) {
        if (a->have_len < sizeof a->header) {
            at += a->have_len == 0 ? zeros(bytes + at, len - at) : 0;
            take_header(a, bytes[at]);
            at++;
            continue;
        }
        const size_t want = sizeof a->header + frame_len(a) - a->have_len;
        const size_t part = want < len - at ? want : len - at;
        memcpy(a->frame + a->have_len - sizeof a->header, bytes + at, part);
        a->have_len += part;
        at += part;
        if (part < want) {
            return;
        }
        a->have_len = 0;
        serve(a, a->header[4], frame_len(a));
    }
}

static bool poll(struct arrival *a)
{
    const uint8_t *bytes = NULL;
    const size_t len = console_read(&a->console, &bytes);
    if (len > 0) {
        take(a, bytes, len);
        console_give_back(&a->console);
    }
    return len > 0;
}

_Noreturn void main(void);

_Noreturn void main(void)
{
    struct arrival *next = &link;
    cpu_open();
    for (unsigned slot = 0; slot < TZ_VIRTIO_COUNT && next != NULL; slot++) {
        if (console_open(&next->console, slot)) {
            cpu_interrupt_open(TZ_VIRTIO_INTERRUPT + slot);
            next = next == &link ? &probe : NULL;
        }
    }
    cpu_interrupt_open(CW_TZ_ATTENTION_INTERRUPT);
    say(&link, CW_TZ_LINK_READY, NULL, 0);
    for (;;) {
        if (has_attention) {
            has_attention = false;
            say(&link, CW_TZ_LINK_ATTENTION, NULL, 0);
        }
        if (!poll(&link) && !poll(&probe) && !has_attention) {
            cpu_sleep();
        }
    }
}
