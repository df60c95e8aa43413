#!/usr/bin/env bash
# A step of ./check: kills a server with an append-only file at random moments, and counts what it has lost.
set -euo pipefail
rounds=10
[ "${CHECK_MODE:-full}" != nightly ] || rounds=200
export REDOUBT_NO_BUILD=1
exec "${JAVA_HOME:?}/bin/java" compat/crash/Crash.java "$PWD/redoubt-server" "$rounds"
