# SPDX-License-Identifier: MIT
"""The cases of monitor.sh: each prints one line, the last one counts them."""
import hashlib
import hmac
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flash as flash_file  # noqa: E402
import p256  # noqa: E402
import qemu  # noqa: E402

BUILD, WORK = os.environ["BUILD"], os.environ["WORK"]
SECRET = bytes(range(32))
LIFECYCLE = struct.pack("<I", flash_file.LIFECYCLE_TEST)
MACHINES = {
    "a57, GICv2": {},
    "a57, GICv3": {"machine": "gic-version=3"},
    "a72, GICv2": {"cpu": "cortex-a72"},
    "max, GICv3": {"cpu": "max", "machine": "gic-version=3"},
    "a57, GICv2, EL2": {"machine": "gic-version=2,virtualization=on"},
}
CASES = 15  # of normal/monitor.c
passed = failed = 0


def case(name, good, why=""):
    global passed, failed
    print("%s: %s" % (name, "ok" if good else "NOT OK " + why), flush=True)
    passed, failed = passed + bool(good), failed + (not good)


def read(name):
    with open(os.path.join(BUILD, name), "rb") as file:
        return file.read()


def hkdf(key, info, length=32):
    prk = hmac.new(bytes(32), key, hashlib.sha256).digest()
    out, block, count = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([count]), hashlib.sha256).digest()
        out, count = out + block, count + 1
    return out[:length]


def head(major, value):
    """The head of a CBOR item."""
    if value < 24:
        return bytes([major << 5 | value])
    for code, form in ((24, ">B"), (25, ">H"), (26, ">I")):
        if value < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | code]) + struct.pack(form, value)
    raise ValueError(value)


def bstr(value):
    return head(2, len(value)) + value


class Boot:
    """struct cw_tz_boot, as the test's kernel printed it."""

    def __init__(self, said):
        line = [line for line in said.splitlines() if line.startswith("boot ")][0]
        (self.key, self.public, self.sealing, self.seed, self.platform, self.name, self.monitor,
         self.kernel, self.security_version, self.lifecycle, self.normal_at, self.normal_len,
         self.gic, first, second, *rest) = struct.unpack(
             "<32s64s32s32s32s32s32s32sIIQQIII1024s1024s4x", bytes.fromhex(line[5:]))
        self.certificates = [rest[0][:first], rest[1][:second]]


def check_boot(said, gic):
    """Everything that boot derives, derived here once more."""
    boot = Boot(said)
    monitor = hashlib.sha256(read("trustzone/monitor.bin")).digest()
    kernel = hashlib.sha256(read("trustzone/tests/kernel.bin")).digest()
    case("boot measures monitor and kernel", (boot.monitor, boot.kernel) == (monitor, kernel))
    attest = hkdf(SECRET, b"cw1.tz.attest" + monitor + kernel + LIFECYCLE)
    key = p256.secret(hkdf(attest, b"cw1.tz.key", 48))
    case("boot derives the attestation key", boot.key == key and boot.public == p256.public(key))
    case("boot derives the sealing secret", boot.sealing == hkdf(SECRET, b"cw1.tz.seal" + LIFECYCLE))
    device = p256.public(p256.secret(hkdf(SECRET, b"cw1.tz.device", 48)))
    case("boot names the platform", boot.platform == hashlib.sha256(device).digest()
         and boot.name == b"test device".ljust(32, b"\0"))
    payload = (b"\xa5\x01" + bstr(boot.public) + b"\x02" + bstr(monitor) + b"\x03" + bstr(kernel)
               + b"\x04\x01\x05" + head(0, flash_file.LIFECYCLE_TEST))
    begin = b"\xd2\x84\x43\xa1\x01\x26\xa0" + bstr(payload) + b"\x58\x40"
    signed = b"\x84" + head(3, 10) + b"Signature1\x43\xa1\x01\x26\x40" + bstr(payload)
    certificate = boot.certificates[0]
    case("boot certifies the attestation key", certificate[:-64] == begin
         and p256.verifies(device, hashlib.sha256(signed).digest(), certificate[-64:]))
    case("boot passes the maker's certificate on", boot.certificates[1] == b"a certificate")
    case("boot says what the machine is", (boot.normal_at, boot.normal_len, boot.gic)
         == (0x40000000, 256 << 20, gic) and (boot.security_version, boot.lifecycle) == (1, 0x1000))
    case("r30_boot_leaves_nothing_but_the_hand_over", "scratch zeros" in said)
    return boot


def play(name, path, options, cases):
    machine = qemu.Machine(WORK, path, os.path.join(BUILD, "trustzone/tests/monitor.bin"), smp=2,
                           **options)
    ended = machine.run(20, types=b"x")
    lines = machine.normal().splitlines()
    for line in lines:
        if line.startswith("r") and line.endswith(" ok"):
            case("%s: %s" % (name, line[:-3]), True)
        elif "NOT OK" in line:
            index = lines.index(line)
            case("%s: %s" % (name, line.split()[0]), False,
                 "; ".join(l.strip() for l in lines[:index] if l.startswith("    "))[-400:])
    count = sum(line.endswith(" ok") for line in lines)
    case("%s: all cases were played" % name, count == cases and "end" in lines,
         "%d of %d; %s" % (count, cases, machine.secure()[-300:]))
    case("%s: r7_a_call_that_the_kernel_must_not_make_resets" % name,
         ended and "causeway: monitor: fault 0x5e000000" in machine.secure()
         and "not reached" not in lines)
    return machine


def refused(name, path, words, **options):
    """A flash that boot does not start: it says why, and the board is off."""
    machine = qemu.Machine(WORK, path, **options)
    ended = machine.run(20)
    said = machine.secure()
    case(name, ended and said.startswith("causeway: secure world\r\n") and words in said, said[-300:])


firmware = read("trustzone/tests/firmware.bin")
device = flash_file.block(SECRET, certificate=b"a certificate")
path = os.path.join(WORK, "flash")
flash_file.make(path, firmware, device)

seeds = set()
for machine_name, chosen in MACHINES.items():
    machine = play(machine_name, path, chosen, cases=CASES)
    seeds.add(Boot(machine.secure()).seed)
    if machine_name == "a57, GICv3":
        check_boot(machine.secure(), 3)
    print("    first word after %.0f ms" % (1000 * machine.first))
case("r30_each_start_has_a_seed_of_its_own", len(seeds) == len(MACHINES) and bytes(32) not in seeds)

machine = qemu.Machine(WORK, path, os.path.join(BUILD, "trustzone/tests/monitor.bin"), smp=2,
                       reboot=True)
machine.run(30, types=b"x", until=lambda: machine.normal().count("end\n") == 2)
case("both CPUs start again after a reset, with the memory of before",
     machine.normal().count(" ok\n") == 2 * CASES and "NOT OK" not in machine.normal(),
     machine.normal()[-300:] + machine.secure()[-200:])

flash_file.make(path, firmware)
refused("a flash without a device", path, "this flash is of no device")
flash_file.make(path, firmware, device[:100] + b"\x55" + device[101:])
refused("a damaged device block", path, "the device block is damaged")
TABLE = 0x800
flash_file.make(path, firmware[:TABLE + 16] + struct.pack("<Q", 0x0e020000) + firmware[TABLE + 24:],
                device)
refused("a part of the firmware for another place", path, "table of parts is damaged")

print("%d passed, %d failed, 0 skipped" % (passed, failed))
sys.exit(failed != 0)
