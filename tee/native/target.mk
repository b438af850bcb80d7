# SPDX-License-Identifier: MIT
# A native image is the module, sdk/memory.c in the module's size, and these archives; the owner's
# backend links it from $(B)/sdk.
enclave-x86_64.groups += native
enclave-x86_64.native = $(wildcard tee/native/enclave/*.c tee/native/enclave/*.S) \
    $(sdk.runtime) sdk/session_dh.c sdk/many.c sdk/rt.c sdk/x86_64/rt_copy.c

host.lib += $(wildcard tee/native/node/*.c tee/native/owner/*.c)
host.pkgs += libuv libelf libseccomp

SDK_INCLUDE += $(wildcard sdk/*.h) tee/enclave.h
SDK_FILES += src/sdk/memory.c=sdk/memory.c \
    lib/native/link.ld=tee/native/enclave/link.ld \
    lib/native/libnative.a=$(B)/enclave-x86_64/lib/libnative.a \
    lib/native/libcore.a=$(B)/enclave-x86_64/lib/libcore.a \
    lib/native/libbearssl.a=$(enclave-x86_64.trusted-libs)
