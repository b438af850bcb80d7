# SPDX-License-Identifier: MIT
# Linked into modules that name something of it; tests link it on the host.
web.client := $(wildcard services/web/client/*.c)

enclave-x86_64.groups += services
enclave-x86_64.services += $(web.client)
enclave-x86_64.services.beneath = $(enclave-x86_64.native)
enclave-aarch64.groups += services
enclave-aarch64.services += $(web.client)
enclave-aarch64.services.beneath = $(enclave-aarch64.trustzone)
SDK_INCLUDE += $(wildcard services/web/client/*.h)
SDK_FILES += lib/native/libservices.a=$(B)/enclave-x86_64/lib/libservices.a \
    lib/sgx/libservices.a=$(B)/enclave-x86_64/lib/libservices.a \
    lib/trustzone/libservices.a=$(B)/enclave-aarch64/lib/libservices.a

services/web/tests/http_test.c.with = services/web/client/http.c
services/web/tests/certificate_test.c.with = services/web/client/certificate.c
services/web/tests/web_test.c.with = $(web.client)
