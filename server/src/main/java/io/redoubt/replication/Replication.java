package io.redoubt.replication;

import io.redoubt.command.CommandTable;
import io.redoubt.command.Dispatcher;
import io.redoubt.command.ServerState;
import io.redoubt.command.Session;
import io.redoubt.command.Sessions;
import io.redoubt.log.EffectStream;
import io.redoubt.persist.AppendOnlyFile;
import io.redoubt.persist.LoadingProgress;
import io.redoubt.persist.Snapshots;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceSnapshot;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The role of this server: a master with its replicas, or a replica of another. Ids and offsets name histories: two
 * servers with the same id have the same bytes up to the lower of their offsets.
 *
 * <p>Locks, outermost first: the keyspace's exclusive mode, {@link #lock}, the stream's. Nobody enters the keyspace or
 * calls a connection while holding {@link #lock}, because connections that close call us.
 */
public final class Replication {
    /** What {@link #replicaOf} did. */
    public enum Change {
        DONE,
        /** We are a replica of that master already. */
        SAME_MASTER
    }

    /** Told of each change of role, in exclusive mode. */
    @FunctionalInterface
    public interface RoleListener {
        /** @param host the master's; empty when this server is a master now */
        void roleChanged(String host, int port);
    }

    /** Told when a snapshot of a master takes the place of all data. In exclusive mode. */
    public interface Replacement {
        /** The old data goes. */
        void begins();

        /** The new data is there; or none, when that has failed. */
        void ended(boolean isGood);
    }

    static final String NO_ID = "0".repeat(40);
    private static final long BACKLOG_BYTES_MIN = 1 << 14;
    private static final long LOGGED_AGAIN_MILLIS = 10_000;
    private static final byte[] PING = "*1\r\n$4\r\nping\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NEWLINE = {'\n'};
    private static final Replica[] NOBODY = {};

    private final Keyspace keyspace;
    private final EffectStream stream;
    private final ServerState state;
    private final Snapshots snapshots;
    private final ReplicationSettings settings;
    private final ReplicationLog log;
    private final RandomGenerator random;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock; ids are read without it for INFO.
    private final List<Replica> replicas = new ArrayList<>();
    private volatile String id;
    private volatile String previousId = NO_ID;
    private volatile long previousIdEnd = -1;
    private volatile @Nullable MasterLink master;
    /** In which database a stream goes on that a file has told us of. */
    private int resumedDatabase;

    private @Nullable FullSync transfer;
    private long backlogIdleSinceMillis;
    private long lastPingMillis;
    private long nextNewlineMillis;
    private long backlogSizeSeen = -1;

    /** Replicas that follow the stream; replaced as a whole, read before every reply. */
    private volatile Replica[] followers = NOBODY;

    private volatile long pumpedOffset;
    private final AtomicLong fullSyncs = new AtomicLong();
    private final AtomicLong partialSyncs = new AtomicLong();
    private final AtomicLong refusedPartialSyncs = new AtomicLong();
    private final AtomicLong bytesFromMaster = new AtomicLong();

    private final AckWaits ackWaits = new AckWaits(this);
    private final Failover failover = new Failover(this);
    private RoleListener roleListener = (_, _) -> {};
    private @Nullable Replacement replacement;
    private Consumer<String> end = reason -> {
        throw new IllegalStateException(reason);
    };
    private long cannotKeepMillis;
    private @Nullable Dispatcher masterDispatcher;
    private @Nullable CommandTable table;
    private @Nullable AppendOnlyFile file;
    private LoadingProgress loadingProgress = new LoadingProgress(InstantSource.system());
    private Sessions sessions = new Sessions();

    public Replication(
            Keyspace keyspace,
            ServerState state,
            Snapshots snapshots,
            ReplicationSettings settings,
            RandomGenerator random,
            ReplicationLog log) {
        this.keyspace = keyspace;
        this.stream = keyspace.stream();
        this.state = state;
        this.snapshots = snapshots;
        this.settings = settings;
        this.random = random;
        id = newId();
        this.log = log;
    }

    /**
     * Says who runs what a master sends: the dispatcher of the index behind the last loop. Called once, before the
     * first {@link #replicaOf}; the table holds our own commands too, so it cannot come by constructor.
     *
     * @param ownFile tells what is on our disk
     * @param progress is told how far the loading of a snapshot is
     */
    public void connect(
            Dispatcher dispatcher,
            CommandTable commands,
            Sessions clients,
            AppendOnlyFile ownFile,
            LoadingProgress progress) {
        loadingProgress = progress;
        masterDispatcher = dispatcher;
        table = commands;
        sessions = clients;
        file = ownFile;
    }

    /** Says who is told of changes of the role; before the first one. */
    public void onRoleChange(RoleListener listener) {
        roleListener = listener;
    }

    /** Says who is told when a snapshot replaces all data; before the first one. */
    public void onReplacement(Replacement listener) {
        replacement = listener;
    }

    /** Says who ends the server when it cannot go on. */
    public void onFatal(Consumer<String> listener) {
        end = listener;
    }

    /** Our master changes data. While our disk fails that is the end, as in Redis, unless it is to be ignored. */
    void beforeWrite(long nowMillis) {
        if (!state.is(ServerState.SAVE_FAILED | ServerState.AOF_FAILED)) {
            return;
        }
        if (!settings.ignoresDiskErrors) {
            end.accept("Replica was unable to write command to disk.");
        }
        if (nowMillis - cannotKeepMillis > LOGGED_AGAIN_MILLIS) {
            cannotKeepMillis = nowMillis;
            log.line(true, "Replica is applying a command even though it is unable to write to disk.");
        }
    }

    void replacementBegins() {
        if (replacement != null) {
            replacement.begins();
        }
    }

    void replacementEnded(boolean isGood) {
        if (replacement != null) {
            replacement.ended(isGood);
        }
    }

    /** A name that no other history has. */
    String newId() {
        var bytes = new byte[20];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    // ---- The role ----

    public boolean isReplica() {
        return master != null;
    }

    @Nullable
    MasterLink master() {
        return master;
    }

    boolean isCurrent(MasterLink link) {
        return master == link;
    }

    /**
     * The data set was loaded from a file: it belongs to a history, in which our own replicas, or we with our master, may
     * go on where the file ends. In exclusive mode, before the first role.
     *
     * @param isReplica whether there is a master to go on with; else we begin a history of our own
     */
    public void resume(String oldId, long offset, int database, boolean isReplica) {
        lock.lock();
        try {
            stream.setBacklogSize(backlogSize());
            stream.activate();
            stream.restartAt(offset);
            resumedDatabase = database;
            backlogIdleSinceMillis = System.currentTimeMillis();
            if (isReplica) {
                id = oldId;
            } else {
                previousId = oldId;
                previousIdEnd = offset + 1;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Becomes a replica of a server. From a thread that is not inside the keyspace in shared mode. */
    public Change replicaOf(String host, int port) {
        var dispatcher = masterDispatcher;
        var commands = table;
        if (dispatcher == null || commands == null) {
            throw new IllegalStateException("not connected yet");
        }
        MasterLink old;
        MasterLink added;
        keyspace.mode().enterExclusive();
        lock.lock();
        try {
            old = master;
            if (old != null && old.leadsTo(host, port)) {
                log.line(false, "REPLICAOF names the master that this replica has already. Nothing was changed.");
                return Change.SAME_MASTER;
            }
            if (old == null) {
                log.line(
                        false,
                        "Before turning into a replica, keeping our own history: if the new master knows it, a"
                                + " partial resynchronization is enough.");
            }
            int database = old == null ? stream.selectedDatabase() : old.database();
            database = database < 0 ? resumedDatabase : database;
            added = new MasterLink(
                    this, host, port, new StreamApplier(this, dispatcher, commands, sessions.nextId(), database));
            master = added;
            stream.setCopy(true);
            keyspace.expiry().isReplica = true;
            roleListener.roleChanged(host, port);
            ackWaits.roleChanged();
        } finally {
            lock.unlock();
            keyspace.mode().leaveExclusive();
        }
        if (old != null) {
            old.stop();
        }
        // Our replicas stay: they are disconnected when our history turns out to be another.
        refreshState(System.currentTimeMillis());
        added.start();
        return Change.DONE;
    }

    /** Becomes a master, keeping the data. From a thread that is not inside the keyspace in shared mode. */
    public void becomeMaster() {
        MasterLink old;
        keyspace.mode().enterExclusive();
        lock.lock();
        try {
            old = master;
            if (old == null) {
                return;
            }
            master = null;
            previousId = id;
            previousIdEnd = stream.offset() + 1;
            id = newId();
            log.line(
                    true,
                    "Setting secondary replication ID to " + previousId + ", valid up to offset: " + previousIdEnd
                            + ". New replication ID is " + id);
            stream.setCopy(false);
            stream.forgetDatabase();
            keyspace.expiry().isReplica = false;
            backlogIdleSinceMillis = System.currentTimeMillis();
            roleListener.roleChanged("", 0);
        } finally {
            lock.unlock();
            disconnectReplicas(); // They learn the new id when they come back.
            keyspace.mode().leaveExclusive();
        }
        old.stop();
        refreshState(System.currentTimeMillis());
    }

    /** Ends the link to a master and every transfer; for the end of the server. */
    public void stop() {
        var link = master;
        if (link != null) {
            link.stop();
        }
        disconnectReplicas();
    }

    /** Our copy now is that of a master's history. Exclusive mode. */
    void adopt(String newId, long offset) {
        lock.lock();
        try {
            id = newId;
            previousId = NO_ID;
            previousIdEnd = -1;
            stream.activate();
            stream.restartAt(offset);
        } finally {
            lock.unlock();
        }
    }

    /** The master goes on where we are; it may call its history by another name now. Exclusive mode. */
    boolean continueWith(String masterId) {
        lock.lock();
        try {
            stream.setBacklogSize(backlogSize());
            stream.activate();
            if (id.equals(masterId)) {
                return false;
            }
            previousId = id;
            previousIdEnd = stream.offset() + 1;
            id = masterId;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Our data no longer belongs to any history that a master could continue. Exclusive mode. */
    void forgetHistory() {
        lock.lock();
        try {
            id = newId();
            previousId = NO_ID;
            previousIdEnd = -1;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes the links of all replicas, which from now on get nothing of the stream. In exclusive mode, if the stream goes
     * on in another history: what belongs to that may not reach them under the old name.
     */
    void disconnectReplicas() {
        List<Replica> all;
        lock.lock();
        try {
            all = List.copyOf(replicas);
            followers = NOBODY;
            for (var replica : all) {
                replica.reader = null;
            }
        } finally {
            lock.unlock();
        }
        for (var replica : all) {
            replica.session.link().follow(null);
            replica.session.link().close();
        }
    }

    // ---- Replicas of ours ----

    /** Whether a replica can be served now: a replica with a broken link has nothing to pass on. */
    boolean canServe() {
        var link = master;
        return link == null || link.state() == MasterLink.State.CONNECTED;
    }

    /**
     * Continues a replica where it is, if the backlog reaches back so far.
     *
     * @return the reader to follow, or null when a full resync is needed
     */
    EffectStream.@Nullable Reader tryPartial(Replica replica, String wantedId, long nextOffset, long nowMillis) {
        lock.lock();
        try {
            boolean isOurs = wantedId.equalsIgnoreCase(id);
            boolean wasOurs = wantedId.equalsIgnoreCase(previousId) && nextOffset <= previousIdEnd;
            if (!isOurs && !wasOurs) {
                if (!wantedId.equals("?")) {
                    refusedPartialSyncs.incrementAndGet();
                    log.line(
                            false,
                            "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '"
                                    + shown(wantedId) + "', my replication IDs are '" + id + "' and '" + previousId
                                    + "')");
                } else {
                    log.line(false, "Full resync requested by replica " + replica.name());
                }
                return null;
            }
            var reader = stream.readerAt(nextOffset);
            if (reader == null) {
                refusedPartialSyncs.incrementAndGet();
                log.line(
                        false,
                        "Unable to partial resync with replica " + replica.name()
                                + " for lack of backlog (Replica request was: " + nextOffset + ").");
                return null;
            }
            partialSyncs.incrementAndGet();
            log.line(
                    false,
                    "Partial resynchronization request from " + replica.name() + " accepted. Sending "
                            + (stream.offset() - nextOffset + 1) + " bytes of backlog starting from offset "
                            + nextOffset + ".");
            replica.state = Replica.State.ONLINE;
            replica.ackMillis = nowMillis;
            replica.reader = reader;
            replica.session.setReplica(true);
            replicas.add(replica);
            return reader;
        } finally {
            lock.unlock();
        }
    }

    private static String shown(String wantedId) {
        var text = new StringBuilder();
        for (int i = 0; i < Math.min(40, wantedId.length()); i++) {
            char c = wantedId.charAt(i);
            text.append(c > ' ' && c < 0x7f ? c : '?');
        }
        return text.toString();
    }

    /** Enters a replica that needs everything; its transfer starts as soon as it may. */
    void addWaiting(Replica replica, long nowMillis) {
        lock.lock();
        try {
            fullSyncs.incrementAndGet();
            replica.state = Replica.State.WAITING;
            replica.waitingSinceMillis = nowMillis;
            replica.session.setReplica(true);
            replicas.add(replica);
            createBacklog();
        } finally {
            lock.unlock();
        }
    }

    private void createBacklog() {
        if (stream.isActive()) {
            return;
        }
        if (master == null) {
            // What was written before was never counted, so nobody may believe to share it.
            id = newId();
            previousId = NO_ID;
            previousIdEnd = -1;
        }
        stream.setBacklogSize(backlogSize());
        stream.activate();
        log.line(
                false, "Replication backlog created, my new replication IDs are '" + id + "' and '" + previousId + "'");
    }

    /** Sends the stream to a replica, behind what was pushed to it. From a thread that is outside the keyspace. */
    void follow(Replica replica) {
        keyspace.mode().enterExclusive();
        try {
            followInside(replica);
        } finally {
            keyspace.mode().leaveExclusive();
        }
    }

    /** As {@link #follow}; inside, in any mode, so that the history cannot become another in the middle of it. */
    private void followInside(Replica replica) {
        EffectStream.Reader reader;
        lock.lock();
        try {
            reader = replica.isGone ? null : replica.reader;
            replica.reader = null;
            if (reader != null) {
                var more = Arrays.copyOf(followers, followers.length + 1);
                more[more.length - 1] = replica;
                followers = more;
            }
        } finally {
            lock.unlock();
        }
        if (reader == null) {
            replica.session.link().close(); // Perhaps the history that it was to follow has ended.
            return;
        }
        replica.session.link().follow(reader);
        log.line(false, "Synchronization with replica " + replica.name() + " succeeded");
    }

    /** A replica says how far it has come. Inside the keyspace. */
    void acknowledged(Replica replica, long offset, long durableOffset, long nowMillis) {
        replica.ackMillis = nowMillis;
        replica.ackOffset = Math.max(replica.ackOffset, offset);
        replica.durableOffset = Math.max(replica.durableOffset, durableOffset);
        boolean follows = false;
        replica.sendLock.lock();
        try {
            if (replica.awaitsAck) {
                replica.awaitsAck = false;
                follows = true;
            }
        } finally {
            replica.sendLock.unlock();
        }
        if (follows) {
            followInside(replica);
        }
        ackWaits.acknowledged();
    }

    /** How many replicas have acknowledged the stream up to an offset. */
    int acknowledgedCount(long offset) {
        int count = 0;
        for (var replica : replicas()) {
            if (replica.state == Replica.State.ONLINE && replica.ackOffset >= offset) {
                count++;
            }
        }
        return count;
    }

    /** How many replicas have the stream up to an offset on their disk. */
    int durableCount(long offset) {
        int count = 0;
        for (var replica : replicas()) {
            if (replica.state == Replica.State.ONLINE && replica.durableOffset >= offset) {
                count++;
            }
        }
        return count;
    }

    /** Whether an append-only file is kept. */
    boolean hasFile() {
        var own = file;
        return own != null && own.isEnabled();
    }

    /** Whether everything before an offset of the append-only file's stream is on our disk. */
    boolean isDurable(long fileOffset) {
        var own = file;
        return own != null && own.isDurable(fileOffset);
    }

    /** Up to where the replication stream is on our disk; -1 without a file. */
    long durableOffset() {
        var own = file;
        return own == null ? -1 : own.durableReplicationOffset();
    }

    AckWaits ackWaits() {
        return ackWaits;
    }

    /** Asks all replicas how far they are. */
    public void askForAcks() {
        ackWaits.ask();
    }

    /**
     * Puts a question to all replicas into the stream, unless it stands where the last one ended.
     *
     * @return where the last question ends now; -1 when nothing may enter the stream, since clients are paused and
     *     somebody waits for the offset
     */
    long appendQuestion(byte[] question, long lastEnd) {
        lock.lock();
        try {
            long before = stream.offset();
            if (master != null || replicas.isEmpty() || before == lastEnd) {
                return lastEnd;
            }
            if (state.isPaused()) {
                return -1;
            }
            stream.appendVerbatim(question, 0, question.length);
            return before + question.length; // If others append too, it ends further on, and one question is wasted.
        } finally {
            lock.unlock();
        }
    }

    Failover failover() {
        return failover;
    }

    /** A client is gone; it may have been a replica. From any thread, also with its connection's lock held. */
    public void disconnected(Session session) {
        if (!(session.attachment() instanceof Replica replica)) {
            return;
        }
        lock.lock();
        try {
            replica.isGone = true;
            replica.reader = null;
            if (!replicas.remove(replica)) {
                return;
            }
            var left = new ArrayList<>(List.of(followers));
            left.remove(replica);
            followers = left.toArray(NOBODY);
            if (replicas.isEmpty()) {
                backlogIdleSinceMillis = System.currentTimeMillis();
            }
        } finally {
            lock.unlock();
        }
        log.line(true, "Connection with replica " + replica.name() + " lost.");
    }

    /**
     * Before replies are sent: gives what was appended to the sockets of replicas. Costs one volatile read when there
     * are none. Takes no lock of ours, since callers may be inside the keyspace.
     */
    public void beforeReplies() {
        var all = followers;
        if (all.length == 0) {
            return;
        }
        long offset = stream.offset();
        if (offset == pumpedOffset) {
            return;
        }
        for (var replica : all) {
            replica.session.link().pumpStream();
        }
        // Only now: another loop that sees the old value pumps too, and so waits until ours is done.
        pumpedOffset = offset;
    }

    /** More is on our disk than before, so more of the stream may be sent. From any thread. */
    public void released() {
        ackWaits.acknowledged();
        for (var replica : followers) {
            replica.session.link().pumpStream();
        }
    }

    // ---- The end of the server ----

    /**
     * Lets writes wait. Replicas are not asked how far they are, since the stream has to end where they would go on after a
     * restart. From a thread that is outside the keyspace.
     */
    public void pauseForShutdown() {
        keyspace.mode().enterExclusive();
        try {
            state.pause(ServerState.Pause.SHUTDOWN, Long.MAX_VALUE, false); // Reads go on, and so does SHUTDOWN ABORT.
        } finally {
            keyspace.mode().leaveExclusive();
        }
    }

    /** Whether every replica has acknowledged the whole stream. */
    public boolean areReplicasInSync() {
        for (var replica : replicas()) {
            if (replica.ackOffset != stream.offset()) {
                return false;
            }
        }
        return true;
    }

    /** Logs how far the replicas are when the server ends. */
    public void logLaggingReplicas(long nowMillis) {
        var all = replicas();
        int inSync = 0;
        for (var replica : all) {
            long missing = stream.offset() - replica.ackOffset;
            if (missing == 0) {
                inSync++;
            } else {
                log.line(
                        true,
                        "Lagging replica " + replica.name() + " reported offset " + missing + " behind master, lag="
                                + replica.lagSeconds(nowMillis) + ", state=" + replica.state.word + ".");
            }
        }
        if (!all.isEmpty()) {
            log.line(false, inSync + " of " + all.size() + " replicas are in sync when shutting down.");
        }
    }

    // ---- Full resync ----

    /** Starts a transfer for those who wait, if one may start; or lets them share the one that runs. */
    void startTransfers(long nowMillis) {
        FullSync added;
        lock.lock();
        try {
            var running = transfer;
            if (running != null) {
                join(running);
                return;
            }
            var members = due(nowMillis);
            if (members.isEmpty()) {
                return;
            }
            boolean isStreamed = streams(members.getFirst());
            for (var member : members) {
                member.isInTransfer = true;
            }
            added = new FullSync(this, members, isStreamed);
            transfer = added;
        } finally {
            lock.unlock();
        }
        log.line(
                false, "Starting snapshot for SYNC with target: " + (added.isStreamed() ? "replicas sockets" : "disk"));
        Thread.ofVirtual().name("redoubt-full-sync").start(added);
    }

    /**
     * Replicas that come while the file for others is being written share it, if one of those still has its place in the
     * stream: what was written since the snapshot is then at hand. They are greeted by the transfer's thread.
     */
    private void join(FullSync running) {
        for (var replica : replicas) {
            if (replica.state != Replica.State.WAITING || replica.isInTransfer || !fits(running.first(), replica)) {
                continue;
            }
            if (running.join(replica)) {
                replica.isInTransfer = true;
                log.line(false, "Waiting for end of the snapshot for SYNC: replica " + replica.name() + " shares it");
            }
        }
    }

    private boolean fits(Replica first, Replica replica) {
        return streams(first) == streams(replica)
                && first.wantsNoData == replica.wantsNoData
                && first.wantsNoLibraries == replica.wantsNoLibraries;
    }

    /** From here on nobody can share a transfer: its file is complete. */
    void closeTransfer(FullSync running) {
        lock.lock();
        try {
            running.close();
        } finally {
            lock.unlock();
        }
    }

    private boolean streams(Replica replica) {
        return settings.diskless && replica.understandsEof;
    }

    /** Those who can share the next transfer; nobody while more may come. */
    private List<Replica> due(long nowMillis) {
        var members = new ArrayList<Replica>();
        long longestWaitMillis = 0;
        for (var replica : replicas) {
            if (replica.state != Replica.State.WAITING || replica.isInTransfer) {
                continue;
            }
            var first = members.isEmpty() ? replica : members.getFirst();
            if (fits(first, replica)) {
                members.add(replica);
                longestWaitMillis = Math.max(longestWaitMillis, nowMillis - replica.waitingSinceMillis);
            }
        }
        if (members.isEmpty() || !streams(members.getFirst())) {
            return members;
        }
        int enough = settings.disklessMaxReplicas;
        boolean isDue =
                longestWaitMillis >= settings.disklessDelaySeconds * 1000L || enough > 0 && members.size() >= enough;
        return isDue ? members : List.of();
    }

    /** The moment of a snapshot for a transfer, in exclusive mode: from here on its replicas need the stream. */
    void beginTransfer(FullSync begun, KeyspaceSnapshot content) {
        lock.lock();
        try {
            var link = master;
            int database = 0;
            if (link == null) {
                stream.forgetDatabase(); // The copies begin here and do not know it.
            } else {
                database = link.database();
            }
            for (var member : begun.members()) {
                if (!member.isGone) {
                    member.reader = stream.readerAt(content.streamOffset() + 1);
                }
            }
            begun.begin(id, content.streamOffset(), facts(database, content.streamOffset()));
        } finally {
            lock.unlock();
        }
    }

    private Map<String, String> facts(int database, long offset) {
        var facts = new LinkedHashMap<String, String>();
        facts.put("repl-stream-db", Integer.toString(database));
        facts.put("repl-id", id);
        facts.put("repl-offset", Long.toString(offset));
        return facts;
    }

    /**
     * What a file of this moment says about its history: {@code repl-stream-db}, {@code repl-id}, {@code repl-offset};
     * nothing where no history is kept. Exclusive mode.
     */
    public Map<String, String> facts() {
        lock.lock();
        try {
            if (!stream.isActive()) {
                return Map.of();
            }
            var link = master;
            return facts(link == null ? Math.max(0, stream.selectedDatabase()) : link.database(), stream.offset());
        } finally {
            lock.unlock();
        }
    }

    void transferEnded(List<Replica> members) {
        lock.lock();
        try {
            transfer = null;
            for (var member : members) {
                member.isInTransfer = false;
            }
        } finally {
            lock.unlock();
        }
        startTransfers(System.currentTimeMillis());
    }

    // ---- The clock ----

    /** To be called about ten times a second, by a thread that is not inside the keyspace. */
    public void tick(long nowMillis) {
        var late = new ArrayList<Replica>();
        var waiting = new ArrayList<Replica>();
        lock.lock();
        try {
            if (backlogSizeSeen != backlogSize()) {
                backlogSizeSeen = backlogSize();
                stream.setBacklogSize(backlogSizeSeen);
            }
            boolean isSecond = nowMillis >= nextNewlineMillis;
            if (isSecond) {
                nextNewlineMillis = nowMillis + 1000;
            }
            for (var replica : replicas) {
                if (replica.state == Replica.State.WAITING && isSecond) {
                    waiting.add(replica);
                } else if (isLate(replica, nowMillis)) {
                    late.add(replica);
                }
            }
            ping(nowMillis);
            freeIdleBacklog(nowMillis);
        } finally {
            lock.unlock();
        }
        for (var replica : waiting) {
            sendNewline(replica);
        }
        for (var replica : late) {
            log.line(true, "Disconnecting timedout replica (streaming sync): " + replica.name());
            replica.session.link().close();
        }
        ackWaits.tick();
        failover.tick(nowMillis);
        beforeReplies();
        startTransfers(nowMillis);
        refreshState(nowMillis);
    }

    private boolean isLate(Replica replica, long nowMillis) {
        return replica.state == Replica.State.ONLINE
                && !replica.isLegacy
                && nowMillis - replica.ackMillis > settings.timeoutSeconds * 1000L;
    }

    /** Under the lock, so that the role cannot change in between: a replica's stream holds its master's bytes only. */
    private void ping(long nowMillis) {
        if (master != null || replicas.isEmpty()) {
            lastPingMillis = 0;
            return;
        }
        if (lastPingMillis == 0) {
            lastPingMillis = nowMillis; // The first replica has just heard from us: a full period goes by.
        }
        if (nowMillis - lastPingMillis < settings.pingPeriodSeconds * 1000L) {
            return;
        }
        if (failover.isRunning()) {
            return; // The replica could never catch up.
        }
        lastPingMillis = nowMillis;
        stream.appendVerbatim(PING, 0, PING.length);
    }

    private void freeIdleBacklog(long nowMillis) {
        long ttl = settings.backlogTtlSeconds;
        if (master != null
                || !replicas.isEmpty()
                || ttl == 0
                || !stream.isActive()
                || nowMillis - backlogIdleSinceMillis <= ttl * 1000) {
            return;
        }
        id = newId();
        previousId = NO_ID;
        previousIdEnd = -1;
        stream.deactivate();
        log.line(false, "Replication backlog freed after " + ttl + " seconds without connected replicas.");
    }

    /** Keeps the link of a replica that waits for its snapshot from timing out. */
    private static void sendNewline(Replica replica) {
        replica.sendLock.lock();
        try {
            if (!replica.isHeaderSent && !replica.isGone) {
                replica.session.link().push(NEWLINE);
            }
        } finally {
            replica.sendLock.unlock();
        }
    }

    /** Settings have changed that decide what clients may do. Exclusive mode. */
    public void settingsChanged() {
        refreshState(System.currentTimeMillis());
    }

    /** Sets the bits of the server's state that follow from role, link and replicas. */
    void refreshState(long nowMillis) {
        var link = master;
        boolean isUp = link == null || link.state() == MasterLink.State.CONNECTED;
        state.set(ServerState.READ_ONLY, link != null && settings.readOnly);
        state.set(ServerState.STALE, !isUp && !settings.serveStaleData);
        int wanted = settings.minReplicasToWrite;
        state.set(
                ServerState.TOO_FEW_REPLICAS,
                link == null
                        && wanted > 0
                        && settings.minReplicasMaxLagSeconds > 0
                        && goodReplicaCount(nowMillis) < wanted);
    }

    int goodReplicaCount(long nowMillis) {
        int count = 0;
        for (var replica : replicas()) {
            if (replica.state == Replica.State.ONLINE
                    && replica.lagSeconds(nowMillis) <= settings.minReplicasMaxLagSeconds) {
                count++;
            }
        }
        return count;
    }

    // ---- What others show ----

    /** Whether there is no key at all. */
    boolean isEmpty() {
        keyspace.mode().enterExclusive();
        try {
            for (int database = 0; database < keyspace.databaseCount(); database++) {
                if (keyspace.size(database) > 0) {
                    return false;
                }
            }
            return true;
        } finally {
            keyspace.mode().leaveExclusive();
        }
    }

    List<Replica> replicas() {
        lock.lock();
        try {
            return List.copyOf(replicas);
        } finally {
            lock.unlock();
        }
    }

    /** DEBUG CHANGE-REPL-ID: another history begins, so that no replica can continue. */
    public void changeId() {
        lock.lock();
        try {
            id = newId();
        } finally {
            lock.unlock();
        }
    }

    /** Name of the history that this server's data belongs to. */
    public String id() {
        return id;
    }

    /** Name of the history before it, forty zeros for none. */
    public String previousId() {
        return previousId;
    }

    /** Up to where {@link #previousId} names our history too; -1 for none. */
    public long previousIdEnd() {
        return previousIdEnd;
    }

    /** Offset of the last byte of the stream. */
    public long offset() {
        return stream.offset();
    }

    /** How much of the stream is kept: the setting, but at least what Redis keeps. */
    long backlogSize() {
        return Math.max(BACKLOG_BYTES_MIN, settings.backlogSize);
    }

    /** By how many bytes the slowest replica is behind: so much of the stream is kept for it. */
    private long replicaLagBytes() {
        long most = 0;
        for (var replica : replicas()) {
            var reader = replica.reader;
            long waiting = reader == null ? replica.session.link().outputBytes() : stream.offset() - reader.offset();
            most = Math.max(most, waiting);
        }
        return most;
    }

    /** What is kept of the stream for slow replicas beyond the backlog. */
    public long bytesBeyondBacklog() {
        return Math.max(0, replicaLagBytes() - stream.backlogLength());
    }

    /** Counts the bytes that masters have sent: snapshots and the stream. */
    public AtomicLong bytesFromMaster() {
        return bytesFromMaster;
    }

    public int replicaCount() {
        return replicas().size();
    }

    public long fullSyncs() {
        return fullSyncs.get();
    }

    public long partialSyncs() {
        return partialSyncs.get();
    }

    public long refusedPartialSyncs() {
        return refusedPartialSyncs.get();
    }

    /** CONFIG RESETSTAT. */
    public void resetStats() {
        fullSyncs.set(0);
        partialSyncs.set(0);
        refusedPartialSyncs.set(0);
        bytesFromMaster.set(0);
    }

    /** The fields of INFO replication, in order. */
    public List<Map.Entry<String, String>> info(long nowMillis) {
        return new ReplicationInfo(this, settings).fields(nowMillis);
    }

    /** All clients; a master with which we are in step is shown as one. */
    Sessions sessions() {
        return sessions;
    }

    Keyspace keyspace() {
        return keyspace;
    }

    EffectStream stream() {
        return stream;
    }

    ServerState state() {
        return state;
    }

    LoadingProgress loadingProgress() {
        return loadingProgress;
    }

    Snapshots snapshots() {
        return snapshots;
    }

    ReplicationSettings settings() {
        return settings;
    }

    ReplicationLog log() {
        return log;
    }

    RandomGenerator random() {
        return random;
    }
}
