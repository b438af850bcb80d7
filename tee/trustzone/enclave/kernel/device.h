/* SPDX-License-Identifier: MIT */
/*
 * device.h - the secure devices: each belongs to at most one module, or to nobody.
 *
 * What     A module sees registers of sdk/device.h, one byte each: a port with one pin (pin 0), or a
 *          UART.  What it writes to bits of other pins is kept and has no effect; other lines of the
 *          GPIO (power, reset) have no register.  IFG is set by the pin alone.
 *
 *          A device that interrupts is masked and waits until its module was entered.  It is
 *          unmasked when the module has dealt with it: IFG was cleared, a byte was taken from the
 *          UART.  Meanwhile port and UART remember what comes (a port one edge, a UART its bytes,
 *          which back up into the sender), so nothing is lost that the device does not lose itself.
 * Trust    TRUSTED.  Offsets and values are the module's.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_DEVICE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/trustzone/abi.h"

/* cw_tz_devices_open - all quiet and nobody's, the pins inputs. */
void cw_tz_devices_open(void);

/*
 * cw_tz_device_claim - it is this session's from now on.
 *
 * can_interrupt  and may enter its module
 *
 * CW_E_STATE  it has another owner
 */
CW_MUST_CHECK cw_status cw_tz_device_claim(cw_tz_device device, unsigned session,
        bool can_interrupt);

/* cw_tz_device_release - nobody's, and as it was before the claim; of DEVICE_NONE nothing. */
void cw_tz_device_release(cw_tz_device device);

bool cw_tz_device_is_taken(cw_tz_device device);

/* Registers, for the owner.  Reads of unknown ones are 0, writes are ignored. */
uint8_t cw_tz_device_read(cw_tz_device device, uint8_t offset);
void cw_tz_device_write(cw_tz_device device, uint8_t offset, uint8_t value);

/* cw_tz_devices_interrupted - mask what interrupts; it waits for its owner. */
void cw_tz_devices_interrupted(uint32_t id);

/* cw_tz_device_waiting - the session that it wants to enter, or 0. */
unsigned cw_tz_device_waiting(cw_tz_device device);

/* cw_tz_device_served - its owner was entered for it. */
void cw_tz_device_serving(cw_tz_device device);
void cw_tz_device_served(cw_tz_device device);

#endif
