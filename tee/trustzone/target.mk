# SPDX-License-Identifier: MIT
# TrustZone: the secure world of our own, and what stands around it.

# --- the owner's side ---------------------------------------------------------------------------
host.lib += $(wildcard tee/trustzone/owner/*.c)
host.pkgs += jansson openssl
tee/trustzone/tests/device_test.c.with := tee/trustzone/tests/board.c
