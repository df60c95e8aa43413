package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ExpiryVisitor;

/**
 * The fields of a large hash: a block holds a field and its value, one behind the other. When fields expire is kept by
 * the table. What has expired is found by going round it, a slice at a time; {@link #nextExpiry} says whether that is
 * worth while. It becomes exact again by a round in which nothing was changed.
 */
public final class HashTable extends ElementTable {
    private long nextExpiry = Long.MAX_VALUE; // No field expires earlier.
    private long cursor; // Of the round.
    private long leastSeen = Long.MAX_VALUE; // In the round.
    private boolean isRoundVoid; // Something was changed in the round, so that an entry may have been passed over.

    HashTable(Arena arena) {
        super(arena);
    }

    private HashTable(HashTable original) {
        super(original);
        nextExpiry = original.nextExpiry;
        cursor = original.cursor;
        leastSeen = original.leastSeen;
        isRoundVoid = original.isRoundVoid;
    }

    @Override
    public HashTable fork() {
        return new HashTable(this);
    }

    @Override
    protected int elementOffset() {
        return 0;
    }

    @Override
    protected int blockBytes(byte[] chunk, int base) {
        int fieldBytes = Listpack.dataSize(chunk, base);
        return fieldBytes + Listpack.dataSize(chunk, base + fieldBytes);
    }

    @Override
    public void sendTo(byte[][] chunks, ValueSink sink) {
        sink.hash(count());
        var field = new Element();
        var value = new Element();
        var walk = new Walk();
        walk(walk);
        for (int handle = next(walk); handle != 0; handle = next(walk)) {
            byte[] chunk = chunks[Arena.chunkIndex(handle)];
            int base = Arena.chunkOffset(handle);
            Listpack.get(chunk, base, 0, field);
            Listpack.get(chunk, base, Listpack.dataSize(chunk, base), value);
            sink.field(field, value, walk.expiryMillis());
        }
    }

    /** Shows the value of an entry. */
    void getValue(int handle, Element into) {
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        Listpack.get(chunk, base, Listpack.dataSize(chunk, base), into);
    }

    /**
     * Sets a field, which is then the found one; says whether it is new. When it expires stays. Neither field nor value
     * lie in this arena.
     */
    boolean put(int hash32, Element field, Element value) {
        int bytes = Listpack.dataSize(field) + Listpack.dataSize(value);
        int found = find(hash32, field);
        if (found == 0) {
            insert(hash32, write(field, value, bytes));
            isRoundVoid = true;
            return true;
        }
        byte[] chunk = arena.chunk(found);
        int base = arena.offset(found);
        int oldBytes = blockBytes(chunk, base);
        if (Arena.usableBytes(oldBytes) == Arena.usableBytes(bytes) && !arena.isFrozen(found)) {
            Listpack.writeData(chunk, base + Listpack.dataSize(chunk, base), value);
        } else {
            replaceFound(write(field, value, bytes));
            arena.free(found, oldBytes);
        }
        return false;
    }

    private int write(Element field, Element value, int bytes) {
        int handle = arena.allocate(bytes);
        byte[] chunk = arena.chunk(handle);
        Listpack.writeData(chunk, Listpack.writeData(chunk, arena.offset(handle), field), value);
        return handle;
    }

    boolean remove(int hash32, Element field) {
        int handle = find(hash32, field);
        if (handle == 0) {
            return false;
        }
        removeFound();
        free(handle);
        isRoundVoid = true;
        return true;
    }

    // ---- Fields that expire ----

    /** Sets when the found field expires, {@link #NO_EXPIRY} for never. */
    void expireFound(long millis) {
        setFoundExpiry(millis);
        if (millis != NO_EXPIRY) {
            nextExpiry = Math.min(nextExpiry, millis);
            leastSeen = Math.min(leastSeen, millis);
        } else if (expiryCount() == 0) {
            nextExpiry = Long.MAX_VALUE;
        }
    }

    /** No field expires before; {@link Long#MAX_VALUE} if none does. */
    long nextExpiry() {
        return expiryCount() == 0 ? Long.MAX_VALUE : nextExpiry;
    }

    /** When the first field expires, by looking at all; {@link #NO_EXPIRY} if none does. */
    long leastExpiry() {
        if (expiryCount() == 0) {
            return NO_EXPIRY;
        }
        long least = Long.MAX_VALUE;
        var walk = new Walk();
        walk(walk);
        while (next(walk) != 0) {
            if (walk.expiryMillis() != NO_EXPIRY) {
                least = Math.min(least, walk.expiryMillis());
            }
        }
        return least;
    }

    /**
     * Looks at some of the fields that may expire, and collects those that have.
     *
     * @param hashes gets their hashes, and {@code handles} their handles; at most so many are looked at
     * @return how many have expired
     */
    int collectExpired(long now, int[] hashes, int[] handles) {
        var collector = new Collector(now, hashes, handles);
        if (cursor == 0) {
            leastSeen = Long.MAX_VALUE;
            isRoundVoid = false;
        }
        cursor = expireSlice(cursor, handles.length, collector);
        leastSeen = Math.min(leastSeen, collector.leastOfRest);
        if (cursor == 0 && !isRoundVoid && collector.count == 0) {
            nextExpiry = leastSeen;
        }
        return collector.count;
    }

    private static final class Collector implements ExpiryVisitor {
        private final long now;
        private final int[] hashes;
        private final int[] handles;
        private int count;
        private long leastOfRest = Long.MAX_VALUE;

        Collector(long now, int[] hashes, int[] handles) {
            this.now = now;
            this.hashes = hashes;
            this.handles = handles;
        }

        @Override
        public void visit(int handle, int hash32, long expiryMillis) {
            if (expiryMillis <= now && count < handles.length) {
                hashes[count] = hash32;
                handles[count++] = handle;
            } else {
                leastOfRest = Math.min(leastOfRest, expiryMillis);
            }
        }
    }

    /** Removes a field that was collected. */
    void removeHandle(int hash32, int handle) {
        if (!findHandle(hash32, handle)) {
            throw new IllegalStateException("the field is gone already");
        }
        removeFound();
        free(handle);
        isRoundVoid = true;
    }
}
