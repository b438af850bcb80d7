# SPDX-License-Identifier: MIT
# The runtime of modules: an archive, from which an image takes what its endpoints need.
sdk.runtime := $(addprefix sdk/,run.c send.c sink.c gap.c output.c reply.c entry.c \
    request.c random.c log.c stream.c)

tests/unit/sdk/seal_test.c.with := sdk/seal.c
