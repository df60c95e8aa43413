#!/usr/bin/env bash
# A step of ./check nightly: masters and replicas, ours and real ones, with links that are cut, three times for minutes on
# end. The short form is one of the unit tests.
set -euo pipefail
if [ "${CHECK_MODE:-full}" != nightly ]; then
    echo "only nightly"
    exit
fi
exec mvn -B -ntp -o -q -pl server surefire:test -Dtest=ReplicationTortureTest -Dredoubt.torture.steps=600 \
    -Dredoubt.torture.seeds=1,2,3
