# SPDX-License-Identifier: MIT
# The process of one enclave: a static program without a library, started by causeway-sgx.
PROGRAMS += causeway-sgx-jail
causeway-sgx-jail.sources = $(addprefix silicon/sgx/jail/,start.S jail.c filter.c shim.c)
# The place is CW_JAIL_TEXT_AT of plan.h.
causeway-sgx-jail.ldflags = -no-pie -static -nostdlib -fno-sanitize=all -Wl,--build-id=none \
    -Wl,-Ttext-segment=0x600000000000
$(foreach f,jail.c filter.c shim.c,$(eval silicon/sgx/jail/$f.host.cflags = -ffreestanding \
    -fno-sanitize=all -fno-stack-protector -U_FORTIFY_SOURCE -fcf-protection=none \
    -mgeneral-regs-only -fno-tree-loop-distribute-patterns -O2))
