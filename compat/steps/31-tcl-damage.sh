#!/usr/bin/env bash
# A step of ./check nightly: the unit of Redis's own Tcl suite that damages payloads at random.
set -euo pipefail
if [ "${CHECK_MODE:-full}" != nightly ]; then
    echo "only nightly"
    exit
fi
exec compat/tcl/run integration/corrupt-dump-fuzzer
