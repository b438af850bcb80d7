/* SPDX-License-Identifier: MIT */
/*
 * multiplier.c - 16 x 16 bit multiplier that takes the high byte of OP2 in the first cycle
 * after it was written and the low byte in the second.  A result that is read in the second
 * cycle is complete, one that is read in the first is not.
 */
#include "silicon/sancus/devices.h"

struct result {
    uint16_t lo, hi;
    uint8_t sumext;
};

static struct result partial(const struct cw_multiplier *m)
{
    bool first = (m->cycle & 1) != 0;
    int32_t op1 = m->is_signed ? (int16_t)m->op1 : (int32_t)m->op1;
    int32_t high = m->is_signed ? (int8_t)(m->op2 >> 8) : m->op2 >> 8;
    int32_t product = op1 * (first ? high : m->op2 & 0xff);
    uint32_t low24 = (uint32_t)product & 0xffffff;
    uint32_t extended = first ? low24 << 8
                              : low24 | (m->is_signed && (low24 & 0x800000) != 0 ? 0xff000000 : 0);
    uint64_t sum = ((uint64_t)m->hi << 16 | m->lo) + extended;
    bool carry = (sum >> 32 & 1) != 0;

    return (struct result){
            .lo = (uint16_t)sum,
            .hi = (uint16_t)(sum >> 16),
            .sumext = m->is_signed ? ((sum >> 31 & 1) != 0 ? 3 : 0)
                                   : (carry || (m->sumext & 1) != 0 ? 1 : 0),
    };
}

static uint16_t extend(uint8_t sumext)
{
    return (uint16_t)((sumext & 2) != 0 ? 0xfffc | sumext : sumext);
}

uint16_t cw_multiplier_read(const struct cw_multiplier *m, uint16_t address)
{
    struct result now = {m->lo, m->hi, m->sumext};

    if ((m->cycle & 2) != 0) {
        now = partial(m);
    }
    switch (address) {
    case CW_MPY:
    case CW_MPYS:
    case CW_MAC:
    case CW_MACS:
        return m->op1;
    case CW_OP2:
        return m->op2;
    case CW_RESLO:
        return now.lo;
    case CW_RESHI:
        return now.hi;
    case CW_SUMEXT:
        return extend(now.sumext);
    default:
        return 0;
    }
}

void cw_multiplier_step(struct cw_multiplier *m, const struct cw_soc_input *input)
{
    struct result next = {m->lo, m->hi, m->sumext};
    bool start = input->write && input->address == CW_OP2;

    if (m->cycle != 0) {
        next = partial(m);
    }
    if (start) {
        next.sumext = 0;
        if (!m->accumulate) {
            next.lo = 0;
            next.hi = 0;
        }
    }
    m->cycle = (uint8_t)((m->cycle << 1 & 2) | (start ? 1 : 0));
    m->sumext = next.sumext;
    m->lo = input->write && input->address == CW_RESLO ? input->data : next.lo;
    m->hi = input->write && input->address == CW_RESHI ? input->data : next.hi;
    if (!input->write) {
        return;
    }
    switch (input->address) {
    case CW_MPY:
    case CW_MPYS:
    case CW_MAC:
    case CW_MACS:
        m->op1 = input->data;
        m->is_signed = (input->address & 2) != 0;
        m->accumulate = (input->address & 4) != 0;
        break;
    case CW_OP2:
        m->op2 = input->data;
        break;
    default:
        break;
    }
}
