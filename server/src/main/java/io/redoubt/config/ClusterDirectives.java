package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;
import static io.redoubt.config.Mutability.AT_START;

import org.jspecify.annotations.Nullable;

/** Cluster mode. */
public final class ClusterDirectives extends DirectiveGroup {
    public final Directive<Boolean> clusterAllowPubsubshardWhenDown = bool("cluster-allow-pubsubshard-when-down", true)
            .changes(AT_RUNTIME)
            .meaning("Serve shard pubsub while cluster is down.");

    public final Directive<Boolean> clusterAllowReadsWhenDown = bool("cluster-allow-reads-when-down", false)
            .changes(AT_RUNTIME)
            .meaning("Serve reads while cluster is down.");

    public final Directive<Boolean> clusterAllowReplicaMigration = bool("cluster-allow-replica-migration", true)
            .changes(AT_RUNTIME)
            .meaning("Allow replicas to migrate to orphaned masters.");

    public final Directive<Long> clusterAnnounceBusPort = integer("cluster-announce-bus-port", 0L, 0L, 65535L)
            .changes(AT_RUNTIME)
            .meaning("Announced cluster bus port.");

    public final Directive<String> clusterAnnounceHostname = text("cluster-announce-hostname", "")
            .changes(AT_RUNTIME)
            .check(ClusterDirectives::hostName)
            .meaning("Announced host name.");

    public final Directive<String> clusterAnnounceIp =
            text("cluster-announce-ip", "").changes(AT_RUNTIME).meaning("Announced ip.");

    public final Directive<Long> clusterAnnouncePort =
            integer("cluster-announce-port", 0L, 0L, 65535L).changes(AT_RUNTIME).meaning("Announced client port.");

    public final Directive<Long> clusterAnnounceTlsPort = integer("cluster-announce-tls-port", 0L, 0L, 65535L)
            .changes(AT_RUNTIME)
            .meaning("Announced TLS client port.");

    public final Directive<String> clusterConfigFile = text("cluster-config-file", "nodes.conf")
            .changes(AT_START)
            .meaning("File where the node saves cluster state.");

    public final Directive<Boolean> clusterEnabled =
            bool("cluster-enabled", false).changes(AT_START).meaning("Cluster mode. Refused: there is none yet.");

    public final Directive<Long> clusterLinkSendbufLimit = bytes("cluster-link-sendbuf-limit", 0L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Max send buffer of a cluster bus link; 0 = none.");

    public final Directive<Long> clusterMigrationBarrier = integer("cluster-migration-barrier", 1L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Replicas a master must keep before one may migrate.");

    public final Directive<Long> clusterNodeTimeout = integer("cluster-node-timeout", 15000L, 0L, Long.MAX_VALUE)
            .changes(AT_RUNTIME)
            .meaning("Ms before a node counts as failing.");

    public final Directive<Long> clusterPort =
            integer("cluster-port", 0L, 0L, 65535L).changes(AT_START).meaning("Bus port; 0 = client port + 10000.");

    public final Directive<String> clusterPreferredEndpointType = choice(
                    "cluster-preferred-endpoint-type", "ip", "ip", "hostname", "unknown-endpoint")
            .changes(AT_RUNTIME)
            .meaning("Which endpoint CLUSTER SLOTS and redirects show.");

    public final Directive<Boolean> clusterReplicaNoFailover = bool("cluster-replica-no-failover", false)
            .alias("cluster-slave-no-failover")
            .changes(AT_RUNTIME)
            .meaning("Replica never starts automatic failover.");

    public final Directive<Long> clusterReplicaValidityFactor = integer(
                    "cluster-replica-validity-factor", 10L, 0L, 2147483647L)
            .alias("cluster-slave-validity-factor")
            .changes(AT_RUNTIME)
            .meaning("Max data age factor for failover.");

    public final Directive<Boolean> clusterRequireFullCoverage = bool("cluster-require-full-coverage", true)
            .changes(AT_RUNTIME)
            .meaning("Stop serving when any slot is uncovered.");

    public ClusterDirectives() {
        super("Cluster");
    }

    private static @Nullable String hostName(String value) {
        if (value.length() >= 256) {
            return "Hostnames must be less than 256 characters";
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            boolean isFine =
                    c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.';
            if (!isFine) {
                return "Hostnames may only contain alphanumeric characters, hyphens or dots";
            }
        }
        return null;
    }
}
