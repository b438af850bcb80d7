#!/bin/sh
# SPDX-License-Identifier: MIT
# shim.sh: the shim of the normal world alone, on a machine without a secure one: it answers calls by
# a refusal, begins anew whatever was before, does probes, and sleeps.
set -eu
command -v qemu-system-aarch64 >/dev/null ||
    { echo "qemu-system-aarch64 is missing: ./run setup installs it"; exit 77; }
image=build/enclave-aarch64/trustzone/normal.bin
[ -f $image ] || { echo "$image is not built: is gcc-aarch64-linux-gnu there?"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
IMAGE=$image WORK=$work python3 tee/trustzone/tests/shim.py
