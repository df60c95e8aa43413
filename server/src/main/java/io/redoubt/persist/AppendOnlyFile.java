package io.redoubt.persist;

import io.redoubt.command.CommandTable;
import io.redoubt.command.Dispatcher;
import io.redoubt.command.ServerState;
import io.redoubt.log.AofStream;
import io.redoubt.store.Keyspace;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The append-only file: effects on their way to the disk.
 *
 * <p>Units append to an {@link AofStream}. Before a loop sends replies it calls {@link #beforeReplies}, which gives the
 * file all that has been appended, whoever did; with {@code appendfsync always} it only wakes the thread
 * {@code redoubt-fsync}, which writes and makes durable for all who wait, and the replies are held back until then. Nobody
 * waits for the disk inside the keyspace, but where an administrator turns the file off or reads it anew.
 *
 * <p>Locks, outermost first: exclusive mode, {@link #syncing}, {@link #writing}, the stream's. Files are closed by the thread that makes
 * them durable, so that it never meets a closed one.
 */
public final class AppendOnlyFile implements AutoCloseable {
    /** When what was written is made durable. */
    public enum Policy {
        ALWAYS,
        EVERYSEC,
        NO
    }

    private enum State {
        OFF,
        /** Turned on while running; the first rewrite is not done yet, and until then the files on the disk are not ours. */
        WAITS_FOR_REWRITE,
        ON
    }

    /** What the file needs from the rest of the server. */
    public interface Surroundings {
        /** Offset of the replication stream. */
        long replicationOffset();

        /** More is durable than before, or nobody needs to wait any more. On any thread. */
        void released();

        /** The process must end, because it could not keep what it has promised. */
        void fatal(String reason);

        /** Whether a save runs. */
        boolean isSaving();
    }

    private static final int PIECE_BYTES = 1 << 20;
    private static final long BACKLOG_BYTES_MAX = 64L << 20;
    /** Of what a failing disk has not taken; more than that is dropped, and the file made anew. */
    static final long UNWRITTEN_BYTES_MAX = 64L << 20;

    private static final long SYNC_NANOS = 1_000_000_000;
    private static final long SLOW_SYNC_NANOS = 1_000_000_000;
    private static final long RETRY_NANOS = 1_000_000_000;
    private static final long LOGGED_AGAIN_NANOS = 30_000_000_000L;

    private final Keyspace keyspace;
    private final AofStream stream;
    private final Persistence persistence;
    private final AofFolder folder;
    private final AofSettings settings;
    private final AofDisk disk;
    private final ServerState serverState;
    private final Surroundings surroundings;
    private final Persistence.Log log;
    private final AofRewriter rewriter;
    private @Nullable Dispatcher dispatcher;
    private @Nullable CommandTable table;

    private volatile State state = State.OFF;
    private volatile Policy policy = Policy.EVERYSEC;
    /** Whether there is a file, or will be one as soon as the stream comes to it. */
    private volatile boolean isWriting;

    private final ReentrantLock syncing = new ReentrantLock();
    private final ReentrantLock writing = new ReentrantLock();
    // Guarded by the lock.
    private final AofStream.Taken taken = new AofStream.Taken();
    private boolean hasTaken;
    private boolean isCutPassed;
    private int takenFrom;
    private AofDisk.@Nullable File file;
    private long fileBytes;
    private final List<AofDisk.File> retired = new ArrayList<>();
    private long failedNanos;
    private long loggedNanos;

    /** The file that follows where the stream is cut. */
    private volatile AofDisk.@Nullable File next;

    private volatile boolean hasWriteFailed;
    private volatile boolean hasSyncFailed;
    /** What the disk did not take was dropped, and the file that will hold all again is not there yet. */
    private volatile boolean isBehind;

    private volatile boolean hasRetired;
    private volatile long written;
    /** What nobody need wait for any more: it is on the disk, or it need not be. */
    private volatile long durable;
    /** What really is on the disk. */
    private volatile long synced;

    private volatile long durableReplicationOffset;
    /** Counts the histories; guarded by {@link #writing}. */
    private int history;

    private final AtomicLong currentBytes = new AtomicLong();
    private volatile long baseBytes;

    private @Nullable Thread syncThread;
    private volatile boolean isSyncThreadIdle;
    private volatile boolean isEnding;
    private volatile long syncBeganNanos;
    private volatile boolean isSyncing;
    private volatile boolean isLate;
    private final AtomicLong delayedSyncs = new AtomicLong();
    private volatile long flushDelayMicros;

    public AppendOnlyFile(
            Keyspace keyspace,
            Snapshots snapshots,
            Persistence persistence,
            AofSettings settings,
            AofDisk disk,
            ServerState serverState,
            Surroundings surroundings,
            Persistence.Log log) {
        this.keyspace = keyspace;
        stream = keyspace.aof();
        this.persistence = persistence;
        this.settings = settings;
        this.disk = disk;
        this.serverState = serverState;
        this.surroundings = surroundings;
        this.log = log;
        folder = new AofFolder(settings, log);
        rewriter = new AofRewriter(this, keyspace, snapshots, folder, settings, log);
    }

    /** Says who runs commands of the file: the dispatcher of the index behind the last loop. Before {@link #prepare}. */
    public void connect(Dispatcher commandDispatcher, CommandTable commands) {
        dispatcher = commandDispatcher;
        table = commands;
    }

    // ---- The start ----

    /**
     * Looks which files there are. Where there are none and there should be, makes the first ones: then there is nothing
     * to load. Before anybody is answered.
     *
     * @return whether everything is ready
     * @throws IOException when the files cannot be; the message is for the log
     */
    public boolean prepare(boolean isOn) throws IOException {
        folder.readManifest();
        if (!isOn) {
            return false;
        }
        folder.takeOldFile();
        if (!folder.manifest().isEmpty()) {
            return false;
        }
        open();
        return true;
    }

    /**
     * Loads what the files hold and opens the last of them. Behind {@link #prepare} and
     * {@link Persistence#announceLoading}; the caller is not inside.
     *
     * @return false when loading was cancelled
     * @throws IOException when the data cannot be loaded; the message is for the log
     */
    public boolean start() throws IOException {
        keyspace.mode().enterExclusive();
        try {
            load(persistence.newSlices());
        } catch (Persistence.LoadingCancelledException _) {
            return false;
        } finally {
            keyspace.mode().leaveExclusive();
        }
        open();
        persistence.loadingEnded();
        return true;
    }

    private void load(Persistence.@Nullable Slices slices) throws IOException {
        var manifest = folder.manifest();
        long total = folder.size();
        if (manifest.isEmpty() || total == 0) {
            return;
        }
        var commandDispatcher = dispatcher;
        var commands = table;
        if (commandDispatcher == null || commands == null) {
            throw new IllegalStateException("not connected yet");
        }
        long began = System.nanoTime();
        persistence.progress().begin(total);
        var loader = new AofLoader(
                keyspace,
                persistence,
                log,
                commandDispatcher,
                commands,
                settings.loadsTruncated().getAsBoolean(),
                slices);
        var parts = manifest.parts();
        for (int i = 0; i < parts.size(); i++) {
            var part = parts.get(i);
            if (folder.size(part) == 0) {
                continue;
            }
            long partBegan = System.nanoTime();
            loader.load(folder.resolve(part.name()), part.name(), isLast(manifest, i));
            String kind = part.equals(manifest.base()) ? "base" : "incr";
            log.notice("DB loaded from " + kind + " file " + part.name() + ": " + seconds(partBegan) + " seconds");
        }
        log.notice("DB loaded from append only file: " + seconds(began) + " seconds");
    }

    /**
     * Whether nothing follows a part. A rewrite lets an empty increment join the set while the one before is still
     * written, so a process that was killed then leaves half a command before it.
     */
    private boolean isLast(AofManifest manifest, int index) throws IOException {
        var parts = manifest.parts();
        boolean isLast = index == parts.size() - 1 || !parts.get(index).equals(manifest.base());
        for (int i = index + 1; isLast && i < parts.size(); i++) {
            isLast = folder.size(parts.get(i)) == 0;
        }
        return isLast;
    }

    private static String seconds(long sinceNanos) {
        return "%.3f".formatted((System.nanoTime() - sinceNanos) / 1e9);
    }

    /** Opens the last increment, or makes the first files. Nobody writes yet. */
    private void open() throws IOException {
        var manifest = folder.manifest();
        if (manifest.isEmpty()) {
            String name = rewriter.writeFirstBase();
            log.notice("Creating AOF base file " + name + " on server start");
            manifest = folder.manifest();
        }
        boolean isNew = manifest.increments().isEmpty();
        if (isNew) {
            manifest = manifest.withNextIncrement(folder.fileName());
        }
        String name = manifest.lastIncrement().name();
        var opened = disk.open(folder.resolve(name));
        if (isNew) {
            folder.put(manifest);
        }
        log.notice((isNew ? "Creating" : "Opening") + " AOF incr file " + name + " on server start");
        fileBytes = opened.size();
        currentBytes.set(folder.size());
        var base = folder.manifest().base();
        baseBytes = base == null ? 0 : folder.size(base);
        folder.deleteHistory();
        startSyncThread();
        keyspace.mode().enterExclusive();
        try {
            state = State.ON;
            beginFile(opened);
        } finally {
            keyspace.mode().leaveExclusive();
        }
        flush();
    }

    /** Lets the stream go to another file from here on. Exclusive mode. */
    void beginFile(AofDisk.File opened) {
        next = opened;
        isWriting = true;
        stream.beginFile();
    }

    AofDisk.File openFile(String name) throws IOException {
        Files.createDirectories(folder.path());
        return disk.open(folder.resolve(name));
    }

    // ---- Writing ----

    /**
     * Before replies are sent: gives what was appended to the file. Costs one volatile read when there is none. The caller
     * is not inside the keyspace.
     *
     * @return the offset that must be durable before the replies may be sent; 0 when they need not wait
     */
    public long beforeReplies() {
        if (!isWriting) {
            return 0;
        }
        long appended = stream.offset();
        if (policy == Policy.ALWAYS) {
            if (durable < appended) {
                wakeSyncThread();
                holdBack(appended);
            }
            return appended;
        }
        if (written < appended && !hasWriteFailed) {
            flush();
        }
        return isLate ? appended : 0;
    }

    /** A disk that does not keep up stops those who write, before they fill the heap. */
    private void holdBack(long appended) {
        while (appended - written > BACKLOG_BYTES_MAX && !isEnding && !hasWriteFailed) {
            LockSupport.parkNanos(100_000);
        }
    }

    /** As {@link #beforeReplies}, for messages that are no replies; gives nothing to the file. */
    public long dueOffset() {
        return isWriting && (policy == Policy.ALWAYS || isLate) ? stream.offset() : 0;
    }

    /** What was appended up to here is durable, or nobody needs it to be. */
    public long releasedOffset() {
        return isWriting && (policy == Policy.ALWAYS || isLate) ? durable : Long.MAX_VALUE;
    }

    /** How much of the replication stream may be sent: with {@code always}, no more than is durable here. */
    public long sendableReplicationOffset() {
        if (!isWriting || policy != Policy.ALWAYS) {
            return Long.MAX_VALUE;
        }
        // Effects enter the file's stream first, so this order of reading cannot miss one.
        long sent = surroundings.replicationOffset();
        return durable >= stream.offset() ? sent : durableReplicationOffset;
    }

    /**
     * Offset of the replication stream up to which everything is durable here; -1 when there is no file that holds all
     * data.
     */
    public long durableReplicationOffset() {
        if (state != State.ON) {
            return -1;
        }
        long sent = surroundings.replicationOffset(); // Before the file's, as above.
        return synced >= stream.offset() ? sent : Math.min(sent, durableReplicationOffset);
    }

    /** Whether everything before an offset of the file's stream is durable, together with what was there before. */
    public boolean isDurable(long offset) {
        return state == State.ON && synced >= offset;
    }

    /** Gives the file everything that was appended; false when the disk refuses. */
    boolean flush() {
        writing.lock();
        try {
            if (flushDelayMicros > 0) {
                LockSupport.parkNanos(flushDelayMicros * 1000);
            }
            boolean isDone = writeAll();
            if (isDone && hasWriteFailed) {
                hasWriteFailed = false;
                log.warning("AOF write error looks solved, Redoubt can write again.");
                showErrors("");
            }
            return isDone;
        } finally {
            writing.unlock();
        }
    }

    private boolean writeAll() {
        while (true) {
            if (!hasTaken) {
                if (!stream.take(taken)) {
                    return true;
                }
                hasTaken = true;
                isCutPassed = taken.cut() < 0;
                takenFrom = 0;
            }
            int end = isCutPassed ? taken.length() : (int) (taken.cut() - taken.start());
            if (!write(end)) {
                return false;
            }
            if (isCutPassed) {
                hasTaken = false;
            } else {
                isCutPassed = true;
                switchFile();
            }
        }
    }

    /** Writes what was taken, up to an index. */
    private boolean write(int end) {
        var target = file;
        while (takenFrom < end) {
            int count = Math.min(PIECE_BYTES, end - takenFrom);
            if (target == null) {
                passOver(end - takenFrom);
                return true;
            }
            try {
                target.write(taken.bytes(), takenFrom, count);
            } catch (IOException failure) {
                int kept = keptOfShortWrite(target, count);
                fileBytes += kept;
                currentBytes.addAndGet(kept);
                passOver(kept);
                writeFailed(failure, kept, count);
                return false;
            }
            fileBytes += count;
            currentBytes.addAndGet(count);
            passOver(count);
        }
        return true;
    }

    private void passOver(int count) {
        takenFrom += count;
        written = taken.start() + takenFrom;
    }

    /** Takes back what a failed write has left; says how much of it stays because that is not possible. */
    private int keptOfShortWrite(AofDisk.File target, int wanted) {
        try {
            long left = target.size() - fileBytes;
            if (left <= 0 || left > wanted) {
                return 0;
            }
            try {
                target.truncate(fileBytes);
                return 0;
            } catch (IOException failure) {
                log.warning("Could not remove short write from the append-only file. The server may refuse to load the"
                        + " AOF the next time it starts. ftruncate: " + failure.getMessage());
                return (int) left;
            }
        } catch (IOException _) {
            return 0;
        }
    }

    private void writeFailed(IOException failure, int kept, int wanted) {
        hasWriteFailed = true;
        failedNanos = System.nanoTime();
        if (loggedNanos == 0 || failedNanos - loggedNanos > LOGGED_AGAIN_NANOS) {
            loggedNanos = failedNanos;
            log.warning(
                    kept > 0
                            ? "Short write while writing to the AOF file: (nwritten=" + kept + ", expected=" + wanted
                                    + ")"
                            : "Error writing to the AOF file: " + failure.getMessage());
        }
        if (policy == Policy.ALWAYS) {
            surroundings.fatal("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
        }
        showErrors(String.valueOf(failure.getMessage()));
    }

    /** Writes of clients are refused as long as something fails. */
    private void showErrors(String reason) {
        boolean isBad = hasWriteFailed();
        if (isBad && !reason.isEmpty()) {
            serverState.setAofError(reason);
        }
        serverState.set(ServerState.AOF_FAILED, isBad);
    }

    private void switchFile() {
        var old = file;
        if (old != null) {
            retired.add(old);
            hasRetired = true;
        }
        file = next;
        next = null;
        measureFile();
        wakeSyncThread();
    }

    // ---- Making it durable ----

    private void startSyncThread() {
        if (syncThread == null) {
            syncThread = Thread.ofPlatform().daemon().name("redoubt-fsync").start(this::syncLoop);
        }
    }

    private void wakeSyncThread() {
        if (isSyncThreadIdle) {
            LockSupport.unpark(syncThread);
        }
    }

    private void syncLoop() {
        long lastSync = System.nanoTime() - SYNC_NANOS;
        while (!isEnding) {
            isSyncThreadIdle = true;
            if (policy == Policy.ALWAYS && isWriting) {
                if (durable >= stream.offset() && !hasRetired && !isEnding && next == null) {
                    LockSupport.parkNanos(SYNC_NANOS);
                }
            } else if (!hasRetired && !isEnding) {
                long wait = lastSync + SYNC_NANOS - System.nanoTime();
                LockSupport.parkNanos(isWriting ? Math.max(wait, 1) : SYNC_NANOS);
            }
            isSyncThreadIdle = false;
            boolean isDue = policy == Policy.ALWAYS || System.nanoTime() - lastSync >= SYNC_NANOS;
            if (isDue || hasRetired) {
                lastSync = System.nanoTime();
                sync(false);
            }
        }
    }

    /** Writes and makes durable what has been appended. One at a time, so that no file is closed under another. */
    private void sync(boolean isForced) {
        syncing.lock();
        try {
            syncNow(isForced);
        } finally {
            syncing.unlock();
        }
        surroundings.released();
    }

    private void syncNow(boolean isForced) {
        long replicated = surroundings.replicationOffset();
        AofDisk.File target;
        List<AofDisk.File> old;
        long end;
        int syncedHistory;
        writing.lock();
        try {
            if (!hasWriteFailed || isForced) {
                flush();
            }
            end = written;
            syncedHistory = history;
            target = file;
            old = List.copyOf(retired);
            retired.clear();
            hasRetired = false;
        } finally {
            writing.unlock();
        }
        boolean rests = settings.savesWithoutSync().getAsBoolean() && (rewriter.isRunning() || surroundings.isSaving());
        boolean isWanted = isForced || policy != Policy.NO && !rests;
        syncBeganNanos = System.nanoTime();
        isSyncing = true;
        try {
            for (var each : old) {
                each.sync();
                each.close();
            }
            if (target != null && end > synced && isWanted) {
                target.sync();
            }
            if (isWanted) {
                synced(end, replicated, syncedHistory);
            }
            durable = end;
            if (hasSyncFailed) {
                hasSyncFailed = false;
                showErrors("");
            }
        } catch (IOException failure) {
            syncFailed(failure);
        } finally {
            isSyncing = false;
            isLate = false;
        }
    }

    private void synced(long end, long replicated, int ofHistory) {
        writing.lock();
        try {
            synced = end;
            if (ofHistory == history) {
                durableReplicationOffset = replicated;
            }
        } finally {
            writing.unlock();
        }
    }

    private void syncFailed(IOException failure) {
        if (policy == Policy.ALWAYS) {
            surroundings.fatal("Can't persist AOF for fsync error when the AOF fsync policy is 'always': "
                    + failure.getMessage() + ". Exiting...");
            return;
        }
        if (!hasSyncFailed) {
            log.warning("Fail to fsync the AOF file: " + failure.getMessage());
        }
        hasSyncFailed = true;
        showErrors(String.valueOf(failure.getMessage()));
    }

    /** Writes and makes durable everything, and waits for it: before the server ends. The caller is not inside. */
    public void finish() {
        if (isWriting) {
            log.notice("Calling fsync() on the AOF file.");
            sync(true);
        }
    }

    // ---- The clock ----

    /** Some times a second; the caller is not inside. */
    public void tick(long nowMillis) {
        if (isWriting) {
            long now = System.nanoTime();
            if (!isLate && isSyncing && policy == Policy.EVERYSEC && now - syncBeganNanos > SLOW_SYNC_NANOS) {
                isLate = true;
                delayedSyncs.incrementAndGet();
                if (!isSyncing) {
                    isLate = false; // It has ended meanwhile.
                    surroundings.released();
                }
            }
            if (hasWriteFailed) {
                if (now - failedNanos > RETRY_NANOS) {
                    flush();
                }
                if (hasWriteFailed && bufferedBytes() > UNWRITTEN_BYTES_MAX) {
                    beginAnew();
                }
            } else if (policy == Policy.ALWAYS) {
                if (durable < stream.offset()) {
                    wakeSyncThread();
                }
            } else if (written < stream.offset()) {
                flush();
            }
        }
        rewriter.tick(nowMillis, state == State.ON, currentBytes.get(), baseBytes);
    }

    /**
     * Nobody stops a master, so a replica whose disk fails and that goes on all the same would fill its heap. The files
     * stay as they are, a little old, until a rewrite can take their place.
     */
    private void beginAnew() {
        keyspace.mode().enterExclusive();
        try {
            if (!isWriting || !hasWriteFailed) {
                return; // The disk has taken it meanwhile.
            }
            log.warning(
                    "More than " + UNWRITTEN_BYTES_MAX + " bytes wait for the AOF, which cannot be written. They are"
                            + " dropped, and the AOF is made anew as soon as that is possible.");
            turnOff();
            isBehind = true;
            showErrors("");
            turnOn(true);
        } finally {
            keyspace.mode().leaveExclusive();
        }
    }

    // ---- Turning it on and off, rewriting ----

    /**
     * Turns the file on: a rewrite makes the base, and what is written meanwhile is kept beside it. Exclusive mode.
     *
     * @param mayStart whether the rewrite need not wait for the end of a transaction
     */
    public void turnOn(boolean mayStart) {
        if (state == State.OFF) {
            startSyncThread();
            state = State.WAITS_FOR_REWRITE;
            rewriter.startFirst(mayStart);
        }
    }

    /** Turns the file off; its files stay. Exclusive mode. */
    public void turnOff() {
        if (state == State.OFF) {
            return;
        }
        rewriter.cancel();
        isBehind = false;
        stop();
        state = State.OFF;
        surroundings.released();
    }

    /** Takes what has been appended to the file and lets it go. Exclusive mode. */
    private void stop() {
        stream.end();
        writing.lock();
        try {
            flush();
            var old = file;
            if (old != null) {
                retired.add(old);
                hasRetired = true;
            }
            file = null;
            // What the disk has refused is lost, as it is in Redis.
            hasTaken = false;
            stream.take(taken);
            written = stream.offset();
            var never = next;
            if (never != null) {
                retired.add(never);
                next = null;
            }
            hasWriteFailed = false;
            hasSyncFailed = false;
            showErrors("");
            isWriting = false;
            // When the file begins again, offsets may be those of another history.
            history++;
            durableReplicationOffset = 0;
        } finally {
            writing.unlock();
        }
        wakeSyncThread();
        surroundings.released();
    }

    public AofRewriter rewriter() {
        return rewriter;
    }

    boolean isOn() {
        return state == State.ON;
    }

    boolean waitsForRewrite() {
        return state == State.WAITS_FOR_REWRITE;
    }

    /**
     * Whether data is not on the disk yet, because the first rewrite has not ended. A disk that fails is another matter:
     * it must not keep the server from ending.
     */
    public boolean isWritingFirst() {
        return waitsForRewrite() && !isBehind;
    }

    /** Whether the stream has not come yet to a file that is to follow. */
    boolean hasNext() {
        return next != null;
    }

    /** A rewrite has ended well; the first one makes the files on the disk ours. Exclusive mode. */
    void rewritten(long newBaseBytes) {
        if (state == State.WAITS_FOR_REWRITE) {
            state = State.ON;
            isBehind = false;
            showErrors("");
        }
        baseBytes = newBaseBytes;
        currentBytes.set(newBaseBytes);
    }

    /** The first rewrite has failed: what was kept beside it is of no use. Exclusive mode. */
    void dropFirst() {
        if (isWriting) {
            stop();
        }
    }

    /** DEBUG LOADAOF: reads the files into the emptied databases. Exclusive mode; everybody waits. */
    public boolean reload() {
        boolean wasActive = stream.isActive();
        if (wasActive) {
            stream.end();
            flush();
        }
        try {
            keyspace.clear();
            load(null);
            log.warning("Append Only File loaded by DEBUG LOADAOF");
            return true;
        } catch (IOException failure) {
            log.warning(String.valueOf(failure.getMessage()));
            return false;
        } finally {
            if (wasActive) {
                measureFile();
                stream.goOn();
            }
        }
    }

    /** Its end may have been cut off, or somebody has written to it. */
    private void measureFile() {
        writing.lock();
        try {
            fileBytes = file == null ? 0 : file.size();
        } catch (IOException failure) {
            log.warning("The size of the AOF cannot be read: " + failure);
        } finally {
            writing.unlock();
        }
    }

    /** Deletes history now that it need not be kept. */
    public void deleteHistory() {
        folder.deleteHistory();
    }

    public void setPolicy(Policy changed) {
        policy = changed;
        wakeSyncThread();
    }

    boolean hasStamps() {
        return stream.hasStamps();
    }

    public void setHasStamps(boolean on) {
        stream.setHasStamps(on);
    }

    /** DEBUG AOF-FLUSH-SLEEP. */
    public void setFlushDelay(long micros) {
        flushDelayMicros = micros;
    }

    /** Ends everything; loops have ended. */
    @Override
    public void close() {
        rewriter.cancelAndWait();
        if (isWriting) {
            sync(true);
        }
        isEnding = true;
        var thread = syncThread;
        if (thread != null) {
            LockSupport.unpark(thread);
            try {
                thread.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
        writing.lock();
        try {
            var open = file;
            file = null;
            isWriting = false;
            if (open != null) {
                retired.add(open);
            }
            for (var each : retired) {
                each.sync();
                each.close();
            }
            retired.clear();
        } catch (IOException failure) {
            log.warning("Closing the AOF: " + failure);
        } finally {
            writing.unlock();
        }
    }

    // ---- Figures ----

    public boolean isEnabled() {
        return state != State.OFF;
    }

    public boolean hasWriteFailed() {
        return hasWriteFailed || hasSyncFailed || isBehind;
    }

    boolean isBehind() {
        return isBehind;
    }

    public long currentBytes() {
        return currentBytes.get();
    }

    public long baseBytes() {
        return baseBytes;
    }

    /** Bytes that have been appended and not been given to the disk. */
    public long bufferedBytes() {
        return isWriting ? stream.offset() - written : 0;
    }

    /** What the buffers take of the heap. */
    public long bufferBytes() {
        return stream.bufferBytes() + taken.bytes().length;
    }

    public long pendingSyncs() {
        return isSyncing ? 1 : 0;
    }

    public long delayedSyncs() {
        return delayedSyncs.get();
    }
}
