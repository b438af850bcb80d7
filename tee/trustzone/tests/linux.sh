#!/bin/sh
# SPDX-License-Identifier: MIT
# linux.sh: Debian's kernel in the normal world, with its own driver and libteec: binds, is served,
# at what rate; clients that die, calls beside secure interrupts on two CPUs, many clients at once;
# an application on a node inside it; a clean end.
#   linux.sh [--bench]    --bench: how many calls a second, for bench/run
# timeout: 600
# alone: two emulated CPUs, and calls with time limits
set -eu
[ -e build/linux/initramfs.cpio ] || make -s linux >/dev/null
[ -e build/linux/initramfs.cpio ] || { make -s linux | tail -n 1; exit 77; }
command -v qemu-system-aarch64 >/dev/null || { echo "qemu-system-arm is missing: ./run setup"; exit 77; }
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export WORK PYTHONDONTWRITEBYTECODE=1
python3 tee/trustzone/tests/linux.py "$@"
