# SPDX-License-Identifier: MIT
# For script tests that play cases: sourced at their begin, at the root of the tree.  What else must be
# ended or removed stands in a finish() of their own, which ends with `rm -rf "$scratch"`.  Their last
# line is `summary`.
set -u -o pipefail
bin=$PWD/build/host/bin
scratch=$(mktemp -d)
passed=0 failed=0 skipped=0
finish() { rm -rf "$scratch"; }
trap finish EXIT

check() { # NAME STATUS: one case; of one that failed, what was said last
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok: $1"
    else
        failed=$((failed + 1))
        echo "FAIL: $1"
        tail -n 30 "$scratch/out" "$scratch/log" "$scratch"/app/.causeway/nodes/*/*.log 2>/dev/null |
            sed 's/^/    /' || :
    fi
}

exits() { # STATUS COMMAND...: what it says is in $scratch/out and $scratch/log
    local expected=$1 status
    shift
    "$@" >"$scratch/out" 2>"$scratch/log" </dev/null
    status=$?
    [ "$status" -eq "$expected" ] || { echo "exit status $status: $*" >>"$scratch/log"; return 1; }
}

end_app() { # the application in $scratch/app, with nodes on this machine
    cd "$scratch/app" && "$bin/causeway" destroy --force --quiet >/dev/null 2>&1
}

summary() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}
