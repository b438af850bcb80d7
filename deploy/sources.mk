# SPDX-License-Identifier: MIT
# The owner's tool.
host.lib += $(wildcard deploy/*.c)
PROGRAMS += causeway
causeway.sources = deploy/main.c
causeway.libs = libfyaml jansson sqlite3 openssl libuv libelf libseccomp bearssl pthread
