package io.redoubt.net;

import io.redoubt.command.Session;
import org.jspecify.annotations.Nullable;

/** What connections ask of and tell to the rest of the server. Called on loops. */
public interface NetHooks {
    /** A new client; sets its user. Returns the error to answer before closing, or null to welcome it. */
    byte @Nullable [] connected(Session session);

    /** A client is gone. */
    void disconnected(Session session);

    /**
     * Before replies are sent: what was appended to the streams must be given to the disk and to the sockets of replicas
     * first.
     *
     * @return the offset of the append-only file that must be released before the replies may be sent; 0 for none
     */
    long beforeReplies();

    /** As {@link #beforeReplies}, for messages that are no replies; gives nothing to anybody. From any thread. */
    long dueOffset();

    /** What waits for this offset of the append-only file, or for one before, may be sent. From any thread. */
    long releasedOffset();

    /** Offset of the replication stream up to which it may be sent to replicas. From any thread. */
    long sendableStreamOffset();

    /** About {@code hz} times a second, on the first loop. */
    void tick(long nowMillis);

    /** Whether clients are paused, so that what was postponed goes on waiting. */
    boolean isPaused();

    /** Offset of the last byte of the replication stream. */
    long streamOffset();

    /** How far behind a replica may always be: the size of the backlog. */
    long backlogBytesMax();

    /** A failure that is a bug; the connection gets an internal error and closes. */
    void bug(Throwable thrown);

    /** A line for the log. */
    void log(boolean isWarning, String text);
}
