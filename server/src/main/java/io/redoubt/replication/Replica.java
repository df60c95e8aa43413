package io.redoubt.replication;

import io.redoubt.command.Session;
import io.redoubt.log.EffectStream;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A replica of ours as its master knows it: what it told by REPLCONF, and how far it has come. */
final class Replica {
    /** How far the synchronization has come; the word is that of INFO. */
    enum State {
        /** Has told something by REPLCONF, but asked for nothing yet. */
        GREETING("handshake"),
        WAITING("wait_bgsave"),
        SENDING("send_bulk"),
        ONLINE("online");

        final String word;

        State(String word) {
            this.word = word;
        }
    }

    final Session session;
    volatile int listeningPort;
    volatile String announcedIp = "";
    volatile boolean understandsEof;
    volatile boolean understandsPsync2;
    volatile boolean wantsSnapshotOnly;
    volatile boolean wantsNoData;
    volatile boolean wantsNoLibraries;
    /** Came by SYNC: sends no ACKs, and cannot be timed out by them. */
    volatile boolean isLegacy;

    volatile State state = State.GREETING;
    volatile long waitingSinceMillis;
    volatile long ackOffset;
    volatile long ackMillis;
    /** Up to where the stream is on its disk. */
    volatile long durableOffset = -1;

    volatile boolean isGone;
    volatile boolean isInTransfer;
    /** The first byte behind the snapshot; held from its moment on, so that the backlog's end does not overtake it. */
    volatile EffectStream.@Nullable Reader reader;

    /** Orders what the transfer, the clock and the first ACK push. Taken before the connection's own lock. */
    final ReentrantLock sendLock = new ReentrantLock();

    /** Knows to which history and offset its snapshot belongs. */
    boolean isGreeted;

    boolean isHeaderSent;
    /** The end mark is sent, and the stream waits for the first ACK. */
    boolean awaitsAck;

    Replica(Session session) {
        this.session = session;
    }

    /** Returns what is known of a session as a replica, from now on something. */
    static Replica of(Session session) {
        if (session.attachment() instanceof Replica known) {
            return known;
        }
        var replica = new Replica(session);
        session.setAttachment(replica);
        return replica;
    }

    /** The address to show: what it announced, or the one that it comes from. */
    String ip() {
        if (!announcedIp.isEmpty()) {
            return announcedIp;
        }
        String remote = session.link().remoteAddress();
        int colon = remote.lastIndexOf(':');
        String host = colon < 0 ? remote : remote.substring(0, colon);
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    /** Address and port for logs. */
    String name() {
        return ip() + ":" + (listeningPort == 0 ? "<unknown-replica-port>" : Integer.toString(listeningPort));
    }

    long lagSeconds(long nowMillis) {
        return state == State.ONLINE ? Math.max(0, nowMillis - ackMillis) / 1000 : 0;
    }
}
