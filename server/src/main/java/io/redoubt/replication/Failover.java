package io.redoubt.replication;

import io.redoubt.command.ServerState;
import org.jspecify.annotations.Nullable;

/**
 * FAILOVER: the roles of this master and one of its replicas are exchanged without losing a write. Clients that write are
 * paused; when the replica has everything, we become its replica and ask it, in PSYNC, to be the master.
 */
final class Failover {
    /** How far it has come; the word is that of INFO. */
    enum State {
        NONE("no-failover"),
        WAITING_FOR_SYNC("waiting-for-sync"),
        IN_PROGRESS("failover-in-progress");

        final String word;

        State(String word) {
            this.word = word;
        }
    }

    /**
     * What was asked for.
     *
     * @param host of the replica that is to be the master; null for any
     * @param endMillis when to give up, or to go on without waiting; 0 for never
     */
    record Request(@Nullable String host, int port, long endMillis, boolean isForced) {}

    private final Replication replication;
    private volatile State state = State.NONE;
    private volatile Request request = new Request(null, 0, 0, false);

    Failover(Replication replication) {
        this.replication = replication;
    }

    State state() {
        return state;
    }

    boolean isRunning() {
        return state != State.NONE;
    }

    /** Pauses who writes and begins to wait. Exclusive mode. */
    void start(Request wanted) {
        request = wanted;
        replication.askForAcks(); // Before the pause, behind which the stream stands still.
        replication.state().pause(ServerState.Pause.FAILOVER, Long.MAX_VALUE, false);
        state = State.WAITING_FOR_SYNC;
        log(wanted.host == null ? "FAILOVER requested." : "FAILOVER requested to " + target(wanted) + ".");
    }

    private static String target(Request request) {
        return request.host + ":" + request.port;
    }

    /** Goes on when the replica has everything, or the time is over. Some times a second, outside the keyspace. */
    void tick(long nowMillis) {
        if (state != State.WAITING_FOR_SYNC) {
            return;
        }
        var wanted = request;
        String host = wanted.host;
        if (wanted.endMillis != 0 && nowMillis >= wanted.endMillis) {
            if (wanted.isForced && host != null) {
                log("Failover to " + target(wanted) + " time out exceeded, failing over.");
                begin(host, wanted.port);
            } else {
                abort("Replica never caught up before timeout");
            }
            return;
        }
        for (var replica : replication.replicas()) {
            boolean fits = host == null || isAt(replica, host, wanted.port);
            if (fits && replica.state == Replica.State.ONLINE && replica.ackOffset == replication.offset()) {
                log("Failover target is " + replica.name() + ". It is synced, failing over.");
                begin(replica.ip(), replica.listeningPort);
                return;
            }
        }
    }

    static boolean isAt(Replica replica, String host, int port) {
        return replica.listeningPort == port && replica.ip().equalsIgnoreCase(host);
    }

    private void begin(String host, int port) {
        var mode = replication.keyspace().mode();
        mode.enterExclusive();
        try {
            if (state != State.WAITING_FOR_SYNC) {
                return; // Aborted meanwhile.
            }
            state = State.IN_PROGRESS;
            request = new Request(host, port, request.endMillis, request.isForced);
            replication.replicaOf(host, port);
        } finally {
            mode.leaveExclusive();
        }
    }

    /** The other one has taken the role of the master. */
    void succeeded() {
        if (state == State.IN_PROGRESS) {
            end();
        }
    }

    /** Stays what it was. From a thread that is not inside the keyspace in shared mode. */
    void abort(String why) {
        var mode = replication.keyspace().mode();
        mode.enterExclusive();
        try {
            if (state == State.NONE) {
                return;
            }
            log("Aborting failover " + (request.host == null ? "" : "to " + target(request) + " ") + "while " + why);
            if (state == State.IN_PROGRESS) {
                replication.becomeMaster();
            }
            end();
        } finally {
            mode.leaveExclusive();
        }
    }

    private void end() {
        state = State.NONE;
        replication.state().unpause(ServerState.Pause.FAILOVER);
    }

    private void log(String line) {
        replication.log().line(false, line);
    }
}
