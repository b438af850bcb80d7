# SPDX-License-Identifier: MIT
# What services need besides the primitives of the protocol.
bearssl.services := $(addprefix core/crypto/bearssl/,ecdsa.c tls.c)

host.lib += $(bearssl.services)
enclave-x86_64.core += $(bearssl.services)
enclave-aarch64.core += $(bearssl.services)
