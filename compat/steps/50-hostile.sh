#!/usr/bin/env bash
# A step of ./check: a server without descriptors, with ten thousand clients; a launcher without JDK and Maven.
set -euo pipefail
exec compat/hostile/run
