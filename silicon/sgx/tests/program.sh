#!/bin/bash
# SPDX-License-Identifier: MIT
# causeway-sgx as its users meet it: --run on images that this script makes and signs by itself, in
# layouts of other runtimes; refusals by name; --listen under a user of its own, started again.
set -u -o pipefail
exec python3 - "$PWD/build/host/bin/causeway-sgx" "$PWD/tests/data/sgx" <<'END'
import array, ctypes, errno, hashlib, json, os, shutil, signal, socket, struct, subprocess, sys, tempfile, time

program, keys = sys.argv[1:]
scratch = tempfile.mkdtemp()
os.chmod(scratch, 0o755)
passed = failed = skipped = 0
PAGE = 4096
R, W, X, TCS, REG = 1, 2, 4, 0x100, 0x200
EXIT = bytes.fromhex('4889cb b804000000 0f01d7')  # mov rbx, rcx; mov eax, 4; enclu


def check(name, good, why=''):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print('FAIL:', name, why)


def skip(name, why):
    global skipped
    skipped += 1
    print('skipped: %s: %s' % (name, why))


# --- images, from the manual's words alone --------------------------------------------------------
def tcs(ossa, nssa, entry):
    return struct.pack('<QQQIIQQQQII', 0, 0, ossa, 0, nssa, entry, 0, 0, 0, 2**32 - 1, 2**32 - 1
                       ).ljust(PAGE, b'\0')


def sgxs(size, frame, pages):
    out = struct.pack('<8sIQ44x', b'ECREATE', frame, size)
    for offset, flags, data in pages:
        out += struct.pack('<8sQQ40x', b'EADD', offset, flags)
        data = data.ljust(PAGE, b'\0')
        for at in range(0, PAGE, 256):
            out += struct.pack('<8sQ48x', b'EEXTEND', offset + at) + data[at:at + 256]
    return out


def sign(stream, key='signer.pem', flags=4, flags_mask=2**64 - 1, xfrm=3, misc=0, prodid=9, svn=2,
         measured=None):
    def ssl(*words, data=b''):
        return subprocess.run(['openssl', *words], input=data, capture_output=True, check=True).stdout
    n = int(ssl('rsa', '-in', keys + '/' + key, '-noout', '-modulus').split(b'=')[1], 16)
    head = bytes.fromhex('06000000e10000000000010000000000') + struct.pack('<II', 0, 0x20260101)
    head += bytes.fromhex('01010000600000006000000001000000') + bytes(88)
    body = struct.pack('<IIBBH16sQQQQ', misc, 2**32 - 1, 0, 0, 0, bytes(16), flags, xfrm, flags_mask,
                       2**64 - 1)
    body += (measured or hashlib.sha256(stream).digest()) + bytes(16) + bytes(16)
    body += struct.pack('<HH', prodid, svn)
    assert len(head) == 128 and len(body) == 128
    s = int.from_bytes(ssl('dgst', '-sha256', '-sign', keys + '/' + key, data=head + body), 'big')
    q1, rest = divmod(s * s, n)
    little = [v.to_bytes(384, 'little') for v in (n, s, q1, s * rest // n)]
    return head + little[0] + struct.pack('<I', 3) + little[1] + body + bytes(12) + little[2] + little[3]


def layout(code, frame=1, nssa=2, code_flags=REG | R | X, threads=1, size=0x10000):
    """TCS first, then its SSA, code, data: the kernel's selftest has this order."""
    pages, at = [], threads * PAGE
    entry = (threads * (1 + frame * nssa)) * PAGE
    for i in range(threads):
        pages.append((i * PAGE, TCS, tcs(at, nssa, entry)))
        at += frame * nssa * PAGE
    for offset in range(threads * PAGE, entry, PAGE):
        pages.append((offset, REG | R | W, b''))
    pages.append((entry, code_flags, code))
    pages.append((entry + PAGE, REG | R | W, b''))
    return sgxs(size, frame, pages)


def run(stream, sigstruct, *words, joined=False):
    with open(scratch + '/image', 'wb') as f:
        f.write(sigstruct + stream if joined else stream)
    with open(scratch + '/sig', 'wb') as f:
        f.write(sigstruct)
    words = list(words) + ([] if joined else ['--sigstruct', scratch + '/sig'])
    said = subprocess.run([program, '--run', scratch + '/image', '--json', *words],
                          capture_output=True, text=True, timeout=120)
    try:
        return json.loads(said.stdout), said.returncode
    except ValueError:
        return {'stderr': said.stderr}, said.returncode


plain = layout(EXIT)
for mode in 'proc', 'traced':
    got, status = run(plain, sign(plain), '--mode', mode, '--set', 'rdi=0x1234', '--set', 'r15=7')
    check(mode + ': an image is loaded, entered, and comes back',
          status == 0 and got.get('code') == 0 and got.get('exit') == 'EEXIT', got)
    check(mode + ': MRENCLAVE is that of SIGSTRUCT',
          got.get('mrenclave') == hashlib.sha256(plain).hexdigest(), got)
    check(mode + ': MRSIGNER is the hash of the modulus',
          got.get('mrsigner') == hashlib.sha256(sign(plain)[128:512]).hexdigest(), got)
    check(mode + ': attributes, product and version', (got.get('attributes'), got.get('isvprodid'),
          got.get('isvsvn')) == ({'flags': '0x5', 'xfrm': '0x3'}, 9, 2), got)
    check(mode + ': registers pass both ways', got.get('registers', {}).get('rdi') == '0x1234' and
          got['registers']['r15'] == '0x7', got)
    fault = layout(b'\x0f\x0b')
    got, status = run(fault, sign(fault), '--mode', mode)
    check(mode + ': a fault is an AEX with its vector', status == 0 and got.get('exit') == 'AEX' and
          got['vector'] == '#UD', got)
    read = layout(b'\x48\x8b\x07')  # mov rax, [rdi]
    got, status = run(read, sign(read), '--mode', mode, '--set', 'rdi=0x123456')
    check(mode + ': a page fault tells the page', got.get('vector') == '#PF' and
          got['address'] == '0x123000', got)
    got, status = run(fault[:-1] + b'\0', sign(fault), '--mode', mode, '--base', '0x40000000')
    check(mode + ': the base is the host\'s choice', got.get('base') == '0x40000000', got)
    spin = layout(b'\xeb\xfe')
    got, status = run(spin, sign(spin), '--mode', mode, '--timeout-ms', '100')
    check(mode + ': an endless loop is left', status == 1 and got.get('exit') == 'timeout', got)

got, status = run(plain, sign(plain), joined=True)
check('SIGSTRUCT and stream in one file', status == 0 and got.get('exit') == 'EEXIT', got)

# --- layouts of others ----------------------------------------------------------------------------
many = layout(EXIT, frame=2, nssa=3, threads=10, size=0x100000)
for thread in '0', '9':
    got, status = run(many, sign(many), '--tcs', thread)
    check('ten threads with frames of two pages: thread ' + thread,
          status == 0 and got.get('tcs') == 10 and got.get('exit') == 'EEXIT', got)
mixed = layout(EXIT, code_flags=REG | R | W | X)
got, status = run(mixed, sign(mixed))
check('code that is writable runs, and that is said', status == 0 and got.get('exit') == 'EEXIT' and
      'writable and executable' in got.get('weaker', ''), got)
got, status = run(plain, sign(plain, flags=4 | 2, xfrm=7))
check('DEBUG and AVX', status == 0 and got.get('attributes') == {'flags': '0x7', 'xfrm': '0x7'}, got)
measured = layout(EXIT, size=0x1000000000)
got, status = run(measured, sign(measured))
check('a range of 64 GiB with few pages', status == 0 and got.get('exit') == 'EEXIT', got)
one = layout(EXIT, nssa=1)
got, status = run(one, sign(one))
check('one frame is enough to enter', got.get('exit') == 'EEXIT', got)
none = layout(EXIT, nssa=0)
got, status = run(none, sign(none))
check('none is not: #GP', got.get('exit') == 'AEX' and got.get('vector') == '#GP', got)

# --- refusals -------------------------------------------------------------------------------------
good = sign(plain)


def refused(name, stream, sigstruct, code, *words):
    got, status = run(stream, sigstruct, *words)
    check(name, status == 1 and got.get('name') == code and got.get('why') and 'exit' not in got, got)


refused('a wrong measurement', plain, sign(plain, measured=bytes(32)), 'SGX_INVALID_MEASUREMENT')
refused('another page', layout(EXIT + b'\x90'), good, 'SGX_INVALID_MEASUREMENT')
refused('a broken signature', plain, good[:516] + bytes([good[516] ^ 1]) + good[517:],
        'SGX_INVALID_SIGNATURE')
refused('a changed body', plain, good[:1024] + b'\xff' + good[1025:], 'SGX_INVALID_SIGNATURE')
refused('a header that is none', plain, b'\x07' + good[1:], 'SGX_INVALID_SIG_STRUCT')
refused('an attribute that no CPU has', plain, sign(plain, flags=4 | 1 << 20), 'SGX_INVALID_ATTRIBUTE')
refused('no stream', b'not an image', good, 'IMAGE')
refused('a base that is not aligned', plain, good, 'IMAGE', '--base', '0x40001000')
refused('no thread', sgxs(0x2000, 1, [(0, REG | R | X, EXIT)]),
        sign(sgxs(0x2000, 1, [(0, REG | R | X, EXIT)])), 'IMAGE')
refused('more than the EPC', plain, good, 'EPC', '--epc', '0')

# --- serving: the supervisor gives root up ----------------------------------------------------------
USER, OTHER = 1800000100, 1800000101


def connect(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(20)
    s.connect(path)
    return s


def ask(s, kind, body=b''):
    s.send(struct.pack('<II', 1, kind) + body)
    answer = s.recv(65536)
    return struct.unpack_from('<II', answer, 8)[0], answer[272:]


def load(s, image):
    fd = os.open(image, os.O_RDONLY)
    s.sendmsg([struct.pack('<IIQQ', 1, 1, 4096, 0)],
              [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])
    os.close(fd)
    message, control, _, _ = s.recvmsg(65536, 1024)
    if control:
        os.close(array.array('i', control[0][2])[0])
    return struct.unpack_from('<I', message, 8)[0]


def serve(*words):
    server = subprocess.Popen([program, '--listen', scratch + '/cpu', '--state', scratch + '/chip',
                               *words], stderr=subprocess.PIPE, text=True)
    said = ''
    while 'listening' not in said:
        line = server.stderr.readline()
        if not line:
            break
        said += line
    return server, said


def end(server):
    server.send_signal(signal.SIGTERM)
    server.stderr.close()
    return server.wait(20)


def as_user(user, work):
    """What work returns, done by a process of this user; an errno if it is refused."""
    ends = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        try:
            result = work()
        except OSError as e:
            result = e.errno
        os.write(ends[1], json.dumps(result).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(ends[1])
    result = json.loads(os.read(ends[0], 65536))
    os.close(ends[0])
    return result


def children(pid):
    found = []
    for name in os.listdir('/proc'):
        try:
            text = open('/proc/%s/stat' % name).read() if name.isdigit() else ''
            if text and int(text.rsplit(')', 1)[1].split()[1]) == pid:
                found.append(int(name))
        except OSError:
            pass
    return found


libc = ctypes.CDLL(None, use_errno=True)


def attach(pid):
    return 0 if libc.ptrace(16, pid, None, None) == 0 else ctypes.get_errno()


with open(scratch + '/joined', 'wb') as f:
    f.write(good + plain)
os.chmod(scratch + '/joined', 0o644)
if os.geteuid() == 0:
    server, said = serve('--user', str(USER))
    check('it serves without a warning', 'warning' not in said and server.poll() is None, said)
    s = connect(scratch + '/cpu')
    code, info = ask(s, 5)
    info = json.loads(info)
    check('INFO: emulated, own users', info['emulated'] and info['own_users'] and info['platform'], info)
    check('an image is loaded', load(s, scratch + '/joined') == 0)
    supervisor = children(server.pid)[0]
    enclave = children(supervisor)[0]
    users = [open('/proc/%d/status' % p).read() for p in (server.pid, supervisor, enclave)]
    uids = [[int(u) for l in t.splitlines() if l.startswith('Uid:') for u in l.split()[1:]] for t in users]
    check('supervisors are their user, the enclave another', uids[0] == uids[1] == [USER] * 4 and
          uids[2][0] not in (USER, 0) and len(set(uids[2])) == 1, uids)
    caps = [l.split()[1] for l in users[0].splitlines() if l.startswith(('CapEff', 'CapBnd'))]
    check('three rights are left', all(int(c, 16) == 0xe0 for c in caps), caps)
    for name, pid in ('supervisor', supervisor), ('listener', server.pid), ('enclave', enclave):
        # Who is the supervisor's user may start and trace enclaves, as it does.
        for user in (OTHER,) if name == 'enclave' else (OTHER, USER):
            who = 'another user' if user == OTHER else 'its own user'
            got = as_user(user, lambda: open('/proc/%d/mem' % pid, 'rb').fileno())
            check('/proc/PID/mem of the %s: %s' % (name, who), got == errno.EACCES, got)
            got = as_user(user, lambda: attach(pid))
            check('ptrace of the %s: %s' % (name, who), got == errno.EPERM, got)
    got = as_user(OTHER, lambda: len(open(scratch + '/chip/root', 'rb').read()))
    check('the root secret is not for another user', got == errno.EACCES, got)
    check('another user may be a host', as_user(OTHER, lambda: load(connect(scratch + '/cpu'),
          scratch + '/joined')) == 0)
    check('SIGTERM ends it', end(server) == 0)
    gone = not os.path.exists('/proc/%d' % enclave) and not os.path.exists('/proc/%d' % supervisor)
    check('and all its processes', gone)
    server, said = serve('--user', str(USER))
    again = json.loads(ask(connect(scratch + '/cpu'), 5)[1])
    check('started again, it is the same platform', again['platform'] == info['platform'], again)
    second = subprocess.run([program, '--listen', scratch + '/cpu', '--state', scratch + '/chip'],
                            capture_output=True, text=True, timeout=90)
    check('a second one finds the place taken', second.returncode == 1 and
          'listens there already' in second.stderr, second.stderr)
    end(server)
    shutil.rmtree(scratch + '/chip')
    os.remove(scratch + '/cpu') if os.path.exists(scratch + '/cpu') else None
    os.chmod(scratch, 0o777)
    plain_user = subprocess.Popen(['setpriv', '--reuid', str(OTHER), '--regid', str(OTHER),
                                   '--clear-groups', program, '--listen', scratch + '/cpu',
                                   '--state', scratch + '/chip'], stderr=subprocess.PIPE, text=True)
    said = plain_user.stderr.readline() + plain_user.stderr.readline()
    check('an ordinary user is told what is weaker', 'weaker isolation' in said, said)
    got = as_user(OTHER, lambda: load(connect(scratch + '/cpu'), scratch + '/joined'))
    check('and can load', got == 0, got)
    check('others cannot reach it', as_user(USER, lambda: connect(scratch + '/cpu').fileno()) == errno.EACCES)
    check('it ends', end(plain_user) == 0)
else:
    skip('serving under a user of its own', 'only root can start processes of several users')

shutil.rmtree(scratch)
print('%d passed, %d failed, %d skipped' % (passed, failed, skipped))
sys.exit(failed != 0)
END
