/* SPDX-License-Identifier: MIT */
/*
 * spi.c - SPI master.  Nothing is attached: what it receives is 0, and nobody sees its clock and
 * its select lines.  What software sees is the byte moving out, and for how long that takes.
 */
#include "silicon/sancus/devices.h"

#define CTL_POLARITY 0x01u
#define CTL_PHASE 0x02u
#define CTL_DIVIDE(ctl) ((ctl) >> 4)
#define BITS 8u
#define COUNT_MASK 0x0fu

enum { SPI_IDLE, SPI_BEGIN, SPI_SHIFT, SPI_END };

uint16_t cw_spi_read(const struct cw_spi *spi, uint16_t address)
{
    switch (address) {
    case CW_SPI_DATA:
        return spi->shift;
    case CW_SPI_STATUS:
        return spi->state != SPI_IDLE ? 1 : 0;
    default:
        return 0;
    }
}

static uint8_t next_state(const struct cw_spi *spi, bool half_period)
{
    switch (spi->state) {
    case SPI_IDLE:
        return spi->start ? SPI_BEGIN : SPI_IDLE;
    case SPI_BEGIN:
        return SPI_SHIFT;
    case SPI_SHIFT:
        return spi->count == BITS ? SPI_END : SPI_SHIFT;
    default:
        return half_period ? SPI_IDLE : SPI_END;
    }
}

void cw_spi_step(struct cw_spi *spi, const struct cw_soc_input *input)
{
    bool polarity = (spi->ctl & CTL_POLARITY) != 0, phase = (spi->ctl & CTL_PHASE) != 0;
    bool half_period = spi->divider == CTL_DIVIDE(spi->ctl);
    uint8_t state = next_state(spi, half_period);
    bool clock = state != SPI_SHIFT ? polarity : half_period ? !spi->clock : spi->clock;
    bool rises = !spi->clock && clock, falls = spi->clock && !clock;
    bool sends = state == SPI_SHIFT && !(phase && spi->count == 0) &&
            (polarity != phase ? rises : falls);
    bool write = input->write && input->address == CW_SPI_DATA;
    bool idle = spi->state == SPI_IDLE;

    if (spi->start) {
        spi->shift = spi->data;
    } else if (sends) {
        spi->shift = (uint8_t)(spi->shift << 1);
    }
    if (state == SPI_BEGIN) {
        spi->count = 0;
    } else if (polarity ? rises : falls) {
        spi->count = (spi->count + 1) & COUNT_MASK;
    }
    spi->divider = state == SPI_BEGIN || half_period ? 0 : (uint8_t)(spi->divider + 1);
    spi->clock = clock;
    spi->state = state;
    spi->start = write && (input->lanes & 1) != 0 && idle;
    if (spi->start) {
        spi->data = (uint8_t)input->data;
    }
    if (write && (input->lanes & 2) != 0) {
        spi->ctl = (uint8_t)(input->data >> 8);
    }
}

bool cw_spi_is_settled(const struct cw_spi *spi)
{
    return spi->state == SPI_IDLE && !spi->start &&
            spi->clock == ((spi->ctl & CTL_POLARITY) != 0);
}
