#!/bin/bash
# SPDX-License-Identifier: MIT
# The state at rest: key file or passphrase, backup and restore, states and peers of other versions.
# timeout: 300
. tests/support/cases.bash
node=
finish() {
    [ -n "$node" ] && kill "$node" 2>/dev/null && wait "$node" 2>/dev/null
    rm -rf "$scratch"
}

says() { grep -q -- "$1" "$scratch/log" || { echo "not said: $1" >>"$scratch/log"; return 1; }; }
causeway() { setsid -w "$bin/causeway" "$@"; } # without a terminal
field() { python3 -c "import json, sys; j = json.load(sys.stdin); print($1)"; }
connection() { # NAME FIELD
    causeway status --json 2>/dev/null |
        field "[c for c in j['connections'] if c['connection'] == '$1'][0].get('$2')"
}
total() { causeway request get-total --json 2>/dev/null | field "int(j['hex'], 16)"; }
secret() { # FILE TEXT
    printf '%s\n' "$2" >"$scratch/$1"
    chmod 600 "$scratch/$1"
}

app=$scratch/app
mkdir "$app"
cp tests/data/owner/*.c "$app"
cd "$app" || exit 1
"$bin/causeway" key show >"$scratch/fingerprint" || exit 1
"$bin/causeway-node" --name one --listen 127.0.0.1:0 --tee native --state "$scratch/one" \
    --owner "$(cat "$scratch/fingerprint")" >"$scratch/ready" 2>"$scratch/node.log" &
node=$!
for _ in $(seq 3000); do grep -q ^ready "$scratch/ready" 2>/dev/null && break; sleep 0.02; done
cat >app.json <<END
{"causeway": 1, "name": "vault",
 "nodes": [{"name": "one", "tee": "native", "address": "$(awk '/^ready/ {print $3}' "$scratch/ready")"}],
 "modules": [{"name": "counter", "node": "one", "sources": ["counter.c"]},
             {"name": "follower", "node": "one", "sources": ["follower.c"]}],
 "connections": [
   {"name": "add", "direct": true, "to_module": "counter", "to_input": "add", "encryption": "aes"},
   {"name": "get-total", "direct": true, "to_module": "counter", "to_handler": "get_total", "encryption": "aes"},
   {"from_module": "counter", "from_output": "added", "to_module": "follower", "to_input": "note",
    "encryption": "aes"}],
 "policy": {"allow_unprotected": true}}
END
secret pass1 'correct horse battery'
secret pass2 'another long passphrase'
secret short 'short'
secret sealing 'what seals the backup'

# --- key file ---------------------------------------------------------------------------------
exits 0 causeway apply && exits 0 causeway send add
check 'a key file is made at first use' $?
mv .causeway/key "$scratch/away"
exits 1 causeway status && says 'put it back' && [ ! -e .causeway/key ]
check 'a key file that is gone is asked for, and no other one is made' $?
mv "$scratch/away" .causeway/key
chmod 640 .causeway/key
exits 1 causeway status && says 'chmod 600'
check 'a key file that others may read is refused, with the remedy' $?
chmod 600 .causeway/key
exits 1 causeway status --passphrase-file "$scratch/pass1" && says 'key passphrase'
check 'a passphrase for a state that has a key file is refused, with the remedy' $?

# --- passphrase ----------------------------------------------------------------------------------
exits 1 causeway key passphrase --file "$scratch/short" && says '8 or more' && exits 0 causeway status
check 'a short passphrase is refused, and nothing changed' $?
chmod 644 "$scratch/pass1"
exits 1 causeway key passphrase --file "$scratch/pass1" && says 'chmod 600'
check 'a passphrase file that others may read is refused' $?
chmod 600 "$scratch/pass1"
cp .causeway/key "$scratch/old-key"
cp .causeway/state.db "$scratch/old.db"
exits 0 causeway key passphrase --file "$scratch/pass1" && [ ! -e .causeway/key ]
check 'a passphrase takes the place of the key file' $?
exits 0 causeway status --passphrase-file "$scratch/pass1" &&
    CAUSEWAY_PASSPHRASE_FILE=$scratch/pass1 exits 0 causeway send add
check 'and opens the state, and the connections with it' $?
exits 1 causeway status --passphrase-file "$scratch/pass2" && says 'the passphrase is wrong'
check 'a wrong one does not' $?
exits 1 causeway status && says 'passphrase-file'
check 'without a terminal the option is named' $?
python3 - "$bin/causeway" <<'END' >"$scratch/out" 2>"$scratch/log"
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'status', '--quiet'])
said = b''
while b': ' not in said:
    said += os.read(fd, 4096)
os.write(fd, b'correct horse battery\n')
try:
    while True:
        piece = os.read(fd, 4096)
        if not piece:
            break
        said += piece
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(said.decode())
sys.exit(0 if status == 0 and b'correct' not in said and b'counter' in said else 1)
END
check 'on a terminal it is asked for, without an echo' $?
exits 1 causeway status --key-file "$scratch/old-key"
check 'the old key opens nothing any more' $?
export CAUSEWAY_PASSPHRASE_FILE=$scratch/pass1
exits 0 causeway key passphrase --file "$scratch/pass2" && exits 1 causeway status &&
    CAUSEWAY_PASSPHRASE_FILE=$scratch/pass2 exits 0 causeway status
check 'a passphrase is changed to another' $?
for i in 1 2 3; do # a change that is killed is made or not made
    from=pass2 to=pass1
    CAUSEWAY_PASSPHRASE_FILE=$scratch/$from causeway key show >/dev/null 2>&1 || { from=pass1 to=pass2; }
    CAUSEWAY_PASSPHRASE_FILE=$scratch/$from timeout -s KILL "0.$((RANDOM % 9))$i" "$bin/causeway" key passphrase \
        --file "$scratch/$to" >/dev/null 2>&1
    CAUSEWAY_PASSPHRASE_FILE=$scratch/pass1 causeway status >/dev/null 2>&1 ||
        CAUSEWAY_PASSPHRASE_FILE=$scratch/pass2 causeway status >/dev/null 2>"$scratch/log" || break
    [ $i -eq 3 ]
done 2>/dev/null
check 'a change that is killed at any moment leaves a state that one of the two opens' $?
CAUSEWAY_PASSPHRASE_FILE=$scratch/pass1 causeway key show >/dev/null 2>&1 &&
    export CAUSEWAY_PASSPHRASE_FILE=$scratch/pass1 || export CAUSEWAY_PASSPHRASE_FILE=$scratch/pass2
exits 0 causeway key key-file && unset CAUSEWAY_PASSPHRASE_FILE && exits 0 causeway apply &&
    exits 0 causeway send add && [ "$(stat -c %a .causeway/key)" = 600 ]
check 'and back to a key file' $?
unset CAUSEWAY_PASSPHRASE_FILE
exits 0 causeway key show --state "$scratch/fresh" --passphrase-file "$scratch/pass1" &&
    [ ! -e "$scratch/fresh/key" ] && exits 1 causeway key show --state "$scratch/fresh"
check 'a new state is made with a passphrase at once' $?

# --- backup ------------------------------------------------------------------------------------------
exits 1 causeway backup "$scratch/b1" && says 'backup-key' && [ ! -e "$scratch/b1" ]
check 'a backup is always sealed' $?
exits 0 causeway backup "$scratch/b1" --backup-key "$scratch/sealing" &&
    [ "$(stat -c %a "$scratch/b1")" = 600 ] && ! grep -aq 'SQLite\|counter' "$scratch/b1"
check 'and shows nothing of what is in it' $?
exits 1 causeway restore "$scratch/b1" --backup-key "$scratch/sealing" && says 'holds a state already'
check 'restore does not overwrite a state' $?
exits 1 causeway restore "$scratch/b1" --backup-key "$scratch/pass1" --state "$scratch/r" &&
    says 'passphrase is wrong' && [ ! -e "$scratch/r/state.db" ]
check 'a wrong key does not open it' $?
python3 - "$bin/causeway" "$scratch" <<'END' >"$scratch/log" 2>&1
import os, subprocess, sys
tool, scratch = sys.argv[1:]
good = open(scratch + '/b1', 'rb').read()
head = good.index(b'\n') + 1
cases = {'empty': b'', 'no end of line': good[:head - 1], 'another file': b'hello\n' + good,
         'cut by one': good[:-1], 'cut in half': good[:len(good) // 2], 'longer': good + b'x',
         'another format': good.replace(b'backup 1', b'backup 2', 1),
         'huge memory': good.replace(b'scrypt 17 8', b'scrypt 24 32', 1),
         'other parameters': good.replace(b'scrypt 17', b'scrypt 16', 1)}
for at in (0, head - 2, head, head + 40, len(good) - 1):
    cases['bit %d' % at] = good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
wrong = 0
for name, text in cases.items():
    open(scratch + '/altered', 'wb').write(text)
    run = subprocess.run([tool, 'restore', scratch + '/altered', '--backup-key', scratch + '/sealing',
                          '--state', scratch + '/r'], capture_output=True, text=True)
    bad = run.returncode != 1 or 'altered' not in run.stderr or os.path.exists(scratch + '/r/state.db')
    print(name, run.returncode, run.stderr.strip(), 'WRONG' if bad else '')
    wrong += bad
sys.exit(wrong != 0)
END
check 'a backup that was cut short or altered anywhere is refused' $?

# --- restore ------------------------------------------------------------------------------------------
epochs() { # connection and epoch of all that this owner seals
    causeway status --json 2>/dev/null |
        field "*['%s %d' % (c['connection'], c['epoch']) for c in j['connections'] if c['direct']], sep='\\n'"
}
epoch=$(connection add epoch)
for _ in 1 2 3 4; do causeway send add --quiet; done
causeway request get-total --quiet >/dev/null
epochs >"$scratch/before"
exits 0 causeway restore "$scratch/b1" --backup-key "$scratch/sealing" --force
check 'restore --force takes an old backup' $?
exits 4 causeway plan --exit-code && grep -q '^rekey .*add:' "$scratch/out" &&
    grep -q '^replace .*counter.*restored' "$scratch/out"
check 'plan says what a restored state gives up' $?
exits 0 causeway apply && [ "$(connection add epoch)" -gt "$epoch" ] &&
    [ "$(connection add state)" = open ] && [ "$(connection counter.added-follower.note state)" = open ]
check 'apply repairs, with new epochs' $?
epochs | sort | join - <(sort "$scratch/before") |
    awk 'BEGIN {n = 0} $2 > $3 {n++} END {exit n == 2 && NR == 2 ? 0 : 1}'
check 'everything that the owner seals is in an epoch, and so under a key, that was never used' $?
exits 0 causeway send add && [ "$(total)" -ge 1 ] && exits 0 causeway status && exits 0 causeway attest
check 'events flow, and all modules attest' $?
exits 0 causeway plan --exit-code
check 'and nothing is left to do' $?

# A backup from before the first event: its counters were spent since, all the same.
exits 0 causeway destroy && exits 0 causeway apply
exits 0 causeway backup "$scratch/b2" --backup-key "$scratch/sealing"
cp -a .causeway "$scratch/copied"
epoch=$(connection add epoch)
causeway send add --hex 05 --quiet
exits 0 causeway restore "$scratch/b2" --backup-key "$scratch/sealing" --force &&
    exits 0 causeway send add --hex 07 && [ "$(connection add epoch)" -gt "$epoch" ]
check 'a backup of before the first event seals nothing under the key of then' $?
exits 0 causeway apply
epoch=$(connection add epoch)
rm -rf .causeway
cp -a "$scratch/copied" .causeway
exits 0 causeway send add --hex 07 && says 'new key' && [ "$(connection add epoch)" -gt "$epoch" ]
check 'nor does a copied folder of then' $?

# A backup of a deployment that was ended since: the nodes are tidied up.
exits 0 causeway apply && exits 0 causeway backup "$scratch/b3" --backup-key "$scratch/sealing"
exits 0 causeway destroy && exits 0 causeway apply
exits 0 causeway restore "$scratch/b3" --backup-key "$scratch/sealing" --force && exits 0 causeway apply &&
    grep -q 'unload .*its deployment is over' "$scratch/out" && exits 0 causeway status
check 'modules of a deployment that the backup does not know are ended' $?
rm -rf .causeway
exits 0 causeway restore "$scratch/b3" --backup-key "$scratch/sealing" && exits 0 causeway apply &&
    exits 0 causeway send add && exits 0 causeway key show && cmp -s "$scratch/out" "$scratch/fingerprint"
check 'a lost state comes back whole: owner, pins, keys' $?
exits 0 causeway key passphrase --file "$scratch/pass1" &&
    exits 0 causeway backup "$scratch/b4" --backup-key "$scratch/sealing" --passphrase-file "$scratch/pass1"
rm -rf .causeway
exits 0 causeway restore "$scratch/b4" --backup-key "$scratch/sealing" && [ ! -e .causeway/key ] &&
    exits 0 causeway apply --passphrase-file "$scratch/pass1" && exits 1 causeway status
check 'a state with a passphrase has it after a restore, too' $?
exits 0 causeway key key-file --passphrase-file "$scratch/pass1" && exits 0 causeway apply
check 'and may give it up' $?

# --- other versions ------------------------------------------------------------------------------------
cp -a .causeway "$scratch/newer"
python3 -c "import sqlite3; d = sqlite3.connect('$scratch/newer/state.db'); d.execute('PRAGMA user_version = 9'); d.close()"
exits 1 causeway status --state "$scratch/newer" && says 'version 9, this program reads version 1' &&
    says 'a newer causeway wrote it'
check 'a state of a newer version is refused, with what to do' $?
exits 0 causeway status
check 'and this one still opens' $?
cp -rL "$bin/../../sdk" "$scratch/sdk"
sed -i 's/#define CW_VERSION 1u/#define CW_VERSION 2u/' "$scratch/sdk/include/core/base/limits.h"
exits 1 causeway apply --sdk "$scratch/sdk" && says 'is for version 2 of the protocol, this program speaks version 1'
check 'an SDK of another version is refused, with what to do' $?
python3 - "$(awk '/^ready/ {print $3}' "$scratch/ready")" "$scratch" <<'END' >"$scratch/out" 2>"$scratch/log" &&
import socket, ssl, struct, subprocess, sys
address, scratch = sys.argv[1:]
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ed25519', '-nodes', '-subj', '/CN=x', '-keyout',
                scratch + '/key.pem', '-out', scratch + '/cert.pem'], check=True, capture_output=True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.load_cert_chain(scratch + '/cert.pem', scratch + '/key.pem')
host, port = address.rsplit(':', 1)
with context.wrap_socket(socket.create_connection((host, int(port)))) as s:
    s.settimeout(10)
    s.sendall(struct.pack('<IBBHI', 4, 2, 0x20, 0, 7))
    answer = s.makefile('rb').read()
length, version, kind, zero = struct.unpack('<IBBH', answer[:8])
assert (version, kind, zero) == (1, 0xa0, 0) and b'speaks version 1' in answer, answer
END
    grep -q 'it speaks version 2 of the protocol, this node version 1' "$scratch/node.log"
check 'a node tells an owner of another version so, in its own' $?
exits 0 causeway status
check 'and serves others as before' $?

summary
