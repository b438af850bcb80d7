/* SPDX-License-Identifier: MIT */
/*
 * owner_key.h - the X25519 public key of the one owner whom this image obeys.
 *
 * The build writes its value into a source file of its own; it is part of the measurement.
 */
#ifndef CW_SDK_OWNER_KEY_H
#define CW_SDK_OWNER_KEY_H

#include <stdint.h>

#include "core/base/limits.h"

extern const uint8_t cw_owner_key[CW_DH_LEN];

#endif
