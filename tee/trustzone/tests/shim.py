# SPDX-License-Identifier: MIT
"""The cases of shim.sh.  Numbers are those of tee/trustzone/abi.h."""
import os
import socket
import struct
import subprocess
import sys
import time

READY, CALL, ANSWER, HELLO, PROBE, PROBED = 1, 2, 3, 5, 6, 7
INVOKE, TMEM_IN, TMEM_OUT, VALUE = 1, 9, 10, 3
GENERIC, BAD_PARAMETERS = 0xffff0000, 0xffff0006
LINK_MAX, RAM, SECURE = 256 << 10, 0x40200000, 0x0e000000
passed = failed = 0


def case(name, good):
    global passed, failed
    print("%s: %s" % (name, "ok" if good else "NOT OK"), flush=True)
    passed, failed = passed + bool(good), failed + (not good)


def path(name):
    return os.path.join(os.environ["WORK"], name)


def console(number):
    name = "serial%d" % number
    return ["-chardev", "socket,id=%s,path=%s,server=on,wait=off" % (name, path(name)),
            "-device", "virtio-serial-device,id=%s,bus=virtio-mmio-bus.%d,max_ports=1" %
            (name + "d", number), "-device", "virtconsole,bus=%sd.0,chardev=%s" % (name, name)]


def frame(kind, data):
    return struct.pack("<IBxxx", len(data), kind) + data


class Link:
    def __init__(self, number):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(90)
        self.socket.connect(path("serial%d" % number))

    def take(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            assert part
            data += part
        return data

    def get(self):
        count, kind = struct.unpack("<IBxxx", self.take(8))
        return kind, self.take(count)

    def put(self, kind, data):
        self.socket.sendall(frame(kind, data))

    def hello(self, name):
        """All that comes before READY with this name."""
        self.socket.sendall(bytes(LINK_MAX + 8))
        self.put(HELLO, name)
        data, end = b"", frame(READY, name)
        while not data.endswith(end):
            part = self.socket.recv(4096)
            assert part
            data += part
        return data[:-len(end)]

    def call(self, parameters, data=b"", count=None):
        message = struct.pack("<8I", INVOKE, 5, 7, 0, 0, 0, 0,
                              len(parameters) if count is None else count)
        self.put(CALL, message + b"".join(struct.pack("<4Q", *p) for p in parameters) + data)
        kind, answer = self.get()
        assert kind == ANSWER
        return struct.unpack("<8I", answer[:32]), answer[32:]

    def probe(self, *words):
        self.put(PROBE, struct.pack("<5Q", *words, *[0] * (5 - len(words))))
        kind, answer = self.get()
        assert kind == PROBED
        return struct.unpack("<5Q", answer[:40]), answer[40:]


def ticks(pid):
    with open("/proc/%d/stat" % pid) as file:
        return sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:13])


qemu = subprocess.Popen(
    ["qemu-system-aarch64", "-nodefaults", "-machine", "virt,gic-version=2", "-accel", "tcg", "-cpu",
     "cortex-a57", "-m", "256", "-nic", "none", "-display", "none", "-monitor", "none",
     "-global", "virtio-mmio.force-legacy=false",
     "-device", "loader,file=%s,addr=%d,force-raw=on" % (os.environ["IMAGE"], RAM),
     "-device", "loader,addr=%d,cpu-num=0" % RAM] + console(0) + console(1))
try:
    while not os.path.exists(path("serial1")):
        assert qemu.poll() is None
        time.sleep(0.02)
    link = Link(0)
    before = link.hello(b"0123456789abcdef")
    case("READY", before in (b"", frame(READY, b"")))
    head, rest = link.call([(VALUE, 41, 5, 0)])
    case("no secure world", head[5:7] == (GENERIC, 2))
    case("values stay", struct.unpack("<4Q", rest) == (VALUE, 41, 5, 0))
    head, rest = link.call([(TMEM_IN, 0, 60000, 0), (TMEM_OUT, 60000, 65536, 0)], bytes(60000))
    case("memories", head[5] == GENERIC and len(rest) == 64)
    for name, bad in (("behind the data", (TMEM_OUT, LINK_MAX, 1, 0)),
                      ("length wraps", (TMEM_OUT, 8, 2 ** 64 - 4, 0)),
                      ("offset wraps", (TMEM_IN, 2 ** 64 - 8, 64, 0))):
        head, rest = link.call([bad])
        case(name, head[5:7] == (BAD_PARAMETERS, 2) and len(rest) == 32)
    head, rest = link.call([], count=7)
    case("too many parameters", head[5] == BAD_PARAMETERS and rest == b"")
    head, rest = link.call([(VALUE, 0, 0, 0)], count=2)
    case("fewer than it says", head[5] == BAD_PARAMETERS and rest == b"")
    link.put(CALL, b"abc")
    case("no message", link.get()[0] == ANSWER)
    for cut in (3, 8, 9, 333, 8 + 32 + 5000):
        link.socket.sendall(frame(CALL, struct.pack("<8I", INVOKE, 5, 7, 0, 0, 0, 0, 0) +
                                  bytes(59999))[:cut])
        link.socket.close()
        link = Link(0)
        link.hello(b"%016d" % cut)
        head, rest = link.call([(VALUE, 1, 2, 0)])
        case("a frame cut after %d" % cut, head[5] == GENERIC)
    probe = Link(1)
    word, _ = probe.probe(1, RAM, 4)
    with open(os.environ["IMAGE"], "rb") as file:
        case("reads", word[:2] == (1, struct.unpack("<I", file.read(4))[0]))
    word, _ = probe.probe(1, SECURE, 8)
    case("nothing there: an abort", word[:3] == (0, 0x96000010, SECURE))
    probe.probe(2, RAM + 0x200000, 4, 77)
    case("writes", probe.probe(1, RAM + 0x200000, 4)[0] == (1, 77, 0, 0, 0))
    case("SMC", probe.probe(3, 0x84000000)[0][1] == 2 ** 64 - 1)
    word, data = probe.probe(4, RAM + 0x200000, 16)
    case("DMA", data == struct.pack("<IIII", 77, 0, 0, 0))
    case("masks", probe.probe(5, 1)[0][0] == 1 and probe.probe(5, 0)[0][0] == 1)
    time.sleep(0.5)
    begin = ticks(qemu.pid)
    time.sleep(1)
    case("it sleeps", ticks(qemu.pid) - begin <= 3)
finally:
    qemu.kill()
    qemu.wait()
print("%d passed, %d failed, 0 skipped" % (passed, failed))
sys.exit(failed != 0)
