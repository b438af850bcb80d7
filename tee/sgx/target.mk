# SPDX-License-Identifier: MIT
# An SGX image is the module, sdk/memory.c in the module's size, the owner's key, and these archives;
# the owner's backend links it from $(B)/sdk and makes pages of it.
enclave-x86_64.groups += sgx
enclave-x86_64.sgx = $(wildcard tee/sgx/enclave/*.c tee/sgx/enclave/*.S) \
    $(sdk.runtime) sdk/session_dh.c sdk/seal.c sdk/many.c sdk/rt.c sdk/x86_64/rt_copy.c

SDK_FILES += lib/sgx/link.ld=tee/sgx/enclave/link.ld \
    lib/sgx/libsgx.a=$(B)/enclave-x86_64/lib/libsgx.a \
    lib/sgx/libcore.a=$(B)/enclave-x86_64/lib/libcore.a \
    lib/sgx/libbearssl.a=$(enclave-x86_64.trusted-libs) \
    $(if $(filter 1,$(LVI)),lib/sgx/lvi.flags=tee/sgx/enclave/lvi.flags)

tee/sgx/tests/copy_test.c.with := tee/sgx/enclave/copy.c
host.lib += $(wildcard tee/sgx/node/*.c tee/sgx/node/*.S)
host.pkgs += libuv jansson openssl
tee/sgx/tests/node_test.c.with = tee/sgx/tests/fake_cpu.c
$(foreach t,entry arena keys,$(eval tee/sgx/tests/$t_test.c.with := $(addprefix tee/sgx/tests/,rig.c \
    subject.c)))
tee/sgx/tests/evidence_test.c.with := silicon/sgx/tests/cell_support.c silicon/sgx/tests/enclaves.S
tee/sgx/tests/hardware_test.c.with = tee/sgx/tests/fake_driver.c
tee/sgx/tests/traced_test.c.with := $(addprefix tee/sgx/tests/,rig.c subject.c) \
    silicon/sgx/tests/cell_support.c silicon/sgx/tests/enclaves.S
