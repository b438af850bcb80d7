/* SPDX-License-Identifier: MIT */
/*
 * loader.h - a static MSP430 ELF file into the chip's memory.
 *
 * What     Every loadable segment goes to its physical address, in program memory or RAM.
 * Trust    SILICON.  The file may be anything.
 */
#ifndef CW_SILICON_SANCUS_LOADER_H
#define CW_SILICON_SANCUS_LOADER_H

#include "silicon/sancus/chip.h"

/*
 * cw_loader_load - fill the memory of a chip that is not running.
 *
 * CW_E_FORM    not such a file, or it does not fit: a line with the remedy was logged
 * CW_E_SYSTEM  it cannot be read (logged)
 */
CW_MUST_CHECK cw_status cw_loader_load(struct cw_chip *chip, const char *path);

#endif
