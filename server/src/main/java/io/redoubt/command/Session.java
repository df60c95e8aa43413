package io.redoubt.command;

import io.redoubt.resp.Reply;
import io.redoubt.store.Keyspace;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client as commands see it: who it is, its database, its protocol, what it has asked for. Lives on one loop; fields
 * that others show (CLIENT LIST) may be read a little late.
 */
public final class Session {
    /** About what a connection, its session and its parser take without their buffers. */
    public static final int OWN_BYTES = 2048;

    /** The connection below, which alone knows channels. */
    public interface Link {
        /** Address of the peer, {@code ip:port}, or {@code path:0} for a unix socket. */
        String remoteAddress();

        String localAddress();

        /** Whether the peer is on this machine: loopback or a unix socket. */
        boolean isLocal();

        boolean isUnixSocket();

        /** Closes once all replies written so far are sent. From any thread. */
        void closeAfterReplies();

        /** Closes at once. From any thread. */
        void close();

        /**
         * Stops running requests of this connection until {@link #resume}. Called by the dispatcher on the
         * connection's loop; what is read meanwhile waits.
         */
        void suspend();

        /** Runs an action on the connection's loop, which may write a late reply, and goes on. From any thread. */
        void resume(Consumer<Reply> lateReply);

        /**
         * Runs an action on the connection's loop at a time, unless {@link #resume} or {@link #close} come before. One
         * at a time; a second takes the place of the first. On the connection's loop.
         */
        default void callAt(long unixMillis, Runnable action) {
            throw new IllegalStateException("nothing here waits");
        }

        /** Gives a message that is no reply to a request (push, stream) to the connection. From any thread. */
        void push(byte[] bytes);

        /**
         * Gives a message to the connection as {@link #push} does, but sends it only when the loop has done what it is
         * doing, in one write with all others of that time. On the connection's loop only.
         *
         * @param bytes is kept, and may be shared with other connections
         */
        default void enqueue(byte[] bytes) {
            push(bytes);
        }

        /**
         * From now on sends the replication stream from a reader, behind what was pushed before; null ends that. From
         * any thread.
         */
        void follow(io.redoubt.log.EffectStream.@Nullable Reader reader);

        /** Sends what the followed stream has, as far as the socket takes it. From any thread. */
        void pumpStream();

        /** Lets the operating system wait for more before it sends little: fewer packets, later. */
        default void joinSmallPackets() {
            throw new IllegalStateException("nothing is sent here");
        }

        /** Bytes of the query that wait to be parsed. */
        int queryBufferLength();

        int queryBufferCapacity();

        /** Bytes of replies that wait to be sent. */
        long outputBytes();

        /** Bytes of this connection: its buffers and what every connection takes. */
        default long memoryBytes() {
            return OWN_BYTES + Math.max(queryBufferCapacity(), queryBufferLength()) + outputBytes();
        }

        /** Descriptor number or another small number that names the socket. */
        int descriptor();
    }

    /** CLIENT REPLY. */
    public enum ReplyMode {
        ON,
        OFF,
        /** The next command's reply is left out. */
        SKIP_NEXT,
        /** This command's reply is left out. */
        SKIP
    }

    private final long id;
    private final Link link;
    private final long createdMillis;
    private volatile long lastUseMillis;
    private volatile @Nullable Principal user;
    private volatile int database;
    private volatile int protocol = 2;
    private volatile byte[] name = {};
    private volatile String libraryName = "";
    private volatile String libraryVersion = "";
    private volatile @Nullable CommandSpec lastCommand;
    private ReplyMode replyMode = ReplyMode.ON;
    private volatile boolean noEvict;
    private volatile boolean noTouch;
    private volatile boolean isReplica;
    private volatile boolean isMaster;
    private volatile boolean isMonitor;
    private volatile boolean isClosing;
    private volatile @Nullable Subscriptions subscriptions;
    private long aclGeneration = -1;
    private volatile Object credential = "";
    private volatile @Nullable Object attachment;
    private volatile long commandCount;
    private volatile @Nullable Transaction transaction;
    private volatile @Nullable ClientWait waiter;
    /** Up to where the replication stream holds what this client has done or may have seen. On its loop. */
    private long streamOffset;
    /** The same of the append-only file. */
    private long fileOffset;

    private volatile boolean isPostponed;
    private @Nullable Object continuation;

    public Session(long id, Link link, long nowMillis) {
        this.id = id;
        this.link = link;
        createdMillis = nowMillis;
        lastUseMillis = nowMillis;
    }

    public long id() {
        return id;
    }

    public Link link() {
        return link;
    }

    /** Keeps what the first run of a request leaves for its second ({@link Call#suspendToRunAgain}). On the loop. */
    public void setContinuation(Object left) {
        continuation = left;
    }

    /** Returns what the first run of a request has left, once; null in a first run. On the connection's loop. */
    public @Nullable Object takeContinuation() {
        Object left = continuation;
        continuation = null;
        return left;
    }

    public long createdMillis() {
        return createdMillis;
    }

    public long lastUseMillis() {
        return lastUseMillis;
    }

    public void used(long nowMillis) {
        lastUseMillis = nowMillis;
    }

    /** The user, or null while not authenticated. */
    public @Nullable Principal user() {
        return user;
    }

    /** Becomes a user, or nobody. Only the access package calls this. */
    public void setUser(@Nullable Principal newUser) {
        user = newUser;
    }

    /** What the session logged in with, so that it can be ended when that is revoked; opaque but to access. */
    public Object credential() {
        return credential;
    }

    public void setCredential(Object newCredential) {
        credential = newCredential;
    }

    public boolean isAuthenticated() {
        return user != null || isMaster;
    }

    public long aclGeneration() {
        return aclGeneration;
    }

    public void setAclGeneration(long generation) {
        aclGeneration = generation;
    }

    public int database() {
        return database;
    }

    public void select(int newDatabase) {
        database = newDatabase;
    }

    public int protocol() {
        return protocol;
    }

    public void setProtocol(int version) {
        protocol = version;
    }

    public byte[] name() {
        return name;
    }

    public void setName(byte[] newName) {
        name = newName;
    }

    public String libraryName() {
        return libraryName;
    }

    public void setLibraryName(String newName) {
        libraryName = newName;
    }

    public String libraryVersion() {
        return libraryVersion;
    }

    public void setLibraryVersion(String version) {
        libraryVersion = version;
    }

    public @Nullable CommandSpec lastCommand() {
        return lastCommand;
    }

    void setLastCommand(CommandSpec spec) {
        lastCommand = spec;
        long count = commandCount;
        commandCount = count + 1;
    }

    public long commandCount() {
        return commandCount;
    }

    public ReplyMode replyMode() {
        return replyMode;
    }

    public void setReplyMode(ReplyMode mode) {
        replyMode = mode;
    }

    public boolean isNoEvict() {
        return noEvict;
    }

    public void setNoEvict(boolean on) {
        noEvict = on;
    }

    public boolean isNoTouch() {
        return noTouch;
    }

    public void setNoTouch(boolean on) {
        noTouch = on;
    }

    /** Whether this is the link of a replica of ours (it has sent PSYNC or SYNC). */
    public boolean isReplica() {
        return isReplica;
    }

    public void setReplica(boolean on) {
        isReplica = on;
    }

    /** Whether this is the link to our master: its commands pass the gate without a user. */
    public boolean isMaster() {
        return isMaster;
    }

    public void setMaster(boolean on) {
        isMaster = on;
    }

    /** Whether it has asked to see all commands (MONITOR); RESET ends that. */
    public boolean isMonitor() {
        return isMonitor;
    }

    public void setMonitor(boolean on) {
        isMonitor = on;
    }

    /** What it has subscribed to; null when it is no subscriber. */
    public @Nullable Subscriptions subscriptions() {
        return subscriptions;
    }

    /** Becomes a subscriber, or, with null, ceases to be one. */
    public void setSubscriptions(@Nullable Subscriptions current) {
        subscriptions = current;
    }

    /** Whether only commands about subscriptions are allowed: RESP2 cannot tell messages from other replies. */
    public boolean isInSubscribedMode() {
        return subscriptions != null && protocol == 2;
    }

    public boolean isClosing() {
        return isClosing;
    }

    /** No request after this one runs. */
    public void setClosing() {
        isClosing = true;
    }

    /** What a subsystem keeps with this client (a replica's state); one at a time. */
    public @Nullable Object attachment() {
        return attachment;
    }

    public void setAttachment(@Nullable Object object) {
        attachment = object;
    }

    /** Ends what lives longer than a request: the client is gone. */
    public void gone() {
        endTransaction();
        var own = waiter;
        if (own != null) {
            own.gone();
        }
    }

    /** What this client waits for; null while it does not. */
    public @Nullable ClientWait waiter() {
        return waiter;
    }

    public void setWaiter(@Nullable ClientWait newWaiter) {
        waiter = newWaiter;
    }

    /** Offset of the replication stream behind this client's last command. */
    public long streamOffset() {
        return streamOffset;
    }

    /** Offset of the append-only file's stream behind this client's last command. */
    public long fileOffset() {
        return fileOffset;
    }

    void sawStreams(Keyspace keyspace) {
        var stream = keyspace.stream();
        if (stream.isActive()) {
            streamOffset = stream.offset();
        }
        fileOffset = keyspace.aof().offset(); // It stands still while there is no file.
    }

    /** Its request waits until clients are no longer paused. */
    public void setPostponed(boolean on) {
        isPostponed = on;
    }

    /** Whether it waits for keys or replicas, or for the end of a pause. */
    public boolean isBlocked() {
        return isPostponed || waiter != null;
    }

    /** Whether MULTI has been sent, and EXEC or DISCARD has not; also while EXEC runs. */
    public boolean isInTransaction() {
        var own = transaction;
        return own != null && own.isOpen();
    }

    /** What MULTI or WATCH have begun; null if neither was ever sent. */
    @Nullable
    Transaction transaction() {
        return transaction;
    }

    Transaction transaction(Keyspace keyspace) {
        var own = transaction;
        if (own == null) {
            own = new Transaction(keyspace);
            transaction = own;
        }
        return own;
    }

    /** Forgets queued requests and watched keys. On the connection's loop. */
    public void endTransaction() {
        var own = transaction;
        if (own != null) {
            own.end();
        }
    }

    /** Bytes of requests that are queued. */
    public int queuedBytes() {
        var own = transaction;
        return own == null ? 0 : own.queue().byteCount();
    }

    /** Back to what a new connection is, except for its user: RESET. */
    public void reset() {
        var subscribed = subscriptions;
        if (subscribed != null) {
            subscribed.endAll();
        }
        endTransaction();
        database = 0;
        protocol = 2;
        name = new byte[0];
        replyMode = ReplyMode.ON;
        noEvict = false;
        noTouch = false;
        isMonitor = false;
    }
}
