#!/bin/bash
# SPDX-License-Identifier: MIT
# The measurement is the identity: the same sources give the same images, byte for byte, in any
# folder.  A copy of the tree builds everything freestanding once more, and then both build applications.
# timeout: 900
. tests/support/cases.bash
set -e

# The second folder's name has a sign that sed and make know.
first=$PWD second="$scratch/another+folder/b"
mkdir -p "$second"
{ # 1: a folder changed meanwhile; other tests leave their __pycache__ in it
    tar c --exclude=./build --exclude=./.git --exclude=__pycache__ . 2>"$scratch/tar" || [ $? -eq 1 ]
} | tar x -C "$second"
machines='enclave-x86_64 msp430'
if [ -d build/foreign/arm64/root ]; then # the libraries of AArch64, as Debian has them
    machines="$machines enclave-aarch64"
    mkdir -p "$second/build/foreign/arm64"
    cp -r build/foreign/arm64/root "$second/build/foreign/arm64"
fi
make -s -C "$second" MACHINES="$machines" images sdk
(cd "$second" && find build \( -name '*.d' -o -path build/foreign \) -prune -o -type f \
    \( -name '*.a' -o -name '*.elf' -o -name '*.bin' -o -path '*/sdk/*' \) -print |
    sort | xargs -d '\n' sha256sum) >"$scratch/sums"
[ "$(wc -l <"$scratch/sums")" -gt 50 ] && sha256sum --quiet -c "$scratch/sums" && status=0 || status=1
check "$(wc -l <"$scratch/sums") archives, images and SDK files are the same" "$status"

# Modules: one owner, two folders and two SDKs.
key=$scratch/vendor.key
(umask 077 && echo 00112233445566778899aabbccddeeff >"$key")
causeway=$PWD/build/host/bin/causeway
for example in examples/*/*.json; do
    state=$scratch/state
    rm -rf "$state" "$scratch/state.1" "$scratch/state.2"
    for node in $(grep -o '"name": *"[^"]*", *"tee": *"sancus"' "$example" | cut -d'"' -f4); do
        "$causeway" key add-vendor "$node" --file "$key" "$example" --state "$state" --quiet
    done
    [ -d "$state" ] || "$causeway" key show "$example" --state "$state" --quiet >/dev/null
    cp -a "$state" "$scratch/state.1"
    cp -a "$state" "$scratch/state.2"
    (cd "$first" && "$causeway" build "$example" --state "$scratch/state.1" --sdk "$first/build/sdk" --quiet)
    (cd "$second" && "$causeway" build "$example" --state "$scratch/state.2" --sdk "$second/build/sdk" --quiet)
    for linked in "$scratch"/state.1/build/*/*/linked.elf; do
        other=$scratch/state.2${linked#"$scratch"/state.1}
        # What is loaded; the names of folders may stand in what is not.
        for file in "$linked" "$other"; do
            case $(od -An -tx1 -j18 -N2 "$file") in
            ' 3e 00') objcopy --strip-all -O binary "$file" "$file.bin" ;;
            *) llvm-objcopy-14 --strip-all -O binary "$file" "$file.bin" ;; # MSP430, AArch64
            esac
        done
        [ -s "$linked.bin" ] && cmp "$linked.bin" "$other.bin" && status=0 || status=1
        check "$example: $(basename "$(dirname "$linked")")" "$status"
    done
done

# The comparison sees a single changed byte.
printf '\001' | dd of="$linked.bin" bs=1 seek=7 conv=notrunc status=none
cmp -s "$linked.bin" "$other.bin" && status=1 || status=0
check "a planted difference is seen" "$status"

summary
