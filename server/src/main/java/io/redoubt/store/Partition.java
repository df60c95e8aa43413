package io.redoubt.store;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ExpiryVisitor;
import io.redoubt.memory.Frozen;
import io.redoubt.memory.HeapBudget;
import io.redoubt.memory.SipHash;
import io.redoubt.memory.Table;
import io.redoubt.type.Encoding;
import io.redoubt.type.Freeable;
import io.redoubt.type.HashValue;
import io.redoubt.type.LargeValue;
import io.redoubt.type.Thresholds;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The part of one database that lives in one shard: an arena, a table of its records and the arrays of its large
 * values. Single-threaded code: the caller is inside the shard. FLUSHDB makes a new one and SWAPDB swaps them.
 */
final class Partition {
    private static final int FREED_AT_ONCE_MAX = 64;

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

    /** Values beside their records, by index; one that a snapshot may read is forked before it changes. */
    private @Nullable LargeValue[] values = new LargeValue[0];

    private long[] valueBirths = new long[0];
    private int[] valueIndexes = new int[0]; // The free ones.
    private int freeValues;
    private int valueCount;
    private long[] valueBytes = new long[0]; // As they were counted last.
    private long valueBytesSum;
    private int unsettled = -1; // The value that was changed last and is not counted yet.
    /** Deleted values whose blocks are freed slice by slice. */
    private final ArrayDeque<Freeable> deleted = new ArrayDeque<>();

    private long deletedPosition;
    private long deletedBytes; // What they take outside of the arena.
    private long freedValues;

    final Thresholds thresholds;
    private final SipHash sip;
    private long snapshotNumber;
    private boolean snapshotRuns;

    /** The hashes of which fields expire, and when the first field of each does or some time before; null at first. */
    private @Nullable KeyTable fieldExpiry;

    private long fieldExpiryCursor;

    Partition(int chunkBytes, HeapBudget heap, SipHash sip, Thresholds thresholds) {
        this.heap = heap;
        this.sip = sip;
        this.thresholds = thresholds;
        arena = new Arena(chunkBytes, heap);
        table = new KeyTable(arena);
    }

    int hash(byte[] bytes, int offset, int length) {
        return (int) (sip.hash(bytes, offset, length) >>> 32);
    }

    // ---- Hashes whose fields expire ----

    /** Notes when the first field of a hash expires; {@link Table#NO_EXPIRY} if none does any more. */
    void noteFieldExpiry(int hash, int handle, long millis) {
        var hashes = fieldExpiry;
        if (millis == Table.NO_EXPIRY) {
            if (hashes != null && hashes.findHandle(hash, handle)) {
                hashes.removeFound();
            }
            return;
        }
        if (hashes == null) {
            hashes = new KeyTable(arena);
            fieldExpiry = hashes;
        }
        if (!hashes.findHandle(hash, handle)) {
            hashes.insert(hash, handle);
        }
        hashes.setFoundExpiry(millis);
    }

    /** A record goes, or is overwritten. */
    private void forgetFieldExpiry(int handle) {
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        if (Encoding.hasFieldExpiry(Record.encoding(chunk, base))) {
            int keyStart = Record.keyStart(chunk, base);
            noteFieldExpiry(hash(chunk, keyStart, Record.keyLength(chunk, base)), handle, Table.NO_EXPIRY);
        }
    }

    /** How many hashes have fields that expire. */
    long fieldExpiryCount() {
        var hashes = fieldExpiry;
        return hashes == null ? 0 : hashes.count();
    }

    /** Visits some of the hashes whose fields expire, going on where it ended the last time. */
    void visitFieldExpiry(int count, ExpiryVisitor visitor) {
        var hashes = fieldExpiry;
        if (hashes != null) {
            fieldExpiryCursor = hashes.expireSlice(fieldExpiryCursor, count, visitor);
        }
    }

    // ---- Large values ----

    LargeValue largeValue(int index) {
        var value = values[index];
        if (value == null) {
            throw new IllegalStateException("a record points at no large value");
        }
        return value;
    }

    /** The value to be changed: a fork of it where a snapshot may read it. */
    LargeValue writableLargeValue(int index) {
        settle();
        unsettled = index;
        var value = largeValue(index);
        if (snapshotRuns && valueBirths[index] < snapshotNumber) {
            value = value.fork();
            values[index] = value;
            valueBirths[index] = snapshotNumber;
        }
        return value;
    }

    int addLargeValue(LargeValue value) {
        settle();
        int index;
        if (freeValues > 0) {
            index = valueIndexes[--freeValues];
        } else {
            if (valueCount == values.length) {
                int size = Math.max(16, valueCount * 2);
                values = Arrays.copyOf(values, size);
                valueBirths = Arrays.copyOf(valueBirths, size);
                valueIndexes = Arrays.copyOf(valueIndexes, size);
                valueBytes = Arrays.copyOf(valueBytes, size);
            }
            index = valueCount++;
        }
        values[index] = value;
        valueBirths[index] = snapshotNumber;
        valueBytes[index] = 0;
        unsettled = index;
        return index;
    }

    /** Counts the size of the value that was changed last. */
    private void settle() {
        if (unsettled >= 0) {
            long bytes = largeValue(unsettled).sizeInBytes();
            valueBytesSum += bytes - valueBytes[unsettled];
            valueBytes[unsettled] = bytes;
            unsettled = -1;
        }
    }

    /** Deletes a value: a small one now, a large one in slices. The value itself is not changed by that. */
    void releaseLargeValue(int index) {
        settle();
        var value = largeValue(index);
        valueBytesSum -= valueBytes[index];
        if (snapshotRuns && valueBirths[index] < snapshotNumber) {
            keptFootprint += valueBytes[index];
        }
        values[index] = null;
        valueIndexes[freeValues++] = index;
        free(value);
    }

    /** Frees few blocks now, many in slices. */
    void free(Freeable blocks) {
        if (blocks.elementsToFree() <= FREED_AT_ONCE_MAX) {
            for (long at = 0; at >= 0; ) {
                at = blocks.freeSome(at, FREED_AT_ONCE_MAX);
            }
        } else {
            deletedBytes += blocks.sizeInBytes();
            deleted.add(blocks);
        }
    }

    /**
     * Frees blocks of deleted values. Between units.
     *
     * @return whether there are more
     */
    boolean freeDeleted(int budget) {
        var value = deleted.peek();
        if (value == null) {
            return false;
        }
        deletedPosition = value.freeSome(deletedPosition, budget);
        if (deletedPosition < 0) {
            deletedBytes -= deleted.remove().sizeInBytes();
            deletedPosition = 0;
            freedValues++;
        }
        arena.endUnit();
        return !deleted.isEmpty();
    }

    /** How many deleted values still have blocks. */
    int deletedCount() {
        return deleted.size();
    }

    /** How many deleted values were freed in slices since this was asked last. */
    long takeFreedValues() {
        long count = freedValues;
        freedValues = 0;
        return count;
    }

    /** A record was moved: the table follows. */
    void replace(int hash, int oldHandle, int newHandle) {
        if (!table.findHandle(hash, oldHandle)) {
            throw new IllegalStateException("the entry is older than the last change of its key");
        }
        table.replaceFound(newHandle);
        var hashes = fieldExpiry;
        if (hashes != null
                && Encoding.hasFieldExpiry(Record.encoding(arena.chunk(newHandle), arena.offset(newHandle)))
                && hashes.findHandle(hash, oldHandle)) {
            hashes.replaceFound(newHandle);
        }
    }

    // ---- Large strings ----

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
            int oldIndex = besideIndex(chunk, base, oldEncoding);
            if (Arena.usableBytes(newSize) == Arena.usableBytes(oldSize) && !arena.isFrozen(found)) {
                forgetFieldExpiry(found);
                release(oldEncoding, oldIndex);
                Record.writeHeader(chunk, base, encoding, access, keyLen, inRecord);
                writeValue(chunk, Record.valueStart(chunk, base), encoding, value, off, len);
                return Encoding.isLargeValue(oldEncoding);
            }
            int handle = write(key, keyOff, keyLen, encoding, value, off, len, inRecord, access);
            forgetFieldExpiry(found);
            release(oldEncoding, oldIndex);
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
        release(arena.chunk(handle), arena.offset(handle));
        removeFoundRecord(handle);
    }

    /** Deletes the record that has just been found, but not what it has beside itself: that is another record's now. */
    void removeFoundRecord(int handle) {
        forgetFieldExpiry(handle);
        table.removeFound();
        arena.free(handle, Record.size(arena.chunk(handle), arena.offset(handle)));
    }

    /** Frees what a record has beside itself. */
    private void release(byte[] chunk, int base) {
        int encoding = Record.encoding(chunk, base);
        release(encoding, besideIndex(chunk, base, encoding));
    }

    /** The index of what a record has beside itself; -1 if it has nothing. */
    private static int besideIndex(byte[] chunk, int base, int encoding) {
        return encoding == Encoding.LARGE || Encoding.isLargeValue(encoding)
                ? (int) Record.INTS.get(chunk, Record.valueStart(chunk, base))
                : -1;
    }

    private void release(int encoding, int index) {
        if (encoding == Encoding.LARGE) {
            removeLarge(index);
        } else if (index >= 0) {
            releaseLargeValue(index);
        }
    }

    /** Makes a record with an empty value of so many bytes that no table knows yet. */
    int newRecord(byte[] key, int offset, int length, int encoding, int valueLength, int access) {
        int handle = arena.allocate(Record.size(length, valueLength));
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        Record.writeHeader(chunk, base, encoding, access, length, valueLength);
        System.arraycopy(key, offset, chunk, Record.keyStart(chunk, base), length);
        return handle;
    }

    /** Frees a record that no table knows. */
    void discard(int handle) {
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        release(chunk, base);
        arena.free(handle, Record.size(chunk, base));
    }

    long usedBytes() {
        return arena.usedBytes() + table.sizeInBytes() + fieldExpiryBytes() + largeBytes + valueBytesSum + deletedBytes;
    }

    private long fieldExpiryBytes() {
        var hashes = fieldExpiry;
        return hashes == null ? 0 : hashes.sizeInBytes();
    }

    /** The partition goes; replies may still refer to its large values. */
    void retire() {
        heap.retire(largeFootprint);
    }

    /** What it takes of the heap: holes in the arena are used, too, and so is what a snapshot still needs. */
    long heapBytes() {
        // What a snapshot reads is copied when it changes: at most all of it.
        long tables = (table.sizeInBytes() + valueBytesSum) * (snapshotRuns ? 2L : 1L);
        return arena.footprintBytes() + tables + fieldExpiryBytes() + largeFootprint + keptFootprint + deletedBytes;
    }

    /** Begins a snapshot. Called in exclusive mode. */
    FrozenPartition freeze() {
        snapshotNumber++;
        snapshotRuns = true;
        arena.beginSnapshot();
        return new FrozenPartition(table.freeze(), arena.chunks(), large.clone(), largeLengths.clone(), values.clone());
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
        checkFieldExpiry();
    }

    private void checkFieldExpiry() {
        var hashes = fieldExpiry == null ? new KeyTable(arena) : fieldExpiry;
        hashes.checkInvariants();
        var walk = new Table.Walk();
        var entry = new Entry();
        var value = new HashValue();
        long count = 0;
        table.walk(walk);
        for (int handle = table.next(walk); handle != 0; handle = table.next(walk)) {
            entry.set(this, handle, walk.expiryMillis());
            long next = Encoding.hasFieldExpiry(entry.encoding())
                    ? value.bind(entry).nextExpiry()
                    : Long.MAX_VALUE;
            if (next != Long.MAX_VALUE) {
                count++;
                if (!hashes.findHandle(walk.hash32(), handle) || hashes.foundExpiry() > next) {
                    throw new AssertionError("a hash whose fields expire is not noted with their first time");
                }
            }
        }
        if (count != hashes.count()) {
            throw new AssertionError("a hash is noted although none of its fields expires");
        }
    }

    /** What the snapshot's thread reads of a partition: arrays that do not change until it ends. */
    record FrozenPartition(
            Frozen table,
            byte[][] chunks,
            byte[] @Nullable [] large,
            int[] largeLengths,
            @Nullable LargeValue[] values) {}
}
