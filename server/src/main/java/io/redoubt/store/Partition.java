package io.redoubt.store;

import io.redoubt.memory.Arena;
import io.redoubt.memory.Frozen;
import io.redoubt.memory.HeapBudget;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The part of one database that lives in one shard: an arena, a table of its records and the arrays of its large
 * values. Single-threaded code: the caller is inside the shard. FLUSHDB makes a new one and SWAPDB swaps them.
 */
final class Partition {
    final Arena arena;
    final KeyTable table;
    private final HeapBudget heap;
    /** Arrays of large values; one that a snapshot or a waiting reply may read is replaced, never written. */
    private byte[] @Nullable [] large = new byte[0][];

    private int[] largeLengths = new int[0];
    private long[] largeBirths = new long[0];
    private boolean[] largeShared = new boolean[0];
    private int freeLarge = -1;
    private int largeCount;
    private long largeBytes;
    private long largeFootprint;
    /** What the running snapshot keeps of large values that are gone. */
    private long keptFootprint;
    /** Eight bytes for a number on its way into a record. */
    final byte[] scratch = new byte[8];

    private long snapshotNumber;
    private boolean snapshotRuns;

    Partition(int chunkBytes, HeapBudget heap) {
        this.heap = heap;
        arena = new Arena(chunkBytes, heap);
        table = new KeyTable(arena);
    }

    byte[] large(int index) {
        byte[] bytes = large[index];
        if (bytes == null) {
            throw new IllegalStateException("a record points at no large value");
        }
        return bytes;
    }

    int largeLength(int index) {
        return largeLengths[index];
    }

    private int addLarge(byte[] bytes, int length) {
        int index;
        if (freeLarge >= 0) {
            index = freeLarge;
            freeLarge = largeLengths[index];
        } else {
            if (largeCount == large.length) {
                int size = Math.max(16, largeCount * 2);
                large = Arrays.copyOf(large, size);
                largeLengths = Arrays.copyOf(largeLengths, size);
                largeBirths = Arrays.copyOf(largeBirths, size);
                largeShared = Arrays.copyOf(largeShared, size);
            }
            index = largeCount++;
        }
        large[index] = bytes;
        largeLengths[index] = length;
        largeBirths[index] = snapshotNumber;
        largeShared[index] = false;
        largeBytes += bytes.length;
        largeFootprint += heap.footprint(bytes.length);
        return index;
    }

    /** From now on the array of a large value is only read: a reply that waits to be sent refers to it. */
    void shareLarge(int index) {
        largeShared[index] = true;
    }

    private void removeLarge(int index) {
        int length = large(index).length;
        largeBytes -= length;
        largeFootprint -= heap.footprint(length);
        if (largeShared[index]) {
            heap.retire(heap.footprint(length));
        }
        if (isFrozenLarge(index)) {
            keptFootprint += heap.footprint(length);
        }
        large[index] = null;
        largeLengths[index] = freeLarge;
        freeLarge = index;
    }

    private boolean isFrozenLarge(int index) {
        return snapshotRuns && largeBirths[index] < snapshotNumber;
    }

    /**
     * Writes a value for a key, new or not; the expiry of a present key is left alone. Says whether a block was freed.
     * Everything that can fail comes before the first change.
     */
    boolean put(
            int hash, byte[] key, int keyOff, int keyLen, int encoding, byte[] bytes, int off, int len, int access) {
        byte[] value = encoding == Encoding.LARGE ? ownArray(bytes, off, len) : bytes;
        int found = table.find(hash, key, keyOff, keyLen);
        int inRecord = encoding == Encoding.INT ? 8 : encoding == Encoding.LARGE ? 4 : len;
        if (found != 0) {
            byte[] chunk = arena.chunk(found);
            int base = arena.offset(found);
            int oldEncoding = Record.encoding(chunk, base);
            int oldSize = Record.size(chunk, base);
            int newSize = Record.size(keyLen, inRecord);
            int oldLarge =
                    oldEncoding == Encoding.LARGE ? (int) Record.INTS.get(chunk, Record.valueStart(chunk, base)) : -1;
            if (Arena.usableBytes(newSize) == Arena.usableBytes(oldSize) && !arena.isFrozen(found)) {
                if (oldLarge >= 0) {
                    removeLarge(oldLarge);
                }
                Record.writeHeader(chunk, base, encoding, access, keyLen, inRecord);
                writeValue(chunk, Record.valueStart(chunk, base), encoding, value, off, len);
                return false;
            }
            int handle = write(key, keyOff, keyLen, encoding, value, off, len, inRecord, access);
            if (oldLarge >= 0) {
                removeLarge(oldLarge);
            }
            table.replaceFound(handle);
            arena.free(found, oldSize);
            return true;
        }
        int handle = write(key, keyOff, keyLen, encoding, value, off, len, inRecord, access);
        table.insert(hash, handle);
        return false;
    }

    private int write(
            byte[] key,
            int keyOff,
            int keyLen,
            int encoding,
            byte[] value,
            int off,
            int len,
            int inRecord,
            int access) {
        int handle = arena.allocate(Record.size(keyLen, inRecord));
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        Record.writeHeader(chunk, base, encoding, access, keyLen, inRecord);
        int keyStart = keyLen < Record.LONG_KEY ? base + 8 : base + 12;
        System.arraycopy(key, keyOff, chunk, keyStart, keyLen);
        writeValue(chunk, keyStart + keyLen, encoding, value, off, len);
        return handle;
    }

    private void writeValue(byte[] chunk, int at, int encoding, byte[] value, int off, int len) {
        if (encoding == Encoding.LARGE) {
            Record.INTS.set(chunk, at, addLarge(value, len));
        } else if (encoding == Encoding.INT) {
            System.arraycopy(value, off, chunk, at, 8);
        } else {
            System.arraycopy(value, off, chunk, at, len);
        }
    }

    /** A value whose array fits exactly was made for us; any other is copied. */
    private byte[] ownArray(byte[] bytes, int off, int len) {
        if (off == 0 && len == bytes.length) {
            return bytes;
        }
        heap.requireForData(heap.footprint(len));
        return Arrays.copyOfRange(bytes, off, off + len);
    }

    /**
     * Returns the array of a large value to be changed in place, at least {@code capacity} long, or null when it must be
     * written anew because a snapshot or a waiting reply may read the present one.
     */
    byte @Nullable [] writableLarge(int index, int capacity) {
        if (largeShared[index] || isFrozenLarge(index)) {
            return null;
        }
        byte[] bytes = large(index);
        if (bytes.length < capacity) {
            int size = (int) Math.min(Integer.MAX_VALUE - 16L, capacity + (long) (capacity >> 1));
            heap.requireForData(heap.footprint(size));
            largeBytes += size - bytes.length;
            largeFootprint += heap.footprint(size) - heap.footprint(bytes.length);
            bytes = Arrays.copyOf(bytes, size);
            large[index] = bytes;
        }
        return bytes;
    }

    void setLargeLength(int index, int length) {
        largeLengths[index] = length;
    }

    /** Deletes the record that the table's look-up has just found. */
    void removeFound(int handle) {
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        if (Record.encoding(chunk, base) == Encoding.LARGE) {
            removeLarge((int) Record.INTS.get(chunk, Record.valueStart(chunk, base)));
        }
        table.removeFound();
        arena.free(handle, Record.size(chunk, base));
    }

    long usedBytes() {
        return arena.usedBytes() + table.sizeInBytes() + largeBytes;
    }

    /** The partition goes; replies may still refer to its large values. */
    void retire() {
        heap.retire(largeFootprint);
    }

    /** What it takes of the heap: holes in the arena are used, too, and so is what a snapshot still needs. */
    long heapBytes() {
        long tables = table.sizeInBytes() * (snapshotRuns ? 2L : 1L);
        return arena.footprintBytes() + tables + largeFootprint + keptFootprint;
    }

    /** Begins a snapshot. Called in exclusive mode. */
    FrozenPartition freeze() {
        snapshotNumber++;
        snapshotRuns = true;
        arena.beginSnapshot();
        return new FrozenPartition(table.freeze(), arena.chunks(), large.clone(), largeLengths.clone());
    }

    /** Ends the snapshot. Called in exclusive mode. */
    void thaw() {
        snapshotRuns = false;
        keptFootprint = 0;
        arena.endSnapshot();
        table.thaw();
    }

    void checkInvariants() {
        arena.checkInvariants();
        table.checkInvariants();
    }

    /** What the snapshot's thread reads of a partition: arrays that do not change until it ends. */
    record FrozenPartition(Frozen table, byte[][] chunks, byte[] @Nullable [] large, int[] largeLengths) {}
}
