/* SPDX-License-Identifier: MIT */
/*
 * version.h - the version of the programs, as --version and nodes tell it.
 */
#ifndef CW_POSIX_VERSION_H
#define CW_POSIX_VERSION_H

#define CW_PROGRAM_VERSION "0.1.0"

#endif
