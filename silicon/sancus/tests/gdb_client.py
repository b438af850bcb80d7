# SPDX-License-Identifier: MIT
"""gdb_client.py CHIP WORK SOURCE: speaks the gdb remote protocol to causeway-sancus, and checks.

WORK holds guarded.elf, board.elf and profiled.elf; SOURCE is guarded.c.
"""
import json
import os
import random
import re
import socket
import subprocess
import sys
import time

CHIP, WORK, SOURCE = sys.argv[1:4]
GUARDED = os.path.join(WORK, "guarded.elf")
BOARD = os.path.join(WORK, "board.elf")
results = {"passed": 0, "failed": 0}


def check(what, good, detail=""):
    results["passed" if good else "failed"] += 1
    print("ok      " + what if good else "NOT OK  %s   %s" % (what, detail), flush=True)


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def symbol(name):
    for line in tool("llvm-nm-14", GUARDED).splitlines():
        if line.split()[-1] == name:
            return int(line.split()[0], 16)
    raise KeyError(name)


def address_of_line(mark):
    """The first statement of the line that holds [mark], as the ELF's line table has it."""
    with open(SOURCE, encoding="ascii") as file:
        wanted = [i for i, line in enumerate(file, 1) if mark in line][0]
    rows, in_file = [], False
    for line in tool("llvm-dwarfdump-14", "--debug-line", GUARDED).splitlines():
        if line.startswith("debug_line["):
            in_file = False
        in_file |= "guarded.c" in line
        row = re.match(r"0x0*([0-9a-f]+) +(\d+) +\d+ .*is_stmt", line)
        if row and in_file and int(row.group(2)) == wanted:
            rows.append(int(row.group(1), 16))
    return min(rows)


class Program:
    """causeway-sancus with a stub; where it listens stands in its log."""

    def __init__(self, *options, where="0"):
        self.log = os.path.join(WORK, "log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([CHIP, "--gdb", where, *options], stderr=log,
                                            stdout=subprocess.PIPE, text=True)
        for _ in range(3000):
            found = re.search(r"target remote (\S+)", self.words())
            if found:
                self.where = found.group(1)
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError("no stub: " + self.words())

    def words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def finish(self):
        """Of a program that ends by itself."""
        out = self.process.communicate(timeout=90)[0]
        return self.process.returncode, out

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        out = self.process.communicate(timeout=90)[0]
        return self.process.returncode, out


class Client:
    def __init__(self, program, no_ack=True):
        if "/" in program.where:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(program.where)
        else:
            host, port = program.where.split(":")
            self.socket = socket.create_connection((host, int(port)))
        self.socket.settimeout(60)
        self.buffer = b""
        self.acks = True
        self.console = ""
        if no_ack:
            assert self.ask("QStartNoAckMode") == "OK"
            self.socket.sendall(b"+")
            self.acks = False

    def frame(self, body):
        raw = body if isinstance(body, bytes) else body.encode("latin-1")
        raw = raw.replace(b"}", b"}]").replace(b"$", b"}\x04").replace(b"#", b"}\x03")
        return b"$" + raw + b"#%02x" % (sum(raw) & 255)

    def send(self, body):
        self.socket.sendall(self.frame(body))

    def byte(self):
        if not self.buffer:
            self.buffer = self.socket.recv(65536)
            if not self.buffer:
                raise EOFError
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    def packet(self):
        while self.byte() != b"$":
            pass
        raw = b""
        while True:
            c = self.byte()
            if c == b"#":
                break
            raw += c
        claimed = int(self.byte() + self.byte(), 16)
        assert sum(raw) & 255 == claimed, raw
        if self.acks:
            self.socket.sendall(b"+")
        body = re.sub(rb"}(.)", lambda m: bytes([m.group(1)[0] ^ 0x20]), raw, flags=re.S)
        return body.decode("latin-1")

    def answer(self):
        """The next packet that is no console text."""
        while True:
            body = self.packet()
            if not re.fullmatch(r"O([0-9a-f]{2})+", body):
                return body
            self.console += bytes.fromhex(body[1:]).decode()

    def ask(self, body):
        self.send(body)
        return self.answer()

    def monitor(self, line):
        self.console = ""
        assert self.ask("qRcmd," + line.encode().hex()) == "OK"
        return self.console

    def registers(self):
        raw = bytes.fromhex(self.ask("g"))
        assert len(raw) == 64
        return [int.from_bytes(raw[4 * i:4 * i + 4], "little") for i in range(16)]

    def pc(self):
        return self.registers()[0]

    def memory(self, address, length):
        got = self.ask("m%x,%x" % (address, length))
        return got if got.startswith("E") else bytes.fromhex(got)

    def go(self, how="c"):
        self.console = ""
        return self.ask(how)


def signal(stop):
    return int(stop[1:3], 16) if stop.startswith("T") else -1


def run_guarded(*options, where="0"):
    return Program("--run", GUARDED, "--json", *options, where=where)


def session():
    program = run_guarded()
    client = Client(program, no_ack=False)
    answer = client.ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386")
    check("qSupported names what there is", "PacketSize=" in answer and "swbreak+" in answer and
          "qXfer:features:read+" in answer and "multiprocess" not in answer, answer)
    check("packets are acknowledged until no-ack mode", client.ask("QStartNoAckMode") == "OK")
    client.acks = False
    xml, offset = "", 0
    while True:
        part = client.ask("qXfer:features:read:target.xml:%x,40" % offset)
        xml, offset = xml + part[1:], offset + 0x40
        if part[0] == "l":
            break
    check("the target description comes in parts", xml.startswith("<?xml") and
          "<architecture>msp430</architecture></target>" in xml, xml)
    check("another annex is refused", client.ask("qXfer:features:read:x.xml:0,40")[0] == "E")
    check("the program waits at its first instruction",
          client.ask("?").startswith("T05") and client.pc() == symbol("start"))

    line = address_of_line("BREAK")
    check("a breakpoint in a module's source", symbol("work") <= line and
          client.ask("Z0,%x,2" % line) == "OK")
    check("modules are none yet", "no module" in client.monitor("modules"))
    stop = client.go()
    check("... is met", signal(stop) == 5 and "swbreak" in stop and client.pc() == line, stop)
    check("monitor modules prints the line that loads symbols",
          "add-symbol-file FILE.elf 0x%04x" % symbol("module") in client.monitor("modules"),
          client.console)

    secret, outside = symbol("secret"), 0x0300
    check("the module's data can be read in the module", client.memory(secret, 2) == b"\0\0")
    check("... and written", client.ask("M%x,2:0700" % secret) == "OK" and
          client.memory(secret, 2) == b"\7\0")
    check("X writes bytes of any value", client.ask(b"X%x,4:\x01\x23\x24\x7d" % outside) == "OK" and
          client.memory(outside, 4) == b"\x01\x23\x24\x7d")
    check("its text cannot be written", client.ask("M%x,2:0000" % line) == "E0e")
    check("where nothing is, nothing is read", client.memory(0x4800, 2) == "E0e")
    check("a read ends where memory ends", len(client.memory(0x41fc, 16)) == 4)
    check("the same breakpoint again", signal(client.go()) == 5 and client.pc() == line)
    check("... counts on from what was written", client.memory(secret, 2) == b"\x11\0")
    check("z0", client.ask("z0,%x,2" % line) == "OK")

    theft = symbol("theft")
    check("Z1 outside", client.ask("Z1,%x,2" % theft) == "OK" and signal(client.go()) == 5 and
          client.pc() == theft)
    check("from outside, the module's data cannot be read", client.memory(secret, 2) == "E0e")
    check("... nor its text", client.memory(symbol("module"), 2) == "E0e")
    check("rules off", "off" in client.monitor("rules off") and
          client.memory(secret, 2) == b"\x25\0" and
          isinstance(client.memory(symbol("module"), 2), bytes))
    check("rules on again", "on" in client.monitor("rules on") and
          client.memory(secret, 2) == "E0e")
    before = client.registers()
    stop = client.go()
    check("a violation stops with its reason", signal(stop) == 11 and
          "read of a module's data at 0x%04x" % secret in client.console and
          "by the instruction at 0x%04x" % theft in client.console and
          "module 1" in client.console, stop + client.console)
    check("... and shows the registers before it", client.registers() == before)
    check("... which cannot be changed", client.ask("P5=01000000")[0] == "E")
    stop = client.go("s")
    check("then the chip does what it does: the interrupt's handler", signal(stop) == 5 and
          client.pc() == symbol("violated"), stop)
    stop = client.go()
    check("the end is said", signal(stop) == 5 and "ended: cpuoff" in client.console,
          client.console)
    check("monitor cycles", "1 violations" in client.monitor("cycles"), client.console)
    check("monitor help", "monitor rules" in client.monitor("help"))
    check("an unknown monitor command says so", "no such" in client.monitor("fly"))
    check("monitor reset", "reset" in client.monitor("reset") and client.pc() == symbol("start"))
    check("a detached program runs to its end", client.ask("D") == "OK")
    status, out = program.finish()
    check("... and reports as ever", status == 0 and json.loads(out)["reason"] == "cpuoff", out)


def plain_cycles():
    out = tool(CHIP, "--run", GUARDED, "--json")
    return json.loads(out)


def steps():
    """Single steps see what --trace sees; and debugging changes no cycle."""
    trace = os.path.join(WORK, "trace")
    tool(CHIP, "--run", GUARDED, "--json", "--trace", trace)
    with open(trace, encoding="ascii") as file:
        lines = [line.split() for line in file]
    program = run_guarded()
    client = Client(program)
    same = 0
    for line in lines:
        values = client.registers()
        want = [int(word, 16) for word in line[:15]]
        if [values[0], values[1], values[2]] + values[4:] != want:
            break
        same += 1
        if same < len(lines) and signal(client.go("vCont;s:1")) not in (5, 11):
            break
        if client.console: # at the violation the values before are shown: one step more
            client.go("s")
    check("%u single steps see what --trace saw" % len(lines), same == len(lines),
          "%u of %u" % (same, len(lines)))
    client.ask("D")
    status, out = program.finish()
    got, want = json.loads(out), plain_cycles()
    check("steps change neither cycles nor memory", got == want, (got, want))

    program = run_guarded()
    client = Client(program)
    client.ask("Z0,%x,2" % symbol("work"))
    client.ask("Z2,%x,2" % 0x0300)
    stops = 0
    while stops < 20 and "ended" not in client.console:
        client.go()
        stops += 1
    client.ask("D")
    status, out = program.finish()
    check("nor do breakpoints and watchpoints", stops == 8 and json.loads(out) == want,
          (stops, out))


def registers():
    program = run_guarded()
    client = Client(program)
    check("P and p", client.ask("P5=34120000") == "OK" and client.ask("p5") == "34120000")
    check("a register that is none", client.ask("p10")[0] == "E" and
          client.ask("P10=00000000")[0] == "E")
    check("a value that is too long", client.ask("P5=34120100")[0] == "E")
    values = client.registers()
    values[7] = 0xbeef
    body = "".join(value.to_bytes(4, "little").hex() for value in values)
    check("G", client.ask("G" + body) == "OK" and client.registers() == values)
    check("an odd PC is refused", client.ask("P0=01000000")[0] == "E")
    theft = symbol("theft")
    check("the PC can be set", client.ask("P0=%02x%02x0000" % (theft & 255, theft >> 8)) == "OK" and
          client.pc() == theft)
    check("memory of devices is read without touching them", client.memory(0x0120, 2) is not None)
    client.send("k")
    check("k ends the program", program.process.wait(60) == 0)


def watchpoints():
    program = run_guarded()
    client = Client(program)
    client.ask("Z2,300,2")
    stop = client.go()
    check("a write watchpoint", "watch:300;" in stop and
          client.memory(0x0300, 2) == b"\x0a\0", stop)
    client.ask("z2,300,2")
    client.ask("Z3,%x,2" % symbol("secret"))
    stop = client.go()
    check("a read watchpoint, inside of the module", "rwatch:%x;" % symbol("secret") in stop and
          symbol("work") <= client.pc() < symbol("module_end"), stop)
    client.ask("z3,%x,2" % symbol("secret"))
    client.ask("Z4,300,1")
    stop = client.go()
    check("an access watchpoint of one byte", "awatch:300;" in stop, stop)
    client.ask("z4,300,1")
    check("points that are none", client.ask("Z5,300,1") == "" and
          client.ask("Z2,ffff,2")[0] == "E" and client.ask("Z0,5c01,2")[0] == "E" and
          client.ask("Z2,300,0")[0] == "E")
    answers = [client.ask("Z0,%x,2" % (0x8000 + 2 * i)) for i in range(80)]
    check("points are bounded", answers.count("OK") == 64 and answers.count("E1c") == 16, answers)
    client.socket.close()
    status, out = program.finish()
    check("a client that goes lets the program go on", status == 0 and "cpuoff" in out, out)


def board():
    path = os.path.join(WORK, "debugger")
    control = os.path.join(WORK, "control")
    program = Program("--firmware", BOARD, "--control", control, where=path)

    def command(line):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(control)
            s.settimeout(60)
            s.sendall(line.encode() + b"\n")
            got = b""
            while not re.search(rb"^(ok|error).*\n", got, re.M):
                got += s.recv(4096)
            return got.decode()

    time.sleep(0.1)
    client = Client(program)
    check("attaching holds the board", '"state": "debugged"' in command("status"))
    second = socket.socket(socket.AF_UNIX)
    second.connect(path)
    second.settimeout(60)
    check("a second client is turned away", second.recv(1) == b"")
    second.close()
    check("the first one stays", client.ask("?").startswith("T05"))
    client.send("c")
    time.sleep(0.1)
    check("it sleeps on", '"state": "asleep"' in command("status"))
    client.socket.sendall(b"\x03")
    check("Ctrl-C stops a sleeping board", signal(client.answer()) == 2)
    pressed = int(tool("llvm-nm-14", BOARD).split(" t pressed")[0].split()[-1], 16)
    client.ask("Z0,%x,2" % pressed)
    client.send("c")
    time.sleep(0.1)
    command("press")
    check("the button's interrupt meets a breakpoint", signal(client.answer()) == 5 and
          client.pc() == pressed)
    check("the LED's port is read", client.memory(0x0029, 1) == b"\0")
    check("... and written", client.ask("M29,1:01") == "OK" and client.memory(0x0029, 1) == b"\1" and
          command("led?").endswith("ok 1\n"))
    check("k starts the board anew", client.ask("vKill;1") == "OK")
    time.sleep(0.1)
    check("... and it runs", '"state": "asleep"' in command("status"), command("status"))
    client = Client(program)
    client.send("c")
    command("power off")
    command("power on")
    client.socket.sendall(b"\x03")
    check("a power cycle meanwhile is no violation", signal(client.answer()) == 2)
    client.ask("D")
    check("SIGTERM ends it", program.end()[0] == 0)
    check("its socket is gone", not os.path.exists(path))


def garbage():
    program = run_guarded()
    client = Client(program)
    bad = ["m", "m5c00", "m5c00,", "mzz,1", "m5c00,1x", "m123456789,1", "M300,2:0", "M300,2:000",
           "M300,1:zz", "M300,3:0000", "G00", "g1", "p", "P5", "P5=", "P5=1", "P5=1234567890",
           "Z0", "Z0,", "Z0,5c00", "z,5c00,2", "Z0,10000,2", "vCont;", "vCont", "vCont;x",
           "vCont;c:", "c5c01", "cx", "sfffff", "C", "S05;", "qRcmd,1", "qRcmd,zz",
           "qXfer:features:read:target.xml:0", "qXfer:features:read:target.xml:fffff,1",
           "X300,1", "X300,5:abc", "X300,1:abc", "?x", "!!"]
    answers = {body: client.ask(body) for body in bad if body != "vCont;c:"}
    wrong = {body: a for body, a in answers.items() if not a.startswith("E")}
    check("%u malformed commands get an error" % len(answers), not wrong, wrong)
    unknown = ["", "b", "qC", "vMustReplyEmpty", "QNonStop:1", "jThreads", "\x80\xff", "qfThreadInfo"]
    check("unknown commands get the empty answer",
          all(client.ask(body) == "" for body in unknown))
    check("a packet that is too long is refused", client.ask("m" + "0" * 5000)[0] == "E")
    check("bytes between packets are skipped", client.socket.sendall(b"+-+\0hello") is None and
          client.ask("?").startswith("T05"))
    client.socket.sendall(b"$g#00$g")
    check("a wrong sum and a cut packet are dropped", client.ask("?").startswith("T05"))
    client.ask("D")
    program.end()

    program = run_guarded("--limit", "100000")
    client = Client(program, no_ack=False)
    client.socket.sendall(b"$?#00")
    check("with acks, a damaged packet is asked for again", client.byte() == b"-")
    first = client.ask("?")
    client.socket.sendall(b"-")
    check("... and an answer is sent again", client.packet() == first)
    client.socket.close()
    program.process.wait(60)

    random.seed(7)
    for seed in range(12):
        program = run_guarded("--limit", "1000000")
        for _ in range(6):
            if program.process.poll() is not None:
                break
            try:
                noise_from(Client(program, no_ack=False))
            except OSError:
                pass
        if program.process.poll() not in (None, 0):
            break
        program.end()
    check("noise does not end it", program.process.returncode in (0, -15),
          program.process.returncode)

    program = run_guarded()
    client = Client(program)
    client.socket.setblocking(False)
    sent = 0
    try: # a client that only asks: it is not read from any more, and memory stays as it is
        while sent < 64 << 20:
            sent += client.socket.send(client.frame("m0,7f0") * 100)
    except BlockingIOError:
        pass
    with open("/proc/%u/status" % program.process.pid, encoding="ascii") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
    check("a client that does not read gets no memory", sent < 64 << 20 and peak < 32 << 10,
          (sent, peak))
    client.socket.close()
    program.process.wait(60)


def noise_from(client):
    letters = "?gGpPmMXcsCSZzvqQRHTD!k"
    out = b""
    for _ in range(40):
        body = bytes(random.choice(letters), "ascii") + bytes(
            random.choice(b"0123456789abcdef,:;=") if random.random() < 0.9
            else random.randrange(256) for _ in range(random.randrange(12)))
        out += client.frame(body) if random.random() < 0.8 else body
        if random.random() < 0.3:
            out += b"\x03"
    client.socket.sendall(out)
    client.socket.settimeout(0.05)
    try:
        while client.socket.recv(65536):
            pass
    except TimeoutError:
        pass
    client.socket.close()


def wrong_use():
    for options in (["--gdb", "x"], ["--gdb", "70000"], ["--gdb", "-1"], ["--gdb", ""],
                    ["--symbols", GUARDED + "@1"], ["--symbols", SOURCE],
                    ["--symbols", GUARDED + "@ffff"], ["--symbols", GUARDED + "@0xfffe"]):
        done = subprocess.run([CHIP, *options, "--run", GUARDED], capture_output=True, text=True,
                              timeout=90, check=False)
        check("wrong use: " + " ".join(options).replace(WORK, ""), done.returncode == 2 and
              done.stderr.count("\n") == 1, (done.returncode, done.stderr))


def profile():
    elf = os.path.join(WORK, "profiled.elf")
    out = tool(CHIP, "--run", elf, "--json", "--profile", "-").split("\n", 1)
    run, got = json.loads(out[0]), json.loads(out[1])
    rows = {row["function"]: (row["cycles"], row["calls"]) for row in got["functions"]}
    want = {"start": (85, 1), "leaf": (11 * 5, 11), "outer": (6, 1), "tail": (305, 1)}
    check("cycles and calls per function are those of the manual", rows == want, rows)
    check("their sum is the run's", got["cycles"] == run["cycles"] == sum(
        row["cycles"] for row in got["functions"]))
    check("most cycles come first", [row["function"] for row in got["functions"]] ==
          ["tail", "start", "leaf", "outer"])
    table = os.path.join(WORK, "table")
    tool(CHIP, "--run", elf, "--profile", table)
    with open(table, encoding="ascii") as file:
        text = file.read()
    check("the table for people", re.search(r"305 +67\.63% +1 +[0-9a-f]{4} +tail\n", text) and
          "100.00%" in text, text)
    tool("llvm-objcopy-14", "--strip-symbol=work", "--strip-symbol=twice", "--strip-symbol=module",
         GUARDED, os.path.join(WORK, "bare.elf"))
    out = tool(CHIP, "--run", os.path.join(WORK, "bare.elf"), "--json", "--profile", "-")
    rows = {row["function"]: row for row in json.loads(out.split("\n", 1)[1])["functions"]}
    check("a module without symbols has a row", rows["[module in slot 0]"]["calls"] == 3, rows)
    out = tool(CHIP, "--run", os.path.join(WORK, "bare.elf"), "--json", "--profile", "-",
               "--symbols", "%s@0x5c00" % GUARDED)
    rows = {row["function"] for row in json.loads(out.split("\n", 1)[1])["functions"]}
    check("--symbols gives it names", {"work", "twice", "module"} <= rows and
          "[module in slot 0]" not in rows, rows)
    script = os.path.join(WORK, "script")
    with open(script, "w", encoding="ascii") as file:
        file.write("wait 10\npress\nexpect led 1 5\nwait 100\nprofile\n")
    tool(CHIP, "--firmware", BOARD, "--headless", script, "--profile", table, "--json")
    with open(table, encoding="ascii") as file:
        got = json.load(file)
    rows = {row["function"]: row for row in got["functions"]}
    # mov.b #0,&x 4, xor.b #1,&x 4, add #1,Rn 1, mov.b #1,&x 4, mov.b Rn,&x 4, reti 5
    check("of a board: its button's handler, and sleep", rows["pressed"]["calls"] == 1 and
          rows["pressed"]["cycles"] == 22 and rows["[asleep]"]["share"] > 0.99 and
          got["cycles"] >= 110 * 20000, rows)


for part in (session, steps, registers, watchpoints, board, garbage, wrong_use, profile):
    part()
print("%u passed, %u failed, 0 skipped" % (results["passed"], results["failed"]))
sys.exit(results["failed"] != 0)
