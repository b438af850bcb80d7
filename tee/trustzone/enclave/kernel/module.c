/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/module.h"

#include "core/wire/frame.h"
#include "sdk/rt.h"
#include "tee/trustzone/enclave/kernel/device.h"
#include "tee/trustzone/enclave/kernel/inside.h"
#include "tee/trustzone/enclave/kernel/interrupt.h"
#include "tee/trustzone/enclave/kernel/pages.h"

#define STAGED_MAX (CW_TZ_IMAGE_HEADER_LEN + CW_TZ_IMAGE_MAX)
#define ENTRY_MAX (CW_TZ_MANY | 0x7fu)

static struct cw_tz_module modules[CW_TZ_SESSIONS];

/* The one of this session, or NULL. */
static struct cw_tz_module *find(uint32_t session)
{
    if (session < 1 || session > CW_TZ_SESSIONS || modules[session - 1].state == CW_TZ_FREE) {
        return NULL;
    }
    return &modules[session - 1];
}

/* May it be entered, or asked? */
static uint32_t find_loaded(uint32_t session, struct cw_tz_module **ret_module)
{
    struct cw_tz_module *m = find(session);
    *ret_module = m;
    if (m == NULL) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    if (m->state == CW_TZ_DEAD) {
        return TEE_ERROR_TARGET_DEAD;
    }
    return m->state == CW_TZ_OPEN ? TEE_ERROR_BAD_STATE : TEE_SUCCESS;
}

uint32_t cw_tz_session_open(uint32_t *ret_session)
{
    for (uint32_t i = 0; i < CW_TZ_SESSIONS; i++) {
        if (modules[i].state == CW_TZ_FREE) {
            modules[i].session = i + 1;
            modules[i].state = CW_TZ_OPEN;
            *ret_session = i + 1;
            return TEE_SUCCESS;
        }
    }
    return TEE_ERROR_BUSY;
}

uint32_t cw_tz_session_close(uint32_t session)
{
    struct cw_tz_module *m = find(session);
    if (m == NULL) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    cw_tz_module_end(m, CW_TZ_FREE);
    return TEE_SUCCESS;
}

uint32_t cw_tz_session_count(void)
{
    uint32_t count = 0;
    for (size_t i = 0; i < CW_TZ_SESSIONS; i++) {
        count += modules[i].state != CW_TZ_FREE;
    }
    return count;
}

/* A new image: whatever was there of another one is gone. */
static uint32_t stage(struct cw_tz_module *m, uint64_t total)
{
    cw_tz_module_end(m, CW_TZ_OPEN);
    if (total > STAGED_MAX) {
        return TEE_ERROR_EXCESS_DATA;
    }
    m->staged = cw_tz_pages_take((total + CW_TZ_PAGE - 1) / CW_TZ_PAGE);
    m->staged_len = m->staged != NULL ? total : 0;
    return m->staged != NULL ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

uint32_t cw_tz_session_room(uint32_t session, uint64_t offset, uint64_t total, uint64_t len,
        uint8_t **ret_to)
{
    struct cw_tz_module *m = find(session);
    if (m == NULL) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    if (m->state != CW_TZ_OPEN) {
        return m->state == CW_TZ_DEAD ? TEE_ERROR_TARGET_DEAD : TEE_ERROR_BAD_STATE;
    }
    if (len == 0 || len > total) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    if (offset == 0) {
        const uint32_t result = stage(m, total);
        if (result != TEE_SUCCESS) {
            return result;
        }
    }
    if (m->staged == NULL || total != m->staged_len || offset != m->have_len ||
            len > m->staged_len - m->have_len) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    *ret_to = m->staged + m->have_len;
    return TEE_SUCCESS;
}

uint32_t cw_tz_session_loaded(uint32_t session, uint64_t len)
{
    struct cw_tz_module *m = find(session);
    if (m == NULL || m->staged == NULL || len > m->staged_len - m->have_len) {
        return TEE_ERROR_BAD_STATE;
    }
    m->have_len += len;
    if (m->have_len < m->staged_len) {
        return TEE_SUCCESS;
    }
    const uint32_t result = cw_tz_module_make(m);
    cw_tz_pages_give(m->staged, (m->staged_len + CW_TZ_PAGE - 1) / CW_TZ_PAGE);
    m->staged = NULL;
    m->staged_len = 0;
    m->have_len = 0;
    return result;
}

uint32_t cw_tz_session_input(uint32_t session, uint64_t len, uint8_t **ret_in)
{
    struct cw_tz_module *m;
    const uint32_t result = find_loaded(session, &m);
    if (result != TEE_SUCCESS) {
        return result;
    }
    if (m->queue.count > 0) {
        return TEE_ERROR_BUSY;
    }
    if (len > CW_TZ_IN_LEN) {
        return TEE_ERROR_EXCESS_DATA;
    }
    *ret_in = cw_tz_window_in(m);
    return TEE_SUCCESS;
}

uint32_t cw_tz_session_enter(uint32_t session, uint32_t entry, uint64_t len,
        struct cw_tz_said *ret_said)
{
    struct cw_tz_module *m;
    struct cw_tz_left left;
    const uint32_t result = find_loaded(session, &m);
    if (result != TEE_SUCCESS) {
        return result;
    }
    if (len > CW_TZ_IN_LEN || entry > ENTRY_MAX) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    m->is_stalled = false;
    if (!cw_tz_module_run(m, entry, len, &left)) {
        return TEE_ERROR_TARGET_DEAD;
    }
    *ret_said = (struct cw_tz_said){
            .value = left.value,
            .count = left.served,
            .items = cw_tz_window_out(m),
            .len = left.value & 0xffffffu,
    };
    return TEE_SUCCESS;
}

uint32_t cw_tz_session_fetch(uint32_t session, struct cw_tz_said *ret_said)
{
    struct cw_tz_module *m;
    const uint32_t result = find_loaded(session, &m);
    if (result == TEE_SUCCESS) {
        cw_tz_queue_first(&m->queue, ret_said);
    }
    return result;
}

void cw_tz_session_fetched(uint32_t session)
{
    struct cw_tz_module *m;
    if (find_loaded(session, &m) == TEE_SUCCESS) {
        cw_tz_queue_drop(&m->queue);
    }
}

/* Its device enters it: what a node would say, CW_ENTRY_CALL of that endpoint without argument. */
static void serve(struct cw_tz_module *m, cw_tz_device device)
{
    const uint8_t input[4] = {(uint8_t)m->on_interrupt, (uint8_t)(m->on_interrupt >> 8)};
    struct cw_tz_left left;
    memcpy(cw_tz_window_in(m), input, sizeof input);
    cw_tz_device_serving(device);
    if (!cw_tz_module_run(m, CW_ENTRY_CALL, sizeof input, &left)) {
        cw_tz_attention(); /* FETCH says that it is dead */
        return;
    }
    if (left.value >> 24 == CW_RESULT_AGAIN) {
        m->is_stalled = true; /* nothing happened inside; once more when the node has been there */
        return;
    }
    cw_tz_queue_put(&m->queue, left.value, cw_tz_window_out(m), left.value & 0xffffffu);
    cw_tz_device_served(device);
    cw_tz_attention();
}

void cw_tz_modules_serve(void)
{
    for (cw_tz_device device = CW_TZ_DEVICE_PORT1; device <= CW_TZ_DEVICE_UART; device++) {
        struct cw_tz_module *m = find(cw_tz_device_waiting(device));
        if (m != NULL && m->state == CW_TZ_READY && !m->is_stalled &&
                cw_tz_queue_has_room(&m->queue)) {
            serve(m, device);
        }
    }
}
