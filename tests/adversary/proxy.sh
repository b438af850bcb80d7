#!/bin/bash
# SPDX-License-Identifier: MIT
# The hostile network does what it is told, and nothing else: over two plain sockets.
set -u
exec python3 - "$PWD/build/host/bin/causeway-adversary" <<'END'
import json, os, signal, socket, struct, subprocess, sys, tempfile, time

program = sys.argv[1]
passed = failed = 0


def check(name, holds):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print("FAIL:", name)


def message(kind, body):
    return struct.pack("<IBBH", len(body), 1, kind, 0) + body


def event(channel, counter, tail=b"body and tag......"):
    return message(1, struct.pack("<IQ", channel, counter) + tail)


def read_exactly(sock, length):
    data = b""
    while len(data) < length:
        more = sock.recv(length - len(data))
        if not more:
            break
        data += more
    return data


def receive(sock):
    head = read_exactly(sock, 8)
    return head + read_exactly(sock, struct.unpack("<I", head[:4])[0]) if len(head) == 8 else head


def silent(sock):
    sock.settimeout(0.15)
    try:
        return sock.recv(1) is None
    except socket.timeout:
        return True
    finally:
        sock.settimeout(5)


with tempfile.TemporaryDirectory() as folder:
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(5)
    path = folder + "/control"
    child = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--forward",
                              "127.0.0.1:%d" % server.getsockname()[1], "--control", path],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ready = json.loads(child.stdout.readline())
    host, port = ready["pairs"][0]["listen"].rsplit(":", 1)
    control = socket.socket(socket.AF_UNIX)
    control.connect(path)
    control.settimeout(5)
    lines = control.makefile("rw")

    def tell(line):
        lines.write(line + "\n")
        lines.flush()
        return json.loads(lines.readline())

    def link():
        dialer = socket.create_connection((host, int(port)), 5)
        listener, _ = server.accept()
        listener.settimeout(5)
        return dialer, listener

    dialer, listener = link()
    tls = b"\x16\x03\x01 any bytes, never taken apart"
    dialer.sendall(tls)
    check("tls_passes_untouched", read_exactly(listener, len(tls)) == tls)
    dialer.close()
    check("the_end_is_handed_on", listener.recv(1) == b"")
    listener.close()

    dialer, listener = link()
    for counter in range(3):
        dialer.sendall(event(7, counter)[:5])
        dialer.sendall(event(7, counter)[5:])
        check("message_%d_passes_whole" % counter, receive(listener) == event(7, counter))
    seen = tell("list channel=7")["messages"]
    check("messages_are_recorded", [m["counter"] for m in seen] == [0, 1, 2] and seen[0]["type"] == "event")
    shown = tell("show %d" % seen[1]["id"])["message"]["bytes"]
    check("bytes_are_recorded", bytes.fromhex(shown) == event(7, 1))

    tell("drop 1 channel=7")
    dialer.sendall(event(8, 0) + event(7, 3) + event(7, 4))
    check("drop_takes_the_one_that_fits", receive(listener) == event(8, 0) and receive(listener) == event(7, 4))
    tell("swap 1")
    dialer.sendall(event(7, 5) + event(7, 6))
    check("swap_exchanges_two", receive(listener) == event(7, 6) and receive(listener) == event(7, 5))
    tell("duplicate 1")
    dialer.sendall(event(7, 7))
    check("duplicate_sends_twice", receive(listener) == event(7, 7) and receive(listener) == event(7, 7))
    tell("flip 1 99")
    dialer.sendall(event(7, 8))
    got, sent = receive(listener), event(7, 8)
    check("flip_changes_one_bit", [i for i in range(len(got)) if got[i] != sent[i]] == [8 + 12]
          and got[20] ^ sent[20] == 8)
    tell("truncate 1 3")
    dialer.sendall(event(7, 9))
    check("truncate_shortens", receive(listener) == message(1, event(7, 9)[8:-3]))
    tell("delay 1 200")
    begin = time.monotonic()
    dialer.sendall(event(7, 10))
    check("delay_holds_back", receive(listener) == event(7, 10) and time.monotonic() - begin > 0.19)

    check("replay_sends_again", tell("replay %d" % seen[0]["id"])["ok"] and receive(listener) == event(7, 0))
    tell("redirect %d 9" % seen[0]["id"])
    check("redirect_changes_the_channel", receive(listener) == event(9, 0))
    tell("relabel %d 9 77" % seen[0]["id"])
    check("relabel_changes_the_counter", receive(listener) == event(9, 77))
    tell("forge 5 6 link=%d" % seen[0]["link"])
    got = receive(listener)
    check("forge_makes_a_frame", got[4:20] == event(5, 6)[4:20] and len(got) == 8 + 12 + 2 + 16)
    listener.sendall(message(4, struct.pack("<IQ", 7, 11) + b"t" * 16))
    check("the_way_back_passes", receive(dialer)[8:20] == struct.pack("<IQ", 7, 11))
    check("acknowledgements_are_known", tell("list type=ack")["messages"][0]["from"] == "listener")

    for line in ("drop", "replay 99999", "forge 1", "sing", "flip 1", "list colour=red", "show", "cut 99",
                 "inject zz link=1", "predecessor 1 2", "x " * 40):
        check("refused: " + line, tell(line)["ok"] is False)
    tell("cut all")
    check("cut_closes_both_ends", listener.recv(1) == b"" and dialer.recv(1) == b"")
    dialer, listener = link()
    noise = b"not a message at all, but bytes"
    dialer.sendall(noise)
    check("what_is_no_message_reaches_the_peer", read_exactly(listener, len(noise)) == noise)
    check("nothing_more_arrives", silent(listener))
    child.send_signal(signal.SIGTERM)
    check("a_signal_ends_it_with_0", child.wait(5) == 0 and child.stderr.read() == b"")
    check("its_socket_is_gone", not os.path.exists(path))
    check("wrong_use_is_2", subprocess.run([program, "--listen", "127.0.0.1:0"], capture_output=True).returncode == 2)
    check("help_is_0", b"--forward" in subprocess.run([program, "--help"], capture_output=True).stdout)

print("%d passed, %d failed, 0 skipped" % (passed, failed))
sys.exit(failed != 0)
END
