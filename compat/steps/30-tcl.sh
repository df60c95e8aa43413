#!/usr/bin/env bash
# A step of ./check: the units of Redis's own Tcl suite that the server is built for so far.
set -euo pipefail
exec compat/tcl/run unit/auth unit/acl unit/acl-v2 unit/protocol unit/type/string unit/type/incr unit/keyspace \
    unit/quit unit/expire unit/info unit/introspection unit/introspection-2 \
    unit/type/list unit/type/set unit/type/hash unit/type/zset \
    unit/type/stream unit/type/stream-cgroups unit/sort unit/scan unit/bitops unit/bitfield \
    unit/dump unit/hyperloglog unit/pubsub unit/pubsubshard unit/lazyfree unit/geo unit/other \
    integration/convert-ziplist-hash-on-load integration/convert-zipmap-hash-on-load \
    integration/convert-ziplist-zset-on-load integration/redis-cli integration/redis-benchmark \
    unit/multi unit/wait integration/failover integration/block-repl integration/psync2-master-restart \
    unit/aofrw integration/aof integration/aof-multi-part \
    integration/corrupt-dump integration/rdb integration/dismiss-mem integration/logging
