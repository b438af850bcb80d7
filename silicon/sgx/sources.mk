# SPDX-License-Identifier: MIT
# The emulated SGX CPU.
host.lib += $(filter-out silicon/sgx/main.c,$(wildcard silicon/sgx/*.c))
host.pkgs += openssl jansson
