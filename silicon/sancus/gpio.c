/* SPDX-License-Identifier: MIT */
/*
 * gpio.c - six ports of eight pins.  Ports 1 and 2 can interrupt.  Inputs pass a two-stage
 * synchronizer; an edge is seen one cycle after that.
 */
#include "silicon/sancus/devices.h"

typedef enum port_reg {
    REG_NONE,
    REG_IN,
    REG_OUT,
    REG_DIR,
    REG_IFG,
    REG_IES,
    REG_IE,
    REG_SEL,
} port_reg;

struct place {
    uint8_t port;
    uint8_t reg;
};

/* Byte addresses 0x18 to 0x37. */
static struct place find(uint16_t address)
{
    static const uint8_t full[8] = {
            REG_IN, REG_OUT, REG_DIR, REG_IFG, REG_IES, REG_IE, REG_SEL, REG_NONE};
    static const uint8_t small[4] = {REG_IN, REG_OUT, REG_DIR, REG_SEL};
    static const uint8_t ports[8] = {2, 3, 0, 0, 1, 1, 4, 5}; /* by address / 4 - 6 */
    unsigned group = (address >> 2) - 6u;

    if (address < CW_P3IN || address > 0x37) {
        return (struct place){0, REG_NONE};
    }
    if (ports[group] < 2) {
        return (struct place){ports[group], full[address & 7]};
    }
    return (struct place){ports[group], small[address & 3]};
}

static uint8_t *register_of(struct cw_port *port, uint8_t reg)
{
    switch (reg) {
    case REG_OUT:
        return &port->out;
    case REG_DIR:
        return &port->dir;
    case REG_IFG:
        return &port->ifg;
    case REG_IES:
        return &port->ies;
    case REG_IE:
        return &port->ie;
    case REG_SEL:
        return &port->sel;
    default:
        return NULL;
    }
}

static uint8_t read_byte(const struct cw_port port[6], uint16_t address)
{
    struct place place = find(address);
    struct cw_port copy = port[place.port];
    const uint8_t *reg = register_of(&copy, place.reg);

    if (place.reg == REG_IN) {
        return copy.in;
    }
    return reg != NULL ? *reg : 0;
}

uint16_t cw_gpio_read(const struct cw_port port[6], uint16_t address)
{
    return (uint16_t)(read_byte(port, address) | read_byte(port, address + 1) << 8);
}

static void write_byte(struct cw_port port[6], uint16_t address, uint8_t value)
{
    struct place place = find(address);
    uint8_t *reg = register_of(&port[place.port], place.reg);

    if (reg != NULL) {
        *reg = value;
    }
}

void cw_gpio_step(struct cw_port port[6], const struct cw_soc_input *input)
{
    uint8_t edges[2];

    for (unsigned i = 0; i < 2; i++) {
        uint8_t rise = (uint8_t)(port[i].in & ~port[i].delayed);
        uint8_t fall = (uint8_t)(~port[i].in & port[i].delayed);

        edges[i] = (uint8_t)((fall & port[i].ies) | (rise & ~port[i].ies));
    }
    for (unsigned i = 0; i < 6; i++) {
        port[i].delayed = port[i].in;
        port[i].in = port[i].sync0;
        port[i].sync0 = port[i].pins;
    }
    if (input->write && (input->lanes & 1) != 0) {
        write_byte(port, input->address, (uint8_t)input->data);
    }
    if (input->write && (input->lanes & 2) != 0) {
        write_byte(port, input->address + 1, (uint8_t)(input->data >> 8));
    }
    for (unsigned i = 0; i < 2; i++) {
        port[i].ifg |= edges[i];
    }
}

bool cw_gpio_is_settled(const struct cw_port port[6])
{
    for (unsigned i = 0; i < 6; i++) {
        if (port[i].sync0 != port[i].pins || port[i].in != port[i].pins ||
                port[i].delayed != port[i].pins) {
            return false;
        }
    }
    return true;
}
