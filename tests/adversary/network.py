# SPDX-License-Identifier: MIT
"""A hostile network and hostile strangers against two real nodes, deployed by the real tool."""
from parts import *

BODY = 12  # channel 4, counter 8; body and tag follow


class World:
    """alice at node one, bob at node two; the network between them is hostile."""

    def __init__(self, folder):
        self.folder, self.tool = folder, Tool(folder + "/app")
        self.eve = Identity(folder, "eve")
        shutil.copy("tests/adversary/modules/target.c", self.tool.folder)
        self.tool.describe(descriptor("127.0.0.1:1", "127.0.0.1:2"))
        owners = [self.tool.print(), self.eve.print]
        self.one = Node(folder, "one", owners)
        self.two = Node(folder, "two", owners)
        self.network = Network(folder, [self.one.address, self.two.address])
        self.tool.describe(descriptor(*self.network.addresses))
        self.tool.must("apply", "--quiet")
        self.emitted = 0
        self.emit(0)
        self.emit(2)
        self.settle()

    def emit(self, output, payload=b"p"):
        self.tool.must("call", "alice", "emit", "--hex", (bytes([output]) + payload).hex())

    def settle(self):
        """Everything sent was received and acknowledged."""
        def is_still():
            seen = self.tool.look()
            return all(seen[c]["sent"] == seen[c]["received"] for c in ("strict", "latest")) and \
                seen["strict"]["sent"] == seen["strict"]["acknowledged"]
        if not await_true(is_still):
            raise RuntimeError("genuine events do not arrive: %s" % self.tool.look())
        return self.tool.look()

    def stop(self):
        self.network.stop()
        self.one.stop()
        self.two.stop()


def descriptor(one, two):
    return {
        "causeway": 1, "name": "adversary",
        "nodes": [{"name": "one", "tee": "native", "address": one},
                  {"name": "two", "tee": "native", "address": two}],
        "modules": [{"name": "alice", "node": "one", "sources": ["target.c"]},
                    {"name": "bob", "node": "two", "sources": ["target.c"]}],
        "connections": [
            {"name": "add", "direct": True, "to_module": "bob", "to_input": "in_1",
             "encryption": "aes"},
            {"name": "get", "direct": True, "to_module": "bob", "to_handler": "answer",
             "encryption": "spongent"},
            {"name": "strict", "from_module": "alice", "from_output": "out_0", "to_module": "bob",
             "to_input": "in_0", "encryption": "aes"},
            {"name": "latest", "from_module": "alice", "from_output": "out_2", "to_module": "bob",
             "to_input": "in_2", "encryption": "spongent", "delivery": "latest"},
            {"name": "request", "from_module": "alice", "from_request": "ask", "to_module": "bob",
             "to_handler": "answer", "encryption": "aes"}],
        "policy": {"allow_unprotected": True}}


# --- frames on a link ----------------------------------------------------------------------------

def pour(w, lines):
    """Put messages on a link, no faster than a module takes them."""
    for i, line in enumerate(lines):
        w.network.tell(line)
        if i % 4 == 3:
            time.sleep(0.004)
    time.sleep(0.05)


def held_frames(s, w, kind, connection, begin, end):
    """Hold the genuine frame, send every altered copy of it, let the genuine one go."""
    before = w.tool.look()
    thrown_before = waste(w.tool.says["two"])
    w.network.tell("delay 1000 600000 type=" + kind)
    running = begin()
    if not await_true(lambda: (w.network.last("type=" + kind) or {}).get("fate") == "delay"):
        raise RuntimeError("no %s to hold" % kind)
    held = w.network.last("type=" + kind)
    bits = 8 * held["len"]
    cases = ["bend flip %d %d" % (held["id"], bit) for bit in range(bits)] + \
        ["bend truncate %d %d" % (held["id"], n) for n in range(1, held["len"] + 1)] + \
        ["bend extend %d %d" % (held["id"], n) for n in (1, 2, 16, 100, 1000, 60000)]
    if PLANTED:
        cases.append("replay %d" % held["id"])
    pour(w, cases)
    thrown = 0
    early = False
    if running is None:  # else a module waits for the answer, and cannot be asked
        def accounted():
            nonlocal thrown, early
            early = w.tool.look()[connection]["received"] != before[connection]["received"]
            thrown = waste(w.tool.says["two"]) - thrown_before
            return thrown >= len(cases)
        await_true(accounted, 5 if PLANTED else 60)
    w.network.tell("clear")
    w.network.tell("release")
    end(running)
    after = w.settle()
    if running is not None:  # with what was sent again meanwhile
        thrown = waste(w.tool.says["two"]) - thrown_before
    expected = without_refusals(before)
    expected[connection]["received"] += 1
    expected[connection]["sent"] += 1
    if connection != "latest":  # a response acknowledges too
        expected[connection]["acknowledged"] += 1
    found = differences(expected, without_refusals(after))
    auth = after[connection]["refused_auth"] - before[connection]["refused_auth"]
    replay = after[connection]["refused_replay"] - before[connection]["refused_replay"]
    # Each is thrown away: by the node as astray, too long or a duplicate, or by the module, which
    # counts wrong tags, and says so authentically.
    right = thrown == len(cases) if running is None else thrown >= len(cases)
    s.case("%d altered frames" % len(cases), right and 1 <= auth <= len(cases) and
           replay <= 65, early or bool(found), len(cases), "%d thrown away, %d by their tag, "
           "%d by their counter; %s" % (thrown, auth, replay, found))


def differences(expected, seen):
    """What is not as expected; handlers are looked at by their counts, not by their hash."""
    found = []
    for key, value in expected.items():
        if key.startswith("look"):
            continue
        if seen.get(key) != value:
            found.append("%s: %s, expected %s" % (key, seen.get(key), value))
    return found


def frames(s, w):
    def emit(output):
        return lambda: w.emit(output, b"held")

    def ask():
        return subprocess.Popen([BIN + "/causeway", "call", "alice", "ask_it", "--text", "well?"],
                                cwd=w.tool.folder, stdout=subprocess.PIPE, text=True)

    def asked(running):
        said = running.communicate(timeout=200)[0]
        if running.returncode != 0 or "well?" not in said:
            raise RuntimeError("the request is not answered: %s" % said)

    s.group("links: events, every bit and length")
    held_frames(s, w, "event", "strict", emit(0), lambda running: None)
    held_frames(s, w, "event", "latest", emit(2), lambda running: None)
    s.group("links: requests, every bit and length")
    held_frames(s, w, "request", "request", ask, asked)
    s.group("links: responses, every bit and length")
    before = w.tool.look(("alice", "bob"))
    w.network.tell("delay 1000 600000 type=response")
    running = ask()
    if not await_true(lambda: (w.network.last("type=response") or {}).get("fate") == "delay"):
        raise RuntimeError("no response to hold")
    held = w.network.last("type=response")
    cases = ["bend flip %d %d" % (held["id"], bit) for bit in range(8 * held["len"])] + \
        ["bend truncate %d %d" % (held["id"], n) for n in range(1, held["len"] + 1)] + \
        ["bend extend %d %d" % (held["id"], n) for n in (1, 2, 16, 100, 1000)]
    pour(w, cases)
    still = running.poll() is None
    w.network.tell("clear")
    w.network.tell("release")
    asked(running)
    after = w.settle()
    expected = without_refusals(before)
    expected["request"]["sent"] += 1
    expected["request"]["received"] += 1
    expected["request"]["acknowledged"] += 1
    s.case("responses", still, bool(differences(expected, without_refusals(after))), len(cases))


def acknowledgements(s, w):
    s.group("links: acknowledgements, every bit and length, old ones")
    old = w.network.last("type=ack")
    w.network.tell("delay 1000 600000 type=ack")
    for _ in range(3):
        w.emit(0)
    if not await_true(lambda: w.tool.look()["strict"]["received"] ==
                      w.tool.look()["strict"]["sent"]):
        raise RuntimeError("events do not arrive")
    held = w.network.last("type=ack")
    before = w.tool.look()
    cases = ["bend flip %d %d" % (held["id"], bit) for bit in range(8 * held["len"])] + \
        ["bend truncate %d %d" % (held["id"], n) for n in range(1, held["len"] + 1)] + \
        ["bend extend %d %d" % (held["id"], n) for n in (1, 2, 16, 1000)] + \
        ["replay %d" % old["id"]] * 5
    pour(w, cases)
    after = w.tool.look()
    s.case("acknowledgements", after["strict"]["acknowledged"] == before["strict"]["acknowledged"],
           bool(differences(without_refusals(before), without_refusals(after))), len(cases),
           "%s" % differences(without_refusals(before), without_refusals(after)))
    w.network.tell("clear")
    w.network.tell("release")
    w.settle()


def fletcher(look, which, payloads):
    """What `look` of the target tells after these events of one input, in this order."""
    fields = list(struct.unpack("<7H", bytes.fromhex(look)))
    for payload in payloads:
        fields[which] = (fields[which] + 1) & 0xffff
        fields[5] = (fields[5] + which + 1) & 0xffff
        for byte in payload:
            fields[5] = (fields[5] + byte) & 0xffff
            fields[6] = (fields[6] + fields[5]) & 0xffff
        fields[6] = (fields[6] + fields[5]) & 0xffff
    return struct.pack("<7H", *fields).hex()


def delivery(s, w):
    s.group("links: drop, duplicate, reorder, delay, cut: exactly once and in order")
    for rule in ("drop 3", "duplicate 5", "swap 4", "delay 4 400", "flip 2 130", "truncate 3 5",
                 "extend 3 2", "cut all", "drop 2 type=ack", "duplicate 3 type=ack",
                 "swap 2 type=ack", "flip 2 200 type=ack"):
        before = w.settle()
        w.network.tell(rule if "type" in rule or rule.startswith("cut") else rule + " type=event")
        payloads = [os.urandom(4) for _ in range(5)]
        for payload in payloads:
            w.emit(0, payload)
        w.network.tell("release")
        after = w.settle()
        w.network.tell("clear")
        right = fletcher(before["look bob"], 0, payloads)
        s.case(rule, after["strict"]["received"] == before["strict"]["received"] + 5,
               after["look bob"] != right, why="%s, expected %s" % (after["look bob"], right))


def splices(s, w):
    s.group("links: replay, splices between channels, counters that jump")
    for _ in range(2):  # the newest messages are genuine ones
        w.emit(0)
        w.emit(2)
        w.tool.must("call", "alice", "ask_it", "--text", "newest")
    before = w.settle()
    messages = w.network.tell("list last=400 type=any")["messages"]
    frames = {}
    for m in messages:
        if m["type"] in ("event", "request", "ack", "response") and "channel" in m:
            frames.setdefault((m["type"], m["channel"]), m)
            frames[(m["type"], m["channel"], "newest")] = m
    channels = {c: before[c]["channel"] for c in ("strict", "latest", "request", "add", "get")}
    cases = []
    for m in frames.values():
        if m["type"] != "ack":
            cases += ["replay %d" % m["id"]] * 3
        for name, channel in channels.items():
            if channel != m["channel"]:
                cases.append("redirect %d %d" % (m["id"], channel))
            for counter in (0, before[name]["received"], before[name]["received"] + 1, 2 ** 16,
                            2 ** 32, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1):
                if m["type"] in ("event", "request") and (channel, counter) != (
                        m["channel"], m["counter"]):
                    cases.append("relabel %d %d %d" % (m["id"], channel, counter))
        cases += ["forge %d %d %d pair=1" % (m["channel"], before["strict"]["received"], n)
                  for n in (0, 2, 16, 18, 64, 1000, 60000)]
    for m in frames.values():  # back to where it came from
        side = "listener" if m["from"] == "dialer" else "dialer"
        cases += ["inject %s from=%s pair=%d" % (
            w.network.bytes_of(m["id"]).hex(), side, m["pair"])] * 2
    for line in cases:
        w.network.tell(line, must=False)
        time.sleep(0.002)
        if not w.network.links(1):
            await_true(lambda: w.network.links(1))
    after = w.settle()
    found = differences(without_refusals(before), without_refusals(after))
    if after["look bob"] != before["look bob"]:
        found.append("a handler ran")
    s.case("replays and splices", not found, bool(found), len(cases), "%s" % found)


def predecessor(s, w):
    """Two empty events under AES-GCM gave the predecessor's attacker the key of its tags."""
    s.group("links: the predecessor's forgery")
    for _ in range(4):
        w.emit(0, b"")
    before = w.settle()
    seen = w.network.tell("list last=4 type=event")["messages"]
    cases = [(a["id"], b["id"]) for a in seen for b in seen if a["id"] != b["id"]]
    for first, second in cases:
        w.network.tell("predecessor %d %d %d" % (first, second, before["strict"]["received"]))
        time.sleep(0.01)
    await_true(lambda: w.tool.look()["strict"]["refused_auth"] >=
               before["strict"]["refused_auth"] + len(cases), 3)
    after = w.settle()
    found = differences(without_refusals(before), without_refusals(after))
    counted = after["strict"]["refused_auth"] - before["strict"]["refused_auth"]
    s.case("forged tags", 0 < counted <= len(cases), bool(found), len(cases),
           "%d counted; %s" % (counted, found))


# --- the hello of a link -------------------------------------------------------------------------

def first_link(w):
    """HELLO and PROOF of a link between the nodes, recorded."""
    w.network.tell("cut all")
    if not await_true(lambda: w.network.links(1)):
        raise RuntimeError("the link does not come back")
    time.sleep(0.1)
    hello = w.network.bytes_of(w.network.last("pair=1 type=hello")["id"])
    proof = w.network.bytes_of(w.network.last("pair=1 type=proof")["id"])
    return hello, proof


def is_shown_out(node, *messages):
    """Does the node hang up, without a word of a link?  Gives also what it said before."""
    said = b""
    with connect(node.address, 30) as c:
        try:
            for m in messages:
                c.sendall(m)
                if len(messages) > 1 and m is messages[0]:
                    said += c.recv(4096)
            while True:
                more = c.recv(4096)
                if not more:
                    return True, said
                said += more
        except ConnectionError:
            return True, said
        except socket.timeout:
            return False, said


def hellos(s, w):
    s.group("links: hello, proof and challenge, every bit; recorded ones")
    hello, proof = first_link(w)
    before = w.settle()
    step = 1 if LONG else 5

    def attack(name, *messages):
        out, said = is_shown_out(w.two, *messages)
        # At most a challenge is ever said: 8 + 48 bytes.
        s.case(name, out and len(said) <= 56, why="%d bytes said" % len(said))

    attack("recorded hello and proof", hello, proof)
    for bit in range(64, 8 * len(hello), step):
        bent = bytearray(hello)
        bent[bit // 8] ^= 1 << bit % 8
        attack("hello, bit %d" % bit, bytes(bent), proof)
    for bit in range(64, 8 * len(proof), step):
        bent = bytearray(proof)
        bent[bit // 8] ^= 1 << bit % 8
        attack("proof, bit %d" % bit, hello, bytes(bent))
    for body in (b"", hello[8:-1], hello[8:] + b"\0", b"\0" * 32, b"\xff" * 32):
        attack("hello of %d bytes" % len(body), message(0x10, body))
    for name, data in {
            "an event without a hello": message(1, b"\0" * 38),
            "a proof first": proof, "a reflected challenge": hello + message(0x11, b"\0" * 48),
            "hello twice": hello + hello, "another version": message(0x10, hello[8:], 2),
            "reserved bytes": message(0x10, hello[8:], 1, 1),
            "4 GiB": struct.pack("<IBBH", 0xffffffff, 1, 0x10, 0),
            "2^20 + 1 bytes": struct.pack("<IBBH", 2 ** 20 + 1, 1, 0x10, 0),
            "no message": b"GET / HTTP/1.0\r\n\r\n" + b"x" * 100}.items():
        attack(name, data)
    # The challenge, on its way to the dialing node.
    for bit in range(0, 384, 16 if LONG else 96):
        w.network.tell("flip 1 %d type=challenge pair=1" % bit)
        w.network.tell("cut all")
        if not await_true(lambda: w.network.tell("status")["rules"] == 0):
            raise RuntimeError("no challenge to bend")
        await_true(lambda: w.network.links(1))
        bent = [m for m in w.network.tell("list last=8000 type=challenge pair=1")["messages"]
                if m["fate"] == "flip"][-1]["link"]
        await_true(lambda: bent not in w.network.links(1), 30)
        proofs = w.network.tell("list last=8000 type=proof pair=1")["messages"]
        s.case("challenge, bit %d" % bit, bent not in w.network.links(1) and
               all(m["link"] != bent for m in proofs))
    w.emit(0)
    after = w.settle()
    expected = without_refusals(before)
    for field in ("sent", "received", "acknowledged"):
        expected["strict"][field] += 1
    s.case("nothing of all this", True, bool(differences(expected, without_refusals(after))))


def headers(s, w):
    s.group("links: headers, types, directions, sizes on a link that is up")
    w.emit(0)
    before = w.settle()
    event = w.network.bytes_of(w.network.last("type=event")["id"])
    cases = []
    for bit in range(0, 64, 1 if LONG else 3):
        bent = bytearray(event)
        bent[bit // 8] ^= 1 << bit % 8
        cases.append(("header, bit %d" % bit, bytes(bent)))
    for kind in (0, 3, 4, 5, 6, 9, 0x10, 0x11, 0x12, 0x20, 0x21, 0x29, 0x80, 0xff):
        cases.append(("type %d from the dialer" % kind, message(kind, event[8:])))
    cases += [("a beat with bytes", message(0x13, b"x")), ("an empty event", message(1, b"")),
              ("an event of 30000 bytes", message(1, event[8:20] + b"\0" * 29988)),
              ("2^20 + 1 bytes", struct.pack("<IBBH", 2 ** 20 + 1, 1, 1, 0))]
    for name, data in cases:
        if not await_true(lambda: w.network.links(1)):
            raise RuntimeError("the link does not come back after: " + name)
        w.emit(0)  # what is of use is dialed again at once
        await_true(lambda: (w.network.last("type=ack pair=1") or {}).get("link") in
                   w.network.links(1), 1)
        link = w.network.links(1)[-1]
        length, version, kind, zero = struct.unpack_from("<IBBH", data)
        w.network.tell("inject %s link=%d" % (data.hex(), link))
        # Only what is a message ends no link: it is thrown away; and one whose end did not come, or
        # behind whose end less than a header came.
        rest = len(data) - 8 - length
        stays = version == 1 and zero == 0 and length <= 2 ** 20 and (
            rest < 0 or rest < 8 and kind in (1, 2, 3, 4))
        gone = await_true(lambda: link not in w.network.links(1), 0.1 if stays else 30)
        s.case(name, gone != stays, why="the link %s" % ("ended" if gone else "stays"))
        if stays:
            w.network.tell("cut %d" % link)
    after = w.settle()
    expected = without_refusals(before)
    for field in ("sent", "received", "acknowledged"):
        expected["strict"][field] += len(cases)
    found = differences(expected, without_refusals(after))
    s.case("afterwards", w.one.is_alive() and w.two.is_alive(), bool(found), why="%s" % found)


# --- strangers and other owners at the management port -------------------------------------------

def strangers(s, w):
    s.group("management: strangers, and another owner's hands on this one's modules")
    before = w.settle()
    nobody = Identity(w.folder, "nobody")
    for node in (w.one, w.two):
        for kind in range(0x1e, 0x2c):
            o = Owner(nobody, node.address)
            said = o.ask(kind, b"\0" * 40)
            s.case("a stranger asks for 0x%x" % kind,
                   said is not None and said[0] == 7 and b"--owner" in said[1], why=str(said))
            o.close()
    # Another owner who knows every number: the deployment's id stands in every HELLO of a link.
    hello, _ = first_link(w)
    deployment = hello[8:16]
    status = json.loads(Owner(w.eve, w.two.address).ask(STATUS, b"\0" * 8)[1])
    s.case("another owner's status is empty", "bob" not in json.dumps(status))
    for node in (w.one, w.two):
        o = Owner(w.eve, node.address)
        for number in (1, 2, 3):
            name = deployment + struct.pack("<I", number)
            attempts = {
                "load": (LOAD, name + struct.pack("<H", 3) + b"eve" + b"\x7fELF"),
                "unload": (UNLOAD, name),
                "attest": (ENTER, name + b"\0\0\0\0" + b"\1\1\0\0" + b"\0" * 16),
                "manage": (ENTER, name + b"\1\0\0\0" + b"\1\2\0\0" + b"\0" * 84),
                "event": (ENTER, name + b"\2\0\0\0" + b"\0" * 38),
                "call": (ENTER, name + b"\x08\0\0\0" + b"\0" * 8),
                "cancel": (ENTER, name + b"\5\0\0\0"),
                "route": (ROUTE, name + struct.pack("<IIHHIQ", before["strict"]["channel"], 0, 0, 8,
                                                    16, 0)),
                "unroute": (UNROUTE, deployment + struct.pack("<I", before["strict"]["channel"])),
                "periodic": (PERIODIC, name + struct.pack("<HHI", 0, 0, 1)),
                "serve": (SERVE, name + struct.pack("<H", 11) + b"127.0.0.1:0"),
                "peer": (PEER, deployment + struct.pack("<IBBH", 1, 0, 0, 0) + b"k" * 32 + b"\0\0"),
                "status": (STATUS, deployment)}
            for word, (kind, fields) in attempts.items():
                said = o.ask(kind, fields)
                empty = word == "status" and said is not None and b"bob" not in said[1] and \
                    b"alice" not in said[1]
                # Denied; or what he names does not exist for him.
                s.case("another owner: %s" % word, said is not None and
                       (said[0] in (7, 8) or empty), why="%s" % (said,))
        o.close()
    after = w.settle()
    found = differences(before, after)
    s.case("afterwards", True, bool(found), why=str(found))


def malformed(s, w):
    s.group("management: malformed requests of an owner of the node")
    before = w.settle()
    deployment = b"evedeplo"
    name = deployment + struct.pack("<I", 1)
    good = {LOAD: name + struct.pack("<H", 1) + b"m" + b"\x7fELF", UNLOAD: name,
            ENTER: name + b"\0\0\0\0" + b"x" * 20, ROUTE: name + b"\0" * 24,
            UNROUTE: deployment + b"\0" * 4, PERIODIC: name + b"\0" * 8,
            SERVE: name + struct.pack("<H", 11) + b"127.0.0.1:0",
            STATUS: deployment, PEER: deployment + b"\1\0\0\0\1\0\0\0" + b"k" * 32 + b"\0\0"}
    o = Owner(w.eve, w.two.address)

    def ask(what, kind, fields, fine=()):
        nonlocal o
        said = o.ask(kind, fields)
        if said is None:  # shown out: that is an answer, too
            o.close()
            o = Owner(w.eve, w.two.address)
        s.case("%s of type 0x%x" % (what, kind), said is None or said[0] != 0 or kind in fine,
               why=str(said))

    for kind, fields in good.items():
        for length in range(len(fields)):
            if kind == ENTER and length >= 16 or kind == LOAD and length >= 15:
                continue  # the rest is the module's, which is not there
            ask("cut to %d bytes" % length, kind, fields[:length])
        ask("longer", kind, fields + b"x" * 5, fine=(ENTER, LOAD))
        ask("huge", kind, fields + b"x" * 600000, fine=(ENTER, LOAD))
    for kind in (0, 1, 0x10, 0x1f, 0x2a, 0x2b, 0x7f, 0xa0, 0xff):
        ask("unknown", kind, b"\0" * 12)
    for length in (0xffff, 0x7fff, 300):
        ask("a string that is longer than the message", LOAD,
            name + struct.pack("<H", length) + b"m")
        ask("a string that is longer than the message", SERVE, name + struct.pack("<H", length))
    for entry in (12, 13, 100, 255):
        ask("an entry that is none", ENTER, name + bytes([entry, 0, 0, 0]))
    for address in (b"", b"nonsense", b"192.0.2.1:1", b"[::", b"1.2.3.4:99999", b"a" * 255 + b":1",
                    b"0.0.0.0:0"):
        ask("an address", SERVE, name + struct.pack("<H", len(address)) + address)
        ask("an address", PEER, deployment + b"\1\0\0\0\1\0\0\0" + b"k" * 32 +
            struct.pack("<H", len(address)) + address, fine=(PEER,))
    for image in (b"", b"x", b"\x7fELF", b"\x7fELF\2\1\1" + b"\0" * 57, b"\xff" * 100000,
                  open("/bin/true", "rb").read()):
        ask("an image", LOAD, name + struct.pack("<H", 1) + b"m" + image)
    for header in (b"\4\0\0\0\2\x20\0\0", b"\4\0\0\0\1\x20\1\0", b"\xff\xff\xff\xff\1\x20\0\0",
                   b"\1\0\x10\0\1\x20\0\0", b"\0\0\0\0\1\x20\0\0", b"\3\0\0\0\1\x20\0\0abc"):
        c = Owner(w.eve, w.two.address, 30)
        c.tls.sendall(header + b"tag1")
        try:
            said = c.stream.read()  # to the end: nothing, or a refusal that says why
            shown_out = said == b"" or said[12:14] != b"\0\0" and b"version" in said
        except socket.timeout:
            shown_out = False
        except (OSError, ssl.SSLError):
            shown_out = True
        s.case("header %s" % header.hex(), shown_out)
        c.close()
    o.close()
    after = w.settle()
    s.case("afterwards", w.two.is_alive(), bool(differences(before, after)),
           why=str(differences(before, after)))


def shaken(s, w):
    """Bits of the TLS stream between tool and node: the tool fails, or nothing happened to it."""
    s.group("management: the TLS stream, cut and bent on its way")
    before = w.settle()
    listener = socket.create_server(("127.0.0.1", 0))
    plan = {}

    def carry(source, sink, bend):
        sent = 0
        try:
            while data := bytearray(source.recv(65536)):
                if bend is not None and sent <= bend < sent + len(data):
                    if plan["cut"]:
                        break
                    data[bend - sent] ^= 1 << bend % 8
                sent += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for c in (source, sink):
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve():
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = connect(w.two.address)
            for pair in ((near, far, plan["up"]), (far, near, plan["down"])):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    d = descriptor(w.network.addresses[0], "127.0.0.1:%d" % listener.getsockname()[1])
    with open(w.tool.folder + "/bent.json", "w") as f:
        json.dump(d, f)
    for at in range(3, 4000, 160 if LONG else 700):
        for up in (True, False):
            for cut in (True, False):
                plan.update(up=at if up else None, down=None if up else at, cut=cut)
                run = w.tool.run("attest", "bob", "bent.json", "--timeout", "1")
                s.case("byte %d %s" % (at, "up" if up else "down"),
                       run.returncode == 1 and "causeway:" in run.stderr or run.returncode == 0,
                       why="%d %s" % (run.returncode, run.stderr))
    listener.close()
    after = w.settle()
    s.case("afterwards", True, bool(differences(without_refusals(before), without_refusals(after))),
           why=str(differences(before, after)))


# --- more than a node can hold -------------------------------------------------------------------

def exhaustion(s, w):
    s.group("exhaustion: connections, slow and half-open ones, floods; memory stays bounded")
    before = w.settle()
    rest = w.two.rss_mib()
    limit = rest + 64
    peak = [rest]

    def is_well(what, changed=False):
        peak[0] = max(peak[0], w.two.rss_mib())
        s.case(what, w.two.is_alive() and peak[0] < limit, changed,
               why="%.0f MiB, at rest %.0f" % (peak[0], rest))

    def serves(seconds=100):
        return await_true(lambda: w.tool.run("attest", "bob", "--timeout", "5").returncode == 0,
                          seconds)

    # Silent connections, more than there is room for; events go on over the link that is there.
    silent = []
    for _ in range(400):
        try:
            silent.append(connect(w.two.address, 2))
        except OSError:
            break
    is_well("400 silent connections")
    for c in silent:
        c.close()
    s.case("owners are served again", serves())
    # Half a handshake; a hello byte by byte; a TLS record that promises more.
    begun = []
    for i in range(250):
        try:
            c = connect(w.two.address, 2)
            c.sendall((b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc", b"\x20", b"\x16",
                       b"\x20\0\0\0\1\x10\0\0" + b"x" * 31)[i % 4])
            begun.append(c)
        except OSError:
            break
    until = time.monotonic() + (12 if LONG else 3)
    while time.monotonic() < until:  # slowly, slowly
        for c in begun[1::4]:
            try:
                c.sendall(b"\0")
            except OSError:
                pass
        time.sleep(0.3)
    is_well("slow loris and half-open handshakes")
    for c in begun:
        c.close()
    s.case("owners are served again", serves())
    # An owner who never reads what he asked for.
    greedy = [Owner(w.eve, w.two.address, 3) for _ in range(4)]
    for o in greedy:
        o.tls.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        o.tls.settimeout(0.5)
        try:
            for _ in range(20000):
                o.send(STATUS, b"\0" * 8)
        except (OSError, ssl.SSLError):
            pass
    is_well("an owner who does not read his answers")
    for o in greedy:
        o.close()
    # Messages of 2^20 bytes that never end.
    heavy = []
    for _ in range(16):
        o = Owner(w.eve, w.two.address, 3)
        o.tls.settimeout(1)
        try:
            o.tls.sendall(struct.pack("<IBBH", 2 ** 20, 1, LOAD, 0) + b"\0" * 1000000)
        except (OSError, ssl.SSLError):
            pass
        heavy.append(o)
    is_well("16 messages of a megabyte that do not end")
    for o in heavy:
        o.close()
    # Everything that an owner can fill: records, stores, modules.
    o = Owner(w.eve, w.two.address)
    refused = 0
    for i in range(5000):
        said = o.ask(PEER, b"evefills" + struct.pack("<IBBH", i + 1, 0, 0, 0) + b"k" * 32 + b"\0\0")
        refused += said is None or said[0] != 0
    s.case("records of peers have an end", refused > 0, why="%d refused" % refused)
    is_well("5000 peers")
    image = open(one_image(w), "rb").read()
    loads = [o.ask(LOAD, b"evefills" + struct.pack("<IH", i + 1, 1) + b"m" + image)
             for i in range(70)]
    s.case("modules have an end", any(r is None or r[0] != 0 for r in loads))
    routes = [o.ask(ROUTE, b"evefills" +
                    struct.pack("<IIIHHIQ", 1, i + 1, 1, i % 2, 60000, 60000, 0))
              for i in range(3000)]
    s.case("stores have an end", any(r is None or r[0] != 0 for r in routes),
           why="%d taken" % sum(1 for r in routes if r is not None and r[0] == 0))
    is_well("stores of 3000 connections")
    for i in range(70):
        o.ask(UNLOAD, b"evefills" + struct.pack("<I", i + 1))
    o.close()
    s.case("owners are served again", serves())
    # Floods on the link itself, while genuine events must pass.
    channel, received = before["strict"]["channel"], before["strict"]["received"]
    old = w.network.last("type=event channel=%d" % channel)
    for i in range(3000):
        w.network.tell(("forge %d %d pair=1" % (channel, received + i % 9),
                        "replay %d" % old["id"],
                        "forge %d %d 900 pair=1" % (channel + 77, i))[i % 3],
                       must=False)
        if i % 500 == 250:
            w.emit(0)
    is_well("3000 forged and replayed frames")
    after = w.settle()
    expected = without_refusals(before)
    for field in ("sent", "received", "acknowledged"):
        expected["strict"][field] += 6
    found = differences(expected, without_refusals(after))
    s.case("genuine events pass a flood, once each", not found, bool(found), why=str(found))
    await_true(lambda: w.two.rss_mib() < rest + 24, 10)
    s.case("memory is given back", w.two.rss_mib() < limit, why="%.0f MiB" % w.two.rss_mib())
    print("  node two: %.0f MiB at rest, %.0f MiB at worst, %.0f MiB afterwards" % (
        rest, peak[0], w.two.rss_mib()), file=sys.stderr)


def one_image(w):
    """An image of a module, as the hostile node that eve runs would have kept it."""
    hostile = HostileNode(w.eve, w.two.address)
    other = Tool(w.folder + "/copy")
    shutil.copy("tests/adversary/modules/target.c", other.folder)
    d = descriptor(hostile.address, hostile.address)
    d["connections"] = []
    d["modules"] = d["modules"][:1]
    d["nodes"] = d["nodes"][:1]
    other.describe(d)
    other.must("apply", "--quiet")
    load = next(fields for kind, fields, _, _ in hostile.history if kind == LOAD)
    other.must("destroy")
    hostile.close()
    path = w.folder + "/image"
    with open(path, "wb") as f:
        f.write(load[14 + struct.unpack_from("<H", load, 12)[0]:])
    return path


# --- lives ---------------------------------------------------------------------------------------

def lives(s, w):
    s.group("lives: a module killed behind the owner's back, and fed its history")
    for i in range(20):
        w.emit(0 if i % 3 else 2, b"history")
    before = w.settle()
    old = [m["id"] for m in w.network.tell("list last=20 type=event")["messages"]]
    os.kill(w.two.modules()[0], 9)
    await_true(lambda: w.tool.run("status").returncode == 1)
    run = w.tool.run("status")
    s.case("status says that it is gone", run.returncode == 1)
    run = w.tool.run("request", "get", "--timeout", "5")
    s.case("a request of the lost module fails", run.returncode == 1 and "causeway:" in run.stderr,
           why=run.stderr)
    w.tool.must("apply", "--quiet")
    fresh = w.settle()
    await_true(lambda: w.network.links(1))
    channel = fresh["strict"]["channel"]
    cases = ["replay %d" % i for i in old] + ["redirect %d %d" % (i, channel) for i in old] + \
        ["relabel %d %d %d" % (i, channel, fresh["strict"]["received"]) for i in old]
    pour(w, cases)
    after = w.settle()
    found = differences(without_refusals(fresh), without_refusals(after))
    if after["look bob"] != fresh["look bob"]:
        found.append("a handler ran")
    s.case("history of the life before", not found and
           after["strict"]["refused_auth"] > fresh["strict"]["refused_auth"], bool(found),
           len(cases), str(found))
    s.case("the repair lost nothing in silence",
           after["strict"]["epoch"] > before["strict"]["epoch"])


def main():
    s = Suite()
    folder = tempfile.mkdtemp()
    w = None
    try:
        w = World(folder)
        only = [a for a in sys.argv[1:] if not a.startswith("-")]
        for part in (frames, acknowledgements, delivery, splices, predecessor, headers, hellos,
                     strangers, malformed, shaken, lives, exhaustion):
            if not only or part.__name__ in only:
                begin = time.monotonic()
                part(s, w)
                print("  %-18s %5.1f s" % (part.__name__, time.monotonic() - begin),
                      file=sys.stderr)
        held = s.report("network", AS_JSON)
    finally:
        if w is not None:
            w.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
