#!/bin/sh
# SPDX-License-Identifier: MIT
# kernel.sh: the secure world's kernel on QEMU, with a module and a normal world of the tests' own.
# timeout: 600
set -eu
BUILD=${BUILD:-$PWD/build/enclave-aarch64}
for tool in aarch64-linux-gnu-gcc qemu-system-aarch64; do
    command -v $tool >/dev/null || { echo "$tool is missing: ./run setup installs it"; exit 77; }
done
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export BUILD WORK PYTHONDONTWRITEBYTECODE=1
python3 tee/trustzone/tests/kernel.py
