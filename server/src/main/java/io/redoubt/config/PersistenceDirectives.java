package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;
import static io.redoubt.config.Mutability.AT_START;
import static io.redoubt.config.Mutability.PROTECTED;

import java.nio.file.Path;
import java.util.List;

/** What is written to disk, and when. */
public final class PersistenceDirectives extends DirectiveGroup {
    public final Directive<Boolean> aofDisableAutoGc = bool("aof-disable-auto-gc", false)
            .changes(AT_RUNTIME)
            .meaning("Keep old base/incr AOF files as history instead of deleting them.");

    public final Directive<Boolean> aofLoadTruncated = bool("aof-load-truncated", true)
            .changes(AT_RUNTIME)
            .meaning("Accept an AOF whose last command is cut off.");

    public final Directive<Boolean> aofRewriteIncrementalFsync = bool("aof-rewrite-incremental-fsync", true)
            .changes(AT_RUNTIME)
            .meaning("Fsync every 4 MB while rewriting the AOF.")
            .withoutEffect("snapshots are always flushed in slices");

    public final Directive<Boolean> aofTimestampEnabled = bool("aof-timestamp-enabled", false)
            .changes(AT_RUNTIME)
            .meaning("Write #TS:<unixtime> annotations into the AOF.");

    public final Directive<Boolean> aofUseRdbPreamble =
            bool("aof-use-rdb-preamble", true).changes(AT_RUNTIME).meaning("Base AOF file is written in RDB format.");

    public final Directive<String> aofRewriteCpulist = text("aof_rewrite_cpulist", "")
            .changes(AT_START)
            .meaning("CPU affinity of the AOF rewrite child.")
            .withoutEffect("a JVM cannot pin single threads to processors");

    public final Directive<String> appenddirname = text("appenddirname", "appendonlydir")
            .changes(AT_START)
            .check(fileName("appenddirname", "dirname"))
            .meaning("Directory (under dir) of the multi-part AOF.");

    public final Directive<String> appendfilename = text("appendfilename", "appendonly.aof")
            .changes(AT_START)
            .check(fileName("appendfilename", "filename"))
            .meaning("Base name of AOF files.");

    public final Directive<String> appendfsync = choice("appendfsync", "everysec", "everysec", "always", "no")
            .changes(AT_RUNTIME)
            .meaning("Fsync policy of the AOF.");

    public final Directive<Boolean> appendonly =
            bool("appendonly", false).changes(AT_RUNTIME).fixedWhileLoading().meaning("Turns the AOF on.");

    public final Directive<Long> autoAofRewriteMinSize = bytes(
                    "auto-aof-rewrite-min-size", 67108864L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("AOF size below which no automatic rewrite happens.");

    public final Directive<Long> autoAofRewritePercentage = integer(
                    "auto-aof-rewrite-percentage", 100L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Growth over the last rewrite size that triggers a rewrite; 0 = never.");

    public final Directive<String> dbfilename = text("dbfilename", "dump.rdb")
            .changes(PROTECTED)
            .check(fileName("dbfilename", "filename"))
            .meaning("RDB file name (no path separator).");

    public final Directive<String> dir = special(
                    "dir", Path.of("").toAbsolutePath().toString(), Forms.FOLDER)
            .changes(PROTECTED)
            .fixedWhileLoading()
            .meaning("Working directory (chdir).");

    public final Directive<Boolean> noAppendfsyncOnRewrite = bool("no-appendfsync-on-rewrite", false)
            .changes(AT_RUNTIME)
            .meaning("Skip fsync while a save/rewrite child runs.");

    public final Directive<Boolean> rdbDelSyncFiles = bool("rdb-del-sync-files", false)
            .changes(AT_RUNTIME)
            .meaning("Delete RDB used for sync when no persistence is on.");

    public final Directive<Boolean> rdbSaveIncrementalFsync = bool("rdb-save-incremental-fsync", true)
            .changes(AT_RUNTIME)
            .meaning("Fsync every 4 MB while saving.")
            .withoutEffect("snapshots are always flushed in slices");

    public final Directive<Boolean> rdbchecksum =
            bool("rdbchecksum", true).changes(AT_START).meaning("Write and verify CRC64 at RDB end.");

    public final Directive<Boolean> rdbcompression =
            bool("rdbcompression", true).changes(AT_RUNTIME).meaning("LZF compress strings in RDB.");

    public final Directive<String> sanitizeDumpPayload = choice("sanitize-dump-payload", "no", "no", "yes", "clients")
            .changes(AT_RUNTIME)
            .meaning("Deep check of RESTORE/RDB payloads: no/yes/clients.");

    public final Directive<List<SavePoint>> save = special(
                    "save",
                    List.of(new SavePoint(3600, 1), new SavePoint(300, 100), new SavePoint(60, 10000)),
                    Forms.SAVE)
            .changes(AT_RUNTIME)
            .meaning("Pairs \"seconds changes\"; empty string disables.");

    public final Directive<Boolean> stopWritesOnBgsaveError = bool("stop-writes-on-bgsave-error", true)
            .changes(AT_RUNTIME)
            .meaning("MISCONF on writes after failed BGSAVE.");

    public final Directive<Long> keyLoadDelay = integer("key-load-delay", 0L, -2147483648L, 2147483647L)
            .hidden()
            .meaning("Microseconds to pause per key while loading; for tests.");

    public final Directive<Long> rdbKeySaveDelay = integer("rdb-key-save-delay", 0L, -2147483648L, 2147483647L)
            .hidden()
            .meaning("Microseconds to pause per key while saving; for tests.");

    public final Directive<Long> loadingProcessEventsIntervalBytes = integer(
                    "loading-process-events-interval-bytes", 2097152L, 1024L, 2147483647L)
            .hidden()
            .meaning("Bytes to load between looks at the network.");

    public PersistenceDirectives() {
        super("Persistence");
    }

    private static Directive.Applier<String> fileName(String name, String kind) {
        return value -> {
            if (value.indexOf('/') >= 0) {
                return name + " can't be a path, just a " + kind;
            }
            return value.isEmpty() && !name.equals("dbfilename") ? name + " can't be empty" : null;
        };
    }
}
