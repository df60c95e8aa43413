package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** How much the server may keep, and what it drops when that is not enough. */
public final class MemoryDirectives extends DirectiveGroup {
    public final Directive<Long> activeDefragCycleMax = integer("active-defrag-cycle-max", 25L, 1L, 99L)
            .changes(AT_RUNTIME)
            .meaning("Max CPU percent for active defrag.")
            .withoutEffect("the arena keeps its size classes dense by itself");

    public final Directive<Long> activeDefragCycleMin = integer("active-defrag-cycle-min", 1L, 1L, 99L)
            .changes(AT_RUNTIME)
            .meaning("Min CPU percent for active defrag.")
            .withoutEffect("the arena keeps its size classes dense by itself");

    public final Directive<Long> activeDefragIgnoreBytes = bytes(
                    "active-defrag-ignore-bytes", 104857600L, 1L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Fragmentation waste below which defrag does not start.")
            .withoutEffect("the arena keeps its size classes dense by itself");

    public final Directive<Long> activeDefragMaxScanFields = integer(
                    "active-defrag-max-scan-fields", 1000L, 1L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Collections with more fields than this are defragmented in steps.")
            .withoutEffect("the arena keeps its size classes dense by itself");

    public final Directive<Long> activeDefragThresholdLower = integer("active-defrag-threshold-lower", 10L, 0L, 1000L)
            .changes(AT_RUNTIME)
            .meaning("Fragmentation percent that starts defrag.")
            .withoutEffect("the arena keeps its size classes dense by itself");

    public final Directive<Long> activeDefragThresholdUpper = integer("active-defrag-threshold-upper", 100L, 0L, 1000L)
            .changes(AT_RUNTIME)
            .meaning("Fragmentation percent at which defrag uses maximum effort.")
            .withoutEffect("the arena keeps its size classes dense by itself");

    public final Directive<Long> activeExpireEffort = integer("active-expire-effort", 1L, 1L, 10L)
            .changes(AT_RUNTIME)
            .meaning("How much CPU the background expire cycle may use (1..10).");

    public final Directive<Boolean> activedefrag = bool("activedefrag", false)
            .changes(AT_RUNTIME)
            .check(MemoryDirectives::withoutDefragmentation)
            .meaning("Turns on active defragmentation (needs bundled jemalloc).")
            .withoutEffect("the arena keeps its size classes dense by itself");

    public final Directive<Boolean> activerehashing = bool("activerehashing", true)
            .changes(AT_RUNTIME)
            .meaning("Spend 1 ms per 100 ms rehashing the main dictionaries.")
            .withoutEffect("tables grow a segment at a time and never rehash as a whole");

    public final Directive<Boolean> jemallocBgThread = bool("jemalloc-bg-thread", true)
            .changes(AT_RUNTIME)
            .meaning("Jemalloc background purge thread.")
            .withoutEffect("there is no jemalloc");

    public final Directive<Boolean> lazyfreeLazyEviction =
            bool("lazyfree-lazy-eviction", false).changes(AT_RUNTIME).meaning("Evict in background thread.");

    public final Directive<Boolean> lazyfreeLazyExpire =
            bool("lazyfree-lazy-expire", false).changes(AT_RUNTIME).meaning("Free expired in background.");

    public final Directive<Boolean> lazyfreeLazyServerDel = bool("lazyfree-lazy-server-del", false)
            .changes(AT_RUNTIME)
            .meaning("Free implicitly deleted (RENAME, SET over…) in background.");

    public final Directive<Boolean> lazyfreeLazyUserDel =
            bool("lazyfree-lazy-user-del", false).changes(AT_RUNTIME).meaning("DEL behaves as UNLINK.");

    public final Directive<Boolean> lazyfreeLazyUserFlush = bool("lazyfree-lazy-user-flush", false)
            .changes(AT_RUNTIME)
            .meaning("FLUSHALL/FLUSHDB/SCRIPT FLUSH/FUNCTION FLUSH default to ASYNC.");

    public final Directive<Long> lfuDecayTime = integer("lfu-decay-time", 1L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Minutes per LFU counter decay step.");

    public final Directive<Long> lfuLogFactor =
            integer("lfu-log-factor", 10L, 0L, 2147483647L).changes(AT_RUNTIME).meaning("LFU counter growth factor.");

    public final Directive<Long> maxmemory =
            bytes("maxmemory", 0L, 0L, Long.MAX_VALUE).changes(AT_RUNTIME).meaning("Memory limit; 0 = none.");

    public final Directive<Long> maxmemoryEvictionTenacity = integer("maxmemory-eviction-tenacity", 10L, 0L, 100L)
            .changes(AT_RUNTIME)
            .meaning("Time budget of eviction 0..100.");

    public final Directive<String> maxmemoryPolicy = choice(
                    "maxmemory-policy",
                    "noeviction",
                    "volatile-lru",
                    "volatile-lfu",
                    "volatile-random",
                    "volatile-ttl",
                    "allkeys-lru",
                    "allkeys-lfu",
                    "allkeys-random",
                    "noeviction")
            .changes(AT_RUNTIME)
            .meaning("Eviction policy. Nothing is evicted yet: with any of them a full server answers OOM.");

    public final Directive<Long> maxmemorySamples = integer("maxmemory-samples", 5L, 1L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Sample size for LRU/LFU/TTL approximations.");

    public final Directive<String> oomScoreAdj = choice("oom-score-adj", "no", "no", "yes", "relative", "absolute")
            .changes(AT_RUNTIME)
            .meaning("Adjust Linux OOM score.");

    public final Directive<List<Integer>> oomScoreAdjValues = special(
                    "oom-score-adj-values", List.of(0, 200, 800), Forms.OOM_SCORES)
            .changes(AT_RUNTIME)
            .meaning("Three ints: master, replica, background child.");

    public final Directive<Long> trackingTableMaxKeys = integer("tracking-table-max-keys", 1000000L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Max keys in the tracking table; 0 = no limit.");

    public MemoryDirectives() {
        super("Memory");
    }

    private static @Nullable String withoutDefragmentation(boolean wanted) {
        return wanted
                ? "Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified"
                        + " Jemalloc like the one shipped by default with the Redis source distribution"
                : null;
    }
}
