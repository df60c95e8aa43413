package io.redoubt;

import io.redoubt.config.Config;
import io.redoubt.config.Directive;
import io.redoubt.replication.ReplicationSettings;
import java.util.function.Consumer;

/** Keeps the settings of replication what the directives say. */
final class ReplicationFollower {
    private final Config config;
    private final ReplicationSettings settings;
    private final Runnable whenRulesChange;

    /** @param whenRulesChange told behind a change of what decides which commands run */
    ReplicationFollower(Config config, ReplicationSettings settings, Runnable whenRulesChange) {
        this.config = config;
        this.settings = settings;
        this.whenRulesChange = whenRulesChange;
    }

    void follow() {
        var directives = config.replication;
        follow(directives.masterauth, value -> settings.masterAuth = value);
        follow(directives.masteruser, value -> settings.masterUser = value);
        follow(directives.replicaReadOnly, value -> settings.readOnly = value);
        follow(directives.replicaServeStaleData, value -> settings.serveStaleData = value);
        follow(directives.replicaIgnoreDiskWriteErrors, value -> settings.ignoresDiskErrors = value);
        follow(directives.replTimeout, value -> settings.timeoutSeconds = toInt(value));
        follow(directives.replPingReplicaPeriod, value -> settings.pingPeriodSeconds = toInt(value));
        follow(directives.replBacklogSize, value -> settings.backlogSize = value);
        follow(directives.replBacklogTtl, value -> settings.backlogTtlSeconds = value);
        follow(directives.replDisableTcpNodelay, value -> settings.joinsSmallPackets = value);
        follow(directives.replDisklessSync, value -> settings.diskless = value);
        follow(directives.replDisklessSyncDelay, value -> settings.disklessDelaySeconds = toInt(value));
        follow(directives.replDisklessSyncMaxReplicas, value -> settings.disklessMaxReplicas = toInt(value));
        follow(directives.replDisklessLoad, value -> settings.disklessLoad = value);
        follow(directives.replicaAnnounceIp, value -> settings.announceIp = value);
        follow(directives.replicaAnnouncePort, value -> settings.announcePort = toInt(value));
        follow(directives.replicaAnnounced, value -> settings.announced = value);
        follow(directives.replicaPriority, value -> settings.priority = toInt(value));
        follow(directives.minReplicasToWrite, value -> settings.minReplicasToWrite = toInt(value));
        follow(directives.minReplicasMaxLag, value -> settings.minReplicasMaxLagSeconds = toInt(value));
        directives.replicaReadOnly.onChange(_ -> whenRulesChange.run());
        directives.replicaServeStaleData.onChange(_ -> whenRulesChange.run());
        directives.minReplicasToWrite.onChange(_ -> whenRulesChange.run());
        directives.minReplicasMaxLag.onChange(_ -> whenRulesChange.run());
        follow(config.persistence.rdbcompression, value -> settings.compresses = value);
        follow(config.persistence.rdbKeySaveDelay, value -> settings.keySaveDelayMicros = value);
        follow(config.persistence.rdbchecksum, value -> settings.hasChecksum = value);
        follow(config.persistence.dir, _ -> settings.directory = config.workingDirectory());
    }

    private static <T> void follow(Directive<T> directive, Consumer<T> listener) {
        listener.accept(directive.value());
        directive.onChange(listener);
    }

    private static int toInt(long value) {
        return (int) Math.min(value, Integer.MAX_VALUE);
    }
}
