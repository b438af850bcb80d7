# SPDX-License-Identifier: MIT
"""linux - what linux.sh plays: one board with Linux, from power on to power off."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

WORK = os.environ["WORK"]
BIN = os.path.join(os.getcwd(), "build/host/bin")
PATIENCE = 150
counts = {"passed": 0, "failed": 0}


def check(name, good, why=""):
    counts["passed" if good else "failed"] += 1
    print("ok:" if good else "FAIL:", name, "" if good else str(why), flush=True)
    return good


def connect(path):
    end = time.monotonic() + PATIENCE
    while True:
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Board:
    def __init__(self):
        self.flash = WORK + "/board.flash"
        made = subprocess.run([BIN + "/causeway", "trustzone", "new-device", self.flash, "--json"],
                              capture_output=True, text=True, cwd=WORK, check=False, timeout=200)
        assert made.returncode == 0, made.stdout + made.stderr
        self.platform = re.search(r'"platform": *"([0-9a-f]{64})"', made.stdout).group(1)
        self.port = free_port()
        self.started = time.monotonic()
        # What it says goes to our own output, for the log.
        self.process = subprocess.Popen(
            [BIN + "/causeway-trustzone", "--flash", self.flash, "--linux", "build/linux/kernel",
             "--initramfs", "build/linux/initramfs.cpio", "--forward", f"{self.port}:6000",
             "--link", WORK + "/link", "--console", WORK + "/console",
             "--control", WORK + "/control"], stdout=sys.stdout, stderr=sys.stdout)
        self.control = connect(WORK + "/control")
        self.events = b""
        self.link = connect(WORK + "/link")
        self.number = 0

    def read_until(self, pattern, seconds):
        said = b""
        end = time.monotonic() + seconds
        while not re.search(pattern, said):
            self.link.settimeout(max(0.1, end - time.monotonic()))
            try:
                more = self.link.recv(65536)
            except TimeoutError:
                more = b""
            if not more or time.monotonic() > end:
                raise TimeoutError(said.decode(errors="replace"))
            said += more
        return said

    def run(self, command, seconds=PATIENCE):
        """A line for Linux's shell: (status, what it printed)."""
        self.number += 1
        self.link.sendall(f"{command}\necho ended {self.number} $?\n".encode())
        said = self.read_until(rb"ended %d \d+\n" % self.number, seconds).decode(errors="replace")
        text, _, status = said.rpartition(f"ended {self.number} ")
        return int(status), text

    def press(self):
        self.control.sendall(b"press\n")

    def event(self, wanted, seconds=PATIENCE):
        """Wait for a line of the control socket; what came before it is forgotten."""
        end = time.monotonic() + seconds
        while wanted not in self.events and time.monotonic() < end:
            self.control.settimeout(max(0.1, end - time.monotonic()))
            try:
                more = self.control.recv(65536)
            except TimeoutError:
                more = b""
            if not more:
                break
            self.events += more
        _, found, self.events = self.events.partition(wanted)
        return found == wanted

    def text(self, name):
        with open(WORK + "/" + name, encoding="utf-8", errors="replace") as file:
            return file.read()


def sessions_free(board):
    status, text = board.run("trustzone-client info")
    found = re.search(r"info: (\d+) sessions free", text)
    return int(found.group(1)) if status == 0 and found else text


def wait_for_sessions(board, wanted):
    end = time.monotonic() + 60
    while (found := sessions_free(board)) != wanted and time.monotonic() < end:
        time.sleep(0.2)
    return found


def served(board):
    status, text = board.run("dmesg | grep optee:; lsmod | grep -c '^optee '; ls /dev/tee0")
    check("modprobe optee binds", status == 0 and "optee: initialized driver" in text, text)
    status, text = board.run("nproc")
    check("both CPUs run", text.strip() == "2", text)
    free = sessions_free(board)
    check("registered memory: INFO", free == 15, free)
    for what, count in (("ping", 2000), ("memory", 1000)):
        status, text = board.run(f"trustzone-client {what} {count}")
        print(text.strip())
        check(f"{count} calls: {what}", status == 0, text)
    status, text = board.run("trustzone-client refused")
    check("wrong calls are refused, each with its code", status == 0, text)
    status, text = board.run("trustzone-client fill")
    check("sessions are few, and the next one is refused", status == 0 and "16 sessions" in text,
          text)


def killed(board):
    status, text = board.run("trustzone-client hold 5 >/tmp/hold & p=$!; n=0; while [ ! -s /tmp/hold ]"
                             " && [ $n -lt 200 ]; do usleep 50000; n=$((n+1)); done; cat /tmp/hold")
    check("a client holds five sessions", "holding 5" in text, text)
    free = sessions_free(board)
    check("which are taken", free == 10, free)
    board.run("kill -9 $p; wait $p")
    free = wait_for_sessions(board, 15)
    check("a killed client gives its sessions back", free == 15, free)
    for _ in range(3):
        board.run("trustzone-client endless & p=$!; usleep 300000; kill -9 $p; wait $p")
    free = wait_for_sessions(board, 15)
    check("also in the middle of calls", free == 15, free)
    status, text = board.run("trustzone-client endless & p=$!; usleep 300000; kill -STOP $p;"
                             " trustzone-client ping 200; s=$?; kill -9 $p; wait $p; (exit $s)")
    check("a client that stands still holds up nobody", status == 0, text)


def together(board):
    status, text = board.run("trustzone-client many 20 10")
    print(text.strip())
    check("twenty clients at once share sixteen sessions", status == 0, text)
    # Secure interrupts, while two CPUs call: the world lock's scenario.
    board.run("trustzone-client many 2 600 >/tmp/many & p=$!")
    console = connect(WORK + "/console")
    for _ in range(60):
        board.press()
        console.sendall(b"x" * 8)
        time.sleep(0.02)
    status, text = board.run("wait $p; s=$?; cat /tmp/many; (exit $s)")
    check("secure interrupts during calls on two CPUs: nothing hangs", status == 0, text)
    console.close()
    free = wait_for_sessions(board, 15)
    check("and no session is lost", free == 15, free)


def causeway(app, *words):
    return subprocess.run([BIN + "/causeway", *words], capture_output=True, text=True, cwd=app,
                          check=False, timeout=300)


def deployed(board):
    app = WORK + "/app"
    os.mkdir(app)
    for source in ("hello/hello.c", "button-led/button_driver.c", "button-led/led_driver.c",
                   "button-led/controller.c", "button-led/db.c"):
        shutil.copy("examples/" + source, app)
    with open(app + "/app.json", "w", encoding="utf-8") as file:
        json.dump({
            "causeway": 1, "name": "inside",
            "nodes": [{"name": "linux", "tee": "trustzone", "address": f"127.0.0.1:{board.port}",
                       "platform": board.platform}],
            "modules": [
                {"name": "hello", "node": "linux", "sources": ["hello.c"]},
                {"name": "button_driver", "node": "linux", "sources": ["button_driver.c"],
                 "device": "port1", "on_interrupt": "pressed"},
                {"name": "led_driver", "node": "linux", "sources": ["led_driver.c"],
                 "device": "port2"},
                {"name": "controller", "node": "linux", "sources": ["controller.c"]},
                {"name": "db", "node": "linux", "sources": ["db.c"]}],
            "connections": [
                {"name": "get-count", "direct": True, "to_module": "hello", "to_handler": "count",
                 "encryption": "aes"},
                {"from_module": "button_driver", "from_output": "button_pressed",
                 "to_module": "controller", "to_input": "button_pressed", "encryption": "aes"},
                {"from_module": "controller", "from_output": "toggle_led",
                 "to_module": "led_driver", "to_input": "toggle_led", "encryption": "aes"},
                {"from_module": "controller", "from_output": "increment_presses",
                 "to_module": "db", "to_input": "increment_presses", "encryption": "aes"},
                {"name": "get-presses", "direct": True, "to_module": "db",
                 "to_handler": "get_presses", "encryption": "aes"}],
            "policy": {"allow_emulated": True}}, file)
    owner = re.search(r"[0-9a-f]{64}", causeway(app, "key", "show").stdout).group(0)
    status, text = board.run(
        "causeway-node --name linux --listen 0.0.0.0:6000 --tee trustzone --platform driver=optee "
        f"--owner {owner} --state /root/node >/tmp/ready 2>/tmp/log & n=0; while [ ! -s /tmp/ready ] "
        "&& [ $n -lt 400 ]; do usleep 50000; n=$((n+1)); done; cat /tmp/ready /tmp/log")
    check("causeway-node runs inside", "ready linux" in text, text)
    ran = causeway(app, "apply")
    check("apply loads and attests modules there", ran.returncode == 0, ran.stdout + ran.stderr +
          board.run("cat /tmp/log")[1])
    ran = causeway(app, "call", "hello", "greet", "--text", "Ada", "--quiet")
    check("the module answers", ran.stdout == "Hello, Ada!\n", ran.stdout + ran.stderr)
    ran = causeway(app, "request", "get-count", "--quiet")
    check("and by an authentic request", ran.stdout == "1\n", ran.stdout + ran.stderr)
    board.press()
    check("the secure button lights the secure LED, through Linux", board.event(b"event led 1\n"),
          board.run("cat /tmp/log")[1])
    ran = causeway(app, "request", "get-presses", "--quiet")
    check("and is counted once", ran.stdout.strip() == "1", ran.stdout + ran.stderr)
    free = sessions_free(board)
    check("each module is a session", free == 10, free)
    ran = causeway(app, "destroy")
    free = wait_for_sessions(board, 15)
    check("which ends with it", ran.returncode == 0 and free == 15, (ran.stderr, free))


def bench(board):
    """Lines of bench/run."""
    board.read_until(b"linux is up\n", PATIENCE)
    print("RESULT\tLinux: power on to its shell\t%.1f\ts\t-\t-\t-" %
          (time.monotonic() - board.started))
    for what, name, target in (("ping", "a value", "value >= 10000"),
                               ("memory", "registered memory", "-")):
        rate = 0
        # One CPU, which is not the one that the devices interrupt; the first round warms up.
        board.run(f"taskset 2 trustzone-client {what} 2000", 120)
        for _ in range(5):
            found = re.search(r"(\d+) a second",
                              board.run(f"taskset 2 trustzone-client {what} 5000", 120)[1])
            rate = max(rate, int(found.group(1)))
        print(f"RESULT\tLinux: calls by libteec, {name}\t{rate}\t1/s\t-\t-\t{target}")
    board.process.terminate()
    board.process.wait(60)


def reproducible():
    again = WORK + "/again.cpio"
    programs = [f"bin/{name}=build/host-aarch64/bin/{name}"
                for name in ("causeway-node", "trustzone-client")]
    subprocess.run(["tools/initramfs", "-r", "build/foreign/arm64/root", "-o", again,
                    "tee/trustzone/node/linux/initramfs.list", *programs], check=True, timeout=200)
    with open(again, "rb") as one, open("build/linux/initramfs.cpio", "rb") as other:
        check("the same files give the same initramfs", one.read() == other.read())


def wrong_words(board):
    for words in (["--forward", "6001"], ["--forward", "0:6000"], ["--forward", "6001:70000"],
                  ["--forward", "1:2,guestfwd=x"]):
        ran = subprocess.run([BIN + "/causeway-trustzone", "--flash", board.flash + ".other",
                              "--linux", "build/linux/kernel", *words], capture_output=True,
                             text=True, check=False, timeout=120)
        check("refused: " + " ".join(words), ran.returncode == 2 and "two ports" in ran.stderr,
              ran.stderr)


def main():
    board = Board()
    if sys.argv[1:] == ["--bench"]:
        bench(board)
        return
    try:
        reproducible()
        wrong_words(board)
        board.read_until(b"linux is up\n", PATIENCE)
        print("linux is up after %.1f s" % (time.monotonic() - board.started))
        served(board)
        killed(board)
        together(board)
        deployed(board)
        board.link.sendall(b"poweroff -f\n")
        check("poweroff ends the board's QEMU", board.event(b"event power off\n"))
    except (TimeoutError, OSError, AssertionError) as e:
        check("the play ends", False, repr(e))
    finally:
        board.process.terminate()
        board.process.wait(60)
        if counts["failed"]:
            print(board.text("console.log"), board.text("console.normal.log")[-3000:])
    print(f"{counts['passed']} passed, {counts['failed']} failed, 0 skipped")
    sys.exit(counts["failed"] != 0)


main()
