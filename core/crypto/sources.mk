# SPDX-License-Identifier: MIT
# A primitive has one contract and, where CPUs differ, several files.  Hosted programs get all
# x86-64 paths and choose at start; an enclave gets one; the MSP430 has the Sancus unit.
crypto.plain := $(addprefix core/crypto/,kdf.c suite.c spongent.c spongent_portable.c \
    bearssl/hash.c bearssl/dh.c)

core/crypto/x86_64/spongent_sse41.c.cflags := -msse4.1

# Vector registers, as everywhere in the library, and instructions that gcm_aarch64.c chooses.
$(B)/enclave-aarch64/obj/core/crypto/aarch64/gcm_unit.c.o: private enclave-aarch64.flags := \
    $(filter-out -mgeneral-regs-only,$(enclave-aarch64.flags)) -march=armv8-a+crypto

host.lib += $(crypto.plain) core/crypto/x86_64/spongent_sse41.c \
    core/crypto/x86_64/spongent_choose.c $(addprefix core/crypto/bearssl/,gcm.c gcm_choose.c p256.c drbg.c) \
    core/crypto/cose.c

enclave-x86_64.core += $(crypto.plain) core/crypto/x86_64/spongent_sse41.c \
    core/crypto/x86_64/spongent_permute.c core/crypto/x86_64/gcm.c

enclave-aarch64.core += $(crypto.plain) core/crypto/spongent_permute.c \
    $(addprefix core/crypto/bearssl/,gcm.c gcm_aarch64.c p256.c drbg.c) core/crypto/cose.c core/crypto/aarch64/gcm_unit.c

msp430.core += core/crypto/msp430/unit.S core/crypto/msp430/suite.c

# Linked ahead of the archive, these take the place of what hosted programs have.
tests/unit/core/crypto/gcm_ct64_test.c.with := core/crypto/bearssl/gcm_ct64.c
tests/unit/core/crypto/gcm_x86_64_test.c.with := core/crypto/x86_64/gcm.c
tests/unit/core/crypto/constant_time_x86_64_test.c.with += core/crypto/x86_64/gcm.c
