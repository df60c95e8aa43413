#!/usr/bin/env bash
# A step of ./check: every promise of the guide, through redis-cli and ioredis.
set -euo pipefail
exec compat/guide/run
