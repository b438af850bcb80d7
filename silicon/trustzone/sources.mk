# SPDX-License-Identifier: MIT
# The board around QEMU, which is the TrustZone chip.
host.lib += $(filter-out silicon/trustzone/main.c,$(wildcard silicon/trustzone/*.c))
PROGRAMS += causeway-trustzone
causeway-trustzone.sources = silicon/trustzone/main.c
causeway-trustzone.libs = jansson fdt
