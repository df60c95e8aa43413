#!/usr/bin/env bash
# A step of ./check: real Sentinels, a dying master, and users with the least rights.
set -euo pipefail
exec compat/sentinel/run
