# SPDX-License-Identifier: MIT
"""qemu - one run of the machine of silicon/trustzone/arch.h for a test: flash in, two consoles out."""
import os
import socket
import subprocess
import time


class Machine:
    """Starts at once.  The normal world's console is .normal(), the secure one's .secure()."""

    def __init__(self, work, flash, normal=None, cpu="cortex-a57", machine="gic-version=2", smp=1):
        self.started = time.monotonic()
        self.console, theirs = socket.socketpair()
        self.console.setblocking(False)
        self.normal_path = os.path.join(work, "normal.%d" % id(self))
        self.said = b""
        self.first = None
        words = ["qemu-system-aarch64", "-nodefaults", "-no-user-config",
                 "-machine", "virt,secure=on," + machine, "-accel", "tcg", "-cpu", cpu,
                 "-smp", str(smp), "-m", "256", "-nic", "none", "-display", "none",
                 "-monitor", "none", "-no-reboot",
                 "-drive", "if=pflash,unit=0,format=raw,file=" + flash,
                 "-serial", "file:" + self.normal_path,
                 "-chardev", "socket,id=secure,fd=%d" % theirs.fileno(), "-serial", "chardev:secure"]
        if normal is not None:
            words += ["-device", "loader,addr=0x40200000,force-raw=on,file=" + normal]
        with theirs:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                            pass_fds=[theirs.fileno()])

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

    def run(self, seconds, types=None):
        """Until it ends; true: in time.  types: a byte to type again and again, once asked to."""
        while self.process.poll() is None and time.monotonic() - self.started < seconds:
            self.secure()
            if types and "type\n" in self.normal():
                self.type(types)
            time.sleep(0.002)
        ended = self.process.poll() is not None
        self.process.kill()
        self.process.wait()
        self.secure()
        self.console.close()
        return ended
