package io.redoubt.store;

import io.redoubt.memory.Arena;
import io.redoubt.memory.Frozen;
import io.redoubt.store.Partition.FrozenPartition;
import io.redoubt.type.Encoding;
import io.redoubt.type.Value;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The keyspace as it was at one moment. Its arrays do not change until {@link Keyspace#endSnapshot}, so a thread of its
 * own reads them without a lock while loops go on writing.
 */
public final class KeyspaceSnapshot {
    /** Receives the content. */
    public interface Visitor {
        /** The keys that follow belong to this database. */
        void database(int database, long keyCount, long expiryCount) throws IOException;

        /** The 24 bits of the last access to the key that follows; of those, the latest that is known. */
        default void access(int access) {}

        /** A key and its value; what is shown is valid until the method returns. */
        void value(byte[] key, int keyOffset, int keyLength, Value value, long expiryMillis) throws IOException;
    }

    private record Part(Partition partition, FrozenPartition frozen, long keyCount, long expiryCount) {}

    private final List<List<Part>> databases = new ArrayList<>();
    private final long streamOffset;
    private final Libraries libraries;
    private final boolean expiresFields;
    private final KeptAccess keptAccess;
    private final Frequency frequency;

    KeyspaceSnapshot(
            int databaseCount,
            Shard[] shards,
            long streamOffset,
            Libraries libraries,
            KeptAccess keptAccess,
            Frequency frequency) {
        this.keptAccess = keptAccess;
        this.frequency = frequency;
        this.streamOffset = streamOffset;
        this.libraries = libraries;
        boolean expires = false;
        for (int database = 0; database < databaseCount; database++) {
            var parts = new ArrayList<Part>();
            for (var shard : shards) {
                var partition = shard.databases[database];
                if (partition.table.count() > 0) {
                    expires |= partition.fieldExpiryCount() > 0;
                    parts.add(new Part(
                            partition, partition.freeze(), partition.table.count(), partition.table.expiryCount()));
                }
            }
            databases.add(parts);
        }
        expiresFields = expires;
    }

    /** Offset of the last byte of the replication stream that the content includes. */
    public long streamOffset() {
        return streamOffset;
    }

    public Libraries libraries() {
        return libraries;
    }

    /** Whether fields of hashes expire, which files of Redis before 7.4 cannot say. */
    public boolean expiresFields() {
        return expiresFields;
    }

    /** What of the accesses to keys is to be written. */
    public KeptAccess keptAccess() {
        return keptAccess;
    }

    /** What accesses mean where {@link #keptAccess} is the frequency. */
    public Frequency frequency() {
        return frequency;
    }

    /** Returns how many keys there are. */
    public long keyCount() {
        long count = 0;
        for (var parts : databases) {
            for (var part : parts) {
                count += part.keyCount;
            }
        }
        return count;
    }

    /** Visits everything, database by database. */
    public void accept(Visitor visitor) throws IOException {
        for (int database = 0; database < databases.size(); database++) {
            var parts = databases.get(database);
            if (parts.isEmpty()) {
                continue;
            }
            long keyCount = 0;
            long expiryCount = 0;
            for (var part : parts) {
                keyCount += part.keyCount;
                expiryCount += part.expiryCount;
            }
            visitor.database(database, keyCount, expiryCount);
            for (var part : parts) {
                visit(part.frozen, visitor);
            }
        }
    }

    private static void visit(FrozenPartition frozen, Visitor visitor) throws IOException {
        var table = frozen.table();
        var value = new Value();
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            long[] slots = table.slots(segment);
            long[] expiries = table.expiries(segment);
            for (int i = 0; i < slots.length; i++) {
                int handle = Frozen.handle(slots[i]);
                if (handle != 0) {
                    visit(frozen, handle, expiries == null ? Keyspace.NO_EXPIRY : expiries[i], value, visitor);
                }
            }
        }
    }

    private static void visit(FrozenPartition frozen, int handle, long expiryMillis, Value value, Visitor visitor)
            throws IOException {
        byte[] chunk = frozen.chunks()[Arena.chunkIndex(handle)];
        int base = Arena.chunkOffset(handle);
        int keyStart = Record.keyStart(chunk, base);
        int keyLength = Record.keyLength(chunk, base);
        int valueStart = keyStart + keyLength;
        int encoding = Record.encoding(chunk, base);
        if (encoding == Encoding.LARGE) {
            int index = (int) Record.INTS.get(chunk, valueStart);
            value.setPacked(encoding, present(frozen.large()[index]), 0, frozen.largeLengths()[index]);
        } else if (Encoding.isLargeValue(encoding)) {
            int index = (int) Record.INTS.get(chunk, valueStart);
            value.setLarge(encoding, present(frozen.values()[index]), frozen.chunks());
        } else {
            value.setPacked(encoding, chunk, valueStart, Record.valueLength(chunk, base));
        }
        visitor.access(Record.access(chunk, base));
        visitor.value(chunk, keyStart, keyLength, value, expiryMillis);
    }

    private static <T> T present(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("a frozen record points at no large value");
        }
        return value;
    }

    void thaw() {
        for (var parts : databases) {
            for (var part : parts) {
                part.partition.thaw();
            }
        }
    }
}
