/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/devices.h"

#define CTL_HOLD 0x80u
#define CTL_INTERVAL 0x10u
#define CTL_CLEAR 0x08u
#define CTL_MASK 0x97u /* hold, interval mode, clock source, interval */

static uint16_t interval_bit(const struct cw_watchdog *watchdog)
{
    static const uint16_t bit[4] = {0x8000, 0x2000, 0x0200, 0x0040};

    return bit[watchdog->ctl & 3];
}

uint16_t cw_watchdog_read(const struct cw_watchdog *watchdog)
{
    return (uint16_t)(0x6900 | watchdog->ctl);
}

bool cw_watchdog_step(struct cw_watchdog *watchdog, bool tick, const struct cw_soc_input *input,
        bool set, bool clear)
{
    bool write = input->write && input->address == CW_WDTCTL;
    bool wrong_password = write && input->data >> 8 != 0x5a;
    bool interval = (watchdog->ctl & CTL_INTERVAL) != 0;
    bool count = (watchdog->ctl & CTL_HOLD) == 0 && tick;
    uint16_t next = (uint16_t)(watchdog->count + 1);
    bool expired = (count && (next & interval_bit(watchdog)) != 0) || wrong_password;
    bool ifg_set = expired || set;

    if ((write && (input->data & CTL_CLEAR) != 0) || expired) {
        watchdog->count = 0;
    } else if (count) {
        watchdog->count = next;
    }
    if (ifg_set) {
        watchdog->ifg = true;
    } else if (clear || (input->accepted == CW_IRQ_WATCHDOG + 1 && interval)) {
        watchdog->ifg = false;
    }
    if (write) {
        watchdog->ctl = (uint8_t)(input->data & CTL_MASK);
        watchdog->touched = true;
    }
    return wrong_password || (ifg_set && !interval);
}

/* Ticks that only count. */
uint64_t cw_watchdog_quiet(const struct cw_watchdog *watchdog)
{
    uint16_t bit = interval_bit(watchdog);

    if ((watchdog->ctl & CTL_HOLD) != 0) {
        return UINT64_MAX;
    }
    if ((watchdog->count & bit) != 0 || watchdog->count == 0xffff) {
        return 0;
    }
    /* the bit rises when the bits below it are all ones */
    return (uint64_t)(bit - 1u) - (watchdog->count & (bit - 1u));
}
