# SPDX-License-Identifier: MIT
"""The cases of board.sh: each prints one line, the last one counts them."""
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time

program, work = os.environ["PROGRAM"], os.environ["WORK"]
passed = failed = 0


def case(name, good):
    global passed, failed
    print("%s: %s" % (name, "ok" if good else "NOT OK"), flush=True)
    passed, failed = passed + bool(good), failed + (not good)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def path(name):
    return os.path.join(work, name)


def connect(name):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(60)

    def is_taken():
        try:
            made.connect(path(name))
            return True
        except (FileNotFoundError, ConnectionRefusedError): # it is not there yet, or a dead one's
            return False
    until(is_taken)
    return made


class Control:
    """Lines of port.h: answers come back, events are kept."""

    def __init__(self):
        self.file = connect("control").makefile("rw", newline="\n")
        self.events = []

    def line(self):
        return self.file.readline().rstrip("\n")

    def ask(self, command):
        self.file.write(command + "\n")
        self.file.flush()
        while True:
            line = self.line()
            if not line.startswith("event "):
                return line
            self.events.append(line)

    def event(self, what):
        while what not in self.events:
            line = self.line()
            if line == "":
                return False
            self.events.append(line)
        self.events.remove(what)
        return True

    def status(self):
        return json.loads(self.ask("status")[3:])


def start(*more):
    global board
    board = subprocess.Popen([program, "--flash", path("flash"), "--console", path("console"),
                             "--control", path("control"), "--link", path("link"), *more],
                            stderr=open(path("err"), "ab"))
    return board


def refused(*words):
    run = subprocess.run([program, *words], stderr=subprocess.PIPE, timeout=60)
    return run.returncode, run.stderr.decode()


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(word) for word in file.read().split()]


def lives(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


atexit.register(lambda: board.kill())
start()
case("control socket", until(lambda: os.path.exists(path("control"))))
for name in ("control", "console", "link"):
    case("%s is this user's alone" % name,
         until(lambda: os.path.exists(path(name))) and os.stat(path(name)).st_mode & 0o77 == 0)
control = Control()
case("it prints", until(lambda: open(path("console.log")).read() == "hello\n"))
case("where the GPIO is", until(lambda: control.status()["qemu"] != ""))
status = control.status()
case("status", status["state"] == "running" and status["power"] == "on" and status["emulated"]
     and status["qemu"].startswith("7.2."))
case("LED is off", control.ask("led?") == "ok 0")
case("button down", control.ask("button 1") == "ok" and control.event("event led 1"))
case("LED is on", control.ask("led?") == "ok 1")
case("button up", control.ask("release") == "ok" and control.event("event led 0"))
begin = time.monotonic()
case("press", control.ask("press") == "ok" and control.event("event led 1")
     and control.event("event led 0") and time.monotonic() - begin >= 0.045)
console = connect("console")
console.sendall(b"x")
case("console", console.recv(8) == b"x")
case("no such command", control.ask("display?").startswith("error unknown"))
case("a long line", control.ask("x" * 400) == "error line too long")
case("reset by control", control.ask("reset") == "ok" and control.event("event reset control"))
case("it prints again", until(lambda: open(path("console.log")).read().count("hello\n") == 2))
console.sendall(b"r")
case("reset by firmware", control.event("event reset firmware"))
case("once more", until(lambda: open(path("console.log")).read().count("hello\n") == 3))
case("button after a reset", control.ask("press") == "ok" and control.event("event led 1")
     and control.event("event led 0"))
def runs():
    return until(lambda: control.ask("button 1") == "ok" and control.ask("led?") == "ok 1", 10)


for _ in range(40): # a life is short if it ends within seconds: on a busy machine not each is
    lives_so_far = control.status()["starts"]
    runs()
    console.sendall(b"r")
    until(lambda: control.status()["starts"] > lives_so_far or control.status()["state"] == "ended", 10)
    if control.status()["state"] == "ended":
        break
why = "it resets itself again and again; its secure console said last: hello"
status = control.status()
case("a board that resets itself stands still, and says why", status["state"] == "ended"
     and status["reason"] == why and why in control.ask("press") and not os.path.exists(path("link")))
case("until its power is cycled", control.ask("power cycle") == "ok"
     and runs() and control.ask("button 0") == "ok")
console.sendall(b"o")
case("power off by firmware", until(lambda: control.status()["state"] == "off")
     and control.event("event power off"))
case("off: no button", control.ask("press").startswith("error the power is off"))
case("power on", control.ask("power on") == "ok" and control.event("event power on"))
case("power cycle", control.ask("power cycle") == "ok" and control.status()["starts"] > 5)
link = connect("link")
case("link is open", link.send(b"x") == 1)
qemu = children(board.pid)
case("one QEMU", len(qemu) == 1)


def words_of(pid):
    with open("/proc/%d/cmdline" % pid) as file:
        return file.read().split("\0")


until(lambda: words_of(qemu[0])[0].endswith("qemu-system-aarch64")) # not still the board's own
words = words_of(qemu[0])
case("r29_nobody_but_the_board_is_asked_in: no gdb, monitor, semihosting, configuration",
     not [w for w in words if w in ("-s", "-S", "-gdb", "-semihosting", "-semihosting-config", "-mon",
                                    "-fw_cfg", "-incoming") or w.startswith("-semihosting")]
     and words[words.index("-monitor") + 1] == "none" and "-no-user-config" in words
     and "-nodefaults" in words and not [w for w in words if "tcp:" in w or "udp:" in w])
code, said = refused("--flash", path("flash"))
case("a flash in use", code == 2 and "in use by another board" in said)
os.kill(qemu[0], signal.SIGKILL)
case("QEMU dies", any(control.event("event ended QEMU ended with status 137") for _ in (0,))
     and control.status()["state"] == "ended")
case("and comes back", control.ask("power cycle") == "ok" and control.status()["state"] == "running")
qemu = children(board.pid)
board.kill()
board.wait()
case("killed with its board", until(lambda: not lives(qemu[0])))
start()
control = Control()
case("paths of a killed board", b"cannot listen" not in open(path("err"), "rb").read()
     and control.status()["state"] != "")
case("quit", control.ask("quit") == "ok" and board.wait(60) == 0)
case("paths are gone", not os.path.exists(path("control")) and not os.path.exists(path("link")))
start()
until(lambda: os.path.exists(path("control")))
board.terminate()
case("SIGTERM", board.wait(60) == 0)

code, said = refused("--flash", path("missing"))
case("no flash", code == 2 and "causeway trustzone new-device" in said)
code, said = refused()
case("no --flash", code == 2 and "causeway trustzone new-device" in said)
code, said = refused("--flash", path("board.elf"))
case("not a flash", code == 2 and "64 MiB" in said)
os.chmod(path("flash"), 0o644)
code, said = refused("--flash", path("flash"))
case("others can read the flash", code == 2 and "chmod" in said)
os.chmod(path("flash"), 0o600)
code, said = refused("--flash", path("flash"), "--normal", path("none"))
case("no normal world", code == 2 and path("none") in said)
code, said = refused("--flash", path("flash"), "--initramfs", path("flash"))
case("initramfs alone", code == 2 and "--linux" in said)
os.symlink("/bin/true", path("qemu-system-aarch64"))
run = subprocess.run([program, "--flash", path("flash")], stderr=subprocess.PIPE, timeout=60,
                     env={"PATH": work})
case("another QEMU", run.returncode == 1 and b"secure GPIO" in run.stderr)
run = subprocess.run([program, "--flash", path("flash")], stderr=subprocess.PIPE, timeout=60,
                     env={"PATH": "/nowhere"})
case("no QEMU", run.returncode == 1 and b"apt install qemu-system-arm" in run.stderr)
comma = path("a,b=c")
os.rename(path("flash"), comma)
board = subprocess.Popen([program, "--flash", comma, "--console", path("console")])
case("a comma in a name", until(lambda: open(path("console.log")).read() == "hello\n"))
board.terminate()
board.wait(60)
print("%d passed, %d failed, 0 skipped" % (passed, failed))
sys.exit(failed != 0)
