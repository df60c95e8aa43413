package io.redoubt.persist;

import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceSnapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Snapshots of the keyspace, one at a time, for SAVE, BGSAVE and full resyncs alike. A caller may not be inside the
 * keyspace: it would wait for a snapshot whose end waits for it. So commands take theirs on a thread of its own.
 */
public final class Snapshots {
    /** Told at the moment of a snapshot, in exclusive mode: nothing is written before it returns. */
    @FunctionalInterface
    public interface Moment {
        void at(KeyspaceSnapshot content);
    }

    private static final String REDIS_VERSION = "7.0.15";

    private final Keyspace keyspace;
    private final Semaphore turn = new Semaphore(1, true);

    public Snapshots(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** Whether a snapshot runs. */
    public boolean isRunning() {
        return turn.availablePermits() == 0;
    }

    /** Takes a snapshot; waits for its turn. */
    public Taken take(Moment moment) throws InterruptedException {
        turn.acquire();
        return begin(moment);
    }

    /** Takes a snapshot if none runs; else returns null. */
    public @Nullable Taken tryTake(Moment moment) {
        return turn.tryAcquire() ? begin(moment) : null;
    }

    private Taken begin(Moment moment) {
        boolean isTaken = false;
        keyspace.mode().enterExclusive();
        try {
            var content = keyspace.beginSnapshot();
            if (content == null) {
                throw new IllegalStateException("somebody else holds a snapshot");
            }
            try {
                moment.at(content);
                isTaken = true;
            } finally {
                if (!isTaken) {
                    keyspace.endSnapshot();
                }
            }
            return new Taken(content);
        } finally {
            keyspace.mode().leaveExclusive();
            if (!isTaken) {
                turn.release();
            }
        }
    }

    /**
     * Returns the facts at the head of a file, in the order of Redis.
     *
     * @param nowMillis when the file is made
     * @param replication {@code repl-stream-db}, {@code repl-id}, {@code repl-offset}, or nothing
     * @param isAofBase whether the file is the first part of an AOF
     */
    public List<Map.Entry<String, String>> facts(
            long nowMillis, List<Map.Entry<String, String>> replication, boolean isAofBase) {
        var facts = new ArrayList<Map.Entry<String, String>>();
        facts.add(Map.entry("redis-ver", REDIS_VERSION));
        facts.add(Map.entry("redis-bits", "64"));
        facts.add(Map.entry("ctime", Long.toString(nowMillis / 1000)));
        facts.add(Map.entry("used-mem", Long.toString(keyspace.usedBytes())));
        facts.addAll(replication);
        facts.add(Map.entry("aof-base", isAofBase ? "1" : "0"));
        return facts;
    }

    /** A snapshot that was taken. The next one waits until this one is closed. */
    public final class Taken implements AutoCloseable {
        private final KeyspaceSnapshot content;
        private boolean isClosed;

        private Taken(KeyspaceSnapshot content) {
            this.content = content;
        }

        public KeyspaceSnapshot content() {
            return content;
        }

        /** Writes the content as an RDB file, from its first byte to its checksum. */
        public void write(RdbSink sink, List<Map.Entry<String, String>> facts, boolean compresses, boolean hasChecksum)
                throws IOException {
            var writer = new RdbWriter(sink, compresses, hasChecksum);
            writer.header();
            for (var fact : facts) {
                writer.aux(fact.getKey(), fact.getValue());
            }
            content.accept(new Keys(writer));
            writer.end();
        }

        /** Writes the head and the end of an RDB file without any key: for a replica that filters everything out. */
        public void writeEmpty(RdbSink sink, List<Map.Entry<String, String>> facts, boolean hasChecksum)
                throws IOException {
            var writer = new RdbWriter(sink, false, hasChecksum);
            writer.header();
            for (var fact : facts) {
                writer.aux(fact.getKey(), fact.getValue());
            }
            writer.end();
        }

        /** Writes the content to a file, which appears whole or not at all. */
        public void save(
                Path directory,
                String name,
                List<Map.Entry<String, String>> facts,
                boolean compresses,
                boolean hasChecksum)
                throws IOException {
            try (var file = SnapshotFile.create(directory, name)) {
                write(file, facts, compresses, hasChecksum);
                file.commit();
            }
        }

        /** Ends the snapshot. */
        @Override
        public void close() {
            if (isClosed) {
                return;
            }
            isClosed = true;
            keyspace.mode().enterExclusive();
            try {
                keyspace.endSnapshot();
            } finally {
                keyspace.mode().leaveExclusive();
                turn.release();
            }
        }
    }

    private record Keys(RdbWriter writer) implements KeyspaceSnapshot.Visitor {
        @Override
        public void database(int database, long keyCount, long expiryCount) throws IOException {
            writer.selectDb(database);
            writer.resizeDb(keyCount, expiryCount);
        }

        @Override
        public void integer(byte[] key, int keyOffset, int keyLength, long value, long expiryMillis)
                throws IOException {
            writer.keyWithString(expiryMillis, key, keyOffset, keyLength, value);
        }

        @Override
        public void string(
                byte[] key, int keyOffset, int keyLength, byte[] value, int offset, int length, long expiryMillis)
                throws IOException {
            writer.keyWithString(expiryMillis, key, keyOffset, keyLength, value, offset, length);
        }
    }
}
