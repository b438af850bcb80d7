#!/bin/bash
# SPDX-License-Identifier: MIT
# What `causeway build` says of modules: sizes, stack, fingerprint; and of those that do not fit their
# chip: which memory, by how many bytes, and what to do.
# timeout: 240
. tests/support/cases.bash
report=$PWD/docs/tcb.md
build() { "$bin/causeway" build "$@" >"$scratch/out" 2>"$scratch/log"; }

cp -r examples/ping-pong "$scratch/app"
cd "$scratch/app" || exit 1
sed -i 's/"127.0.0.1:[0-9]*"/"local"/' app-sancus.json
build app-sancus.json && grep -Eq '^ping +node1 +sancus +[0-9]+ +[0-9]+ +[0-9]+ of 512 +[0-9]+  sancus:[0-9a-f]{64}$' \
    "$scratch/out" && grep -Eq '^node node1 has [0-9]+ bytes of program memory and [0-9]+ bytes of RAM left$' \
    "$scratch/out"
check 'a table with sizes, stack, fingerprint, and what the node has left' $?

# The same stack as tools/tcb-report finds, by other means, for docs/tcb.md.
build app-sancus.json --json && python3 - "$scratch/out" "$report" <<'END'
import json, re, sys
report = open(sys.argv[2]).read()
for m in json.load(open(sys.argv[1]))["modules"]:
    row = re.search(r"^\| sancus/ping-pong/%s \|.*\| (\d+) \|$" % m["module"], report, re.M)
    assert abs(m["stack_bytes"] - int(row.group(1))) <= 8, (m, row.group(0))
    assert m["stack_room_bytes"] == 512 and m["text_bytes"] > 1000 and m["data_bytes"] > 512
    assert m["fingerprint"] == "sancus:" + m["measurement"] and len(m["measurement"]) == 64
END
check 'as JSON; the stack is that of the report on the trusted base' $?
build app.json --json && python3 -c '
import json, sys
for m in json.load(open(sys.argv[1]))["modules"]:
    assert m["stack_bytes"] is None and "stack_room_bytes" not in m and m["text_bytes"] > 1000
' "$scratch/out"
check 'a native module has no bound of its own' $?

mkdir "$scratch/large"
cd "$scratch/large" || exit 1
cat >app.json <<'END'
{"causeway": 1, "name": "large", "nodes": [{"name": "n", "tee": "sancus", "address": "local"}],
 "modules": [{"name": "m", "node": "n", "sources": ["m.c"]}], "policy": {"allow_emulated": true}}
END
refused() { # SOURCE PATTERN: one line that matches
    printf '#include "causeway.h"\n%s\n' "$1" >m.c
    build && return 1
    [ "$(wc -l <"$scratch/log")" = 1 ] && grep -Eq "$2" "$scratch/log"
}
refused 'CW_ENTRY(e, data, len, reply)
{
    volatile uint8_t room[600];
    room[len] = data[0];
    (void)cw_reply_put(reply, (const void *)&room[1], 1);
}' 'module m: its stack may need [0-9]+ bytes, [0-9]+ more than a module has here \(cw_sancus_entry > cw_run > .*\): make large local variables static, or smaller'
check 'local variables that are too large for the stack' $?
refused 'static __attribute__((noinline)) unsigned sum(volatile unsigned n)
{
    return n == 0 ? 0 : n + sum(n - 1) * 3u;
}
CW_ENTRY(e, data, len, reply)
{
    (void)data;
    unsigned n = sum((unsigned)len);
    (void)cw_reply_put(reply, &n, 2);
}' 'module m: its stack has no bound \(.*e > sum > sum.*\): take recursion'
check 'a function that calls itself' $?
refused 'CW_ENTRY(e, data, len, reply)
{
    uint8_t room[len + 1];
    room[len] = data[0];
    (void)cw_reply_put(reply, room, len);
}' 'module m: its stack has no bound \(e has an array of variable length\): take'
check 'an array of variable length' $?
refused 'static const uint8_t table[36000] = {1, 2, 3};
CW_ENTRY(e, data, len, reply)
{
    (void)data;
    (void)cw_reply_put(reply, &((const volatile uint8_t *)table)[len] == 0 ? data : table + len, 1);
}' 'module m: program memory of node n is too small by [0-9]+ bytes .*: move a module to another node'
check 'constants that are too large for the program memory' $?
refused 'static const uint8_t table[60000] = {1, 2, 3};
CW_ENTRY(e, data, len, reply)
{
    (void)data;
    (void)cw_reply_put(reply, table + len, 1);
}' 'module m: it is larger than this machine can address, which is 64 KiB'
check 'what no such chip can address' $?
refused 'static volatile uint8_t room[12000];
CW_ENTRY(e, data, len, reply)
{
    room[len] = data[0];
    (void)cw_reply_put(reply, (const void *)&room[1], 1);
}' 'module m: RAM of node n is too small by [0-9]+ bytes .*: move a module to another node'
check 'variables that are too large for the RAM' $?

summary
