#!/bin/bash
# usage: process.sh PROGRAM; what the program does with the streams that it is given.
set -uo pipefail
program=$1
failures=0

check() { # check WHAT EXPECTED ACTUAL
    if [[ $2 != "$3" ]]; then
        echo "$1: expected '$2', got '$3'"
        failures=$((failures + 1))
    fi
}

"$program" help >/dev/full 2>/dev/null
check 'a full disk behind stdout' 1 $?
message=$("$program" --json help 2>&1 >/dev/full)
check 'its message' 'bt2c-dr: error: cannot write the output' "${message%%$'\n'*}"
"$program" help >&- 2>/dev/null </dev/null
check 'a closed stdout, where what it has to say is lost' 1 $?
"$program" nonsense 2>&-
check 'a closed stderr' 2 $?
"$program" help | true
check 'a reader that goes away ends it without a signal' 0 $((PIPESTATUS[0] > 1))
check 'no colours in a pipe' 0 "$("$program" nonsense 2>&1 | grep -c $'\e')"
document=$("$program" --json nonsense 2>/dev/null)
check 'a failure as a document' '{"error":{"kind":"usage"' "${document%%,*}"
HOME='' BT2C_HOME='' "$program" help >/dev/null 2>&1
check 'no home of the user' 2 $?
exit $((failures > 0))
