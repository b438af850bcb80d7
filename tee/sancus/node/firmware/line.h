/* SPDX-License-Identifier: MIT */
/*
 * line.h - frames over the UART (abi.h, section 5), by polling; interrupts only end the sleep.
 *
 * Trust    UNTRUSTED.  A damaged frame is dropped and the line finds the next sync.
 */
#ifndef CW_TEE_SANCUS_NODE_FIRMWARE_LINE_H
#define CW_TEE_SANCUS_NODE_FIRMWARE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tee/sancus/abi.h"

struct line_frame {
    uint8_t type;
    uint16_t seq;
    uint16_t len;
};

/* The payload of the frame received last, and of the answer sent last; at even addresses. */
extern uint8_t line_in[4 + CW_LINE_IN_MAX];
extern uint8_t line_out[CW_LINE_PAYLOAD_MAX];

void line_start(void);

/* line_is_busy - has a byte arrived? */
bool line_is_busy(void);

/* line_receive - a whole frame; false: what came was none, or stopped in the middle. */
bool line_receive(struct line_frame *ret_frame);

void line_send(uint8_t type, uint16_t seq, const uint8_t *payload, size_t len);

uint16_t line_u16(const uint8_t *bytes);
void line_put_u16(uint8_t *bytes, uint16_t value);

#endif
