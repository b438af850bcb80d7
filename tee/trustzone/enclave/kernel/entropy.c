/* SPDX-License-Identifier: MIT */
/* RNDR, of CPUs that have FEAT_RNG (ID_AA64ISAR0_EL1, bits 63 to 60). */
#include "tee/trustzone/enclave/kernel/parts.h"

#define HAS_RNG_SHIFT 60

bool cw_tz_entropy(uint64_t *ret_bits)
{
    uint64_t features;
    uint64_t bits;
    uint64_t is_well;
    __asm__("mrs %0, id_aa64isar0_el1" : "=r"(features));
    if (features >> HAS_RNG_SHIFT == 0) {
        return false;
    }
    /* RNDR; Z is set when it failed. */
    __asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne" : "=r"(bits), "=r"(is_well) : : "cc");
    *ret_bits = bits;
    return is_well != 0;
}
