# SPDX-License-Identifier: MIT
# Files of the kernel that run on the host too, over memory and flash that misbehave.
tee/trustzone/tests/journal_test.c.with = tee/trustzone/enclave/kernel/journal.c \
    tee/trustzone/tests/fake_flash.c
tee/trustzone/tests/message_test.c.with = $(addprefix tee/trustzone/enclave/kernel/,message.c shm.c) \
    tee/trustzone/tests/fake_world.c
tee/trustzone/tests/token_test.c.with = tee/trustzone/enclave/kernel/token.c
tee/trustzone/tests/keys_test.c.with = $(addprefix tee/trustzone/enclave/kernel/,keys.c random.c \
    token.c journal.c service.c) $(addprefix tee/trustzone/tests/,fake_flash.c fake_entropy.c)
