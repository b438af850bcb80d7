# SPDX-License-Identifier: MIT
"""What attacks on real programs are made of: nodes, the owner's tool, the hostile network between
nodes (causeway-adversary), a hostile node in front of an honest one, and the count of cases."""
import hashlib, json, os, re, shutil, socket, ssl, struct, subprocess, sys, tempfile
import threading, time

BIN = os.path.join(os.getcwd(), "build/host/bin")
HELLO, LOAD, UNLOAD, ENTER, ROUTE, UNROUTE, PERIODIC, SERVE, STATUS, PEER = range(0x20, 0x2a)
ATTEST, MANAGE, EVENT, REQUEST, RESPONSE, CANCEL, ACK_MAKE, ACK_TAKE, CALL = range(9)
OPEN, SETCONN, QUERY, DISABLE = 2, 3, 4, 5
LONG = os.environ.get("CW_LONG") == "1"
PLANTED = "--plant" in sys.argv  # a genuine message among the attacks: the suite must fail
AS_JSON = "--json" in sys.argv


class Suite:
    """Cases by group: refused with the expected reason, and whether anything changed."""

    def __init__(self):
        self.groups, self.shown, self.current = {}, 0, None

    def group(self, name):
        self.current = self.groups.setdefault(name, {"cases": 0, "refused": 0, "changed": 0})
        self.name = name

    def case(self, name, refused, changed=False, count=1, why=""):
        self.current["cases"] += count
        self.current["refused"] += count if refused else 0
        self.current["changed"] += count if changed else 0
        if (not refused or changed) and self.shown < 30:
            self.shown += 1
            print("FAIL: %s: %s:%s%s %s" % (
                self.name, name, "" if refused else " not refused as it must be",
                " something changed" if changed else "", why), file=sys.stderr)

    def total(self):
        return {k: sum(g[k] for g in self.groups.values()) for k in ("cases", "refused", "changed")}

    def report(self, label, as_json):
        t = self.total()
        held = t["cases"] > 0 and t["refused"] == t["cases"] and t["changed"] == 0
        if as_json:
            print(json.dumps({"tee": label, **t, "groups": [
                {"group": name, **g} for name, g in self.groups.items()]}))
            return held
        for name, g in self.groups.items():
            print("  %7d cases, %7d refused, %d changed state  %s" % (
                g["cases"], g["refused"], g["changed"], name))
        print("%s: %d cases, %d refused with the expected reason, %d changed state" % (
            label, t["cases"], t["refused"], t["changed"]))
        return held


class Identity:
    """A key of somebody who is no owner's tool."""

    def __init__(self, folder, name):
        self.key, self.cert = ("%s/%s-%s.pem" % (folder, name, k) for k in ("key", "cert"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2",
                        "-subj", "/CN=" + name, "-keyout", self.key, "-out", self.cert],
                       check=True, capture_output=True)
        public = subprocess.run(["openssl", "x509", "-in", self.cert, "-noout", "-pubkey"],
                                check=True, capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public,
                             check=True, capture_output=True).stdout
        self.print = hashlib.sha256(der).hexdigest()

    def context(self, server):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        c.minimum_version = ssl.TLSVersion.TLSv1_3
        c.load_cert_chain(self.cert, self.key)
        if not server:
            c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        return c


def message(kind, body, version=1, zero=0):
    return struct.pack("<IBBH", len(body), version, kind, zero) + body


def item(kind, body):
    return message(kind, body)


def items_of(data):
    """[(kind, bytes)] of an output area, as far as it is one."""
    found, at = [], 0
    while at + 8 <= len(data):
        length, _, kind, _ = struct.unpack_from("<IBBH", data, at)
        found.append((kind, data[at + 8:at + 8 + length]))
        at += 8 + length
    return found


def read_message(stream):
    header = stream.read(8)
    if len(header) < 8:
        return None
    length, _, kind, _ = struct.unpack("<IBBH", header)
    body = stream.read(length)
    return (kind, body) if len(body) == length else None


def connect(address, timeout=60):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout)


class Owner:
    """Requests of an owner, byte by byte."""

    def __init__(self, identity, address, timeout=60):
        self.raw = connect(address, timeout)
        self.tls = identity.context(False).wrap_socket(self.raw)
        self.stream, self.tag = self.tls.makefile("rb"), 0

    def send(self, kind, fields):
        self.tag += 1
        self.tls.sendall(message(kind, struct.pack("<I", self.tag) + fields))

    def ask(self, kind, fields=b""):
        """(status, fields), or None: the node hung up."""
        try:
            self.send(kind, fields)
            said = read_message(self.stream)
        except (OSError, ssl.SSLError):
            return None
        if said is None or said[0] != kind | 0x80 or said[1][:4] != struct.pack("<I", self.tag):
            return None
        return struct.unpack_from("<H", said[1], 4)[0], said[1][8:]

    def close(self):
        try:
            self.stream.close()
            self.tls.close()
        except OSError:
            pass


class Node:
    """A real causeway-node."""

    def __init__(self, folder, name, owners, tee="native", options=()):
        self.name, self.folder, self.log = name, folder, open("%s/%s.log" % (folder, name), "ab")
        self.arguments = [BIN + "/causeway-node", "--name", name, "--tee", tee, "--state",
                          "%s/%s" % (folder, name), *options]
        for owner in owners:
            self.arguments += ["--owner", owner]
        self.address = "127.%d.%d.%d:0" % tuple(2 + byte % 250 for byte in os.urandom(3))  # its own
        self.start()

    def start(self):
        self.process = subprocess.Popen([*self.arguments, "--listen", self.address],
                                        stdout=subprocess.PIPE, stderr=self.log)
        ready = self.process.stdout.readline().split()
        if len(ready) < 4:
            raise RuntimeError("node %s does not start" % self.name)
        self.address, self.print = ready[2].decode(), ready[3].decode()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self.process.stdout.close()

    def is_alive(self):
        return self.process.poll() is None

    def rss_mib(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024

    def modules(self):
        """Processes of its native modules."""
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as f:
            return [int(p) for p in f.read().split()]


class Network:
    """causeway-adversary in front of nodes."""

    def __init__(self, folder, targets):
        self.path = folder + "/network"
        arguments = [BIN + "/causeway-adversary", "--control", self.path]
        for target in targets:
            arguments += ["--listen", "127.0.0.1:0", "--forward", target]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        self.addresses = [p["listen"] for p in json.loads(self.process.stdout.readline())["pairs"]]
        self.control = socket.socket(socket.AF_UNIX)
        self.control.connect(self.path)
        self.lines = self.control.makefile("rw")

    def tell(self, line, must=True):
        self.lines.write(line + "\n")
        self.lines.flush()
        said = json.loads(self.lines.readline())
        if must and not said["ok"]:
            raise RuntimeError("the network refuses %s: %s" % (line, said))
        return said

    def links(self, pair):
        return [l["link"] for l in self.tell("status")["links"]
                if l["kind"] == "link" and l["pair"] == pair]

    def last(self, words):
        found = self.tell("list last=1 " + words)["messages"]
        return found[0] if found else None

    def bytes_of(self, number):
        return bytes.fromhex(self.tell("show %d" % number)["message"]["bytes"])

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.lines.close()
        self.control.close()
        self.process.stdout.close()


class HostileNode:
    """A node as an owner sees it: relays to an honest one, and lies as it is told.

    on_request(kind, fields) gives other fields, an answer (status, fields) of its own, or None;
    on_answer(kind, asked, status, fields) gives (status, fields), raw bytes, or None."""

    def __init__(self, identity, target):
        self.identity, self.target = identity, target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.history = []
        self.lie()
        threading.Thread(target=self.accept, daemon=True).start()

    def lie(self, on_answer=None, on_request=None):
        self.on_answer = on_answer or (lambda *a: None)
        self.on_request = on_request or (lambda *a: None)

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        upstream = None
        try:
            raw.settimeout(90)
            with self.identity.context(True).wrap_socket(raw, server_side=True) as tls:
                stream = tls.makefile("rb")
                upstream = Owner(self.identity, self.target)
                while True:
                    asked = read_message(stream)
                    if asked is None:
                        return
                    kind, tag, fields = asked[0], asked[1][:4], asked[1][4:]
                    said = self.on_request(kind, fields)
                    if not isinstance(said, tuple):
                        said = upstream.ask(kind, fields if said is None else said)
                        if said is None:
                            return
                        self.history.append((kind, fields, *said))
                    lied = self.on_answer(kind, fields, *said)
                    if isinstance(lied, bytes):
                        tls.sendall(lied)
                        if lied == b"":
                            return
                        continue
                    status, answer = said if lied is None else lied
                    tls.sendall(message(kind | 0x80, tag + struct.pack("<HH", status, 0) + answer))
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            if upstream is not None:
                upstream.close()

    def close(self):
        self.listener.close()


class Tool:
    """The owner's tool in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def describe(self, descriptor):
        with open(self.folder + "/app.json", "w") as f:
            json.dump(descriptor, f)

    def run(self, *words, timeout=200, **more):
        try:
            return subprocess.run([BIN + "/causeway", *words], cwd=self.folder, timeout=timeout,
                                  capture_output=True, text=True, **more)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 124, "", "it hangs")

    def json(self, *words):
        run = self.run(*words, "--json")
        return json.loads(run.stdout) if run.stdout.strip() else {}

    def must(self, *words):
        run = self.run(*words)
        if run.returncode != 0:
            raise RuntimeError("causeway %s: status %d: %s" % (
                " ".join(words), run.returncode, run.stderr))
        return run

    def print(self):
        return self.must("key", "show").stdout.split()[0]

    def look(self, modules=("bob",)):
        """Authentic counts, lives, and what reached handlers: all that an attack might change."""
        status = self.json("status")
        self.says = {n["node"]: n.get("says", {}) for n in status["nodes"]}
        seen = {m["module"]: (m["state"], m["measurement"], m["attested"])
                for m in status["modules"]}
        for c in status["connections"]:
            seen[c["connection"]] = {k: c.get(k) for k in (
                "state", "epoch", "channel", "sent", "received", "acknowledged", "refused_auth",
                "refused_replay", "dropped", "gaps")}
        for module in modules:
            seen["look " + module] = self.json("call", module, "look").get("hex")
        return seen


def waste(says):
    """Messages that a node, by its own word, threw away: of its connections, or for none."""
    routes = [r for m in says["modules"] for r in m["routes"] if not r["owner"]]
    return sum(r["refused"] + r["dropped"] + r["duplicates"] for r in routes) + \
        sum(p["astray"] for p in says["peers"]) + sum(m["astray"] for m in says["modules"])


def without_refusals(seen):
    return {k: {n: v for n, v in s.items() if not n.startswith("refused")}
            if isinstance(s, dict) else s for k, s in seen.items()}


def await_true(condition, seconds=60.0):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
