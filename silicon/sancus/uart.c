/* SPDX-License-Identifier: MIT */
/*
 * uart.c - UART 1 with its bit times.
 *
 * The board wires RTS and CTS: the far end sends no byte while a received one is pending, and
 * the transmitter waits while the far end takes none.
 */
#include "silicon/sancus/devices.h"

#define BITS_PER_BYTE 10u
#define STAT_FLAGS                                                                                 \
    (CW_UART_STAT_RX_PENDING | CW_UART_STAT_RX_OVERFLOW | CW_UART_STAT_TX_PENDING |                \
            CW_UART_STAT_TX_EMPTY_PENDING)

static uint64_t byte_cycles(const struct cw_uart *uart)
{
    return (uint64_t)BITS_PER_BYTE * (uart->baud == 0 ? 1 : uart->baud);
}

static bool is_enabled(const struct cw_uart *uart)
{
    return (uart->ctl & CW_UART_CTL_ENABLE) != 0;
}

void cw_uart_reset(struct cw_uart *uart)
{
    uart->ctl = 0;
    uart->stat = 0;
    uart->baud = 0;
    uart->tx_full = false;
    uart->tx_busy = false;
    uart->tx_done = CW_CYCLE_NEVER;
    uart->rx_next = CW_CYCLE_NEVER;
}

/* Let the next byte come, if there is one and nothing holds it back. */
static void start_rx(struct cw_uart *uart, uint64_t now)
{
    if (uart->rx_next == CW_CYCLE_NEVER && uart->in_count != 0 && is_enabled(uart) &&
            (uart->stat & CW_UART_STAT_RX_PENDING) == 0) {
        uart->rx_next = now + byte_cycles(uart);
    }
}

static void receive(struct cw_uart *uart)
{
    uart->rx_data = uart->in[uart->in_head];
    uart->in_head = (uart->in_head + 1) % CW_UART_QUEUE;
    uart->in_count--;
    uart->stat |= CW_UART_STAT_RX_PENDING;
    uart->rx_next = CW_CYCLE_NEVER;
}

static void transmitted(struct cw_uart *uart)
{
    if (uart->out_count == CW_UART_QUEUE) {
        uart->tx_done += byte_cycles(uart);
        return;
    }
    uart->out[uart->out_count++] = uart->tx_shift;
    if (uart->tx_full) {
        uart->tx_shift = uart->tx_data;
        uart->tx_full = false;
        uart->stat |= CW_UART_STAT_TX_PENDING;
        uart->tx_done += byte_cycles(uart);
        return;
    }
    uart->tx_busy = false;
    uart->stat |= CW_UART_STAT_TX_EMPTY_PENDING;
    uart->tx_done = CW_CYCLE_NEVER;
}

void cw_uart_sync(struct cw_uart *uart, uint64_t now)
{
    start_rx(uart, now);
    if (uart->rx_next <= now) {
        receive(uart);
    }
    while (uart->tx_done <= now) {
        transmitted(uart);
    }
}

uint64_t cw_uart_next_event(const struct cw_uart *uart)
{
    return uart->rx_next < uart->tx_done ? uart->rx_next : uart->tx_done;
}

static uint8_t status(const struct cw_uart *uart)
{
    return (uint8_t)((uart->stat & STAT_FLAGS) |
            (uart->rx_next != CW_CYCLE_NEVER ? CW_UART_STAT_RX_BUSY : 0) |
            (uart->tx_busy ? CW_UART_STAT_TX_BUSY : 0) |
            (uart->tx_full ? CW_UART_STAT_TX_FULL : 0));
}

uint16_t cw_uart_read(struct cw_uart *uart, uint16_t address, uint64_t now)
{
    cw_uart_sync(uart, now);
    switch (address) {
    case CW_UART_CTL:
        return (uint16_t)(uart->ctl | status(uart) << 8);
    case CW_UART_BAUD:
        return uart->baud;
    case CW_UART_TXD:
        return (uint16_t)(uart->tx_data | uart->rx_data << 8);
    default:
        return 0;
    }
}

static void send(struct cw_uart *uart, uint8_t byte, uint64_t now)
{
    if (!is_enabled(uart)) {
        return;
    }
    uart->tx_data = byte;
    if (uart->tx_busy) {
        uart->tx_full = true; /* a byte that still waits there is lost */
        return;
    }
    uart->tx_shift = byte;
    uart->tx_busy = true;
    uart->tx_done = now + byte_cycles(uart);
    uart->stat |= CW_UART_STAT_TX_PENDING;
}

void cw_uart_write(struct cw_uart *uart, uint16_t address, uint16_t data, uint8_t lanes,
        uint64_t now)
{
    cw_uart_sync(uart, now);
    if (address == CW_UART_CTL && (lanes & 1) != 0) {
        uart->ctl = (uint8_t)(data & 0xf3);
    }
    if (address == CW_UART_CTL && (lanes & 2) != 0) {
        uart->stat &= (uint8_t)~(data >> 8 & STAT_FLAGS);
    }
    if (address == CW_UART_BAUD && (lanes & 1) != 0) {
        uart->baud = (uint16_t)((uart->baud & 0xff00) | (data & 0xff));
    }
    if (address == CW_UART_BAUD && (lanes & 2) != 0) {
        uart->baud = (uint16_t)((uart->baud & 0xff) | (data & 0xff00));
    }
    if (address == CW_UART_TXD && (lanes & 1) != 0) {
        send(uart, (uint8_t)data, now);
    }
    if (!is_enabled(uart)) {
        uart->rx_next = CW_CYCLE_NEVER;
    }
    start_rx(uart, now);
}

bool cw_uart_irq_rx(const struct cw_uart *uart)
{
    return ((uart->ctl & CW_UART_CTL_RX_IE) != 0 && (uart->stat & CW_UART_STAT_RX_PENDING) != 0) ||
            ((uart->ctl & CW_UART_CTL_RX_OVERFLOW_IE) != 0 &&
                    (uart->stat & CW_UART_STAT_RX_OVERFLOW) != 0);
}

bool cw_uart_irq_tx(const struct cw_uart *uart)
{
    return ((uart->ctl & CW_UART_CTL_TX_IE) != 0 && (uart->stat & CW_UART_STAT_TX_PENDING) != 0) ||
            ((uart->ctl & CW_UART_CTL_TX_EMPTY_IE) != 0 &&
                    (uart->stat & CW_UART_STAT_TX_EMPTY_PENDING) != 0);
}
