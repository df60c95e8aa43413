package io.redoubt.persist;

import io.redoubt.store.Keyspace;
import io.redoubt.store.KeyspaceSnapshot;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Snapshots for those who can wait for their turn: one runs at a time, whoever takes it. A caller may not be inside the
 * keyspace, because it would wait for a snapshot whose end waits for it.
 */
public final class Snapshots {
    /** Told at the moment of a snapshot, in exclusive mode: nothing is written before it returns. */
    @FunctionalInterface
    public interface Moment {
        void at(KeyspaceSnapshot content);
    }

    private static final long POLL_NANOS = 2_000_000;

    private final Keyspace keyspace;
    private final String redisVersion;
    private final AtomicLong backgroundCount = new AtomicLong();
    private volatile long lastMomentMicros;

    /** @param redisVersion the version that files name as their writer's */
    public Snapshots(Keyspace keyspace, String redisVersion) {
        this.keyspace = keyspace;
        this.redisVersion = redisVersion;
    }

    /** Counts a snapshot that is written in the background: a client that waits for SAVE does without. */
    public void countBackground() {
        backgroundCount.incrementAndGet();
    }

    /** How many snapshots have been written in the background. */
    public long backgroundCount() {
        return backgroundCount.get();
    }

    /** How long nobody else was inside when the last snapshot began. */
    public long lastMomentMicros() {
        return lastMomentMicros;
    }

    /** CONFIG RESETSTAT. */
    public void resetStats() {
        backgroundCount.set(0);
        lastMomentMicros = 0;
    }

    /** Takes a snapshot; waits for its turn. */
    public Taken take(Moment moment) throws InterruptedException {
        while (true) {
            var taken = tryTake(moment);
            if (taken != null) {
                return taken;
            }
            LockSupport.parkNanos(POLL_NANOS);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    /** Takes a snapshot if none runs; else returns null. */
    public @Nullable Taken tryTake(Moment moment) {
        keyspace.mode().enterExclusive();
        try {
            long began = System.nanoTime();
            var content = keyspace.beginSnapshot();
            if (content == null) {
                return null;
            }
            boolean isTaken = false;
            try {
                moment.at(content);
                isTaken = true;
            } finally {
                if (!isTaken) {
                    keyspace.endSnapshot();
                }
            }
            lastMomentMicros = (System.nanoTime() - began) / 1000;
            return new Taken(content);
        } finally {
            keyspace.mode().leaveExclusive();
        }
    }

    /**
     * Returns the facts at the head of a file, in the order of Redis.
     *
     * @param nowMillis when the file is made
     * @param replication {@code repl-stream-db}, {@code repl-id}, {@code repl-offset}, or nothing
     * @param isAofBase whether the file is the first part of an AOF
     */
    public Map<String, String> facts(long nowMillis, Map<String, String> replication, boolean isAofBase) {
        var facts = new LinkedHashMap<String, String>();
        facts.put("redis-ver", redisVersion);
        facts.put("redis-bits", "64");
        facts.put("ctime", Long.toString(nowMillis / 1000));
        facts.put("used-mem", Long.toString(keyspace.usedBytes()));
        facts.putAll(replication);
        facts.put("aof-base", isAofBase ? "1" : "0");
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
        public void write(
                RdbSink sink,
                Map<String, String> facts,
                boolean compresses,
                boolean hasChecksum,
                SnapshotWriter.Brake brake)
                throws IOException {
            SnapshotWriter.write(content, new RdbWriter(sink, compresses, hasChecksum), facts, new AtomicLong(), brake);
        }

        /** Writes an RDB file without any key, for a replica that filters them out; with the libraries, or not. */
        public void writeWithoutKeys(RdbSink sink, Map<String, String> facts, boolean hasChecksum, boolean hasLibraries)
                throws IOException {
            var writer = new RdbWriter(sink, false, hasChecksum);
            writer.head(facts);
            if (hasLibraries) {
                writer.functions(content.libraries());
            }
            writer.end();
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
            }
        }
    }
}
