#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Text and stack of trusted images against their budgets (tools/tcb-budgets)."""
import fnmatch
import os
import subprocess
import sys
import tempfile

COLUMNS = {"text": 4, "stack": 6}
IMAGES = ("native/hello/hello", "sancus/button-led/led_driver")


def main():
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "tcb.md")
        images = os.path.join(folder, "images")
        for command in (["tools/tcb-images", images, "build"],
                        ["tools/tcb-report", "-o", report, images + "/list"]):
            ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 text=True, check=False)
        if not os.path.exists(report):
            sys.exit(ran.stderr)
        with open(report, encoding="utf-8") as file:
            rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in file
                    if line.startswith("| ")]
    with open("tools/tcb-budgets", encoding="utf-8") as file:
        budgets = [line.split("#")[0].split() for line in file]
    for name in IMAGES:
        for row in rows:
            if row[0] != name:
                continue
            for quantity, column in COLUMNS.items():
                limits = [int(words[2]) for words in budgets if len(words) == 3
                          and words[1] == quantity and fnmatch.fnmatch(name, words[0])]
                value = int(row[column])
                if limits:
                    print(f"RESULT\t{quantity} of {name}\t{value}\tbytes\tits budget, {limits[0]}\t"
                          f"{value / limits[0]:.2f}x\t<= 1.02x")


if __name__ == "__main__":
    main()
