# SPDX-License-Identifier: MIT
"""isolation - attempts of a hostile normal world against a board that is at work.

The board is causeway-trustzone with the shim in its normal world; causeway-adversary tells the shim
what to try.  i0 .. i14 are the attempts of docs/trustzone.md.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

BIN, NORMAL = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MONITOR, KERNEL, MODULES, FLASH = 0x0e000000, 0x0e020000, 0x0e200000, 0
SECURE_UART, SECURE_GPIO = 0x09040000, 0x090b0000
GICD = 0x08000000
READ_ABORT, WRITE_ABORT = 0x96000010, 0x96000050
UNKNOWN = 0xffffffff
passed = failed = 0


def case(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("FAIL: %s %s" % (name, why))


class Board:
    """A board with a device of its own, and the adversary in its normal world."""

    def __init__(self, folder):
        self.folder = folder
        self.flash = folder + "/flash"
        subprocess.run([BIN + "/causeway", "trustzone", "new-device", self.flash, "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        self.parts = [subprocess.Popen(
            [BIN + "/causeway-trustzone", "--flash", self.flash, "--normal", NORMAL] +
            [word for name in ("link", "probe", "console", "control")
             for word in ("--" + name, folder + "/" + name)], stderr=open(folder + "/board.log", "w"))]
        self.control = self.connect("control")
        self.link = self.connect("link")
        self.parts.append(subprocess.Popen(
            [BIN + "/causeway-adversary", "--world", folder + "/probe"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True))
        self.parts[1].stdout.readline()
        self.hello()

    def connect(self, name):
        until = time.monotonic() + 90
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.folder + "/" + name)
                s.settimeout(90)
                return s
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def frame(self):
        def take(count):
            got = b""
            while len(got) < count:
                more = self.link.recv(count - len(got))
                if not more:
                    raise EOFError
                got += more
            return got
        length, kind = struct.unpack("<IB3x", take(8))
        return kind, take(length)

    def hello(self):
        name = os.urandom(16)
        self.link.sendall(bytes(64) + struct.pack("<IB3x", len(name), 5) + name)
        while self.frame() != (1, name):
            pass

    def call(self, command, function, session, *parameters):
        """One message; parameters are (attr, a, b, c).  The answer: ret, origin, session, parameters."""
        message = struct.pack("<8I", command, function, session, 0, 0, 0, 0, len(parameters))
        message += b"".join(struct.pack("<4Q", *p) for p in parameters)
        self.link.sendall(struct.pack("<IB3x", len(message) + 256, 2) + message + bytes(256))
        kind, body = self.frame()
        while kind != 3:
            kind, body = self.frame()
        head = struct.unpack("<8I", body[:32])
        return head[5], head[6], head[2], body[32:]

    def boot_count(self):
        uuid = bytes.fromhex("f8c8ea4b6c024df09e7b6a0c6a5c2f13")
        ret, _, session, _ = self.call(0, 0, 0, (0x101, *struct.unpack("<2Q", uuid), 0),
                                       (0x101, 0, 0, 0))
        assert ret == 0, hex(ret)
        ret, _, _, rest = self.call(1, 4, session, (0, 0, 0, 0), (10, 0, 88, 0))
        assert ret == 0, hex(ret)
        self.call(2, 0, session)
        return struct.unpack_from("<Q", rest, 2 * 32 + 8)[0]

    def ask(self, *words):
        self.parts[1].stdin.write(" ".join(w if isinstance(w, str) else hex(w) for w in words) + "\n")
        self.parts[1].stdin.flush()
        answer = json.loads(self.parts[1].stdout.readline())
        assert answer["ok"], answer
        answer["words"] = [int(word, 16) for word in answer["words"]]
        return answer

    def tell(self, command):
        self.control.sendall(command.encode() + b"\n")
        text = b""
        while True:
            text += self.control.recv(4096)
            for line in text.split(b"\n")[:-1]:
                if not line.startswith(b"event"):
                    return line.decode()

    def heard(self, event, seconds=90):
        until, text = time.monotonic() + seconds, b""
        while event not in text and time.monotonic() < until:
            text += self.control.recv(4096)
        return event in text

    def end(self):
        self.parts[1].stdin.close()
        self.parts[0].terminate()
        for part in self.parts:
            part.wait(60)


def memory(b):
    own = b.ask("peek", 0x40200000, "8")
    case("i0_its own memory can be read", not own["aborted"] and own["words"][0] != 0, own)
    for name, at in (("the monitor", MONITOR), ("the kernel", KERNEL), ("modules", MODULES),
                     ("the end of secure RAM", 0x0efffff8), ("flash", FLASH),
                     ("the device's secret", 0x100008), ("the journal", 0x140000),
                     ("the secure UART", SECURE_UART), ("the secure GPIO", SECURE_GPIO + 0x3fc)):
        got = b.ask("peek", at, "4")
        case("i1_%s cannot be read" % name, got["aborted"] and got["words"] == [READ_ABORT, at], got)
        got = b.ask("poke", at, "4", 0xffffffff)
        case("i2_%s cannot be written" % name, got["aborted"] and got["words"] == [WRITE_ABORT, at], got)
    for width in (1, 2, 8):
        got = b.ask("peek", MODULES, str(width))
        case("i1_nor by %u bytes" % width, got["aborted"] and got["words"][1] == MODULES, got)
    case("the board goes on", b.boot_count() == 1)


def interrupts(b):
    """Of what is secure the normal world reads zeros, and what it writes has no effect."""
    for name, register in (("enabled", 0x104), ("pending", 0x204), ("active", 0x304), ("group", 0x084)):
        got = b.ask("peek", GICD + register, "4")
        case("i3_%s reads as zero" % name, not got["aborted"] and got["words"][0] & 0x101 == 0, got)
    for register in (0x184, 0x284, 0x384):
        b.ask("poke", GICD + register, "4", 0x101)
    b.ask("poke", GICD + 0x420, "4", 0xffffffff)  # priorities of 32..35
    got = b.ask("peek", GICD + 0x420, "4")
    case("i3_its priority cannot be had", got["words"][0] & 0xff == 0, got)


def calls(b):
    own = [0x84000000]  # PSCI_VERSION
    case("i5_the version of PSCI is answered", b.ask("smc", *own, "0", "0", "0")["words"][0] == 0x10001)
    unknown = [0, 1, 2, 0x80000002, 0x84000002, 0xc4000001, 0x84000fff, 0xb2ff0000, 0xb2ff0001,
               0x32ff0000, 0xf2000000, 0xbf00ff02, 0x32000003, 0xffffffff]
    for number in unknown:
        got = b.ask("smc", number, "1", "2", "3")
        case("i5_call 0x%x is unknown" % number, got["words"][0] & 0xffffffff == UNKNOWN, got)
    for at in (MONITOR, KERNEL, MODULES, FLASH, SECURE_UART, 0x3ffff000, 0xffffffff_fffff000,
               0x40200001, 0x8000000000):
        got = b.ask("smc", 0x32000004, at >> 32, at & 0xffffffff, "0")
        case("i4_a message at 0x%x is refused" % at, got["words"][0] in (4, 5), got)
    # REGISTER_SHM, built in its own memory far behind the shim: a list of pages, or where one is said
    # to be.  The first is as it should be, so that the others are refused for what they are.
    page, pages, reference = 0x44000000, 0x44001000, 0x77
    for name, listed, at, length, good in (
            ("its own page", 0x44002000, pages, 4096, True),
            ("a page of modules", MODULES, pages, 4096, False),
            ("a page of the monitor", MONITOR, pages, 4096, False),
            ("a page that begins inside another", 0x44002008, pages, 4096, False),
            ("a list in the secure world", 0x44002000, MODULES, 4096, False),
            ("a list at the end of all addresses", 0x44002000, (1 << 64) - 4096, 4096, False),
            ("a length of all there is", 0x44002000, pages, (1 << 64) - 1, False)):
        reference += 1
        message = struct.pack("<8I", 4, 0, 0, 0, 0, 0, 0, 1)
        message += struct.pack("<4Q", 0x20a, at, length, reference)
        b.ask("poke", pages, "8", listed)
        for i in range(0, len(message), 8):
            b.ask("poke", page + i, "8", struct.unpack_from("<Q", message, i)[0])
        got = b.ask("smc", 0x32000004, "0", page, "0")["words"][0]
        ret = b.ask("peek", page + 20, "4")["words"][0]
        case("i4_%s is %s" % (name, "taken" if good else "refused"), got == 0 and (ret == 0) == good,
             (got, hex(ret)))
    case("the board goes on", b.boot_count() == 1)


def devices(b):
    for name, at in (("the monitor", MONITOR), ("the kernel", KERNEL), ("flash", FLASH),
                     ("the device's secret", 0x100008)):
        got = b.ask("dma", at, "64")
        case("i8_a device reads nothing of %s" % name, got["bytes"] == "00" * 64, got["bytes"])
    got = b.ask("dma", 0x40200000, "64")
    case("i8_and what is there of its own memory", got["bytes"] not in ("", "00" * 64))


def starts(b):
    b.tell("power off")
    b.link.close()
    b.tell("power on")
    b.link = b.connect("link")
    b.hello()
    case("i11_the count of starts goes on", b.boot_count() == 2)
    b.parts[1].stdin.write("smc 0x84000008 0 0 0\n")  # SYSTEM_OFF
    b.parts[1].stdin.flush()
    case("i14_it can switch the board off", b.heard(b"power off") or "off" in b.tell("status"))


with tempfile.TemporaryDirectory() as folder:
    board = Board(folder)
    try:
        for part in (memory, interrupts, calls, devices, starts):
            part(board)
    finally:
        board.end()
print("%d passed, %d failed, 0 skipped" % (passed, failed))
sys.exit(failed != 0)
