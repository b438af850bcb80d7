# SPDX-License-Identifier: MIT
host.lib += $(wildcard node/*.c)

PROGRAMS += causeway-node
causeway-node.sources = node/main.c node/backends.c
causeway-node.libs = libuv openssl jansson libelf libseccomp bearssl
