/* SPDX-License-Identifier: MIT */
/*
 * timer.c - Timer A with three capture/compare units.
 *
 * The inputs of the units are not connected on this board: they read 0, and a capture happens
 * only when software switches a unit between GND and VCC.  The outputs are not connected either,
 * so the output mode is stored and has no effect.
 */
#include "silicon/sancus/devices.h"

#define CTL_DIVIDE(ctl) ((ctl) >> 6 & 3)
#define CTL_MODE(ctl) ((ctl) >> 4 & 3)
#define CTL_CLEAR 0x0004u
#define CTL_IE 0x0002u
#define CTL_IFG 0x0001u

#define UNIT_EDGE(ctl) ((ctl) >> 14 & 3)
#define UNIT_INPUT(ctl) ((ctl) >> 12 & 3)
#define UNIT_SYNC 0x0800u
#define UNIT_SCCI 0x0400u
#define UNIT_CAPTURE 0x0100u
#define UNIT_IE 0x0010u
#define UNIT_CCI 0x0008u
#define UNIT_OVERFLOW 0x0002u
#define UNIT_IFG 0x0001u

enum { MODE_STOP, MODE_UP, MODE_CONTINUOUS, MODE_UP_DOWN };

static bool unit_level(const struct cw_timer_unit *unit)
{
    return UNIT_INPUT(unit->ctl) == 3;
}

static bool unit_irq(const struct cw_timer_unit *unit)
{
    return (unit->ctl & UNIT_IFG) != 0 && (unit->ctl & UNIT_IE) != 0;
}

static uint16_t vector(const struct cw_timer *timer)
{
    if (unit_irq(&timer->unit[1])) {
        return 2;
    }
    if (unit_irq(&timer->unit[2])) {
        return 4;
    }
    return (timer->ctl & CTL_IFG) != 0 && (timer->ctl & CTL_IE) != 0 ? 10 : 0;
}

bool cw_timer_irq0(const struct cw_timer *timer)
{
    return unit_irq(&timer->unit[0]);
}

bool cw_timer_irq1(const struct cw_timer *timer)
{
    return vector(timer) != 0;
}

uint16_t cw_timer_read(const struct cw_timer *timer, uint16_t address)
{
    unsigned index = ((unsigned)address - 2u) >> 1 & 7u;

    switch (address) {
    case CW_TACTL:
        return timer->ctl;
    case CW_TAR:
        return timer->tar;
    case CW_TAIV:
        return vector(timer);
    case CW_TACCTL0:
    case CW_TACCTL1:
    case CW_TACCTL2:
        return (uint16_t)(timer->unit[index].ctl |
                (timer->unit[index].scci ? UNIT_SCCI : 0) |
                (unit_level(&timer->unit[index]) ? UNIT_CCI : 0));
    case CW_TACCR0:
    case CW_TACCR1:
    case CW_TACCR2:
        return timer->unit[index].ccr;
    default:
        return 0;
    }
}

static bool unit_edge(const struct cw_timer_unit *unit)
{
    bool rise = unit->sync1 && !unit->delayed, fall = !unit->sync1 && unit->delayed;

    return ((UNIT_EDGE(unit->ctl) & 1) != 0 && rise) || ((UNIT_EDGE(unit->ctl) & 2) != 0 && fall);
}

struct counting {
    bool clock;             /* the divided clock ticks */
    bool clear;
    bool equal[3];
    uint16_t tar, next;
    bool overflow;
};

static struct counting count(const struct cw_timer *timer, bool tick)
{
    static const uint8_t full[4] = {0, 1, 3, 7};
    struct counting c = {.tar = timer->tar};
    unsigned mode = CTL_MODE(timer->ctl);
    uint8_t mask = full[CTL_DIVIDE(timer->ctl)];
    uint16_t top = timer->unit[0].ccr;
    bool down = timer->down || (mode == MODE_UP_DOWN && timer->tar >= top);
    bool wrap = (mode == MODE_UP && timer->tar >= top) || (mode == MODE_UP_DOWN && top == 0);
    bool up = mode == MODE_UP || mode == MODE_CONTINUOUS || (mode == MODE_UP_DOWN && !down);

    c.clock = tick && (timer->divider & mask) == mask;
    c.next = (uint16_t)(wrap ? 0 : timer->tar + (up ? 1 : down ? 0xffff : 0));
    for (unsigned i = 0; i < 3; i++) {
        c.equal[i] = c.next == timer->unit[i].ccr && timer->tar != timer->unit[i].ccr;
    }
    c.overflow = c.clock && ((mode == MODE_UP && timer->tar == top) ||
                             (mode == MODE_CONTINUOUS && timer->tar == 0xffff) ||
                             (mode == MODE_UP_DOWN && c.next == 0 && down));
    return c;
}

static void unit_step(struct cw_timer *timer, unsigned index, const struct counting *c,
        const struct cw_soc_input *input, uint16_t vector_now)
{
    struct cw_timer_unit *unit = &timer->unit[index];
    uint16_t address = input->address;
    bool write_ctl = input->write && address == CW_TACCTL0 + 2 * index;
    bool write_ccr = input->write && address == CW_TACCR0 + 2 * index;
    bool read_ccr = input->read && address == CW_TACCR0 + 2 * index;
    bool edge = unit_edge(unit);
    bool captured = (unit->ctl & UNIT_SYNC) != 0 ? unit->capture : edge;
    bool set = (unit->ctl & UNIT_CAPTURE) != 0
            ? captured
            : c->clock && CTL_MODE(timer->ctl) != MODE_STOP && c->equal[index];
    bool overflow = unit->taken && captured && !read_ccr;
    bool untake = read_ccr || (write_ctl && (unit->ctl & UNIT_OVERFLOW) != 0 &&
                                      (input->data & UNIT_OVERFLOW) == 0);
    bool acknowledged = index == 0 ? input->accepted == CW_IRQ_TIMER_A0 + 1
                                   : (input->read || input->write) && address == CW_TAIV &&
                                             vector_now == 2 * index;
    struct cw_timer_unit next = *unit;

    next.ctl = write_ctl ? input->data & 0xf9f7 : unit->ctl;
    next.ctl = (uint16_t)(next.ctl | (overflow ? UNIT_OVERFLOW : 0) | (set ? UNIT_IFG : 0));
    if (acknowledged) {
        next.ctl &= (uint16_t)~UNIT_IFG;
    }
    next.ccr = write_ccr ? input->data : captured ? c->tar : unit->ccr;
    next.sync0 = unit_level(unit);
    next.sync1 = unit->sync0;
    next.delayed = unit->sync1;
    next.scci = c->clock && c->equal[index] ? unit->sync1 : unit->scci;
    next.event = !c->clock && (edge || unit->event);
    next.capture = c->clock && (unit->event || edge);
    next.taken = captured || (unit->taken && !untake);
    *unit = next;
}

void cw_timer_step(struct cw_timer *timer, bool tick, const struct cw_soc_input *input)
{
    struct counting c = count(timer, tick);
    uint16_t vector_now = vector(timer);
    bool write_ctl = input->write && input->address == CW_TACTL;
    bool clear = write_ctl && (input->data & CTL_CLEAR) != 0;
    unsigned mode = CTL_MODE(timer->ctl);
    bool down = timer->down;
    uint16_t ctl;

    down = mode == MODE_UP_DOWN && !clear;
    if (down) {
        down = c.clock && timer->tar == 1 ? false
               : timer->tar >= timer->unit[0].ccr ? true
                                                  : timer->down;
    }
    for (unsigned i = 0; i < 3; i++) {
        unit_step(timer, i, &c, input, vector_now);
    }
    ctl = (uint16_t)((write_ctl ? input->data & 0x3f3 : timer->ctl) | (c.overflow ? CTL_IFG : 0));
    if ((input->read || input->write) && input->address == CW_TAIV && vector_now == 10) {
        ctl &= (uint16_t)~CTL_IFG;
    }
    if (c.clock || clear) {
        timer->divider = 0;
    } else if (mode != MODE_STOP && tick) {
        timer->divider = (timer->divider + 1) & 7;
    }
    if (input->write && input->address == CW_TAR) {
        timer->tar = input->data;
    } else if (clear) {
        timer->tar = 0;
    } else if (c.clock) {
        timer->tar = c.next;
    }
    timer->down = down;
    timer->ctl = ctl;
}

/* A tick of the source may still become one of the divided clock. */
static bool divider_runs(const struct cw_timer *timer)
{
    static const uint8_t full[4] = {0, 1, 3, 7};
    uint8_t mask = full[CTL_DIVIDE(timer->ctl)];

    return CTL_MODE(timer->ctl) != MODE_STOP || (timer->divider & mask) == mask;
}

bool cw_timer_is_settled(const struct cw_timer *timer, bool ticks)
{
    for (unsigned i = 0; i < 3; i++) {
        const struct cw_timer_unit *unit = &timer->unit[i];
        bool level = unit_level(unit);

        if (unit->sync0 != level || unit->sync1 != level || unit->delayed != level ||
                (unit->event && ticks && divider_runs(timer)) || unit->capture) {
            return false;
        }
    }
    return true;
}

uint64_t cw_timer_quiet(const struct cw_timer *timer)
{
    static const uint8_t full[4] = {0, 1, 3, 7};
    unsigned mode = CTL_MODE(timer->ctl), shift = CTL_DIVIDE(timer->ctl);
    uint8_t mask = full[shift];
    uint32_t ticks;

    if (mode == MODE_STOP) {
        return timer->down ? 0 : UINT64_MAX;
    }
    if (mode == MODE_UP_DOWN || timer->down || timer->divider > mask) {
        return 0;
    }
    if (mode == MODE_UP && timer->tar >= timer->unit[0].ccr) {
        return 0;
    }
    /* Plain counting: the ticks before the one that meets a compare value or the top. */
    ticks = 0xffffu - timer->tar;
    for (unsigned i = 0; i < 3; i++) {
        uint16_t distance = (uint16_t)(timer->unit[i].ccr - timer->tar);

        if (distance != 0 && distance - 1u < ticks) {
            ticks = distance - 1u;
        }
    }
    return ((uint64_t)ticks << shift) + (unsigned)(mask - timer->divider);
}

void cw_timer_skip(struct cw_timer *timer, uint64_t cycles, bool ticks)
{
    unsigned shift = CTL_DIVIDE(timer->ctl);
    uint64_t total = timer->divider + cycles;

    if (!ticks || CTL_MODE(timer->ctl) == MODE_STOP) {
        return;
    }
    timer->tar = (uint16_t)(timer->tar + (total >> shift));
    timer->divider = (uint8_t)(total & ((1u << shift) - 1u));
}
