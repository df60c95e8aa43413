#!/usr/bin/env bash
# A step of ./check: the server as a daemon, under systemd and with the system's log.
set -euo pipefail
exec compat/service/run
