/* SPDX-License-Identifier: MIT */
/* fake_entropy.h - implements cw_tz_entropy of kernel/parts.h for tests: a count, if it is there. */
#ifndef CW_TEE_TRUSTZONE_TESTS_FAKE_ENTROPY_H
#define CW_TEE_TRUSTZONE_TESTS_FAKE_ENTROPY_H

#include <stdbool.h>
#include <stdint.h>

extern bool fake_entropy_is_there;
extern uint64_t fake_entropy_next;
extern unsigned fake_entropy_asked;

#endif
