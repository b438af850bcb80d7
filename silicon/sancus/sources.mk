# SPDX-License-Identifier: MIT
# The emulated Sancus board.
host.lib += $(filter-out silicon/sancus/main.c,$(wildcard silicon/sancus/*.c))
PROGRAMS += causeway-sancus
causeway-sancus.sources = silicon/sancus/main.c
causeway-sancus.libs = openssl libelf
