#!/bin/bash
# SPDX-License-Identifier: MIT
# An application in SGX: built, signed and deployed with two commands; what the owner sees of it; and
# what is refused: a machine that is not pinned or another one, a policy that allows no emulation, an
# image that was changed.
# timeout: 600
set -u -o pipefail
exec python3 - "$PWD/build/host/bin" <<'END'
import json, os, re, shutil, signal, subprocess, sys, tempfile, time

bin = sys.argv[1]
root = os.getcwd()
scratch = tempfile.mkdtemp()
app = scratch + '/app'
passed = failed = 0
children = []


def check(name, good, why=''):
    global passed, failed
    passed += bool(good)
    failed += not good
    print('ok:' if good else 'FAIL:', name, '' if good else why, flush=True)


def causeway(*words, cwd=app):
    return subprocess.run([bin + '/causeway', *words], capture_output=True, text=True, cwd=cwd,
                          timeout=200)


def told(*words):
    ran = causeway(*words, '--json')
    return json.loads(ran.stdout)


def describe(policy={'allow_emulated': True}, node='node1', **more):
    json.dump({
        'causeway': 1, 'name': 'vault',
        'nodes': [{'name': node, 'tee': 'sgx', 'address': 'local', **more}],
        'modules': [{'name': 'hello', 'node': node, 'sources': ['hello.c']}],
        'connections': [{'name': 'get-count', 'direct': True, 'to_module': 'hello',
                         'to_handler': 'count', 'encryption': 'aes'}],
        'policy': policy}, open(app + '/app.json', 'w'))


def inspect(path):
    return told('sgx', 'inspect', path)['inspect']


def holders(bytes):
    return [name for folder, _, names in os.walk(app) for name in names
            if os.path.isfile(folder + '/' + name) and bytes in open(folder + '/' + name, 'rb').read()]


def start(program, *words, ready):
    log = open('%s/%s.log' % (scratch, program), 'w')
    child = subprocess.Popen([bin + '/' + program, *words], stdout=log, stderr=log, cwd=scratch)
    children.append(child)
    for _ in range(1200):
        if ready() or child.poll() is not None:
            break
        time.sleep(0.05)
    return child


os.mkdir(app)
shutil.copy('examples/hello/hello.c', app)
try:
    # --- two commands -------------------------------------------------------------------------------
    describe()
    ran = causeway('apply')
    check('apply builds, starts, loads and attests', ran.returncode == 0 and
          re.search(r'attest .*genuine enclave on an emulated CPU', ran.stdout), ran.stdout + ran.stderr)
    says = causeway('call', 'hello', 'greet', '--text', 'Ada', '--quiet').stdout
    check('the module answers', says == 'Hello, Ada!\n', says)
    count = causeway('request', 'get-count', '--quiet').stdout
    check('and by an authentic request', count == '1\n', count)

    # --- what the owner sees -------------------------------------------------------------------------
    image = app + '/.causeway/build/node1/hello/hello.sgx'
    view = inspect(image)
    module = told('status')['modules'][0]
    node = told('nodes')['nodes'][0]
    check('status has the measurement of the image that inspect shows',
          module['measurement'] == view['image']['mrenclave'] == view['sigstruct']['mrenclave'] and
          view['as_signed'], (module, view))
    check('and its signer', module['signer'] == view['sigstruct']['mrsigner'], module)
    check('and says that the chip is emulated', module['emulated'] and module['tcb'] == 'EMULATED' and
          module['protection'] == 'emulated' and module['tee'] == 'sgx', module)
    check('and the machine, which is the one that the node tells',
          module['platform'] == node['platform']['platform'] and len(module['platform']) == 64, module)
    check('people see the signer too', module['signer'][:16] in causeway('status').stdout)
    attested = told('attest')['modules'][0]
    check('attest tells the same', attested['accepted'] and attested['signer'] == module['signer'] and
          attested['platform'] == module['platform'], attested)

    # --- images ------------------------------------------------------------------------------------------
    check('the signature is right, all is measured, nothing is writable code',
          view['sigstruct']['signature_right'] and all(p['measured'] for p in view['image']['pages']) and
          not any(p['rights'] == 'rwx' for p in view['image']['pages']), view)
    check('masks are strict, DEBUG is off', view['sigstruct']['attribute_mask'] == '0x' + 16 * 'f' and
          view['sigstruct']['xfrm_mask'] == '0x' + 16 * 'f' and
          view['sigstruct']['misc_mask'] == '0x' + 8 * 'f' and
          view['sigstruct']['flags'] == ['MODE64BIT'] and view['sigstruct']['xfrm'] == '0x3', view)
    check('one thread, no illegal opcode', len(view['image']['tcs']) == 1 and
          view['image']['illegal_count'] == 0, view)
    whole = open(image, 'rb').read()
    for name, bytes, form in (('sigstruct', whole[:1808], 'SIGSTRUCT'), ('stream', whole[1808:], 'SGXS')):
        open(scratch + '/' + name, 'wb').write(bytes)
        part = inspect(scratch + '/' + name)
        check('inspect takes a bare %s' % form, part['form'] == form and
              part.get('sigstruct', view['sigstruct']) == view['sigstruct'] and
              part.get('image', view['image']) == view['image'], part)
    elf = inspect(os.path.dirname(image) + '/linked.elf')
    check('inspect takes what the linker made', elf['form'] == 'ELF' and
          elf['image'] == view['image'], elf)
    for place, expected in ((970, (False, False)), (1808 + 64 + 64 + 64 + 100, (True, False))):
        other = bytearray(whole)
        other[place] ^= 1
        open(scratch + '/changed', 'wb').write(other)
        seen = inspect(scratch + '/changed')
        check('inspect sees a bit that was changed at %d' % place,
              (seen['sigstruct']['signature_right'], seen['as_signed']) == expected, seen)
    # An image of others: writable code, part of it not measured, and what faults in an enclave.
    def block(tag, *numbers):
        return (tag.ljust(8, b'\0') + b''.join(n.to_bytes(8, 'little') for n in numbers)).ljust(64, b'\0')

    code = bytes.fromhex('90 0fa2 0f01d7 c5f877 48b80fa20f050f31cd80 c3').ljust(256, b'\x90')
    foreign = (b'ECREATE\0' + (1).to_bytes(4, 'little') + (8192).to_bytes(8, 'little')).ljust(64, b'\0') + \
        block(b'EADD', 0, 0x207) + block(b'EEXTEND', 0) + code + block(b'UNMEASRD', 256) + code
    open(scratch + '/foreign', 'wb').write(foreign)
    seen = inspect(scratch + '/foreign')['image']
    check('inspect sees writable code, what is not measured, and illegal opcodes',
          seen['pages'] == [{'offset': '0x0', 'type': 'REG', 'rights': 'rwx', 'count': 1,
                             'measured': False}] and
          [(i['offset'], i['name']) for i in seen['illegal']] ==
          [('0x1', 'cpuid'), ('0x6', 'AVX (VEX)'), ('0x101', 'cpuid'), ('0x106', 'AVX (VEX)')], seen)
    text = causeway('sgx', 'inspect', scratch + '/foreign').stdout
    check('and people are told so', 'WRITABLE CODE' in text and 'NOT MEASURED' in text and
          re.search(r'0x00000101 +cpuid', text), text)
    text = causeway('sgx', 'inspect', image).stdout
    check('people are told the same', view['image']['mrenclave'] + '  as signed' in text and
          re.search(r'signature +right', text), text)
    ran = subprocess.run([bin + '/causeway-sgx', '--run', image, '--json'], capture_output=True, text=True)
    check('the CPU measures the same', ran.returncode == 0 and
          json.loads(ran.stdout)['mrenclave'] == view['image']['mrenclave'], ran)

    # --- the signing key -----------------------------------------------------------------------------------
    open(os.open(scratch + '/pass', os.O_CREAT | os.O_WRONLY, 0o600), 'w').write('a long passphrase\n')
    causeway('backup', scratch + '/backup', '--backup-key', scratch + '/pass')
    again = scratch + '/again'
    os.mkdir(again)
    for name in ('app.json', 'hello.c'):
        shutil.copy(app + '/' + name, again)
    causeway('restore', scratch + '/backup', '--backup-key', scratch + '/pass', cwd=again)
    open(again + '/other.h', 'w').write('') # so that it is built, not remembered
    ran = causeway('build', cwd=again)
    made = again + '/.causeway/build/node1/hello/hello.sgx'
    check('a restored state builds the same image in another folder, byte for byte',
          ran.returncode == 0 and open(made, 'rb').read() == whole, ran.stderr)
    fresh = scratch + '/fresh'
    os.mkdir(fresh)
    for name in ('app.json', 'hello.c'):
        shutil.copy(app + '/' + name, fresh)
    causeway('build', cwd=fresh)
    theirs = inspect(fresh + '/.causeway/build/node1/hello/hello.sgx')
    check('another owner is another signer',
          theirs['sigstruct']['mrsigner'] != view['sigstruct']['mrsigner'], theirs)
    modulus = whole[128:512]
    check('the key lies nowhere in clear, though its modulus can be found',
          holders(modulus) and not holders(modulus[::-1]), (holders(modulus), holders(modulus[::-1])))

    # --- what is refused -------------------------------------------------------------------------------------
    describe(policy={})
    ran = causeway('status')
    check('emulation is refused unless the policy allows it', ran.returncode == 3 and
          '"allow_emulated": true' in ran.stderr, ran.stderr)
    describe()
    os.kill(told('status')['nodes'][0]['local']['board_pid'], signal.SIGKILL)
    ran = causeway('apply')
    check('a CPU that died is started again, as the same machine', ran.returncode == 0 and
          told('status')['modules'][0]['platform'] == module['platform'], ran.stdout + ran.stderr)
    causeway('destroy')

    # A machine that this tool does not run.
    start('causeway-sgx', '--listen', 'cpu', '--state', 'chip',
          ready=lambda: os.path.exists(scratch + '/cpu'))
    owner = told('key', 'show')['fingerprint']
    line = scratch + '/causeway-node.log'
    start('causeway-node', '--name', 'far', '--tee', 'sgx', '--listen', '127.0.0.1:0', '--owner', owner,
          '--state', 'node', '--platform', 'cpu=' + scratch + '/cpu',
          ready=lambda: 'ready ' in open(line).read())
    address = re.search(r'ready \S+ (\S+)', open(line).read()).group(1)
    describe(node='far', address=address)
    ran = causeway('apply')
    check('an emulated machine that is not pinned is refused', ran.returncode == 3 and
          '"platform": "ID"' in ran.stderr, ran.stderr)
    describe(node='far', address=address, platform=module['platform'])
    ran = causeway('apply')
    check('another machine than the pinned one is refused', ran.returncode == 3 and
          'root' in ran.stderr, ran.stderr)
    says = told('nodes')['nodes'][0]['platform']['platform']
    describe(node='far', address=address, platform=says, sgx={'min_tcb_evaluation': 4294967295})
    ran = causeway('apply')
    check('collateral that is older than the descriptor asks for is refused', ran.returncode == 3 and
          'valuation' in ran.stderr, ran.stderr)
    describe(node='far', address=address, platform=says)
    ran = causeway('apply')
    check('the pinned machine is accepted', ran.returncode == 0 and
          causeway('call', 'hello', 'greet', '--quiet').stdout == 'Hello, world!\n', ran.stdout + ran.stderr)
    describe(node='far', address=address, platform=says, collateral='collateral')
    ran = causeway('attest')
    check('collateral of the owner takes the place of what the node brings', ran.returncode == 3 and
          'collateral' in ran.stderr, ran.stderr)
    describe(node='far', address=address, platform=says)
    causeway('destroy')
finally:
    causeway('destroy', '--force')
    for child in reversed(children):
        child.terminate()
        child.wait(timeout=60)
    shutil.rmtree(scratch, ignore_errors=True)
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
END
