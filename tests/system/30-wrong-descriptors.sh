#!/bin/bash
# SPDX-License-Identifier: MIT
# Wrong descriptors, those of the table and nastier ones: each mistake gives one line with its place,
# exit status 2, and nothing else anywhere.
# timeout: 300
set -u -o pipefail
exec python3 - "$PWD/build/host/bin/causeway" <<'END'
import hashlib, json, os, re, shutil, subprocess, sys, tempfile

tool = sys.argv[1]
scratch = tempfile.mkdtemp()
passed = failed = wrong_count = 0
table = open('tests/data/descriptors/cases.txt').read()
cases = re.findall(r'^=== (.*)\n--- (app\.\w+)\n((?:.*\n)*?)--- mistakes\n((?:(?!===).*\n)*)',
                   table, re.M)
for name in ('ping.c', 'pong.c'):
    shutil.copy('examples/ping-pong/' + name, scratch)


def check(name, good, why=''):
    global passed, failed
    passed += good
    failed += not good
    if not good:
        print('FAIL:', name, why)


def listing():
    found = {}
    for folder, folders, files in os.walk(scratch):
        for f in folders:
            found[os.path.join(folder, f)] = 'folder'
        for f in files:
            path = os.path.join(folder, f)
            if os.path.islink(path) or not os.path.isfile(path) or f == 'huge.json':
                found[path] = str(os.lstat(path).st_size)
            else:
                found[path] = hashlib.sha256(open(path, 'rb').read()).hexdigest()
    return found


def run(words, **more):
    return subprocess.run([tool, *words], capture_output=True, cwd=scratch, timeout=60,
                          stdin=subprocess.DEVNULL, **more)


def refused(name, file, expected, prefix=()):
    """expected: the lines on standard error, as text, without the file's name."""
    global wrong_count
    wrong_count += 1
    before = listing()
    for verb in ('validate', 'apply', 'status'):
        said = subprocess.run([*prefix, tool, verb, file], capture_output=True, cwd=scratch,
                              timeout=60, stdin=subprocess.DEVNULL)
        text = said.stderr.decode('utf-8')
        lines = [line[len(file) + 1:] if line.startswith(file + ':') else 'NO PLACE ' + line
                 for line in text.splitlines()]
        lines = [line.strip() if line[0] == ' ' else line for line in lines]
        check('%s: %s' % (name, verb), said.returncode == 2 and said.stdout == b'' and
              lines == expected and not re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f]', text),
              '\n  status %d, stdout %r\n  expected %s\n  found    %s' %
              (said.returncode, said.stdout[:200], expected, lines))
    said = subprocess.run([*prefix, tool, 'apply', '--json', file], capture_output=True,
                          cwd=scratch, timeout=60, stdin=subprocess.DEVNULL)
    try:
        j = json.loads(said.stdout)
        errors = j['errors']
        good = (said.returncode == 2 and j['ok'] is False and j['exit'] == 2 and
                j['verb'] == 'apply' and len(errors) == len(expected) and
                all(e['where'] and e['what'] and e['remedy'] and e['file'] == file and
                    ('line' in e) == (re.match(r'\d+:\d+: ', line) is not None) and
                    e['what'] in line and e['remedy'] in line
                    for e, line in zip(errors, expected)))
    except (ValueError, KeyError, TypeError) as e:
        good, j = False, (e, said.stdout[:300])
    check(name + ': --json', good, j)
    check(name + ': nothing changed', listing() == before)


def nasty(name, file, content, *expected):
    path = os.path.join(scratch, file)
    with open(path, 'wb') as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    refused(name, file, list(expected))
    os.unlink(path)


# --- the table ---------------------------------------------------------------------------------
for name, file, text, expected in cases:
    if not expected or 'museum' in text + expected.replace('"native", "sancus", "sgx" or "museum"', ''):
        continue
    expected = expected.replace('"native", "sancus", "sgx" or "museum"', '"native", "sancus", "sgx" or "trustzone"')
    nasty(name, file, text,
          *expected.replace('in examples/ping-pong', 'in ' + os.path.realpath(scratch)).splitlines())
of_table = wrong_count

# --- files that are none --------------------------------------------------------------------------
refused('no such file', 'none.json', ['there is no such file: name the descriptor, or go to the '
                                      'folder that has it'])
refused('no such folder', 'none/app.json', ['there is no such file: name the descriptor, or go to '
                                            'the folder that has it'])
os.mkdir(scratch + '/folder.json')
os.mkdir(scratch + '/folder.c')
refused('a folder', 'folder.json', ['found a folder, expected a file: the descriptor in it is '
                                    'called app.json as a rule'])
os.mkfifo(scratch + '/pipe.json')
refused('a pipe', 'pipe.json', ['found a device, pipe or socket, expected a regular file'])
os.symlink('loop.json', scratch + '/loop.json')
refused('a link to itself', 'loop.json', ['it cannot be read: Too many levels of symbolic links; '
                                          'look at the permissions of the file and of its folders'])
open(scratch + '/huge.json', 'w').truncate(5 << 20)
refused('a huge file', 'huge.json', ['found 5242880 bytes, expected at most 4194304: is it a '
                                     'descriptor?'])
open(scratch + '/closed.json', 'w').close()
os.chmod(scratch + '/closed.json', 0)
os.chmod(scratch, 0o755)
prefix = (['setpriv', '--reuid=65534', '--clear-groups', '--bounding-set=-all']
          if os.getuid() == 0 else [])
refused('a file that may not be read', 'closed.json',
        ['it cannot be read: Permission denied; look at the permissions of the file and of its '
         'folders'], prefix)
os.chmod(scratch + '/closed.json', 0o600)

# --- bytes ----------------------------------------------------------------------------------------
good = json.dumps({'causeway': 1, 'name': 'app',
                   'nodes': [{'name': 'n1', 'tee': 'native', 'address': '127.0.0.1:1'}],
                   'modules': [{'name': 'ping', 'node': 'n1', 'sources': ['ping.c']}]})
exec(compile(open('tests/data/descriptors/nasty.py').read(), 'nasty.py', 'exec'))

check('enough of the table (%d)' % of_table, of_table >= 60)
check('enough nasty ones (%d)' % (wrong_count - of_table), wrong_count - of_table >= 30)
print('%d wrong descriptors, each by three verbs and once with --json' % wrong_count)
shutil.rmtree(scratch)
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
END
