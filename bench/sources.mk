# SPDX-License-Identifier: MIT
# Benchmarks are programs like others: $(B)/host/bin/bench-NAME prints RESULT lines.
PROGRAMS += bench-spongent
bench-spongent.sources = bench/spongent.c tests/support/naive_spongent.c

# What we are compared with: compiled as its users would, for this machine.
PROGRAMS += floor-msgbench
floor-msgbench.sources = bench/floors/msgbench.c
floor-msgbench.libs = libcrypto
bench/floors/msgbench.c.cflags = -O3 -march=native -w

# Drives the two modules of bench/events.
PROGRAMS += bench-drive
bench-drive.sources = bench/events/drive.c
bench-drive.static = $(causeway.static)
bench-drive.libs = $(causeway.libs)

# A peer; left out where its library (Debian package libnats-dev) is not installed.
ifneq ($(wildcard /usr/include/nats/nats.h),)
PROGRAMS += floor-natsbench
floor-natsbench.sources = bench/floors/natsbench.c
floor-natsbench.libs = libnats
bench/floors/natsbench.c.cflags = -O3 -march=native -w
endif

# How fast a command starts, and how fast one can.
PROGRAMS += bench-start floor-hello
bench-start.sources = bench/start.c
floor-hello.sources = bench/floors/hello.c
ifneq ($(SAN),1) # sanitizers do not link statically
floor-hello.ldflags = -static -no-pie
bench/floors/hello.c.cflags = -fno-pie
endif

# A call of an enclave, against a futex.
PROGRAMS += bench-sgx
bench-sgx.sources = bench/sgx_call.c tests/support/sgx_image.c \
    $(addprefix silicon/sgx/tests/,cell_support.c enclaves.S)
bench-sgx.libs = openssl jansson pthread
