package io.redoubt.persist;

import io.redoubt.store.KeyspaceSnapshot;
import io.redoubt.type.Value;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Writes a frozen keyspace as an RDB file; runs on a thread of its own while loops go on writing. */
public final class SnapshotWriter {
    /** Called behind each key: slows the writer down, or ends it by an exception. */
    @FunctionalInterface
    public interface Brake {
        void behindKey() throws IOException;
    }

    private SnapshotWriter() {}

    /**
     * Waits as {@code rdb-key-save-delay} says.
     *
     * @param delayMicros for each key; if negative, for so many keys one microsecond, which is none here
     */
    public static void delay(long delayMicros) {
        if (delayMicros > 0) {
            LockSupport.parkNanos(delayMicros * 1000);
        }
    }

    /**
     * Writes header, auxiliary fields, libraries of functions, every database and the end.
     *
     * @param aux auxiliary fields by name, in order
     * @param keysWritten counts up while keys are written
     * @param brake called behind each key
     */
    public static void write(
            KeyspaceSnapshot snapshot, RdbWriter writer, Map<String, String> aux, AtomicLong keysWritten, Brake brake)
            throws IOException {
        if (snapshot.expiresFields()) {
            writer.expiresFields();
        }
        writer.head(aux);
        writer.functions(snapshot.libraries());
        var kept = snapshot.keptAccess();
        var frequency = snapshot.frequency();
        long now = System.currentTimeMillis();
        snapshot.accept(new KeyspaceSnapshot.Visitor() {
            @Override
            public void database(int database, long keyCount, long expiryCount) throws IOException {
                writer.selectDb(database);
                writer.resizeDb(keyCount, expiryCount);
            }

            @Override
            public void access(int access) {
                switch (kept) {
                    case NOTHING -> {}
                    case IDLE_TIME -> writer.idle(now / 1000 - access & 0xFFFFFF);
                    case FREQUENCY -> writer.freq(frequency.count(access, now));
                }
            }

            @Override
            public void value(byte[] key, int keyOffset, int keyLength, Value value, long expiryMillis)
                    throws IOException {
                writer.key(expiryMillis, key, keyOffset, keyLength, value);
                keysWritten.incrementAndGet();
                brake.behindKey();
            }
        });
        writer.end();
    }
}
