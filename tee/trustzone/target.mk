# SPDX-License-Identifier: MIT
# TrustZone: the secure world of our own, and what stands around it.

# --- modules: the runtime at S-EL0 --------------------------------------------------------------
# A module is its object, sdk/memory.c in its size, the owner's key, and these archives; the owner's
# backend links it from $(B)/sdk and makes a signed image of it.
enclave-aarch64.groups += trustzone
enclave-aarch64.trustzone = $(wildcard tee/trustzone/enclave/runtime/*.c) \
    $(sdk.runtime) sdk/session_dh.c sdk/seal.c sdk/many.c sdk/rt.c sdk/aarch64/rt_copy.c
SDK_FILES += lib/trustzone/link.ld=tee/trustzone/enclave/runtime/link.ld \
    lib/trustzone/libtrustzone.a=$(B)/enclave-aarch64/lib/libtrustzone.a \
    lib/trustzone/libcore.a=$(B)/enclave-aarch64/lib/libcore.a \
    lib/trustzone/libbearssl.a=$(enclave-aarch64.trusted-libs)

# --- the owner's side ---------------------------------------------------------------------------
host.lib += $(wildcard tee/trustzone/owner/*.c)
host.pkgs += jansson openssl
tee/trustzone/tests/device_test.c.with := tee/trustzone/tests/board.c

# --- the kernel at S-EL1 ------------------------------------------------------------------------
trustzone.kernel := $(addprefix tee/trustzone/enclave/kernel/,space.c pages.c queue.c normal.c)
tee/trustzone/tests/kernel_space_test.c.with := tee/trustzone/enclave/kernel/space.c
tee/trustzone/tests/kernel_memory_test.c.with := $(trustzone.kernel)

# --- the node: its backend on the host, and the shim in the normal world --------------------------
host.lib += $(wildcard tee/trustzone/node/*.c)
host.pkgs += libuv
IMAGES += enclave-aarch64/trustzone/normal.elf
enclave-aarch64/trustzone/normal.elf.sources = $(wildcard tee/trustzone/node/firmware/*.S \
    tee/trustzone/node/firmware/*.c)
enclave-aarch64/trustzone/normal.elf.script = tee/trustzone/node/firmware/link.ld
SDK_FILES += lib/trustzone/normal.bin=$(B)/enclave-aarch64/trustzone/normal.bin
