# SPDX-License-Identifier: MIT
# The owner's tool.
host.lib += $(wildcard deploy/*.c)
PROGRAMS += causeway
causeway.sources = deploy/main.c
# What is heavy to load at every start is part of the program.
causeway.static = libfyaml jansson sqlite3 openssl bearssl
causeway.libs = libuv libelf libseccomp m pthread
