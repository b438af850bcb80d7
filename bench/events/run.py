#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Events over two native nodes against the 3-hop reference, in turns, all processes on one core;
then the same over two nodes with SGX modules, on an emulated CPU.

What is compared is processor time of all processes together: on one core that is what a clock
shows on a quiet machine, and it stays true on a busy one.  The clock's numbers stand beside it.
Where it is allowed (root), both sides run before all other processes of that core.
"""
import glob
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.getcwd()
BIN = os.path.join(ROOT, "build/host/bin")
ROUNDS = int(os.environ.get("ROUNDS", "7"))
IN_FLIGHT = 1000
CORE = max(os.sched_getaffinity(0))
FIRST = ["chrt", "-f", "1"]
PIN = ["taskset", "-c", str(CORE)]
if subprocess.run(FIRST + ["true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
    PIN = FIRST + PIN
TRIP = "event round trip over two nodes, 16 B"
RATE = "events pipelined over two nodes, 16 B"
NATS = "the same against a NATS cluster with TLS"
IDLE = "two nodes and two modules at rest"
SGX_TRIP = "the round trip with SGX modules, emulated"
SGX_RATE = "the pipelined events with SGX modules, emulated"
SGX_IDLE = "two SGX nodes, two enclaves, their CPU at rest"


def run(command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def children_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class World:
    """Two nodes, and the two modules of app.json between which events go round."""

    def __init__(self, folder, tee):
        os.mkdir(folder)
        self.folder = folder
        self.tee = tee
        self.state = os.path.join(folder, "state")
        self.nodes = []
        platform = self.start_cpu() if tee == "sgx" else None
        for name in ("caller.c", "echo.c"):
            shutil.copy(os.path.join(ROOT, "bench/events", name), folder)
        with open(os.path.join(ROOT, "bench/events/app.json"), encoding="utf-8") as file:
            app = file.read()
        owner = self.causeway("key", "show").strip()
        for name, placeholder in (("a", "6101"), ("b", "6102")):
            port = str(free_port())
            app = app.replace(placeholder, port)
            if platform is not None:
                app = app.replace('"native"', f'"sgx", "platform": "{platform}"')
                app = app.replace("allow_unprotected", "allow_emulated")
            self.start(name, port, owner)
        with open(os.path.join(folder, "app.json"), "w", encoding="utf-8") as file:
            file.write(app)
        self.causeway("apply")

    def causeway(self, *words):
        return run([f"{BIN}/causeway", "--quiet", "--state", self.state, *words], cwd=self.folder)

    def start_cpu(self):
        """The id of the CPU that now runs: SHA-256 of its root's public key."""
        path = os.path.join(self.folder, "cpu")
        log = open(path + ".log", "w", encoding="utf-8")
        self.nodes.append(subprocess.Popen(
            PIN + [f"{BIN}/causeway-sgx", "--listen", path, "--state", path + ".state"],
            stderr=log))
        for _ in range(1000):
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as port:
                    port.connect(path)
                    port.send(struct.pack("=II", 1, 5))  # INFO of silicon/sgx/port.h
                    return re.search(r'"platform": "([0-9a-f]+)"', port.recv(65536).decode(
                        "utf-8", "replace")).group(1)
            except OSError:
                time.sleep(0.01)
        sys.exit(f"the emulated CPU did not start: {log.name}")

    def start(self, name, port, owner):
        log = open(os.path.join(self.folder, name + ".log"), "w", encoding="utf-8")
        chip = ["--platform", "cpu=" + os.path.join(self.folder, "cpu")]
        node = subprocess.Popen(
            PIN + [f"{BIN}/causeway-node", "--name", name, "--listen", f"127.0.0.1:{port}",
                   "--tee", self.tee, "--owner", owner, *(chip if self.tee == "sgx" else []),
                   "--state", os.path.join(self.folder, "node-" + name)],
            stdout=subprocess.PIPE, stderr=log, text=True)
        self.nodes.append(node)
        while not node.stdout.readline().startswith("ready"):
            if node.poll() is not None:
                sys.exit(f"node {name} did not start: {log.name}")

    def pids(self):
        return [str(node.pid) for node in self.nodes]

    def drive(self, in_flight, window_ms):
        """Nanoseconds per round: by the clock, and of processors."""
        words = run([f"{BIN}/bench-drive", self.state, "caller", str(in_flight), str(window_ms)]
                    + self.pids(), cwd=self.folder).split()
        return float(words[0]), float(words[1])

    def end(self):
        for node in reversed(self.nodes):
            node.send_signal(signal.SIGTERM)
            node.wait(10)


def floor(words, count, tail):
    """The reference: as World.drive."""
    def once(many):
        before = children_s()
        line = run(PIN + [f"{BIN}/floor-msgbench", *words, str(many), "own", *tail])
        return float(line.split("\t")[4]), children_s() - before
    _, start_s = once(100)
    clock, used_s = once(count)
    return clock, (used_s - start_s) * 1e9 / count


def medians(samples):
    return [statistics.median(one) for one in zip(*samples)]


def all_processes(pids):
    """With children."""
    found = list(pids)
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/children"):
            with open(path, encoding="utf-8") as file:
                found += all_processes(file.read().split())
    return found


def used_ns(pids):
    total = 0
    for pid in all_processes(pids):
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            with open(path, encoding="utf-8") as file:
                total += int(file.read().split()[0])
    return total


def idle_share(world):
    time.sleep(1)
    before, begin = used_ns(world.pids()), time.monotonic_ns()
    time.sleep(3)
    return 100 * (used_ns(world.pids()) - before) / (time.monotonic_ns() - begin)


# --- where the time goes ---

CRYPTO = re.compile(r"cw_(gcm|suite|hmac|spongent|sha256)|^(absorb|encrypt|stream|tag_of|crypt|"
                    r"reduce|load_part|load_some|store_part|schedule_of|multiply|add_product)|^br_")
NETWORK = re.compile(r"tcp|ip_|_ip|inet|skb|sock|net|napi|dev_|loopback|bbr|softirq")


def symbols_of(path):
    table = []
    for line in run(["nm", path]).splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "tTwW":
            table.append((int(words[0], 16), words[2]))
    return sorted(table)


def symbol_at(table, address):
    below = [name for start, name in table if start <= address]
    return below[-1] if below else "?"


def profile(world, what, in_flight):
    """Shares of processor time, by perf."""
    if shutil.which("perf") is None:
        print(f"PROFILE\t{what}\t\tperf is missing (Debian package linux-perf): no profile")
        return
    tables = [symbols_of(path) for path in
              glob.glob(os.path.join(world.state, "build/*/*/linked.elf"))]
    data = os.path.join(world.folder, "perf.data")
    load = subprocess.Popen([f"{BIN}/bench-drive", world.state, "caller", str(in_flight), "4000"]
                            + world.pids(), cwd=world.folder, stdout=subprocess.DEVNULL)
    time.sleep(1)
    subprocess.run(["perf", "record", "-q", "-F", "5000", "-e", "cpu-clock", "-C", str(CORE), "-o",
                    data, "sleep", "1.5"], stderr=subprocess.DEVNULL, check=False)
    load.wait()
    lines = subprocess.run(["perf", "script", "-i", data, "-F", "comm,pid,ip,sym,dso"], text=True,
                           capture_output=True, check=False).stdout
    parts = {}
    ours = set(all_processes(world.pids()))
    for line in lines.splitlines():
        found = re.match(r"\s*(\S+)\s+(\d+)\s+([0-9a-f]+)\s+(.*)\s+\((.*)\)", line)
        if found is None or found.group(2) not in ours:
            continue
        name, _, address, symbol, place = found.groups()
        address = int(address, 16)
        if name.startswith("memfd"):
            if address >> 47:
                part = "modules: the kernel (pipes, switching)"
            else:
                inside = symbol_at(tables[0], address)
                part = "modules: " + ("cryptography" if CRYPTO.search(inside) else "the runtime")
        else:
            part = ("nodes: the kernel, TCP" if address >> 47 and NETWORK.search(symbol)
                    else "nodes: the kernel (pipes, waiting, switching)" if address >> 47
                    else "nodes: libuv and libc" if "/lib" in place
                    else "nodes: their own code")
        parts[part] = parts.get(part, 0) + 1
    if sum(parts.values()) < 500:
        print(f"PROFILE\t{what}\t\tperf took too few samples: no profile")
        return
    for part, count in sorted(parts.items(), key=lambda one: -one[1]):
        print(f"PROFILE\t{what}\t{100 * count / sum(parts.values()):.0f} %\t{part}")


# --- a peer ---

def certificates(folder):
    def openssl(*words):
        run(["openssl", *words], cwd=folder, stderr=subprocess.DEVNULL)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=bench")
    with open(os.path.join(folder, "names"), "w", encoding="utf-8") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", *curve, "-keyout", name + ".key", "-out", name + ".csr", "-subj",
                f"/CN={name}")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", name + ".pem")


def nats_config(folder, number, ports, routes):
    tls = "\n".join(f'    {key}_file: "{folder}/{name}"' for key, name in
                    (("cert", "server.pem"), ("key", "server.key"), ("ca", "ca.pem")))
    path = os.path.join(folder, f"nats{number}.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"host: 127.0.0.1\nport: {ports[number]}\ntls {{\n{tls}\n    verify: true\n}}\n"
                   f"cluster {{\n  name: bench\n  listen: 127.0.0.1:{routes[number]}\n"
                   f"  routes: [nats-route://127.0.0.1:{routes[1 - number]}]\n"
                   f"  tls {{\n{tls}\n  }}\n}}\n")
    return path


def nats_ns(folder, count):
    """Processor time of one event through a cluster of two, mutual TLS."""
    certificates(folder)
    ports, routes = [free_port(), free_port()], [free_port(), free_port()]
    servers = []
    try:
        for number in range(2):
            config = nats_config(folder, number, ports, routes)
            servers.append(subprocess.Popen(PIN + ["nats-server", "-c", config],
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(2)
        samples = []
        pids = [str(server.pid) for server in servers]
        for _ in range(3):
            before, own = used_ns(pids), children_s()
            run(PIN + [f"{BIN}/floor-natsbench", f"{ports[0]},{ports[1]}", folder, "rate", "16",
                       str(count)])
            samples.append((used_ns(pids) - before + (children_s() - own) * 1e9) / count)
        return statistics.median(samples)
    finally:
        for server in servers:
            server.terminate()
            server.wait(10)


def peers(folder, own_ns):
    for path, package in ((shutil.which("nats-server"), "nats-server"),
                          (os.path.exists(f"{BIN}/floor-natsbench"), "libnats-dev")):
        if not path:
            print(f"ABSENT\t{NATS}\tDebian package {package} is not installed")
            return
    try:
        theirs_ns = nats_ns(folder, 60000)
    except subprocess.CalledProcessError:
        print(f"ABSENT\t{NATS}\tthe NATS cluster lost events or did not start")
        return
    print(f"RESULT\t{NATS}\t{theirs_ns:.0f}\tns\tprocessor time per event; ours {own_ns:.0f}\t"
          f"{theirs_ns / own_ns:.1f}x\t>= 3x")


def sgx(folder, floor_trip, floor_rate):
    """The same events, where each module is an enclave.  By processor time too: on one core."""
    world = World(os.path.join(folder, "sgx"), "sgx")
    try:
        idle = idle_share(world)
        trips = [world.drive(1, 250) for _ in range(ROUNDS)]
        rates = [world.drive(IN_FLIGHT, 250) for _ in range(ROUNDS)]
        trip, rate = medians(trips), [one / 2 for one in medians(rates)]
        print(f"RESULT\t{SGX_TRIP}\t{trip[1] / 1000:.1f}\tus\t3-hop reference "
              f"{floor_trip[1] / 1000:.1f}; by the clock {trip[0] / 1000:.1f}\t"
              f"{trip[1] / floor_trip[1]:.2f}x\t-")
        print(f"RESULT\t{SGX_RATE}\t{1e6 / rate[1]:.0f}\tk/s\t3-hop reference, batched "
              f"{1e6 / floor_rate[1]:.0f}; by the clock {1e6 / rate[0]:.0f}\t"
              f"{floor_rate[1] / rate[1]:.2f}x\t-")
        print(f"RESULT\t{SGX_IDLE}\t{idle:.3f}\t%\tof a processor\t-\tvalue < 1 %", flush=True)
    finally:
        world.end()


def main():
    folder = tempfile.mkdtemp(prefix="causeway-bench-")
    world = None
    try:
        world = World(os.path.join(folder, "native"), "native")
        idle = idle_share(world)
        trips, floor_trips, rates, floor_rates = [], [], [], []
        for _ in range(ROUNDS):
            trips.append(world.drive(1, 250))
            floor_trips.append(floor(["relay-latency", "pipe", "16"], 4000, []))
            rates.append(world.drive(IN_FLIGHT, 250))
            floor_rates.append(floor(["relay-rate", "pipe", "16"], 400000, ["64"]))
        trip, floor_trip, rate, floor_rate = map(
            medians, (trips, floor_trips, rates, floor_rates))
        # The reference runs a tenth more to get warm; a round of ours is two events.
        floor_trip[1] /= 1.1
        rate = [one / 2 for one in rate]
        trip_ratio = trip[1] / floor_trip[1]
        rate_ratio = floor_rate[1] / rate[1]
        print(f"RESULT\t{TRIP}\t{trip[1] / 1000:.1f}\tus\t3-hop reference {floor_trip[1] / 1000:.1f};"
              f" by the clock {trip[0] / 1000:.1f} and {floor_trip[0] / 1000:.1f}\t{trip_ratio:.2f}x\t"
              "<= 1.25x")
        print(f"RESULT\t{RATE}\t{1e6 / rate[1]:.0f}\tk/s\t3-hop reference, batched "
              f"{1e6 / floor_rate[1]:.0f}; by the clock {1e6 / rate[0]:.0f} and "
              f"{1e6 / floor_rate[0]:.0f}\t{rate_ratio:.2f}x\t>= 0.5x")
        print(f"RESULT\t{IDLE}\t{idle:.3f}\t%\tof a processor\t-\tvalue <= 0.5 %", flush=True)
        if trip_ratio > 1.25:
            profile(world, TRIP, 1)
        if rate_ratio < 0.5:
            profile(world, RATE, IN_FLIGHT)
        peers(folder, rate[1])
        sgx(folder, floor_trip, floor_rate)
    except subprocess.CalledProcessError as error:
        print(f"{error}", file=sys.stderr)
        for log in glob.glob(os.path.join(folder, "*", "*.log")):
            with open(log, encoding="utf-8") as file:
                sys.stderr.write(file.read())
        return 1
    finally:
        if world is not None:
            world.end()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
