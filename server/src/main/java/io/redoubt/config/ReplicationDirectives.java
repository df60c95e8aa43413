package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;
import static io.redoubt.config.Mutability.AT_START;

/** Masters and replicas. */
public final class ReplicationDirectives extends DirectiveGroup {
    public final Directive<String> masterauth =
            text("masterauth", "").changes(AT_RUNTIME).secret().meaning("Password a replica uses towards its master.");

    public final Directive<String> masteruser =
            text("masteruser", "").changes(AT_RUNTIME).meaning("User name a replica uses towards its master.");

    public final Directive<Long> minReplicasMaxLag = integer("min-replicas-max-lag", 10L, 0L, 2147483647L)
            .alias("min-slaves-max-lag")
            .changes(AT_RUNTIME)
            .meaning("Seconds since last ACK for a replica to count as good; 0 = feature off.");

    public final Directive<Long> minReplicasToWrite = integer("min-replicas-to-write", 0L, 0L, 2147483647L)
            .alias("min-slaves-to-write")
            .changes(AT_RUNTIME)
            .meaning("Good replicas needed to accept writes; 0 = off.");

    public final Directive<Long> replBacklogSize = bytes("repl-backlog-size", 1048576L, 1L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Replication backlog size.");

    public final Directive<Long> replBacklogTtl = integer("repl-backlog-ttl", 3600L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Seconds without replicas before backlog is freed; 0 = never.");

    public final Directive<Boolean> replDisableTcpNodelay = bool("repl-disable-tcp-nodelay", false)
            .changes(AT_RUNTIME)
            .meaning("Disable TCP_NODELAY towards replicas that connect from then on: fewer packets, later.");

    public final Directive<String> replDisklessLoad = choice(
                    "repl-diskless-load", "disabled", "disabled", "on-empty-db", "swapdb")
            .changes(AT_RUNTIME)
            .fixedWhileLoading()
            .meaning("How replica loads a socket-streamed RDB.");

    public final Directive<Boolean> replDisklessSync =
            bool("repl-diskless-sync", true).changes(AT_RUNTIME).meaning("Master streams RDB to sockets.");

    public final Directive<Long> replDisklessSyncDelay = integer("repl-diskless-sync-delay", 5L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Seconds to wait for more replicas.");

    public final Directive<Long> replDisklessSyncMaxReplicas = integer(
                    "repl-diskless-sync-max-replicas", 0L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Start at once when this many wait; 0 = undefined.");

    public final Directive<Long> replPingReplicaPeriod = integer("repl-ping-replica-period", 10L, 1L, 2147483647L)
            .alias("repl-ping-slave-period")
            .changes(AT_RUNTIME)
            .meaning("Seconds between PINGs a master puts in the stream.");

    public final Directive<Long> replTimeout = integer("repl-timeout", 60L, 1L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Replication link timeout seconds.");

    public final Directive<String> replicaAnnounceIp = text("replica-announce-ip", "")
            .alias("slave-announce-ip")
            .changes(AT_RUNTIME)
            .meaning("Address told to master and shown in INFO/ROLE.");

    public final Directive<Long> replicaAnnouncePort = integer("replica-announce-port", 0L, 0L, 65535L)
            .alias("slave-announce-port")
            .changes(AT_RUNTIME)
            .meaning("Port told to master.");

    public final Directive<Boolean> replicaAnnounced =
            bool("replica-announced", true).changes(AT_RUNTIME).meaning("Whether the replica is listed by Sentinel.");

    public final Directive<Boolean> replicaIgnoreDiskWriteErrors = bool("replica-ignore-disk-write-errors", false)
            .changes(AT_RUNTIME)
            .meaning("Replica keeps applying although it cannot write to disk (else the server ends).");

    public final Directive<Boolean> replicaIgnoreMaxmemory = bool("replica-ignore-maxmemory", true)
            .alias("slave-ignore-maxmemory")
            .changes(AT_RUNTIME)
            .meaning("Replica does not evict by itself.");

    public final Directive<Boolean> replicaLazyFlush = bool("replica-lazy-flush", false)
            .alias("slave-lazy-flush")
            .changes(AT_RUNTIME)
            .meaning("Flush asynchronously before loading full sync.");

    public final Directive<Long> replicaPriority = integer("replica-priority", 100L, 0L, 2147483647L)
            .alias("slave-priority")
            .changes(AT_RUNTIME)
            .meaning("Sentinel promotion priority; 0 = never.");

    public final Directive<Boolean> replicaReadOnly = bool("replica-read-only", true)
            .alias("slave-read-only")
            .changes(AT_RUNTIME)
            .meaning("Refuse client writes on replica.");

    public final Directive<Boolean> replicaServeStaleData = bool("replica-serve-stale-data", true)
            .alias("slave-serve-stale-data")
            .changes(AT_RUNTIME)
            .meaning("Answer while link is down / syncing; no -> MASTERDOWN.");

    public final Directive<MasterAddress> replicaof = special("replicaof", MasterAddress.NONE, Forms.MASTER)
            .alias("slaveof")
            .changes(AT_START)
            .meaning("\"host port\" of master, \"no one\" in REPLICAOF; set by REPLICAOF at run time.");

    public ReplicationDirectives() {
        super("Replication");
    }
}
