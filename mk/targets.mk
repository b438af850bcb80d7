# SPDX-License-Identifier: MIT
# One block per machine.  Nothing else in the tree names a compiler.
#
#   M.tools     programs that must be there, else the machine is left out
#   M.CC        compiler of .c and .S files; M.AR archiver; M.LD linker; M.OBJCOPY, M.NM, M.OBJDUMP
#   M.flags     compiler flags
#   M.ldflags   flags of M.LD (of M.CC on `host`)
#   M.trusted-libs  libraries of others that trusted code links (tools/check-freestanding)

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wsign-conversion -Wundef -Wvla -Walloca \
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wcast-qual -Wcast-align \
    -Wpointer-arith -Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough -Wdouble-promotion \
    -Wformat=2 -Wnull-dereference

# Libraries of Debian for another architecture (tools/foreign).
FOREIGN := build/foreign/arm64/root/usr

# The same bytes in any folder.
COMMON := -std=c11 $(WARNINGS) -ffile-prefix-map=$(CURDIR)=. -fno-ident -I.

# --- host: hosted x86-64, all programs and unit tests ------------------------------------------
host.tools   := gcc ar pkg-config
host.CC      := gcc
host.AR      := ar
host.LD      := gcc
host.NM      := nm
host.OBJCOPY := objcopy
host.OBJDUMP := objdump
host.flags   := $(COMMON) $(OPT) -D_GNU_SOURCE -fPIE -fstack-protector-strong -fno-common
host.ldflags := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifeq ($(SAN),1)
# The sanitizers' own rewriting makes gcc warn about conversions that the plain build accepts.
host.flags   := $(filter-out -Werror -Wconversion -Wsign-conversion -Wnull-dereference -O2,\
    $(host.flags))
host.flags   += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
host.ldflags += -fsanitize=address,undefined
else
host.flags   += -D_FORTIFY_SOURCE=2
endif

# --- fuzz: the hosted code once more, for libFuzzer, under AddressSanitizer and UBSan (mk/fuzz.mk).
# No warnings: `host` has them.
fuzz.tools   := clang-14 llvm-ar-14
fuzz.CC      := clang-14
fuzz.AR      := llvm-ar-14
fuzz.LD      := clang-14
fuzz.flags   := -std=c11 -w -ffile-prefix-map=$(CURDIR)=. -I. -O1 -g -D_GNU_SOURCE -fno-common \
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz.ldflags := -fsanitize=fuzzer,address,undefined

# --- enclave-x86_64: freestanding x86-64, position independent: images of `native` and `sgx` ----
enclave-x86_64.tools   := gcc ar ld objcopy nm
enclave-x86_64.CC      := gcc
enclave-x86_64.AR      := ar
enclave-x86_64.LD      := ld
enclave-x86_64.NM      := nm
enclave-x86_64.OBJCOPY := objcopy
enclave-x86_64.OBJDUMP := objdump
enclave-x86_64.flags   := $(COMMON) -O2 -g -ffreestanding -fPIC -fvisibility=hidden -nostdlib \
    -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
    -fno-tree-loop-distribute-patterns -fno-common -ffunction-sections -fdata-sections
# Loads, returns and indirect branches fenced, as modules then are too (tee/sgx/owner/backend.c).
ifeq ($(LVI),1)
enclave-x86_64.flags += $(strip $(file <tee/sgx/enclave/lvi.flags))
endif
enclave-x86_64.ldflags := -nostdlib --gc-sections --build-id=none
enclave-x86_64.trusted-libs = $(shell gcc -print-file-name=libbearssl.a)

# --- enclave-aarch64: freestanding AArch64 at fixed addresses: the secure world and its enclaves,
# and bare programs of the normal world.  No vector registers but in the files that say so; the
# library uses them.
enclave-aarch64.tools   := aarch64-linux-gnu-gcc aarch64-linux-gnu-ld \
    $(if $(wildcard $(FOREIGN)/lib/aarch64-linux-gnu/libbearssl.a),,libbearssl-dev:arm64)
enclave-aarch64.CC      := aarch64-linux-gnu-gcc
enclave-aarch64.AR      := aarch64-linux-gnu-ar
enclave-aarch64.LD      := aarch64-linux-gnu-ld
enclave-aarch64.NM      := aarch64-linux-gnu-nm
enclave-aarch64.OBJCOPY := aarch64-linux-gnu-objcopy
enclave-aarch64.OBJDUMP := aarch64-linux-gnu-objdump
enclave-aarch64.flags   := $(COMMON) -isystem $(FOREIGN)/include -O2 -g -ffreestanding -fno-pic \
    -fno-pie -nostdlib -fno-stack-protector -fno-asynchronous-unwind-tables \
    -fno-tree-loop-distribute-patterns -fno-common -ffunction-sections -fdata-sections \
    -mstrict-align -mgeneral-regs-only -mno-outline-atomics
enclave-aarch64.ldflags := -nostdlib -static --gc-sections --build-id=none -z noexecstack \
    -z max-page-size=4096
enclave-aarch64.trusted-libs = $(FOREIGN)/lib/aarch64-linux-gnu/libbearssl.a

# --- host-aarch64: hosted AArch64, for Linux in the normal world (mk/linux.mk) --------------------
host-aarch64.tools   := aarch64-linux-gnu-gcc aarch64-linux-gnu-ar \
    $(if $(wildcard /usr/aarch64-linux-gnu/include/stdio.h),,libc6-dev-arm64-cross) \
    $(if $(wildcard $(FOREIGN)/include/tee_client_api.h),,optee-client-dev:arm64)
host-aarch64.CC      := aarch64-linux-gnu-gcc
host-aarch64.AR      := aarch64-linux-gnu-ar
host-aarch64.LD      := aarch64-linux-gnu-gcc
host-aarch64.NM      := aarch64-linux-gnu-nm
host-aarch64.OBJCOPY := aarch64-linux-gnu-objcopy
host-aarch64.OBJDUMP := aarch64-linux-gnu-objdump
host-aarch64.flags   := $(COMMON) -isystem $(FOREIGN)/include \
    -isystem $(FOREIGN)/include/aarch64-linux-gnu -O2 -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -fPIE \
    -fstack-protector-strong -fno-common
host-aarch64.ldflags := -pie -s -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--build-id=none \
    -L$(FOREIGN)/lib/aarch64-linux-gnu -Wl,-rpath-link,$(FOREIGN)/lib/aarch64-linux-gnu

# --- msp430: Sancus, openMSP430 -----------------------------------------------------------------
# -mhwmult=none fixes the names of the multiplication helpers; jump tables would be data that a
# module reads from outside its text section.
msp430.tools   := clang-14 ld.lld-14 llvm-ar-14 llvm-nm-14 llvm-objcopy-14
msp430.CC      := clang-14 --target=msp430-none-elf
msp430.AR      := llvm-ar-14
msp430.LD      := ld.lld-14
msp430.NM      := llvm-nm-14
msp430.OBJCOPY := llvm-objcopy-14
msp430.OBJDUMP := llvm-objdump-14
msp430.flags   := $(COMMON) -fdebug-compilation-dir=. -mhwmult=none -Os -gdwarf-4 -ffreestanding \
    -fno-builtin -fno-jump-tables -ffunction-sections -fdata-sections -fno-common
msp430.ldflags := --gc-sections --build-id=none
