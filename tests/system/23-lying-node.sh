#!/bin/bash
# SPDX-License-Identifier: MIT
# A node that lies: whatever it answers, the owner's tool ends with a reason, and never with success.
set -u -o pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
openssl req -x509 -newkey ed25519 -nodes -subj /CN=liar -days 2 \
    -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null || exit 1
cat >"$scratch/app.json" <<'END'
{"causeway": 1, "name": "lies", "nodes": [{"name": "n", "tee": "native", "address": "ADDRESS"}],
 "modules": [{"name": "counter", "node": "n", "sources": ["counter.c"]}],
 "connections": [{"name": "add", "direct": true, "to_module": "counter", "to_input": "add",
                  "encryption": "aes"}],
 "policy": {"allow_unprotected": true}}
END
cp tests/data/owner/counter.c "$scratch"
python3 - "$PWD/build/host/bin/causeway" "$scratch" <<'END'
import os, socket, ssl, struct, subprocess, sys, threading

tool, folder = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(folder + '/cert.pem', folder + '/key.pem')
passed = failed = 0
HELLO, LOAD, UNLOAD, ENTER = 0x20, 0x21, 0x22, 0x23
ABSENT = 8
hello = b'{"name": "n", "tee": "native", "protection": "", "platform": {}}'


def message(kind, tag, status, fields=b'', version=1, zero=0):
    body = tag + struct.pack('<HH', status, 0) + fields
    return struct.pack('<IBBH', len(body), version, kind, zero) + body


def honest(kind, tag, fields):
    if kind == HELLO:
        return message(kind | 0x80, tag, 0, hello)
    if kind == ENTER:
        return message(kind | 0x80, tag, ABSENT, b'no such module')
    return message(kind | 0x80, tag, 0)


def item(kind, data):
    return struct.pack('<IBBH', len(data), 1, kind, 0) + data


class Liar:
    """Answers honestly, but for what `lie` says; lie(kind, tag, fields, loaded) gives bytes or None."""

    def __init__(self, lie):
        self.lie = lie
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = '127.0.0.1:%d' % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        loaded = False
        try:
            raw, _ = self.listener.accept()
            raw.settimeout(60)
            with context.wrap_socket(raw, server_side=True) as s:
                f = s.makefile('rb')
                while True:
                    header = f.read(8)
                    if len(header) < 8:
                        return
                    length, _, kind, _ = struct.unpack('<IBBH', header)
                    body = f.read(length)
                    said = self.lie(kind, body[:4], body[4:], loaded)
                    loaded = loaded or kind == LOAD
                    if said is None:
                        said = honest(kind, body[:4], body[4:])
                    if said == b'':
                        return
                    s.sendall(said)
        except (OSError, ssl.SSLError):
            pass


def play(name, lie, statuses=(1,), verb=('apply', '--quiet'), says='', seconds=40):
    global passed, failed
    liar = Liar(lie)
    descriptor = folder + '/lie.json'
    text = open(folder + '/app.json').read().replace('ADDRESS', liar.address)
    open(descriptor, 'w').write(text)
    subprocess.run([tool, 'key', 'forget-node', 'n', descriptor], capture_output=True)
    try:
        run = subprocess.run([tool, *verb, '--timeout', str(seconds), descriptor], capture_output=True,
                             text=True, timeout=120)
        good = run.returncode in statuses and 'causeway: ' in run.stderr and says in run.stderr
        why = '%d %s' % (run.returncode, run.stderr)
    except subprocess.TimeoutExpired:
        good, why = False, 'it hangs'
    liar.listener.close()
    passed += good
    failed += not good
    print('ok:' if good else 'FAIL:', name, '' if good else why)


def at(kind, make, after_load=False):
    def lie(k, tag, fields, loaded):
        return make(k, tag) if k == kind and (loaded or not after_load) else None
    return lie


def entered(result, items):
    return at(ENTER, lambda k, t: message(k | 0x80, t, 0, bytes([result, 0, 0, 0]) + items), True)


evidence = bytes([1, 0x81, 2, 0]) + bytes(4) + bytes(8) + bytes(range(16))
share = b'\x09' + bytes(31)
play('closes at once', at(HELLO, lambda k, t: b''))
play('does not know the owner', at(HELLO, lambda k, t: message(k | 0x80, t, 7, b'who are you')))
play('is another kind of node', at(HELLO, lambda k, t: message(k | 0x80, t, 0, b'{"tee": "sgx"}')))
play('answers another question', at(HELLO, lambda k, t: message(LOAD | 0x80, t, 0)))
play('answers with another tag', at(HELLO, lambda k, t: message(k | 0x80, b'abcd', 0)))
play('speaks another version', at(HELLO, lambda k, t: message(k | 0x80, t, 0, version=2)),
     says='speaks version 2 of the protocol, this program speaks version 1: update the older one')
play('sets reserved bytes', at(HELLO, lambda k, t: message(k | 0x80, t, 0, zero=1)))
play('has a status that does not exist', at(HELLO, lambda k, t: message(k | 0x80, t, 999)))
play('answers too short', at(HELLO, lambda k, t: struct.pack('<IBBH', 3, 1, k | 0x80, 0) + b'abc'))
play('claims a gigabyte', at(HELLO, lambda k, t: struct.pack('<IBBH', 1 << 30, 1, k | 0x80, 0)))
play('says nothing any more', at(HELLO, lambda k, t: struct.pack('<IBBH', 100, 1, k | 0x80, 0)), seconds=2)
play('cannot load', at(LOAD, lambda k, t: message(k | 0x80, t, 9, b'full\x1b[31m')))
play('forgets what it loaded', at(LOAD, lambda k, t: message(k | 0x80, t, 0)))
play('gives no evidence', entered(0, b''), (3,))
play('gives empty evidence', entered(0, item(5, b'')), (3,))
play('refuses in the module\'s name', entered(2, b''), (3,))
play('gives an item that is longer than the answer', entered(0, struct.pack('<IBBH', 999, 1, 5, 0)),
     (3,))
play('gives evidence of another version', entered(0, item(5, b'\x02' + evidence[1:] + share)), (3,),
     says='it speaks version 2 of the protocol, this program speaks version 1')
play('gives evidence with a share that is none', entered(0, item(5, evidence + bytes(32))))
play('makes up a module', entered(0, item(5, evidence + share)))
play('has a module that is always busy', entered(1, b''), seconds=2)
play('has a result that does not exist', entered(9, b''))
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
END
