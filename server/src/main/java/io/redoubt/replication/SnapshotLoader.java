package io.redoubt.replication;

import io.redoubt.command.ServerState;
import io.redoubt.persist.LoadingProgress;
import io.redoubt.persist.RdbException;
import io.redoubt.persist.RdbReader;
import io.redoubt.persist.RdbVisitor;
import io.redoubt.resp.Decimal;
import io.redoubt.store.Keyspace;
import io.redoubt.store.Libraries;
import io.redoubt.store.ValueLoader;
import io.redoubt.type.ValueSink;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Replaces the data by a master's snapshot. A file is read twice: first to see that all of it can be kept, and only then
 * is the old data dropped. What is loaded as it comes is kept beside the old data until it is complete. Keys are set in
 * slices of exclusive mode, so that loops can answer in between.
 */
final class SnapshotLoader {
    private static final int SLICE_KEYS = 2000;
    private static final long SLICE_BYTES = 1 << 20;

    private final Replication replication;
    private final MasterLink link;
    private final Keyspace keyspace;
    private final LoadingProgress progress;
    private int streamDatabase;

    SnapshotLoader(Replication replication, MasterLink link) {
        this.replication = replication;
        this.link = link;
        keyspace = replication.keyspace();
        progress = replication.loadingProgress();
    }

    /** Reads the whole file without keeping anything. */
    void verify(Path file) throws IOException {
        try {
            read(Files.newInputStream(file), new Check());
        } catch (RdbException damaged) {
            throw new LinkException("Failed trying to load the MASTER synchronization DB: " + damaged.getMessage()
                    + ". The old data is kept.");
        }
    }

    private static void read(InputStream source, RdbVisitor visitor) throws IOException {
        try (source) {
            new RdbReader(source, true).read(visitor);
        }
    }

    /**
     * Drops the old data and loads the new. When it returns, data, id and offset are those of the master.
     *
     * @return the database in which the stream goes on
     */
    int load(Path file, String id, long offset) throws IOException {
        var log = replication.log();
        var mode = keyspace.mode();
        log.line(false, "MASTER <-> REPLICA sync: Flushing old data");
        mode.enterExclusive();
        try {
            link.requireCurrent();
            replication.disconnectReplicas();
            progress.begin(Files.size(file));
            replication.state().set(ServerState.LOADING, true);
            replication.replacementBegins();
            flush();
        } finally {
            mode.leaveExclusive();
        }
        log.line(false, "MASTER <-> REPLICA sync: Loading DB in memory");
        boolean isDone = false;
        var slices = new Slices(0);
        try {
            read(progress.counting(Files.newInputStream(file)), slices);
            slices.enter();
            keyspace.setLibraries(slices.libraries);
            replication.adopt(id, offset);
            isDone = true;
        } finally {
            if (!isDone) {
                slices.enter();
                slices.dropUnfinished();
                flush();
                replication.forgetHistory();
            }
            replication.replacementEnded(isDone);
            replication.state().set(ServerState.LOADING, false);
            slices.leave();
        }
        log.line(false, "Done loading RDB, keys loaded: " + slices.keyCount + ", keys expired: 0.");
        return streamDatabase;
    }

    /**
     * Loads a snapshot as it comes, beside the old data, and puts it in its place when it is complete. If both belong to
     * the same history, the old data can be read meanwhile.
     *
     * @return the database in which the stream goes on
     */
    int loadBeside(SnapshotStream source, String id, long offset) throws IOException {
        var log = replication.log();
        var mode = keyspace.mode();
        int loadingBit = id.equals(replication.id()) ? ServerState.ASYNC_LOADING : ServerState.LOADING;
        mode.enterExclusive();
        try {
            link.requireCurrent();
            progress.begin(Math.max(0, source.length()));
            replication.state().set(loadingBit, true);
            keyspace.openStaging();
        } finally {
            mode.leaveExclusive();
        }
        log.line(false, "MASTER <-> REPLICA sync: Loading DB in memory");
        boolean isDone = false;
        var slices = new Slices(keyspace.databaseCount());
        source.whenWaiting(slices::leave, slices::goOn);
        try {
            var reader = new RdbReader(progress.counting(source), true);
            reader.read(slices);
            slices.leave();
            source.finish(reader.offset());
            slices.enter();
            link.requireCurrent();
            replication.disconnectReplicas();
            log.line(false, "MASTER <-> REPLICA sync: Swapping active DB with loaded DB");
            replication.replacementBegins();
            keyspace.closeStaging(link.unit(), true);
            keyspace.setLibraries(slices.libraries);
            replication.adopt(id, offset);
            replication.replacementEnded(true);
            isDone = true;
        } catch (RdbException damaged) {
            throw new LinkException("Failed trying to load the MASTER synchronization DB from socket: "
                    + damaged.getMessage() + ". The old data is kept.");
        } finally {
            slices.enter();
            if (!isDone) {
                slices.dropUnfinished();
                log.line(false, "MASTER <-> REPLICA sync: Discarding temporary DB in background");
                keyspace.closeStaging(link.unit(), false);
            }
            replication.state().set(loadingBit, false);
            slices.leave();
        }
        log.line(false, "Done loading RDB, keys loaded: " + slices.keyCount + ", keys expired: 0.");
        return streamDatabase;
    }

    private void flush() {
        keyspace.clear();
    }

    private class Check implements RdbVisitor {
        /** Those of the snapshot. */
        Libraries libraries = Libraries.NONE;

        @Override
        public void selectDb(int database) throws IOException {
            if (database >= keyspace.databaseCount()) {
                throw new LinkException("The master uses database " + database + ", and this server has only "
                        + keyspace.databaseCount() + ". The old data is kept.");
            }
        }

        @Override
        public ValueSink beginValue(int db, byte[] key, long expiryMillis, long idleSeconds, int frequency) {
            return NOTHING; // That it can be read is all we want to know.
        }

        @Override
        public void endValue() throws IOException {
            // As above.
        }

        @Override
        public void emptyValue(byte[] key) {
            // As above.
        }

        @Override
        public void function(byte[] code) throws IOException {
            String name = Libraries.nameOf(code);
            if (name == null) {
                throw new LinkException("The master has a library of functions without a name. The old data is kept.");
            }
            libraries = libraries.with(name, code);
        }
    }

    private final class Slices extends Check {
        private final int firstDatabase;
        private boolean isInside;
        private boolean isInValue;
        private int sliceKeys;
        private long sliceBytes;
        private long keyCount;
        private final ValueLoader loader = new ValueLoader(keyspace);
        private long expiryMillis;

        /** @param firstDatabase where the snapshot's database 0 goes */
        Slices(int firstDatabase) {
            this.firstDatabase = firstDatabase;
        }

        private void enter() {
            if (!isInside) {
                keyspace.mode().enterExclusive();
                isInside = true;
                link.unit().begin(System.currentTimeMillis(), true);
            }
        }

        private void leave() {
            if (isInside) {
                link.unit().end();
                isInside = false;
                sliceKeys = 0;
                sliceBytes = 0;
                keyspace.mode().leaveExclusive();
            }
        }

        /** What was left in the middle of a value is entered again, because the rest of the value follows. */
        private void goOn() {
            if (isInValue) {
                enter();
            }
        }

        @Override
        public void aux(byte[] name, byte[] value) {
            String fact = new String(name, StandardCharsets.ISO_8859_1);
            progress.aux(fact, new String(value, StandardCharsets.ISO_8859_1));
            if (fact.equals("repl-stream-db")) {
                long database = Decimal.parseLong(value, 0, value.length, 0);
                streamDatabase = database >= 0 && database < keyspace.databaseCount() ? (int) database : 0;
            }
        }

        @Override
        public ValueSink beginValue(int db, byte[] key, long expiry, long idleSeconds, int frequency) {
            enter();
            isInValue = true;
            expiryMillis = expiry;
            loader.begin(link.unit(), firstDatabase + db, key, 0, key.length);
            return loader;
        }

        @Override
        public void endValue() throws IOException {
            loader.attach(expiryMillis);
            isInValue = false;
            keyCount++;
            sliceBytes += loader.bytes();
            if (++sliceKeys >= SLICE_KEYS || sliceBytes >= SLICE_BYTES) {
                leave();
                link.requireCurrent();
                link.keepAlive();
            }
        }

        @Override
        public void emptyValue(byte[] key) {
            enter();
            loader.discard();
            isInValue = false;
        }

        /** Forgets a value whose end has not come. Inside. */
        private void dropUnfinished() {
            loader.discard();
        }
    }
}
