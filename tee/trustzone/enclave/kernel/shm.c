/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/shm.h"

#include <stddef.h>

#include "tee/trustzone/abi.h"
#include "tee/trustzone/enclave/kernel/normal.h"

#define PAGE 0x1000ull
#define IN_PAGE (PAGE - 1)

_Static_assert(CW_TZ_SHM_PAGES < PAGE / sizeof(uint64_t), "a list is one page, its link unused");

static struct object {
    uint64_t pages[CW_TZ_SHM_PAGES];
    uint64_t reference;
    uint64_t at;
    uint64_t len; /* 0: free */
} objects[CW_TZ_SHM_OBJECTS];

void cw_tz_shm_close(void)
{
    for (unsigned i = 0; i < CW_TZ_SHM_OBJECTS; i++) {
        objects[i].len = 0;
    }
}

static struct object *find(uint64_t reference)
{
    for (unsigned i = 0; i < CW_TZ_SHM_OBJECTS; i++) {
        if (objects[i].len != 0 && objects[i].reference == reference) {
            return &objects[i];
        }
    }
    return NULL;
}

static struct object *find_free(void)
{
    for (unsigned i = 0; i < CW_TZ_SHM_OBJECTS; i++) {
        if (objects[i].len == 0) {
            return &objects[i];
        }
    }
    return NULL;
}

uint32_t cw_tz_buffer_list(uint64_t list, uint64_t len, uint64_t ret_pages[static CW_TZ_SHM_PAGES],
        struct cw_tz_buffer *ret_buffer)
{
    const uint64_t at = list & IN_PAGE;
    if (len == 0) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    if (len > CW_TZ_SHM_PAGES * PAGE - at) {
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    const uint64_t count = (at + len + IN_PAGE) / PAGE;
    if (cw_tz_normal_read(ret_pages, list - at, count * sizeof ret_pages[0]) != CW_OK) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    for (uint64_t i = 0; i < count; i++) {
        if ((ret_pages[i] & IN_PAGE) != 0 || !cw_tz_normal_is(ret_pages[i], PAGE)) {
            return TEE_ERROR_BAD_PARAMETERS;
        }
    }
    *ret_buffer = (struct cw_tz_buffer){ret_pages, at, len};
    return TEE_SUCCESS;
}

uint32_t cw_tz_buffer_run(uint64_t at, uint64_t len, struct cw_tz_buffer *ret_buffer)
{
    if (len != 0 && !cw_tz_normal_is(at, len)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    *ret_buffer = (struct cw_tz_buffer){NULL, at, len};
    return TEE_SUCCESS;
}

uint32_t cw_tz_shm_register(uint64_t reference, uint64_t list, uint64_t len)
{
    struct cw_tz_buffer buffer;
    struct object *object = find_free();
    if (find(reference) != NULL) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    if (object == NULL) {
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    const uint32_t code = cw_tz_buffer_list(list, len, object->pages, &buffer);
    if (code == TEE_SUCCESS) {
        object->reference = reference;
        object->at = buffer.at;
        object->len = buffer.len;
    }
    return code;
}

uint32_t cw_tz_shm_unregister(uint64_t reference)
{
    struct object *object = find(reference);
    if (object == NULL) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    object->len = 0;
    return TEE_SUCCESS;
}

uint32_t cw_tz_shm_find(uint64_t reference, uint64_t offset, uint64_t len,
        struct cw_tz_buffer *ret_buffer)
{
    const struct object *object = find(reference);
    if (object == NULL || offset > object->len || len > object->len - offset) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    *ret_buffer = (struct cw_tz_buffer){object->pages, object->at + offset, len};
    return TEE_SUCCESS;
}

/* Where a buffer's byte is, and how many follow it there. */
static uint64_t place(const struct cw_tz_buffer *buffer, uint64_t offset, uint64_t *ret_len)
{
    const uint64_t at = buffer->at + offset;
    if (buffer->pages == NULL) {
        *ret_len = buffer->len - offset;
        return at;
    }
    *ret_len = PAGE - (at & IN_PAGE);
    return buffer->pages[at / PAGE] + (at & IN_PAGE);
}

cw_status cw_tz_buffer_read(const struct cw_tz_buffer *buffer, void *ret_to, uint64_t len)
{
    uint8_t *to = ret_to;
    cw_status status = len <= buffer->len ? CW_OK : CW_E_DENIED;
    for (uint64_t done = 0, part; done < len && status == CW_OK; done += part) {
        const uint64_t pa = place(buffer, done, &part);
        part = part < len - done ? part : len - done;
        status = cw_tz_normal_read(to + done, pa, part);
    }
    return status;
}

cw_status cw_tz_buffer_write(const struct cw_tz_buffer *buffer, const void *from, uint64_t len)
{
    const uint8_t *bytes = from;
    cw_status status = len <= buffer->len ? CW_OK : CW_E_DENIED;
    for (uint64_t done = 0, part; done < len && status == CW_OK; done += part) {
        const uint64_t pa = place(buffer, done, &part);
        part = part < len - done ? part : len - done;
        status = cw_tz_normal_write(pa, bytes + done, part);
    }
    return status;
}
