/* SPDX-License-Identifier: MIT */
/* What clang calls for arithmetic, on the chip: the test gives operands and takes results. */
#include <stdint.h>

#define AT(type, address) (*(volatile type *)(uintptr_t)(address))
#define COMMAND AT(uint16_t, 0x0200)
#define A(type) AT(type, 0x0210)
#define B(type) AT(type, 0x0218)
#define RESULT(type) AT(type, 0x0220)

int main(void);

#define OPERATIONS(base, type) \
    case base: RESULT(type) = (type)(A(type) * B(type)); break; \
    case base + 1: RESULT(type) = (type)(A(type) / B(type)); break; \
    case base + 2: RESULT(type) = (type)(A(type) % B(type)); break; \
    case base + 3: RESULT(type) = (type)(A(type) << B(uint16_t)); break; \
    case base + 4: RESULT(type) = (type)(A(type) >> B(uint16_t)); break

int main(void)
{
    for (;;) {
        switch (COMMAND) {
        OPERATIONS(0x10, uint16_t);
        OPERATIONS(0x20, int16_t);
        OPERATIONS(0x30, uint32_t);
        OPERATIONS(0x40, int32_t);
        OPERATIONS(0x50, uint64_t);
        OPERATIONS(0x60, int64_t);
        default: continue;
        }
        COMMAND = 0;
    }
}
