#!/usr/bin/env bash
# A step of ./check nightly: the units of Redis's own Tcl suite about replication that take minutes.
set -euo pipefail
if [ "${CHECK_MODE:-full}" != nightly ]; then
    echo "only nightly"
    exit
fi
# integration/replication and integration/replication-4 load functions between their tests, so they end there until there
# are functions.
# integration/aof-race cannot pass: its suite deletes the files between the two halves, for redis-server too. What it asks for
# is asked by compat/crash.
exec compat/tcl/run integration/psync2 integration/psync2-reg integration/psync2-pingoff integration/replication-2 \
    integration/replication-3 integration/replication-psync integration/replication-buffer integration/shutdown
