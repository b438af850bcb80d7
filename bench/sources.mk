# SPDX-License-Identifier: MIT
# Benchmarks are programs like others: $(B)/host/bin/bench-NAME prints RESULT lines.
PROGRAMS += bench-spongent
bench-spongent.sources = bench/spongent.c tests/support/naive_spongent.c
