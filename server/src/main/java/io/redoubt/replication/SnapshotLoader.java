package io.redoubt.replication;

import io.redoubt.command.ServerState;
import io.redoubt.persist.RdbException;
import io.redoubt.persist.RdbReader;
import io.redoubt.persist.RdbVisitor;
import io.redoubt.resp.Decimal;
import io.redoubt.store.Keyspace;
import io.redoubt.store.ValueLoader;
import io.redoubt.type.ValueSink;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Replaces the data by a master's snapshot. The file is read twice: first to see that all of it can be kept, and only
 * then is the old data dropped. The second time keys are set in slices of exclusive mode, so that loops can answer
 * LOADING in between.
 */
final class SnapshotLoader {
    private static final int SLICE_KEYS = 2000;
    private static final long SLICE_BYTES = 1 << 20;

    private final Replication replication;
    private final MasterLink link;
    private final Keyspace keyspace;
    private final Path file;
    private int streamDatabase;

    SnapshotLoader(Replication replication, MasterLink link, Path file) {
        this.replication = replication;
        this.link = link;
        this.file = file;
        keyspace = replication.keyspace();
    }

    /** Reads the whole file without keeping anything. */
    void verify() throws IOException {
        try {
            read(new Check());
        } catch (RdbException damaged) {
            throw new LinkException("Failed trying to load the MASTER synchronization DB: " + damaged.getMessage()
                    + ". The old data is kept.");
        }
    }

    private void read(RdbVisitor visitor) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            new RdbReader(in, true).read(visitor);
        }
    }

    /**
     * Drops the old data and loads the new. When it returns, data, id and offset are those of the master.
     *
     * @return the database in which the stream goes on
     */
    int load(String id, long offset) throws IOException {
        var log = replication.log();
        var mode = keyspace.mode();
        log.line(false, "MASTER <-> REPLICA sync: Flushing old data");
        replication.disconnectReplicas();
        mode.enterExclusive();
        try {
            link.requireCurrent();
            replication.state().set(ServerState.LOADING, true);
            flush();
        } finally {
            mode.leaveExclusive();
        }
        log.line(false, "MASTER <-> REPLICA sync: Loading DB in memory");
        boolean isDone = false;
        var slices = new Slices();
        try {
            read(slices);
            slices.enter();
            replication.adopt(id, offset);
            isDone = true;
        } finally {
            if (!isDone) {
                slices.enter();
                flush();
                replication.forgetHistory();
            }
            replication.state().set(ServerState.LOADING, false);
            slices.leave();
        }
        log.line(false, "Done loading RDB, keys loaded: " + slices.keyCount + ", keys expired: 0.");
        return streamDatabase;
    }

    private void flush() {
        for (int database = 0; database < keyspace.databaseCount(); database++) {
            keyspace.flush(keyspace.unit(keyspace.loopCount()), database);
        }
    }

    private final class Check implements RdbVisitor {
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
        public void endValue() {}

        @Override
        public void function(byte[] code) throws IOException {
            throw new LinkException("The master has functions, which this server cannot keep. The old data is kept.");
        }
    }

    private final class Slices implements RdbVisitor {
        private boolean isInside;
        private int sliceKeys;
        private long sliceBytes;
        private long keyCount;
        private final ValueLoader loader = new ValueLoader(keyspace);
        private long expiryMillis;

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

        @Override
        public void aux(byte[] name, byte[] value) {
            if (new String(name, StandardCharsets.ISO_8859_1).equals("repl-stream-db")) {
                long database = Decimal.parseLong(value, 0, value.length, 0);
                streamDatabase = database >= 0 && database < keyspace.databaseCount() ? (int) database : 0;
            }
        }

        @Override
        public ValueSink beginValue(int db, byte[] key, long expiry, long idleSeconds, int frequency) {
            enter();
            expiryMillis = expiry;
            loader.begin(link.unit(), db, key, 0, key.length);
            return loader;
        }

        @Override
        public void endValue() throws IOException {
            loader.attach(expiryMillis);
            keyCount++;
            sliceBytes += loader.bytes();
            if (++sliceKeys >= SLICE_KEYS || sliceBytes >= SLICE_BYTES) {
                leave();
                link.requireCurrent();
                link.keepAlive();
            }
        }

        @Override
        public void function(byte[] code) {
            throw new IllegalStateException("the check has let a function pass");
        }
    }
}
