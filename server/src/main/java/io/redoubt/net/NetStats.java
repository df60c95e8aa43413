package io.redoubt.net;

import java.util.concurrent.atomic.AtomicLong;

/** Figures of connections for INFO. Those that every read touches are kept per loop. */
public final class NetStats {
    final AtomicLong connections = new AtomicLong();
    final AtomicLong rejected = new AtomicLong();
    final AtomicLong queryLimitDisconnections = new AtomicLong();
    final AtomicLong outputLimitDisconnections = new AtomicLong();
    /** Snapshots and the stream; what any thread may send. */
    final AtomicLong replicaBytesOut = new AtomicLong();

    public long connections() {
        return connections.get();
    }

    public long rejected() {
        return rejected.get();
    }

    public long queryLimitDisconnections() {
        return queryLimitDisconnections.get();
    }

    public long outputLimitDisconnections() {
        return outputLimitDisconnections.get();
    }

    /** Bytes sent to replicas, which are not among those of the loops. */
    public long replicaBytesOut() {
        return replicaBytesOut.get();
    }

    /** CONFIG RESETSTAT. */
    public void reset() {
        connections.set(0);
        rejected.set(0);
        queryLimitDisconnections.set(0);
        outputLimitDisconnections.set(0);
        replicaBytesOut.set(0);
    }
}
