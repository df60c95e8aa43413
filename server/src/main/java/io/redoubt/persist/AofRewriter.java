package io.redoubt.persist;

import io.redoubt.log.AofStream;
import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceSnapshot;
import io.redoubt.type.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes a new base from a snapshot, so that what stands before it need not be read any more. The order is what keeps a
 * complete set on the disk at every moment: an increment that is still empty joins the set; at the moment of the snapshot
 * effects begin to go there; the base is written and gets its name; then one new manifest names both and nothing before.
 * After a failure the old base and all increments are what they were.
 */
public final class AofRewriter {
    private static final int LIMITING_FAILURES = 3;
    private static final int DELAY_MINUTES_MAX = 60;
    private static final long DELAY_SLICE_MICROS = 10_000;
    /** While writes are refused because there is no file, the disk is tried more often. */
    private static final long BEHIND_RETRY_MILLIS = 5_000;

    private final AppendOnlyFile owner;
    private final Keyspace keyspace;
    private final Snapshots snapshots;
    private final AofFolder folder;
    private final AofSettings settings;
    private final Persistence.Log log;

    private volatile @Nullable Job running;
    private volatile boolean isScheduled;
    private volatile boolean hasLastFailed;
    private volatile long lastSeconds = -1;
    private int failures;
    private volatile long endedMillis;
    private final AtomicLong count = new AtomicLong();
    // Used by the tick only.
    private int delayMinutes;
    private long delayedUntilMillis;

    AofRewriter(
            AppendOnlyFile owner,
            Keyspace keyspace,
            Snapshots snapshots,
            AofFolder folder,
            AofSettings settings,
            Persistence.Log log) {
        this.owner = owner;
        this.keyspace = keyspace;
        this.snapshots = snapshots;
        this.folder = folder;
        this.settings = settings;
        this.log = log;
    }

    // ---- Starting and ending ----

    /** What {@link #request} has done. */
    public enum Outcome {
        STARTED,
        /** It will start when the snapshot that runs has ended. */
        SCHEDULED,
        ALREADY_RUNNING
    }

    /**
     * BGREWRITEAOF. Exclusive mode.
     *
     * @param mayStart whether it need not wait for the end of a transaction
     * @param prepared if it has started, told whether its files could be opened; on another thread
     */
    public Outcome request(boolean mayStart, Consumer<Boolean> prepared) {
        if (running != null) {
            return Outcome.ALREADY_RUNNING;
        }
        if (!mayStart || keyspace.isSnapshotRunning() || owner.hasNext()) {
            isScheduled = true;
            failures = 0; // Who asks need not wait for what has failed before.
            return Outcome.SCHEDULED;
        }
        start(prepared);
        return Outcome.STARTED;
    }

    /** The file was turned on. Exclusive mode. */
    void startFirst(boolean mayStart) {
        if (running != null) {
            log.warning("AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF"
                    + " and starting a rewrite now.");
            cancel();
            isScheduled = true;
        } else if (!mayStart) {
            log.notice("AOF was enabled during a transaction. An AOF background was scheduled to start when possible.");
            isScheduled = true;
        } else if (keyspace.isSnapshotRunning()) {
            log.notice("AOF was enabled but there is already another background operation. An AOF background was"
                    + " scheduled to start when possible.");
            isScheduled = true;
        } else {
            start(_ -> {});
        }
    }

    private void start(Consumer<Boolean> prepared) {
        isScheduled = false;
        var job = new Job(prepared);
        running = job;
        job.thread.start();
    }

    /** Lets a running rewrite end without a result. */
    void cancel() {
        isScheduled = false;
        var job = running;
        if (job != null && !job.isCancelled) {
            log.notice("Killing running AOF rewrite child: a thread of this process");
            job.isCancelled = true;
        }
    }

    /** As cancelling, and waits for the end. The caller is not inside. */
    public void cancelAndWait() {
        cancel();
        var job = running;
        if (job != null) {
            try {
                job.thread.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Starts a rewrite when one is due. The caller is not inside. */
    void tick(long nowMillis, boolean isOn, long currentBytes, long baseBytes) {
        if (running != null || keyspace.isSnapshotRunning() || owner.hasNext()) {
            return;
        }
        boolean isDue = isScheduled;
        if (!isDue && isOn) {
            long percentage = settings.rewritePercentage().getAsLong();
            if (percentage > 0 && currentBytes > settings.rewriteBytesMin().getAsLong()) {
                long base = Math.max(1, baseBytes);
                long growth = (long) (currentBytes * 100.0 / base) - 100;
                isDue = growth >= percentage && !isLimited(nowMillis);
                if (isDue) {
                    log.notice("Starting automatic rewriting of AOF on " + growth + "% growth");
                }
            }
        } else if (isDue) {
            isDue = owner.isBehind() ? nowMillis - endedMillis >= BEHIND_RETRY_MILLIS : !isLimited(nowMillis);
        }
        if (isDue) {
            keyspace.mode().enterExclusive();
            try {
                if (running == null && !keyspace.isSnapshotRunning()) {
                    start(_ -> {});
                }
            } finally {
                keyspace.mode().leaveExclusive();
            }
        }
    }

    /** Whether rewrites have failed so often that the next one has to wait: a minute, then twice as long each time. */
    private boolean isLimited(long nowMillis) {
        if (failures < LIMITING_FAILURES) {
            delayMinutes = 0;
            delayedUntilMillis = 0;
            return false;
        }
        if (delayedUntilMillis != 0) {
            if (nowMillis < delayedUntilMillis) {
                return true;
            }
            delayedUntilMillis = 0;
            return false;
        }
        delayMinutes = delayMinutes == 0 ? 1 : Math.min(delayMinutes * 2, DELAY_MINUTES_MAX);
        delayedUntilMillis = nowMillis + delayMinutes * 60_000L;
        log.warning("Background AOF rewrite has repeatedly failed and triggered the limit, will retry in "
                + delayMinutes + " minutes");
        return true;
    }

    // ---- Writing a base ----

    /** Makes the base of a server that begins with what it has now, and returns its name. */
    String writeFirstBase() throws IOException {
        boolean isRdb = settings.usesRdbBase().getAsBoolean();
        var manifest = folder.manifest();
        String name = manifest.nextBaseName(folder.fileName(), isRdb);
        try (var taken = snapshots.take(_ -> {})) {
            writeBase(taken.content(), name, isRdb, () -> {});
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
        folder.put(manifest.withBase(name, manifest.baseSeq() + 1));
        return name;
    }

    /** Writes a base and gives it its name. */
    private void writeBase(KeyspaceSnapshot content, String name, boolean isRdb, SnapshotWriter.Brake brake)
            throws IOException {
        Files.createDirectories(folder.path());
        String temporary = "temp-rewriteaof-bg-" + ProcessHandle.current().pid() + ".aof";
        try (var file = SnapshotFile.create(folder.path(), name, temporary)) {
            long now = System.currentTimeMillis();
            boolean compresses = settings.compresses().getAsBoolean();
            if (isRdb) {
                var rdb = new RdbWriter(file, compresses, settings.checksums().getAsBoolean());
                SnapshotWriter.write(content, rdb, snapshots.facts(now, Map.of(), true), new AtomicLong(), brake);
                rdb.flush();
            } else {
                writeCommands(content, new CommandWriter(file, compresses), now, brake);
            }
            file.commit();
        }
    }

    private void writeCommands(KeyspaceSnapshot content, CommandWriter out, long nowMillis, SnapshotWriter.Brake brake)
            throws IOException {
        if (owner.hasStamps()) {
            out.raw(AofStream.stampLine(nowMillis / 1000));
        }
        for (byte[] source : content.libraries().sources()) {
            out.library(source);
        }
        content.accept(new KeyspaceSnapshot.Visitor() {
            @Override
            public void database(int database, long keyCount, long expiryCount) throws IOException {
                out.select(database);
            }

            @Override
            public void value(byte[] key, int keyOffset, int keyLength, Value value, long expiryMillis)
                    throws IOException {
                out.key(key, keyOffset, keyLength, value, expiryMillis);
                brake.behindKey();
            }
        });
        out.flush();
    }

    /** Is thrown to end a rewrite that was cancelled. */
    private static final class CancelledException extends IOException {
        private static final long serialVersionUID = 1;

        CancelledException() {
            super("cancelled");
        }
    }

    /** One rewrite, on its thread. */
    private final class Job {
        private final Thread thread =
                Thread.ofPlatform().name("redoubt-rewrite").unstarted(this::run);
        private final long beganMillis = System.currentTimeMillis();
        private final Consumer<Boolean> prepared;
        private volatile boolean isCancelled;
        /** Whether effects were not kept before, so that the increment joins the set only together with the base. */
        private boolean isFirst;

        private boolean isOn;
        private AofDisk.@Nullable File opened;
        private boolean isBegun;

        private Job(Consumer<Boolean> prepared) {
            this.prepared = prepared;
        }

        private void run() {
            boolean isGood = false;
            boolean isPrepared = false;
            try {
                prepare();
                isPrepared = true;
                count.incrementAndGet();
                log.notice("Background append only file rewriting started by pid "
                        + ProcessHandle.current().pid());
                prepared.accept(true);
                rewrite();
                isGood = true;
            } catch (IOException | RuntimeException failure) {
                log.warning(
                        failure instanceof CancelledException
                                ? "Background AOF rewrite terminated by the server itself"
                                : "Background AOF rewrite terminated with error: " + failure);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            } finally {
                end(isGood);
                if (!isPrepared) {
                    prepared.accept(false); // Only now, so that another one can be asked for.
                }
            }
        }

        /** Opens the increment that effects will go to. */
        private void prepare() throws IOException {
            Files.createDirectories(folder.path());
            isFirst = owner.waitsForRewrite();
            isOn = isFirst || owner.isOn();
            if (!isOn) {
                return;
            }
            String name;
            if (isFirst) {
                name = temporaryIncrement();
                Files.deleteIfExists(folder.resolve(name));
                opened = owner.openFile(name);
            } else {
                var manifest = folder.manifest().withNextIncrement(folder.fileName());
                name = manifest.lastIncrement().name();
                Files.deleteIfExists(folder.resolve(name));
                opened = owner.openFile(name);
                folder.put(manifest);
            }
            log.notice("Creating AOF incr file " + name + " on background rewrite");
        }

        private String temporaryIncrement() {
            return "temp-" + folder.fileName() + ".incr";
        }

        private void rewrite() throws IOException, InterruptedException {
            boolean isRdb = settings.usesRdbBase().getAsBoolean();
            String name = folder.manifest().nextBaseName(folder.fileName(), isRdb);
            try (var taken = snapshots.take(_ -> begin())) {
                snapshots.countBackground();
                if (isCancelled) {
                    throw new CancelledException();
                }
                if (isOn) {
                    owner.flush();
                }
                writeBase(taken.content(), name, isRdb, this::behindKey);
            }
            putInPlace(name);
        }

        /** In exclusive mode. */
        private void begin() {
            var increment = opened;
            boolean isWanted = isFirst ? owner.waitsForRewrite() : owner.isOn();
            if (isOn && !isWanted || !isOn && (owner.isOn() || owner.waitsForRewrite())) {
                isCancelled = true; // It was turned on or off meanwhile.
            }
            if (!isCancelled && increment != null) {
                owner.beginFile(increment);
                isBegun = true;
            }
        }

        /** Waits in slices, so that a shorter delay counts at once. */
        private void behindKey() throws IOException {
            long left = settings.keySaveDelayMicros().getAsLong();
            do {
                if (isCancelled) {
                    throw new CancelledException();
                }
                long slice = Math.min(left, DELAY_SLICE_MICROS);
                SnapshotWriter.delay(slice);
                left = Math.min(left - slice, settings.keySaveDelayMicros().getAsLong());
            } while (left > 0);
        }

        private void putInPlace(String baseName) throws IOException {
            keyspace.mode().enterExclusive();
            try {
                // Behind this it is too late to turn the file off without the new set.
                if (isCancelled) {
                    Files.deleteIfExists(folder.resolve(baseName));
                    throw new CancelledException();
                }
            } finally {
                keyspace.mode().leaveExclusive();
            }
            var manifest = folder.manifest();
            manifest = manifest.withBase(baseName, manifest.baseSeq() + 1);
            if (isFirst) {
                manifest = manifest.withNextIncrement(folder.fileName());
                Path temporary = folder.resolve(temporaryIncrement());
                Files.move(temporary, folder.resolve(manifest.lastIncrement().name()), StandardCopyOption.ATOMIC_MOVE);
            }
            folder.put(manifest.withIncrementsAsHistory(isOn ? 1 : 0));
        }

        private void end(boolean isGood) {
            keyspace.mode().enterExclusive();
            try {
                if (isGood && !isCancelled) {
                    owner.rewritten(isOn ? folder.size() : 0);
                } else if (!isGood) {
                    dropIncrement();
                }
            } catch (IOException failure) {
                log.warning(String.valueOf(failure.getMessage()));
            } finally {
                hasLastFailed = !isGood && !isCancelled;
                if (isGood) {
                    failures = 0;
                } else if (!isCancelled) {
                    failures++;
                }
                endedMillis = System.currentTimeMillis();
                lastSeconds = (endedMillis - beganMillis) / 1000;
                running = null;
                keyspace.mode().leaveExclusive();
            }
            if (isGood) {
                log.notice("Background AOF rewrite finished successfully");
                folder.deleteHistory();
            }
        }

        /** Exclusive mode. */
        private void dropIncrement() {
            try {
                var increment = opened;
                if (increment != null && !isBegun) {
                    increment.close(); // Else whoever writes to it closes it.
                }
                if (isFirst) {
                    if (owner.waitsForRewrite()) {
                        owner.dropFirst();
                        isScheduled = true;
                    }
                    log.notice("Removing the temp incr aof file " + temporaryIncrement() + " in the background");
                    Files.deleteIfExists(folder.resolve(temporaryIncrement()));
                }
            } catch (IOException failure) {
                log.warning("Dropping an increment of the AOF: " + failure);
            }
        }
    }

    // ---- Figures ----

    public boolean isRunning() {
        return running != null;
    }

    public boolean isScheduled() {
        return isScheduled;
    }

    public boolean hasLastFailed() {
        return hasLastFailed;
    }

    public long lastSeconds() {
        return lastSeconds;
    }

    public long currentSeconds() {
        var job = running;
        return job == null ? -1 : (System.currentTimeMillis() - job.beganMillis) / 1000;
    }

    public long count() {
        return count.get();
    }

    public long consecutiveFailures() {
        return failures;
    }
}
