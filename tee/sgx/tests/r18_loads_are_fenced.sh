#!/bin/bash
# SPDX-License-Identifier: MIT
# LVI=1: behind each load of a module, its runtime and the core stands a fence, before each return
# and indirect branch too; the image is another one, runs, and keeps what the others promise.
# timeout: 600
set -u -o pipefail
MAKEFLAGS='' make -s LVI=1 MACHINES=enclave-x86_64 B=build/lvi sdk || exit 1
exec python3 - "$PWD" <<'END'
import json, os, re, shutil, subprocess, sys, tempfile

root = sys.argv[1]
bin, sdk = root + '/build/host/bin', {'plain': root + '/build/sdk', 'fenced': root + '/build/lvi/sdk'}
scratch = tempfile.mkdtemp()
passed = failed = 0


def check(name, good, why=''):
    global passed, failed
    passed += bool(good)
    failed += not good
    print('ok:' if good else 'FAIL:', name, '' if good else why, flush=True)


def output(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=120, **more)


def library():
    """Names of BearSSL's functions, which come compiled; and of the PLT, which nothing reaches."""
    found = output('nm', '--defined-only', sdk['plain'] + '/lib/sgx/libbearssl.a').stdout
    return set(re.findall(r' [tTwW] (\S+)$', found, re.M)) | {'__cw_absent'}


def is_load(mnemonic, operands):
    """
    Reads memory.  Not so: CMPXCHG, which entry.S has before branches that lead to a fence each; and
    branches, of which those through memory are a finding of their own.
    """
    if mnemonic.startswith(('pop', 'leave')):
        return True
    if '(' not in operands and '%ds:' not in operands:
        return False
    if re.match(r'(lea|(cs |data16 )*nop|prefetch|set|rep stos|stos|fxsave|fnst|stmxcsr|fxrstor|cmpxchg|call|jmp)', mnemonic):
        return False
    is_store = re.match(r'v?mov', mnemonic) and re.search(r'\)$', operands)
    return not is_store or mnemonic.startswith('movs') and operands.startswith('%ds:')


def census(elf, theirs):
    """[fences, places without one] of our functions, [the same] of BearSSL's."""
    counts = {True: [0, []], False: [0, []]}
    lines = output('objdump', '-d', '--no-show-raw-insn', elf).stdout.splitlines()
    code = []
    for line in lines:
        if label := re.match(r'[0-9a-f]+ <(\S+)>:$', line):
            name = label[1]
        elif words := re.match(r'\s*([0-9a-f]+):\t((?:rep\w* |lock |cs |data16 )*\S+)\s*(.*)', line):
            code.append((name, words[1], words[2], words[3].split('#')[0].strip()))
    for i, (name, at, mnemonic, operands) in enumerate(code):
        count = counts[name in theirs]
        if is_load(mnemonic.replace('lock ', ''), operands):
            is_fenced = code[i + 1][2] == 'lfence'
        elif mnemonic == 'ret':
            is_fenced = [c[2] for c in code[i - 2:i]] == ['orq', 'lfence']
        elif mnemonic in ('call', 'jmp') and '*' in operands:
            is_fenced = '(' not in operands  # a register's value came through a fence
        else:
            continue
        if is_fenced:
            count[0] += 1
        else:
            count[1].append(f'{at} <{name}> {mnemonic} {operands}')
    return counts[False], counts[True]


def causeway(app, *words):
    return output(bin + '/causeway', *words, cwd=app)


def deploy(kind):
    app = scratch + '/' + kind
    os.mkdir(app)
    shutil.copy(root + '/examples/hello/hello.c', app)
    json.dump({
        'causeway': 1, 'name': 'vault', 'nodes': [{'name': 'node1', 'tee': 'sgx', 'address': 'local'}],
        'modules': [{'name': 'hello', 'node': 'node1', 'sources': ['hello.c']}],
        'connections': [{'name': 'get-count', 'direct': True, 'to_module': 'hello',
                         'to_handler': 'count', 'encryption': 'aes'}],
        'policy': {'allow_emulated': True}}, open(app + '/app.json', 'w'))
    return app


try:
    theirs, mrenclave = library(), {}
    for kind in 'plain', 'fenced':
        app = deploy(kind)
        ran = causeway(app, 'build', '--sdk', sdk[kind])
        folder = app + '/.causeway/build/node1/hello/'
        ours, bearssl = census(folder + 'linked.elf', theirs)
        print(f'{kind}: {ours[0]} fences in our code, {len(ours[1])} places without; '
              f'BearSSL: {bearssl[0]}, {len(bearssl[1])}')
        if kind == 'plain':
            check('without the knob the census finds what is not fenced', len(ours[1]) > 500)
        else:
            check('all of our code is fenced', ours[0] > 500 and not ours[1], ours[1][:20])
        check('BearSSL comes without fences, as docs/sgx.md says', len(bearssl[1]) > 200)
        said = causeway(app, 'sgx', 'inspect', folder + 'hello.sgx', '--json').stdout
        mrenclave[kind] = json.loads(said)['inspect']['image']['mrenclave']
    check('it is another image', mrenclave['plain'] != mrenclave['fenced'])
    ran = json.loads(output(bin + '/causeway-sgx', '--run', folder + 'hello.sgx', '--json').stdout)
    check('the CPU measures and enters it', ran['mrenclave'] == mrenclave['fenced'], ran)
    try:
        ran = causeway(app, 'apply', '--sdk', sdk['fenced'])
        says = causeway(app, 'call', 'hello', 'greet', '--text', 'Ada', '--quiet').stdout
        check('it attests and answers', says == 'Hello, Ada!\n', ran.stdout + ran.stderr + says)
    finally:
        causeway(app, 'destroy', '--force')
    for test in 'entry', 'arena', 'keys':
        ran = output(f'{root}/build/host/tests/tee/sgx/tests/{test}_test',
                     env={**os.environ, 'CW_TEST_SDK': sdk['fenced']})
        check(f'it passes {test}_test', ran.returncode == 0, (ran.stdout + ran.stderr)[-2000:])
finally:
    shutil.rmtree(scratch)
print(f'{passed} passed, {failed} failed, 0 skipped')
sys.exit(failed != 0)
END
