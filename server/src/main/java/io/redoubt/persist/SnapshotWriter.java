package io.redoubt.persist;

import io.redoubt.store.KeyspaceSnapshot;
import io.redoubt.type.Value;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Writes a frozen keyspace as an RDB file; runs on a thread of its own while loops go on writing. */
public final class SnapshotWriter {
    private SnapshotWriter() {}

    /**
     * Writes header, auxiliary fields, every database and the end.
     *
     * @param aux auxiliary fields by name, in order
     * @param keysWritten counts up while keys are written
     */
    public static void write(
            KeyspaceSnapshot snapshot, RdbWriter writer, Map<String, String> aux, AtomicLong keysWritten)
            throws IOException {
        if (snapshot.expiresFields()) {
            writer.expiresFields();
        }
        writer.head(aux);
        snapshot.accept(new KeyspaceSnapshot.Visitor() {
            @Override
            public void database(int database, long keyCount, long expiryCount) throws IOException {
                writer.selectDb(database);
                writer.resizeDb(keyCount, expiryCount);
            }

            @Override
            public void value(byte[] key, int keyOffset, int keyLength, Value value, long expiryMillis)
                    throws IOException {
                writer.key(expiryMillis, key, keyOffset, keyLength, value);
                keysWritten.incrementAndGet();
            }
        });
        writer.end();
    }
}
