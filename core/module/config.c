/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/module/module.h"

cw_status cw_module_configure(struct cw_module *m, const uint8_t *body, size_t len)
{
    const struct cw_config_header *header = (const void *)body;
    if (len < sizeof *header || len != sizeof *header + header->len + (header->len & 1u)) {
        return CW_E_FORM;
    }
    const struct cw_endpoint *e = cw_module_endpoint(m, header->local);
    if (e == NULL || e->kind != CW_KIND_CONFIG) {
        return CW_E_ABSENT;
    }
    if (header->len > e->max) {
        return CW_E_SPACE;
    }
    struct cw_config *config = e->call.config;
    cw_bytes_wipe(config->bytes, e->max);
    cw_bytes_copy(config->bytes, body + sizeof *header, header->len);
    config->len = header->len;
    config->is_set = true;
    return CW_OK;
}

cw_status cw_serve_config(uint16_t entry, const struct cw_endpoint *endpoint, struct cw_channel *c,
        size_t len)
{
    (void)entry;
    (void)endpoint;
    (void)c;
    (void)len;
    return CW_E_STATE;
}
