/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/device.h"

#include "sdk/device.h"
#include "silicon/trustzone/arch.h"
#include "tee/trustzone/enclave/sysreg.h"

#define PIN 0x01u          /* the one pin of a port that is there */
#define REGISTERS (CW_GPIO_SEL + 1u)
#define UART_FORMAT 0x70u  /* 8 bits, FIFO on */
#define UART_ALL 0x7ffu    /* interrupts */
#define FIFO_LEN 16u

struct device {
    unsigned session;        /* its owner; 0: nobody's */
    bool can_interrupt;
    bool is_waiting;         /* it interrupted; its owner was not entered yet */
    bool is_untouched;       /* entered, the owner has not dealt with it yet  */
    uint8_t kept[REGISTERS]; /* of a port: what was written                   */
};

static struct device devices[CW_TZ_DEVICE_UART + 1];

/* Its line of the GPIO, as a mask; 0: it has none.  No other line is ever written. */
static uint32_t line_of(cw_tz_device device)
{
    static const uint32_t lines[] = {
            [CW_TZ_DEVICE_PORT1] = 1u << TZ_LINE_BUTTON,
            [CW_TZ_DEVICE_PORT2] = 1u << TZ_LINE_LED,
            [CW_TZ_DEVICE_UART] = 0,
    };
    return lines[device];
}

static uint32_t gpio(uint32_t offset)
{
    return cw_mmio_read(TZ_SECURE_GPIO + offset);
}

/* Registers of the GPIO are shared: only the own line changes. */
static void set_line(uint32_t offset, uint32_t line, bool value)
{
    const uint32_t others = gpio(offset) & ~line;
    cw_mmio_write(TZ_SECURE_GPIO + offset, value ? others | line : others);
}

static void drive(uint32_t line, uint8_t out)
{
    cw_mmio_write(TZ_SECURE_GPIO + PL061_DATA(line), (out & PIN) != 0 ? line : 0);
}

static bool uart_has_byte(void)
{
    return (cw_mmio_read(TZ_SECURE_UART + PL011_FR) & PL011_FR_RX_EMPTY) == 0;
}

static bool uart_has_room(void)
{
    return (cw_mmio_read(TZ_SECURE_UART + PL011_FR) & PL011_FR_TX_FULL) == 0;
}

/* Masked, but when its owner wants to be entered and is done with the last time. */
static void arm(cw_tz_device device)
{
    const struct device *d = &devices[device];
    const bool can = d->can_interrupt && !d->is_waiting && !d->is_untouched;
    if (device == CW_TZ_DEVICE_UART) {
        cw_mmio_write(TZ_SECURE_UART + PL011_IMSC, can ? PL011_RX : 0);
    } else {
        set_line(PL061_IE, line_of(device), can && (d->kept[CW_GPIO_IE] & PIN) != 0);
    }
}

static void touched(cw_tz_device device)
{
    devices[device].is_untouched = false;
    arm(device);
}

static void reset_port(uint32_t line)
{
    set_line(PL061_IE, line, false);
    drive(line, 0);
    set_line(PL061_DIR, line, false);
    set_line(PL061_IS, line, false);
    set_line(PL061_IBE, line, false);
    set_line(PL061_IEV, line, true);
    cw_mmio_write(TZ_SECURE_GPIO + PL061_IC, line);
}

static void reset_uart(void)
{
    cw_mmio_write(TZ_SECURE_UART + PL011_IMSC, 0);
    cw_mmio_write(TZ_SECURE_UART + PL011_LCR_H, UART_FORMAT);
    for (unsigned i = 0; i < FIFO_LEN && uart_has_byte(); i++) {
        (void)cw_mmio_read(TZ_SECURE_UART + PL011_DR);
    }
    cw_mmio_write(TZ_SECURE_UART + PL011_ICR, UART_ALL);
}

static void reset(cw_tz_device device)
{
    devices[device] = (struct device){0};
    if (device == CW_TZ_DEVICE_UART) {
        reset_uart();
    } else {
        reset_port(line_of(device));
    }
}

void cw_tz_devices_open(void)
{
    for (cw_tz_device device = CW_TZ_DEVICE_PORT1; device <= CW_TZ_DEVICE_UART; device++) {
        reset(device);
    }
}

cw_status cw_tz_device_claim(cw_tz_device device, unsigned session, bool can_interrupt)
{
    if (device == CW_TZ_DEVICE_NONE) {
        return CW_OK;
    }
    if (devices[device].session != 0) {
        return CW_E_STATE;
    }
    reset(device);
    devices[device].session = session;
    devices[device].can_interrupt = can_interrupt;
    arm(device);
    return CW_OK;
}

void cw_tz_device_release(cw_tz_device device)
{
    if (device != CW_TZ_DEVICE_NONE) {
        reset(device);
    }
}

bool cw_tz_device_is_taken(cw_tz_device device)
{
    return devices[device].session != 0;
}

static uint8_t read_uart(uint8_t offset)
{
    if (offset == CW_UART_STATUS) {
        return (uint8_t)(uart_has_byte() | uart_has_room() << 1);
    }
    if (offset != CW_UART_DATA || !uart_has_byte()) {
        return 0;
    }
    const uint8_t byte = (uint8_t)cw_mmio_read(TZ_SECURE_UART + PL011_DR);
    touched(CW_TZ_DEVICE_UART);
    return byte;
}

static uint8_t read_port(cw_tz_device device, uint8_t offset)
{
    const uint32_t line = line_of(device);
    if (offset == CW_GPIO_IN) {
        return gpio(PL061_DATA(line)) != 0 ? PIN : 0;
    }
    if (offset == CW_GPIO_IFG) {
        return (gpio(PL061_RIS) & line) != 0 ? PIN : 0;
    }
    return offset < REGISTERS ? devices[device].kept[offset] : 0;
}

uint8_t cw_tz_device_read(cw_tz_device device, uint8_t offset)
{
    return device == CW_TZ_DEVICE_UART ? read_uart(offset) : read_port(device, offset);
}

/* Turning the pin around is no edge, whatever was driven: no module enters itself for ever. */
static void turn(uint32_t line, bool is_out, uint8_t out)
{
    const bool has_edge = (gpio(PL061_RIS) & line) != 0;
    set_line(PL061_DIR, line, is_out);
    drive(line, out);
    if (!has_edge) {
        cw_mmio_write(TZ_SECURE_GPIO + PL061_IC, line);
    }
}

static void write_port(cw_tz_device device, uint8_t offset, uint8_t value)
{
    const uint32_t line = line_of(device);
    uint8_t *const kept = devices[device].kept;
    const bool pin = (value & PIN) != 0;
    if (offset >= REGISTERS) {
        return;
    }
    kept[offset] = value;
    if (offset == CW_GPIO_OUT) {
        drive(line, value);
    } else if (offset == CW_GPIO_DIR) {
        turn(line, pin, kept[CW_GPIO_OUT]);
    } else if (offset == CW_GPIO_IES) {
        set_line(PL061_IEV, line, !pin);
    } else if (offset == CW_GPIO_IE) {
        arm(device);
    } else if (offset == CW_GPIO_IFG && !pin) {
        cw_mmio_write(TZ_SECURE_GPIO + PL061_IC, line);
        touched(device);
    }
}

void cw_tz_device_write(cw_tz_device device, uint8_t offset, uint8_t value)
{
    if (device != CW_TZ_DEVICE_UART) {
        write_port(device, offset, value);
    } else if (offset == CW_UART_DATA && uart_has_room()) {
        cw_mmio_write(TZ_SECURE_UART + PL011_DR, value);
    }
}

static void interrupted(cw_tz_device device)
{
    devices[device].is_waiting = true;
    arm(device);
}

void cw_tz_devices_interrupted(uint32_t id)
{
    if (id == TZ_SECURE_UART_INTERRUPT) {
        interrupted(CW_TZ_DEVICE_UART);
    }
    if (id == TZ_SECURE_GPIO_INTERRUPT) {
        const uint32_t lines = gpio(PL061_MIS);
        for (cw_tz_device device = CW_TZ_DEVICE_PORT1; device <= CW_TZ_DEVICE_PORT2; device++) {
            if ((lines & line_of(device)) != 0) {
                interrupted(device);
            }
        }
    }
}

unsigned cw_tz_device_waiting(cw_tz_device device)
{
    return devices[device].is_waiting ? devices[device].session : 0;
}

void cw_tz_device_serving(cw_tz_device device)
{
    devices[device].is_untouched = true;
}

static bool is_quiet(cw_tz_device device)
{
    return device == CW_TZ_DEVICE_UART ? !uart_has_byte() : (gpio(PL061_RIS) & line_of(device)) == 0;
}

void cw_tz_device_served(cw_tz_device device)
{
    devices[device].is_waiting = false;
    if (is_quiet(device)) {
        devices[device].is_untouched = false;
    }
    arm(device);
}
