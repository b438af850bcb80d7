# SPDX-License-Identifier: MIT
# TrustZone: the secure world of our own, and what stands around it.

# --- modules: the runtime at S-EL0 --------------------------------------------------------------
# A module is its object, sdk/memory.c in its size, the owner's key, and these archives; the owner's
# backend links it from $(B)/sdk and makes a signed image of it.
enclave-aarch64.groups += trustzone
enclave-aarch64.trustzone = $(wildcard tee/trustzone/enclave/runtime/*.c) \
    $(sdk.runtime) sdk/session_dh.c sdk/seal.c sdk/counter.c sdk/many.c sdk/rt.c sdk/aarch64/rt_copy.c
SDK_FILES += lib/trustzone/link.ld=tee/trustzone/enclave/runtime/link.ld \
    lib/trustzone/libtrustzone.a=$(B)/enclave-aarch64/lib/libtrustzone.a \
    lib/trustzone/libcore.a=$(B)/enclave-aarch64/lib/libcore.a \
    lib/trustzone/libbearssl.a=$(enclave-aarch64.trusted-libs)

# --- the same modules as trusted applications of OP-TEE (tools/optee-ta) --------------------------
optee.files := $(addprefix tee/trustzone/enclave/optee/,port.c copy.c keys.c evidence.c rt.c switch.S)
enclave-aarch64.groups += optee
enclave-aarch64.optee = $(optee.files) $(sdk.runtime) sdk/session_dh.c sdk/seal.c sdk/many.c
$(foreach f,port keys evidence,$(eval tee/trustzone/enclave/optee/$f.c.cflags := \
    -isystem tee/trustzone/enclave/optee/include))
tee/trustzone/tests/optee_test.c.with := tee/trustzone/tests/optee_double.c
tee/trustzone/tests/optee_test.c.ldflags := -rdynamic
# Its panics leave a stack of the application by longjmp.
tee/trustzone/tests/optee_double.c.cflags := -U_FORTIFY_SOURCE

tee/trustzone/tests/copy_test.c.with := tee/trustzone/enclave/runtime/copy.c

# --- the owner's side ---------------------------------------------------------------------------
host.lib += $(wildcard tee/trustzone/owner/*.c)
host.pkgs += jansson openssl
tee/trustzone/tests/device_test.c.with := tee/trustzone/tests/board.c
trustzone.tokens := tee/trustzone/tests/tokens.c tee/trustzone/tests/board.c \
    tee/trustzone/enclave/kernel/token.c
tee/trustzone/tests/chain_test.c.with = $(trustzone.tokens)
tee/trustzone/tests/verify_test.c.with = $(trustzone.tokens)

# --- the kernel at S-EL1 ------------------------------------------------------------------------
trustzone.kernel := $(addprefix tee/trustzone/enclave/kernel/,space.c pages.c queue.c normal.c)
tee/trustzone/tests/kernel_space_test.c.with := tee/trustzone/enclave/kernel/space.c
tee/trustzone/tests/kernel_memory_test.c.with := $(trustzone.kernel)

# What its tests run: a module, and a normal world that does what a test says.
trustzone.tests := enclave-aarch64/trustzone/tests
IMAGES += $(foreach i,subject remote,$(trustzone.tests)/$i.elf $(trustzone.tests)/$i.bin)
$(trustzone.tests)/subject.elf.sources = tee/trustzone/tests/subject/subject.c
$(trustzone.tests)/subject.elf.script = tee/trustzone/tests/subject/link.ld
tee/trustzone/tests/subject/subject.c.cflags = -fno-jump-tables
$(trustzone.tests)/remote.elf.sources = tee/trustzone/tests/normal/start.S \
    tee/trustzone/tests/remote/remote.c
$(trustzone.tests)/remote.elf.script = tee/trustzone/tests/normal/link.ld

# --- the node: its backend on the host, and the shim in the normal world --------------------------
host.lib += $(wildcard tee/trustzone/node/*.c)
host.pkgs += libuv
IMAGES += enclave-aarch64/trustzone/normal.elf
enclave-aarch64/trustzone/normal.elf.sources = $(wildcard tee/trustzone/node/firmware/*.S \
    tee/trustzone/node/firmware/*.c)
enclave-aarch64/trustzone/normal.elf.script = tee/trustzone/node/firmware/link.ld
SDK_FILES += lib/trustzone/normal.bin=$(B)/enclave-aarch64/trustzone/normal.bin

# --- the firmware of a TrustZone device: boot, with the bytes of monitor and kernel behind it ---
trustzone := tee/trustzone/enclave
trustzone.boot := $(wildcard $(trustzone)/boot/*.S $(trustzone)/boot/*.c) $(trustzone)/console.c \
    sdk/rt.c sdk/aarch64/rt_copy.c

# $(call trustzone-firmware,IMAGE,KERNEL): IMAGE.elf is boot, the monitor and KERNEL.elf
define trustzone-firmware
IMAGES += $1.elf $1.bin $2.bin
$1.elf.sources = $$(trustzone.boot)
$1.elf.parts = enclave-aarch64/trustzone/monitor.bin $2.bin
$1.elf.groups = core
$1.elf.archives = $$(enclave-aarch64.trusted-libs)
$1.elf.script = $$(trustzone)/boot/link.ld
endef

IMAGES += $(addprefix enclave-aarch64/trustzone/monitor,.elf .bin)
enclave-aarch64/trustzone/monitor.elf.sources = \
    $(wildcard $(trustzone)/monitor/*.S $(trustzone)/monitor/*.c) $(trustzone)/console.c \
    sdk/aarch64/rt_copy.c
enclave-aarch64/trustzone/monitor.elf.script = $(trustzone)/monitor/link.ld

IMAGES += enclave-aarch64/trustzone/kernel.elf
enclave-aarch64/trustzone/kernel.elf.sources = \
    $(wildcard $(trustzone)/kernel/*.S $(trustzone)/kernel/*.c) $(trustzone)/console.c \
    sdk/rt.c sdk/aarch64/rt_copy.c
enclave-aarch64/trustzone/kernel.elf.groups = core
enclave-aarch64/trustzone/kernel.elf.archives = $(enclave-aarch64.trusted-libs)
enclave-aarch64/trustzone/kernel.elf.script = $(trustzone)/kernel/link.ld
$(eval $(call trustzone-firmware,enclave-aarch64/trustzone/firmware,enclave-aarch64/trustzone/kernel))
SDK_FILES += lib/trustzone/firmware.bin=$(B)/enclave-aarch64/trustzone/firmware.bin

tee/trustzone/tests/tree_test.c.with := tee/trustzone/enclave/boot/tree.c

# What its tests run: a kernel and a normal world of a few lines each.
IMAGES += $(addprefix enclave-aarch64/trustzone/tests/,kernel.elf monitor.elf monitor.bin)
enclave-aarch64/trustzone/tests/kernel.elf.sources = \
    $(wildcard tee/trustzone/tests/kernel/*.S tee/trustzone/tests/kernel/*.c) $(trustzone)/console.c
enclave-aarch64/trustzone/tests/kernel.elf.script = tee/trustzone/tests/kernel/link.ld
enclave-aarch64/trustzone/tests/monitor.elf.sources = tee/trustzone/tests/normal/start.S \
    tee/trustzone/tests/normal/print.c tee/trustzone/tests/normal/monitor.c \
    $(trustzone)/boot/tree.c
enclave-aarch64/trustzone/tests/monitor.elf.script = tee/trustzone/tests/normal/link.ld
$(eval $(call trustzone-firmware,enclave-aarch64/trustzone/tests/firmware,$(strip \
    enclave-aarch64/trustzone/tests/kernel)))
