/* SPDX-License-Identifier: MIT */
/*
 * trustzone_message.c - calls of a hostile normal world, whose memory changes as it is read.
 *
 * Input    steps: 0 a message with its parameters, 1 a call with any registers, 2 bytes of memory, 3
 *          a page list, 4 what modules say.  A buffer has a place of its own, unless the input says
 *          any address at all.
 * Holds    no byte is fetched twice in a call (if buffers do not overlap); nothing outside the normal
 *          world is named to it after the check; nothing of a session that is not open runs; what is
 *          written is the message's or an output buffer's.
 * Plant    tee/trustzone/enclave/kernel/shm.c s/ || !cw_tz_normal_is(ret_pages\[i\], PAGE)//
 */
#include "fuzz/input.h"
#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"
#include "tee/trustzone/tests/fake_world.h"

#define MESSAGE (FAKE_RAM + 0x10000)
#define LISTS (FAKE_RAM + 0x20000) /* two pages a parameter */
#define BUFFERS (FAKE_RAM + 0x100000) /* 256 KiB a parameter */
#define PLACE_LEN 0x40000ull

static struct {
    struct optee_message header;
    struct optee_parameter p[OPTEE_PARAMETERS_MAX];
} m;

static const uint8_t uuid[16] = CW_TZ_UUID;
static uint32_t sessions[4]; /* numbers that the secure world gave */
static unsigned session_count;

static uint32_t choose_session(struct fuzz_input *in)
{
    const uint8_t choice = fuzz_u8(in);
    return choice < 0xe0 ? sessions[choice % 4] : (uint32_t)fuzz_u64(in);
}

/* One of four registered references, or anything. */
static uint64_t choose_reference(struct fuzz_input *in)
{
    const uint8_t choice = fuzz_u8(in);
    return choice < 0xe0 ? choice % 4 : fuzz_u64(in);
}

static uint64_t choose_len(struct fuzz_input *in)
{
    const uint8_t choice = fuzz_u8(in);
    return choice < 0x80 ? fuzz_u16(in) : choice < 0xe0 ? CW_TZ_OUT_LEN : fuzz_u64(in);
}

/* True: where the parameter points is its own place. */
static bool fill_parameter(struct fuzz_input *in, unsigned i)
{
    static const uint16_t attrs[] = {OPTEE_NONE, OPTEE_VALUE_IN, OPTEE_VALUE_OUT, OPTEE_VALUE_INOUT,
            OPTEE_RMEM_IN, OPTEE_RMEM_OUT, OPTEE_TMEM_IN, OPTEE_TMEM_OUT,
            OPTEE_TMEM_IN | OPTEE_NONCONTIGUOUS, OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS,
            OPTEE_VALUE_IN | OPTEE_META, OPTEE_RMEM_INOUT, OPTEE_TMEM_INOUT, 0xff, 0x400, 8};
    const uint8_t choice = fuzz_u8(in);
    const uint64_t attr = choice < 0xf0 ? attrs[choice % 16] : fuzz_u64(in);
    bool is_own = true;
    m.p[i] = (struct optee_parameter){.attr = attr};
    if (attr >= OPTEE_RMEM_IN && attr <= OPTEE_RMEM_INOUT) {
        m.p[i].a = choose_len(in);
        m.p[i].b = choose_len(in);
        m.p[i].c = choose_reference(in);
        is_own = false; /* registered memory may be where another one is */
    } else if ((attr & 0xff) >= OPTEE_TMEM_IN && (attr & 0xff) <= OPTEE_TMEM_INOUT) {
        const bool is_list = (attr & OPTEE_NONCONTIGUOUS) != 0;
        const uint8_t where = fuzz_u8(in);
        m.p[i].a = (is_list ? LISTS + 0x2000ull * i : BUFFERS + PLACE_LEN * i) + where;
        m.p[i].b = choose_len(in);
        m.p[i].c = choose_reference(in);
        if (where >= 0xf0) {
            m.p[i].a = fuzz_u64(in);
        }
        is_own = where < 0xf0 && m.p[i].b <= PLACE_LEN / 2;
    } else {
        m.p[i].a = fuzz_u8(in);
        m.p[i].b = fuzz_u16(in);
    }
    return is_own;
}

static bool is_output(uint64_t attr)
{
    return attr == OPTEE_TMEM_OUT || attr == (OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS) ||
            attr == OPTEE_RMEM_OUT;
}

static uint64_t call(uint64_t x0, uint64_t x1, uint64_t x2)
{
    const uint64_t in[4] = {x0, x1, x2, 0};
    uint64_t out[4] = {1, 2, 3, 4};
    fake_world_call();
    cw_tz_message(in, out);
    FUZZ_HOLDS(x0 != OPTEE_CALL_WITH_ARG || (out[1] == 0 && out[2] == 0 && out[3] == 0));
    return out[0];
}

static void send_message(struct fuzz_input *in)
{
    static const uint8_t commands[] = {OPTEE_OPEN_SESSION, OPTEE_INVOKE, OPTEE_INVOKE, OPTEE_INVOKE,
            OPTEE_CLOSE_SESSION, OPTEE_REGISTER_SHM, OPTEE_UNREGISTER_SHM, 3};
    const uint8_t command = fuzz_u8(in);
    const uint8_t shape = fuzz_u8(in);
    bool is_own = true;
    bool has_output = false;
    memset(&m, 0, sizeof m);
    m.header.command = command < 0xf8 ? commands[command % 8] : fuzz_u16(in);
    m.header.function = shape % 8u;
    m.header.session = choose_session(in);
    m.header.parameter_count = shape < 0xf0 ? shape >> 3 & 7 : fuzz_u16(in);
    for (unsigned i = 0; i < m.header.parameter_count && i < OPTEE_PARAMETERS_MAX; i++) {
        is_own = fill_parameter(in, i) && is_own;
        has_output = has_output || is_output(m.p[i].attr);
    }
    if (m.header.command == OPTEE_OPEN_SESSION && m.header.parameter_count > 0 && shape % 2 == 0) {
        memcpy(&m.p[0].a, uuid, 8);
        memcpy(&m.p[0].b, uuid + 8, 8);
    }
    memcpy(fake_ram(MESSAGE), &m, sizeof m);
    const uint64_t result = call(OPTEE_CALL_WITH_ARG, MESSAGE >> 32, MESSAGE & UINT32_MAX);
    uint32_t ret;
    memcpy(&ret, fake_ram(MESSAGE + 20), sizeof ret);
    if (is_own) {
        FUZZ_HOLDS(fake.twice == 0);
    }
    if (result == OPTEE_OK && is_own) {
        FUZZ_HOLDS(ret != TEE_ERROR_GENERIC); /* a buffer that was checked can be copied */
    } else if (result != OPTEE_OK) {
        FUZZ_HOLDS(fake.written == 0);
    }
    if (result == OPTEE_OK && (!has_output || ret != TEE_SUCCESS)) {
        FUZZ_HOLDS(fake.write_lo >= MESSAGE && fake.write_hi <= MESSAGE + sizeof m);
    }
    if (result == OPTEE_OK && ret == TEE_SUCCESS && m.header.command == OPTEE_OPEN_SESSION) {
        memcpy(&sessions[session_count++ % 4], fake_ram(MESSAGE + 8), 4);
    }
}

static void put_list(struct fuzz_input *in)
{
    const unsigned i = fuzz_u8(in) % 6u;
    const unsigned count = fuzz_u8(in);
    for (unsigned k = 0; k < count; k++) {
        uint64_t page = BUFFERS + PLACE_LEN * i + 0x1000ull * (k % 64);
        memcpy(fake_ram(LISTS + 0x2000ull * i + 8ull * k), &page, sizeof page);
    }
    if (count % 4 == 0) {
        const uint64_t page = fuzz_u64(in);
        memcpy(fake_ram(LISTS + 0x2000ull * i + 8ull * fuzz_u8(in)), &page, sizeof page);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    static const struct cw_tz_boot boot = {.name = "fuzz"};
    struct fuzz_input in = {input, input_len};
    fake_world_new();
    cw_tz_message_open(&boot);
    memset(sessions, 0, sizeof sessions);
    session_count = 0;
    fake.is_changing = fuzz_u8(&in) & 1;
    while (in.left_len > 0) {
        switch (fuzz_u8(&in) % 8) {
        case 1:
            (void)call(fuzz_u64(&in), fuzz_u64(&in), fuzz_u64(&in));
            break;
        case 2: {
            const uint64_t at = fuzz_u64(&in) % (FAKE_RAM_LEN - 256);
            fuzz_bytes(&in, fake_ram(FAKE_RAM + at), fuzz_u8(&in));
            break;
        }
        case 3:
            put_list(&in);
            break;
        case 4:
            fake.answer = fuzz_u8(&in) % 4 == 0 ? TEE_ERROR_TARGET_DEAD : TEE_SUCCESS;
            fake.items_len = fuzz_u16(&in);
            break;
        default:
            send_message(&in);
            break;
        }
        FUZZ_HOLDS(cw_tz_session_count() <= CW_TZ_SESSIONS);
    }
    return 0;
}
