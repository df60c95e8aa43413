#!/usr/bin/env bash
# A step of ./check: node-redis and ioredis get from ours what they get from redis-server.
set -euo pipefail
exec compat/clients/run
