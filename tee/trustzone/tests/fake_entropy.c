/* SPDX-License-Identifier: MIT */
/* The CPU's random numbers, as a test wants them. */
#include "tee/trustzone/tests/fake_entropy.h"

#include "tee/trustzone/enclave/kernel/parts.h"

bool fake_entropy_is_there;
uint64_t fake_entropy_next;
unsigned fake_entropy_asked;

bool cw_tz_entropy(uint64_t *ret_bits)
{
    fake_entropy_asked++;
    *ret_bits = fake_entropy_next++;
    return fake_entropy_is_there;
}
