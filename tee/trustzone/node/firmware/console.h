/* SPDX-License-Identifier: MIT */
/*
 * console.h - a virtio console behind virtio-mmio: a reliable stream of bytes to the host.
 *
 * Trust    UNTRUSTED.
 * Memory   Buffers are given to the device by address, which is what it is here: the MMU is off.
 * Source   Virtual I/O Device (VIRTIO) 1.1, sections 2.6, 4.2, 5.3
 */
#ifndef CW_TEE_TRUSTZONE_NODE_FIRMWARE_CONSOLE_H
#define CW_TEE_TRUSTZONE_NODE_FIRMWARE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_QUEUE_LEN 8u
#define CONSOLE_BUFFER_LEN 8192u

struct console_descriptor {
    uint64_t address;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct console_queue {
    struct console_descriptor descriptor[CONSOLE_QUEUE_LEN]; /* 16 */
    struct {
        uint16_t flags;
        uint16_t index;
        uint16_t ring[CONSOLE_QUEUE_LEN];
        uint16_t event;
    } driver;
    struct {
        uint16_t flags;
        uint16_t index;
        struct {
            uint32_t id;
            uint32_t len;
        } ring[CONSOLE_QUEUE_LEN];
        uint16_t event;
    } device __attribute__((aligned(4)));
    uint16_t seen; /* of device.index */
};

struct console {
    struct console_queue in __attribute__((aligned(16)));
    struct console_queue out __attribute__((aligned(16)));
    uint8_t buffer[CONSOLE_QUEUE_LEN][CONSOLE_BUFFER_LEN];
    uint64_t registers; /* address; 0: there is none */
};

struct console_part {
    const void *bytes;
    size_t len;
};

/* console_open - is there one in this slot?  If so, it is started. */
bool console_open(struct console *c, unsigned slot);

/* console_read - the oldest bytes that came and were not given back; 0: none. */
size_t console_read(struct console *c, const uint8_t **ret_bytes);
void console_give_back(struct console *c);

/* console_write - send parts, at most CONSOLE_QUEUE_LEN, and wait until the device took them. */
void console_write(struct console *c, const struct console_part *parts, unsigned count);

/* console_acknowledge - its interrupt, if it has one. */
void console_acknowledge(struct console *c);

#endif
