/* SPDX-License-Identifier: MIT */
#include "tee/sancus/owner/measure.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "core/crypto/spongent.h"
#include "core/wire/writer.h"
#include "tee/sancus/abi.h"

static size_t text_len(const struct cw_sancus_linked *linked)
{
    return (size_t)(linked->pe - linked->ps);
}

static void write_bounds(struct cw_writer *w, const struct cw_sancus_linked *linked)
{
    cw_writer_u16(w, linked->ps);
    cw_writer_u16(w, linked->pe);
    cw_writer_u16(w, linked->ss);
    cw_writer_u16(w, linked->se);
}

/* text, PS, PE, SS, SE; malloc'ed. */
static uint8_t *identity(const struct cw_sancus_linked *linked, size_t *ret_len)
{
    size_t len = text_len(linked) + 8;
    uint8_t *bytes = malloc(len);
    if (bytes != NULL) {
        struct cw_writer w = cw_writer_over(bytes, len);
        cw_writer_bytes(&w, linked->text, text_len(linked));
        write_bounds(&w, linked);
        *ret_len = len;
    }
    return bytes;
}

cw_status cw_sancus_root_key(const uint8_t vendor_key[static CW_KEY_LEN],
        const struct cw_sancus_linked *linked, uint8_t ret_key[static CW_KEY_LEN])
{
    size_t len;
    uint8_t *bytes = identity(linked, &len);
    if (bytes == NULL) {
        return CW_E_SYSTEM;
    }
    cw_spongent_mac(vendor_key, bytes, len, ret_key);
    free(bytes);
    return CW_OK;
}

cw_status cw_sancus_verify_tag(const struct cw_sancus_linked *linked,
        uint8_t ret_tag[static CW_TAG_LEN])
{
    static const uint8_t zero_key[CW_KEY_LEN];
    return cw_sancus_root_key(zero_key, linked, ret_tag);
}

cw_status cw_sancus_measurement(const struct cw_sancus_linked *linked,
        uint8_t ret_measurement[static CW_MEASUREMENT_LEN])
{
    size_t len;
    uint8_t *bytes = identity(linked, &len);
    if (bytes == NULL) {
        return CW_E_SYSTEM;
    }
    cw_sha256(bytes, len, ret_measurement);
    free(bytes);
    return CW_OK;
}

cw_status cw_sancus_image(uint16_t vendor, const struct cw_sancus_linked *module,
        const struct cw_sancus_linked *device, uint16_t interrupt, uint16_t endpoint,
        uint8_t **ret_image, size_t *ret_len)
{
    static const struct cw_sancus_linked none;
    const struct cw_sancus_linked *second = device != NULL ? device : &none;
    size_t len = CW_SANCUS_IMAGE_HEADER_LEN + text_len(module) + text_len(second);
    uint8_t *image = malloc(len);
    if (image == NULL) {
        return CW_E_SYSTEM;
    }
    struct cw_writer w = cw_writer_over(image, len);
    cw_writer_bytes(&w, CW_SANCUS_IMAGE_MAGIC, 4);
    cw_writer_u16(&w, vendor);
    write_bounds(&w, module);
    write_bounds(&w, second);
    cw_writer_u16(&w, interrupt);
    cw_writer_u16(&w, endpoint);
    cw_writer_u16(&w, 0);
    cw_writer_bytes(&w, module->text, text_len(module));
    if (device != NULL) {
        cw_writer_bytes(&w, device->text, text_len(device));
    }
    cw_status status = cw_writer_finish(&w, ret_len);
    if (status != CW_OK) {
        free(image);
        return status;
    }
    *ret_image = image;
    return CW_OK;
}
