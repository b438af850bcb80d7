/* SPDX-License-Identifier: MIT */
/*
 * device.h - the one device that a driver module owns exclusively.
 *
 * What     The descriptor names the device ("device": "port1"); offsets count from its first
 *          register.  Nothing but this module can touch its registers while it is loaded.
 * Trust    TRUSTED.  Only on a TEE with exclusive devices; elsewhere the build refuses.
 */
#ifndef CW_SDK_DEVICE_H
#define CW_SDK_DEVICE_H

#include <stdint.h>

uint8_t cw_device_read(uint8_t offset);
void cw_device_write(uint8_t offset, uint8_t value);

/* A GPIO port with interrupts, as on the MSP430: offsets of its registers. */
#define CW_GPIO_IN 0u
#define CW_GPIO_OUT 1u
#define CW_GPIO_DIR 2u
#define CW_GPIO_IFG 3u
#define CW_GPIO_IES 4u
#define CW_GPIO_IE 5u
#define CW_GPIO_SEL 6u

/* A UART that sends and receives bytes.  One that finds no room is not sent. */
#define CW_UART_DATA 0u
#define CW_UART_STATUS 1u /* bit 0: a byte is there; bit 1: there is room for one */

#endif
