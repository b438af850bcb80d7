# SPDX-License-Identifier: MIT
# The core runs everywhere.  core/crypto/, whose files differ by CPU, has its own lists.
core.plain := $(wildcard core/base/*.c core/wire/*.c core/channel/*.c core/module/*.c)

host.lib += $(core.plain)

enclave-x86_64.groups += core
enclave-x86_64.core += $(core.plain:core/base/bytes.c=core/base/x86_64/bytes.c)

enclave-aarch64.groups += core
enclave-aarch64.core += $(core.plain)

msp430.groups += core
msp430.core += $(core.plain)

SDK_INCLUDE += $(wildcard core/*/*.h)

tests/unit/core/crypto/constant_time_x86_64_test.c.with += core/base/x86_64/bytes.c
tests/unit/core/base/bytes_x86_64_test.c.with := core/base/x86_64/bytes.c
