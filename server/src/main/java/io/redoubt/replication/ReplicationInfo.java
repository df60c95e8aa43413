package io.redoubt.replication;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The fields of INFO replication, in the order of Redis. */
final class ReplicationInfo {
    private final Replication replication;
    private final ReplicationSettings settings;
    private final List<Map.Entry<String, String>> fields = new ArrayList<>();

    ReplicationInfo(Replication replication, ReplicationSettings settings) {
        this.replication = replication;
        this.settings = settings;
    }

    List<Map.Entry<String, String>> fields(long nowMillis) {
        var link = replication.master();
        add("role", link == null ? "master" : "slave");
        if (link != null) {
            ofReplica(link, nowMillis);
        }
        ofMaster(nowMillis);
        var stream = replication.stream();
        boolean isActive = stream.isActive();
        add("master_failover_state", replication.failover().state().word);
        add("master_replid", replication.id());
        add("master_replid2", replication.previousId());
        add("master_repl_offset", stream.offset());
        add("second_repl_offset", replication.previousIdEnd());
        add("repl_backlog_active", isActive ? 1 : 0);
        add("repl_backlog_size", replication.backlogSize());
        add("repl_backlog_first_byte_offset", isActive ? stream.backlogStart() : 0);
        add("repl_backlog_histlen", stream.backlogLength());
        return fields;
    }

    private void ofReplica(MasterLink link, long nowMillis) {
        boolean isUp = link.state() == MasterLink.State.CONNECTED;
        boolean isSyncing = link.state() == MasterLink.State.SYNC;
        add("master_host", link.host());
        add("master_port", link.port());
        add("master_link_status", isUp ? "up" : "down");
        add("master_last_io_seconds_ago", isUp ? Math.max(0, nowMillis - link.lastInputMillis()) / 1000 : -1);
        add("master_sync_in_progress", isSyncing ? 1 : 0);
        add("slave_read_repl_offset", Math.max(link.readOffset(), replication.offset()));
        add("slave_repl_offset", replication.offset());
        if (isSyncing) {
            long total = link.syncBytesTotal();
            long read = link.syncBytesRead();
            add("master_sync_total_bytes", total);
            add("master_sync_read_bytes", read);
            add("master_sync_left_bytes", total - read);
            add("master_sync_perc", String.format(Locale.ROOT, "%.2f", total > 0 ? 100.0 * read / total : 0));
            add("master_sync_last_io_seconds_ago", Math.max(0, nowMillis - link.lastInputMillis()) / 1000);
        }
        if (!isUp) {
            long since = link.downSinceMillis();
            add("master_link_down_since_seconds", since == 0 ? -1 : Math.max(0, nowMillis - since) / 1000);
        }
        add("slave_priority", settings.priority);
        add("slave_read_only", settings.readOnly ? 1 : 0);
        add("replica_announced", settings.announced ? 1 : 0);
    }

    private void ofMaster(long nowMillis) {
        var replicas = replication.replicas();
        add("connected_slaves", replicas.size());
        if (settings.minReplicasToWrite > 0 && settings.minReplicasMaxLagSeconds > 0) {
            add("min_slaves_good_slaves", replication.goodReplicaCount(nowMillis));
        }
        int index = 0;
        for (var replica : replicas) {
            add(
                    "slave" + index++,
                    "ip=" + replica.ip() + ",port=" + replica.listeningPort + ",state=" + replica.state.word
                            + ",offset=" + replica.ackOffset + ",lag=" + replica.lagSeconds(nowMillis));
        }
    }

    private void add(String name, long value) {
        add(name, Long.toString(value));
    }

    private void add(String name, String value) {
        fields.add(Map.entry(name, value));
    }
}
