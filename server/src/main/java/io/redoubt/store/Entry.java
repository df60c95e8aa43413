package io.redoubt.store;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ArenaFullException;
import io.redoubt.type.Encoding;
import io.redoubt.type.Freeable;
import io.redoubt.type.Home;
import io.redoubt.type.IntSet;
import io.redoubt.type.LargeValue;
import io.redoubt.type.Listpack;
import io.redoubt.type.Thresholds;
import io.redoubt.type.Value;
import org.jspecify.annotations.Nullable;

/**
 * A view of one record: set by a look-up, valid until the next change of its shard that is not made through it. One or a
 * few per loop, reused. As a {@link Home} it is the place of a value that is no string.
 */
public final class Entry implements Home {
    private @Nullable Partition partition;
    private @Nullable Unit unit; // Null where the entry may only be read.
    private boolean isDetached;
    private int database; // Of a detached entry.
    private int hash;
    private int handle;
    private byte[] chunk = new byte[0];
    private int base;
    private long expiryMillis;

    /** Shows a record that may only be read. */
    void set(Partition partition, int handle, long expiryMillis) {
        this.partition = partition;
        this.expiryMillis = expiryMillis;
        unit = null;
        isDetached = false;
        moveTo(handle);
    }

    /** Shows a record whose value may be changed through this entry. */
    void set(Unit unit, Partition partition, int hash, int handle, long expiryMillis) {
        set(partition, handle, expiryMillis);
        this.unit = unit;
        this.hash = hash;
    }

    /** Shows a record that no table knows yet. */
    void setDetached(Unit unit, Partition partition, int database, int hash, int handle) {
        this.database = database;
        set(unit, partition, hash, handle, Keyspace.NO_EXPIRY);
        isDetached = true;
    }

    private void moveTo(int newHandle) {
        var arena = partition().arena;
        handle = newHandle;
        chunk = arena.chunk(newHandle);
        base = arena.offset(newHandle);
    }

    boolean isDetached() {
        return isDetached;
    }

    /** Where a detached record belongs. */
    int database() {
        return database;
    }

    int keyHash() {
        return hash;
    }

    private Unit unit() {
        if (unit == null) {
            throw new IllegalStateException("the entry may only be read");
        }
        return unit;
    }

    void clear() {
        partition = null;
        handle = 0;
    }

    Partition partition() {
        if (partition == null) {
            throw new IllegalStateException("the entry is not set");
        }
        return partition;
    }

    int handle() {
        return handle;
    }

    @Override
    public int encoding() {
        return Record.encoding(chunk, base);
    }

    public boolean isInteger() {
        return chunk[base] == Encoding.INT;
    }

    public boolean isString() {
        return chunk[base] <= Encoding.LARGE;
    }

    /** Returns the integer of an {@link Encoding#INT} entry. */
    public long integer() {
        return (long) Record.LONGS.get(chunk, Record.valueStart(chunk, base));
    }

    /** Overwrites the integer where it stands, unless a snapshot still needs the old one; says whether it did. */
    public boolean putInteger(long value) {
        if (partition().arena.isFrozen(handle)) {
            return false;
        }
        Record.LONGS.set(chunk, Record.valueStart(chunk, base), value);
        return true;
    }

    /** The buffer that holds the bytes of a string that is not an integer. */
    public byte[] valueBuffer() {
        return chunk[base] == Encoding.LARGE ? partition().large(largeIndex()) : chunk;
    }

    /**
     * Says that somebody keeps a reference to {@link #valueBuffer()} and reads it later: its bytes do not change any
     * more. False when it is the arena's, of which nobody may keep a reference.
     */
    public boolean shareValue() {
        if (chunk[base] != Encoding.LARGE) {
            return false;
        }
        partition().shareLarge(largeIndex());
        return true;
    }

    public int valueStart() {
        return chunk[base] == Encoding.LARGE ? 0 : Record.valueStart(chunk, base);
    }

    public int valueLength() {
        return chunk[base] == Encoding.LARGE ? partition().largeLength(largeIndex()) : Record.valueLength(chunk, base);
    }

    /**
     * Whether the bytes of a raw string that is not large may be changed where they stand: no snapshot needs the old
     * ones.
     */
    public boolean isWritable() {
        return chunk[base] == Encoding.RAW && !partition().arena.isFrozen(handle);
    }

    /** Lets a record of the same size as one with a large value point at that value, too. */
    void pointAt(int encoding, int index) {
        Record.setEncoding(chunk, base, encoding);
        Record.INTS.set(chunk, start(), index);
    }

    int largeIndex() {
        return (int) Record.INTS.get(chunk, Record.valueStart(chunk, base));
    }

    // ---- The place of a value that is no string ----

    @Override
    public byte[] buffer() {
        return chunk;
    }

    @Override
    public int start() {
        return Record.valueStart(chunk, base);
    }

    @Override
    public int length() {
        return Record.valueLength(chunk, base);
    }

    @Override
    public Arena arena() {
        return partition().arena;
    }

    @Override
    public int hash(byte[] bytes, int offset, int length) {
        return partition().hash(bytes, offset, length);
    }

    @Override
    public Thresholds thresholds() {
        return partition().thresholds;
    }

    @Override
    public long seenAtMillis() {
        return unit == null || unit.isFromMaster() ? Long.MIN_VALUE : unit.nowMillis();
    }

    @Override
    public void noteFieldExpiry(long millis) {
        if (!isDetached) {
            partition().noteFieldExpiry(hash, handle, millis);
        }
    }

    @Override
    public void setEncoding(int encoding) {
        splice(0, 0, 0);
        Record.setEncoding(chunk, base, encoding);
    }

    @Override
    public LargeValue large() {
        return partition().largeValue(largeIndex());
    }

    @Override
    public LargeValue writableLarge() {
        unit().freedIn(partition());
        if (!isDetached) {
            unit().valueChanged();
        }
        return partition().writableLargeValue(largeIndex());
    }

    @Override
    public void enlarge(int encoding, LargeValue value) {
        pack(encoding, 4);
        Record.INTS.set(chunk, Record.valueStart(chunk, base), partition().addLargeValue(value));
    }

    @Override
    public void pack(int encoding, int length) {
        if (Encoding.isLargeValue(encoding())) {
            partition().releaseLargeValue(largeIndex());
            unit().freedIn(partition());
        }
        splice(0, length(), length);
        Record.setEncoding(chunk, base, encoding);
    }

    @Override
    public void splice(int offset, int removed, int added) {
        int length = length();
        int newLength = length - removed + added;
        if (newLength > Record.VALUE_BYTES_MAX) {
            throw new IllegalArgumentException("a record has no room for " + newLength + " bytes");
        }
        int keyLength = keyLength();
        int oldSize = Record.size(keyLength, length);
        int newSize = Record.size(keyLength, newLength);
        var arena = partition().arena;
        if (Arena.usableBytes(newSize) == Arena.usableBytes(oldSize) && !arena.isFrozen(handle)) {
            if (removed != added) {
                int from = start() + offset;
                System.arraycopy(chunk, from + removed, chunk, from + added, length - offset - removed);
                Record.setValueLength(chunk, base, newLength);
            }
            if (!isDetached) {
                unit().valueChanged();
            }
            return;
        }
        int newHandle;
        try {
            newHandle = arena.allocate(newSize);
        } catch (ArenaFullException full) {
            if (newSize > oldSize || !arena.isTrimmable(handle, oldSize)) {
                throw full;
            }
            // Who removes something must not fail for want of memory.
            int from = start() + offset;
            System.arraycopy(chunk, from + removed, chunk, from + added, length - offset - removed);
            Record.setValueLength(chunk, base, newLength);
            arena.trim(handle, oldSize, newSize);
            unit().freedIn(partition());
            if (!isDetached) {
                unit().valueChanged();
            }
            return;
        }
        byte[] newChunk = arena.chunk(newHandle);
        int newBase = arena.offset(newHandle);
        int kept = oldSize - length + offset; // Header, key and what stands before the change.
        System.arraycopy(chunk, base, newChunk, newBase, kept);
        System.arraycopy(chunk, base + kept + removed, newChunk, newBase + kept + added, length - offset - removed);
        Record.setValueLength(newChunk, newBase, newLength);
        if (!isDetached) {
            partition().replace(hash, handle, newHandle);
            unit().valueChanged();
        }
        arena.free(handle, oldSize);
        unit().freedIn(partition());
        moveTo(newHandle);
    }

    /** Whether it is a value that may not be empty and is: its last element has gone, or its first has not come. */
    public boolean isEmptyCollection() {
        int encoding = encoding();
        return switch (Encoding.type(encoding)) {
            case STRING, STREAM -> false;
            default ->
                Encoding.isLargeValue(encoding)
                        ? large().count() == 0
                        : encoding == Encoding.SET_INTS
                                ? IntSet.count(chunk, start()) == 0
                                : Listpack.first(chunk, start()) == Listpack.NONE;
        };
    }

    /** Shows the value to whoever writes it elsewhere. */
    public void show(Value value) {
        int encoding = encoding();
        if (encoding == Encoding.LARGE) {
            value.setPacked(encoding, valueBuffer(), 0, valueLength());
        } else if (Encoding.isLargeValue(encoding)) {
            value.setLarge(encoding, large(), arena().chunks());
        } else {
            value.setPacked(encoding, chunk, start(), length());
        }
    }

    public byte[] keyBuffer() {
        return chunk;
    }

    public int keyStart() {
        return Record.keyStart(chunk, base);
    }

    public int keyLength() {
        return Record.keyLength(chunk, base);
    }

    /** Unix time in milliseconds at which the key expires, or {@link Keyspace#NO_EXPIRY}. */
    public long expiryMillis() {
        return expiryMillis;
    }

    /** The 24 bits of the last access: a clock in seconds, or what {@link #setFrequency} says. */
    public int access() {
        return Record.access(chunk, base);
    }

    public void setAccess(int access) {
        Record.setAccess(chunk, base, access);
    }

    /** As if the key had been used so long ago. */
    public void setIdle(long nowMillis, long idleSeconds) {
        setAccess((int) (nowMillis / 1000 - idleSeconds) & 0xFFFFFF);
    }

    /** As if the key were used so often, from 0 to 255. */
    public void setFrequency(long nowMillis, int frequency) {
        setAccess(Frequency.bits(nowMillis, frequency));
    }

    /** Frees what was taken off the large value; much of it in slices. */
    public void free(Freeable blocks) {
        partition().free(blocks);
    }

    /** A number for the place of the record in its shard: the same as long as it is changed where it stands. */
    public long place() {
        return (handle & 0xFFFFFFFFL) << 3;
    }

    /**
     * Bytes that key and value take, with their share of the bookkeeping.
     *
     * @param samples how many blocks of a large value to look at; 0 for all
     */
    public long sizeInBytes(long samples) {
        long own = Arena.usableBytes(Record.size(chunk, base)) + 13L;
        if (chunk[base] == Encoding.LARGE) {
            return own + valueBuffer().length + 16;
        }
        return Encoding.isLargeValue(chunk[base]) ? own + large().sizeInBytes() + large().blockBytes(samples) : own;
    }
}
