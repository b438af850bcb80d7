# SPDX-License-Identifier: MIT
# The core runs everywhere.  A CPU's own version of a file replaces its namesake; BearSSL is where
# the machine has room for it.
core.plain := $(wildcard core/base/*.c core/wire/*.c core/channel/*.c core/module/*.c)

host.lib += $(core.plain) $(call cpu-files,host,core/crypto) $(wildcard core/crypto/bearssl/*.c)

enclave-x86_64.groups += core
enclave-x86_64.core += $(core.plain) $(call cpu-files,enclave-x86_64,core/crypto) \
    $(wildcard core/crypto/bearssl/*.c)

msp430.groups += core
msp430.core += $(core.plain) $(call cpu-files,msp430,core/crypto)

SDK_INCLUDE += $(wildcard core/*/*.h)
