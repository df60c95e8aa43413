package io.redoubt.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Memory for many small blocks in few large arrays, so that a million keys are not a million objects. Not thread-safe:
 * the caller holds the lock of the shard.
 */
/* A block is named by an unsigned 32-bit handle: 13 bits of chunk index, 19 bits of granule (8 bytes) in the chunk.
 * Chunk 0 does not exist, so no handle is 0 and an access through handle 0 fails.
 *
 * Size classes: every granule count up to 32, from there 16 steps per doubling, so at most 1/16 of a block is wasted.
 * Each class has a list of free blocks, linked through their first four bytes. When the list is empty, the block is cut
 * from the "fresh" range; when that is too short, its rest goes to the free lists and a new chunk begins. If a quarter
 * of the arena is free in blocks of other classes, the largest of them becomes the fresh range before a chunk is made.
 * Larger requests than POOLED_BYTES_MAX get a chunk of their own, which goes when they are freed.
 *
 * A freed block rests in quarantine until the unit of work ends: whoever still reads it in the unit reads the old
 * bytes.
 *
 * Snapshot: between beginSnapshot and endSnapshot a block without a birth bit is "frozen": another thread may read it.
 * Its owner does not overwrite it, and when freed it is deferred until the snapshot has ended.
 *
 * Invariant: used + free + fresh + quarantine + deferred + reclaimable = reserved, without overlap.
 */
public final class Arena {
    /** The largest request that shares a chunk with others. */
    public static final int POOLED_BYTES_MAX = 1 << 20;

    private static final int GRANULE_SHIFT = 3;
    private static final int GRANULE_BITS = 19;
    private static final int GRANULE_MASK = (1 << GRANULE_BITS) - 1;
    private static final int CHUNK_COUNT_MAX = 1 << (32 - GRANULE_BITS);
    private static final int CHUNK_BYTES_MAX = (4 << 20) - 16;
    private static final int REQUEST_BYTES_MAX = Integer.MAX_VALUE - 15;
    private static final int CLASS_COUNT = 225;
    private static final int RECYCLED_GRANULES_MIN = 512;
    private static final int FIRST_CHUNK_BYTES = 64 << 10;
    private static final byte POISON = (byte) 0xdb;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final HeapBudget heap;
    private final int chunkBytes;
    private final int pooledGranulesMax;
    private final int chunkCountMax;

    private byte[][] chunks = new byte[4][];
    private int chunkCount = 1; // One past the highest index ever used.
    private int[] vacantIndexes = new int[4]; // Indexes of chunks that went.
    private int vacantCount;
    private int sharedChunkBytesNext;

    private final int[] freeHeads = new int[CLASS_COUNT];
    private int freshHandle;
    private int freshGranules;

    private final FreedBlocks quarantine = new FreedBlocks();
    private FreedBlocks deferred = new FreedBlocks();
    private FreedBlocks reclaimable = new FreedBlocks();

    private boolean snapshotRuns;
    private long[] @Nullable [] births = new long[0][]; // By chunk index; a bit per granule.

    private long usedGranules;
    private long reservedBytes;
    private long footprintBytes;
    private @Nullable Map<Integer, Integer> liveBlocks; // Handle to granules; only while poisoning.

    /**
     * Makes an empty arena, which reserves nothing yet.
     *
     * @param chunkBytes size of a full chunk, a multiple of 8, 1 KiB to 4 MiB - 16; the first chunks are smaller
     */
    public Arena(int chunkBytes) {
        this(chunkBytes, HeapBudget.unlimited());
    }

    /** As {@link #Arena(int)}, asking before each chunk whether the heap has room for it. */
    public Arena(int chunkBytes, HeapBudget heap) {
        this(chunkBytes, CHUNK_COUNT_MAX, heap);
    }

    Arena(int chunkBytes, int chunkCountMax) {
        this(chunkBytes, chunkCountMax, HeapBudget.unlimited());
    }

    private Arena(int chunkBytes, int chunkCountMax, HeapBudget heap) {
        if (chunkBytes < 1024 || chunkBytes > CHUNK_BYTES_MAX || (chunkBytes & 7) != 0) {
            throw new IllegalArgumentException(
                    "chunkBytes must be a multiple of 8 from 1024 to " + CHUNK_BYTES_MAX + ", not " + chunkBytes);
        }
        this.heap = heap;
        this.chunkBytes = chunkBytes;
        this.chunkCountMax = chunkCountMax;
        pooledGranulesMax = Math.min(POOLED_BYTES_MAX, chunkBytes) >> GRANULE_SHIFT;
        sharedChunkBytesNext = Math.min(FIRST_CHUNK_BYTES, chunkBytes);
        chunks[0] = new byte[0];
    }

    /**
     * Returns the handle of a block of at least {@code bytes} bytes, whose content is arbitrary.
     *
     * @throws ArenaFullException when the 32 GiB of handles are used up or the heap is full; nothing has changed then
     */
    public int allocate(int bytes) {
        int granules = granulesFor(bytes);
        if (granules > pooledGranulesMax) {
            return allocateChunk(bytes, granules);
        }
        int sizeClass = sizeClass(granules);
        int handle = freeHeads[sizeClass];
        if (handle != 0) {
            freeHeads[sizeClass] = (int) INT.get(chunk(handle), offset(handle));
            if (liveBlocks != null) {
                requirePoison(handle, granules);
            }
        } else {
            if (freshGranules < granules) {
                refresh(granules, bytes);
            }
            handle = freshHandle;
            freshHandle += granules;
            freshGranules -= granules;
        }
        account(handle, granules);
        return handle;
    }

    /**
     * Gives a block back. Its bytes stay as they are until {@link #endUnit()}, or until the snapshot ends if the block
     * is frozen.
     *
     * @param bytes what was requested, or any other size of the same class
     */
    public void free(int handle, int bytes) {
        int granules = granulesFor(bytes);
        if (liveBlocks != null) {
            requireLive(handle, granules);
            liveBlocks.remove(handle);
        }
        usedGranules -= granules;
        (isFrozen(handle) ? deferred : quarantine).add(handle, granules);
    }

    /**
     * Makes a block smaller where it stands and gives back its rest. Needs no memory, but leaves pieces that fit few
     * requests: for when no other block can be had, and only where {@link #isTrimmable}.
     *
     * @param bytes what was requested
     * @param newBytes less
     */
    public void trim(int handle, int bytes, int newBytes) {
        int granules = granulesFor(bytes);
        int kept = granulesFor(newBytes);
        if (kept > granules || !isTrimmable(handle, bytes)) {
            throw new IllegalArgumentException("a block of " + bytes + " bytes is not trimmed to " + newBytes);
        }
        if (liveBlocks != null) {
            requireLive(handle, granules);
            liveBlocks.put(handle, kept);
        }
        usedGranules -= granules - kept;
        while (kept < granules) {
            int piece = classGranules(largestClassWithin(granules - kept));
            quarantine.add(handle + kept, piece);
            kept += piece;
        }
    }

    /** Whether a block of a size can be made smaller: it is not frozen and no chunk of its own. */
    public boolean isTrimmable(int handle, int bytes) {
        return granulesFor(bytes) <= pooledGranulesMax && !isFrozen(handle);
    }

    /** Ends a unit of work: what it freed can be reused. */
    public void endUnit() {
        if (quarantine.count != 0) {
            for (int i = quarantine.count - 1; i >= 0; i--) {
                release(quarantine.handles[i], quarantine.granules[i]);
            }
            quarantine.clear();
        }
    }

    /** Returns the array that holds the block. */
    public byte[] chunk(int handle) {
        return chunks[handle >>> GRANULE_BITS];
    }

    /** Returns where in its {@link #chunk(int)} the block begins. */
    public int offset(int handle) {
        return chunkOffset(handle);
    }

    /** Returns where in its chunk the block begins, for a thread that has only {@link #chunks()}. */
    public static int chunkOffset(int handle) {
        return (handle & GRANULE_MASK) << GRANULE_SHIFT;
    }

    /** Returns the index in {@link #chunks()} of the array that holds the block. */
    public static int chunkIndex(int handle) {
        return handle >>> GRANULE_BITS;
    }

    /** Returns the size of the block that serves a request; while it stays equal, overwriting in place is allowed. */
    public static int usableBytes(int bytes) {
        return granulesFor(bytes) << GRANULE_SHIFT;
    }

    /** Tells whether a snapshot runs that may read the block: then it is neither overwritten nor reused. */
    public boolean isFrozen(int handle) {
        return snapshotRuns && !wasBorn(handle);
    }

    /** Freezes every block that exists. What the snapshot before deferred stays unusable until it is reclaimed. */
    public void beginSnapshot() {
        if (snapshotRuns) {
            throw new IllegalStateException("a snapshot runs already");
        }
        births = new long[chunks.length][];
        snapshotRuns = true;
    }

    /** Ends the snapshot. Frozen blocks that were freed meanwhile come back by {@link #reclaim(int)}. */
    public void endSnapshot() {
        if (!snapshotRuns) {
            throw new IllegalStateException("no snapshot runs");
        }
        snapshotRuns = false;
        births = new long[0][];
        if (reclaimable.count == 0) {
            FreedBlocks empty = reclaimable;
            reclaimable = deferred;
            deferred = empty;
        } else {
            reclaimable.addAll(deferred);
            deferred.clear();
        }
    }

    /**
     * Returns blocks deferred by ended snapshots to the free lists; called between units.
     *
     * @param maxBlocks how many at most
     * @return how many remain
     */
    public int reclaim(int maxBlocks) {
        for (int n = Math.min(maxBlocks, reclaimable.count); n > 0; n--) {
            int last = --reclaimable.count;
            reclaimable.granuleCount -= reclaimable.granules[last];
            release(reclaimable.handles[last], reclaimable.granules[last]);
        }
        if (reclaimable.count == 0) {
            reclaimable.clear();
        }
        return reclaimable.count;
    }

    /** Returns the chunks by index, for a thread that reads frozen blocks; an index in no use holds an empty array. */
    public byte[][] chunks() {
        return Arrays.copyOf(chunks, chunkCount);
    }

    /** Returns the size of all blocks handed out and not freed. */
    public long usedBytes() {
        return usedGranules << GRANULE_SHIFT;
    }

    /** Returns the size of all chunks. */
    public long reservedBytes() {
        return reservedBytes;
    }

    /** Returns what the chunks take of the heap. */
    public long footprintBytes() {
        return footprintBytes;
    }

    /** Returns the size of freed blocks that wait for a snapshot to end or to be reclaimed. */
    public long deferredBytes() {
        return (deferred.granuleCount + reclaimable.granuleCount) << GRANULE_SHIFT;
    }

    /**
     * For tests: fills blocks with a pattern when they become reusable, and fails on a double free, on a free with
     * another size and on a write into a freed block. To be switched before the first allocation.
     */
    public void setPoisoning(boolean on) {
        if (reservedBytes != 0) {
            throw new IllegalStateException("poisoning is chosen before the first allocation");
        }
        liveBlocks = on ? new HashMap<>() : null;
    }

    /** Fails unless the block is allocated; only with poisoning. */
    public void requireLive(int handle) {
        if (liveBlocks != null && !liveBlocks.containsKey(handle)) {
            throw new IllegalStateException("block " + Integer.toHexString(handle) + " is not allocated");
        }
    }

    private static int granulesFor(int bytes) {
        if (bytes <= 256) {
            if (bytes <= 0) {
                return granulesForNothing(bytes);
            }
            return (bytes + 7) >>> GRANULE_SHIFT;
        }
        if (bytes > POOLED_BYTES_MAX) {
            if (bytes > REQUEST_BYTES_MAX) {
                throw new IllegalArgumentException("no block has " + bytes + " bytes");
            }
            return (bytes + 7) >>> GRANULE_SHIFT;
        }
        int last = (bytes - 1) >>> GRANULE_SHIFT;
        int shift = 27 - Integer.numberOfLeadingZeros(last);
        return ((last >> shift) + 1) << shift;
    }

    private static int granulesForNothing(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("no block has " + bytes + " bytes");
        }
        return 1;
    }

    /** Returns the class of a granule count; a count between two classes gets the larger one. */
    private static int sizeClass(int granules) {
        if (granules <= 32) {
            return granules;
        }
        int shift = 27 - Integer.numberOfLeadingZeros(granules - 1);
        return ((granules - 1) >> shift) + 1 + (shift << 4);
    }

    private static int classGranules(int sizeClass) {
        if (sizeClass <= 32) {
            return sizeClass;
        }
        int shift = (sizeClass - 17) >> 4;
        return (sizeClass - (shift << 4)) << shift;
    }

    /** Returns the largest class whose blocks fit into a number of granules. */
    private static int largestClassWithin(int granules) {
        int sizeClass = sizeClass(granules);
        if (classGranules(sizeClass) > granules) {
            sizeClass--;
        }
        // The rest of a chunk larger than the largest class cannot be, but costs nothing to allow for.
        return Math.min(sizeClass, CLASS_COUNT - 1);
    }

    private void account(int handle, int granules) {
        usedGranules += granules;
        if (snapshotRuns) {
            markBirth(handle);
        }
        if (liveBlocks != null && liveBlocks.put(handle, granules) != null) {
            throw new IllegalStateException("block " + Integer.toHexString(handle) + " was handed out twice");
        }
    }

    private int allocateChunk(int bytes, int granules) {
        int index = addChunk(granules << GRANULE_SHIFT, bytes);
        int handle = index << GRANULE_BITS;
        account(handle, granules);
        return handle;
    }

    /** Makes the fresh range long enough for a block. */
    private void refresh(int granules, int bytes) {
        int recycled = largestFreeClass();
        boolean recycles = reservedBytes - usedBytes() > reservedBytes >> 2
                && classGranules(recycled) >= Math.max(granules, RECYCLED_GRANULES_MIN);
        if (recycles) {
            int handle = freeHeads[recycled];
            freeHeads[recycled] = (int) INT.get(chunk(handle), offset(handle));
            cutFreshRest();
            freshHandle = handle;
            freshGranules = classGranules(recycled);
            return;
        }
        int size = sharedChunkBytesNext;
        while (size >> GRANULE_SHIFT < granules) {
            size = nextSharedChunkBytes(size);
        }
        int index = addChunk(size, bytes);
        sharedChunkBytesNext = nextSharedChunkBytes(size);
        cutFreshRest();
        freshHandle = index << GRANULE_BITS;
        freshGranules = size >> GRANULE_SHIFT;
    }

    private int nextSharedChunkBytes(int size) {
        return size >= POOLED_BYTES_MAX ? chunkBytes : Math.min(size << 2, chunkBytes);
    }

    private int largestFreeClass() {
        int sizeClass = CLASS_COUNT - 1;
        while (sizeClass > 0 && freeHeads[sizeClass] == 0) {
            sizeClass--;
        }
        return sizeClass;
    }

    private void cutFreshRest() {
        while (freshGranules > 0) {
            int granules = classGranules(largestClassWithin(freshGranules));
            putFree(freshHandle, granules);
            freshHandle += granules;
            freshGranules -= granules;
        }
    }

    /** Adds a chunk and returns its index. Makes everything that can fail before it changes anything. */
    private int addChunk(int bytes, int requestedBytes) {
        if (vacantCount == 0 && chunkCount == chunkCountMax) {
            throw new ArenaFullException(requestedBytes);
        }
        heap.requireForData(heap.footprint(bytes));
        byte[] chunk = new byte[bytes];
        if (vacantCount == 0 && chunkCount == chunks.length) {
            byte[][] more = Arrays.copyOf(chunks, chunkCount << 1);
            births = snapshotRuns ? Arrays.copyOf(births, chunkCount << 1) : births;
            chunks = more;
        }
        int index = vacantCount == 0 ? chunkCount++ : vacantIndexes[--vacantCount];
        chunks[index] = chunk;
        reservedBytes += bytes;
        footprintBytes += heap.footprint(bytes);
        return index;
    }

    private void dropChunk(int index) {
        if (vacantCount == vacantIndexes.length) {
            vacantIndexes = Arrays.copyOf(vacantIndexes, vacantCount << 1);
        }
        vacantIndexes[vacantCount++] = index;
        reservedBytes -= chunks[index].length;
        footprintBytes -= heap.footprint(chunks[index].length);
        chunks[index] = chunks[0];
        if (snapshotRuns) {
            births[index] = null; // The next chunk of this index may have more granules.
        }
    }

    private void release(int handle, int granules) {
        if (granules > pooledGranulesMax) {
            if (liveBlocks != null) {
                Arrays.fill(chunk(handle), POISON);
            }
            dropChunk(handle >>> GRANULE_BITS);
        } else {
            putFree(handle, granules);
        }
    }

    private void putFree(int handle, int granules) {
        byte[] chunk = chunk(handle);
        int offset = offset(handle);
        if (liveBlocks != null) {
            Arrays.fill(chunk, offset, offset + (granules << GRANULE_SHIFT), POISON);
        }
        int sizeClass = sizeClass(granules);
        INT.set(chunk, offset, freeHeads[sizeClass]);
        freeHeads[sizeClass] = handle;
    }

    private boolean wasBorn(int handle) {
        long[] bits = births[handle >>> GRANULE_BITS];
        int granule = handle & GRANULE_MASK;
        return bits != null && (bits[granule >> 6] & 1L << granule) != 0;
    }

    private void markBirth(int handle) {
        int index = handle >>> GRANULE_BITS;
        long[] bits = births[index];
        if (bits == null) {
            // A chunk of one large block has only granule 0.
            int granules = Math.min(chunks[index].length >> GRANULE_SHIFT, GRANULE_MASK + 1);
            bits = new long[(granules + 63) >> 6];
            births[index] = bits;
        }
        int granule = handle & GRANULE_MASK;
        bits[granule >> 6] |= 1L << granule;
    }

    private void requireLive(int handle, int granules) {
        requireLive(handle);
        if (liveBlocks != null && liveBlocks.getOrDefault(handle, 0) != granules) {
            throw new IllegalStateException("block " + Integer.toHexString(handle) + " is freed with the size "
                    + (granules << GRANULE_SHIFT) + " of another class");
        }
    }

    private void requirePoison(int handle, int granules) {
        byte[] chunk = chunk(handle);
        int offset = offset(handle);
        for (int i = offset + 4; i < offset + (granules << GRANULE_SHIFT); i++) {
            if (chunk[i] != POISON) {
                throw new IllegalStateException(
                        "block " + Integer.toHexString(handle) + " was written to after it was freed");
            }
        }
    }

    /** Walks everything and fails when a block lies in two places or the account is wrong. For tests. */
    public void checkInvariants() {
        Map<Integer, BitSet> taken = new HashMap<>();
        long granuleCount = usedGranules;
        for (int sizeClass = 1; sizeClass < CLASS_COUNT; sizeClass++) {
            int handle = freeHeads[sizeClass];
            while (handle != 0) {
                take(taken, handle, classGranules(sizeClass));
                granuleCount += classGranules(sizeClass);
                handle = (int) INT.get(chunk(handle), offset(handle));
            }
        }
        take(taken, freshHandle, freshGranules);
        granuleCount += freshGranules;
        for (FreedBlocks blocks : new FreedBlocks[] {quarantine, deferred, reclaimable}) {
            long sum = 0;
            for (int i = 0; i < blocks.count; i++) {
                take(taken, blocks.handles[i], blocks.granules[i]);
                sum += blocks.granules[i];
            }
            require(sum == blocks.granuleCount, "sum of freed blocks");
            granuleCount += sum;
        }
        if (liveBlocks != null) {
            long sum = 0;
            for (Map.Entry<Integer, Integer> block : liveBlocks.entrySet()) {
                take(taken, block.getKey(), block.getValue());
                sum += block.getValue();
            }
            require(sum == usedGranules, "used bytes");
        }
        long chunkSum = 0;
        for (int i = 0; i < chunkCount; i++) {
            chunkSum += chunks[i].length;
        }
        require(chunkSum == reservedBytes, "reserved bytes");
        require(granuleCount << GRANULE_SHIFT == reservedBytes, "used and free bytes give the reserved bytes");
    }

    private void take(Map<Integer, BitSet> taken, int handle, int granules) {
        int first = handle & GRANULE_MASK;
        require(first + granules <= chunk(handle).length >> GRANULE_SHIFT, "block ends within its chunk");
        BitSet bits = taken.computeIfAbsent(handle >>> GRANULE_BITS, _ -> new BitSet());
        int next = bits.nextSetBit(first);
        require(next < 0 || next >= first + granules, "blocks do not overlap");
        bits.set(first, first + granules);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("broken invariant: " + what);
        }
    }
}
