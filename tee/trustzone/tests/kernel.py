# SPDX-License-Identifier: MIT
"""The cases of kernel.sh: each prints one line, the last one counts them."""
import hashlib
import os
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flash as flash_file  # noqa: E402
import p256  # noqa: E402
import world  # noqa: E402
from world import DEAD, DONE, SUCCESS, image  # noqa: E402

BUILD, WORK = os.environ["BUILD"], os.environ["WORK"]
(ECHO, PEEK, POKE, SVC, JUMP, SPIN, VECTORS_SET, VECTORS_GET, LEAVE, OVERFLOW, BEHAVE,
 BEGUN, COUNT) = range(13)
(TAKE_EDGE, TAKE_BYTES, LEAVE_EDGE, SAY_MUCH, SAY_AGAIN, DIE, SAY_PENDING,
 TAKE_SILENTLY) = range(8)
IMAGE_AT, STACK_TOP, IN_AT, OUT_AT = 0x40000000, 0x40400000, 0x40400000, 0x40410000
(LEFT, ABORT, RANDOM, EVIDENCE, SEAL_VERSIONS, SEAL_KEY, DEVICE_READ, DEVICE_WRITE, COUNTER,
 LOG) = range(1, 11)
GPIO_IN, GPIO_OUT, GPIO_DIR, GPIO_IFG, GPIO_IES, GPIO_IE = range(6)
PORT1, PORT2, UART = 1, 2, 3
# Registers: distributor; the interface of CPUs, or the redistributor.
CONTROLLERS = {"gic-version=2": ((0x08000000, 0x1000), (0x08010000, 0x2000)),
               "gic-version=3": ((0x08000000, 0x10000), (0x080a0000, 0x20000))}
passed = failed = 0


def case(name, good, why=""):
    global passed, failed
    print("%s: %s" % (name, "ok" if good else "NOT OK " + str(why)), flush=True)
    passed, failed = passed + bool(good), failed + (not good)


def read(name):
    with open(os.path.join(BUILD, name), "rb") as file:
        return file.read()


def killed(w, name, code, act, esr=None):
    """A module that does this dies, says which fault, and stays dead; others live on."""
    s = w.open()
    s.load(image(code))
    before = len(w.said())
    result = act(s)
    again = s.do(ECHO, 1)
    said = w.said()[before:]
    good = result == DEAD and again == DEAD and (esr is None or "esr 0x%x " % esr in said)
    case(name, good, (result, again, said))
    s.close()


def begin(w, code):
    case("ping is answered", w.open().invoke(world.PING, (world.VALUE_INOUT, 41, 7, 0))
         == (SUCCESS, [(42, 7, 0)]))
    s = w.open()
    case("entering before loading is refused", s.do(ECHO, 1) == world.BAD_STATE)
    case("a module is loaded", s.load(image(code)) == SUCCESS)
    case("a module is entered", s.do(ECHO, 1, 2, 3) == [1, 2, 3, 0, 0, 0])
    first = s.do(BEGUN)
    case("it began with entry, length and what the CPU has", first == [0, 56, 3], first)
    case("it keeps its registers from entry to entry", s.do(ECHO, 5)[0] == 5)
    case("a second image for it is refused", s.load(image(code)) == world.BAD_STATE)
    case("a closed session is no more", s.close() == SUCCESS and s.do(ECHO) == world.NOT_FOUND)


def loading(w, code):
    s = w.open()
    good = image(code)
    total = len(good)
    case("r17_loading_with_a_gap_is_refused", s.load_part(0, total, good[:300]) == SUCCESS
         and s.load_part(301, total, good[301:400]) == world.BAD_PARAMETERS)
    case("r17_loading_with_another_total_is_refused",
         s.load_part(300, total + 1, good[300:400]) == world.BAD_PARAMETERS)
    case("r17_loading_past_the_end_is_refused",
         s.load_part(300, total, good[300:] + b"x") == world.BAD_PARAMETERS)
    case("loading goes on after what was refused", s.load_part(300, total, good[300:]) == SUCCESS
         and s.do(ECHO, 9)[0] == 9)
    s.close()
    s = w.open()
    case("an image that is too long is refused", s.load_part(0, (2 << 20) + 257, b"x")
         == world.EXCESS_DATA and s.load_part(0, 1 << 63, b"x") == world.EXCESS_DATA)
    case("an image that is none is refused", s.load(b"x" * 300) == world.BAD_FORMAT)
    case("an image shorter than its header is refused", s.load(good[:100]) == world.BAD_FORMAT)
    for name, at in (("flags", 6), ("stack", 24), ("security version", 28), ("name", 68),
                     ("signer", 96), ("signature", 170), ("text", 300)):
        bad = bytearray(good)
        bad[at] ^= 1
        case("r18_changed %s is refused" % name,
             s.load(bytes(bad)) in (world.ACCESS_DENIED, world.BAD_FORMAT))
    other = bytearray(good)
    other[96:160] = p256.public(b"\x07".rjust(32, b"\0"))
    case("r18_another signer's name on it is refused", s.load(bytes(other)) == world.ACCESS_DENIED)
    case("the session takes an image after all", s.load(good) == SUCCESS and s.do(ECHO, 3)[0] == 3)
    s.close()
    s = w.open()
    case("r24_a newer version is loaded", s.load(image(code, b"aging", version=7)) == SUCCESS)
    s.close()
    s = w.open()
    case("r24_an older one is refused from then on", s.load(image(code, b"aging", version=6))
         == world.ACCESS_DENIED)
    case("r24_the same one is loaded", s.load(image(code, b"aging", version=7)) == SUCCESS)
    s.close()


def free_memory(w):
    s = w.open()
    s.invoke(world.INFO, (world.NONE, 0, 0, 0), (world.TMEM_OUT, world.OUT_AT, 88, 0))
    version, sessions, boot, memory = struct.unpack_from("<IIQQ", w.read(world.OUT_AT, 88))
    s.close()
    return memory, sessions, boot


def sessions(w, code):
    before = free_memory(w)
    many = [w.open() for _ in range(16)]
    case("r16_there are as many sessions as there are, and no more",
         not any(isinstance(s, int) for s in many[:before[1] + 1]) and w.open() == world.BUSY)
    many = [s for s in many if not isinstance(s, int)]
    case("r19_each session has a module of its own",
         all(s.load(image(code)) == SUCCESS for s in many)
         and all(s.do(POKE, OUT_AT + 0x800, i) == [] for i, s in enumerate(many))
         and [s.do(PEEK, OUT_AT + 0x800)[0] for s in many] == list(range(len(many))))
    case("r16_closing them gives everything back", all(s.close() == SUCCESS for s in many)
         and free_memory(w) == before)
    big = [w.open() for _ in range(8)]
    results = [s.load(image(code, bss=0x1f0000, stack=0x100000)) for s in big]
    case("what has no memory is refused", SUCCESS in results and world.OUT_OF_MEMORY in results,
         results)
    for s in big:
        s.close()
    case("r16_what was refused leaves nothing", free_memory(w) == before)


def isolation(w, code):
    def peek(at):
        return lambda s: s.do(PEEK, at)

    def svc(number, *x):
        return lambda s: s.do(SVC, number, *x)

    killed(w, "i6_a module that reads the normal world is killed", code, peek(0x50000000),
           0x92000006)
    killed(w, "i6_nor as the kernel sees it", code, peek(0x1000000000), 0x9200000e)
    killed(w, "i7_a module that reads another one is killed", code, peek(0x0e200000),
           0x9200000e)
    killed(w, "a module that reads the kernel is killed", code, peek(0x0e020000), 0x9200000f)
    killed(w, "a module that reads the monitor is killed", code, peek(0x0e000000))
    killed(w, "a module that reads the flash is killed", code, peek(0x100000))
    killed(w, "a module that reads the GPIO is killed", code, peek(0x090b0000), 0x9200000f)
    killed(w, "a module that writes the GPIO is killed", code,
           lambda s: s.do(POKE, 0x090b0000 + 4, 1), 0x9200004f)
    killed(w, "a module that reads nothing is killed", code, peek(8))
    killed(w, "r5_a module that writes its text is killed", code,
           lambda s: s.do(POKE, IMAGE_AT + 64, 0), 0x9200004f)
    killed(w, "r5_a module that executes its stack is killed", code,
           lambda s: s.do(JUMP, STACK_TOP - 64), 0x8200000f)
    killed(w, "r5_a module that executes its window is killed", code,
           lambda s: s.do(JUMP, IN_AT + 64), 0x8200000f)
    killed(w, "r5_a module that executes the kernel is killed", code,
           lambda s: s.do(JUMP, 0x0e020000), 0x8200000f)
    killed(w, "a stack that is at its end kills", code, lambda s: s.do(OVERFLOW, 8))
    killed(w, "a module that gives up is dead", code, svc(ABORT))
    for number in (0, 11, 99, 1 << 32 | RANDOM, (1 << 64) - 1):
        killed(w, "an unknown call kills: %d" % number, code, svc(number))
    text, data, hole = IMAGE_AT, IMAGE_AT + 0x1000, IMAGE_AT + 0x2000
    for name, at, length in (("no bytes", data, 0), ("wrapping", data, (1 << 64) - data + 2),
                             ("negative", data, (1 << 64) - 1), ("too many", data, 257),
                             ("past its end", hole - 8, 16), ("in a hole", hole, 16),
                             ("text", text, 16), ("the kernel", 0x0e020000, 16),
                             ("the normal world", 0x1000000000, 16), ("flash", 0x100000, 16)):
        killed(w, "r21_random bytes to a wrong buffer kill: %s" % name, code, svc(RANDOM, at, length))
    for name, x in (("report", (hole, data, 64, data)), ("bytes", (data, text, 64, data)),
                    ("room", (data, data, (1 << 64) - data + 1, data)),
                    ("length", (data, data, 64, hole - 3))):
        killed(w, "r21_a wrong buffer for evidence kills: %s" % name, code, svc(EVIDENCE, *x))
    killed(w, "r21_a wrong buffer for a key kills", code, svc(SEAL_KEY, 1, data, data, hole - 15))
    killed(w, "r21_wrong versions for a key kill", code, svc(SEAL_KEY, 1, 0x0e020000, data, data))
    killed(w, "r21_a wrong buffer for versions kills", code, svc(SEAL_VERSIONS, hole - 17))
    killed(w, "r21_a wrong buffer for the counter kills", code, svc(COUNTER, 0, 0x0e020000))
    killed(w, "r21_a wrong text for the log kills", code, svc(LOG, 0x0e020000, 16))
    killed(w, "r25_a device call without a device kills", code, svc(DEVICE_READ, 0))
    killed(w, "r13_leaving with more items than there is room kills", code,
           lambda s: s.do(LEAVE, 0x10001))
    killed(w, "r13_leaving with a result that is none kills", code,
           lambda s: s.do(LEAVE, 4 << 24))
    killed(w, "r13_leaving with a value that is too long kills", code,
           lambda s: s.do(LEAVE, 1 << 32))


def services(w, code):
    s, t = w.open(), w.open()
    s.load(image(code))
    t.load(image(code, b"other"))
    data = IMAGE_AT + 0x1000 + 0x800
    drawn = set()
    for each in (s, s, t):
        each.do(SVC, RANDOM, data, 16)
        drawn.add(tuple(each.do(PEEK, data) + each.do(PEEK, data + 8)))
    case("r30_random bytes differ each time", len(drawn) == 3 and (0, 0) not in drawn)
    case("the counter advances", [s.do(SVC, COUNTER, 1, data)[0], s.do(PEEK, data)[0]] == [0, 1]
         and [s.do(SVC, COUNTER, 0, data)[0], s.do(PEEK, data)[0]] == [0, 1]
         and [s.do(SVC, COUNTER, 1, data)[0], s.do(PEEK, data)[0]] == [0, 2])
    case("r19_the counter of another module is its own", t.do(SVC, COUNTER, 0, data)[0] == 0
         and t.do(PEEK, data) == [0])
    s.do(SVC, SEAL_VERSIONS, data)
    keys = []
    for each, kind in ((s, 1), (s, 1), (t, 1), (s, 2), (t, 2)):
        each.do(SVC, SEAL_VERSIONS, data)
        code_, _ = each.do(SVC, SEAL_KEY, kind, data, data + 64, data + 128)
        keys.append((code_, each.do(PEEK, data + 128)[0], each.do(PEEK, data + 136)[0]))
    case("a sealing key is the same for the same, and another for others",
         keys[0] == keys[1] and len(set(keys)) == 4 and all(k[0] == 0 and k[1] for k in keys), keys)
    token = s.do(SVC, EVIDENCE, data, OUT_AT + 0x1000, 0x2000, data + 64)
    length = s.do(PEEK, data + 64)[0] & 0xffffffff
    case("evidence is given", token[0] == 0 and 300 < length <= 0x2000, (token, length))
    case("evidence that finds no room says so", s.do(SVC, EVIDENCE, data, OUT_AT, 8, data + 64)[0] == 9)
    case("other registers come back as they were", s.do(SVC, RANDOM, data, 16, 5, 6)[1] == 16)
    s.close()
    t.close()


def vectors(w, code):
    s, t = w.open(), w.open()
    s.load(image(code))
    t.load(image(code))
    zeros = s.do(VECTORS_GET)
    case("vector registers begin with zeros", zeros == [0] * 64, zeros)
    s.do(VECTORS_SET, 0x5a)
    case("r19_vector registers of another module are not seen", t.do(VECTORS_GET) == [0] * 64)
    t.do(VECTORS_SET, 0xa5)
    t.do(SVC, EVIDENCE, IMAGE_AT + 0x1800, OUT_AT + 0x1000, 0x2000, IMAGE_AT + 0x1900)
    case("vector registers are kept over entries and calls",
         s.do(VECTORS_GET) == [0x5a5a5a5a5a5a5a5a] * 64 and t.do(VECTORS_GET)
         == [0xa5a5a5a5a5a5a5a5] * 64)
    s.close()
    t.close()


def newer(w, code):
    """An instruction of newer CPUs that EL3 keeps for itself: the module's end, not the board's."""
    s, t = w.open(), w.open()
    t.load(image(code))
    pacga = struct.pack("<2I", 0x9ac23020, 0x14000000)
    case("r7_what EL3 traps ends the module alone", s.load(image(pacga, b"newer")) == SUCCESS
         and s.enter(0, b"")[0] == DEAD and "esr 0x26000000 " in w.said() and t.do(ECHO, 1)[0] == 1)
    s.close()
    t.close()


def life(w, code):
    s = w.open()
    s.load(image(code))
    s.do(POKE, IMAGE_AT + 0x1800, 0x77)
    s.do(PEEK, 8)
    case("r20_a dead module cannot be loaded anew in its session", s.load(image(code)) == DEAD)
    case("r20_what it said is not to be had", s.fetch()[0] == DEAD)
    s.close()
    s = w.open()
    s.load(image(code))
    case("r20_its next life begins with nothing", s.do(PEEK, IMAGE_AT + 0x1800) == [0]
         and s.do(BEGUN)[1] == 56)
    begun = time.monotonic()
    result = s.do(SPIN)
    took = time.monotonic() - begun
    case("r31_a module that does not end is ended", result == DEAD and took < 10, (result, took))
    s.close()
    s = w.open()
    case("r31_and others go on", s.load(image(code)) == SUCCESS and s.do(ECHO, 1)[0] == 1)
    case("pending is passed on, and it goes on", s.do(LEAVE, 3 << 24) == -world.PENDING
         and s.do(ECHO, 4)[0] == 4)
    case("an entry that is none is refused", s.enter(0x100, b"1234")[0] == world.BAD_PARAMETERS)
    s.close()


def uart(w, code):
    s, t = w.open(), w.open()
    driver = image(code, b"driver", device=UART, endpoint=5)
    case("a driver is loaded", s.load(driver) == SUCCESS)
    case("r25_its device is taken", t.load(driver) == world.BUSY)
    s.do(BEHAVE, TAKE_BYTES)
    w.attention()
    w.type(b"hello")
    case("i10_what is typed raises attention", w.wait(w.attention))
    got, count = b"", 0
    end = time.monotonic() + 60
    while got != b"hello" and time.monotonic() < end:
        code_, value, waiting, items = s.fetch()
        got, count = got + items, count + (code_ == SUCCESS and value != 0)
    case("i10_what its device said is fetched", got == b"hello", got)
    case("nothing more is there", s.fetch() == (SUCCESS, 0, 0, b""))
    case("the driver speaks", w.wait(lambda: w.said().endswith("hello")), w.said()[-40:])
    s.do(BEHAVE, TAKE_SILENTLY)
    text = bytes(range(32, 127)) * 20
    w.type(text)
    got, end = b"", time.monotonic() + 60
    while len(got) < len(text) and time.monotonic() < end:
        more = s.fetch()[3]
        got += more
        end = time.monotonic() + 60 if more else end # as long as some come
    case("i10_nothing typed is lost", got == text, (len(got), len(text)))
    t.load(image(code, b"runner"))
    threads = [threading.Timer(0.02 * i, w.type, [b"%d" % i]) for i in range(8)]
    for thread in threads:
        thread.start()
    total, sums = 1, []
    for i in range(300000):
        total = (total * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1
    for _ in range(12):
        sums.append(t.do(COUNT, 300000))
    for thread in threads:
        thread.join()
    case("interrupts leave a module that runs as it was", sums == [[total]] * 12, sums)
    got, end = b"", time.monotonic() + 60
    while len(got) < 8 and time.monotonic() < end:
        got += s.fetch()[3]
    case("what comes while another module runs is served behind it", sorted(got) == list(b"01234567"),
         got)
    threads = [threading.Timer(0.1 * i, w.type, [b"%d" % i]) for i in range(1, 4)]
    for thread in threads:
        thread.start()
    case("r31_a device of another does not keep a module running", t.do(SPIN) == DEAD)
    for thread in threads:
        thread.join()
    got, end = b"", time.monotonic() + 60
    while len(got) < 3 and time.monotonic() < end:
        got += s.fetch()[3]
    case("nor is it lost when that one is ended", sorted(got) == list(b"123"), got)
    t.close()
    t = w.open()
    case("r26_a log while another owns the console is refused",
         t.load(image(code, b"talker")) == SUCCESS and t.do(SVC, LOG, IMAGE_AT, 16)[0] == 7)
    s.close()
    case("r25_a device that was given back can be had", (t.close(), t.__init__(w, w.open().number),
                                                        t.load(driver))[2] == SUCCESS)
    t.close()


def log(w, code):
    s, t = w.open(), w.open()
    s.load(image(code))
    t.load(image(code, b"release", debug=False))
    s.do(POKE, IMAGE_AT + 0x1800, int.from_bytes(b"log-line", "little"))
    t.do(POKE, IMAGE_AT + 0x1800, int.from_bytes(b"not-said", "little"))
    case("a debug image may log", s.do(SVC, LOG, IMAGE_AT + 0x1800, 8)[0] == 0
         and w.wait(lambda: "log-line" in w.said()))
    case("r26_another may not", t.do(SVC, LOG, IMAGE_AT + 0x1800, 8)[0] == 7
         and "not-said" not in w.said())
    before = len(w.said())
    t.do(PEEK, 8)
    case("r26_nor is said why it died", "ended" not in w.said()[before:])
    s.close()
    t.close()


def gpio(w, code):
    s = w.open()
    led = w.open()
    s.load(image(code, b"button", device=PORT1, endpoint=2))
    led.load(image(code, b"led", device=PORT2))

    def write(session, offset, value):
        return session.do(SVC, DEVICE_WRITE, offset, value)[0]

    def reg(session, offset):
        return session.do(SVC, DEVICE_READ, offset)[0]

    write(s, GPIO_IFG, 0)
    write(s, GPIO_IE, 1)
    case("the button is up", reg(s, GPIO_IN) == 0 and reg(s, GPIO_IFG) == 0)
    for at, length in w.controller:
        for value in (0, 0x80808080, 0xffffffff, 0):
            w.fill(at, length, value)
    w.attention()
    w.machine.button(1)
    case("r27_a press raises attention, whatever was written to the interrupt controller",
         w.wait(w.attention))
    case("what its device said comes before it is entered again", s.do(ECHO, 7) == world.BUSY
         and s.do(ECHO, 7) == world.BUSY and reg(led, GPIO_IN) == 0)
    case("a press is fetched", s.fetch() == (SUCCESS, 16, 0, struct.pack("<QQ", 1, 1))
         and s.do(ECHO, 7)[0] == 7)
    w.machine.button(0)
    time.sleep(0.1)
    case("a release is none", s.fetch() == (SUCCESS, 0, 0, b"") and reg(s, GPIO_IN) == 0)

    for offset, value in ((GPIO_DIR, 1), (GPIO_OUT, 0), (GPIO_DIR, 0), (GPIO_DIR, 1), (GPIO_OUT, 1),
                          (GPIO_DIR, 0), (GPIO_OUT, 0)):
        write(s, offset, value)
    case("r31_a module cannot make edges of its own", reg(s, GPIO_IFG) == 0
         and s.fetch() == (SUCCESS, 0, 0, b""))

    s.do(BEHAVE, LEAVE_EDGE)
    for down in (1, 0, 1, 0):
        w.machine.button(down)
        time.sleep(0.05)
    case("an edge that is not dealt with enters once", s.fetch()[3] == struct.pack("<Q", 2)
         and s.fetch() == (SUCCESS, 0, 0, b""))
    case("and is there until it is", reg(s, GPIO_IFG) == 1)
    s.do(BEHAVE, TAKE_EDGE)
    write(s, GPIO_IFG, 0)
    w.machine.button(1)
    case("then the next one enters", w.wait(lambda: s.fetch()[3][:8] == struct.pack("<Q", 3)))
    w.machine.button(0)

    s.do(BEHAVE, SAY_AGAIN)
    w.machine.button(1)
    time.sleep(0.1)
    case("an event that the module has no room for waits", s.fetch() == (SUCCESS, 0, 0, b""))
    s.do(ECHO)
    case("it comes when the module was entered", w.wait(lambda: s.fetch()[3][:8]
                                                        == struct.pack("<Q", 5)))
    w.machine.button(0)
    case("pending holds it back", s.do(LEAVE, 3 << 24) == -world.PENDING)
    w.machine.button(1)
    time.sleep(0.1)
    case("no device enters a module in the middle of a call", s.fetch() == (SUCCESS, 0, 0, b""))
    s.do(ECHO)
    case("it is entered afterwards", w.wait(lambda: s.fetch()[3][:8] == struct.pack("<Q", 6)))
    w.machine.button(0)

    s.do(BEHAVE, SAY_MUCH)
    for _ in range(4):
        w.machine.button(1)
        time.sleep(0.1)
        w.machine.button(0)
        time.sleep(0.1)
    first = s.fetch(room=16)[0]
    told = [s.fetch() for _ in range(4)]
    case("too little room says so, and nothing is lost", first == world.SHORT_BUFFER)
    numbers = [struct.unpack_from("<Q", t[3])[0] for t in told if t[3]]
    case("a full queue holds its device back until it is fetched", numbers[:2] == [7, 8]
         and w.wait(lambda: s.fetch()[1] == 0), numbers)

    case("the LED is dark", w.machine.led() == 0)
    write(led, GPIO_OUT, 1)
    case("a pin that is an input lights nothing", w.machine.led() == 0)
    write(led, GPIO_DIR, 1)
    case("the LED is lit", w.wait(lambda: w.machine.led() == 1) and reg(led, GPIO_IN) == 1)
    write(led, GPIO_OUT, 0xfe)
    case("the LED is dark again", w.wait(lambda: w.machine.led() == 0) and reg(led, GPIO_OUT) == 0xfe)
    write(led, GPIO_OUT, 1)
    case("r25_registers that are none read as zeros and do nothing",
         all(write(led, offset, 0xff) == 0 and reg(led, offset) == 0 for offset in range(7, 256, 31))
         and w.machine.led() == 1)
    killed_offset = led.do(SVC, DEVICE_WRITE, 0x403, 1)
    case("r25_an offset that is too long kills, and the LED goes dark", killed_offset == DEAD
         and w.wait(lambda: w.machine.led() == 0), killed_offset)
    s.do(BEHAVE, DIE)
    w.attention()
    w.machine.button(1)
    case("a driver that dies by its device is told of", w.wait(w.attention) and s.fetch()[0] == DEAD)
    w.machine.button(0)
    s.close()
    led.close()
    s = w.open()
    s.load(image(code, b"button", device=PORT1, endpoint=2))
    case("r25_the next owner finds nothing of the one before", reg(s, GPIO_IE) == 0
         and reg(s, GPIO_IFG) == 0 and s.fetch() == (SUCCESS, 0, 0, b""))
    s.close()


def main():
    code = read("trustzone/tests/subject.bin")
    remote = os.path.join(BUILD, "trustzone/tests/remote.bin")
    path = os.path.join(WORK, "flash")
    flash_file.make(path, read("trustzone/firmware.bin"), flash_file.block(bytes(range(32))))
    first = (begin, loading, sessions, isolation, services, vectors, life, log, uart, gpio)
    for cpu, machine, parts in (("cortex-a57", "gic-version=2", first),
                                ("max", "gic-version=3", (begin, newer, uart, gpio))):
        print("    %s, %s" % (cpu, machine))
        w = world.World(WORK, path, remote, cpu=cpu, machine=machine, board=True)
        w.controller = CONTROLLERS[machine]
        for part in parts:
            part(w, code)
        w.end()
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    sys.exit(failed != 0)


main()
