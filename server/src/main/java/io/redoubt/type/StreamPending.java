package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.CountedTree;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Entries that were delivered to a group and not acknowledged, in order of their IDs or of their consumers and IDs. A
 * group has both trees; they name the same blocks:
 * <pre>
 *  +0 milliseconds   +8 sequence   +16 Unix time of the delivery in milliseconds   +24 number of deliveries
 *  +32 number of the consumer (32 bits)
 * </pre>
 */
final class StreamPending extends CountedTree {
    static final int BLOCK_BYTES = 36;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final boolean byOwner;
    private int probeOwner;
    private long probeMs;
    private long probeSeq;

    StreamPending(Arena arena, Way way, boolean byOwner) {
        super(arena, way);
        this.byOwner = byOwner;
    }

    StreamPending(StreamPending original, Way way) {
        super(original, way);
        byOwner = original.byOwner;
    }

    @Override
    protected int compare(int handle) {
        int order = byOwner ? Integer.compare(owner(handle), probeOwner) : 0;
        return order == 0 ? StreamId.compare(ms(handle), seq(handle), probeMs, probeSeq) : order;
    }

    /** Looks for an entry of a consumer from now on; where entries are in order of their IDs, no matter of which. */
    StreamPending at(int owner, long ms, long seq) {
        probeOwner = owner;
        probeMs = ms;
        probeSeq = seq;
        return this;
    }

    /** Looks from now on for what a block shows. */
    StreamPending like(int handle) {
        return at(owner(handle), ms(handle), seq(handle));
    }

    private long get(int handle, int offset) {
        return (long) LONGS.get(arena.chunk(handle), arena.offset(handle) + offset);
    }

    long ms(int handle) {
        return get(handle, 0);
    }

    long seq(int handle) {
        return get(handle, 8);
    }

    /** When the entry was delivered last: Unix time in milliseconds. */
    long deliveryMillis(int handle) {
        return get(handle, 16);
    }

    /** How often the entry was delivered. */
    long deliveries(int handle) {
        return get(handle, 24);
    }

    int owner(int handle) {
        return (int) INTS.get(arena.chunk(handle), arena.offset(handle) + 32);
    }

    /** Overwrites the owner in a block that the order of owners does not name. */
    void setOwner(int handle, int owner) {
        INTS.set(arena.chunk(handle), arena.offset(handle) + 32, owner);
    }

    /** Makes a block, which no tree names yet. */
    int create(long ms, long seq, long deliveryMillis, long deliveries, int owner) {
        int handle = arena.allocate(BLOCK_BYTES);
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        LONGS.set(chunk, base, ms);
        LONGS.set(chunk, base + 8, seq);
        setOwner(handle, owner);
        deliver(handle, deliveryMillis, deliveries);
        return handle;
    }

    /** Overwrites when and how often the entry was delivered, in a block that is not frozen. */
    void deliver(int handle, long deliveryMillis, long deliveries) {
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        LONGS.set(chunk, base + 16, deliveryMillis);
        LONGS.set(chunk, base + 24, deliveries);
    }

    void free(int handle) {
        arena.free(handle, BLOCK_BYTES);
    }

    // ---- The same of a snapshot, read in another thread ----

    private static long getLong(byte[][] chunks, int handle, int offset) {
        return (long) LONGS.get(chunks[Arena.chunkIndex(handle)], Arena.chunkOffset(handle) + offset);
    }

    static long ms(byte[][] chunks, int handle) {
        return getLong(chunks, handle, 0);
    }

    static long seq(byte[][] chunks, int handle) {
        return getLong(chunks, handle, 8);
    }

    static long deliveryMillis(byte[][] chunks, int handle) {
        return getLong(chunks, handle, 16);
    }

    static long deliveries(byte[][] chunks, int handle) {
        return getLong(chunks, handle, 24);
    }

    static int owner(byte[][] chunks, int handle) {
        return (int) INTS.get(chunks[Arena.chunkIndex(handle)], Arena.chunkOffset(handle) + 32);
    }
}
