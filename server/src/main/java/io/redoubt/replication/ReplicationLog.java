package io.redoubt.replication;

/** Where lines about replication go. From any thread. */
@FunctionalInterface
public interface ReplicationLog {
    void line(boolean isWarning, String text);
}
