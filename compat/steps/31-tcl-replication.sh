#!/usr/bin/env bash
# A step of ./check nightly: the units of Redis's own Tcl suite about replication that take minutes.
set -euo pipefail
if [ "${CHECK_MODE:-full}" != nightly ]; then
    echo "only nightly"
    exit
fi
exec compat/tcl/run integration/psync2 integration/psync2-reg integration/psync2-pingoff integration/replication \
    integration/replication-2 integration/replication-3 integration/replication-4 integration/replication-psync \
    integration/replication-buffer integration/shutdown
