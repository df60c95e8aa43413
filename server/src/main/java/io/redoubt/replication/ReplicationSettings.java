package io.redoubt.replication;

import java.nio.file.Path;

/** Settings of replication that can change while the server runs. Whoever reads the configuration writes them. */
public final class ReplicationSettings {
    /** Password towards the master; empty for none. Never shown in a log. */
    public volatile String masterAuth = "";

    /** User name towards the master; empty for the default user. */
    public volatile String masterUser = "";

    public volatile boolean readOnly = true;
    public volatile boolean serveStaleData = true;
    /** Whether a replica goes on when its own disk fails. */
    public volatile boolean ignoresDiskErrors;

    public volatile int timeoutSeconds = 60;
    public volatile int pingPeriodSeconds = 10;
    public volatile long backlogSize = 1 << 20;
    /** After so many seconds without replicas a master lets the backlog go; 0 for never. */
    public volatile long backlogTtlSeconds = 3600;

    /** Whether packets to replicas may be joined, and come a little later. */
    public volatile boolean joinsSmallPackets;

    public volatile boolean diskless = true;
    public volatile int disklessDelaySeconds = 5;
    /** When so many replicas wait, the delay is cut short; 0 for never. */
    public volatile int disklessMaxReplicas;

    /** When a snapshot is loaded as it comes, without a file: `disabled`, `on-empty-db` or `swapdb`. */
    public volatile String disklessLoad = "disabled";

    /** Address told to the master; empty for the one it sees. */
    public volatile String announceIp = "";

    /** Port told to the master; 0 for {@link #ownPort}. */
    public volatile int announcePort;

    public volatile boolean announced = true;
    public volatile int priority = 100;
    public volatile int minReplicasToWrite;
    public volatile int minReplicasMaxLagSeconds = 10;
    public volatile int ownPort;
    /** Where snapshots on their way from or to a peer are kept. */
    public volatile Path directory = Path.of(".");

    public volatile boolean compresses = true;
    public volatile boolean hasChecksum = true;
    /** rdb-key-save-delay: tests slow a transfer down by it. */
    public volatile long keySaveDelayMicros;
}
