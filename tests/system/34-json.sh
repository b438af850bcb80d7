#!/bin/bash
# SPDX-License-Identifier: MIT
# What --json prints is what the schema says, for every verb, when it succeeds and when it fails.
# timeout: 300
set -u -o pipefail
python3 -c 'import jsonschema' 2>/dev/null || {
    echo 'python3-jsonschema is not installed (./run setup)'
    exit 77
}
exec python3 - "$PWD/build/host/bin/causeway" <<'END'
import copy, hashlib, json, os, re, shutil, signal, struct, subprocess, sys, tempfile
import jsonschema

tool = sys.argv[1]
root = os.getcwd()
schema = json.load(open('share/causeway/output.schema.json'))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
scratch = tempfile.mkdtemp()
app = scratch + '/app'
passed = failed = 0
outputs = {}  # verb -> exit statuses that were seen


def check(name, good, why=''):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print('FAIL:', name, str(why)[:3000])


def play(exit, *words, holds=lambda j: True, **more):
    run = subprocess.run([tool, *words, '--json'], capture_output=True, text=True, cwd=app,
                         stdin=subprocess.DEVNULL, timeout=200, **more)
    name = ' '.join(words) + ' (%d)' % exit
    try:
        j = json.loads(run.stdout)
        wrong = [(list(e.absolute_path), e.message) for e in validator.iter_errors(j)]
        good = run.returncode == exit and j['exit'] == exit and not wrong and holds(j)
        outputs.setdefault(j['verb'], set()).add(exit)
    except (ValueError, KeyError, IndexError, TypeError) as e:
        good, wrong, j = False, e, None
    check(name, good, (run.returncode, wrong, run.stdout, run.stderr))
    return j


def describe(policy, address='local'):
    json.dump({
        'causeway': 1, 'name': 'json-test',
        'nodes': [{'name': 'one', 'tee': 'native', 'address': address},
                  {'name': 'two', 'tee': 'native', 'address': 'local'}],
        'modules': [{'name': 'counter', 'node': 'one', 'sources': ['counter.c']},
                    {'name': 'follower', 'node': 'two', 'sources': ['follower.c']}],
        'connections': [
            {'name': 'add', 'direct': True, 'to_module': 'counter', 'to_input': 'add',
             'encryption': 'aes'},
            {'name': 'get-total', 'direct': True, 'to_module': 'counter',
             'to_handler': 'get_total', 'encryption': 'spongent'},
            {'from_module': 'counter', 'from_output': 'added', 'to_module': 'follower',
             'to_input': 'note', 'encryption': 'aes', 'delivery': 'latest'}],
        'policy': policy}, open(app + '/app.json', 'w'))


# --- the schema and the page ---------------------------------------------------------------------
check('docs/json.md is what the schema says',
      subprocess.run(['tools/json-docs', '--check']).returncode == 0)
help_text = subprocess.run([tool, '--help'], capture_output=True, text=True).stdout
verbs = re.findall(r'^  ([a-z]+) ', help_text, re.M)
check('the schema has every verb, and no other',
      set(verbs) == {v for v in schema['properties']['verb']['enum'] if v}, verbs)

os.mkdir(app)
for name in ('counter.c', 'follower.c'):
    shutil.copy('tests/data/owner/' + name, app)
try:
    # --- without a deployment -------------------------------------------------------------------
    describe({'allow_unprotected': True})
    play(0, 'new', 'project', holds=lambda j: os.path.exists(app + '/' + j['folder'] + '/app.json'))
    play(2, 'new', 'project')
    play(0, 'validate', holds=lambda j: (j['nodes'], j['modules'], j['connections']) == (2, 2, 3))
    open(app + '/wrong.json', 'w').write('{"causeway": 1,\n "name": 3}')
    play(2, 'validate', 'wrong.json', holds=lambda j: len(j['errors']) == 3 and
         ('wrong.json', 2, 10) in [(e['file'], e['line'], e['column']) for e in j['errors']])
    play(2, 'validate', 'none.json', holds=lambda j: j['errors'][0]['where'] == 'none.json')
    play(2, 'aply', holds=lambda j: j['verb'] is None and 'apply' in j['errors'][0]['remedy'])
    play(0, 'key', 'show', holds=lambda j: len(j['fingerprint']) == 64)
    play(0, 'build', holds=lambda j: [m['module'] for m in j['modules']] == ['counter', 'follower'])
    play(1, 'build', '--state', app + '/s2', env={**os.environ, 'PATH': '/nowhere'})
    play(0, 'plan', holds=lambda j: j['changes'] and j['counts']['create'] == 5)
    play(4, 'plan', '--exit-code', holds=lambda j: j['ok'] and not j['errors'])
    play(1, 'status', holds=lambda j: {m['state'] for m in j['modules']} == {'not loaded'})
    play(1, 'nodes', holds=lambda j: j['nodes'][0]['state'] == 'stopped' and
         j['errors'][0]['where'] == 'node one')
    play(0, 'doctor', holds=lambda j: j['error_count'] == 0)
    for shell in ('bash', 'zsh', 'fish'):
        play(0, 'completion', shell, holds=lambda j: 'causeway' in j['script'])
    play(0, 'completion', 'modules', holds=lambda j: j['names'] == ['counter', 'follower'])
    play(2, 'completion', 'tcsh')
    image = app + '/image'
    open(image, 'wb').write(b'ECREATE\0' + (1).to_bytes(4, 'little') + (4096).to_bytes(8, 'little') +
                            bytes(44))
    play(0, 'sgx', 'inspect', image, holds=lambda j: j['inspect']['image']['mrenclave'] ==
         hashlib.sha256(open(image, 'rb').read()).hexdigest())
    play(2, 'sgx', 'inspect', 'app.json', holds=lambda j: 'SGX image' in j['errors'][0]['what'])
    parts = [0x57465743, 1, 0x1000, 0, 16, 0x2000, 0, 32]
    open(app + '/firmware', 'wb').write(bytes(0x800) + struct.pack('<II6Q', *parts) + bytes(0x4000))
    play(0, 'trustzone', 'new-device', app + '/board.flash', '--firmware', app + '/firmware',
         holds=lambda j: j['new-device']['changed'] and j['new-device']['manufacturer_made'])
    play(0, 'trustzone', 'new-device', app + '/board.flash', '--firmware', app + '/firmware', '--update',
         holds=lambda j: not j['new-device']['changed'])
    play(0, 'trustzone', 'inspect', app + '/board.flash',
         holds=lambda j: not j['inspect']['flash']['started'])
    play(0, 'trustzone', 'inspect', app + '/firmware',
         holds=lambda j: j['inspect']['firmware']['kernel_len'] == 32)
    play(2, 'trustzone', 'inspect', 'app.json',
         holds=lambda j: 'nothing of trustzone' in j['errors'][0]['what'])
    quote = ['sgx', 'verify', '--quote', root + '/tests/data/sgx/quote', '--time', '1750000000']
    right = ['--collateral', root + '/tests/data/sgx/collateral.json']
    pinned = ['--root-key-hash', open('tests/data/sgx/root-key-hash').read().strip()]
    play(0, *quote, *right, *pinned, '--allow-status', 'SWHardeningNeeded',
         holds=lambda j: j['verify']['verdict'] == 'accepted' and j['verify']['failed_step'] is None)
    play(3, *quote, *right, *pinned, holds=lambda j: j['verify']['failed_step'] == 12 and
         j['verify']['genuine'] and j['errors'][0]['remedy'])
    play(3, *quote, *right, holds=lambda j: j['verify']['failed_step'] == 2)
    play(3, *quote, *pinned, '--collateral', 'app.json',
         holds=lambda j: 'customary fields' in j['verify']['reason'])
    play(3, 'sgx', 'verify', '--quote', 'app.json', *right,
         holds=lambda j: j['verify']['report'] is None and j['verify']['failed_step'] == 1)
    play(2, *quote)
    play(0, 'help', holds=lambda j: [v['name'] for v in j['verbs']] == verbs)
    play(0, 'help', 'send', holds=lambda j: [v['name'] for v in j['verbs']] == ['send'])
    play(2, 'help', 'sned')

    # --- refused, then deployed -----------------------------------------------------------------
    describe({})
    play(3, 'apply', holds=lambda j: j['errors'][0]['remedy'])
    describe({'allow_unprotected': True})
    play(0, 'apply', holds=lambda j: {'attest', 'connect'} <= {s['step'] for s in j['steps']})
    play(0, 'events', holds=lambda j: {e['event'] for e in j['events']} >= {'started', 'owner'})
    play(0, 'status', holds=lambda j: {c['state'] for c in j['connections']} == {'open'} and
         all(n['reachable'] and n['local']['pid'] for n in j['nodes']))
    play(0, 'plan', '--exit-code', holds=lambda j: not j['changes'])
    play(0, 'attest', holds=lambda j: all(m['accepted'] for m in j['modules']))
    play(0, 'attest', 'counter', holds=lambda j: len(j['modules']) == 1)
    play(0, 'send', 'add', holds=lambda j: j['acknowledged'] == 1)
    play(2, 'send', 'add', '--text', 'x' * 500, holds=lambda j: j['errors'][0]['where'] == 'add')
    play(0, 'request', 'get-total', holds=lambda j: j['authentic'] and int(j['hex'], 16) == 1)
    play(0, 'call', 'follower', 'get', holds=lambda j: not j['authentic'])
    play(2, 'call', 'follower', 'got')
    play(0, 'nodes', holds=lambda j: all(n['state'] == 'ready' and n['local'] for n in j['nodes']))
    play(0, 'doctor', holds=lambda j: j['error_count'] == 0)
    play(1, 'key', 'forget-node', 'nobody')
    describe({})
    play(3, 'attest', holds=lambda j: not any(m['accepted'] for m in j['modules']))
    play(3, 'status', holds=lambda j: {m['state'] for m in j['modules']} == {'refused'})

    # --- broken -----------------------------------------------------------------------------------
    describe({'allow_unprotected': True})
    pid = json.loads(subprocess.run([tool, 'status', '--json'], capture_output=True,
                                    cwd=app).stdout)['nodes'][1]['local']['pid']
    os.kill(pid, signal.SIGTERM)
    for _ in range(200):
        if not os.path.exists('/proc/%d' % pid) or ') Z' in open('/proc/%d/stat' % pid).read():
            break
        signal.sigtimedwait([], 0.05)
    play(1, 'events', holds=lambda j: j['errors'] and {e['node'] for e in j['events']} == {'one'})
    play(1, 'status', holds=lambda j: j['modules'][1]['state'] == 'node away' and
         'received' not in j['connections'][2] and j['errors'])
    play(1, 'attest', 'follower')
    play(1, 'call', 'follower', 'get')
    play(0, 'send', 'add', holds=lambda j: j['acknowledged'] == 2)
    play(0, 'apply')
    secret = scratch + '/secret'
    with open(os.open(secret, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as file:
        file.write('a long passphrase\n')
    play(2, 'backup', scratch + '/b', '--backup-key', scratch + '/none')
    play(1, 'backup', scratch + '/no/b', '--backup-key', secret)
    play(0, 'backup', scratch + '/b', '--backup-key', secret)
    play(1, 'restore', scratch + '/b', '--backup-key', secret)
    play(0, 'restore', scratch + '/b', '--backup-key', secret, '--force')
    play(0, 'apply')
    play(0, 'destroy', holds=lambda j: j['steps'])
    play(1, 'request', 'get-total')
    play(1, 'send', 'add')
    if os.environ.get('CW_LONG') == '1':
        play(0, 'demo', '--once', holds=lambda j: j['failed'] == 0)
    play(2, 'demo', 'again')
finally:
    subprocess.run([tool, 'destroy', '--force', '--quiet'], capture_output=True, cwd=app)
    shutil.rmtree(scratch)
for verb in verbs:
    statuses = outputs.get(verb, set())
    check('%s was seen to succeed and to fail' % verb,
          verb == 'demo' or (0 in statuses and statuses - {0} or
                             verb in ('destroy', 'doctor') and 0 in statuses), statuses)

# --- the schema finds what is planted -------------------------------------------------------------
good = {'ok': True, 'verb': 'send', 'exit': 0, 'acknowledged': 1, 'errors': [], 'warnings': []}
check('a right object fits', validator.is_valid(good))
for name, change in {'another field': {'extra': 1}, 'a wrong type': {'acknowledged': '1'},
                     'a verb that is not there': {'verb': 'frob'}, 'no errors': {'errors': None},
                     'an unknown status': {'exit': 9}, 'a field of another verb': {'names': []},
                     'an error without remedy': {'errors': [{'where': 'x', 'what': 'y'}]}}.items():
    check('the schema refuses ' + name, not validator.is_valid({**good, **change}))
missing = {k: v for k, v in good.items() if k != 'acknowledged'}
check('the schema refuses a missing field', not validator.is_valid(missing))
check('unless it failed', validator.is_valid({**missing, 'ok': False, 'exit': 1}))
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
END
