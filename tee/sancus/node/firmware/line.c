/* SPDX-License-Identifier: MIT */
#include "tee/sancus/node/firmware/line.h"

#include "silicon/sancus/arch.h"

#define PATIENCE 2000u /* polls without a byte, some 20 times a byte's time */

uint8_t line_in[4 + CW_LINE_IN_MAX] __attribute__((aligned(2)));
uint8_t line_out[CW_LINE_PAYLOAD_MAX] __attribute__((aligned(2)));

static uint16_t crc_table[256];

static volatile uint8_t *device(uint16_t address)
{
    return (volatile uint8_t *)address;
}

uint16_t line_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

void line_put_u16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

void line_start(void)
{
    for (uint16_t i = 0; i < 256; i++) {
        uint16_t crc = (uint16_t)(i << 8);
        for (uint8_t bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 0x8000u) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
        }
        crc_table[i] = crc;
    }
    *(volatile uint16_t *)CW_UART_BAUD = CW_LINE_BAUD;
    *device(CW_UART_STAT) = CW_UART_STAT_RX_PENDING | CW_UART_STAT_RX_OVERFLOW;
    *device(CW_UART_CTL) = CW_UART_CTL_ENABLE | CW_UART_CTL_SMCLK | CW_UART_CTL_RX_IE;
}

static uint16_t crc_of(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xffff;
    for (; len > 0; len--) {
        crc = (uint16_t)(crc << 8) ^ crc_table[(uint8_t)(crc >> 8) ^ *bytes++];
    }
    return crc;
}

bool line_is_busy(void)
{
    return (*device(CW_UART_STAT) & CW_UART_STAT_RX_PENDING) != 0;
}

/* How many of [len] bytes came before the line fell silent. */
static size_t receive(uint8_t *ret_bytes, size_t len)
{
    uint8_t *at = ret_bytes;
    for (const uint8_t *end = ret_bytes + len; at != end; at++) {
        uint16_t left = PATIENCE;
        while (!line_is_busy()) {
            if (--left == 0) {
                return (size_t)(at - ret_bytes);
            }
        }
        *device(CW_UART_STAT) = CW_UART_STAT_RX_PENDING;
        *at = *device(CW_UART_RXD);
    }
    return len;
}

bool line_receive(struct line_frame *ret_frame)
{
    uint8_t header[CW_LINE_HEADER_LEN];
    size_t have = receive(header, 1);
    while (have == 1 && header[0] != CW_LINE_SYNC0) {
        have = receive(header, 1);
    }
    if (have == 0 || receive(header + 1, sizeof header - 1) != sizeof header - 1 ||
            header[1] != CW_LINE_SYNC1 || header[2] != CW_LINE_VERSION ||
            line_u16(header + 8) != crc_of(header, 8)) {
        return false;
    }
    ret_frame->type = header[3];
    ret_frame->seq = line_u16(header + 4);
    ret_frame->len = line_u16(header + 6);
    if (ret_frame->len == 0) {
        return true;
    }
    uint8_t crc[CW_LINE_CRC_LEN];
    return ret_frame->len <= sizeof line_in &&
            receive(line_in, ret_frame->len) == ret_frame->len &&
            receive(crc, sizeof crc) == sizeof crc &&
            line_u16(crc) == crc_of(line_in, ret_frame->len);
}

static void send(const uint8_t *bytes, size_t len)
{
    for (; len > 0; len--) {
        while ((*device(CW_UART_STAT) & CW_UART_STAT_TX_FULL) != 0) {
        }
        *device(CW_UART_TXD) = *bytes++;
    }
}

void line_send(uint8_t type, uint16_t seq, const uint8_t *payload, size_t len)
{
    uint8_t header[CW_LINE_HEADER_LEN] = {
            CW_LINE_SYNC0, CW_LINE_SYNC1, CW_LINE_VERSION, type};
    line_put_u16(header + 4, seq);
    line_put_u16(header + 6, (uint16_t)len);
    line_put_u16(header + 8, crc_of(header, 8));
    send(header, sizeof header);
    if (len != 0) {
        uint8_t crc[CW_LINE_CRC_LEN];
        line_put_u16(crc, crc_of(payload, len));
        send(payload, len);
        send(crc, sizeof crc);
    }
}
