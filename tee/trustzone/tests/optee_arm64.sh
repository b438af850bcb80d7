#!/bin/bash
# SPDX-License-Identifier: MIT
# An application of OP-TEE as it would be compiled for a board, on an emulated CPU: its switch of
# stacks keeps what it has to, and the module answers.
set -u -o pipefail
for tool in qemu-aarch64 aarch64-linux-gnu-gcc; do
    command -v $tool >/dev/null || { echo "no $tool (./run setup)"; exit 77; }
done
if [ ! -f build/enclave-aarch64/lib/liboptee.a ] || [ ! -f /usr/aarch64-linux-gnu/lib/libc.a ]; then
    echo 'no library for AArch64 (./run setup)'
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tools/optee-ta examples/hello/hello.c --out "$scratch/ta" >/dev/null || exit 1
mapfile -t sources < <(sed -n "s|^srcs-y += |$scratch/ta/|p" "$scratch/ta/sub.mk")
aarch64-linux-gnu-gcc -static -std=gnu11 -Os -Wall -Wextra -ffreestanding -I"$scratch/ta" \
    -I"$scratch/ta/sdk" -I"$scratch/ta/bearssl" -isystem tee/trustzone/enclave/optee/include \
    -o "$scratch/application" tee/trustzone/tests/optee_arm64.c "${sources[@]}" \
    "$scratch/ta/lib/libbearssl.a" || exit 1
timeout 60 qemu-aarch64 "$scratch/application"
