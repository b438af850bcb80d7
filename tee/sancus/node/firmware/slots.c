/* SPDX-License-Identifier: MIT */
#include "tee/sancus/node/firmware/slots.h"

#include "silicon/sancus/arch.h"
#include "tee/sancus/abi.h"
#include "tee/sancus/node/firmware/chip.h"
#include "tee/sancus/node/firmware/line.h"

struct slot {
    struct chip_sections module, device; /* pe is 0: there is none */
    uint16_t interrupt;
};

static struct slot slots[CW_LINE_SLOTS];

static bool overlaps(uint16_t start, uint16_t end, uint16_t other_start, uint16_t other_end)
{
    return start < other_end && other_start < end;
}

static bool is_taken(uint16_t start, uint16_t end)
{
    for (const struct slot *s = slots; s != slots + CW_LINE_SLOTS; s++) {
        if (overlaps(start, end, s->module.ps, s->module.pe) ||
                overlaps(start, end, s->module.ss, s->module.se) ||
                overlaps(start, end, s->device.ps, s->device.pe) ||
                overlaps(start, end, s->device.ss, s->device.se)) {
            return true;
        }
    }
    return false;
}

static bool is_free(uint16_t start, uint16_t end, uint16_t area_start, uint16_t area_end)
{
    return start < end && ((start | end) & 1u) == 0 && start >= area_start && end <= area_end &&
            !is_taken(start, end);
}

static struct slot *slot_of(const uint8_t *payload, size_t len)
{
    uint16_t index = len >= 2 ? line_u16(payload) : CW_LINE_SLOTS;
    return index < CW_LINE_SLOTS ? &slots[index] : NULL;
}

uint16_t slots_waiting(uint16_t interrupt)
{
    uint16_t i = 0;
    while (i < CW_LINE_SLOTS && (slots[i].module.pe == 0 || slots[i].interrupt != interrupt)) {
        i++;
    }
    return i;
}

uint16_t slots_used(void)
{
    uint16_t used = 0;
    for (uint16_t i = 0; i < CW_LINE_SLOTS; i++) {
        used = (uint16_t)(used + (slots[i].module.pe != 0 ? 1 : 0));
    }
    return used;
}

bool slots_own(uint16_t address)
{
    return is_taken(address, (uint16_t)(address + 1));
}

size_t slots_write(const uint8_t *payload, size_t len, uint8_t *ret_answer)
{
    uint16_t status = CW_LINE_BAD;
    if (len > 2 && len % 2 == 0) {
        uint16_t start = line_u16(payload);
        uint16_t end = (uint16_t)(start + (len - 2));
        if (is_free(start, end, CW_SANCUS_TEXT_BASE, CW_SANCUS_TEXT_END)) {
            uint16_t *to = (uint16_t *)start;
            for (size_t i = 2; i < len; i += 2) {
                *to++ = line_u16(payload + i);
            }
            status = CW_LINE_OK;
        }
    }
    line_put_u16(ret_answer, status);
    return 2;
}

static void read_sections(const uint8_t *payload, uint16_t vendor,
        struct chip_sections *ret_sections)
{
    ret_sections->vendor = vendor;
    ret_sections->ps = line_u16(payload);
    ret_sections->pe = line_u16(payload + 2);
    ret_sections->ss = line_u16(payload + 4);
    ret_sections->se = line_u16(payload + 6);
}

static uint16_t enter(uint16_t ps, uint16_t entry)
{
    struct chip_call call = {.ps = ps, .entry = entry};
    return chip_call(&call);
}

/* Free the chip's slots of a module.  The device module gives way when its driver is gone. */
static uint16_t release(struct slot *s)
{
    uint16_t status = enter(s->module.ps, CW_SANCUS_ENTRY_UNLOAD);
    if (status == CW_LINE_OK && s->device.pe != 0) {
        status = enter(s->device.ps, 0);
    }
    if (status == CW_LINE_OK) {
        *s = (struct slot){0};
    }
    return status;
}

/* payload: vendor, bounds of the module, bounds of its device module, interrupt, endpoint. */
static uint16_t enable(struct slot *s, const uint8_t *payload, uint8_t *ret_ids)
{
    struct slot new;
    uint16_t vendor = line_u16(payload);
    read_sections(payload + 2, vendor, &new.module);
    read_sections(payload + 10, vendor, &new.device);
    new.interrupt = line_u16(payload + 18);
    bool has_device = new.device.pe != 0;
    if (s->module.pe != 0 ||
            !is_free(new.module.ps, new.module.pe, CW_SANCUS_TEXT_BASE, CW_SANCUS_TEXT_END) ||
            !is_free(new.module.ss, new.module.se, CW_SANCUS_DATA_BASE, CW_SANCUS_DATA_END)) {
        return CW_LINE_BAD;
    }
    if (has_device &&
            (!is_free(new.device.ps, new.device.pe, CW_SANCUS_TEXT_BASE, CW_SANCUS_TEXT_END) ||
             !is_free(new.device.ss, new.device.se, 0, CW_PERIPHERAL_END) ||
             overlaps(new.device.ps, new.device.pe, new.module.ps, new.module.pe))) {
        return CW_LINE_BAD;
    }
    for (uint16_t *word = (uint16_t *)new.module.ss; word != (uint16_t *)new.module.se; word++) {
        *word = 0; /* the published chip does not do it */
    }
    uint16_t id = chip_enable(&new.module);
    if (id == 0) {
        return CW_LINE_FULL;
    }
    *s = new;
    s->device.pe = 0; /* not there yet */
    uint16_t device_id = has_device ? chip_enable(&new.device) : 0;
    if (has_device && device_id == 0) {
        (void)release(s);
        return CW_LINE_FULL;
    }
    *s = new;
    line_put_u16(ret_ids, id);
    line_put_u16(ret_ids + 2, device_id);
    return CW_LINE_OK;
}

size_t slots_enable(const uint8_t *payload, size_t len, uint8_t *ret_answer)
{
    struct slot *s = slot_of(payload, len);
    line_put_u16(ret_answer + 2, 0);
    line_put_u16(ret_answer + 4, 0);
    line_put_u16(ret_answer, s == NULL || len != 22 ? CW_LINE_BAD
                                                    : enable(s, payload + 2, ret_answer + 2));
    return 6;
}

size_t slots_call(const uint8_t *payload, size_t len, uint8_t *ret_answer)
{
    struct slot *s = slot_of(payload, len);
    struct chip_call call = {.low = 0};
    uint16_t status = CW_LINE_BAD;
    if (s != NULL && s->module.pe != 0 && len >= 4) {
        call.ps = s->module.ps;
        call.entry = payload[2];
        call.in = (uint16_t)(payload + 4);
        call.in_len = (uint16_t)(len - 4);
        call.out = (uint16_t)(ret_answer + 6);
        call.out_cap = CW_LINE_OUT_MAX;
        status = chip_call(&call);
        if (s->interrupt < 16) {
            chip_interrupts &= (uint16_t)~(1u << s->interrupt);
        }
    }
    if (status != CW_LINE_OK || call.low > CW_LINE_OUT_MAX) {
        call.low = 0;
    }
    line_put_u16(ret_answer, status);
    line_put_u16(ret_answer + 2, call.low);
    line_put_u16(ret_answer + 4, call.high);
    return 6u + call.low;
}

size_t slots_unload(const uint8_t *payload, size_t len, uint8_t *ret_answer)
{
    struct slot *s = slot_of(payload, len);
    line_put_u16(ret_answer, s == NULL || s->module.pe == 0 ? CW_LINE_BAD : release(s));
    return 2;
}
