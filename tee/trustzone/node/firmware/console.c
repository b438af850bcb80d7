/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/node/firmware/console.h"

#include "silicon/trustzone/arch.h"
#include "tee/trustzone/node/firmware/cpu.h"

/* Registers of virtio-mmio, version 2. */
enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SELECT = 0x024,
    QUEUE_SELECT = 0x030,
    QUEUE_LEN_MAX = 0x034,
    QUEUE_LEN = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACKNOWLEDGE = 0x064,
    STATUS = 0x070,
    QUEUE_DESCRIPTORS = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
};

#define MAGIC_VALUE 0x74726976u
#define CONSOLE_ID 3u
#define STATUS_SEEN 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVES 4u
#define STATUS_FEATURES 8u
#define FEATURE_VERSION_1 1u /* bit 32 */
#define FLAG_NEXT 1u
#define FLAG_WRITE 2u
#define NO_INTERRUPT 1u
#define QUEUE_IN 0u
#define QUEUE_OUT 1u

static uint32_t get(const struct console *c, unsigned offset)
{
    return cpu_get32(c->registers + offset);
}

static void put(const struct console *c, unsigned offset, uint32_t value)
{
    cpu_put32(c->registers + offset, value);
}

static void put_address(const struct console *c, unsigned offset, const void *to)
{
    put(c, offset, (uint32_t)(uintptr_t)to);
    put(c, offset + 4, (uint32_t)((uintptr_t)to >> 32));
}

static bool queue_open(struct console *c, uint32_t index, struct console_queue *q)
{
    put(c, QUEUE_SELECT, index);
    if (get(c, QUEUE_LEN_MAX) < CONSOLE_QUEUE_LEN) {
        return false;
    }
    put(c, QUEUE_LEN, CONSOLE_QUEUE_LEN);
    put_address(c, QUEUE_DESCRIPTORS, q->descriptor);
    put_address(c, QUEUE_DRIVER, &q->driver);
    put_address(c, QUEUE_DEVICE, &q->device);
    put(c, QUEUE_READY, 1);
    return true;
}

/* Descriptor first is the device's now. */
static void offer(struct console *c, uint32_t index, struct console_queue *q, uint16_t first)
{
    q->driver.ring[q->driver.index % CONSOLE_QUEUE_LEN] = first;
    cpu_barrier();
    *(volatile uint16_t *)&q->driver.index = (uint16_t)(q->driver.index + 1u);
    cpu_barrier();
    put(c, QUEUE_NOTIFY, index);
}

static bool has_used(struct console_queue *q)
{
    const bool has = *(volatile uint16_t *)&q->device.index != q->seen;
    cpu_barrier();
    return has;
}

bool console_open(struct console *c, unsigned slot)
{
    c->registers = TZ_VIRTIO + slot * TZ_VIRTIO_LEN;
    if (get(c, MAGIC) != MAGIC_VALUE || get(c, VERSION) != 2 || get(c, DEVICE_ID) != CONSOLE_ID) {
        c->registers = 0;
        return false;
    }
    put(c, STATUS, 0);
    put(c, STATUS, STATUS_SEEN);
    put(c, STATUS, STATUS_SEEN | STATUS_DRIVER);
    put(c, DRIVER_FEATURES_SELECT, 0);
    put(c, DRIVER_FEATURES, 0);
    put(c, DRIVER_FEATURES_SELECT, 1);
    put(c, DRIVER_FEATURES, FEATURE_VERSION_1);
    put(c, STATUS, STATUS_SEEN | STATUS_DRIVER | STATUS_FEATURES);
    if ((get(c, STATUS) & STATUS_FEATURES) == 0 || !queue_open(c, QUEUE_IN, &c->in)
            || !queue_open(c, QUEUE_OUT, &c->out)) {
        c->registers = 0;
        return false;
    }
    put(c, STATUS, STATUS_SEEN | STATUS_DRIVER | STATUS_FEATURES | STATUS_DRIVES);
    for (uint16_t i = 0; i < CONSOLE_QUEUE_LEN; i++) {
        c->in.descriptor[i] = (struct console_descriptor){
                (uintptr_t)c->buffer[i], CONSOLE_BUFFER_LEN, FLAG_WRITE, 0};
        offer(c, QUEUE_IN, &c->in, i);
    }
    return true;
}

size_t console_read(struct console *c, const uint8_t **ret_bytes)
{
    if (c->registers == 0 || !has_used(&c->in)) {
        return 0;
    }
    const unsigned at = c->in.seen % CONSOLE_QUEUE_LEN;
    const uint32_t id = c->in.device.ring[at].id % CONSOLE_QUEUE_LEN;
    const uint32_t len = c->in.device.ring[at].len;
    *ret_bytes = c->buffer[id];
    return len < CONSOLE_BUFFER_LEN ? len : CONSOLE_BUFFER_LEN;
}

void console_give_back(struct console *c)
{
    const unsigned at = c->in.seen % CONSOLE_QUEUE_LEN;
    const uint16_t id = (uint16_t)(c->in.device.ring[at].id % CONSOLE_QUEUE_LEN);
    c->in.seen++;
    offer(c, QUEUE_IN, &c->in, id);
}

void console_write(struct console *c, const struct console_part *parts, unsigned count)
{
    uint16_t used = 0;
    for (unsigned i = 0; i < count; i++) {
        if (parts[i].len > 0) {
            c->out.descriptor[used] = (struct console_descriptor){(uintptr_t)parts[i].bytes,
                    (uint32_t)parts[i].len, FLAG_NEXT, (uint16_t)(used + 1)};
            used++;
        }
    }
    if (c->registers == 0 || used == 0) {
        return;
    }
    c->out.descriptor[used - 1].flags = 0;
    c->out.driver.flags = NO_INTERRUPT; /* it is mostly done at once */
    offer(c, QUEUE_OUT, &c->out, 0);
    *(volatile uint16_t *)&c->out.driver.flags = 0;
    cpu_barrier();
    while (!has_used(&c->out)) {
        cpu_sleep();
    }
    c->out.seen++;
}

void console_acknowledge(struct console *c)
{
    if (c->registers != 0) {
        put(c, INTERRUPT_ACKNOWLEDGE, get(c, INTERRUPT_STATUS));
    }
}
