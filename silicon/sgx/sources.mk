# SPDX-License-Identifier: MIT
# The emulated SGX CPU.
host.lib += $(filter-out silicon/sgx/main.c,$(wildcard silicon/sgx/*.c))
host.pkgs += openssl jansson
PROGRAMS += causeway-sgx
causeway-sgx.sources = silicon/sgx/main.c
causeway-sgx.libs = openssl jansson pthread
$(foreach t,cell traced isolation hostile,$(eval silicon/sgx/tests/$t_test.c.with = $(addprefix silicon/sgx/tests/,\
    cell_support.c enclaves.S)))
