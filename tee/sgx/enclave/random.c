/* SPDX-License-Identifier: MIT */
/*
 * RDRAND, which may have nothing for a moment (retry), and on some CPUs has given the same value for
 * ever after they slept: a word that comes twice, or has all bits alike, ends the module.
 */
#include "core/base/bytes.h"
#include "tee/sgx/enclave/inside.h"

#define TRIES 32

static uint64_t last;

static uint64_t draw(void)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t word;
        bool is_there;
        __asm__ volatile("rdrand %0" : "=r"(word), "=@ccc"(is_there));
        if (is_there) {
            if (word == last || word == 0 || word == UINT64_MAX) {
                break;
            }
            last = word;
            return word;
        }
        __asm__ volatile("pause");
    }
    cw_enclave_abort();
}

cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len)
{
    while (len > 0) {
        const uint64_t word = draw();
        const size_t count = len < sizeof word ? len : sizeof word;
        cw_bytes_copy(ret_bytes, &word, count);
        ret_bytes += count;
        len -= count;
    }
    return CW_OK;
}
