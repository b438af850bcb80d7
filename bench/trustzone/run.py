#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TrustZone on QEMU, each against the least that the same QEMU does: start to the first secure print,
a module entered from the host, and an idle board.  Rounds of both sides take turns; medians."""
import atexit
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

BIN = "build/host/bin/"
SDK = "build/sdk/lib/trustzone/"
STARTS, ROUNDS, CALLS = 9, 9, 200
READY, CALL, ANSWER, HELLO = 1, 2, 3, 5
OPEN, INVOKE, LOAD, ENTER, PING = 0, 1, 1, 2, 5
VALUE_IN, VALUE, TMEM_IN, TMEM_OUT, META = 1, 3, 9, 10, 0x100
LINK_MAX, OUT_LEN, CHUNK = 256 << 10, 64 << 10, 64 << 10
UUID = bytes.fromhex("f8c8ea4b6c024df09e7b6a0c6a5c2f13")
ENTRY_CALL = 8


def absent(why):
    for what in ("TrustZone start to the first secure print", "TrustZone round trip, host to enclave"):
        print(f"ABSENT\t{what}\t{why}")
    sys.exit(77)


class Board:
    """causeway-trustzone in a folder of its own."""

    def __init__(self, folder, flash, normal=None):
        self.folder = folder
        for name in ("link", "console.log"):
            if os.path.exists(folder + "/" + name):
                os.unlink(folder + "/" + name)
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            [BIN + "causeway-trustzone", "--flash", flash, "--console", folder + "/console", "--link",
             folder + "/link"] + (["--normal", normal] if normal else []), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        atexit.register(self.stop)

    def first_print(self):
        log = self.folder + "/console.log"
        while True:
            now = time.monotonic()
            try:
                if os.stat(log).st_size > 0:
                    return now - self.begin
            except FileNotFoundError:
                pass
            if now - self.begin > 30:
                sys.exit("the board says nothing")
            time.sleep(0.0002)

    def pids(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
            return [self.process.pid] + [int(pid) for pid in file.read().split()]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def frame(kind, data):
    return struct.pack("<IBxxx", len(data), kind) + data


class Link:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        end = time.monotonic() + 30
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)
        name = os.urandom(16)
        self.socket.sendall(bytes(LINK_MAX + 8) + frame(HELLO, name))
        data = b""
        while not data.endswith(frame(READY, name)):
            data += self.socket.recv(4096)
        self.session = 0

    def take(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                sys.exit("the board closed its link")
            data += part
        return data

    def message(self, command, function, parameters, data=b"", count=None):
        return frame(CALL, struct.pack("<8I", command, function, self.session, 0, 0, 0, 0,
                                       len(parameters) if count is None else count) +
                     b"".join(struct.pack("<4Q", *p) for p in parameters) + data)

    def ask(self, message):
        self.socket.sendall(message)
        count, kind = struct.unpack("<IBxxx", self.take(8))
        answer = self.take(count)
        if kind != ANSWER:
            return self.ask(b"")
        return struct.unpack("<8I", answer[:32]), answer[32:]

    def good(self, message):
        head, rest = self.ask(message)
        if head[5] != 0:
            sys.exit("the secure world refuses: 0x%08x" % head[5])
        return head, rest

    def open(self, image):
        uuid = struct.unpack("<QQ", UUID)
        head, _ = self.good(self.message(OPEN, 0, [(VALUE_IN | META, *uuid, 0),
                                                   (VALUE_IN | META, 0, 0, 0)]))
        self.session = head[2]
        for at in range(0, len(image), CHUNK):
            part = image[at:at + CHUNK]
            self.good(self.message(INVOKE, LOAD, [(VALUE_IN, at, len(image), 0),
                                                  (TMEM_IN, 0, len(part), 0)], part))

    def enter(self, data, room_at=None):
        """ENTER with these bytes; room_at behind all: the normal world answers by itself."""
        room_at = (len(data) + 7) & ~7 if room_at is None else room_at
        return self.message(INVOKE, ENTER, [(VALUE, ENTRY_CALL, 0, 0), (TMEM_IN, 0, len(data), 0),
                                            (TMEM_OUT, room_at, OUT_LEN, 0)], data)


def per_call(link, message):
    begin = time.monotonic()
    for _ in range(CALLS):
        link.ask(message)
    return (time.monotonic() - begin) / CALLS


def processor_s(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid) as file:
            total += sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:13])
    return total / os.sysconf("SC_CLK_TCK")


def build_module(folder):
    """The image of examples/hello."""
    place = folder + "/hello"
    shutil.copytree("examples/hello", place)
    with open(place + "/app.json") as file:
        app = json.load(file)
    app["nodes"] = [{"name": "node1", "tee": "trustzone", "address": "local"}]
    app["policy"] = {"allow_emulated": True}
    with open(place + "/app.json", "w") as file:
        json.dump(app, file)
    subprocess.run([os.path.abspath(BIN + "causeway"), "build", "--quiet"], cwd=place, check=True,
                   stdout=subprocess.DEVNULL)
    with open(place + "/.causeway/build/node1/hello/hello.tz", "rb") as file:
        return file.read()


def bare_flash(folder):
    """The secure world of a few lines that the board's test has."""
    subprocess.run(["aarch64-linux-gnu-gcc", "-I.", "-nostdlib", "-static",
                    "-Wl,-Ttext=0,--build-id=none", "-o", folder + "/bare.elf",
                    "silicon/trustzone/tests/programs/board.S"], check=True)
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", folder + "/bare.elf",
                    folder + "/bare.flash"], check=True)
    os.truncate(folder + "/bare.flash", 64 << 20)
    os.chmod(folder + "/bare.flash", 0o600)
    return folder + "/bare.flash"


def measure_start(folder, flash, bare):
    times = {flash: [], bare: []}
    for _ in range(STARTS):
        for which in (bare, flash):
            board = Board(folder, which, SDK + "normal.bin" if which == flash else None)
            times[which].append(board.first_print())
            board.stop()
    ours, theirs = (statistics.median(times[which]) for which in (flash, bare))
    print(f"RESULT\tTrustZone start to the first secure print\t{1000 * ours:.1f}\tms\t"
          f"a bare image on the same board\t{ours / theirs:.2f}\t<= 1.5")


def measure_calls(folder, flash, image):
    board = Board(folder, flash, SDK + "normal.bin")
    link = Link(folder + "/link")
    ready = time.monotonic() - board.begin
    link.open(image)
    for endpoint in range(4):  # one of them is greet
        data = struct.pack("<HH", endpoint, 0) + b"Ada and Bob!"
        enter, echo = link.enter(data), link.enter(data, LINK_MAX)
        _, rest = link.good(enter)
        if b"Hello" in rest:
            break
    else:
        sys.exit("the module does not answer: %s" % rest[:16].hex())
    ping = link.message(INVOKE, PING, [(VALUE, 1, 0, 0)])
    times = {enter: [], echo: [], ping: []}
    for _ in range(ROUNDS):
        for message, seen in times.items():
            seen.append(per_call(link, message))
    entered, echoed, pinged = (statistics.median(times[m]) for m in (enter, echo, ping))
    what = "TrustZone round trip, host to enclave"
    print(f"RESULT\t{what}\t{1e6 * entered:.0f}\tus\techo by the normal world\t"
          f"{entered / echoed:.2f}\t<= 2.5")
    for part, took in (("the link, QEMU and the normal world", echoed),
                       ("two switches of the world and the front end", pinged - echoed),
                       ("the module: copies, address space, its runtime", entered - pinged)):
        print(f"PROFILE\t{what}\t{100 * took / entered:.0f} %\t{part}")
    print(f"RESULT\tTrustZone start to an answer on the link\t{1000 * ready:.0f}\tms\t-\t-\t-")
    time.sleep(0.5)
    pids = board.pids()
    begin, since = processor_s(pids), time.monotonic()
    time.sleep(4)
    share = 100 * (processor_s(pids) - begin) / (time.monotonic() - since)
    print(f"RESULT\tTrustZone board at rest, a module loaded\t{share:.2f}\t%\tof one processor\t-\t"
          "value < 1")
    board.stop()


def main():
    for tool, package in (("qemu-system-aarch64", "qemu-system-arm"),
                          ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu")):
        if shutil.which(tool) is None:
            absent(f"{tool} is missing: apt install {package}")
    with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
        flash = folder + "/board.flash"
        subprocess.run([BIN + "causeway", "trustzone", "new-device", flash, "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        measure_start(folder, flash, bare_flash(folder))
        measure_calls(folder, flash, build_module(folder))


main()
