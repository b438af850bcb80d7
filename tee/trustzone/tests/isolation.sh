#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 120
# What the normal world of a running board cannot do: each row is an attempt of its own CPU or of a
# device that it drives, by the shim's second console.
set -u -o pipefail
for tool in qemu-system-aarch64 python3; do
    command -v $tool >/dev/null || { echo "$tool is missing: apt install qemu-system-arm python3"; exit 77; }
done
[ -f build/sdk/lib/trustzone/firmware.bin ] || { echo "no firmware was built: ./run setup"; exit 77; }
exec python3 tee/trustzone/tests/isolation.py build/host/bin build/sdk/lib/trustzone/normal.bin
