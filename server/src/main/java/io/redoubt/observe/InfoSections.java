package io.redoubt.observe;

import io.redoubt.command.CommandSpec;
import io.redoubt.command.CommandTable;
import io.redoubt.command.Session;
import io.redoubt.command.Sessions;
import io.redoubt.config.Config;
import io.redoubt.net.ClientMemory;
import io.redoubt.net.EventLoop;
import io.redoubt.net.NetStats;
import io.redoubt.persist.AppendOnlyFile;
import io.redoubt.persist.Persistence;
import io.redoubt.persist.Snapshots;
import io.redoubt.store.Keyspace;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** The sections of INFO, each declared as one class. */
public final class InfoSections {
    private InfoSections() {}

    /** Facts of this process that do not change. */
    public record Identity(String version, String runId, String executable, String configFile, long startedMillis) {}

    /** Reads of many loops as one figure. */
    private static LongSupplier sum(List<EventLoop> loops, ToLongFunction<EventLoop> figure) {
        return () -> {
            long total = 0;
            for (var loop : loops) {
                total += figure.applyAsLong(loop);
            }
            return total;
        };
    }

    /** The section Server. */
    public static final class Server extends InfoSection {
        /** @param shutdownMillis how long the end waits for replicas at most; negative when it does not */
        public Server(Identity identity, Config config, LongSupplier port, LongSupplier shutdownMillis) {
            super("Server");
            text("redis_version", "Version of Redis whose behaviour this is", identity::version);
            text("redis_git_sha1", "Kept for tools", () -> "00000000");
            fixed("redis_git_dirty", 0, "kept for tools");
            text("redis_build_id", "Kept for tools", () -> "0");
            text("redis_mode", "Standalone or cluster", () -> "standalone");
            text("server_name", "This product", () -> "redoubt");
            text(
                    "os",
                    "Operating system",
                    () -> System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                            + System.getProperty("os.arch"));
            fixed("arch_bits", 64, "the JVM has 64 bits");
            text("monotonic_clock", "Clock source", () -> "System.nanoTime");
            text("multiplexing_api", "How sockets are watched", () -> "java.nio");
            text("atomicvar_api", "How counters are shared", () -> "VarHandle");
            text("gcc_version", "Kept for tools", () -> "0.0.0");
            text("java_version", "The JVM's version", () -> System.getProperty("java.version"));
            number("process_id", "Process id", ProcessFigures::processId);
            text("process_supervised", "The supervisor", config.general.supervised::value);
            text("run_id", "Random for each start", identity::runId);
            number("tcp_port", "The port", port);
            number("server_time_usec", "The time", () -> System.currentTimeMillis() * 1000);
            number("uptime_in_seconds", "Since the start", () -> uptimeSeconds(identity));
            number("uptime_in_days", "Since the start", () -> uptimeSeconds(identity) / 86_400);
            number("hz", "Background turns a second", config.general.hz::value);
            number("configured_hz", "As configured", config.general.hz::value);
            number("lru_clock", "The 24-bit clock of accesses", () -> System.currentTimeMillis() / 1000 & 0xFFFFFF);
            text("executable", "What was started", identity::executable);
            text("config_file", "The configuration file", identity::configFile);
            number(
                    "io_threads_active",
                    "Whether several loops run",
                    () -> config.network.ioThreads.value() > 1 ? 1 : 0);
            many(sink -> {
                long millis = shutdownMillis.getAsLong();
                if (millis >= 0) {
                    sink.field("shutdown_in_milliseconds", Long.toString(millis));
                }
            });
        }

        private static long uptimeSeconds(Identity identity) {
            return (System.currentTimeMillis() - identity.startedMillis) / 1000;
        }
    }

    /** The section Clients. */
    public static final class Clients extends InfoSection {
        public Clients(Sessions sessions, Config config, ReplicationFigures replication) {
            super("Clients");
            number(
                    "connected_clients",
                    "Clients, replicas left out",
                    () -> sessions.count() - replication.replicas().getAsLong());
            fixed("cluster_connections", 0, "there is no cluster");
            number("maxclients", "Most clients", config.network.maxclients::value);
            number(
                    "client_recent_max_input_buffer",
                    "Largest query buffer",
                    () -> sessions.all().stream()
                            .mapToLong(session -> session.link().queryBufferCapacity())
                            .max()
                            .orElse(0));
            number(
                    "client_recent_max_output_buffer",
                    "Most bytes of waiting replies",
                    () -> sessions.all().stream()
                            .mapToLong(session -> session.link().outputBytes())
                            .max()
                            .orElse(0));
            number(
                    "blocked_clients",
                    "Clients that wait for keys or for the end of a pause",
                    () -> sessions.all().stream().filter(Session::isBlocked).count());
            fixed("tracking_clients", 0, "tracking does not exist yet");
            fixed("clients_in_timeout_table", 0, "no command blocks yet");
        }
    }

    /** The section Memory. */
    public static final class Memory extends InfoSection {
        private final MemoryAccount account;

        public Memory(
                MemoryAccount account,
                Config config,
                ReplicationFigures replication,
                Keyspace keyspace,
                LongSupplier aofBufferBytes) {
            super("Memory");
            LongSupplier backlogBytes = replication.backlogBytes();
            LongSupplier replicaBytes = replication.replicaBufferBytes();
            this.account = account;
            bytesAndHuman("used_memory", "Bytes of keys, values and buffers", account::usedBytes);
            bytesAndHuman("used_memory_rss", "Resident bytes of the process", ProcessFigures::residentBytes);
            bytesAndHuman("used_memory_peak", "Most bytes ever used", account::peakBytes);
            text("used_memory_peak_perc", "Used of the peak", () -> percent(account.usedBytes(), account.peakBytes()));
            number("used_memory_overhead", "Bytes that are not data", account::overheadBytes);
            number("used_memory_startup", "Bytes used when the server had started", account::startupBytes);
            number("used_memory_dataset", "Bytes of data", this::datasetBytes);
            text(
                    "used_memory_dataset_perc",
                    "Data of all that came after the start",
                    () -> percent(datasetBytes(), account.usedBytes() - account.startupBytes()));
            number("allocator_allocated", "Bytes of the heap in use", account::heapUsedBytes);
            number("allocator_active", "Bytes of the heap", account::heapBytes);
            number("allocator_resident", "Bytes of the heap", account::heapBytes);
            bytesAndHuman("total_system_memory", "Memory of the machine", account::systemBytes);
            fixed("used_memory_lua", 0, "there are no scripts yet");
            fixed("used_memory_vm_eval", 0, "there are no scripts yet");
            text("used_memory_lua_human", "There are no scripts yet", () -> "0B");
            fixed("used_memory_scripts_eval", 0, "there are no scripts yet");
            fixed("number_of_cached_scripts", 0, "there are no scripts yet");
            fixed("number_of_functions", 0, "there are no functions yet");
            number(
                    "number_of_libraries",
                    "Libraries of functions that are kept, though they cannot be called yet",
                    () -> keyspace.libraries().count());
            fixed("used_memory_vm_functions", 0, "there are no functions yet");
            fixed("used_memory_vm_total", 0, "there are no scripts yet");
            text("used_memory_vm_total_human", "There are no scripts yet", () -> "0B");
            fixed("used_memory_functions", 0, "there are no functions yet");
            fixed("used_memory_scripts", 0, "there are no scripts yet");
            text("used_memory_scripts_human", "There are no scripts yet", () -> "0B");
            bytesAndHuman("maxmemory", "The limit", config.memory.maxmemory::value);
            text("maxmemory_policy", "What happens at the limit", config.memory.maxmemoryPolicy::value);
            ratio(
                    "allocator_frag_ratio",
                    "Heap by heap in use",
                    () -> ratioOf(account.heapBytes(), account.heapUsedBytes()));
            number("allocator_frag_bytes", "Heap not in use", () -> account.heapBytes() - account.heapUsedBytes());
            ratio("allocator_rss_ratio", "The heap is resident", () -> 1);
            fixed("allocator_rss_bytes", 0, "the heap is resident");
            ratio(
                    "rss_overhead_ratio",
                    "Resident bytes by heap",
                    () -> ratioOf(ProcessFigures.residentBytes(), account.heapBytes()));
            number(
                    "rss_overhead_bytes",
                    "Resident bytes beyond the heap",
                    () -> ProcessFigures.residentBytes() - account.heapBytes());
            ratio(
                    "mem_fragmentation_ratio",
                    "Resident bytes by used bytes",
                    () -> ratioOf(ProcessFigures.residentBytes(), account.usedBytes()));
            number(
                    "mem_fragmentation_bytes",
                    "Resident bytes beyond those used",
                    () -> ProcessFigures.residentBytes() - account.usedBytes());
            number("mem_not_counted_for_evict", "Bytes of replicas' buffers", replicaBytes);
            number("mem_replication_backlog", "Bytes of the backlog", backlogBytes);
            number(
                    "mem_total_replication_buffers",
                    "Backlog and what replicas wait for",
                    () -> backlogBytes.getAsLong() + replicaBytes.getAsLong());
            number("mem_clients_slaves", "What replicas wait for", replicaBytes);
            number("mem_clients_normal", "Buffers of clients", account::clientBytes);
            fixed("mem_cluster_links", 0, "there is no cluster");
            number("mem_aof_buffer", "What is on its way to the AOF", aofBufferBytes);
            text("mem_allocator", "Who gives memory", () -> "arena");
            fixed("active_defrag_running", 0, "arenas are not defragmented");
            number("lazyfree_pending_objects", "Deleted values whose memory is not free yet", keyspace::pendingFrees);
            number("lazyfreed_objects", "Values that were freed in slices", keyspace::freedValues);
        }

        private long datasetBytes() {
            return Math.max(0, account.usedBytes() - account.overheadBytes());
        }

        private static String percent(long part, long whole) {
            return decimals(whole <= 0 ? 0 : 100.0 * part / whole, 2) + "%";
        }

        private static double ratioOf(long part, long whole) {
            return whole <= 0 ? 0 : part / (double) whole;
        }
    }

    /** The section Persistence. */
    public static final class PersistenceSection extends InfoSection {
        public PersistenceSection(Persistence persistence, AppendOnlyFile aof) {
            super("Persistence");
            number("loading", "Whether a file is being loaded", () -> persistence.isAnythingLoading() ? 1 : 0);
            number(
                    "async_loading",
                    "Whether another data set is loaded while the old one is served",
                    () -> persistence.isLoadingBeside() ? 1 : 0);
            fixed("current_cow_peak", 0, "nothing is forked");
            fixed("current_cow_size", 0, "nothing is forked");
            fixed("current_cow_size_age", 0, "nothing is forked");
            ratio("current_fork_perc", "Nothing is forked", () -> 0);
            number("current_save_keys_processed", "Keys written by the running save", persistence::keysSaved);
            number("current_save_keys_total", "Keys that the running save has to write", persistence::keysToSave);
            number("rdb_changes_since_last_save", "Changes", persistence::changesSinceSave);
            number(
                    "rdb_bgsave_in_progress",
                    "Whether a snapshot is written, to the file or to replicas",
                    () -> persistence.isSaving() || persistence.isSnapshotRunning() ? 1 : 0);
            number("rdb_last_save_time", "When the last save ended", persistence::lastSaveSeconds);
            text("rdb_last_bgsave_status", "How it ended", () -> persistence.hasLastSaveFailed() ? "err" : "ok");
            number("rdb_last_bgsave_time_sec", "How long it took", persistence::lastSaveDurationSeconds);
            number("rdb_current_bgsave_time_sec", "How long this one takes", persistence::currentSaveSeconds);
            number("rdb_saves", "Saves since the start", persistence::saveCount);
            fixed("rdb_last_cow_size", 0, "nothing is forked");
            number("rdb_last_load_keys_expired", "Keys left out by the last load", persistence::keysExpiredAtLoad);
            number("rdb_last_load_keys_loaded", "Keys of the last load", persistence::keysLoaded);
            var rewriter = aof.rewriter();
            number("aof_enabled", "Whether there is an AOF", () -> aof.isEnabled() ? 1 : 0);
            number("aof_rewrite_in_progress", "Whether it is rewritten", () -> rewriter.isRunning() ? 1 : 0);
            number("aof_rewrite_scheduled", "Whether it will be", () -> rewriter.isScheduled() ? 1 : 0);
            number("aof_last_rewrite_time_sec", "How long that took", rewriter::lastSeconds);
            number("aof_current_rewrite_time_sec", "How long this one takes", rewriter::currentSeconds);
            text("aof_last_bgrewrite_status", "How it ended", () -> rewriter.hasLastFailed() ? "err" : "ok");
            number("aof_rewrites", "Rewrites since the start", rewriter::count);
            number("aof_rewrites_consecutive_failures", "Failures in a row", rewriter::consecutiveFailures);
            text("aof_last_write_status", "How the last write ended", () -> aof.hasWriteFailed() ? "err" : "ok");
            fixed("aof_last_cow_size", 0, "nothing is forked");
            fixed("module_fork_in_progress", 0, "nothing is forked");
            fixed("module_fork_last_cow_size", 0, "nothing is forked");
            many(sink -> {
                if (aof.isEnabled()) {
                    sink.field("aof_current_size", Long.toString(aof.currentBytes()));
                    sink.field("aof_base_size", Long.toString(aof.baseBytes()));
                    sink.field("aof_pending_rewrite", rewriter.isScheduled() ? "1" : "0");
                    sink.field("aof_buffer_length", Long.toString(aof.bufferedBytes()));
                    sink.field("aof_pending_bio_fsync", Long.toString(aof.pendingSyncs()));
                    sink.field("aof_delayed_fsync", Long.toString(aof.delayedSyncs()));
                }
            });
            many(sink -> {
                if (persistence.isAnythingLoading() || persistence.isLoadingBeside()) {
                    var progress = persistence.progress();
                    sink.field("loading_start_time", Long.toString(progress.startSeconds()));
                    sink.field("loading_total_bytes", Long.toString(progress.totalBytes()));
                    sink.field("loading_rdb_used_mem", Long.toString(progress.writersMemory()));
                    sink.field("loading_loaded_bytes", Long.toString(progress.loadedBytes()));
                    sink.field("loading_loaded_perc", decimals(progress.percentage(), 2));
                    sink.field("loading_eta_seconds", Long.toString(progress.secondsLeft()));
                }
            });
        }
    }

    /** Figures of replication that other sections show. */
    public record ReplicationFigures(
            LongSupplier input,
            LongSupplier output,
            LongSupplier migrateSockets,
            LongSupplier fullSyncs,
            LongSupplier partialSyncs,
            LongSupplier refusedPartialSyncs,
            LongSupplier replicas,
            LongSupplier backlogBytes,
            LongSupplier replicaBufferBytes) {}

    /** Figures that pub/sub knows. */
    public record PubSubFigures(LongSupplier channels, LongSupplier patterns, LongSupplier shardChannels) {}

    /** The section Stats. */
    public static final class Stats extends InfoSection {
        public Stats(
                List<EventLoop> loops,
                NetStats net,
                ClientMemory clients,
                Keyspace keyspace,
                ErrorStats errors,
                Rates rates,
                ReplicationFigures replication,
                Snapshots snapshots,
                PubSubFigures pubSub,
                Map<String, LongSupplier> denials) {
            super("Stats");
            number("total_connections_received", "Connections accepted", net::connections);
            number("total_commands_processed", "Commands run", sum(loops, EventLoop::commandCount));
            number("instantaneous_ops_per_sec", "Commands a second", rates::commandsPerSecond);
            var bytesIn = sum(loops, EventLoop::bytesIn);
            var bytesOut = sum(loops, EventLoop::bytesOut);
            number(
                    "total_net_input_bytes",
                    "Bytes read",
                    () -> bytesIn.getAsLong() + replication.input().getAsLong());
            number(
                    "total_net_output_bytes",
                    "Bytes written",
                    () -> bytesOut.getAsLong() + replication.output().getAsLong());
            number("total_net_repl_input_bytes", "Bytes that a master has sent", replication.input());
            number("total_net_repl_output_bytes", "Bytes sent to replicas", replication.output());
            ratio("instantaneous_input_kbps", "KiB read a second", rates::inputKibPerSecond);
            ratio("instantaneous_output_kbps", "KiB written a second", rates::outputKibPerSecond);
            ratio("instantaneous_input_repl_kbps", "KiB a second from a master", rates::replicationInputKibPerSecond);
            ratio("instantaneous_output_repl_kbps", "KiB a second to replicas", rates::replicationOutputKibPerSecond);
            number("rejected_connections", "Connections over maxclients", net::rejected);
            number("sync_full", "Full resyncs served", replication.fullSyncs());
            number("sync_partial_ok", "Partial resyncs served", replication.partialSyncs());
            number("sync_partial_err", "Partial resyncs refused", replication.refusedPartialSyncs());
            number("expired_keys", "Keys that expired", keyspace::expiredKeys);
            number("expired_subkeys", "Fields of hashes that expired", keyspace::expiredFields);
            ratio("expired_stale_perc", "Not estimated: expiry walks every key that has one", () -> 0);
            fixed("expired_time_cap_reached_count", 0, "expiry works in slices of fixed size");
            fixed("expire_cycle_cpu_milliseconds", 0, "not measured apart");
            fixed("evicted_keys", 0, "there is no eviction yet");
            number("evicted_clients", "Clients closed because all took too much", clients::evictions);
            fixed("total_eviction_exceeded_time", 0, "there is no eviction yet");
            fixed("current_eviction_exceeded_time", 0, "there is no eviction yet");
            number("keyspace_hits", "Look-ups that found a key", keyspace::hits);
            number("keyspace_misses", "Look-ups that found none", keyspace::misses);
            number("pubsub_channels", "Channels that somebody listens to", pubSub.channels());
            number("pubsub_patterns", "Patterns that somebody listens to", pubSub.patterns());
            number("pubsubshard_channels", "Shard channels that somebody listens to", pubSub.shardChannels());
            number(
                    "latest_fork_usec",
                    "How long everybody waited for the last snapshot to begin; nothing is forked",
                    snapshots::lastMomentMicros);
            number(
                    "total_forks",
                    "Snapshots in the background, for which Redis would have forked",
                    snapshots::backgroundCount);
            number("migrate_cached_sockets", "Connections that MIGRATE keeps", replication.migrateSockets());
            number(
                    "slave_expires_tracked_keys",
                    "Keys to which a replica's own clients gave an expiry",
                    keyspace::ownExpiryCount);
            fixed("active_defrag_hits", 0, "arenas are not defragmented");
            fixed("active_defrag_misses", 0, "arenas are not defragmented");
            fixed("active_defrag_key_hits", 0, "arenas are not defragmented");
            fixed("active_defrag_key_misses", 0, "arenas are not defragmented");
            fixed("total_active_defrag_time", 0, "arenas are not defragmented");
            fixed("current_active_defrag_time", 0, "arenas are not defragmented");
            fixed("tracking_total_keys", 0, "tracking does not exist yet");
            fixed("tracking_total_items", 0, "tracking does not exist yet");
            fixed("tracking_total_prefixes", 0, "tracking does not exist yet");
            fixed("unexpected_error_replies", 0, "a master's command that fails ends the link");
            number("total_error_replies", "Errors answered", errors::total);
            fixed("dump_payload_sanitizations", 0, "every payload is checked");
            number("total_reads_processed", "Reads", sum(loops, EventLoop::reads));
            number("total_writes_processed", "Writes", sum(loops, EventLoop::writes));
            fixed("io_threaded_reads_processed", 0, "each loop reads for itself");
            fixed("io_threaded_writes_processed", 0, "each loop writes for itself");
            fixed("reply_buffer_shrinks", 0, "replies share one buffer for each loop");
            fixed("reply_buffer_expands", 0, "replies share one buffer for each loop");
            number("client_query_buffer_limit_disconnections", "Clients closed", net::queryLimitDisconnections);
            number("client_output_buffer_limit_disconnections", "Clients closed", net::outputLimitDisconnections);
            for (var denial : denials.entrySet()) {
                number("acl_access_denied_" + denial.getKey(), "Denials by the gate", denial.getValue());
            }
        }
    }

    /** A section whose fields someone else lists, such as Replication and Security. */
    public static final class Listed extends InfoSection {
        public Listed(String title, Supplier<List<Map.Entry<String, String>>> fields) {
            super(title);
            many(sink -> {
                for (var field : fields.get()) {
                    sink.field(field.getKey(), field.getValue());
                }
            });
        }
    }

    /** The section CPU. */
    public static final class Cpu extends InfoSection {
        public Cpu() {
            super("CPU");
            many(sink -> {
                var cpu = ProcessFigures.cpu();
                sink.field("used_cpu_sys", decimals(cpu.system(), 6));
                sink.field("used_cpu_user", decimals(cpu.user(), 6));
                sink.field("used_cpu_sys_children", decimals(cpu.childSystem(), 6));
                sink.field("used_cpu_user_children", decimals(cpu.childUser(), 6));
                sink.field("used_cpu_sys_main_thread", decimals(cpu.system(), 6));
                sink.field("used_cpu_user_main_thread", decimals(cpu.user(), 6));
            });
        }
    }

    /** The section Commandstats. */
    public static final class CommandStatistics extends InfoSection {
        public CommandStatistics(Supplier<CommandTable> table) {
            super("Commandstats");
            many(sink -> {
                for (CommandSpec spec : table.get().declared()) {
                    var stats = spec.stats();
                    long calls = stats.calls();
                    if (calls + stats.rejectedCalls() + stats.failedCalls() == 0) {
                        continue;
                    }
                    double each = calls == 0 ? 0 : stats.micros() / (double) calls;
                    sink.field(
                            "cmdstat_" + spec.fullName(),
                            "calls=" + calls + ",usec=" + stats.micros()
                                    + ",usec_per_call=" + decimals(each, 2) + ",rejected_calls=" + stats.rejectedCalls()
                                    + ",failed_calls=" + stats.failedCalls());
                }
            });
        }

        @Override
        public boolean isDefault() {
            return false;
        }
    }

    /** The section Errorstats. */
    public static final class Errors extends InfoSection {
        public Errors(ErrorStats errors) {
            super("Errorstats");
            many(sink -> errors.counts().forEach((code, count) -> sink.field("errorstat_" + code, "count=" + count)));
        }
    }

    /** The section Latencystats. */
    public static final class Latencies extends InfoSection {
        public Latencies(Supplier<CommandTable> table, Config config) {
            super("Latencystats");
            many(sink -> {
                if (!config.observe.latencyTracking.value()) {
                    return;
                }
                for (CommandSpec spec : table.get().declared()) {
                    var histogram = spec.stats().latency();
                    if (histogram.count() == 0) {
                        continue;
                    }
                    var line = new StringBuilder();
                    for (double percentile : config.observe.latencyTrackingInfoPercentiles.value()) {
                        line.append(line.isEmpty() ? "p" : ",p")
                                .append(shortest(percentile))
                                .append('=')
                                .append(decimals(histogram.percentileMicros(percentile), 3));
                    }
                    sink.field("latency_percentiles_usec_" + spec.fullName(), line.toString());
                }
            });
        }

        private static String shortest(double percentile) {
            return percentile == Math.rint(percentile) ? Long.toString((long) percentile) : Double.toString(percentile);
        }

        @Override
        public boolean isDefault() {
            return false;
        }
    }

    /** The section Modules, which is empty. */
    public static final class Modules extends InfoSection {
        public Modules() {
            super("Modules");
        }
    }

    /** The section Cluster. */
    public static final class Cluster extends InfoSection {
        public Cluster() {
            super("Cluster");
            fixed("cluster_enabled", 0, "there is no cluster");
        }
    }

    /** The section Keyspace. */
    public static final class Databases extends InfoSection {
        public Databases(Keyspace keyspace) {
            super("Keyspace");
            many(sink -> {
                for (int i = 0; i < keyspace.databaseCount(); i++) {
                    long keys = keyspace.size(i);
                    if (keys > 0) {
                        long expiring = keyspace.fieldExpiryCount(i);
                        sink.field(
                                "db" + i,
                                "keys=" + keys + ",expires=" + keyspace.expiryCount(i) + ",avg_ttl="
                                        + keyspace.averageTtlMillis(i)
                                        + (expiring > 0 ? ",subexpiry=" + expiring : ""));
                    }
                }
            });
        }
    }
}
