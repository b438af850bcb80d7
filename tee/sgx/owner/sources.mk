# SPDX-License-Identifier: MIT
# The owner's side of SGX: images, SIGSTRUCT, the scan, the verifier.
host.lib += $(wildcard tee/sgx/owner/*.c)
host.pkgs += libelf openssl jansson
