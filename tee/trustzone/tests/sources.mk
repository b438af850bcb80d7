# SPDX-License-Identifier: MIT
# Files of the kernel that run on the host too, over memory and flash that misbehave.
tee/trustzone/tests/journal_test.c.with = tee/trustzone/enclave/kernel/journal.c \
    tee/trustzone/tests/fake_flash.c
