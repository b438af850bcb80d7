#!/bin/bash
# SPDX-License-Identifier: MIT
# `causeway events` over an attacked connection: refusals by reason, authenticated and from the nodes'
# journals; restarts; stalls; --since, --follow, --json.
# timeout: 120
set -u
exec python3 - "$PWD/build/host/bin" <<'END'
import json, os, shutil, signal, socket, subprocess, sys, tempfile, time

tools = sys.argv[1]
passed = failed = 0
folder = tempfile.mkdtemp()
children = []


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print("ok  " if good else "FAIL", name, "" if good else str(why)[:3000], flush=True)


def start(*words):
    child = subprocess.Popen([tools + "/" + words[0], *words[1:]], cwd=folder, text=True,
                             stdout=subprocess.PIPE, stderr=open(folder + "/log", "a"))
    children.append(child)
    return child


def causeway(*words, exit=0):
    run = subprocess.run([tools + "/causeway", *words], cwd=folder, capture_output=True, text=True,
                         timeout=60, stdin=subprocess.DEVNULL)
    if run.returncode != exit:
        raise SystemExit("causeway %s: %s%s" % (words, run.stdout, run.stderr))
    return run.stdout


def events(*words, exit=0):
    return json.loads(causeway("events", "--json", *words, exit=exit))


def until(what, tries=60):
    """Ask until what(answer) holds; the last answer."""
    for _ in range(tries):
        answer = events()
        if what(answer):
            break
        time.sleep(0.2)
    return answer


def count(answer, **wanted):
    return sum(e["count"] for e in answer["events"]
               if all(e.get(k) == v for k, v in wanted.items()))


def lines(answer, **wanted):
    return [e for e in answer["events"] if all(e.get(k) == v for k, v in wanted.items())]


def node(name):
    child = start("causeway-node", "--name", name, "--tee", "native", "--listen", "127.0.0.1:0",
                  "--owner", owner, "--state", folder + "/" + name)
    ready = child.stdout.readline().split()
    return child, ready[2]


try:
    for source in ("ping.c", "pong.c"):
        shutil.copy("examples/ping-pong/" + source, folder)
    app = json.load(open("examples/ping-pong/app.json"))
    json.dump(app, open(folder + "/app.json", "w"))
    owner = causeway("key", "show", "--quiet").strip()
    first, first_at = node("node1")
    second, second_at = node("node2")
    proxy = start("causeway-adversary", "--listen", "127.0.0.1:0", "--forward", second_at,
                  "--control", folder + "/control")
    ready = json.loads(proxy.stdout.readline())
    app["nodes"][0]["address"] = first_at
    app["nodes"][1]["address"] = ready["pairs"][0]["listen"]
    json.dump(app, open(folder + "/app.json", "w"))
    control = socket.socket(socket.AF_UNIX)
    control.connect(folder + "/control")
    stream = control.makefile("rw")

    def tell(line):
        stream.write(line + "\n")
        stream.flush()
        return json.loads(stream.readline())

    causeway("apply", "--quiet")
    answer = until(lambda a: lines(a, event="link-up"))
    check("modules that start and links that come up are told",
          lines(answer, event="started", node="node1", module="ping") and
          lines(answer, event="started", node="node2", module="pong") and
          lines(answer, event="link-up") and lines(answer, event="owner"), answer["events"])
    check("the schema's two parts: authenticated counts, and hints",
          len(answer["connections"]) == 3 and
          all(e["authenticated"] is False for e in answer["events"]))

    for _ in range(3):
        causeway("call", "ping", "start", "--text", "ball", "--quiet")
    to_pong = "ping.ping-pong.ping"
    answer = until(lambda a: count(a, event="accepted", connection=to_pong) == 3)
    check("accepted frames are counted on their connection",
          count(answer, event="accepted", node="node2", module="pong", connection=to_pong) == 3,
          answer["events"])

    # replay one event a hundred times, change one on its way, make some up
    shown = tell("list type=event from=dialer last=1")
    message = (shown.get("messages") or shown.get("list"))[-1]
    for _ in range(100):
        tell("replay %d" % message["id"])
    tell("flip 1 200 type=event from=dialer")
    causeway("call", "ping", "start", "--text", "ball", "--quiet")
    # nodes are asked one after the other, so what the first did may be missing beside what followed
    answer = until(lambda a: count(a, event="refused", reason="duplicate") >= 100 and
                   count(a, event="refused", reason="module") >= 1 and
                   count(a, event="retransmitted", node="node1", connection=to_pong) >= 1 and
                   count(a, event="accepted", connection=to_pong) >= 4)
    replayed = lines(answer, event="refused", reason="duplicate", connection=to_pong)
    check("a hundred replays are a line or two with their count",
          1 <= len(replayed) <= 2 and sum(e["count"] for e in replayed) >= 100, answer["events"])
    check("a changed frame was refused by the module",
          count(answer, event="refused", reason="module", connection=to_pong) >= 1,
          answer["events"])
    forged = [c for c in answer["connections"] if c["connection"] == to_pong][0]
    check("the module's own count says so, authenticated",
          forged["refused_auth"] >= 1 and forged["received"] == 4, forged)
    check("it came through by being sent again",
          count(answer, event="retransmitted", node="node1", connection=to_pong) >= 1)
    check("what was noted before is still there",
          lines(answer, event="started", module="pong") and answer["lost"] == 0)

    tell("drop 50 type=event from=dialer")
    causeway("call", "ping", "start", "--text", "ball", "--quiet")
    answer = until(lambda a: lines(a, event="stalled"))
    check("a stall begins", lines(answer, event="stalled", node="node1", connection=to_pong),
          answer["events"])
    tell("clear")
    answer = until(lambda a: lines(a, event="moving"), tries=120)
    check("and ends", lines(answer, event="moving", node="node1", connection=to_pong))

    text = causeway("events")
    check("the table for people says what is proved and what is not",
          "authenticated\n" in text and "their word, not authenticated" in text and
          "frames refused, seen before" in text and "module started" in text and to_pong in text,
          text)
    check("--since leaves out what is older",
          events("--since", "1d")["events"] and
          not lines(events("--since", "1s"), event="started"))
    run = subprocess.run([tools + "/causeway", "events", "--since", "yesterday"], cwd=folder,
                         capture_output=True, text=True)
    check("a wrong --since is wrong use", run.returncode == 2 and "expected how long ago" in
          run.stderr, run.stderr)

    following = start("causeway", "events", "--follow", "--json")
    line = json.loads(following.stdout.readline())
    check("--follow prints an object a line", line["authenticated"] is False and "event" in line)
    causeway("plan", "--quiet")  # the state is free meanwhile
    module = open("/proc/%d/task/%d/children" % (second.pid, second.pid)).read().split()[-1]
    os.kill(int(module), signal.SIGKILL)
    seen = []
    deadline = time.time() + 20
    while time.time() < deadline and "restarted" not in [e["event"] for e in seen]:
        seen.append(json.loads(following.stdout.readline()))
    lost = [e for e in seen if e["event"] == "lost"]
    check("a restart shows as it happens, with its reason",
          lost and lost[0]["module"] == "pong" and lost[0]["text"] and
          [e for e in seen if e["event"] == "restarted" and e["module"] == "pong"], seen)
    following.terminate()

    second.terminate()
    second.wait(20)
    answer = events(exit=1)
    check("a node that is away is said, and the others' events are shown",
          answer["ok"] is False and answer["errors"] and lines(answer, node="node1"), answer)
finally:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        child.wait(20)
    if failed:
        print(open(folder + "/log").read()[-3000:])
    shutil.rmtree(folder)
print("%d passed, %d failed, 0 skipped" % (passed, failed))
sys.exit(failed != 0)
END
