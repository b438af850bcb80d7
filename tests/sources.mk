# The runtime of modules, as its tests link it on the host.
tests/unit/sdk/run_test.c.with = $(sdk.runtime) sdk/session_chip.c sdk/memory.c
sdk/memory.c.host.cflags = -DCW_CHANNELS=8 -DCW_EVENT_MAX=64 -DCW_REPLY_MAX=64 -DCW_STREAM_MAX=0 \
    -DCW_PROOF_MAX=64
# The owner's tool against the module's own side.
tests/unit/deploy/manager_chip_test.c.with = $(sdk.runtime) sdk/session_chip.c sdk/memory.c
tests/unit/deploy/manager_dh_test.c.with = $(sdk.runtime) sdk/session_dh.c sdk/memory.c
# What gives a verdict is told apart from all that may not depend on a secret.
tests/unit/core/channel/constant_time_test.c.ldflags = \
    -Wl,--wrap=cw_suite_open -Wl,--wrap=cw_bytes_equal
# Cryptography of AArch64, for qemu-aarch64 (tests/unit/core/crypto/aarch64_test.c).
IMAGES += enclave-aarch64/probe.elf
enclave-aarch64/probe.elf.sources := tests/aarch64/probe.c sdk/rt.c sdk/aarch64/rt_copy.c
enclave-aarch64/probe.elf.groups := core
enclave-aarch64/probe.elf.ldflags = -L $(dir $(enclave-aarch64.trusted-libs))
enclave-aarch64/probe.elf.libs := bearssl
