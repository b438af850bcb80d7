#!/bin/sh
# SPDX-License-Identifier: MIT
# gdb.sh: the debugger's stub, by a client of its own (gdb_client.py): Debian has no gdb for the
# MSP430.  Also --profile, on a program whose cycles are known.
# timeout: 120
set -eu
chip=${CAUSEWAY_SANCUS:-$PWD/build/host/bin/causeway-sancus}
here=silicon/sancus/tests
for tool in clang-14 ld.lld-14 llvm-nm-14 llvm-dwarfdump-14 python3; do
    command -v $tool >/dev/null || { echo "$tool is missing: ./run setup installs it"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang="clang-14 --target=msp430-none-elf -gdwarf-4 -I."
$clang -c $here/programs/guarded.S -o "$work/start.o"
$clang -c -Os -mhwmult=none -ffreestanding $here/programs/guarded.c -o "$work/module.o"
ld.lld-14 -T $here/programs/guarded.ld "$work/start.o" "$work/module.o" -o "$work/guarded.elf"
clang-14 --target=msp430-none-elf -c $here/programs/board.S -o "$work/board.o"
ld.lld-14 -e start -T $here/programs/rom.ld "$work/board.o" -o "$work/board.elf"
clang-14 --target=msp430-none-elf -I. -c $here/programs/profiled.S -o "$work/profiled.o"
ld.lld-14 -e start -T $here/programs/rom.ld "$work/profiled.o" -o "$work/profiled.elf"
timeout 280 python3 $here/gdb_client.py "$chip" "$work" "$here/programs/guarded.c"
