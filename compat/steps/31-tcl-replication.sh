#!/usr/bin/env bash
# A step of ./check nightly: the units of Redis's own Tcl suite about replication that take minutes.
set -euo pipefail
if [ "${CHECK_MODE:-full}" != nightly ]; then
    echo "only nightly"
    exit
fi
# integration/replication and integration/replication-4 load functions between their tests, so they end there until there
# are functions.
exec compat/tcl/run integration/psync2 integration/psync2-reg integration/psync2-pingoff integration/replication-2 \
    integration/replication-3 integration/replication-psync integration/replication-buffer integration/shutdown
