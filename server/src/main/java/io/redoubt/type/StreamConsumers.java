package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.CountedTree;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The consumers of a group in order of their names, each a block:
 * <pre>
 *  +0 Unix time of its last request in milliseconds   +8 its number (32 bits)   +12 length of its name (32 bits)
 *  +16 its name
 * </pre>
 */
final class StreamConsumers extends CountedTree {
    private static final int HEADER_BYTES = 16;
    private static final byte[] NOTHING = {};
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private byte[] probe = NOTHING;
    private int probeFrom;
    private int probeLength;

    StreamConsumers(Arena arena, Way way) {
        super(arena, way);
    }

    StreamConsumers(StreamConsumers original, Way way) {
        super(original, way);
    }

    @Override
    protected int compare(int handle) {
        int from = nameStart(handle);
        return Arrays.compareUnsigned(
                arena.chunk(handle), from, from + nameLength(handle), probe, probeFrom, probeFrom + probeLength);
    }

    /** Looks for a name from now on. */
    StreamConsumers at(byte[] buffer, int from, int length) {
        probe = buffer;
        probeFrom = from;
        probeLength = length;
        return this;
    }

    /** Looks from now on for what a block shows. */
    StreamConsumers like(int handle) {
        return at(arena.chunk(handle), nameStart(handle), nameLength(handle));
    }

    int nameStart(int handle) {
        return arena.offset(handle) + HEADER_BYTES;
    }

    int nameLength(int handle) {
        return (int) INTS.get(arena.chunk(handle), arena.offset(handle) + 12);
    }

    byte[] nameBuffer(int handle) {
        return arena.chunk(handle);
    }

    long seenMillis(int handle) {
        return (long) LONGS.get(arena.chunk(handle), arena.offset(handle));
    }

    /** Overwrites when it was seen, in a block that is not frozen. */
    void setSeenMillis(int handle, long millis) {
        LONGS.set(arena.chunk(handle), arena.offset(handle), millis);
    }

    int number(int handle) {
        return (int) INTS.get(arena.chunk(handle), arena.offset(handle) + 8);
    }

    /** Makes a block with the name that is looked for, which no tree names yet. */
    int create(int number, long seenMillis) {
        int handle = arena.allocate(HEADER_BYTES + probeLength);
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        LONGS.set(chunk, base, seenMillis);
        INTS.set(chunk, base + 8, number);
        INTS.set(chunk, base + 12, probeLength);
        System.arraycopy(probe, probeFrom, chunk, base + HEADER_BYTES, probeLength);
        return handle;
    }

    int blockBytes(int handle) {
        return Arena.usableBytes(HEADER_BYTES + nameLength(handle));
    }

    void free(int handle) {
        arena.free(handle, HEADER_BYTES + nameLength(handle));
    }

    // ---- The same of a snapshot, read in another thread ----

    static int number(byte[][] chunks, int handle) {
        return (int) INTS.get(chunks[Arena.chunkIndex(handle)], Arena.chunkOffset(handle) + 8);
    }

    static void sendTo(byte[][] chunks, int handle, long pendingCount, StreamSink sink) {
        byte[] chunk = chunks[Arena.chunkIndex(handle)];
        int base = Arena.chunkOffset(handle);
        int length = (int) INTS.get(chunk, base + 12);
        sink.consumer(chunk, base + HEADER_BYTES, length, (long) LONGS.get(chunk, base), pendingCount);
    }
}
