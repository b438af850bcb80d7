#!/bin/sh
# SPDX-License-Identifier: MIT
# No trusted image recurses, each call by pointer is explained, all budgets hold; and the report
# still catches a planted recursion, an alloca, an unexplained call and a passed budget.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
make -s tcb TCB="$scratch/tcb.md" TCB_IMAGES="$scratch/images"
