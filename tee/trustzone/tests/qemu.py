# SPDX-License-Identifier: MIT
"""qemu - one run of the machine of silicon/trustzone/arch.h for a test: flash in, two consoles out."""
import json
import os
import socket
import subprocess
import time

BUTTON, LED = 3, 7  # lines of the secure GPIO


class Machine:
    """Starts at once.  The normal world's console is .normal(), the secure one's .secure().

    talk: the normal world's console is the socket .talk instead.  board: there are .button() and
    .led().  reboot: a reset begins anew, instead of ending it.
    """

    def __init__(self, work, flash, normal=None, cpu="cortex-a57", machine="gic-version=2", smp=1,
                 talk=False, board=False, reboot=False):
        self.started = time.monotonic()
        self.console, theirs = socket.socketpair()
        self.console.setblocking(False)
        self.normal_path = os.path.join(work, "normal.%d" % id(self))
        self.said = b""
        self.first = None
        self.sockets = {}
        fds = [theirs]

        def pair(name):
            self.sockets[name], other = socket.socketpair()
            fds.append(other)
            return "socket,id=%s,fd=%d" % (name, other.fileno())

        words = ["qemu-system-aarch64", "-nodefaults", "-no-user-config",
                 "-machine", "virt,secure=on," + machine, "-accel", "tcg", "-cpu", cpu,
                 "-smp", str(smp), "-m", "256", "-nic", "none", "-display", "none",
                 "-monitor", "none", "-no-reboot",
                 "-drive", "if=pflash,unit=0,format=raw,file=" + flash,
                 "-chardev", "socket,id=secure,fd=%d" % theirs.fileno()]
        if talk:
            words += ["-chardev", pair("talk"), "-serial", "chardev:talk"]
        else:
            words += ["-serial", "file:" + self.normal_path]
        words += ["-serial", "chardev:secure"]
        if board:
            words += ["-chardev", pair("qtest"), "-qtest", "chardev:qtest", "-qtest-log", "/dev/null",
                      "-chardev", pair("qmp"), "-qmp", "chardev:qmp"]
        if reboot:
            words.remove("-no-reboot")
        if normal is not None:
            words += ["-device", "loader,addr=0x40200000,force-raw=on,file=" + normal]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                        pass_fds=[each.fileno() for each in fds])
        for each in fds:
            each.close()
        self.talk = self.sockets.get("talk")
        if board:
            self.find_gpio()

    def find_gpio(self):
        """The secure one of the machine's PL061s, and its lines towards the board."""
        file = self.sockets["qmp"].makefile("rw")

        def ask(command, **arguments):
            file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            file.flush()
            while True:
                answer = json.loads(file.readline())
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise ValueError(answer)

        file.readline()
        ask("qmp_capabilities")
        for child in ask("qom-list", path="/machine/unattached"):
            self.gpio = "/machine/unattached/" + child["name"]
            if child["type"] == "child<pl061>" and ask(
                    "qom-get", path=self.gpio + "/pl061[0]", property="addr") == 0x090b0000:
                break
        self.lit = 0
        self.qtest = b""
        self.sockets["qtest"].sendall(b"irq_intercept_out %s\n" % self.gpio.encode())
        self.sockets["qtest"].setblocking(False)

    def button(self, down):
        self.sockets["qtest"].sendall(b"set_irq_in %s unnamed-gpio-in %d %d\n"
                                      % (self.gpio.encode(), BUTTON, down))

    def led(self):
        """1: it is lit."""
        try:
            while True:
                self.qtest += self.sockets["qtest"].recv(4096)
        except BlockingIOError:
            pass
        lines = self.qtest.split(b"\n")
        self.qtest = lines.pop()
        for line in lines:
            if line == b"IRQ raise %d" % LED:
                self.lit = 1
            elif line == b"IRQ lower %d" % LED:
                self.lit = 0
        return self.lit

    def secure(self):
        """What the secure world said so far."""
        try:
            while self.console.fileno() >= 0:
                more = self.console.recv(65536)
                if not more:
                    break
                self.first = self.first or time.monotonic() - self.started
                self.said += more
        except (BlockingIOError, ConnectionResetError):
            pass
        return self.said.decode(errors="replace")

    def normal(self):
        try:
            with open(self.normal_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def type(self, text):
        try:
            self.console.send(text)
        except (BlockingIOError, BrokenPipeError):
            pass

    def run(self, seconds, types=None, until=lambda: False):
        """Until it ends; true: in time.  types: a byte to type again and again, once asked to."""
        while (self.process.poll() is None and time.monotonic() - self.started < seconds
               and not until()):
            self.secure()
            if types and "type\n" in self.normal():
                self.type(types)
            time.sleep(0.002)
        return self.end()

    def end(self):
        """True: it had ended by itself."""
        ended = self.process.poll() is not None
        self.process.kill()
        self.process.wait()
        self.secure()
        for each in [self.console, *self.sockets.values()]:
            each.close()
        return ended
