#!/bin/bash
# SPDX-License-Identifier: MIT
# The same source of each example's modules, on every TEE: it builds, or is refused with the reason
# that the table below names; and each example does the same everywhere.
# timeout: 900
set -u -o pipefail
exec python3 - "$PWD/build/host/bin/causeway" <<'END'
import json, os, re, shutil, socket, ssl, subprocess, sys, tempfile, time, urllib.request

tool = sys.argv[1]
root = os.getcwd()
scratch = tempfile.mkdtemp()
passed = failed = 0
places = []
TEES = ['native', 'sancus', 'sgx']
if os.path.exists(root + '/build/sdk/lib/trustzone/firmware.bin'):
    TEES.append('trustzone')
else:
    print('trustzone is left out: it is not built (./run setup)')

# (example, module, tee): why it does not fit there.
REFUSED = {
    ('button-led', 'button_driver', 'native'): 'cannot own a device',
    ('button-led', 'button_driver', 'sgx'): 'cannot own a device',
    ('button-led', 'led_driver', 'native'): 'cannot own a device',
    ('button-led', 'led_driver', 'sgx'): 'cannot own a device',
    ('button-led', 'webserver', 'sancus'): 'webserver',
}


def check(name, good, why=''):
    global passed, failed
    passed += bool(good)
    failed += not good
    print('ok:' if good else 'FAIL:', name, '' if good else why, flush=True)


def causeway(place, *words):
    return subprocess.run([tool, *words], capture_output=True, text=True, cwd=place, timeout=200)


def described(example, tees, modules=None):
    """The example in a folder of its own, its nodes on this machine; tees: of each node."""
    place = tempfile.mkdtemp(dir=scratch)
    places.append(place)
    shutil.copytree(os.path.join(root, 'examples', example), place, dirs_exist_ok=True)
    app = json.load(open(place + '/app.json'))
    app['nodes'] = [{'name': n['name'], 'tee': tees if isinstance(tees, str) else tees[n['name']],
                     'address': 'local'} for n in app['nodes']]
    app['policy'] = {'allow_unprotected': True, 'allow_emulated': True}
    if modules is not None:
        app['modules'] = [m for m in app['modules'] if m['name'] in modules]
        app['connections'] = []
    if example != 'button-led' and 'sancus' in str(tees): # whose chips know one cipher
        for connection in app.get('connections', []):
            connection['encryption'] = 'spongent'
    json.dump(app, open(place + '/app.json', 'w'))
    if example == 'lock':
        open(os.open(place + '/pin.secret', os.O_CREAT | os.O_WRONLY, 0o600), 'w').write('4711')
    return place


def says(place, *words):
    return causeway(place, *words, '--quiet').stdout


def becomes(place, expected, *words):
    """The answer, once an event arrived; what it was last, else."""
    answer = ''
    for _ in range(1000):
        answer = says(place, *words)
        if answer == expected:
            break
        time.sleep(0.05)
    return answer


def play_hello(place):
    return says(place, 'call', 'hello', 'greet') + says(place, 'call', 'hello', 'greet', '--text', 'Ada') + \
        says(place, 'request', 'get-count')


def play_lock(place):
    return says(place, 'call', 'lock', 'open', '--text', '0000') + \
        says(place, 'call', 'lock', 'open', '--text', '4711')


def play_ping_pong(place):
    out = says(place, 'call', 'ping', 'get_score')
    for score, ball in ((1, 'ball'), (2, 'again')):
        out += says(place, 'call', 'ping', 'start', '--text', ball)
        out += becomes(place, '%d\n' % score, 'call', 'ping', 'get_score')
    return out + says(place, 'call', 'ping', 'ask', '--text', 'hello')


def play_greeting(place):
    return says(place, 'request', 'greet', '--text', 'Ada') + \
        becomes(place, 'Hello, Bob! Guests before you: 1\n', 'request', 'greet', '--text', 'Bob')


GREETINGS = 'Hello, Ada! Guests before you: 0\nHello, Bob! Guests before you: 1\n'


def expected(example):
    path = 'examples/%s/expected.txt' % example
    return open(path).read() if os.path.exists(path) else GREETINGS


def protections(place):
    return {m['protection'] for m in json.loads(causeway(place, 'status', '--json').stdout)['modules']}


# --- every module, every TEE ---------------------------------------------------------------------
for example in ('hello', 'lock', 'ping-pong', 'greeting', 'button-led'):
    for module in [m['name'] for m in json.load(open('examples/%s/app.json' % example))['modules']]:
        for tee in TEES:
            place = described(example, tee, [module])
            ran = causeway(place, 'build', '--json')
            why = REFUSED.get((example, module, tee))
            told = json.loads(ran.stdout)
            if why is None:
                good = ran.returncode == 0 and re.fullmatch(
                    tee + ':[0-9a-f]+|[0-9a-f]+.*', told['modules'][0]['fingerprint'])
            else:
                good = ran.returncode != 0 and why in ' '.join(
                    e['what'] + ' ' + (e['remedy'] or '') for e in told['errors'])
            check('%s of %s, built for %s%s' % (module, example, tee, '' if why is None else
                                                 ', is refused with the reason'), good, ran.stderr)

# --- every example, every TEE ----------------------------------------------------------------------
for example, play in (('hello', play_hello), ('lock', play_lock), ('ping-pong', play_ping_pong),
                      ('greeting', play_greeting)):
    for tee in TEES:
        place = described(example, tee)
        applied = causeway(place, 'apply')
        said = play(place)
        check('%s does on %s what it does anywhere' % (example, tee),
              applied.returncode == 0 and said == expected(example) and
              protections(place) == {'unprotected' if tee == 'native' else 'emulated'},
              (applied.stdout + applied.stderr, said))
        causeway(place, 'destroy', '--force')

# --- each TEE beside another: a ball over the border ---------------------------------------------------
for pair in (('native', 'sgx'), ('sancus', 'sgx'), ('sgx', 'native'), ('trustzone', 'sgx'),
             ('sancus', 'trustzone')):
    if not set(pair) <= set(TEES):
        continue
    place = described('ping-pong', dict(zip(('node1', 'node2'), pair)))
    applied = causeway(place, 'apply')
    said = play_ping_pong(place)
    check('ping on %s plays with pong on %s' % pair,
          applied.returncode == 0 and said == expected('ping-pong'),
          (applied.stdout + applied.stderr, said))
    causeway(place, 'destroy', '--force')


# --- the talk's application: drivers on boards, the rest in SGX ------------------------------------------
def board(place, node, words):
    control = socket.socket(socket.AF_UNIX)
    control.settimeout(60)
    before = os.getcwd()
    os.chdir('%s/.causeway/nodes/%s/board' % (place, node)) # names of sockets are short
    control.connect('control')
    os.chdir(before)
    control.sendall(words.encode() + b'\n')
    answer = control.makefile().readline().strip()
    control.close()
    return answer


def page(place, port):
    try:
        trust = ssl.create_default_context(cafile=place + '/cert.pem')
        return urllib.request.urlopen('https://127.0.0.1:%d/' % port, context=trust, timeout=60).read().decode()
    except OSError as error:
        return str(error)


def play_button_led(button, led, rest):
    place = described('button-led', {'node_sancus1': button, 'node_sancus2': led, 'node_sgx': rest})
    free = socket.socket()
    free.bind(('127.0.0.1', 0))
    port = free.getsockname()[1]
    free.close()
    subprocess.run(['sed', '-i', 's/127.0.0.1:8443/127.0.0.1:%d/' % port, place + '/app.json'], check=True)
    applied = causeway(place, 'apply')
    causeway(place, 'send', 'init-server')
    causeway(place, 'request', 'get-cert', '--out', 'cert.pem')
    shown = page(place, port)
    for press in (1, 2, 3):
        board(place, 'node_sancus1', 'release') if press > 1 else None
        time.sleep(0.3)
        board(place, 'node_sancus1', 'press')
        for _ in range(1000):
            if 'Button presses: %d' % press in page(place, port):
                break
            time.sleep(0.05)
        shown += page(place, port)
        for _ in range(1000):
            lit = board(place, 'node_sancus2', 'led?')
            if lit.endswith(str(press % 2)):
                break
            time.sleep(0.05)
        shown += 'led ' + lit
    check('button-led: button on a %s board, LED on a %s board, the rest in %s' % (button, led, rest),
          applied.returncode == 0 and all('Button presses: %d' % n in shown for n in range(4)) and
          re.findall(r'led ok (.)', shown) == ['1', '0', '1'],
          (shown, applied.stdout + applied.stderr))
    causeway(place, 'destroy', '--force')


for places_of in (('sancus', 'sancus', 'sgx'), ('trustzone', 'trustzone', 'sgx'),
                  ('sancus', 'trustzone', 'trustzone')):
    if set(places_of) <= set(TEES):
        play_button_led(*places_of)

for place in places:
    causeway(place, 'destroy', '--force')
shutil.rmtree(scratch, ignore_errors=True)
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
END
