/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/soc.h"

#include <string.h>

#include "silicon/sancus/devices.h"

#define BCSCTL1_MASK 0x30u
#define BCSCTL2_MASK 0x0eu
#define BCSCTL2_SELS 0x08u

/* The crystal's half period and the clock's period, in the same unit. */
#define LFXT_HALF 763u
#define CLOCK_PERIOD 50u
/* Reset is released this long after the clock's time base. */
#define LFXT_PHASE 725u

static const struct cw_soc_input nothing;

/* ---- clocks ---- */

static bool lfxt_level(uint64_t edge)
{
    return ((edge * CLOCK_PERIOD + LFXT_PHASE) / LFXT_HALF & 1) != 0;
}

/* A rising edge of the crystal, behind the synchronizer, in this cycle. */
static bool lfxt_tick(const struct cw_chip *chip, uint64_t cycle)
{
    const struct cw_clock *clock = &chip->soc.clock;

    if (!chip->config.lfxt || cycle < 3) {
        return false;
    }
    if (clock->oscoff && (clock->ctl2 & BCSCTL2_SELS) == 0) {
        return false;
    }
    return lfxt_level(cycle - 1) && !lfxt_level(cycle - 2);
}

static bool divided(unsigned select, uint8_t divider)
{
    static const uint8_t full[4] = {0, 1, 3, 7};

    return (divider & full[select]) == full[select];
}

static void clock_step(struct cw_chip *chip, uint64_t cycle)
{
    struct cw_clock *clock = &chip->soc.clock;
    unsigned smclk_select = clock->ctl2 >> 1 & 3, aclk_select = clock->ctl1 >> 4 & 3;
    bool crystal = lfxt_tick(chip, cycle);
    bool smclk_in = !clock->scg1 && ((clock->ctl2 & BCSCTL2_SELS) == 0 || crystal);

    clock->smclk = smclk_in && divided(smclk_select, clock->smclk_divider);
    clock->aclk = crystal && divided(aclk_select, clock->aclk_divider);
    if (smclk_select != 0 && smclk_in) {
        clock->smclk_divider = (clock->smclk_divider + 1) & 7;
    }
    if (aclk_select != 0 && crystal) {
        clock->aclk_divider = (clock->aclk_divider + 1) & 7;
    }
}

/* How a clock enable behaves from now on, as long as nobody touches a register. */
typedef enum rhythm { RHYTHM_NEVER, RHYTHM_ALWAYS, RHYTHM_IRREGULAR } rhythm;

static rhythm smclk_rhythm(const struct cw_chip *chip)
{
    const struct cw_clock *clock = &chip->soc.clock;

    if (clock->scg1) {
        return clock->smclk ? RHYTHM_IRREGULAR : RHYTHM_NEVER;
    }
    if (clock->ctl2 == 0) {
        return clock->smclk ? RHYTHM_ALWAYS : RHYTHM_IRREGULAR;
    }
    if ((clock->ctl2 & BCSCTL2_SELS) != 0 && !chip->config.lfxt) {
        return clock->smclk ? RHYTHM_IRREGULAR : RHYTHM_NEVER;
    }
    return RHYTHM_IRREGULAR;
}

static rhythm aclk_rhythm(const struct cw_chip *chip)
{
    if (!chip->config.lfxt) {
        return RHYTHM_NEVER;
    }
    return RHYTHM_IRREGULAR;
}

static rhythm timer_rhythm(const struct cw_chip *chip)
{
    switch (chip->soc.timer.ctl >> 8 & 3) {
    case 1:
        return aclk_rhythm(chip);
    case 2:
        return smclk_rhythm(chip);
    default:
        return RHYTHM_NEVER; /* external clocks, not connected */
    }
}

static rhythm watchdog_rhythm(const struct cw_chip *chip)
{
    return (chip->soc.watchdog.ctl & 4) != 0 ? aclk_rhythm(chip) : smclk_rhythm(chip);
}

static bool timer_tick(const struct cw_chip *chip)
{
    unsigned source = chip->soc.timer.ctl >> 8 & 3;

    return (source == 1 && chip->soc.clock.aclk) || (source == 2 && chip->soc.clock.smclk);
}

static bool watchdog_tick(const struct cw_chip *chip)
{
    return (chip->soc.watchdog.ctl & 4) != 0 ? chip->soc.clock.aclk : chip->soc.clock.smclk;
}

/* ---- one cycle, many cycles ---- */

static void step(struct cw_chip *chip, const struct cw_soc_input *input)
{
    struct cw_soc *soc = &chip->soc;
    bool ifg1 = input->write && input->address == CW_IFG1 && (input->lanes & 1) != 0;
    bool set = ifg1 && (input->data & 1) != 0, clear = ifg1 && (input->data & 1) == 0;

    cw_timer_step(&soc->timer, timer_tick(chip), input);
    cw_multiplier_step(&soc->multiplier, input);
    cw_gpio_step(soc->port, input);
    cw_spi_step(&soc->spi, input);
    if (cw_watchdog_step(&soc->watchdog, watchdog_tick(chip), input, set, clear)) {
        soc->watchdog.reset_at = soc->now + 1;
    }
    clock_step(chip, soc->now);
    soc->now++;
}

/* Cycles from now in which a device with this rhythm only counts. */
static uint64_t quiet(rhythm how, uint64_t ticks)
{
    return how == RHYTHM_NEVER || ticks == UINT64_MAX ? UINT64_MAX
           : how == RHYTHM_ALWAYS                     ? ticks
                                                      : 0;
}

static uint64_t timer_quiet(const struct cw_chip *chip)
{
    const struct cw_timer *timer = &chip->soc.timer;
    rhythm how = timer_rhythm(chip);

    if (!cw_timer_is_settled(timer, how != RHYTHM_NEVER)) {
        return 0;
    }
    return quiet(how, cw_timer_quiet(timer));
}

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t quiet_cycles(const struct cw_chip *chip)
{
    const struct cw_soc *soc = &chip->soc;
    uint64_t cycles;

    if (soc->multiplier.cycle != 0 || !cw_gpio_is_settled(soc->port) ||
            !cw_spi_is_settled(&soc->spi)) {
        return 0;
    }
    /* while a divider runs, or its first enable has not come yet, step */
    if (smclk_rhythm(chip) == RHYTHM_IRREGULAR && soc->clock.ctl2 == 0) {
        return 0;
    }
    if ((soc->clock.ctl2 & 6) != 0 || ((soc->clock.ctl1 & BCSCTL1_MASK) != 0 && chip->config.lfxt)) {
        return 0;
    }
    cycles = quiet(watchdog_rhythm(chip), cw_watchdog_quiet(&soc->watchdog));
    return min64(cycles, timer_quiet(chip));
}

static void skip(struct cw_chip *chip, uint64_t cycles)
{
    struct cw_soc *soc = &chip->soc;

    if ((soc->watchdog.ctl & 0x80) == 0 && watchdog_rhythm(chip) == RHYTHM_ALWAYS) {
        soc->watchdog.count = (uint16_t)(soc->watchdog.count + cycles);
    }
    cw_timer_skip(&soc->timer, cycles, timer_rhythm(chip) == RHYTHM_ALWAYS);
    soc->now += cycles;
    if (chip->config.lfxt) {
        clock_step(chip, soc->now - 1);
    }
}

void cw_soc_sync(struct cw_chip *chip, uint64_t cycle)
{
    struct cw_soc *soc = &chip->soc;

    while (soc->now < cycle) {
        uint64_t cycles = min64(quiet_cycles(chip), cycle - soc->now);

        if (cycles == 0) {
            step(chip, &nothing);
        } else {
            skip(chip, cycles);
        }
    }
    if (chip->config.uart) {
        cw_uart_sync(&soc->uart, cycle);
    }
}

/* ---- registers ---- */

static uint16_t cpu_id_high(const struct cw_chip *chip)
{
    return (uint16_t)(chip->config.rom_len >> 10 << 10 | (chip->config.ram_len >> 7 & 0x1ff) << 1 |
                      1u);
}

static uint16_t tsc_read(const struct cw_chip *chip, uint16_t address)
{
    return (uint16_t)(chip->soc.tsc_snapshot >> (8 * (address & 6u)));
}

static uint16_t read_low(struct cw_chip *chip, uint16_t address)
{
    const struct cw_soc *soc = &chip->soc;

    switch (address) {
    case CW_IE1:
        return soc->watchdog_ie ? 1 : 0;
    case CW_IFG1:
        return soc->watchdog.ifg ? 1 : 0;
    case CW_CPU_ID_LO:
        return (CW_PERIPHERAL_END >> 9) << 9 | 2;
    case CW_CPU_ID_HI:
        return cpu_id_high(chip);
    case CW_BCSCTL1 - 1:
        return (uint16_t)(soc->clock.ctl1 << 8);
    case CW_BCSCTL2:
        return soc->clock.ctl2;
    case CW_DMA_ADDR:
    case CW_DMA_COUNT:
    case CW_DMA_TRACE:
    case CW_DMA_TRACE_OFFSET:
        return soc->dma.data;
    case CW_FILE_DATA:
        return soc->file_data;
    default:
        break;
    }
    if (address >= CW_UART_CTL && address <= CW_UART_RXD) {
        return chip->config.uart ? cw_uart_read(&chip->soc.uart, address, soc->now) : 0;
    }
    if (address >= CW_LED_DIGITS && address < CW_LED_DIGITS + 8) {
        const uint8_t *digits = &soc->led_digits[address - CW_LED_DIGITS];

        return (uint16_t)(digits[0] | digits[1] << 8);
    }
    return cw_gpio_read(soc->port, address);
}

static uint16_t read_word(struct cw_chip *chip, uint16_t address)
{
    struct cw_soc *soc = &chip->soc;

    if (chip->config.board_devices &&
            (address == CW_DISPLAY_CTL || (address >= CW_RANDOM && address <= CW_COUNTER3))) {
        return cw_board_read(chip, address);
    }
    if (address < 0x100) {
        return read_low(chip, address);
    }
    if (address == CW_WDTCTL) {
        return cw_watchdog_read(&soc->watchdog);
    }
    if (address >= CW_MPY && address <= CW_SUMEXT) {
        return cw_multiplier_read(&soc->multiplier, address);
    }
    if (address >= CW_TSC0 && address < CW_TSC0 + 8) {
        return tsc_read(chip, address);
    }
    if (address >= CW_SPI_DATA && address <= CW_SPI_STATUS) {
        return cw_spi_read(&soc->spi, address);
    }
    return cw_timer_read(&soc->timer, address);
}

/* Registers that are not part of a device with a step of its own. */
static void write_low(struct cw_chip *chip, const struct cw_soc_input *input)
{
    struct cw_soc *soc = &chip->soc;
    bool low = (input->lanes & 1) != 0, high = (input->lanes & 2) != 0;
    uint8_t low_byte = (uint8_t)input->data, high_byte = (uint8_t)(input->data >> 8);
    uint16_t address = input->address;

    if (address == CW_IE1 && low) {
        soc->watchdog_ie = (low_byte & 1) != 0;
    } else if (address == CW_BCSCTL1 - 1 && high) {
        soc->clock.ctl1 = high_byte & BCSCTL1_MASK;
    } else if (address == CW_BCSCTL2 && low) {
        soc->clock.ctl2 = low_byte & BCSCTL2_MASK;
    } else if (address >= CW_UART_CTL && address <= CW_UART_TXD) {
        if (chip->config.uart) {
            cw_uart_write(&soc->uart, address, input->data, input->lanes, soc->now);
        } else if (address == CW_UART_TXD && low && chip->events.console != NULL) {
            chip->events.console(chip->events.arg, low_byte & 0x7f);
        }
    } else if (address >= CW_LED_DIGITS && address < CW_LED_DIGITS + 8) {
        if (low) {
            soc->led_digits[address - CW_LED_DIGITS] = low_byte;
        }
        if (high) {
            soc->led_digits[address - CW_LED_DIGITS + 1] = high_byte;
        }
    } else if (address >= CW_TSC0 && address < CW_TSC0 + 8) {
        soc->tsc_snapshot = soc->now - soc->reset_cycle;
    } else if (address >= CW_DMA_ADDR && address <= CW_DMA_TRACE_OFFSET) {
        cw_dma_write(&soc->dma, address, input->data);
    }
}

static bool led_level(const struct cw_soc *soc)
{
    return (soc->port[1].out & soc->port[1].dir & CW_LED_BIT) != 0;
}

uint16_t cw_soc_access(struct cw_chip *chip, const struct cw_soc_input *input)
{
    struct cw_soc *soc = &chip->soc;
    uint16_t value = 0;
    bool board;

    cw_soc_sync(chip, chip->cycle);
    chip->event_at = 0;
    if (input->read) {
        value = read_word(chip, input->address);
    }
    board = chip->config.board_devices &&
            (input->address == CW_DISPLAY_CTL ||
                    (input->address >= CW_RANDOM && input->address <= CW_COUNTER3));
    if (input->write && board) {
        cw_board_write(chip, input->address, input->data, input->lanes);
    }
    if (input->read && input->address == CW_FILE_DATA) {
        soc->file_data = 0xff;
    }
    step(chip, input);
    if (input->write && !board) {
        soc->now--; /* the write belongs to the cycle that step() has just counted */
        write_low(chip, input);
        soc->now++;
        if (led_level(soc) != soc->led) {
            soc->led = led_level(soc);
            soc->led_changed = true;
        }
    }
    return value;
}

uint16_t cw_soc_peek(struct cw_chip *chip, uint16_t address)
{
    cw_soc_sync(chip, chip->cycle);
    if (chip->config.board_devices && address >= CW_RANDOM && address <= CW_COUNTER3) {
        return 0; /* each read of these is the next value */
    }
    return read_word(chip, address);
}

uint16_t cw_soc_irqs(const struct cw_chip *chip)
{
    const struct cw_soc *soc = &chip->soc;
    unsigned irqs = 0;

    irqs |= (soc->port[0].ie & soc->port[0].ifg) != 0 ? 1u << CW_IRQ_PORT1 : 0;
    irqs |= (soc->port[1].ie & soc->port[1].ifg) != 0 ? 1u << CW_IRQ_PORT2 : 0;
    if (chip->config.uart) {
        irqs |= cw_uart_irq_tx(&soc->uart) ? 1u << CW_IRQ_UART_TX : 0;
        irqs |= cw_uart_irq_rx(&soc->uart) ? 1u << CW_IRQ_UART_RX : 0;
    }
    irqs |= cw_timer_irq1(&soc->timer) ? 1u << CW_IRQ_TIMER_A1 : 0;
    irqs |= cw_timer_irq0(&soc->timer) ? 1u << CW_IRQ_TIMER_A0 : 0;
    irqs |= soc->watchdog_ie && soc->watchdog.ifg && (soc->watchdog.ctl & 0x10) != 0
            ? 1u << CW_IRQ_WATCHDOG
            : 0;
    return (uint16_t)irqs;
}

static bool timer_can_interrupt(const struct cw_timer *timer)
{
    return (timer->ctl & 2) != 0 ||
            ((timer->unit[0].ctl | timer->unit[1].ctl | timer->unit[2].ctl) & 0x10) != 0;
}

static bool watchdog_matters(const struct cw_soc *soc)
{
    bool interval = (soc->watchdog.ctl & 0x10) != 0;

    return (soc->watchdog.ctl & 0x80) == 0 && (!interval || soc->watchdog_ie);
}

static uint64_t plus(uint64_t now, uint64_t cycles)
{
    return cycles > UINT64_MAX - now ? UINT64_MAX : now + cycles;
}

uint64_t cw_soc_next_event(struct cw_chip *chip)
{
    const struct cw_soc *soc = &chip->soc;
    uint64_t at = soc->watchdog.reset_at;

    if (!cw_gpio_is_settled(soc->port)) {
        at = min64(at, soc->now);
    }
    if (timer_can_interrupt(&soc->timer)) {
        at = min64(at, plus(soc->now, timer_quiet(chip)));
    }
    if (watchdog_matters(soc)) {
        at = min64(at, plus(soc->now, quiet(watchdog_rhythm(chip),
                cw_watchdog_quiet(&soc->watchdog))));
    }
    if (chip->config.uart) {
        at = min64(at, cw_uart_next_event(&soc->uart));
    }
    return at;
}

/* The counter will come to [value] from another one, if nobody touches the timer. */
static bool timer_reaches(const struct cw_timer *timer, uint16_t value)
{
    unsigned mode = timer->ctl >> 4 & 3;
    uint16_t top = timer->unit[0].ccr;

    if (mode == 2) {
        return true;
    }
    if (top == 0) {
        return value == 0 && timer->tar != 0; /* it goes to 0, and stays */
    }
    /* above its top it goes to 0 at once, or, up and down, step by step */
    return value <= top || (mode == 3 && value < timer->tar);
}

static bool timer_may_interrupt(const struct cw_chip *chip)
{
    const struct cw_timer *timer = &chip->soc.timer;
    bool clocked = timer_rhythm(chip) != RHYTHM_NEVER;

    if (!cw_timer_is_settled(timer, clocked)) {
        return timer_can_interrupt(timer);
    }
    if ((timer->ctl >> 4 & 3) == 0 || !clocked) {
        return false;
    }
    if ((timer->ctl & 2) != 0) {
        return true; /* it overflows in all modes, with a top of 0 at each tick */
    }
    for (unsigned i = 0; i < 3; i++) {
        bool compare = (timer->unit[i].ctl & 0x110) == 0x10;

        if (compare && timer_reaches(timer, timer->unit[i].ccr)) {
            return true;
        }
    }
    return false;
}

bool cw_soc_may_wake(struct cw_chip *chip, bool interrupts_enabled)
{
    const struct cw_soc *soc = &chip->soc;
    bool watchdog_runs = (soc->watchdog.ctl & 0x80) == 0 &&
            watchdog_rhythm(chip) != RHYTHM_NEVER;

    if (soc->watchdog.reset_at != CW_CYCLE_NEVER) {
        return true;
    }
    /* A watchdog that the program never configured is no part of what it waits for. */
    if (watchdog_runs && soc->watchdog.touched && (soc->watchdog.ctl & 0x10) == 0) {
        return true;
    }
    if (!interrupts_enabled) {
        return false;
    }
    if (cw_soc_irqs(chip) != 0 || !cw_gpio_is_settled(soc->port)) {
        return true;
    }
    if (watchdog_runs && soc->watchdog_ie && (soc->watchdog.ctl & 0x10) != 0) {
        return true;
    }
    if (chip->config.uart && cw_uart_next_event(&soc->uart) != CW_CYCLE_NEVER) {
        return true;
    }
    return timer_may_interrupt(chip);
}

void cw_soc_pins(struct cw_chip *chip, unsigned port, uint8_t level)
{
    cw_soc_sync(chip, chip->cycle);
    chip->event_at = 0;
    chip->soc.port[port].pins = level;
}

uint64_t cw_soc_uart_event(const struct cw_chip *chip)
{
    return chip->config.uart ? cw_uart_next_event(&chip->soc.uart) : CW_CYCLE_NEVER;
}

unsigned cw_soc_uart_put(struct cw_chip *chip, const uint8_t *bytes, unsigned len)
{
    struct cw_uart *uart = &chip->soc.uart;
    unsigned taken = 0;

    while (taken < len && uart->in_count < CW_UART_QUEUE) {
        uart->in[(uart->in_head + uart->in_count) % CW_UART_QUEUE] = bytes[taken++];
        uart->in_count++;
    }
    cw_soc_sync(chip, chip->cycle);
    chip->event_at = 0;
    return taken;
}

unsigned cw_soc_uart_take(struct cw_chip *chip, uint8_t *ret_bytes, unsigned cap)
{
    struct cw_uart *uart = &chip->soc.uart;
    unsigned taken = uart->out_count < cap ? uart->out_count : cap;

    memcpy(ret_bytes, uart->out, taken);
    memmove(uart->out, uart->out + taken, uart->out_count - taken);
    uart->out_count -= taken;
    return taken;
}

void cw_soc_clock_gates(struct cw_chip *chip, uint64_t cycle, bool scg1, bool oscoff)
{
    cw_soc_sync(chip, cycle);
    chip->event_at = 0;
    chip->soc.clock.scg1 = scg1;
    chip->soc.clock.oscoff = oscoff;
}

void cw_soc_reset(struct cw_chip *chip, uint64_t now, bool power_on)
{
    struct cw_soc *soc = &chip->soc;
    bool watchdog_ifg = soc->watchdog.ifg && !power_on;
    struct cw_counter counter = soc->counter;
    uint8_t pins[6];

    for (unsigned i = 0; i < 6; i++) {
        pins[i] = soc->port[i].pins;
    }
    /* what is on the wire survives a reset: it is outside */
    if (power_on) {
        memset(&soc->uart, 0, sizeof soc->uart);
    }
    cw_uart_reset(&soc->uart);
    memset(&soc->clock, 0, sizeof soc->clock);
    memset(&soc->watchdog, 0, sizeof soc->watchdog);
    memset(&soc->timer, 0, sizeof soc->timer);
    memset(soc->port, 0, sizeof soc->port);
    memset(&soc->multiplier, 0, sizeof soc->multiplier);
    memset(&soc->spi, 0, sizeof soc->spi);
    if (power_on) {
        memset(&soc->dma, 0, sizeof soc->dma);
    }
    cw_dma_reset(&soc->dma);
    memset(&soc->display, 0, sizeof soc->display);
    memset(soc->display.cell, ' ', sizeof soc->display.cell);
    memset(soc->led_digits, 0, sizeof soc->led_digits);
    memset(soc->counter_latch, 0, sizeof soc->counter_latch);
    for (unsigned i = 0; i < 6; i++) {
        soc->port[i].pins = pins[i];
    }
    soc->counter = counter;
    soc->watchdog.ifg = watchdog_ifg;
    soc->watchdog.reset_at = CW_CYCLE_NEVER;
    soc->watchdog_ie = false;
    soc->file_data = 0xff;
    soc->tsc_snapshot = 0;
    soc->now = now;
    soc->reset_cycle = now;
    soc->display.changed = true;
    if (soc->led) {
        soc->led = false;
        soc->led_changed = true;
    }
}
