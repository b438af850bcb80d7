#!/bin/bash
# SPDX-License-Identifier: MIT
# Colours and progress are for terminals; a pipe gets plain lines, and nothing that is not a result.
# timeout: 240
set -u -o pipefail
exec python3 - "$PWD/build/host/bin/causeway" <<'END'
import json, os, pty, re, select, shutil, socket, subprocess, sys, tempfile, time

tool = sys.argv[1]
scratch = tempfile.mkdtemp()
passed = failed = 0
for name in ('counter.c', 'follower.c'):
    shutil.copy('tests/data/owner/' + name, scratch)


def check(name, good, why=''):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print('FAIL:', name, repr(why)[:2000])


def on_terminal(*words, **environment):
    """Everything that the program writes to a terminal, and its exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(scratch)
        for name in ('NO_COLOR', 'CAUSEWAY_KEY_FILE'):
            os.environ.pop(name, None)
        os.environ.update(environment)
        os.execv(tool, [tool, *words])
    text = b''
    end = time.monotonic() + 100
    while time.monotonic() < end and select.select([fd], [], [], end - time.monotonic())[0]:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            piece = b''
        if not piece:
            break
        text += piece
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return text.decode(), status


def in_pipe(*words, **environment):
    run = subprocess.run([tool, *words], capture_output=True, text=True, cwd=scratch, timeout=60,
                         stdin=subprocess.DEVNULL, env={**os.environ, **environment})
    return run.stdout, run.stderr, run.returncode


def describe(address):
    json.dump({'causeway': 1, 'name': 'terminal',
               'nodes': [{'name': 'one', 'tee': 'native', 'address': address}],
               'modules': [{'name': 'counter', 'node': 'one', 'sources': ['counter.c']}],
               'connections': [], 'policy': {'allow_unprotected': True}},
              open(scratch + '/app.json', 'w'))


COLOR = '\033['
describe('127.0.0.1:1')
check('a terminal has colours', COLOR in on_terminal('validate')[0])
check('NO_COLOR is obeyed', COLOR not in on_terminal('validate', NO_COLOR='1')[0])
check('an empty NO_COLOR does not count', COLOR in on_terminal('validate', NO_COLOR='')[0])
check('--color never', COLOR not in on_terminal('validate', '--color', 'never')[0])
check('--color always is stronger than NO_COLOR',
      COLOR in on_terminal('validate', '--color', 'always', NO_COLOR='1')[0])
out, err, status = in_pipe('validate')
check('a pipe has none', status == 0 and COLOR not in out + err and 'app.json: 1 nodes' in out, out)
check('--color always in a pipe', COLOR in in_pipe('validate', '--color', 'always')[0])
text, status = on_terminal('doctor', '--json')
check('an object has no colours', COLOR not in text and status == 1 and '"checks"' in text, text)
text, status = on_terminal('apply', '--timeout', 'x')
check('an error on a terminal is coloured', COLOR in text and status == 2 and 'error:' in text, text)
check('an error in a pipe is not', COLOR not in in_pipe('apply', '--timeout', 'x')[1])

# A node that says nothing: the work lasts as long as the time limit.
deaf = socket.create_server(('127.0.0.1', 0))
describe('127.0.0.1:%d' % deaf.getsockname()[1])
text, status = on_terminal('apply', '--timeout', '4')
check('what lasts longer than a second shows its progress on a terminal',
      status == 1 and re.search('0 of 2 done, [2-9] s', text), text)
check('and takes it away', text.rindex('of 2 done') < text.rindex('\033[K'), text)
out, err, status = in_pipe('apply', '--timeout', '3')
check('a pipe gets no progress', status == 1 and 'done, ' not in out + err and '\r' not in out + err,
      out + err)
text, status = on_terminal('apply', '--timeout', '3', '--quiet')
check('nor does --quiet', 'done, ' not in text and status == 1, text)
text, status = on_terminal('apply', '--timeout', '3', '--json')
check('nor does --json', 'done, ' not in text and status == 1, text)
describe('127.0.0.1:1') # where nobody listens
for _ in range(20): # a busy machine may not be done at once
    begin = time.monotonic()
    text, status = on_terminal('apply')
    if time.monotonic() - begin < 1:
        break
check('what is over at once shows none', 'done, ' not in text and status == 1, text)
deaf.close()

full = open('/dev/full', 'w')
run = subprocess.run([tool, 'help'], stdout=full, stderr=subprocess.PIPE, text=True)
check('what cannot be written is not silent', run.returncode == 1 and
      'standard output: it cannot be written' in run.stderr, run)
shutil.rmtree(scratch)
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
END
