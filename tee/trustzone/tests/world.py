# SPDX-License-Identifier: MIT
"""world - a normal world for tests that speaks the secure world's messages (tee/trustzone/abi.h).

    w = world.World(work, flash, remote)       boots; tests/remote does what this file says
    s = w.open()                               a session
    s.load(image(...)); s.enter(8, b"input")
"""
import functools
import hashlib
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import p256  # noqa: E402
import qemu  # noqa: E402

SUCCESS, ACCESS_DENIED, EXCESS_DATA, BAD_FORMAT = 0, 0xffff0001, 0xffff0004, 0xffff0005
BAD_PARAMETERS, BAD_STATE, NOT_FOUND, BUSY = 0xffff0006, 0xffff0007, 0xffff0008, 0xffff000d
OUT_OF_MEMORY, SHORT_BUFFER, DEAD = 0xffff000c, 0xffff0010, 0xffff3024
LOAD, ENTER, FETCH, INFO, PING = 1, 2, 3, 4, 5
NONE, VALUE_IN, VALUE_OUT, VALUE_INOUT, TMEM_IN, TMEM_OUT, META = 0, 1, 2, 3, 9, 10, 0x100
DONE, AGAIN, REFUSED, PENDING = 0, 1, 2, 3
UUID = bytes.fromhex("f8c8ea4b6c024df09e7b6a0c6a5c2f13")
CALL_WITH_ARG = 0x32000004

# Where the messages and buffers of the tests lie.
MESSAGE_AT, IN_AT, OUT_AT = 0x41000000, 0x41100000, 0x41200000
OUT_LEN = 0x10000


def sign(key, digest):
    """ES256, by a nonce that follows from key and hash: for tests alone."""
    d, e = int.from_bytes(key, "big"), int.from_bytes(digest, "big")
    k = int.from_bytes(hashlib.sha256(key + digest).digest(), "big") % (p256.N - 1) + 1
    r = p256.multiply(k, p256.G)[0] % p256.N
    s = pow(k, -1, p256.N) * (e + r * d) % p256.N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


KEY = p256.secret(b"\x11" * 48)
PUBLIC = p256.public(KEY)


@functools.lru_cache(maxsize=None)
def image(code, name=b"subject", version=1, debug=True, device=0, endpoint=0xffff, key=KEY, **other):
    """A signed image of text, and bss enough for tests/subject."""
    public = PUBLIC if key is KEY else p256.public(key)
    head = struct.pack("<4sHHIIIIIIHH28x", b"CWTZ", 1, int(debug), len(code), 0, 0,
                       other.get("bss", 0x1000), other.get("stack", 0x4000), version, device,
                       endpoint) + name.ljust(32, b"\0") + public
    signature = sign(key, hashlib.sha256(head + code).digest())
    return head + signature + bytes(32) + code


class Session:
    def __init__(self, world, number):
        self.world, self.number = world, number

    def invoke(self, function, *parameters):
        return self.world.message(1, function, self.number, parameters)

    def load_part(self, offset, total, data):
        self.world.write(IN_AT, data)
        return self.invoke(LOAD, (VALUE_IN, offset, total, 0), (TMEM_IN, IN_AT, len(data), 0))[0]

    def load(self, data, chunk=0x8000):
        for at in range(0, len(data), chunk):
            result = self.load_part(at, len(data), data[at:at + chunk])
            if result != SUCCESS:
                return result
        return SUCCESS

    def enter(self, entry, data, room=OUT_LEN):
        """(TEE result, cw_result, items)."""
        self.world.write(IN_AT, data)
        code, values = self.invoke(ENTER, (VALUE_INOUT, entry, 0, 0),
                                   (TMEM_IN, IN_AT, len(data), 0), (TMEM_OUT, OUT_AT, room, 0))
        if code != SUCCESS:
            return code, None, b""
        return code, values[0][0] >> 24, self.world.read(OUT_AT, values[2][1])

    def do(self, op, *arguments):
        """An op of tests/subject: the words that it answers, or the TEE result."""
        words = [op] + [a & (1 << 64) - 1 for a in arguments]
        code, result, items = self.enter(0, struct.pack("<7Q", *(words + [0] * (7 - len(words)))))
        if code != SUCCESS:
            return code
        return list(struct.unpack("<%dQ" % (len(items) // 8), items)) if result == DONE else -result

    def fetch(self, room=OUT_LEN):
        """(TEE result, cw_return, waiting, items)."""
        code, values = self.invoke(FETCH, (VALUE_OUT, 0, 0, 0), (NONE, 0, 0, 0),
                                   (TMEM_OUT, OUT_AT, room, 0))
        if code != SUCCESS:
            return code, 0, 0, b""
        return code, values[0][0], values[0][1], self.world.read(OUT_AT, values[2][1])

    def close(self):
        return self.world.message(2, 0, self.number, ())[0]


class World:
    def __init__(self, work, flash, remote, **options):
        self.machine = qemu.Machine(work, flash, remote, talk=True, **options)
        self.wire = self.machine.talk
        self.wire.settimeout(90)
        self.take(1)

    def take(self, count):
        got = b""
        while len(got) < count:
            more = self.wire.recv(count - len(got))
            if not more:
                raise EOFError("the machine ended: " + self.machine.secure()[-300:])
            got += more
        return got

    def write(self, at, data):
        if data:
            self.wire.sendall(b"W" + struct.pack("<QQ", at, len(data)) + data)
            self.take(1)

    def read(self, at, length):
        self.wire.sendall(b"R" + struct.pack("<QQ", at, length))
        return self.take(length)

    def load(self, at):
        self.wire.sendall(b"L" + struct.pack("<Q", at))
        return struct.unpack("<I", self.take(4))[0]

    def fill(self, at, length, value):
        """value, 4 bytes, again and again, each as one access."""
        self.wire.sendall(b"F" + struct.pack("<QQQ", at, length, value))
        self.take(1)

    def smc(self, *x):
        self.wire.sendall(b"S" + struct.pack("<4Q", *(list(x) + [0] * (4 - len(x)))))
        return list(struct.unpack("<4Q", self.take(32)))

    def message(self, command, function, session, parameters):
        """(ret, the parameters' a, b, c afterwards)."""
        self.write(MESSAGE_AT, struct.pack("<8I", command, function, session, 0, 0, 0xffffffff, 0,
                                           len(parameters)) + b"".join(
                                               struct.pack("<4Q", *p) for p in parameters))
        status = self.smc(CALL_WITH_ARG, 0, MESSAGE_AT)[0]
        if status != 0:
            return -status, []
        back = self.read(MESSAGE_AT, 32 + 32 * len(parameters))
        self.session = struct.unpack_from("<I", back, 8)[0]
        return (struct.unpack_from("<I", back, 20)[0],
                [struct.unpack_from("<3Q", back, 40 + 32 * i) for i in range(len(parameters))])

    def open(self):
        a, b = struct.unpack("<QQ", UUID)
        code, _ = self.message(0, 0, 0, [(VALUE_IN | META, a, b, 0), (VALUE_IN | META, 0, 0, 0)])
        return Session(self, self.session) if code == SUCCESS else code

    def wait(self, what, seconds=60):
        """Until what() is true."""
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def type(self, text):
        self.machine.type(text)

    def said(self):
        return self.machine.secure()

    def attention(self):
        """Is CW_TZ_ATTENTION_INTERRUPT pending?  And no longer."""
        pending = self.load(0x08000200 + 4 * (219 // 32)) >> 219 % 32 & 1
        if pending:
            self.write(0x08000280 + 219 // 8, bytes([1 << 219 % 8]))
        return bool(pending)

    def end(self):
        self.machine.end()
