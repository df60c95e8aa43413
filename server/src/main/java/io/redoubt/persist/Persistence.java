package io.redoubt.persist;

import io.redoubt.command.ServerState;
import io.redoubt.resp.Decimal;
import io.redoubt.store.Entry;
import io.redoubt.store.KeptAccess;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceSnapshot;
import io.redoubt.store.Libraries;
import io.redoubt.store.ValueLoader;
import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The data set's file: loads it at the start, saves it when asked or when enough has changed. A save is a snapshot by
 * frozen blocks, written by a thread of its own; one runs at a time.
 */
public final class Persistence {
    /** One pair of the directive `save`: after so many seconds, if there were so many changes. */
    public record SavePoint(long seconds, long changes) {}

    /** Settings, read when they are needed. */
    public record Settings(
            Supplier<Path> file,
            BooleanSupplier compresses,
            BooleanSupplier checksums,
            BooleanSupplier stopsWritesOnError,
            LongSupplier keyLoadDelayMicros,
            LongSupplier keySaveDelayMicros,
            Supplier<java.util.List<SavePoint>> savePoints) {}

    /**
     * How the file is loaded into a running server.
     *
     * @param saves first writes the file; else the one that is there is read
     * @param flushes first empties all databases
     * @param merges lets a key of the file replace one that exists; else that is an error
     */
    public record Reloading(boolean saves, boolean flushes, boolean merges) {}

    /** Where lines of the log go. */
    public interface Log {
        void notice(String message);

        void warning(String message);
    }

    /** Told, before the first key, of the history that a file's data belongs to; in exclusive mode. */
    @FunctionalInterface
    public interface HistoryListener {
        /**
         * @param id of the history
         * @param offset behind the last change that the file holds
         * @param database in which the stream goes on
         */
        void belongsTo(String id, long offset, int database);
    }

    private static final int RETRY_SECONDS = 5;
    private static final int EMPTY_KEYS_LOGGED = 10;
    private static final byte[] DEL = {'D', 'E', 'L'};
    private static final int SLICE_KEYS = 200;
    private static final int SLICE_BYTES = 1 << 20;

    private final Keyspace keyspace;
    private final Snapshots snapshots;
    private final Settings settings;
    private final ServerState state;
    private final Supplier<Map<String, String>> replicationAux;
    private final Log log;
    /** Held while a finished file gets its name, and while a reload gives and opens its own. */
    private final Object naming = new Object();

    private final AtomicLong keysSaved = new AtomicLong();
    private volatile @Nullable KeyspaceSnapshot running;
    /** What the running save says about the history; of its moment, in exclusive mode. */
    private volatile Map<String, String> runningAux = Map.of();

    private volatile @Nullable Thread writer;
    private volatile long runningSinceMillis;
    private volatile long changesAtSave;
    private volatile long changesAtLastSave;
    private volatile long lastSaveSeconds = System.currentTimeMillis() / 1000;
    private volatile long lastTrySeconds;
    private volatile boolean hasLastFailed;
    private volatile boolean isRunningInBackground;
    /** Whether the running save is to end without a file. */
    private volatile boolean isAbandoned;

    private volatile long lastDurationSeconds = -1;
    private final AtomicLong saves = new AtomicLong();
    private volatile boolean isScheduled;
    private final LoadingProgress progress = new LoadingProgress(InstantSource.system());
    private volatile boolean isLoading;
    private volatile boolean isCancelled;
    private volatile boolean skipsChecksums;
    private volatile long keysLoaded;
    private volatile long keysExpiredAtLoad;

    public Persistence(
            Keyspace keyspace,
            Snapshots snapshots,
            Settings settings,
            ServerState state,
            Supplier<Map<String, String>> replicationAux,
            Log log) {
        this.keyspace = keyspace;
        this.snapshots = snapshots;
        this.settings = settings;
        this.state = state;
        this.replicationAux = replicationAux;
        this.log = log;
    }

    // ---- Saving ----

    /**
     * Starts a save. Exclusive mode.
     *
     * @param done called on the writer's thread with whether it went well
     * @return false when a save, or another snapshot, is running
     */
    public boolean startSaving(Consumer<Boolean> done) {
        return startSaving(true, done);
    }

    /** As {@link #startSaving(Consumer)}, for somebody who waits for it: how it ends concerns nobody else. */
    public boolean startSavingFor(Consumer<Boolean> done) {
        return startSaving(false, done);
    }

    private boolean startSaving(boolean isInBackground, Consumer<Boolean> done) {
        if (running != null) {
            return false;
        }
        var taken = snapshots.tryTake(content -> {
            running = content;
            runningAux = replicationAux.get();
        });
        if (taken == null) {
            return false;
        }
        if (isInBackground) {
            snapshots.countBackground();
        }
        keysSaved.set(0);
        isAbandoned = false;
        isRunningInBackground = isInBackground;
        runningSinceMillis = System.currentTimeMillis();
        lastTrySeconds = runningSinceMillis / 1000;
        changesAtSave = keyspace.changesSinceStart();
        var thread = Thread.ofPlatform().name("redoubt-save").unstarted(() -> {
            boolean isGood = writeFile(taken.content());
            taken.close();
            ended(isGood, isInBackground);
            done.accept(isGood);
        });
        writer = thread;
        thread.start();
        return true;
    }

    private boolean writeFile(KeyspaceSnapshot snapshot) {
        Path target = settings.file.get();
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null) {
            log.warning("Failed opening the RDB file " + target + ": it has no folder");
            return false;
        }
        try (var file = SnapshotFile.create(folder, target.getFileName().toString())) {
            var rdb = new RdbWriter(file, settings.compresses.getAsBoolean(), settings.checksums.getAsBoolean());
            SnapshotWriter.write(snapshot, rdb, facts(runningAux), keysSaved, this::slowDown);
            rdb.flush();
            synchronized (naming) {
                file.commit();
            }
            return true;
        } catch (SavingAbandonedException _) {
            log.warning("Background saving terminated, because all keys were deleted");
            return false;
        } catch (IOException | RuntimeException | LinkageError failure) {
            // Without descriptors not even a class can be loaded; who waits for the end has to hear of it all the same.
            log.warning("Failed opening the temp RDB file or writing it: " + failure);
            return false;
        }
    }

    private void slowDown() throws SavingAbandonedException {
        SnapshotWriter.delay(settings.keySaveDelayMicros.getAsLong());
        if (isAbandoned) {
            throw new SavingAbandonedException();
        }
    }

    /** Ends a save in the background early: its content is not wanted any more. That is no failure. */
    public void abandonSaving() {
        isAbandoned = isRunningInBackground;
    }

    private Map<String, String> facts(Map<String, String> replication) {
        return snapshots.facts(System.currentTimeMillis(), replication, false);
    }

    private void ended(boolean isGood, boolean isInBackground) {
        // As in Redis, the last save that runs in the background is judged, unless another one has gone well since.
        if (isGood) {
            hasLastFailed = false;
        } else if (isInBackground && !isAbandoned) {
            hasLastFailed = true;
        }
        lastDurationSeconds = (System.currentTimeMillis() - runningSinceMillis) / 1000;
        if (isGood) {
            lastSaveSeconds = System.currentTimeMillis() / 1000;
            changesAtLastSave = changesAtSave;
            saves.incrementAndGet();
            log.notice("DB saved on disk");
        } else {
            log.warning("Error saving DB on disk");
        }
        judgeLastSave();
        writer = null;
        running = null;
    }

    /** Refuses writes after a failure if that is wanted: on a server that saves by itself. */
    public void judgeLastSave() {
        boolean refuses = hasLastFailed
                && settings.stopsWritesOnError.getAsBoolean()
                && !settings.savePoints.get().isEmpty();
        state.set(ServerState.SAVE_FAILED, refuses);
    }

    /** Saves and waits until it is done. The caller is not inside. */
    public boolean saveNow() {
        awaitRunningSave();
        var result = new boolean[1];
        boolean isStarted;
        keyspace.mode().enterExclusive();
        try {
            isStarted = startSavingFor(isGood -> result[0] = isGood);
        } finally {
            keyspace.mode().leaveExclusive();
        }
        if (!isStarted) {
            return false;
        }
        awaitRunningSave();
        return result[0];
    }

    private void awaitRunningSave() {
        var thread = writer;
        if (thread != null) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** BGSAVE SCHEDULE while something else runs: saves as soon as that has ended. */
    public void schedule() {
        isScheduled = true;
    }

    /** Whether a save that somebody asked for waits for its turn. */
    public boolean isScheduled() {
        return isScheduled;
    }

    /** Starts a save when one is due. Some times a second; the caller is not inside. */
    public void tick(long nowMillis) {
        if (running != null || isLoading) {
            return;
        }
        boolean isDue = isScheduled;
        String reason = "a save was scheduled";
        long changes = changesSinceSave();
        long now = nowMillis / 1000;
        if (!isDue && changes > 0) {
            for (var point : settings.savePoints.get()) {
                if (changes >= point.changes()
                        && now - lastSaveSeconds > point.seconds()
                        && (!hasLastFailed || now - lastTrySeconds > RETRY_SECONDS)) {
                    isDue = true;
                    reason = point.changes() + " changes in " + point.seconds() + " seconds. Saving...";
                    break;
                }
            }
        }
        if (!isDue) {
            return;
        }
        log.notice(reason);
        keyspace.mode().enterExclusive();
        try {
            if (startSaving(_ -> {})) {
                isScheduled = false;
            }
        } finally {
            keyspace.mode().leaveExclusive();
        }
    }

    // ---- Loading ----

    /**
     * Says that a file will be loaded: from now on commands are answered as while loading.
     */
    public void announceLoading() {
        progress.begin(0);
        isLoading = true;
        state.set(ServerState.LOADING, true);
    }

    /** Ends loading early, because the server has to end. From any thread. */
    public void cancelLoading() {
        isCancelled = true;
    }

    /**
     * Loads the file, if there is one, into the empty keyspace: in slices of exclusive mode, between which loops answer
     * what may be asked while loading. Behind {@link #announceLoading}; the caller is not inside.
     *
     * @param keepsExpired keeps what has expired: a replica, whose master says when it goes
     * @param history told if the file names one
     * @return false when {@link #cancelLoading} ended it
     * @throws IOException when the file is damaged or holds what this version does not know; the server must not start
     */
    public boolean load(boolean keepsExpired, HistoryListener history) throws IOException {
        Path file = settings.file.get();
        long started = System.nanoTime();
        boolean isThere = Files.exists(file);
        if (isThere) {
            progress.begin(Files.size(file));
            keyspace.mode().enterExclusive();
            try (var in = progress.counting(Files.newInputStream(file))) {
                var loader = new SlicedLoader(System.currentTimeMillis(), keepsExpired, history, new Slices());
                read(in, loader);
                loader.tellHistory();
            } catch (LoadingCancelledException _) {
                return false;
            } finally {
                keyspace.mode().leaveExclusive();
            }
        }
        loadingEnded();
        if (!isThere) {
            return true;
        }
        log.notice("DB loaded from disk: " + (System.nanoTime() - started) / 1_000_000 / 1000.0 + " seconds");
        return true;
    }

    /** Ends what {@link #announceLoading} began. */
    void loadingEnded() {
        isLoading = false;
        state.set(ServerState.LOADING, false);
        int libraries = keyspace.libraries().count();
        if (libraries > 0) {
            log.notice("Libraries of functions: " + libraries
                    + ". They are kept and passed on; this version does not run them yet.");
        }
    }

    private RdbReader read(InputStream file, Loader loader) throws IOException {
        boolean checks = settings.checksums.getAsBoolean() && !skipsChecksums;
        var reader = new RdbReader(new BufferedInputStream(file, 1 << 16), checks);
        try {
            reader.read(loader);
        } finally {
            loader.dropUnfinished();
        }
        keysLoaded = loader.loaded;
        keysExpiredAtLoad = loader.expired;
        if (loader.empty > 0) {
            log.warning("Done loading RDB, " + loader.counts() + ", empty keys skipped: " + loader.empty + ".");
        } else {
            log.notice("Done loading RDB, " + loader.counts() + ".");
        }
        return reader;
    }

    /**
     * Loads an RDB file that commands follow. Keys that have expired are kept, because the commands know them. Exclusive
     * mode.
     *
     * @param slices lets others in now and then; null where everybody waits
     * @return the reader, which knows what it has taken from the input and not used
     */
    RdbReader loadBase(InputStream file, @Nullable Slices slices) throws IOException {
        long now = System.currentTimeMillis();
        return read(
                file,
                slices == null ? new Loader(now, false, true) : new SlicedLoader(now, true, (_, _, _) -> {}, slices));
    }

    /** For who loads while others are answered. */
    Slices newSlices() {
        return new Slices();
    }

    /** DEBUG SET-SKIP-CHECKSUM-VALIDATION: files and payloads are read whatever their checksum is. */
    public void setSkipsChecksums(boolean skips) {
        skipsChecksums = skips;
    }

    /** Whether the checksums of payloads count, which no directive says. */
    public boolean verifiesPayloads() {
        return !skipsChecksums;
    }

    // ---- Reloading ----

    /**
     * DEBUG RELOAD: saves, empties and loads while nobody else is inside. Exclusive mode; everybody waits. A save that
     * runs in the background goes on, with the content it began with.
     *
     * @return whether it went well; a failure is logged, and what was read until then stays
     */
    public boolean reload(Reloading how) {
        Path target = settings.file.get().toAbsolutePath();
        try (var in = how.saves() ? saveAndOpen(target) : Files.newInputStream(target)) {
            if (how.flushes()) {
                keyspace.clear();
            }
            boolean replaces = how.flushes() || how.merges();
            read(in, new Loader(System.currentTimeMillis(), !keyspace.expiry().isReplica, replaces));
        } catch (IOException | RuntimeException failure) {
            log.warning("DEBUG RELOAD failed: " + failure);
            return false;
        }
        log.warning("DB reloaded by DEBUG RELOAD");
        return true;
    }

    /** Writes the file in this thread and opens it before another save can put its own in its place. */
    private InputStream saveAndOpen(Path target) throws IOException {
        Path folder = target.getParent();
        Path name = target.getFileName();
        if (folder == null || name == null) {
            throw new IOException("the file has no folder: " + target);
        }
        String temporary = "temp-" + ProcessHandle.current().pid() + "-reload.rdb";
        try (var file = SnapshotFile.create(folder, name.toString(), temporary)) {
            var rdb = new RdbWriter(file, settings.compresses.getAsBoolean(), settings.checksums.getAsBoolean());
            if (keyspace.expiresFields()) {
                rdb.expiresFields();
            }
            rdb.head(facts(replicationAux.get()));
            rdb.functions(keyspace.libraries());
            var entry = new Entry();
            for (int database = 0; database < keyspace.databaseCount(); database++) {
                if (keyspace.size(database) > 0) {
                    rdb.selectDb(database);
                    rdb.resizeDb(keyspace.size(database), keyspace.expiryCount(database));
                    keyspace.forEach(database, entry, found -> write(found, rdb));
                }
            }
            rdb.end();
            synchronized (naming) {
                file.commit();
                var in = Files.newInputStream(target);
                changesAtLastSave = keyspace.changesSinceStart();
                lastSaveSeconds = System.currentTimeMillis() / 1000;
                hasLastFailed = false;
                judgeLastSave();
                return in;
            }
        }
    }

    private static void write(Entry entry, RdbWriter rdb) {
        try {
            var value = new Value();
            entry.show(value);
            rdb.key(entry.expiryMillis(), entry.keyBuffer(), entry.keyStart(), entry.keyLength(), value);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private class Loader implements RdbVisitor {
        private final long nowMillis;
        private final boolean dropsExpired;
        private final boolean replaces;
        private final Entry present = new Entry();
        private final ValueLoader loader = new ValueLoader(keyspace);
        private boolean isSkipped;
        private boolean isInValue;
        private long expiryMillis;
        private int valueDatabase;
        private byte[] valueKey = {};
        private long valueIdleSeconds;
        private int valueFrequency;
        private long loaded;
        private long expired;
        private long empty;

        Loader(long nowMillis, boolean dropsExpired, boolean replaces) {
            this.nowMillis = nowMillis;
            this.dropsExpired = dropsExpired;
            this.replaces = replaces;
        }

        @Override
        public ValueSink beginValue(int database, byte[] key, long expiry, long idleSeconds, int frequency)
                throws IOException {
            if (database >= keyspace.databaseCount()) {
                throw new IOException("the file has keys in database " + database + ", but there are only "
                        + keyspace.databaseCount() + " databases");
            }
            isSkipped = dropsExpired && expiry != Keyspace.NO_EXPIRY && expiry <= nowMillis;
            if (isSkipped) {
                expired++;
                dropped(database, key);
                return NOTHING;
            }
            expiryMillis = expiry;
            valueDatabase = database;
            valueKey = key;
            valueIdleSeconds = idleSeconds;
            valueFrequency = frequency;
            var unit = keyspace.unit(keyspace.loopCount());
            unit.begin(nowMillis, true);
            if (!replaces && keyspace.find(unit, database, key, 0, key.length, present)) {
                unit.end();
                throw new IOException("the file has a key that exists already in database " + database);
            }
            loader.begin(unit, database, key, 0, key.length);
            isInValue = true;
            return loader;
        }

        @Override
        public void endValue() throws IOException {
            if (!isSkipped) {
                isInValue = false;
                loader.attach(expiryMillis);
                if (valueIdleSeconds != NONE || valueFrequency != NONE) {
                    setAccess();
                }
                keyspace.unit(keyspace.loopCount()).end();
                loaded++;
            }
        }

        /** What does not fit the policy of now is left out, as in Redis. */
        private void setAccess() {
            var unit = keyspace.unit(keyspace.loopCount());
            if (!keyspace.find(unit, valueDatabase, valueKey, 0, valueKey.length, present)) {
                return; // It has expired by now.
            }
            if (keyspace.keptAccess() != KeptAccess.FREQUENCY) {
                if (valueIdleSeconds != NONE) {
                    present.setIdle(nowMillis, valueIdleSeconds);
                }
            } else if (valueFrequency != NONE) {
                present.setFrequency(nowMillis, valueFrequency);
            }
        }

        @Override
        public void emptyValue(byte[] key) {
            dropUnfinished();
            if (empty++ < EMPTY_KEYS_LOGGED) {
                log.warning("Loading is skipping empty key: " + new String(key, StandardCharsets.ISO_8859_1));
            }
        }

        /** Forgets a value whose end has not come. */
        void dropUnfinished() {
            if (isInValue) {
                isInValue = false;
                loader.discard();
                keyspace.unit(keyspace.loopCount()).end();
            }
        }

        String counts() {
            return "keys loaded: " + loaded + ", keys expired: " + expired;
        }

        /** A key has expired and is not kept. */
        void dropped(int database, byte[] key) {
            // Nobody else has it.
        }

        /** Size of the elements of the last value. */
        long valueBytes() {
            return loader.bytes();
        }

        @Override
        public void function(byte[] library) throws IOException {
            var libraries = keyspace.libraries();
            String name = Libraries.nameOf(library);
            if (name == null) {
                throw new IOException("the file holds a library of functions without a name");
            }
            if (!replaces && libraries.has(name)) {
                throw new IOException("the file has a library that exists already: " + name);
            }
            keyspace.setLibraries(libraries.with(name, library));
        }
    }

    /** Is thrown through the writer to end it. */
    private static final class SavingAbandonedException extends IOException {
        private static final long serialVersionUID = 1;
    }

    /** Is thrown through the reader to end it. */
    static final class LoadingCancelledException extends IOException {
        private static final long serialVersionUID = 1;
    }

    /** Lets others in now and then. Exclusive mode. */
    final class Slices {
        private int sliceKeys;
        private long sliceBytes;

        private Slices() {}

        /** A key, or a command, of so many bytes is loaded. */
        void loaded(long bytes) throws LoadingCancelledException {
            sliceBytes += bytes;
            long delay = settings.keyLoadDelayMicros.getAsLong();
            if (++sliceKeys < SLICE_KEYS && sliceBytes < SLICE_BYTES && delay * sliceKeys < 1000) {
                return;
            }
            if (delay != 0) {
                delay(delay);
            }
            sliceKeys = 0;
            sliceBytes = 0;
            if (isCancelled) {
                throw new LoadingCancelledException();
            }
            keyspace.mode().letOthersIn();
        }

        /** Of a negative delay, so many keys share one microsecond. */
        private void delay(long perKeyMicros) {
            long micros = perKeyMicros > 0 ? perKeyMicros * sliceKeys : sliceKeys / -perKeyMicros;
            if (micros > 0) {
                keyspace.mode().leaveExclusive();
                LockSupport.parkNanos(micros * 1000);
                keyspace.mode().enterExclusive();
            }
        }
    }

    private final class SlicedLoader extends Loader {
        private static final int ID_LENGTH = 40;

        private final HistoryListener history;
        private final Slices slices;
        private String id = "";
        private long offset = -1;
        private int streamDatabase;
        private boolean isTold;

        SlicedLoader(long nowMillis, boolean keepsExpired, HistoryListener history, Slices slices) {
            super(nowMillis, !keepsExpired, true);
            this.history = history;
            this.slices = slices;
        }

        @Override
        public void aux(byte[] name, byte[] value) {
            String fact = new String(name, StandardCharsets.ISO_8859_1);
            progress.aux(fact, new String(value, StandardCharsets.ISO_8859_1));
            switch (fact) {
                case "repl-id" -> id = new String(value, StandardCharsets.ISO_8859_1);
                case "repl-offset" -> offset = Decimal.parseLong(value, 0, value.length, -1);
                case "repl-stream-db" -> {
                    long database = Decimal.parseLong(value, 0, value.length, 0);
                    streamDatabase = Math.clamp(database, 0, keyspace.databaseCount() - 1);
                }
                default -> {
                    // Other facts concern nobody.
                }
            }
        }

        /** Says where the data comes from, unless that is said or not known. */
        void tellHistory() {
            if (!isTold && offset >= 0 && id.length() == ID_LENGTH && id.chars().allMatch(HexFormat::isHexDigit)) {
                history.belongsTo(id, offset, streamDatabase);
            }
            isTold = true;
        }

        @Override
        public ValueSink beginValue(int database, byte[] key, long expiry, long idleSeconds, int frequency)
                throws IOException {
            tellHistory();
            return super.beginValue(database, key, expiry, idleSeconds, frequency);
        }

        /** Replicas that go on where the file ends have the key still. */
        @Override
        void dropped(int database, byte[] key) {
            var unit = keyspace.unit(keyspace.loopCount());
            unit.begin(System.currentTimeMillis(), false);
            var effects = unit.effects();
            effects.command(database, 2);
            effects.arg(DEL);
            effects.arg(key);
            unit.end();
        }

        @Override
        public void endValue() throws IOException {
            super.endValue();
            slices.loaded(valueBytes());
        }
    }

    // ---- Figures ----

    /** Whether data is being loaded that cannot be read yet: from the file, or from a master. */
    public boolean isAnythingLoading() {
        return state.is(ServerState.LOADING);
    }

    /** Whether another data set is being loaded, while the old one can be read. */
    public boolean isLoadingBeside() {
        return state.is(ServerState.ASYNC_LOADING);
    }

    public boolean isLoading() {
        return isLoading;
    }

    /** How far loading has come, whoever loads. */
    public LoadingProgress progress() {
        return progress;
    }

    /** Whether a snapshot is being written: to the file, or to replicas. */
    public boolean isSnapshotRunning() {
        return keyspace.isSnapshotRunning();
    }

    public boolean isSaving() {
        return running != null;
    }

    public long keysSaved() {
        return running == null ? 0 : keysSaved.get();
    }

    public long keysToSave() {
        var snapshot = running;
        return snapshot == null ? 0 : snapshot.keyCount();
    }

    public long changesSinceSave() {
        return keyspace.changesSinceStart() - changesAtLastSave;
    }

    public long lastSaveSeconds() {
        return lastSaveSeconds;
    }

    public boolean hasLastSaveFailed() {
        return hasLastFailed;
    }

    public long lastSaveDurationSeconds() {
        return lastDurationSeconds;
    }

    public long currentSaveSeconds() {
        return running == null ? -1 : (System.currentTimeMillis() - runningSinceMillis) / 1000;
    }

    public long saveCount() {
        return saves.get();
    }

    public long keysLoaded() {
        return keysLoaded;
    }

    public long keysExpiredAtLoad() {
        return keysExpiredAtLoad;
    }
}
