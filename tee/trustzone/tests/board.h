/* SPDX-License-Identifier: MIT */
/*
 * board.h - for tests of the owner's side: firmware files, and a folder to work in.
 *
 * Trust    Test code.
 */
#ifndef CW_TEE_TRUSTZONE_TESTS_BOARD_H
#define CW_TEE_TRUSTZONE_TESTS_BOARD_H

#include <stddef.h>
#include <stdint.h>

#define BOARD_FIRMWARE_LEN 0x5000u

/* board_firmware - a firmware whose parts hold these bytes: not one that could run. */
void board_firmware(uint32_t security_version, uint8_t monitor, uint8_t kernel,
        uint8_t ret_firmware[static BOARD_FIRMWARE_LEN]);

/* board_file - folder/name with these bytes; the path is the caller's to free(). */
char *board_file(const char *folder, const char *name, const void *bytes, size_t len);

/* board_folder - a new one; board_remove - it and all that is in it. */
char *board_folder(void);
void board_remove(char *folder);

#endif
