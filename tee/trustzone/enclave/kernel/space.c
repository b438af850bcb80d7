/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/space.h"

#include "core/wire/reader.h"
#include "tee/trustzone/enclave/kernel/pages.h"

static uint64_t whole(uint64_t len)
{
    return (len + CW_TZ_PAGE - 1) & ~(CW_TZ_PAGE - 1);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

/* A name, then zeros to the end. */
static bool is_name(const uint8_t name[static 32])
{
    size_t len = 0;
    while (len < 32 && name[len] > ' ' && name[len] < 0x7f) {
        len++;
    }
    return len > 0 && is_zero(name + len, 32 - len);
}

static bool is_sound(const struct cw_tz_image *h, size_t image_len)
{
    /* All are 32 bits wide: sums of 64 do not wrap. */
    const uint64_t in_file = (uint64_t)h->text_len + h->rodata_len + h->data_len;
    const uint64_t in_memory =
            whole(h->text_len) + whole(h->rodata_len) + whole((uint64_t)h->data_len + h->bss_len);
    return h->magic == CW_TZ_IMAGE_MAGIC && h->version == CW_TZ_IMAGE_VERSION &&
            (h->flags & ~CW_TZ_DEBUG) == 0 && h->text_len > 0 &&
            in_file == image_len - CW_TZ_IMAGE_HEADER_LEN && in_memory <= CW_TZ_IMAGE_MAX &&
            h->stack_len > 0 && h->stack_len <= CW_TZ_STACK_MAX && h->device <= CW_TZ_DEVICE_UART &&
            (h->on_interrupt == 0xffff || h->device != CW_TZ_DEVICE_NONE) && is_name(h->name) &&
            is_zero(h->zero, sizeof h->zero) && is_zero(h->zero_too, sizeof h->zero_too);
}

cw_status cw_tz_image_decode(const uint8_t *image, size_t image_len, struct cw_tz_image *ret_header)
{
    if (image_len < CW_TZ_IMAGE_HEADER_LEN) {
        return CW_E_FORM;
    }
    struct cw_reader r = cw_reader_over(image, CW_TZ_IMAGE_HEADER_LEN);
    struct cw_tz_image *h = ret_header;
    h->magic = cw_reader_u32(&r);
    h->version = cw_reader_u16(&r);
    h->flags = cw_reader_u16(&r);
    h->text_len = cw_reader_u32(&r);
    h->rodata_len = cw_reader_u32(&r);
    h->data_len = cw_reader_u32(&r);
    h->bss_len = cw_reader_u32(&r);
    h->stack_len = cw_reader_u32(&r);
    h->security_version = cw_reader_u32(&r);
    h->device = cw_reader_u16(&r);
    h->on_interrupt = cw_reader_u16(&r);
    cw_reader_bytes(&r, h->zero, sizeof h->zero);
    cw_reader_bytes(&r, h->name, sizeof h->name);
    cw_reader_bytes(&r, h->signer, sizeof h->signer);
    cw_reader_bytes(&r, h->signature, sizeof h->signature);
    cw_reader_bytes(&r, h->zero_too, sizeof h->zero_too);
    return cw_reader_finish(&r) == CW_OK && is_sound(h, image_len) ? CW_OK : CW_E_FORM;
}

size_t cw_tz_space_plan(const struct cw_tz_image *header, struct cw_tz_space *ret_space)
{
    const uint64_t rodata_va = CW_TZ_IMAGE_AT + whole(header->text_len);
    const uint64_t data_va = rodata_va + whole(header->rodata_len);
    const size_t stack_len = whole(header->stack_len);
    const struct cw_tz_space space = {{
            {CW_TZ_IMAGE_AT, whole(header->text_len), NULL, CW_TZ_RIGHTS_EXECUTE},
            {rodata_va, whole(header->rodata_len), NULL, CW_TZ_RIGHTS_READ},
            {data_va, whole((uint64_t)header->data_len + header->bss_len), NULL,
                    CW_TZ_RIGHTS_WRITE},
            {CW_TZ_STACK_TOP - stack_len, stack_len, NULL, CW_TZ_RIGHTS_WRITE},
            {CW_TZ_WINDOW_AT, CW_TZ_IN_LEN + CW_TZ_OUT_LEN, NULL, CW_TZ_RIGHTS_WRITE},
    }};
    size_t len = 0;
    for (size_t i = 0; i < CW_TZ_REGIONS; i++) {
        len += space.regions[i].len;
    }
    *ret_space = space;
    return len;
}

void cw_tz_space_place(struct cw_tz_space *space, uint8_t *run)
{
    for (size_t i = 0; i < CW_TZ_REGIONS; i++) {
        space->regions[i].at = run;
        run += space->regions[i].len;
    }
}

uint8_t *cw_tz_space_find(const struct cw_tz_space *space, uint64_t va, uint64_t len, bool is_write)
{
    for (size_t i = 0; i < CW_TZ_REGIONS; i++) {
        const struct cw_tz_region *region = &space->regions[i];
        if (va < region->va || va - region->va >= region->len) {
            continue;
        }
        const uint64_t offset = va - region->va;
        if (len == 0 || len > region->len - offset ||
                (is_write && region->rights != CW_TZ_RIGHTS_WRITE)) {
            return NULL;
        }
        return region->at + offset;
    }
    return NULL;
}
