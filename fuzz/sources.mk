# SPDX-License-Identifier: MIT
# What a target needs besides the archive of hosted code.
fuzz/module.c.with = $(sdk.runtime) sdk/session_chip.c sdk/memory.c
fuzz/http.c.with = services/web/client/http.c
fuzz/many.c.with = sdk/many.c
fuzz/sealed.c.with = sdk/seal.c
fuzz/tree.c.with = tee/trustzone/enclave/boot/tree.c
fuzz/trustzone_journal.c.with = tee/trustzone/enclave/kernel/journal.c \
    tee/trustzone/tests/fake_flash.c
fuzz/trustzone_message.c.with = $(addprefix tee/trustzone/enclave/kernel/,message.c shm.c) \
    tee/trustzone/tests/fake_world.c
