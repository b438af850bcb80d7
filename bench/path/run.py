#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One event of 16 bytes from a Sancus board over a TrustZone board to an SGX enclave and back, each
on a node of its own; and whose processors it kept busy.

The predecessor published 432 ms for such a path (Scopelliti et al., end-to-end time of its smart
home, on its own machines): the ratio says what the path costs a user, not which machine is faster.
"""
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = os.getcwd()
BIN = os.path.join(ROOT, "build/host/bin")
WHAT = "event round trip Sancus, TrustZone, SGX, 16 B"
PUBLISHED_MS = 432.0
ROUNDS, WINDOW_MS = 7, 1000


def tree(pid):
    """A process and all below it."""
    found = [pid]
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path, encoding="utf-8") as file:
            for child in file.read().split():
                found += tree(child)
    return found


def used_ns(pid):
    total = 0
    for each in tree(pid):
        for path in glob.glob(f"/proc/{each}/task/*/schedstat"):
            with open(path, encoding="utf-8") as file:
                total += int(file.read().split()[0])
    return total


def main():
    if shutil.which("qemu-system-aarch64") is None:
        print(f"ABSENT\t{WHAT}\tqemu-system-aarch64 is missing: apt install qemu-system-arm")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
        for path in ("bench/path/app.json", "bench/path/relay.c", "bench/events/caller.c",
                     "bench/events/echo.c"):
            shutil.copy(path, folder)
        state = os.path.join(folder, "state")
        causeway = [f"{BIN}/causeway", "--quiet", "--state", state]
        try:
            subprocess.run(causeway + ["apply"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            measure(folder, state)
        finally:
            subprocess.run(causeway + ["destroy", "--force"], cwd=folder, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(folder, state):
    parts = {}
    for node, chip in (("sensor", "the Sancus chip, emulated, and its UART"),
                       ("gateway", "the TrustZone board, QEMU"),
                       ("cloud", "the SGX CPU and its enclave")):
        for kind, name in (("board", chip), ("node", f"causeway-node {node}")):
            for path in glob.glob(f"{state}/nodes/{node}/{kind}/pid"):
                with open(path, encoding="utf-8") as file:
                    parts[name] = file.read().split()[0]
    pids = list(parts.values())
    rounds, shares = [], {name: [] for name in parts}
    for _ in range(ROUNDS):
        before = {name: used_ns(pid) for name, pid in parts.items()}
        words = subprocess.run([f"{BIN}/bench-drive", state, "caller", "1", str(WINDOW_MS)] + pids,
                               cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout.split()
        rounds.append(float(words[0]))
        for name, pid in parts.items():
            shares[name].append((used_ns(pid) - before[name]) / (WINDOW_MS * 1e6))
    trip_ms = statistics.median(rounds) / 1e6
    print(f"RESULT\t{WHAT}\t{trip_ms:.2f}\tms\tthe predecessor's, published\t"
          f"{trip_ms / PUBLISHED_MS:.4f}\t<= 1")
    busy = 0.0
    for name, seen in shares.items():
        share = min(statistics.median(seen), 1.0)
        busy += share
        print(f"TABLE\t{WHAT}\t{share * trip_ms:.3f} ms\t{name}")
    print(f"TABLE\t{WHAT}\t{max(1 - busy, 0) * trip_ms:.3f} ms\tnobody: waking up, bits on the wire")


main()
