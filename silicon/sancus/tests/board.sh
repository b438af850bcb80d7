#!/bin/sh
# SPDX-License-Identifier: MIT
# board.sh: the board's devices, in scripts: UART, button, LED, display, power, counter, random
# source; and the sockets' program ends cleanly on SIGTERM.
set -eu
chip=${CAUSEWAY_SANCUS:-$PWD/build/host/bin/causeway-sancus}
here=silicon/sancus/tests/programs
for tool in clang-14 ld.lld-14; do
    command -v $tool >/dev/null || { echo "$tool is missing: ./run setup installs it"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
for name in board counter; do
    clang-14 --target=msp430-none-elf -c $here/$name.S -o "$work/$name.o"
    ld.lld-14 -e start -T $here/rom.ld "$work/$name.o" -o "$work/$name.elf"
done

play() { # WHAT STATUS FIRMWARE OPTION... ; the script comes on standard input
    what=$1 wanted=$2 firmware=$3
    shift 3
    cat >"$work/script"
    status=0
    "$chip" --firmware "$work/$firmware.elf" --headless "$work/script" "$@" >"$work/out" 2>&1 ||
        status=$?
    if [ $status -eq "$wanted" ]; then
        passed=$((passed + 1))
        echo "ok      $what"
    else
        failed=$((failed + 1))
        echo "NOT OK  $what (status $status)"
        cat "$work/out"
    fi
}

play "bytes go through the UART and back" 0 board <<'END'
wait 1
send 68656c6c6f
expect uart 48454c4c4f 10
END
play "each press toggles the LED and counts on the display" 0 board <<'END'
wait 1
press
expect led 1 5
expect display 1 5
wait 100
press
expect led 0 5
expect display 2 5
wait 100
button 1
expect led 1 5
END
play "a power cycle starts anew" 0 board <<'END'
wait 1
press
expect led 1 5
power cycle
expect led 0 1
wait 100
press
expect display 1 5
END
play "an expectation that does not hold fails" 1 board <<'END'
wait 1
expect led 1 5
END
play "a command that is none is wrong use" 2 board <<'END'
jump
END
play "without power there is no button" 2 board <<'END'
power off
press
END
play "the counter begins at 1, the random source differs" 0 counter --counter-file "$work/c" <<'END'
expect uart 0164 10
END
play "the counter goes on after the program has ended" 0 counter --counter-file "$work/c" <<'END'
expect uart 0264 10
power cycle
expect uart 0364 10
reset
expect uart 0464 10
END
play "an exact chip has neither" 0 counter --chip exact <<'END'
expect uart 0073 10
END
printf 'nonsense' >"$work/c"
play "a damaged counter is refused" 1 counter --counter-file "$work/c" </dev/null

"$chip" --firmware "$work/board.elf" --uart "$work/u" --control "$work/k" 2>/dev/null &
pid=$!
turns=0
while [ ! -S "$work/k" ] && [ $turns -lt 1200 ]; do
    sleep 0.05
    turns=$((turns + 1))
done
kill -TERM $pid
if wait $pid && [ ! -e "$work/k" ] && [ ! -e "$work/u" ]; then
    passed=$((passed + 1))
    echo "ok      SIGTERM ends it with status 0, and the sockets are gone"
else
    failed=$((failed + 1))
    echo "NOT OK  SIGTERM ends it with status 0, and the sockets are gone"
fi
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
