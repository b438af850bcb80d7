/* SPDX-License-Identifier: MIT */
/*
 * From the bytes of an image to a module.  Everything here looks at the kernel's own copy, which is
 * whole when the first byte of it is read.
 */
#include "core/crypto/hash.h"
#include "core/crypto/p256.h"
#include "sdk/rt.h"
#include "tee/trustzone/enclave/kernel/device.h"
#include "tee/trustzone/enclave/kernel/inside.h"
#include "tee/trustzone/enclave/kernel/mmu.h"
#include "tee/trustzone/enclave/kernel/pages.h"
#include "tee/trustzone/enclave/kernel/service.h"
#include "tee/trustzone/enclave/sysreg.h"

#define NO_INTERRUPT 0xffffu

static void measure(const uint8_t *image, size_t image_len, uint8_t ret_measurement[static 32])
{
    struct cw_sha256 hash;
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, image, CW_TZ_IMAGE_SIGNED_LEN);
    cw_sha256_update(&hash, image + CW_TZ_IMAGE_HEADER_LEN, image_len - CW_TZ_IMAGE_HEADER_LEN);
    cw_sha256_out(&hash, ret_measurement);
}

/* Never the same on one device: journal's starts of it, then ours. */
static uint64_t next_epoch(void)
{
    static uint32_t count;
    return cw_tz_journal_boot() << 32 | ++count;
}

static void identify(const struct cw_tz_image *header, struct cw_tz_identity *ret_identity)
{
    cw_sha256(header->signer, sizeof header->signer, ret_identity->signer);
    memcpy(ret_identity->name, header->name, sizeof ret_identity->name);
    ret_identity->epoch = 0;
    ret_identity->security_version = header->security_version;
    ret_identity->device = header->device;
    ret_identity->is_debug = (header->flags & CW_TZ_DEBUG) != 0;
}

static uint64_t cpu_features(void)
{
    const uint64_t features = CW_SYSREG_READ(id_aa64isar0_el1);
    const uint64_t aes = (features >> 4 & 15) >= 2 ? CW_TZ_CPU_AES : 0; /* and PMULL */
    const uint64_t sha2 = (features >> 12 & 15) >= 1 ? CW_TZ_CPU_SHA2 : 0;
    return aes | sha2;
}

static void fill(struct cw_tz_module *m, const struct cw_tz_image *header)
{
    const size_t lens[] = {header->text_len, header->rodata_len, header->data_len};
    const uint8_t *next = m->staged + CW_TZ_IMAGE_HEADER_LEN;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        memcpy(m->space.regions[i].at, next, lens[i]);
        next += lens[i];
    }
    m->context = (struct cw_tz_context){
            .x = {[2] = cpu_features()},
            .sp = CW_TZ_STACK_TOP,
            .pc = CW_TZ_IMAGE_AT,
            .state = CW_STATE_EL0,
    };
}

/* Memory, device and journal: what others may have taken. */
static uint32_t acquire(struct cw_tz_module *m, const struct cw_tz_image *header)
{
    const bool can_interrupt = header->on_interrupt != NO_INTERRUPT;
    const cw_tz_device device = (cw_tz_device)header->device;
    const size_t space_len = cw_tz_space_plan(header, &m->space);
    const size_t tables_len = CW_TZ_TABLES * CW_TZ_PAGE;
    const size_t len = tables_len + space_len + (can_interrupt ? CW_TZ_QUEUE_LEN : 0);
    m->page_count = len / CW_TZ_PAGE;
    if (cw_tz_device_claim(device, m->session, can_interrupt) != CW_OK) {
        return TEE_ERROR_BUSY;
    }
    uint32_t result = TEE_ERROR_OUT_OF_MEMORY;
    m->run = cw_tz_pages_take(m->page_count);
    if (m->run == NULL) {
        goto release_device;
    }
    const cw_status status = cw_tz_journal_version(&m->identity);
    if (status != CW_OK) {
        result = status == CW_E_DENIED ? TEE_ERROR_ACCESS_DENIED : TEE_ERROR_OUT_OF_MEMORY;
        goto give_pages;
    }
    m->queue = (struct cw_tz_queue){.at = can_interrupt ? m->run + tables_len + space_len : NULL};
    cw_tz_space_place(&m->space, m->run + tables_len);
    return TEE_SUCCESS;

give_pages:
    cw_tz_pages_give(m->run, m->page_count);
    m->run = NULL;
release_device:
    cw_tz_device_release(device);
    return result;
}

uint32_t cw_tz_module_make(struct cw_tz_module *m)
{
    struct cw_tz_image header;
    if (cw_tz_image_decode(m->staged, m->staged_len, &header) != CW_OK) {
        return TEE_ERROR_BAD_FORMAT;
    }
    measure(m->staged, m->staged_len, m->identity.measurement);
    if (!cw_p256_verify(header.signer, m->identity.measurement, header.signature)) {
        return TEE_ERROR_ACCESS_DENIED;
    }
    identify(&header, &m->identity);
    const uint32_t result = acquire(m, &header);
    if (result != TEE_SUCCESS) {
        return result;
    }
    m->identity.epoch = next_epoch();
    m->on_interrupt = header.on_interrupt;
    fill(m, &header);
    cw_tz_mmu_make(&m->space, m->run);
    m->state = CW_TZ_READY;
    return TEE_SUCCESS;
}

void cw_tz_module_end(struct cw_tz_module *m, cw_tz_state state)
{
    if (m->run != NULL) {
        cw_tz_device_release((cw_tz_device)m->identity.device);
        cw_tz_mmu_drop();
        cw_tz_pages_give(m->run, m->page_count);
    }
    if (m->staged != NULL) {
        cw_tz_pages_give(m->staged, (m->staged_len + CW_TZ_PAGE - 1) / CW_TZ_PAGE);
    }
    const unsigned session = m->session;
    memset(m, 0, sizeof *m);
    m->session = session;
    m->state = state;
}
