/* SPDX-License-Identifier: MIT */
/*
 * devices.h - the devices that soc.c puts on the bus.
 *
 * What     Each device has a step (one clock cycle, with what the bus does to it), where it
 *          helps a skip (many cycles in which nothing can happen) and a quiet (how many those
 *          are).  soc.c alone calls these.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_DEVICES_H
#define CW_SILICON_SANCUS_DEVICES_H

#include "silicon/sancus/chip.h"
#include "silicon/sancus/soc.h"

/* Timer A.  [tick]: its clock source ticks in this cycle. */
uint16_t cw_timer_read(const struct cw_timer *timer, uint16_t address);
void cw_timer_step(struct cw_timer *timer, bool tick, const struct cw_soc_input *input);
/* Cycles, all of them ticks, in which the counter only counts. */
uint64_t cw_timer_quiet(const struct cw_timer *timer);
/* Both take cycles that are all ticks, or none; at most cw_timer_quiet() of them. */
void cw_timer_skip(struct cw_timer *timer, uint64_t cycles, bool ticks);
bool cw_timer_is_settled(const struct cw_timer *timer, bool ticks);
bool cw_timer_irq0(const struct cw_timer *timer);
bool cw_timer_irq1(const struct cw_timer *timer);

/* Watchdog. */
uint16_t cw_watchdog_read(const struct cw_watchdog *watchdog);
/* [set], [clear]: what a write to IFG1 asks.  True: the chip is reset. */
bool cw_watchdog_step(struct cw_watchdog *watchdog, bool tick, const struct cw_soc_input *input,
        bool set, bool clear);
uint64_t cw_watchdog_quiet(const struct cw_watchdog *watchdog);

/* Multiplier. */
uint16_t cw_multiplier_read(const struct cw_multiplier *multiplier, uint16_t address);
void cw_multiplier_step(struct cw_multiplier *multiplier, const struct cw_soc_input *input);

/* Ports. */
uint16_t cw_gpio_read(const struct cw_port port[6], uint16_t address);
void cw_gpio_step(struct cw_port port[6], const struct cw_soc_input *input);
bool cw_gpio_is_settled(const struct cw_port port[6]);

/* SPI master. */
uint16_t cw_spi_read(const struct cw_spi *spi, uint16_t address);
void cw_spi_step(struct cw_spi *spi, const struct cw_soc_input *input);
/* A step without input changes nothing that matters. */
bool cw_spi_is_settled(const struct cw_spi *spi);

/* UART 1, full model. */
uint16_t cw_uart_read(struct cw_uart *uart, uint16_t address, uint64_t now);
void cw_uart_write(struct cw_uart *uart, uint16_t address, uint16_t data, uint8_t lanes,
        uint64_t now);
void cw_uart_reset(struct cw_uart *uart);
/* Move bytes whose time has come. */
void cw_uart_sync(struct cw_uart *uart, uint64_t now);
uint64_t cw_uart_next_event(const struct cw_uart *uart);
bool cw_uart_irq_rx(const struct cw_uart *uart);
bool cw_uart_irq_tx(const struct cw_uart *uart);

/* DMA unit. */
void cw_dma_reset(struct cw_dma *dma);
/* It has something to do in this cycle, so that every cycle counts. */
bool cw_dma_is_active(const struct cw_dma *dma);
void cw_dma_write(struct cw_dma *dma, uint16_t address, uint16_t data);
/* A cycle; delayed: the core uses the memory that the unit wants to read. */
void cw_dma_step(struct cw_dma *dma, bool delayed);
/* Cycles in which the core does nothing. */
void cw_dma_pass(struct cw_dma *dma, uint64_t cycles);
/* What it wants to read belongs to a module. */
bool cw_dma_is_refused(const struct cw_chip *chip);

/* Board devices: random source, counter, display. */
cw_status cw_board_open(struct cw_chip *chip);
void cw_board_close(struct cw_chip *chip);
uint16_t cw_board_read(struct cw_chip *chip, uint16_t address);
void cw_board_write(struct cw_chip *chip, uint16_t address, uint16_t data, uint8_t lanes);

#endif
