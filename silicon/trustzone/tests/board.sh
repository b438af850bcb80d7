#!/bin/sh
# SPDX-License-Identifier: MIT
# board.sh: the board around QEMU, with the smallest secure world on it: console, button, LED, reset,
# power, what is refused, and that QEMU ends with its board.
set -eu
program=${CAUSEWAY_TRUSTZONE:-$PWD/build/host/bin/causeway-trustzone}
for tool in aarch64-linux-gnu-gcc qemu-system-aarch64; do
    command -v $tool >/dev/null || { echo "$tool is missing: ./run setup installs it"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
aarch64-linux-gnu-gcc -I. -nostdlib -static -Wl,-Ttext=0,--build-id=none \
    -o "$work/board.elf" silicon/trustzone/tests/programs/board.S
aarch64-linux-gnu-objcopy -O binary "$work/board.elf" "$work/flash"
truncate -s 64M "$work/flash"
chmod 600 "$work/flash"

PROGRAM=$program WORK=$work python3 silicon/trustzone/tests/board.py
