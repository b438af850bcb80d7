#!/bin/bash
# SPDX-License-Identifier: MIT
# Completion for shells: the scripts are right in their languages, and complete.
. tests/support/cases.bash
PATH=$bin:$PATH
verbs=$(causeway --help | awk '/^verbs/ {on = 1; next} /^options/ {on = 0} on && /^  [a-z]/ {print $1}')
for shell in bash zsh fish; do
    causeway completion $shell >"$scratch/causeway.$shell"
    check "causeway completion $shell" $?
done
cp examples/button-led/*.c examples/button-led/app.json "$scratch"
mkdir "$scratch/folder"
cd "$scratch" || exit 1

# --- bash ----------------------------------------------------------------------------------------
bash -n causeway.bash
check 'the script is right for bash' $?
cat >play.bash <<'END'
source ./causeway.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_causeway causeway
printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
END
gives() { # EXPECTED WORD...: what the last word becomes
    local expected=$1 found
    shift
    found=$(bash play.bash causeway "$@" 2>err)
    [ "$found" = "$expected " ] && [ ! -s err ] || { echo "$*: $found $(cat err)"; false; }
    check "bash completes: causeway $*" $?
}
[ "$(bash play.bash causeway '' | tr ' ' '\n' | grep -cv '^-')" -ge "$(wc -w <<<"$verbs")" ]
check 'bash completes every verb' $?
gives 'validate' val
gives 'attest' att
gives 'button_driver' attest but
gives 'controller' call con
gives 'get-cert get-presses' request get
gives 'init-server' send init
gives 'node_sancus1 node_sancus2 node_sgx' key add-vendor node
gives 'add-vendor' key add
gives 'app.json' apply app
gives 'folder' apply fol
gives 'always auto never' apply --color ''
gives 'always auto' apply --color = a
gives '--help --hex' send --he
gives '--force' destroy --fo
gives 'folder' apply --state fo
gives 'button_driver.c' send init-server --file but
gives '--once' demo --on
gives 'bash' completion ba
gives 'get-cert get-presses' request --timeout 5 get
gives '' apply --hex
gives '' apply --timeout ''

# A descriptor is foreign text: no name of it may run in the shell, or bring control characters.
mkdir evil
cat >evil/app.json <<'END'
{"causeway": 1, "name": "e", "nodes": [{"name": "n1", "tee": "native", "address": "h:1"}],
 "modules": [{"name": "$(touch ../pwned)", "node": "n1", "sources": ["a.c"]},
   {"name": "`touch ../pwned`", "node": "n1", "sources": ["a.c"]},
   {"name": "-rf", "node": "n1", "sources": ["a.c"]}, {"name": "two words", "node": "n1"},
   {"name": "fine", "node": "n1", "sources": ["a.c"]}]}
END
[ "$(cd evil && causeway completion modules)" = fine ]
check 'only what is a name is offered' $?
[ "$(cd evil && sed 's/\.\///' ../play.bash >play && cp ../causeway.bash . && bash play causeway attest '' |
    tr ' ' '\n' | grep -v '^-' | tr '\n' ' ')" = "app.json fine " ] && [ ! -e pwned ]
check 'a hostile descriptor runs nothing' $?
[ -z "$(cd folder && causeway completion modules 2>&1)" ]
check 'no descriptor: no names, and no noise' $?

# --- zsh ------------------------------------------------------------------------------------------
if command -v zsh >/dev/null; then
    zsh -n causeway.zsh
    check 'the script is right for zsh' $?
    cat >play.zsh <<'END'
compdef() { : }
compadd() { if [[ $1 == -a ]]; then print -l -- ${(P)2}; else print -l -- $@; fi }
_files() { print -r -- "_files $*" }
_describe() { print -rl -- ${(P)@[-1]} }
source ./causeway.zsh
words=(causeway "$@") CURRENT=$#words
_causeway
END
    shows() { # WORD-THAT-IS-OFFERED WORD...
        local expected=$1 found
        shift
        found=$(zsh -f play.zsh "$@" 2>err)
        grep -qxF -- "$expected" <<<"$found" && [ ! -s err ] || { echo "$*: $found $(cat err)"; false; }
        check "zsh completes: causeway $*" $?
    }
    for verb in $verbs; do
        zsh -f play.zsh '' | grep -q "^$verb:"
        check "zsh completes $verb" $?
    done
    shows button_driver attest ''
    shows get-cert request ''
    shows node_sgx key forget-node ''
    shows always apply --color ''
    shows '_files -/' apply --state ''
    shows '--hex:the payload in hexadecimal' send --he
    shows add-vendor key ''
    shows "_files -g *.(json|yaml|yml)" apply ''
else
    skipped=$((skipped + 1))
fi

# --- fish -----------------------------------------------------------------------------------------
if command -v fish >/dev/null; then
    export HOME=$scratch XDG_CONFIG_HOME=$scratch/config XDG_DATA_HOME=$scratch/data
    fish -n causeway.fish
    check 'the script is right for fish' $?
    shows() { # WORD-THAT-IS-OFFERED LINE
        fish -c 'source causeway.fish; complete -C "$argv"' "$2" 2>err | cut -f1 | grep -qxF -- "$1" &&
            [ ! -s err ] || { cat err; false; }
        check "fish completes: $2" $?
    }
    for verb in $verbs; do
        shows "$verb" "causeway ${verb%?}"
    done
    shows button_driver 'causeway attest but'
    shows get-cert 'causeway request get'
    shows node_sgx 'causeway key forget-node node'
    shows always 'causeway apply --color a'
    shows --hex 'causeway send --he'
    shows app.json 'causeway apply app'
    shows folder/ 'causeway apply --state fol'
else
    skipped=$((skipped + 1))
fi
[ "$skipped" -eq 0 ] || echo 'zsh or fish is not installed'
summary
