/* SPDX-License-Identifier: MIT */
/*
 * tree.c - the device tree that a TrustZone board gives to its firmware.
 *
 * Input    the bytes of a tree.
 * Holds    what is found lies inside; what is refused leaves the result alone.
 * Plant    tee/trustzone/enclave/boot/tree.c s/total > cap/total == 0/
 */
#include "fuzz/input.h"
#include "tee/trustzone/enclave/boot/tree.h"

static void check(const struct cw_tree_range *range, size_t len)
{
    FUZZ_HOLDS(range->at <= len && range->len <= len - range->at);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    struct cw_tree tree = {0};
    size_t len;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    if (cw_tree_read(bytes, len, &tree) == CW_OK) {
        FUZZ_HOLDS(tree.ram_len > 0 && tree.ram_at <= UINT64_MAX - tree.ram_len);
        check(&tree.rng_seed, len);
        check(&tree.kaslr_seed, len);
    } else {
        FUZZ_HOLDS(tree.ram_len == 0 && tree.rng_seed.len == 0);
    }
    free(bytes);
    return 0;
}
