package io.redoubt.store;

import org.jspecify.annotations.Nullable;

/**
 * A view of one record: set by a look-up, valid until the next change of its shard. One or a few per loop, reused.
 */
public final class Entry {
    private @Nullable Partition partition;
    private int handle;
    private byte[] chunk = new byte[0];
    private int base;
    private long expiryMillis;

    void set(Partition partition, int handle, long expiryMillis) {
        this.partition = partition;
        this.handle = handle;
        this.expiryMillis = expiryMillis;
        chunk = partition.arena.chunk(handle);
        base = partition.arena.offset(handle);
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

    int largeIndex() {
        return (int) Record.INTS.get(chunk, Record.valueStart(chunk, base));
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

    /** The 24 bits of the last access: a clock in seconds. */
    public int access() {
        return Record.access(chunk, base);
    }

    public void setAccess(int access) {
        Record.setAccess(chunk, base, access);
    }

    /** A number for the place of the record in its shard: the same as long as it is changed where it stands. */
    public long place() {
        return (handle & 0xFFFFFFFFL) << 3;
    }

    /** Bytes that key and value take, with their share of the bookkeeping. */
    public long sizeInBytes() {
        long own = io.redoubt.memory.Arena.usableBytes(Record.size(chunk, base));
        return own + 13 + (chunk[base] == Encoding.LARGE ? valueBuffer().length + 16 : 0);
    }
}
