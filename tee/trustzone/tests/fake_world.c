/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/tests/fake_world.h"

#include <stdlib.h>
#include <string.h>

#include "tee/trustzone/enclave/kernel/normal.h"
#include "tee/trustzone/enclave/kernel/pages.h"
#include "tee/trustzone/enclave/kernel/service.h"

struct fake_world fake;

static uint8_t ram[FAKE_RAM_LEN];
static uint32_t read_in[FAKE_RAM_LEN]; /* the call in which a byte was read */
static uint32_t call;

#define CHUNK 0x10000ull
static bool is_dirty[FAKE_RAM_LEN / CHUNK + 1];

static void mark(uint64_t pa, uint64_t len)
{
    for (uint64_t i = (pa - FAKE_RAM) / CHUNK; i <= (pa - FAKE_RAM + len) / CHUNK; i++) {
        is_dirty[i] = true;
    }
}

uint8_t *fake_ram(uint64_t pa)
{
    if (pa < FAKE_RAM || pa - FAKE_RAM >= FAKE_RAM_LEN) {
        abort();
    }
    mark(pa, pa - FAKE_RAM < FAKE_RAM_LEN - CHUNK ? CHUNK : 0);
    return ram + (pa - FAKE_RAM);
}

void fake_world_new(void)
{
    memset(&fake, 0, sizeof fake);
    for (uint64_t i = 0; i < FAKE_RAM_LEN / CHUNK; i++) {
        if (is_dirty[i]) {
            memset(ram + i * CHUNK, 0, CHUNK);
        }
    }
    memset(is_dirty, 0, sizeof is_dirty);
    fake_world_call();
}

void fake_world_call(void)
{
    call++;
    fake.twice = fake.accesses = fake.refused = 0;
    fake.write_lo = UINT64_MAX;
    fake.write_hi = fake.written = 0;
}

/* --- normal.h --------------------------------------------------------------------------------------- */

bool cw_tz_normal_is(uint64_t pa, uint64_t len)
{
    return pa >= FAKE_RAM && pa - FAKE_RAM < FAKE_RAM_LEN && len <= FAKE_RAM_LEN - (pa - FAKE_RAM);
}

cw_status cw_tz_normal_read(void *ret_to, uint64_t pa, uint64_t len)
{
    if (!cw_tz_normal_is(pa, len)) {
        fake.refused++;
        return CW_E_DENIED;
    }
    mark(pa, len);
    uint8_t *to = ret_to;
    uint8_t *at = ram + (pa - FAKE_RAM);
    for (uint64_t i = 0; i < len; i++) {
        uint32_t *seen = &read_in[pa - FAKE_RAM + i];
        fake.twice += *seen == call;
        *seen = call;
        to[i] = at[i];
        if (fake.is_changing) {
            at[i] = (uint8_t)(at[i] * 5 + 0x33);
        }
    }
    fake.accesses++;
    return CW_OK;
}

cw_status cw_tz_normal_write(uint64_t pa, const void *from, uint64_t len)
{
    if (!cw_tz_normal_is(pa, len)) {
        fake.refused++;
        return CW_E_DENIED;
    }
    mark(pa, len);
    memcpy(ram + (pa - FAKE_RAM), from, (size_t)len);
    fake.accesses++;
    fake.written += len;
    fake.write_lo = pa < fake.write_lo ? pa : fake.write_lo;
    fake.write_hi = pa + len > fake.write_hi ? pa + len : fake.write_hi;
    return CW_OK;
}

/* --- pages.h, service.h ------------------------------------------------------------------------------ */

uint64_t cw_tz_pages_free_len(void)
{
    return 15ull << 20;
}

uint64_t cw_tz_journal_boot(void)
{
    return 42;
}

/* --- module.h ---------------------------------------------------------------------------------------- */

static bool is_open(uint32_t session)
{
    return session >= 1 && session <= CW_TZ_SESSIONS && (fake.open_mask >> session & 1) == 1;
}

uint32_t cw_tz_session_open(uint32_t *ret_session)
{
    for (uint32_t i = 1; i <= CW_TZ_SESSIONS; i++) {
        if (!is_open(i)) {
            fake.open_mask |= 1u << i;
            *ret_session = i;
            return TEE_SUCCESS;
        }
    }
    return TEE_ERROR_BUSY;
}

uint32_t cw_tz_session_close(uint32_t session)
{
    if (!is_open(session)) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    fake.open_mask &= ~(1u << session);
    return TEE_SUCCESS;
}

uint32_t cw_tz_session_count(void)
{
    return (uint32_t)__builtin_popcount(fake.open_mask);
}

uint32_t cw_tz_session_room(uint32_t session, uint64_t offset, uint64_t total, uint64_t len,
        uint8_t **ret_to)
{
    if (!is_open(session)) {
        abort();
    }
    if (len == 0 || len > sizeof fake.in || offset > total || len > total - offset) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    fake.offset = offset;
    fake.total = total;
    *ret_to = fake.in;
    return TEE_SUCCESS;
}

uint32_t cw_tz_session_loaded(uint32_t session, uint64_t len)
{
    if (!is_open(session)) {
        abort();
    }
    fake.loaded++;
    fake.in_len = (size_t)len;
    return fake.answer;
}

uint32_t cw_tz_session_input(uint32_t session, uint64_t len, uint8_t **ret_in)
{
    if (!is_open(session)) {
        abort();
    }
    if (len > CW_TZ_IN_LEN) {
        return TEE_ERROR_EXCESS_DATA;
    }
    *ret_in = fake.in;
    return TEE_SUCCESS;
}

uint32_t cw_tz_session_enter(uint32_t session, uint32_t entry, uint64_t len,
        struct cw_tz_said *ret_said)
{
    if (!is_open(session)) {
        abort();
    }
    fake.entered++;
    fake.entry = entry;
    fake.in_len = (size_t)len;
    if (fake.answer != TEE_SUCCESS) {
        return fake.answer;
    }
    *ret_said = (struct cw_tz_said){0x12345, 3, fake.items, fake.items_len};
    return TEE_SUCCESS;
}

uint32_t cw_tz_session_fetch(uint32_t session, struct cw_tz_said *ret_said)
{
    if (!is_open(session)) {
        abort();
    }
    if (fake.answer != TEE_SUCCESS) {
        return fake.answer;
    }
    *ret_said = (struct cw_tz_said){0x777, 1, fake.items, fake.items_len};
    return TEE_SUCCESS;
}

void cw_tz_session_fetched(uint32_t session)
{
    (void)session;
    fake.fetched++;
}
