#!/bin/bash
# SPDX-License-Identifier: MIT
# `causeway sgx verify` as people call it: exit statuses, what it says, collateral as a folder.
# tests/data/sgx has a quote of the vendor that tests/support/dcap.c plays, of 2025-06-15.
set -u -o pipefail
tool=$PWD/build/host/bin/causeway
data=$PWD/tests/data/sgx
root=$(cat "$data/root-key-hash")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

# gives STATUS 'WORDS THAT IT SAYS' OPTIONS...
gives() {
    local status=$1 words=$2 said
    shift 2
    said=$("$tool" sgx verify --time 2025-06-15T16:00:00Z --quote "$data/quote" "$@" 2>&1 </dev/null)
    local found=$?
    if [ $found = "$status" ] && [[ $said == *"$words"* ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAIL: %s\n  status %s, not %s; expected "%s" in:\n%s\n' "$*" $found "$status" "$words" "$said"
    fi
}

all=(--collateral "$data/collateral.json")
mine=("${all[@]}" --root-key-hash "$root")
good=("${mine[@]}" --allow-status SWHardeningNeeded)
enclave=$(printf '11%.0s' {1..32})
gives 0 "under a root of the owner's" "${good[@]}"
gives 0 'TEST-SA-00002' "${good[@]}"
gives 0 'SWHardeningNeeded' "${mine[@]}" --allow-status OutOfDate,SWHardeningNeeded
gives 0 "$enclave" "${good[@]}" --mrenclave "$enclave" --prodid 7 --min-svn 5 --xfrm 0x3 --min-evaluation 17
gives 3 'step 12' "${mine[@]}"
gives 3 '--allow-status SWHardeningNeeded' "${mine[@]}"
gives 3 'another root' "${all[@]}"
gives 3 'MRENCLAVE' "${good[@]}" --mrenclave "${enclave//1/2}"
gives 3 'MRSIGNER' "${good[@]}" --mrsigner "$enclave"
gives 3 'ISVPRODID' "${good[@]}" --prodid 8
gives 3 'ISVSVN' "${good[@]}" --min-svn 6
gives 3 'REPORTDATA' "${good[@]}" --report-data "$enclave$enclave"
gives 3 'tcbEvaluationDataNumber' "${good[@]}" --min-evaluation 18
gives 3 'TEST-SA-00002' "${good[@]}" --refuse-advisory X,TEST-SA-00002
gives 3 'PPID' "${good[@]}" --ppid-hash "$enclave"
gives 2 'expected 64 hexadecimal digits' "${good[@]}" --mrenclave 11
gives 2 'expected UpToDate' "${mine[@]}" --allow-status Revoked
gives 2 'a number from 0 to 65535' "${good[@]}" --prodid 65536
gives 2 '--collateral is missing' --root-key-hash "$root"
gives 2 'no such file or folder' --collateral "$scratch/none"
gives 3 'customary fields' --root-key-hash "$root" --collateral "$PWD/share/causeway/app.schema.json"

# The same in a folder, as the service gives it; times at both ends; what was changed.
python3 - "$data/collateral.json" "$scratch/folder" <<'END'
import json, os, sys
c, folder = json.load(open(sys.argv[1])), sys.argv[2]
os.mkdir(folder)
for name, inner in (('tcb_info', 'tcbInfo'), ('qe_identity', 'enclaveIdentity')):
    with open(folder + '/' + name + '.json', 'w') as f:
        f.write('{"%s":%s,"signature":"%s"}' % (inner, c[name], c[name + '_signature']))
    open(folder + '/' + name + '_chain.pem', 'w').write(c[name + '_issuer_chain'])
for name in ('pck_crl', 'root_ca_crl'):
    open(folder + '/' + name + '.der', 'wb').write(bytes.fromhex(c[name]))
END
folder=(--collateral "$scratch/folder" --root-key-hash "$root" --allow-status SWHardeningNeeded)
gives 0 'valid_until' "${folder[@]}"
tool_at() { local time=$1; shift; "$tool" sgx verify --quote "$data/quote" --time "$time" "$@" >/dev/null 2>&1; echo $?; }
for pair in '1749913600 0' '1749913599 3' '1752505600 0' '1752505601 3' '2025-06-15T18:00:00+02:00 0' 'June 2'; do
    if [ "$(tool_at "${pair% *}" "${folder[@]}")" = "${pair#* }" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: at ${pair% *}: not ${pair#* }"
    fi
done
openssl crl -inform DER -in "$scratch/folder/pck_crl.der" -out "$scratch/folder/pck_crl.pem"
rm "$scratch/folder/pck_crl.der"
gives 0 'valid_until' "${folder[@]}"
mv "$scratch/folder/pck_crl.pem" "$scratch/pck_crl.pem"
gives 3 'no PCK CRL' "${folder[@]}"
gives 0 'revocation not checked' "${folder[@]}" --without-crls
gives 0 '"revocation_checked": false' "${folder[@]}" --without-crls --json
mv "$scratch/pck_crl.pem" "$scratch/folder/pck_crl.pem"
gives 0 '"revocation_checked": true' "${folder[@]}" --without-crls --json
sed -i 's/"SWHardeningNeeded"/"UpToDate"/' "$scratch/folder/tcb_info.json"
gives 3 'signature of the TCB info does not verify' "${folder[@]}"
rm "$scratch/folder/tcb_info.json"
gives 3 'no TCB info' "${folder[@]}"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
