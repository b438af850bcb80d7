# SPDX-License-Identifier: MIT
# Sancus.  What every module links is one archive; what a module links depending on its node's
# chip or its device lies beside it, for tee/sancus/owner to choose.
sancus.enclave := $(addprefix tee/sancus/enclave/,entry.S leave.S random.c device.S copy.c port.c evidence.c rt.c \
    rt_mul.c rt_more.c rt_more_entry.S)

msp430.groups += sancus
msp430.sancus = $(sancus.enclave) tee/sancus/enclave/start_random.c \
    $(sdk.runtime) sdk/session_chip.c

SDK_FILES += src/sdk/memory.c=sdk/memory.c \
    lib/sancus/libcore.a=$(B)/msp430/lib/libcore.a \
    lib/sancus/libsancus.a=$(B)/msp430/lib/libsancus.a \
    lib/sancus/start_none.o=$(B)/msp430/obj/tee/sancus/enclave/start_none.c.o \
    lib/sancus/mmio.o=$(B)/msp430/obj/tee/sancus/enclave/mmio.S.o \
    lib/sancus/link.ld=tee/sancus/enclave/link.ld \
    lib/sancus/link-exact.ld=tee/sancus/enclave/link-exact.ld \
    lib/sancus/mmio.ld=tee/sancus/enclave/mmio.ld \
    lib/sancus/firmware.elf=$(B)/msp430/firmware.elf

IMAGES += msp430/firmware.elf
msp430/firmware.elf.sources := $(addprefix tee/sancus/node/firmware/,start.S chip.S main.c line.c \
    slots.c) tee/sancus/enclave/rt.c tee/sancus/enclave/rt_mul.c
msp430/firmware.elf.script := tee/sancus/node/firmware/link.ld

SDK_INCLUDE += $(wildcard sdk/*.h) tee/enclave.h
host.pkgs += libuv libelf

host.lib += $(wildcard tee/sancus/node/*.c tee/sancus/owner/*.c)

IMAGES += msp430/sancus-probe.elf
msp430/sancus-probe.elf.sources := tee/sancus/tests/probe.S
msp430/sancus-probe.elf.script := tee/sancus/tests/probe.ld
tee/sancus/tests/entry_test.c.with := tee/sancus/tests/machine.c tee/sancus/tests/owner.c
tee/sancus/tests/backend_test.c.with := tee/sancus/tests/machine.c
tee/sancus/tests/device_test.c.with := tee/sancus/tests/machine.c tee/sancus/tests/owner.c

IMAGES += msp430/sancus-rt.elf
msp430/sancus-rt.elf.sources := $(addprefix tee/sancus/,tests/rt_start.S tests/rt_probe.c \
    enclave/rt.c enclave/rt_mul.c enclave/rt_more.c enclave/rt_more_entry.S)
msp430/sancus-rt.elf.script := tee/sancus/tests/probe.ld
