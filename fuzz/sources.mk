# SPDX-License-Identifier: MIT
# What a target needs besides the archive of hosted code.
fuzz/module.c.with = $(sdk.runtime) sdk/session_chip.c sdk/memory.c
fuzz/http.c.with = services/web/client/http.c
fuzz/many.c.with = sdk/many.c
fuzz/sealed.c.with = sdk/seal.c
fuzz/tree.c.with = tee/trustzone/enclave/boot/tree.c
