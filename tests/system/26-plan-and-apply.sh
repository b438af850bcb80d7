#!/bin/bash
# SPDX-License-Identifier: MIT
# plan says what apply then does; apply leaves out what cannot be done, does the rest, and tidies up.
# timeout: 600
set -u -o pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 - "$PWD/build/host/bin" "$PWD/tests/data/owner" "$scratch" <<'END'
import contextlib, json, os, pty, re, select, shutil, signal, socket, sqlite3, subprocess, sys, time

programs, sources, scratch = sys.argv[1:]
app, state = scratch + '/app', scratch + '/app/.causeway'
passed = failed = 0
last = None


def check(name, good, why=''):
    global passed, failed
    passed += bool(good)
    failed += not good
    print('ok:' if good else 'FAIL:', name, '' if good else why, flush=True)
    if not good and last is not None:
        print('   ', last.args[1:], last.returncode, last.stdout[-2000:], last.stderr[-2000:])


def tool(*words, timeout=200):
    global last
    last = subprocess.run([programs + '/causeway', *words], cwd=app, capture_output=True, text=True,
                          timeout=timeout)
    return last


class Node:
    def __init__(self, name):
        self.name = name  # its port is to be had again after a restart
        self.address = '127.%d.%d.%d:0' % tuple(2 + byte % 250 for byte in os.urandom(3))
        self.start()

    def start(self):
        ready = '%s/%s.ready' % (scratch, self.name)
        self.process = subprocess.Popen(
            [programs + '/causeway-node', '--name', self.name, '--listen', self.address, '--tee',
             'native', '--state', '%s/%s' % (scratch, self.name), '--owner', fingerprint],
            stdout=open(ready, 'w'), stderr=open('%s/%s.log' % (scratch, self.name), 'a'))
        for _ in range(6000):
            if open(ready).read().endswith('\n'):
                break
            time.sleep(0.01)
        self.address = open(ready).read().split()[2]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def describe(**changes):
    d = {'causeway': 1, 'name': 'plan-test',
         'nodes': [{'name': n.name, 'tee': 'native', 'address': n.address} for n in nodes.values()],
         'modules': [{'name': 'counter', 'node': 'a', 'sources': ['counter.c']},
                     {'name': 'near', 'node': 'a', 'sources': ['follower.c']},
                     {'name': 'far', 'node': 'b', 'sources': ['follower.c']}],
         'connections': [
             {'name': 'add', 'direct': True, 'to_module': 'counter', 'to_input': 'add', 'encryption': 'aes'},
             {'name': 'to-near', 'from_module': 'counter', 'from_output': 'added', 'to_module': 'near',
              'to_input': 'note', 'encryption': 'aes'},
             {'name': 'to-far', 'from_module': 'counter', 'from_output': 'added', 'to_module': 'far',
              'to_input': 'note', 'encryption': 'aes'}],
         'periodic_events': [{'module': 'near', 'entry': 'tick', 'every_ms': 50}],
         'policy': {'allow_unprotected': True}}
    d.update(changes)
    json.dump(d, open(app + '/app.json', 'w'), indent=1)
    return d


def memory():  # what the state holds, but for what only says who holds it
    if not os.path.exists(state + '/state.db'):
        return None
    with contextlib.closing(sqlite3.connect('file:%s/state.db?mode=ro' % state, uri=True)) as db:
        return list(db.iterdump())


def says():  # who runs where, by the nodes' own word
    return json.dumps([[n['node'], n.get('modules')] for n in
                       json.loads(tool('nodes', '--json').stdout)['nodes']])


def plan(*words):
    tool('plan', '--json', *words)
    j = json.loads(last.stdout)
    if not j['ok']:
        return {}
    return {**{m['module']: (m['action'], m['reason']) for m in j['modules']},
            **{c['connection']: (c['action'], c['reason']) for c in j['connections']},
            'ends': sorted((e['kind'], e['name'], e['node']) for e in j['ends']), 'changes': j['changes'],
            'set': j['counts']['set']}


def actions(p):
    return {k: v[0] for k, v in p.items() if isinstance(v, tuple)}


def applied(*words):
    return tool('apply', *words).returncode


def settled():
    return tool('plan', '--exit-code', '--json').returncode == 0


keep = {'counter': 'keep', 'near': 'keep', 'far': 'keep', 'add': 'keep', 'to-near': 'keep', 'to-far': 'keep'}
os.mkdir(app)
os.mkdir(scratch + '/tmp')
os.environ['TMPDIR'] = scratch + '/tmp'
for name in ('counter.c', 'follower.c'):
    shutil.copy(sources + '/' + name, app)
nodes = {}
silent = socket.create_server(('127.0.0.1', 0))  # takes connections, and says nothing
try:
    class Nowhere:
        name, address = 'a', '127.0.0.1:1'
    nodes = {'a': Nowhere, 'b': Nowhere}
    describe(nodes=[{'name': n, 'tee': 'native', 'address': '127.0.0.1:%d' % (1 + (n == 'b'))}
                    for n in 'ab'])
    p = plan()
    check('plan works where no node can be reached, and says so',
          set(actions(p).values()) == {'unknown'} and last.returncode == 0, p)
    check('and made no state', not os.path.exists(state))
    fingerprint = tool('key', 'show').stdout.strip()
    nodes = {}
    for name in 'ab':
        nodes[name] = Node(name)
    describe()

    # --- plan and apply agree -----------------------------------------------------------------
    before = memory()
    p = plan()
    check('at first everything is to be created', set(actions(p).values()) == {'create'} and p['set'] == 1, p)
    check('plan --exit-code is 4 then', tool('plan', '--exit-code').returncode == 4)
    check('plan wrote nothing down', memory() == before)
    check('and applied it is', applied() == 0 and settled())
    before, there = memory(), says()
    p = plan()
    check('then everything is kept', actions(p) == keep and not p['changes'] and not p['ends'], p)
    check('plan changed neither the state nor a node', memory() == before and says() == there)
    check('nor did it leave files', os.listdir(scratch + '/tmp') == [])

    open(app + '/follower.c', 'a').write('CW_ENTRY(more, d, l, r) { (void)d; (void)l; (void)r; }\n')
    p = plan()
    check('an image that changed is replaced, its connections are rekeyed, others kept',
          p['near'] == ('replace', 'its image changed') and actions(p)['to-far'] == 'rekey' and
          actions(p)['counter'] == actions(p)['add'] == 'keep', p)
    check('and so it is', applied() == 0 and settled())
    d = describe()
    d['modules'][2]['node'] = 'a'
    describe(modules=d['modules'])
    p = plan()
    check('a module that moves is replaced, and ended where it was',
          p['far'] == ('replace', 'it moves here from node b') and p['ends'] == [('module', 'far', 'b')], p)
    check('and so it is', applied() == 0 and settled())
    describe()
    check('and back', applied() == 0 and settled())
    d = describe()
    d['connections'][1]['window'] = 5
    describe(connections=d['connections'])
    p = plan()
    check('a connection that the descriptor changed is replaced', p['to-near'][0] == 'replace' and
          actions(p)['to-far'] == 'keep', p)
    check('and so it is', applied() == 0 and settled())
    describe(connections=d['connections'][:2], modules=d['modules'][:2], periodic_events=[])
    p = plan()
    check('what left the descriptor ends', ('module', 'far', 'b') in p['ends'] and
          ('connection', 'to-far', '') in p['ends'] and p['set'] == 1, p)
    check('and so it does', applied() == 0 and settled() and '"far"' not in says() and
          '"tick"' not in says())
    describe()
    applied()
    nodes['b'].stop()
    nodes['b'].start()
    p = plan()
    check('what a node lost is replaced', p['far'] == ('replace', 'node b has lost it') and
          p['to-far'] == ('rekey', 'module far begins another life') and actions(p)['to-near'] == 'keep', p)
    check('and so it is', applied() == 0 and settled())

    # --- nodes that are away ----------------------------------------------------------------------
    d = describe()
    d['nodes'].append({'name': 'c', 'tee': 'native', 'address': '127.0.0.1:%d' % silent.getsockname()[1]})
    d['modules'].append({'name': 'mute', 'node': 'c', 'sources': ['follower.c']})
    d['modules'].append({'name': 'extra', 'node': 'b', 'sources': ['follower.c']})
    d['connections'].append({'name': 'to-extra', 'from_module': 'counter', 'from_output': 'added',
                             'to_module': 'extra', 'to_input': 'note', 'encryption': 'aes'})
    describe(nodes=d['nodes'], modules=d['modules'], connections=d['connections'])
    run = subprocess.Popen([programs + '/causeway', 'apply', '--timeout', '60'], cwd=app, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen = ''
    while 'to-extra' not in seen and select.select([run.stdout], [], [], 60)[0]:
        seen += os.read(run.stdout.fileno(), 4096).decode()
        if seen.endswith('\n') and run.poll() is not None:
            break
    check('a node that hangs holds up nobody', 'to-extra' in seen and run.poll() is None, seen)
    silent.accept()[0].close()  # the node ends: nobody has to wait for the minute
    out, err = run.communicate(timeout=200)
    check('and is reported at the end, with status 1', run.returncode == 1 and 'node c' in err and
          '1 of 5 modules' in err, (run.returncode, err))
    check('in a pipe there is no progress', '\r' not in err and '\r' not in seen + out)
    p = plan('--timeout', '5')
    check('plan calls it unknown, and the rest kept', actions(p)['mute'] == 'unknown' and
          actions(p)['extra'] == 'keep' and actions(p)['to-extra'] == 'keep', p)
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(app)
        os.execv(programs + '/causeway', ['causeway', 'apply', '--timeout', '4'])
    shown = b''
    with contextlib.suppress(OSError):
        while piece := os.read(fd, 4096):
            shown += piece
    os.waitpid(pid, 0)
    check('on a terminal what lasts longer than a second is shown', re.search(rb'apply: \d+ of \d+ done', shown),
          shown)
    describe()
    applied()
    nodes['b'].stop()
    d = describe()
    d['modules'][2]['node'] = 'a'
    describe(modules=d['modules'])
    check('a module moves away from a node that cannot be reached', applied() == 1 and
          tool('status', '--json').returncode == 0)
    nodes['b'].start()
    check('which is tidied up when it is back', applied() == 0 and settled() and says().count('"far"') == 1)

    # --- nodes that the descriptor does not have any more ---------------------------------------------
    describe()
    applied()
    d = describe()
    small = dict(nodes=d['nodes'][:1], modules=d['modules'][:2], connections=d['connections'][:2])
    describe(**small)
    p = plan()
    check('a node that left the descriptor is still asked', ('module', 'far', 'b') in p['ends'], p)
    check('and tidied up', applied() == 0 and 'far from b' in last.stdout and settled())
    describe()
    applied()
    nodes['b'].stop()
    describe(**small)
    check('one that is away is not forgotten in silence', applied() == 1 and '--force' in last.stderr)
    check('but when the owner says so', applied('--force') == 0 and settled())
    nodes['b'].start()

    # --- the end ------------------------------------------------------------------------------------------
    describe()
    applied()
    describe(**small)
    check('destroy ends what left the descriptor, too', tool('destroy').returncode == 0 and
          'far from b' in last.stdout)
    describe()
    applied()
    os.kill(nodes['b'].process.pid, signal.SIGSTOP)
    check('destroy does not forget a node that hangs', tool('destroy', '--timeout', '2').returncode == 1)
    check('unless forced', tool('destroy', '--force', '--timeout', '2').returncode == 0)
    os.kill(nodes['b'].process.pid, signal.SIGCONT)
    check('what was left there is ended by the next apply', applied() == 0 and
          'its deployment is over' in last.stdout and settled())
    tool('destroy')
finally:
    for node in nodes.values():
        if isinstance(node, Node) and node.process.poll() is None:
            node.process.send_signal(signal.SIGCONT)
            node.stop()
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
END
