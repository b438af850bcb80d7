# SPDX-License-Identifier: MIT
"""All attackers at once, and the count of their cases."""
import json, os, subprocess, sys, threading

LONG = os.environ.get("CW_LONG") == "1"
SIEGE = "build/host/bin/causeway-siege"
HERE = "tests/adversary/"
# The longest first: three run at a time.
PROGRAMS = {
    "lying node, answers": [sys.executable, HERE + "liars.py", "native"],
    "hostile network": [sys.executable, HERE + "network.py", "frames", "acknowledgements",
                        "delivery", "splices", "predecessor", "headers", "hellos", "lives"],
    "strangers and floods": [sys.executable, HERE + "network.py", "strangers", "malformed",
                             "shaken", "exhaustion"],
    "sancus modules, hostile node": [SIEGE, "--tee", "sancus", "--stride", "1" if LONG else "127"],
    "lying node, deeds": [sys.executable, HERE + "liars.py", "more"],
    "lying node, sancus": [sys.executable, HERE + "liars.py", "sancus"],
    "native modules, hostile node": [SIEGE, *(["--long"] if LONG else [])],
    "owners and tools at once": [sys.executable, HERE + "liars.py", "crowd"],
}


def main():
    as_json = "--json" in sys.argv
    runs, limit = {}, threading.Semaphore(3)

    def play(name):
        with limit:
            try:
                run = subprocess.run([*PROGRAMS[name], "--json"], capture_output=True, text=True,
                                     timeout=1300 if LONG else 900)
                said = json.loads(run.stdout) if run.stdout.strip() else None
                runs[name] = (run.returncode, said, run.stderr)
            except (subprocess.TimeoutExpired, ValueError) as error:
                runs[name] = (1, None, str(error))

    threads = [threading.Thread(target=play, args=(name,)) for name in PROGRAMS]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    total = {"cases": 0, "refused": 0, "changed": 0}
    failed, parts = 0, []
    for name in PROGRAMS:
        status, said, errors = runs[name]
        failed += status != 0 or said is None
        if status != 0 or said is None:
            print("FAIL: %s (status %d)\n%s" % (name, status, errors), file=sys.stderr)
        if said is None:
            continue
        parts.append({"part": name, **{k: v for k, v in said.items() if k != "tee"}})
        for k in total:
            total[k] += said[k]
        if not as_json:
            print("%s: %d cases" % (name, said["cases"]))
            for g in said["groups"]:
                print("  %7d cases, %7d refused, %d changed state  %s" % (
                    g["cases"], g["refused"], g["changed"], g["group"]))
    if as_json:
        print(json.dumps({"ok": failed == 0, **total, "parts": parts}, indent=1))
    else:
        print("adversary: %(cases)d cases, %(refused)d refused with the expected reason, "
              "%(changed)d changed state" % total)
        print("%d passed, %d failed, 0 skipped" % (len(PROGRAMS) - failed, failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
