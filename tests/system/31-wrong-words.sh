#!/bin/bash
# SPDX-License-Identifier: MIT
# Wrong command lines of all programs: each gives one line that tells where, what and what to do,
# exit status 2, and nothing else anywhere.
# timeout: 300
set -u -o pipefail
exec python3 - "$PWD/build/host/bin" <<'END'
import hashlib, json, os, re, shlex, shutil, subprocess, sys, tempfile

programs = sys.argv[1]
learn = os.environ.get('CAUSEWAY_PRINT_MISTAKES')  # print the table as it would have to be
scratch = tempfile.mkdtemp()
passed = failed = 0
app = {'causeway': 1, 'name': 'app',
       'nodes': [{'name': 'n1', 'tee': 'native', 'address': '127.0.0.1:1'}],
       'modules': [{'name': 'ping', 'node': 'n1', 'sources': ['ping.c']}],
       'connections': [{'name': 'add', 'direct': True, 'to_module': 'ping', 'to_input': 'add',
                        'encryption': 'aes'},
                       {'name': 'ask', 'direct': True, 'to_module': 'ping', 'to_handler': 'ask',
                        'encryption': 'aes'}]}
open(scratch + '/ping.c', 'w').close()
for name in ('app.json', 'other.json'):
    json.dump(app, open(scratch + '/' + name, 'w'))
open(scratch + '/file', 'w').write('no key\n')
os.mkdir(scratch + '/folder')
environment = {k: v for k, v in os.environ.items()
               if k not in ('CAUSEWAY_KEY_FILE', 'CAUSEWAY_SDK')}
environment['HOME'] = scratch
environment['XDG_STATE_HOME'] = scratch


def check(name, good, why=''):
    global passed, failed
    good = bool(good)
    passed += good
    failed += not good
    if not good:
        print('FAIL:', name, why)


def listing():
    found = {}
    for folder, folders, files in os.walk(scratch):
        found[folder] = sorted(folders)
        for f in files:
            found[folder + '/' + f] = hashlib.sha256(open(folder + '/' + f, 'rb').read()).digest()
    return found


def words_of(line):
    line = re.sub(r"\$'((?:[^'\\]|\\.)*)'",
                  lambda m: "'" + m[1].replace('\\e', '\033').replace('\\n', '\n')
                  .replace('\\u202e', '\u202e') + "'", line)
    return shlex.split(line)


def run(words):
    return subprocess.run([programs + '/' + words[0], *words[1:]], capture_output=True,
                          cwd=scratch, timeout=60, stdin=subprocess.DEVNULL, env=environment)


def play(line, expected):
    words = words_of(line)
    before = listing()
    said = run(words)
    text = said.stderr.decode()
    start = words[0] + ': error: '
    found = text[len(start):-1] if text.startswith(start) and text.endswith('\n') else text
    if learn:
        print(line + '\n    ' + found)
        return
    check(line, said.returncode == 2 and said.stdout == b'' and found == expected and
          not re.search('[\x00-\x1f\x7f-\x9f]', found),
          '\n  status %d, stdout %r\n  expected %s\n  found    %s' %
          (said.returncode, said.stdout[:200], expected, found))
    check(line + ': nothing changed', listing() == before)
    if words[0] != 'causeway' or '--json' in words:
        return
    said = run([words[0], '--json', *words[1:]])
    try:
        j = json.loads(said.stdout)
        error = j['errors'][0]
        good = (said.returncode == 2 and j['ok'] is False and j['exit'] == 2 and
                len(j['errors']) == 1 and error['where'] and error['what'] and
                error['remedy'] and error['what'] in expected and error['remedy'] in expected and
                expected.startswith(error['where']))
    except (ValueError, KeyError, IndexError, TypeError) as e:
        good, error = False, (e, said.stdout)
    check(line + ': --json', good, error)
    check(line + ': nothing changed by --json', listing() == before)


table = open('tests/data/wrong-words.txt').read().splitlines()
lines = [l for l in table if l and not l.startswith((' ', '#'))]
for line, below in zip(table, table[1:] + ['']):
    if line in lines:
        play(line, below[4:] if below.startswith(' ') else '')
if not learn:
    for program in ('causeway', 'causeway-node', 'causeway-sancus', 'causeway-sgx'):
        check(program + ' is in the table often enough',
              sum(l.split()[0] == program for l in lines) >= (40 if program == 'causeway' else 10))
    verbs = re.findall(r'^  ([a-z]+) ', subprocess.run([programs + '/causeway', '--help'],
                       capture_output=True, text=True).stdout, re.M)
    for verb in verbs:
        check('a wrong use of %s is in the table' % verb,
              any(l.startswith('causeway ' + verb) for l in lines))
    print('%d wrong command lines' % len(lines))
    print('%d passed, %d failed, 0 skipped' % (passed, failed))
shutil.rmtree(scratch)
sys.exit(failed != 0)
END
