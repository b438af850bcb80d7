# SPDX-License-Identifier: MIT
# Every knob of the build.  Set one on the command line (`make V=1`) or in local.mk (not in git).

-include local.mk

# Where all output goes.  SAN=1 and LVI=1 have folders of their own: builds live side by side.
B ?= $(if $(filter 1,$(SAN)),build/asan,$(if $(filter 1,$(LVI)),build/lvi,build))

# 1: print each command instead of a short line.
V ?= 0

# 1: build the hosted programs and tests with AddressSanitizer and UBSan.
SAN ?= 0

# 1: SGX images with fences against load value injection (docs/sgx.md); another MRENCLAVE, slower.
LVI ?= 0

# Optimisation and debug information of hosted code.
OPT ?= -O2 -g

# Machines to build for; a machine whose tools are missing is left out, with the reason.
MACHINES ?= host enclave-x86_64 enclave-aarch64 msp430

# Only the tests whose name contains this: make test T=reader
T ?=

# Seconds that one test program or script may take.
TEST_TIMEOUT ?= 300

# Seconds that each fuzz target runs in `make fuzz`.
FUZZ_SECONDS ?= 5

# 1: leave files that do not compile out of their archives, while you work on others.
K ?= 0
