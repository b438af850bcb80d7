# SPDX-License-Identifier: MIT
"""A lying node in front of honest ones, against the real tool: native modules, then a real board.
Then owners and tools that get in each other's way."""
from parts import *

VENDOR = "0b7bf3ae40880a8be430d0da34fb76f0"  # of vendor 0x1234 on a board with the published key


class Scene:
    """alice and bob at one node, which lies."""

    def __init__(self, folder, tee):
        self.folder, self.tee, self.board = folder, tee, None
        self.tool = Tool(folder + "/app")
        self.liar = Identity(folder, "liar")
        options = []
        if tee == "sancus":
            self.board = subprocess.Popen(
                [BIN + "/causeway-sancus", "--firmware", "build/sdk/lib/sancus/firmware.elf",
                 "--uart", folder + "/uart", "--control", folder + "/control", "--counter-file",
                 folder + "/counter"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            options = ["--platform", "uart=%s/uart" % folder]
            await_true(lambda: os.path.exists(folder + "/uart"))
        self.node = Node(folder, "n", [self.liar.print], tee, options)
        self.hostile = HostileNode(self.liar, self.node.address)
        shutil.copy("tests/adversary/modules/target.c", self.tool.folder)
        self.describe(8)
        if tee == "sancus":
            with open(folder + "/vendor", "w") as f:
                f.write(VENDOR + "\n")
            os.chmod(folder + "/vendor", 0o600)
            self.tool.must("key", "add-vendor", "n", "--file", folder + "/vendor")
        self.tool.must("apply", "--quiet")
        self.tool.must("send", "add", "--text", "first")

    def describe(self, window, strict_window=8):
        cipher = "spongent" if self.tee == "sancus" else "aes"
        node = {"name": "n", "tee": self.tee, "address": self.hostile.address}
        policy = {"allow_unprotected": True}
        if self.tee == "sancus":
            node["vendor"], policy = "0x1234", {"allow_emulated": True}
        self.tool.describe({
            "causeway": 1, "name": "lies", "nodes": [node],
            "modules": [{"name": m, "node": "n", "sources": ["target.c"]}
                        for m in ("alice", "bob")],
            "connections": [
                {"name": "add", "direct": True, "to_module": "bob", "to_input": "in_1",
                 "encryption": cipher, "window": window},
                {"name": "get", "direct": True, "to_module": "bob", "to_handler": "answer",
                 "encryption": cipher},
                {"name": "strict", "from_module": "alice", "from_output": "out_0",
                 "to_module": "bob", "to_input": "in_0", "encryption": cipher,
                 "window": strict_window}],
            "policy": policy})

    def stop(self):
        self.hostile.close()
        self.node.stop()
        if self.board is not None:
            self.board.terminate()
            self.board.wait(60)


def is_about(fields, what):
    """Is this ENTER of bob that kind of question?  An even number is bob's, whatever was before."""
    number, entry, body = struct.unpack_from("<I", fields, 8)[0], fields[12], fields[16:]
    return number % 2 == 0 and {
        "evidence": entry == ATTEST, "OPENED": entry == MANAGE and body[1] == OPEN,
        "an answer to QUERY": entry == MANAGE and body[1] == QUERY,
        "an answer to SETCONN": entry == MANAGE and body[1] == SETCONN,
        "an answer to DISABLE": entry == MANAGE and body[1] == DISABLE,
        "a response": entry == REQUEST, "an event": entry == EVENT,
        "an acknowledgement": entry == ACK_MAKE}[what]


def bend(what, change):
    """A lie: the first item of answers of that kind, changed."""
    def lie(kind, asked, status, fields):
        if kind != ENTER or not is_about(asked, what):
            return None
        found = items_of(fields[4:])
        if not found:
            return change(None, fields)
        (item_kind, bytes_), rest = found[0], found[1:]
        said = change(bytes_, fields)
        if isinstance(said, tuple) or said is None:
            return said if said is not None else b""
        return 0, fields[:4] + item(item_kind, said) + b"".join(item(*r) for r in rest)
    return lie


def flip(bit):
    def change(bytes_, _):
        bent = bytearray(bytes_)
        bent[bit // 8 % len(bent)] ^= 1 << bit % 8
        return bytes(bent)
    return change


def attempts(length, stride):
    """(name, change) of one kind of answer."""
    found = [("bit %d" % b, flip(b)) for b in range(0, 8 * length, stride)]
    found += [("%d bytes" % n, (lambda n: lambda b, f: b[:n])(n))
              for n in (0, 1, 11, 12, length // 2, length - 1)]
    found += [("%d bytes more" % n, (lambda n: lambda b, f: b + b"\0" * n)(n)) for n in (1, 2, 64)]
    found += [("no item", lambda b, f: (0, f[:4])),
              ("nothing at all", lambda b, f: (0, b"")),
              ("refused in its name", lambda b, f: (0, b"\2\0\0\0")),
              ("a result that does not exist", lambda b, f: (0, b"\x09\0\0\0" + f[4:])),
              ("an item of another type", lambda b, f: (0, f[:4] + item(9, b))),
              ("an item longer than the answer",
               lambda b, f: (0, f[:4] + struct.pack("<IBBH", 5000, 1, 5, 0) + b)),
              ("random bytes", lambda b, f: os.urandom(len(b)))]
    found += [("status %d" % n, (lambda n: lambda b, f: (n, b"no"))(n)) for n in (2, 5, 7, 8, 999)]
    return found


def refused(run, statuses):
    """A reason on standard error; of `status`, which shows all modules, in its table."""
    told = "causeway: " in run.stderr or re.search("anew|gone|no answer|refused", run.stdout)
    return run.returncode in statuses and bool(told)


def answers(s, scene, kinds, stride, statuses):
    hostile, tool = scene.hostile, scene.tool
    for what, words, length in kinds:
        s.group("lies to the tool, %s: %s" % (scene.tee, what))
        before = tool.look()
        kept = [h for h in hostile.history if h[0] == ENTER and h[2] == 0]
        olds = [h[3] for h in kept if is_about(h[1], what)]
        others = [h[3] for h in kept if h[1][8] == 1 and
                  h[1][12] == (ATTEST if what == "evidence" else MANAGE)]
        cases = attempts(length, stride)
        if PLANTED:
            cases.append(("planted: the genuine answer", lambda b, f: b))
        cases += [("an older one", (lambda o: lambda b, f: (0, o))(o)) for o in olds[-4:-1]]
        cases += [("another module's", (lambda o: lambda b, f: (0, o))(o)) for o in others[-3:]]
        for name, change in cases:
            hostile.lie(bend(what, change))
            begin = time.monotonic()
            run = tool.run(*words, "--timeout", "2", timeout=200)
            envelope = "bit" not in name and "bytes" not in name and "an" != name[:2]
            s.case("%s (%s)" % (name, words[0]),
                   refused(run, (1, 3) if envelope else statuses), why="%d %s %.1f s" % (
                run.returncode, run.stderr[-300:], time.monotonic() - begin))
        for name, lie in (("withheld", bend(what, lambda b, f: (None))),):
            hostile.lie(lie)
            run = tool.run(*words, "--timeout", "2", timeout=200)
            s.case(name, refused(run, statuses + (1,)), why=run.stderr)
        hostile.lie()
        if words[0] == "apply":
            scene.describe(8)
            tool.must("apply", "--quiet")
        if words[0] == "send":
            tool.must("send", "add")
        after = tool.look()
        found = changes(before, after, words[0])
        s.case("afterwards", True, bool(found), why=str(found))


def changes(before, after, verb):
    """What a lie may not do: change what modules hold.  A verb that failed may still have acted."""
    a, b = without_refusals(before), without_refusals(after)
    for seen in (a, b):
        if verb == "send" or verb == "request":
            for name in ("add", "get"):  # the owner's own, in doubt asked and not repeated
                for field in ("sent", "received", "acknowledged"):
                    seen[name].pop(field)
            seen.pop("look bob")
        if verb == "apply":
            for name in ("add", "get", "strict"):
                for field in ("epoch", "channel"):
                    seen[name].pop(field)
    return [k for k in a if a[k] != b.get(k)]


def silence(s, scene):
    s.group("lies to the tool, %s: answers that do not come" % scene.tee)
    before = scene.tool.look()
    for verb, kind in ((("status",), HELLO), (("status",), ENTER), (("apply",), HELLO),
                       (("apply",), ENTER), (("request", "get"), ENTER), (("send", "add"), ENTER),
                       (("attest",), ENTER), (("call", "bob", "look"), ENTER)):
        scene.hostile.lie(lambda k, a, st, f, kind=kind: struct.pack("<IBBH", 4000, 1, k | 0x80, 0)
                          if k == kind else None)
        begin = time.monotonic()
        run = scene.tool.run(*verb, "--timeout", "1", timeout=200)
        s.case("%s without an answer" % verb[0], refused(run, (1, 3)) and
               time.monotonic() - begin < 60, why="%d %s" % (run.returncode, run.stderr))
    scene.hostile.lie()
    scene.tool.must("send", "add")
    found = changes(before, scene.tool.look(), "send")
    s.case("afterwards", True, bool(found), why=str(found))


def claims(s, scene):
    """Done, says the node, and did not."""
    s.group("lies to the tool, %s: success claimed without doing" % scene.tee)
    tool, hostile = scene.tool, scene.hostile
    before = tool.look()
    hostile.lie(on_request=lambda k, f: (0, b"\0\0\0\0") if k == ENTER and is_about(f, "an event")
                else None)
    run = tool.run("send", "add", "--timeout", "2")
    s.case("an event swallowed", refused(run, (1,)), why=run.stderr)
    hostile.lie()
    tool.must("send", "add")
    after = tool.look()
    s.case("both events came, once each",
           after["add"]["received"] == before["add"]["received"] + 2 and
           after["add"]["acknowledged"] == after["add"]["sent"] == after["add"]["received"],
           after["strict"] != before["strict"], why=str(after["add"]))
    old = [h[3] for h in hostile.history
           if h[0] == ENTER and is_about(h[1], "an answer to SETCONN")]
    scene.describe(7)
    hostile.lie(on_request=lambda k, f: (0, old[-1]) if k == ENTER and
                is_about(f, "an answer to SETCONN") else None)
    run = tool.run("apply", "--timeout", "2")
    s.case("SETCONN swallowed, an old answer given", refused(run, (1, 3)), why=run.stderr)
    hostile.lie()
    scene.describe(8)
    tool.must("apply", "--quiet")
    # A route that was never made: its frames are lost, and the authentic counts tell how many.
    scene.describe(8, 7)
    hostile.lie(on_request=lambda k, f: (0, b"") if k == ROUTE and f[20] & 1 else None)
    tool.must("apply", "--quiet")
    for _ in range(3):
        tool.must("call", "alice", "emit", "--hex", "0001")
    seen = tool.look()["strict"]
    s.case("ROUTE swallowed: the loss shows", seen["sent"] == seen["received"] + 3, why=str(seen))
    hostile.lie()
    scene.describe(8)
    tool.must("apply", "--quiet")
    tool.must("call", "alice", "emit", "--hex", "0002")
    before = tool.look()
    s.case("and is repaired", await_true(lambda: tool.look()["strict"]["received"] ==
                                         tool.look()["strict"]["sent"]), why=str(before["strict"]))


def farewell(s, scene):
    """The end, and a node that lies about it."""
    s.group("lies to the tool, %s: the end of a deployment" % scene.tee)
    tool, hostile = scene.tool, scene.hostile
    for name, change in attempts(80, 67)[::1 if LONG else 5]:
        hostile.lie(bend("an answer to DISABLE", change))
        run = tool.run("destroy", "--timeout", "2", timeout=200)
        s.case(name, refused(run, (1, 3)), why=str(run))
        hostile.lie()
        tool.must("destroy")  # what was unloaded is gone; the node's word must do
        tool.must("apply", "--quiet")
    hostile.lie(on_request=lambda k, f: (8, b"no such module") if k in (ENTER, UNLOAD) else None)
    run = tool.run("destroy", "--timeout", "2")
    s.case("modules denied", run.returncode in (0, 1), why=str(run))
    hostile.lie()
    run = tool.run("destroy", "--timeout", "5")
    s.case("afterwards it is destroyed", run.returncode == 0, why=str(run))


def lives(s, scene):
    s.group("lies to the tool, %s: clones, swaps, resets, history" % scene.tee)
    tool, hostile = scene.tool, scene.hostile
    own = Owner(scene.liar, scene.node.address, 20)
    load = [f for k, f, _, _ in hostile.history if k == LOAD and f[8] == 2][-1]
    history = [f for k, f, _, _ in hostile.history if k == ENTER and f[8] == 2 and
               f[12] in (MANAGE, EVENT, REQUEST)]
    if scene.tee == "native":  # a board has one place for it
        own.ask(LOAD, load[:8] + struct.pack("<I", 77) + load[12:])
        for number, name in ((1, "another module in its place"), (77, "a clone in its place")):
            def divert(kind, fields):
                if kind == ENTER and fields[8] == 2:
                    return fields[:8] + struct.pack("<I", number) + fields[12:]
                return None
            hostile.lie(on_request=divert)
            for words in (("status",), ("request", "get"), ("send", "add")):
                run = tool.run(*words, "--timeout", "2")
                s.case("%s: %s" % (words[0], name), run.returncode == 1 and (
                    "causeway: " in run.stderr or "anew" in run.stdout), why=str(run))
        hostile.lie()
        for fields in history:
            said = own.ask(ENTER, fields[:8] + struct.pack("<I", 77) + fields[12:])
            s.case("history fed to a clone", said is not None and said[1][:1] == b"\2" and
                   len(said[1]) == 4, why=str(said))
        own.ask(UNLOAD, load[:8] + struct.pack("<I", 77))
    tool.must("send", "add")
    # History of this very life, then a reset behind the owner's back, and history again.
    before = tool.look()
    for fields in history:
        said = own.ask(ENTER, fields)
        s.case("history in the same life", said is not None and said[1][:1] == b"\2" and
               len(said[1]) == 4, why=str(said))
    after = tool.look()
    s.case("the same life", True, without_refusals(before) != without_refusals(after))
    own.ask(UNLOAD, load[:12])
    said = own.ask(LOAD, load)
    s.case("the reset itself is possible", said is not None and said[0] == 0, why=str(said))
    for fields in history:
        said = own.ask(ENTER, fields)
        s.case("history in a new life", said is not None and said[1][:1] == b"\2" and
               len(said[1]) == 4, why=str(said))
    for words in (("status",), ("request", "get"), ("send", "add")):
        run = tool.run(*words, "--timeout", "2")
        s.case("%s after a reset" % words[0], run.returncode == 1, why=str(run))
    own.close()
    tool.must("apply", "--quiet")
    tool.must("send", "add")
    fresh = tool.look()
    s.case("apply repairs it", fresh["add"]["state"] == "open" and
           fresh["add"]["epoch"] > after["add"]["epoch"])


def images(s, scene):
    """Only a chip can tell: what was loaded is not what was built."""
    s.group("lies to the tool, %s: images altered or exchanged before they are loaded" % scene.tee)
    tool, hostile = scene.tool, scene.hostile
    tool.must("destroy")
    rounds = 24 if LONG else 6
    refused_by_proof = 0
    for i in range(rounds):
        def alter(kind, fields):
            if kind != LOAD or fields[14:17] != b"bob":
                return None
            bent = bytearray(fields)
            at = 14 + 3 + 28 + (len(bent) - 60) * i // rounds
            bent[at] ^= 1 << i % 8
            return bytes(bent)
        hostile.lie(on_request=alter)
        # One is to be refused by its proof, even on a busy machine.
        patience = "5" if refused_by_proof > 0 or i + 1 < rounds else "60"
        run = tool.run("apply", "--timeout", patience, timeout=200)
        refused_by_proof += run.returncode == 3
        s.case("image with a bit flipped, %d" % i, refused(run, (1, 3)), why=str(run.stderr))
        hostile.lie()
        tool.run("destroy", "--force", "--timeout", "2")
        restart(scene)
    s.case("evidence was refused", refused_by_proof > 0, why="%d times" % refused_by_proof)
    numbers = {}

    def exchange(kind, fields):
        if kind == LOAD:
            numbers[fields[14:17]] = fields[8:12]
        if kind == ENTER and len(numbers) == 2:
            a, b = numbers.values()
            return fields[:8] + (b if fields[8:12] == a else a) + fields[12:]
        return None
    hostile.lie(on_request=exchange)
    run = tool.run("apply", "--timeout", "60", timeout=200)
    s.case("two modules exchanged", refused(run, (3,)), why=str(run.stderr))
    hostile.lie()
    tool.run("destroy", "--force", "--timeout", "2")
    restart(scene)
    tool.must("apply", "--quiet")
    tool.must("send", "add")
    s.case("afterwards an honest node is believed", tool.run("status").returncode == 0)


def restart(scene):
    """Whatever the last lie left on the node is gone; an altered module may never return."""
    scene.node.stop()
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(scene.folder + "/control")
        control.sendall(b"reset\n")
        control.recv(64)
    scene.node.start()


def crowd(s, folder):
    """Owners and tools at the same time: two processes on one state, two owners on one node."""
    s.group("concurrent management: two tools on one state, two owners on one node")
    tools = [Tool(folder + "/crowd%d" % i) for i in range(2)]
    for t in tools:
        shutil.copy("tests/adversary/modules/target.c", t.folder)
        t.describe({"causeway": 1, "name": "crowd", "nodes": [
            {"name": "n", "tee": "native", "address": "127.0.0.1:1"}], "modules": [
            {"name": "bob", "node": "n", "sources": ["target.c"]}],
            "policy": {"allow_unprotected": True}})
    node = Node(folder, "crowd", [t.print() for t in tools])
    try:
        for t in tools:
            d = json.load(open(t.folder + "/app.json"))
            d["nodes"][0]["address"] = node.address
            d["connections"] = [{"name": "add", "direct": True, "to_module": "bob",
                                 "to_input": "in_1", "encryption": "aes"}]
            t.describe(d)

        def start(tool, *words):
            return subprocess.Popen([BIN + "/causeway", *words], cwd=tool.folder,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def finish(name, running, statuses=(0,)):
            good = 0
            for p in running:
                out, err = p.communicate(timeout=200)
                good += p.returncode == 0
                s.case(name, p.returncode in statuses and
                       (p.returncode == 0 or "causeway: " in err),
                       why="%d %s" % (p.returncode, err))
            return good

        # All at once, four tools, two states: whoever comes second waits or says so.
        finish("apply at once", [start(t, "apply", "--quiet") for t in tools * 2], (0, 1))
        for t in tools:
            t.must("apply", "--quiet")
        sent = [0, 0]
        for round_ in range(3):
            for i, t in enumerate(tools):
                sent[i] += finish("send at once", [start(t, "send", "add") for _ in range(4)],
                                  (0, 1))
        mixed = [start(tools[0], *words) for words in (
            ("apply", "--quiet"), ("status",), ("send", "add"), ("attest",), ("apply", "--quiet"))]
        mixed += [start(tools[1], *words) for words in (("status",), ("apply", "--quiet"))]
        for p in mixed:
            out, err = p.communicate(timeout=200)
            s.case("all verbs at once", p.returncode in (0, 1), why=err)
        for i, t in enumerate(tools):
            t.must("send", "add")
            seen = t.look()
            s.case("each event once", seen["add"]["received"] == seen["add"]["sent"] and
                   seen["add"]["received"] >= sent[i] + 1, why="%s %s" % (seen, sent))
        # One owner's end is not the other's.
        before = tools[1].look()
        tools[0].must("destroy")
        after = tools[1].look()
        s.case("another owner's destroy", True, before != after)
        # A descriptor that names another's deployment state: another key, another state.
        run = tools[0].run("status", "--state", tools[1].folder + "/.causeway", "--key-file",
                           tools[0].folder + "/.causeway/key")
        s.case("another's state with one's own key", refused(run, (1,)), why=str(run))
    finally:
        node.stop()


def main():
    s = Suite()
    folder = tempfile.mkdtemp()
    known = ("native", "more", "sancus", "crowd")
    tees = [a for a in sys.argv[1:] if a in known] or known
    try:
        for tee in tees:
            begin = time.monotonic()
            if tee == "crowd":
                crowd(s, folder)
            else:
                os.mkdir(folder + "/" + tee)
                scene = Scene(folder + "/" + tee, "native" if tee == "more" else tee)
                try:
                    play(s, scene, tee)
                finally:
                    scene.stop()
            print("  %-18s %5.1f s" % (tee, time.monotonic() - begin), file=sys.stderr)
        held = s.report("liars", AS_JSON)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if held else 1)


def play(s, scene, tee):
    evidence = ("evidence", ("attest",) if tee == "sancus" else ("status",), 64 - 16 *
                (tee == "sancus"))
    kinds = [evidence, ("OPENED", ("status",), 28), ("an answer to QUERY", ("status",), 88),
             ("a response", ("request", "get", "--text", "x"), 30),
             ("an acknowledgement", ("send", "add"), 30)]
    if tee == "sancus":
        answers(s, scene, kinds[:1], 5 if LONG else 61, (3,))
        lives(s, scene)
        images(s, scene)
        return
    if tee == "native":
        answers(s, scene, kinds[:1] if PLANTED else kinds, 3 if LONG else 97, (1, 3))
        return
    silence(s, scene)
    claims(s, scene)
    lives(s, scene)
    farewell(s, scene)


if __name__ == "__main__":
    main()
