#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 of the owner's tool, of nodes, and of both, at random moments: the next apply completes, all
# modules attest, events flow, and nothing is left behind on the nodes.
# CW_SEED=N repeats a run; CW_ROUNDS=N sets its length (20, or 200 with --long).
# timeout: 1700
set -u -o pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 - "$PWD/build/host/bin" "$PWD/tests/data/owner" "$scratch" <<'END'
import contextlib, json, os, random, shutil, signal, sqlite3, subprocess, sys, time

programs, sources, scratch = sys.argv[1:]
rounds = int(os.environ.get('CW_ROUNDS') or (200 if os.environ.get('CW_LONG') == '1' else 20))
seed = int(os.environ.get('CW_SEED') or random.SystemRandom().randrange(1 << 32))
rng = random.Random(seed)
tag = 'z%08x' % (seed & 0xffffffff)  # in the names of modules, and so of their processes
app = scratch + '/app'
state = app + '/.causeway'
log = open(scratch + '/log', 'w+')
print('seed %d, %d rounds' % (seed, rounds), flush=True)


class Wrong(Exception):
    pass


def tool(*words, timeout=200):
    run = subprocess.run([programs + '/causeway', *words], cwd=app, capture_output=True, text=True,
                         timeout=timeout)
    log.write('$ causeway %s -> %d\n%s%s' % (' '.join(words), run.returncode,
                                              run.stdout if '--json' not in words else '', run.stderr))
    return run


def must(*words):
    run = tool(*words)
    if run.returncode != 0:
        raise Wrong('causeway %s: status %d: %s' % (' '.join(words), run.returncode, run.stderr))
    return json.loads(run.stdout) if '--json' in words else run.stdout


def address_of_its_own():  # so that its port is to be had again after a restart
    return '127.%d.%d.%d:0' % tuple(random.SystemRandom().randrange(2, 250) for _ in range(3))


class Node:
    def __init__(self, name):
        self.name, self.address, self.process = name, address_of_its_own(), None
        self.folder = '%s/%s' % (scratch, name)

    def start(self):
        ready = open('%s/%s.ready' % (scratch, self.name), 'w+')
        self.process = subprocess.Popen(
            [programs + '/causeway-node', '--name', self.name, '--listen', self.address, '--tee',
             'native', '--state', self.folder, '--owner', fingerprint],
            stdout=ready, stderr=open('%s/%s.log' % (scratch, self.name), 'a'))
        for _ in range(6000):
            line = open(ready.name).read()
            if line.endswith('\n'):
                self.address = line.split()[2]
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise Wrong('node %s does not start: %s' % (self.name, open('%s/%s.log' % (
            scratch, self.name)).read()[-500:]))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def cmdline(pid):
    try:
        return open('/proc/%s/cmdline' % pid).read().split('\0')[0]
    except OSError:
        return ''


def tagged():  # module processes: their number
    return sum(tag in cmdline(pid) for pid in filter(str.isdigit, os.listdir('/proc')))


def remain(wanted):  # how many there are, once whoever was killed is gone
    end = time.monotonic() + 30
    while tagged() != wanted and time.monotonic() < end:
        time.sleep(0.01)
    return tagged()


# --- applications -------------------------------------------------------------------------------

def variant():
    """A descriptor at random: what runs where, images, windows, connections, periodic entries."""
    nodes = [n.name for n in fleet]
    flavour = rng.choice(['', '#define FLAVOUR %d\nint cw_flavour(void);\nint cw_flavour(void) '
                          '{ return FLAVOUR; }\n' % rng.randrange(3)])
    open(app + '/flavour.h', 'w').write('/* %d */\n' % rng.randrange(1 << 30))
    for name in ('counter.c', 'follower.c'):
        text = open(sources + '/' + name).read()
        tail = '' if flavour == '' else 'CW_ENTRY(flavour, d, l, r) { (void)d; (void)l; ' \
            'const uint8_t b[1] = {%d}; (void)cw_reply_put(r, b, sizeof b); }\n' % rng.randrange(3)
        open(app + '/' + name, 'w').write(text + (tail if rng.random() < 0.5 else ''))
    followers = ['f%d' % i for i in range(rng.randrange(1, 4))]
    modules = [{'name': 'counter' + tag, 'node': rng.choice(nodes), 'sources': ['counter.c'],
                'channels': 2 + len(followers) + 1}]
    connections = [{'name': 'add', 'direct': True, 'to_module': 'counter' + tag, 'to_input': 'add',
                    'encryption': rng.choice(['aes', 'spongent'])},
                   {'name': 'get-total', 'direct': True, 'to_module': 'counter' + tag,
                    'to_handler': 'get_total', 'encryption': 'aes'}]
    periodic = []
    for f in followers:
        modules.append({'name': f + tag, 'node': rng.choice(nodes), 'sources': ['follower.c'],
                        'channels': 3})
        connections.append({'from_module': 'counter' + tag, 'from_output': 'added',
                            'to_module': f + tag, 'to_input': 'note',
                            'encryption': rng.choice(['aes', 'spongent']),
                            'window': rng.randrange(4, 20)})
        if rng.random() < 0.5:
            periodic.append({'module': f + tag, 'entry': 'tick', 'every_ms': rng.randrange(20, 60)})
    return {'causeway': 1, 'name': 'crash',
            'nodes': [{'name': n.name, 'tee': 'native', 'address': n.address} for n in fleet],
            'modules': modules, 'connections': connections, 'periodic_events': periodic,
            'policy': {'allow_unprotected': True}}


def describe():
    global descriptor
    descriptor = variant()
    json.dump(descriptor, open(app + '/app.json', 'w'), indent=1)


# --- what must hold after an apply -----------------------------------------------------------------

def check():
    said = json.loads(tool('status', '--json').stdout)
    wanted = {m['name']: m for m in descriptor['modules']}
    if any(m['state'] != 'open' for m in said['modules']):
        raise Wrong('a module is not open: %r' % said['modules'])
    if any(c['state'] != 'open' for c in said['connections']) or not said['ok']:
        raise Wrong('a connection is not open: %r' % said['connections'])
    channels = {c['connection']: c['channel'] for c in said['connections']}
    if len(channels) != len(descriptor['connections']):
        raise Wrong('connections: %r' % sorted(channels))
    with contextlib.closing(sqlite3.connect('file:%s/state.db?immutable=1' % state, uri=True)) as db:
        links = {row[0] for row in db.execute('SELECT peer FROM link')}
    for node in said['nodes']:
        says = node.get('says', {'modules': [], 'peers': []})  # nobody asks where nothing should be
        here = {n for n, m in wanted.items() if m['node'] == node['node']}
        if sorted(m['name'] for m in says['modules']) != sorted(here):
            raise Wrong('node %s has %r, expected %r' % (
                node['node'], [m['name'] for m in says['modules']], sorted(here)))
        for m in says['modules']:
            mine = sorted(channels[c.get('name') or '%s.%s-%s.%s' % (
                c['from_module'], c['from_output'], c['to_module'], c['to_input'])]
                for c in descriptor['connections'] if m['name'] in (
                    c.get('from_module'), c['to_module']))
            if sorted(r['channel'] for r in m['routes']) != mine:
                raise Wrong('routes of %s: %r, expected %r' % (m['name'], m['routes'], mine))
            ticks = [p['every_ms'] for p in descriptor['periodic_events'] if p['module'] == m['name']]
            if [p['every_ms'] for p in m['periodic']] != ticks:
                raise Wrong('periodic entries of %s: %r' % (m['name'], m['periodic']))
        if not {p['peer'] for p in says['peers']} <= links:
            raise Wrong('links that the state does not know: %r' % says['peers'])
    if remain(len(wanted)) != len(wanted):
        raise Wrong('%d processes of modules, expected %d' % (tagged(), len(wanted)))
    must('attest', '--quiet')
    flow()
    for node in fleet:
        if sorted(os.listdir(node.folder)) != ['certificate.pem', 'fingerprint', 'key.pem']:
            raise Wrong('files of node %s: %r' % (node.name, os.listdir(node.folder)))
    left = set(os.listdir(state)) - {'state.db', 'key', 'lock', 'mark', 'build'}
    if left:
        raise Wrong('files of the state: %r' % left)
    plan = tool('plan', '--exit-code', '--json')
    if plan.returncode != 0:
        raise Wrong('after apply there is something to do: %s %s' % (plan.stdout, plan.stderr))


def noted(module):
    return int(must('call', module, 'get', '--json', '--quiet')['hex'][:2], 16)


def flow():
    followers = [m['name'] for m in descriptor['modules'] if m['sources'] == ['follower.c']]
    before = {f: noted(f) for f in followers}
    total = int(must('request', 'get-total', '--json')['hex'], 16)
    must('send', 'add', '--quiet')
    if int(must('request', 'get-total', '--json')['hex'], 16) != total + 1:
        raise Wrong('an event was sent, and did not count')
    for f in followers:
        for attempt in range(2000):
            if noted(f) == (before[f] + 1) % 256:
                break
            time.sleep(0.02)
        else:
            raise Wrong('%s did not get the event: %d after %d' % (f, noted(f), before[f]))


# --- what the checks must notice ----------------------------------------------------------------------

def notices(what, expected):
    try:
        check()
    except Wrong as wrong:
        if expected in str(wrong):
            print('ok: %s is noticed' % what)
            return
        raise Wrong('%s: %s' % (what, wrong))
    raise Wrong('the checks do not notice %s' % what)


def plant():
    global descriptor
    describe()
    must('apply', '--quiet')
    check()
    pid = [p for p in filter(str.isdigit, os.listdir('/proc')) if 'counter' + tag in cmdline(p)][0]
    os.kill(int(pid), signal.SIGKILL)
    for _ in range(600):  # until its node has seen it
        if 'started anew' in tool('status').stdout:
            break
        time.sleep(0.05)
    notices('a module that began another life', 'started anew')
    must('apply', '--quiet')
    # A module that the state does not know: its node has it, the state is of before.
    shutil.copytree(state, scratch + '/kept')
    small = descriptor
    extra = {'name': 'extra' + tag, 'node': 'a', 'sources': ['follower.c']}
    descriptor = dict(small, modules=small['modules'] + [extra])
    json.dump(descriptor, open(app + '/app.json', 'w'))
    must('apply', '--quiet')
    shutil.rmtree(state)
    shutil.copytree(scratch + '/kept', state)
    descriptor = small
    json.dump(descriptor, open(app + '/app.json', 'w'))
    must('apply', '--quiet')
    check()
    descriptor = dict(small, periodic_events=[])
    if small['periodic_events']:
        notices('a periodic entry that should not be', 'periodic')
    descriptor = dict(small, connections=small['connections'][:-1])
    notices('a connection that should not be', 'connection')
    descriptor = small
    check()


# --- first starts -------------------------------------------------------------------------------------

def first_starts(count):
    folder = scratch + '/first'
    for command in ([programs + '/causeway', 'key', 'show', '--state', folder],
                    [programs + '/causeway-node', '--name', 'n', '--tee', 'native', '--listen',
                     '127.0.0.1:0', '--state', folder]):
        for i in range(count):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.random() * 0.03)
            process.kill()
            process.wait()
            again = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            line = again.stdout.readline()
            again.terminate()
            _, errors = again.communicate()
            left = [name for name in os.listdir(folder) if name.endswith('.new')]
            shutil.rmtree(folder)
            if line == '' or left:
                raise Wrong('after a first start that was killed: %s %s' % (errors, left))


# --- rounds -----------------------------------------------------------------------------------------

took = {'apply': 0.4, 'destroy': 0.1}
hit = {'tool': 0, 'node': 0}  # who was killed while it worked


def play(number):
    start = rng.choice(['steady', 'changed', 'changed', 'fresh', 'destroying'])
    victims = rng.choice(['tool', 'tool', 'node', 'both'])
    if start == 'fresh':
        must('destroy', '--quiet')
    if start in ('changed', 'fresh'):
        describe()
    verb = 'destroy' if start == 'destroying' else 'apply'
    moment = rng.random() * 1.2 * took[verb]
    doomed = rng.sample(fleet, rng.randrange(1, 3)) if victims != 'tool' else []
    second = rng.random() * moment
    log.write('--- round %d: %s, %s at %.4f s of %s, nodes %s\n' % (
        number, start, victims, moment, verb, [n.name for n in doomed]))
    begun = time.monotonic()
    process = subprocess.Popen([programs + '/causeway', verb, '--quiet'], cwd=app, stdout=log,
                               stderr=log)
    end = None
    for at, node in sorted([(moment, None)] + [(second if i else moment, n) for i, n in
                                               enumerate(doomed)], key=lambda pair: pair[0]):
        while time.monotonic() < begun + at:
            time.sleep(0.0005)
            if end is None and process.poll() is not None:
                end = time.monotonic()
        if node is not None:
            node.kill()
            hit['node'] += process.poll() is None
        elif victims != 'node':
            process.send_signal(signal.SIGKILL)
            hit['tool'] += process.wait() == -signal.SIGKILL
    status = process.wait(timeout=200)
    if victims == 'node' and status not in (0, 1):
        raise Wrong('%s beside dying nodes: status %d' % (verb, status))
    if status == 0 and end is not None:
        took[verb] = 0.7 * took[verb] + 0.3 * (end - begun)
    for node in doomed:
        node.start()
    if start == 'destroying' and rng.random() < 0.3:
        must('destroy', '--quiet')
        if remain(0):
            raise Wrong('%d processes are left after destroy' % tagged())
    if rng.random() < 0.2:
        describe()
    must('apply', '--quiet')
    check()


fleet = [Node('a'), Node('b'), Node('c')]
os.mkdir(app)
for name in ('counter.c', 'follower.c'):
    shutil.copy(sources + '/' + name, app)
describe()
fingerprint = must('key', 'show').strip()
passed, failed = 0, 0
try:
    for node in fleet:
        node.start()
    plant()
    first_starts(10 if rounds <= 20 else 50)
    # Moments are random: it goes on until enough of them met the tool at work.
    while passed < rounds or rounds >= 20 and hit['tool'] < rounds // 10 and passed < 3 * rounds:
        play(passed + 1)
        passed += 1
    if rounds >= 20 and hit['tool'] < rounds // 10:
        raise Wrong('the tool was hardly ever at work when it was killed: %r' % hit)
    print('killed while the tool worked: itself %(tool)d times, nodes %(node)d times' % hit)
    must('destroy', '--quiet')
    if remain(0):
        raise Wrong('%d processes are left at the end' % tagged())
except (Wrong, subprocess.TimeoutExpired) as wrong:
    failed = 1
    log.flush()
    print('FAIL: round %d of seed %d: %s' % (passed + 1, seed, wrong))
    print(''.join('    ' + line for line in open(log.name).read().splitlines(True)[-60:]))
    shutil.copy(state + '/state.db', scratch + '/last.db')
    with contextlib.closing(sqlite3.connect(scratch + '/last.db')) as db:
        for table in ('SELECT from_node, to_node, peer FROM link', 'SELECT * FROM number',
                      'SELECT name, node, life FROM module', 'SELECT * FROM fact',
                      'SELECT conn, name, phase, epoch, channel FROM connection'):
            print(table, *db.execute(table), sep='\n    ')
    for node in fleet:
        print('node', node.name, node.address, ''.join(
            '    ' + line for line in open('%s/%s.log' % (scratch, node.name)).readlines()[-25:]))
finally:
    for node in fleet:
        if node.process and node.process.poll() is None:
            node.process.terminate()
            node.process.wait()
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed)
END
