package io.redoubt.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A hash table from keys to handles of records in an {@link Arena}. The records hold the keys; a subclass says whether
 * one matches. Not thread-safe: the caller holds the lock of the shard.
 */
/* Extendible hashing. The leading bits of the 32-bit hash choose a segment through the directory, its low bits a slot
 * in the segment; linear probing, removal by shifting back. A slot is one long: the hash above, the handle below. So a
 * segment grows or splits without reading a record.
 *
 *   directory  [00] [01] [10] [11]       depth 2: two leading bits
 *                |    |     \  /
 *               s00  s01     s1          s1 has depth 1 and stands twice
 *
 * A segment doubles from 16 to segmentSlotsMax slots and splits when that is 7/8 full; each step moves one segment, and
 * no step rehashes everything. At depthMax it grows instead. Removal halves a segment that is less than a quarter full
 * and joins it with its sibling when both together are few.
 *
 * Expiry times lie in a second array per segment, present only where used. It stays when its last time goes (a single
 * key that comes and goes must not allocate each time) until the segment is rebuilt or cloned.
 *
 * freeze() gives away the arrays themselves, and a fork shares the segments. From then on a segment of an older epoch is
 * replaced by a copy before its first change; rebuilt segments are new objects anyway.
 */
public abstract class Table {
    /** The expiry of an entry that has none. */
    public static final long NO_EXPIRY = -1;

    private static final int SEGMENT_SLOTS_MIN = 16;
    private static final int SEGMENT_SLOTS_MAX = 4096;
    private static final int DEPTH_MAX = 20;
    private static final long HASH_END = 1L << 32;
    private static final int CURSOR_SLOT_BITS = 24;
    private static final int RANDOM_TRIES_MAX = 1000;
    private static final int EMPTY_SEGMENTS_PER_ENTRY = 10;
    private static final int SLOTS_PER_VISIT = 16;
    private static final int CACHE_LINE = 64;

    /** Where the records are. */
    protected final Arena arena;

    private final int segmentSlotsMax;
    private final int depthMax;

    private Segment[] directory;
    private int directoryShift; // 31 - depth of the directory; the hash is shifted by one more.
    private int[] segmentCountByDepth;
    private int largestSlotCount; // At least that of the largest segment.
    private long count;
    private long expiryCount;
    private long segmentBytes; // Sum of the segments' sizes.
    private int epoch;
    private boolean shares; // Somebody else may read segments of older epochs.

    private @Nullable Segment foundSegment;
    private int foundIndex;

    /** Makes an empty table of records in an arena. */
    protected Table(Arena arena) {
        this(arena, SEGMENT_SLOTS_MAX, DEPTH_MAX);
    }

    Table(Arena arena, int segmentSlotsMax, int depthMax) {
        this.arena = arena;
        this.segmentSlotsMax = segmentSlotsMax;
        this.depthMax = depthMax;
        segmentCountByDepth = new int[depthMax + 1];
        segmentCountByDepth[0] = 1;
        directory = new Segment[] {new Segment(SEGMENT_SLOTS_MIN, 0, 0, 0)};
        directoryShift = 31;
        largestSlotCount = SEGMENT_SLOTS_MIN;
        segmentBytes = directory[0].sizeInBytes();
    }

    /**
     * Makes a table with the content of another, which from now on may only be read. Copies references to segments, no
     * entries.
     */
    protected Table(Table original) {
        arena = original.arena;
        segmentSlotsMax = original.segmentSlotsMax;
        depthMax = original.depthMax;
        segmentCountByDepth = original.segmentCountByDepth.clone();
        directory = original.directory.clone();
        directoryShift = original.directoryShift;
        largestSlotCount = original.largestSlotCount;
        count = original.count;
        expiryCount = original.expiryCount;
        segmentBytes = original.segmentBytes;
        epoch = original.epoch + 1;
        shares = true;
    }

    /** Tells whether the record's key equals the given bytes. */
    protected abstract boolean matches(int handle, byte[] key, int offset, int length);

    /**
     * Looks a key up and remembers where it is, for the methods with "found" in their names.
     *
     * @param hash32 the upper half of the key's {@link SipHash}
     * @return the record's handle, or 0
     */
    public final int find(int hash32, byte[] key, int offset, int length) {
        Segment segment = segmentOf(hash32);
        long[] slots = segment.slots;
        int mask = slots.length - 1;
        for (int i = hash32 & mask; ; i = (i + 1) & mask) {
            long slot = slots[i];
            if (slot == 0) {
                foundSegment = null;
                return 0;
            }
            if ((int) (slot >>> 32) == hash32 && matches((int) slot, key, offset, length)) {
                foundSegment = segment;
                foundIndex = i;
                return (int) slot;
            }
        }
    }

    /** Finds an entry by its hash and handle, without reading its record; false when it is not there (any more). */
    public final boolean findHandle(int hash32, int handle) {
        Segment segment = segmentOf(hash32);
        long[] slots = segment.slots;
        int mask = slots.length - 1;
        long wanted = slot(hash32, handle);
        for (int i = hash32 & mask; slots[i] != 0; i = (i + 1) & mask) {
            if (slots[i] == wanted) {
                foundSegment = segment;
                foundIndex = i;
                return true;
            }
        }
        foundSegment = null;
        return false;
    }

    /**
     * Fetches into the cache what the look-ups of several keys will read. Unlike those, these reads do not depend on each
     * other, so the processor waits for memory about once for all of them.
     *
     * @param hashes of the keys; overwritten
     * @return a number without meaning: a use of what was read, or the reads would be optimised away
     */
    public final int fetch(int[] hashes, int keyCount) {
        int used = 0;
        for (int i = 0; i < keyCount; i++) {
            long[] slots = segmentOf(hashes[i]).slots;
            used += (int) slots[hashes[i] & slots.length - 1];
        }
        for (int i = 0; i < keyCount; i++) {
            hashes[i] = firstHandleOf(hashes[i]);
        }
        for (int i = 0; i < keyCount; i++) {
            if (hashes[i] != 0) {
                byte[] chunk = arena.chunk(hashes[i]);
                int offset = arena.offset(hashes[i]);
                // Up to three lines, because a record may begin anywhere in its first one.
                int last = chunk.length - 1;
                used += chunk[offset]
                        + chunk[Math.min(offset + CACHE_LINE, last)]
                        + chunk[Math.min(offset + 2 * CACHE_LINE - 1, last)];
            }
        }
        return used;
    }

    private int firstHandleOf(int hash32) {
        long[] slots = segmentOf(hash32).slots;
        int mask = slots.length - 1;
        int i = hash32 & mask;
        while (slots[i] != 0 && (int) (slots[i] >>> 32) != hash32) {
            i = (i + 1) & mask;
        }
        return (int) slots[i];
    }

    /** Gives the found entry another record of the same key; its expiry stays. */
    public final void replaceFound(int newHandle) {
        Segment segment = writableFound();
        segment.slots[foundIndex] = segment.slots[foundIndex] & 0xffffffff00000000L | Integer.toUnsignedLong(newHandle);
    }

    /** Removes the found entry, which then is no longer found. */
    public final void removeFound() {
        Segment segment = writableFound();
        int expiriesBefore = segment.expiryCount;
        segment.remove(foundIndex);
        foundSegment = null;
        count--;
        expiryCount += segment.expiryCount - expiriesBefore;
        if (segment.slots.length > SEGMENT_SLOTS_MIN && segment.count < segment.slots.length >> 2) {
            shrink(segment);
        } else if (segment.count == 0 && segment.depth > 0) {
            joinWithSibling(segment);
        }
    }

    /** Returns when the found entry expires, or {@link #NO_EXPIRY}. */
    public final long foundExpiry() {
        return found().expiry(foundIndex);
    }

    /** Sets when the found entry expires; {@link #NO_EXPIRY} for never. */
    public final void setFoundExpiry(long expiryMillis) {
        if (found().expiry(foundIndex) != expiryMillis) {
            Segment segment = writableFound();
            int expiriesBefore = segment.expiryCount;
            segmentBytes -= segment.sizeInBytes();
            segment.setExpiry(foundIndex, expiryMillis);
            segmentBytes += segment.sizeInBytes();
            expiryCount += segment.expiryCount - expiriesBefore;
        }
    }

    /** Adds a record whose key is known to be absent, without expiry. The entry is then the found one. */
    public final void insert(int hash32, int handle) {
        if (handle == 0) {
            throw new IllegalArgumentException("handle 0 is no record");
        }
        Segment segment = segmentOf(hash32);
        while (isFull(segment)) {
            foundSegment = null;
            makeRoom(segment);
            segment = segmentOf(hash32);
        }
        segment = own(segment);
        foundIndex = segment.add(slot(hash32, handle));
        foundSegment = segment;
        count++;
    }

    /** Returns how many entries there are. */
    public final long count() {
        return count;
    }

    /** Returns how many entries have an expiry. */
    public final long expiryCount() {
        return expiryCount;
    }

    /** Forgets all entries and shrinks to nothing. The records stay in the arena. */
    public final void clear() {
        directory = new Segment[] {new Segment(SEGMENT_SLOTS_MIN, 0, 0, epoch)};
        directoryShift = 31;
        segmentCountByDepth = new int[depthMax + 1];
        segmentCountByDepth[0] = 1;
        largestSlotCount = SEGMENT_SLOTS_MIN;
        segmentBytes = directory[0].sizeInBytes();
        count = 0;
        expiryCount = 0;
        foundSegment = null;
    }

    /** Returns how much memory directory and segments take, without the records. */
    public final long sizeInBytes() {
        return 128 + 4L * directory.length + segmentBytes;
    }

    /**
     * Shows about {@code wantedCount} entries. An entry that is there from the first to the last call of a scan is
     * shown exactly once, whatever else comes and goes.
     *
     * @param cursor 0 to begin, or what the call before returned
     * @return the cursor of the next call (a hash, as an unsigned 32-bit value), 0 when all entries were shown
     */
    public final long scan(long cursor, int wantedCount, EntryVisitor visitor) {
        if (cursor < 0 || cursor >= HASH_END) {
            return 0;
        }
        long left = Math.max(wantedCount, 1);
        long emptyLeft = left * EMPTY_SEGMENTS_PER_ENTRY;
        long from = cursor;
        while (from < HASH_END && left > 0 && emptyLeft > 0) {
            Segment segment = segmentOf((int) from);
            long end = segment.hashEnd();
            if (segment.count == 0) {
                emptyLeft--;
                from = end;
                continue;
            }
            // Entries are spread evenly over the hashes of their segment, so a share of them is a share of the hashes.
            long width = 1L << (32 - segment.depth);
            boolean takesAll = segment.count * (end - from) <= left * width;
            long to = takesAll ? end : Math.min(end, from + Math.max(1, left * width / segment.count));
            left -= show(segment, from, to, visitor);
            from = to;
            if (!takesAll) {
                break;
            }
        }
        return from == HASH_END ? 0 : from;
    }

    private static int show(Segment segment, long from, long to, EntryVisitor visitor) {
        int shown = 0;
        long[] slots = segment.slots;
        for (int i = 0; i < slots.length; i++) {
            long slot = slots[i];
            long hash = slot >>> 32;
            if (slot != 0 && hash >= from && hash < to) {
                visitor.visit((int) slot, segment.expiry(i));
                shown++;
            }
        }
        return shown;
    }

    /** Returns the handle of an entry, each with the same probability, or 0 when the table is empty. */
    public final int randomHandle(RandomGenerator random) {
        if (count == 0) {
            return 0;
        }
        int depth = 31 - directoryShift;
        int largest = depth == 0 ? directory[0].slots.length : largestSlotCount;
        for (int tries = 0; tries < RANDOM_TRIES_MAX; tries++) {
            Segment segment = segmentOf(random.nextInt());
            // Every slot of the table is as likely as any other: a segment that is met more often than it has slots
            // is turned down in proportion.
            long share = (long) largest << (depth - segment.depth);
            int index = share == segment.slots.length
                    ? random.nextInt(segment.slots.length)
                    : (int) Math.min(random.nextLong(share), Integer.MAX_VALUE);
            if (index < segment.slots.length && segment.slots[index] != 0) {
                return (int) segment.slots[index];
            }
        }
        return handleAfter(random.nextInt(directory.length), random);
    }

    /** The next entry after a random slot: less fair, but certain, for a table that is nearly empty. */
    private int handleAfter(int directoryIndex, RandomGenerator random) {
        int i = directoryIndex;
        while (directory[i].count == 0) {
            i = nextSegment(i) & (directory.length - 1);
        }
        long[] slots = directory[i].slots;
        int slot = random.nextInt(slots.length);
        while (slots[slot] == 0) {
            slot = (slot + 1) & (slots.length - 1);
        }
        return (int) slots[slot];
    }

    /**
     * Shows entries that have an expiry, a slice at a time. Stops after {@code maxVisited} of them, or after 16 times
     * as many slots and segments were looked at.
     *
     * @param cursor 0 to begin, or what the call before returned
     * @return the cursor of the next call, 0 when the end was reached
     */
    public final long expireSlice(long cursor, int maxVisited, ExpiryVisitor visitor) {
        long from = cursor >>> CURSOR_SLOT_BITS;
        int index = (int) cursor & ((1 << CURSOR_SLOT_BITS) - 1);
        if (from >= HASH_END || expiryCount == 0) {
            return 0;
        }
        int visited = 0;
        int visitedMax = Math.max(maxVisited, 1);
        long budget = (long) visitedMax * SLOTS_PER_VISIT;
        while (from < HASH_END) {
            Segment segment = segmentOf((int) from);
            long[] expiries = segment.expiries;
            if (expiries == null || segment.expiryCount == 0) {
                budget--;
            } else {
                for (; index < expiries.length; index++) {
                    if (visited == visitedMax || budget <= 0) {
                        return Integer.toUnsignedLong(segment.hashFirst) << CURSOR_SLOT_BITS | index;
                    }
                    budget--;
                    if (expiries[index] != NO_EXPIRY) {
                        long slot = segment.slots[index];
                        visitor.visit((int) slot, (int) (slot >>> 32), expiries[index]);
                        visited++;
                    }
                }
            }
            from = segment.hashEnd();
            index = 0;
            if (budget <= 0 && from < HASH_END) {
                return from << CURSOR_SLOT_BITS;
            }
        }
        return 0;
    }

    /** Returns the content as it is now, each segment once and in the order of the hashes; copies no entries. */
    public final Frozen freeze() {
        epoch++;
        shares = true;
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < directory.length; i = nextSegment(i)) {
            segments.add(directory[i]);
        }
        long[][] slots = new long[segments.size()][];
        long[] @Nullable [] expiries = new long[segments.size()][];
        for (int i = 0; i < slots.length; i++) {
            Segment segment = segments.get(i);
            slots[i] = segment.slots;
            expiries[i] = segment.expiryCount == 0 ? null : segment.expiries;
        }
        return new Frozen(slots, expiries, count);
    }

    /** Says that nobody reads what {@link #freeze()} returned any more, so that changes need no clones. */
    public final void thaw() {
        shares = false;
    }

    /** Begins to walk all entries, segment by segment; the walk is over when the table changes. */
    public final void walk(Walk walk) {
        walk.directoryIndex = 0;
        walk.slotIndex = -1;
    }

    /** Goes to the next entry and returns its handle, or 0 at the end. */
    public final int next(Walk walk) {
        while (walk.directoryIndex < directory.length) {
            Segment segment = directory[walk.directoryIndex];
            long[] slots = segment.slots;
            for (int i = walk.slotIndex + 1; i < slots.length; i++) {
                if (slots[i] != 0) {
                    walk.slotIndex = i;
                    walk.hash32 = (int) (slots[i] >>> 32);
                    walk.expiryMillis = segment.expiry(i);
                    return (int) slots[i];
                }
            }
            walk.directoryIndex = nextSegment(walk.directoryIndex);
            walk.slotIndex = -1;
        }
        return 0;
    }

    /** Where a walk over a table is: reused, so that a walk makes no object. */
    public static final class Walk {
        private int directoryIndex;
        private int slotIndex;
        private int hash32;
        private long expiryMillis;

        /** The hash of the entry that the walk has come to. */
        public int hash32() {
            return hash32;
        }

        /** When the entry expires that the walk has come to, or {@link #NO_EXPIRY}. */
        public long expiryMillis() {
            return expiryMillis;
        }
    }

    private Segment segmentOf(int hash32) {
        return directory[(hash32 >>> 1) >>> directoryShift];
    }

    private static long slot(int hash32, int handle) {
        return (long) hash32 << 32 | Integer.toUnsignedLong(handle);
    }

    private Segment found() {
        Segment segment = foundSegment;
        if (segment == null) {
            throw new IllegalStateException("no entry was found");
        }
        return segment;
    }

    private Segment writableFound() {
        Segment segment = own(found());
        foundSegment = segment;
        return segment;
    }

    /** Returns a segment that is about to change, or a copy in its place if somebody else may read it. */
    private Segment own(Segment segment) {
        if (segment.epoch == epoch) {
            return segment;
        }
        if (!shares) {
            segment.epoch = epoch;
            return segment;
        }
        Segment copy = segment.copy(epoch);
        segmentBytes -= segment.sizeInBytes();
        place(copy);
        return copy;
    }

    private static boolean isFull(Segment segment) {
        int slotCount = segment.slots.length;
        return segment.count >= slotCount - (slotCount >> 3);
    }

    private void makeRoom(Segment segment) {
        if (segment.slots.length < segmentSlotsMax || segment.depth == depthMax) {
            resize(segment, segment.slots.length << 1);
        } else {
            split(segment);
        }
    }

    private void resize(Segment segment, int slotCount) {
        Segment resized = new Segment(slotCount, segment.depth, segment.hashFirst, epoch);
        addAll(segment, resized);
        segmentBytes -= segment.sizeInBytes();
        place(resized);
    }

    private void split(Segment segment) {
        int depth = segment.depth + 1;
        if (depth > 31 - directoryShift) {
            doubleDirectory();
        }
        int upperFirst = segment.hashFirst | 1 << (32 - depth);
        int upperCount = 0;
        for (long slot : segment.slots) {
            if (slot != 0 && Integer.compareUnsigned((int) (slot >>> 32), upperFirst) >= 0) {
                upperCount++;
            }
        }
        int most = segment.slots.length;
        int lowerSlots = Math.min(slotCountFor(segment.count - upperCount), most);
        Segment lower = new Segment(lowerSlots, depth, segment.hashFirst, epoch);
        Segment upper = new Segment(Math.min(slotCountFor(upperCount), most), depth, upperFirst, epoch);
        for (int i = 0; i < segment.slots.length; i++) {
            long slot = segment.slots[i];
            if (slot != 0) {
                boolean isUpper = Integer.compareUnsigned((int) (slot >>> 32), upperFirst) >= 0;
                (isUpper ? upper : lower).addFrom(segment, i);
            }
        }
        segmentCountByDepth[depth - 1]--;
        segmentCountByDepth[depth] += 2;
        segmentBytes -= segment.sizeInBytes();
        place(lower);
        place(upper);
    }

    private void shrink(Segment segment) {
        if (!joinWithSibling(segment)) {
            resize(segment, segment.slots.length >> 1);
        }
    }

    /** Joins a segment with the one that differs in the last bit of the prefix, if both together are few. */
    private boolean joinWithSibling(Segment segment) {
        if (segment.depth == 0) {
            return false;
        }
        int bit = 1 << (32 - segment.depth);
        Segment sibling = segmentOf(segment.hashFirst ^ bit);
        int sum = segment.count + sibling.count;
        if (sibling.depth != segment.depth || sum > segmentSlotsMax >> 2) {
            return false;
        }
        Segment joined = new Segment(slotCountFor(sum), segment.depth - 1, segment.hashFirst & ~bit, epoch);
        addAll(segment, joined);
        addAll(sibling, joined);
        segmentCountByDepth[segment.depth] -= 2;
        segmentCountByDepth[joined.depth]++;
        segmentBytes -= segment.sizeInBytes() + sibling.sizeInBytes();
        place(joined);
        halveDirectory();
        return true;
    }

    private static void addAll(Segment from, Segment to) {
        for (int i = 0; i < from.slots.length; i++) {
            if (from.slots[i] != 0) {
                to.addFrom(from, i);
            }
        }
    }

    /** The smallest size that leaves a quarter free. */
    private static int slotCountFor(int entryCount) {
        int slotCount = SEGMENT_SLOTS_MIN;
        while (entryCount > slotCount - (slotCount >> 2)) {
            slotCount <<= 1;
        }
        return slotCount;
    }

    /** Lets every directory entry of a new segment's prefix point to it. */
    private void place(Segment segment) {
        int first = (segment.hashFirst >>> 1) >>> directoryShift;
        int end = first + (1 << (31 - directoryShift - segment.depth));
        for (int i = first; i < end; i++) {
            directory[i] = segment;
        }
        largestSlotCount = Math.max(largestSlotCount, segment.slots.length);
        segmentBytes += segment.sizeInBytes();
    }

    private void doubleDirectory() {
        Segment[] doubled = new Segment[directory.length << 1];
        for (int i = 0; i < doubled.length; i++) {
            doubled[i] = directory[i >> 1];
        }
        directory = doubled;
        directoryShift--;
    }

    private void halveDirectory() {
        while (directoryShift < 31 && segmentCountByDepth[31 - directoryShift] == 0) {
            Segment[] halved = new Segment[directory.length >> 1];
            for (int i = 0; i < halved.length; i++) {
                halved[i] = directory[i << 1];
            }
            directory = halved;
            directoryShift++;
        }
    }

    /** The directory index after the last one that points to the same segment. */
    private int nextSegment(int directoryIndex) {
        return directoryIndex + (1 << (31 - directoryShift - directory[directoryIndex].depth));
    }

    /** Walks everything and fails when an entry cannot be found where it is or a count is wrong. For tests. */
    public final void checkInvariants() {
        long entrySum = 0;
        long expirySum = 0;
        long byteSum = 0;
        int[] byDepth = new int[depthMax + 1];
        long hash = 0;
        for (int i = 0; i < directory.length; ) {
            Segment segment = directory[i];
            require(Integer.toUnsignedLong(segment.hashFirst) == hash, "segments are in order");
            int end = nextSegment(i);
            for (; i < end; i++) {
                require(directory[i] == segment, "all entries of a prefix point to one segment");
            }
            hash = segment.hashEnd();
            byDepth[segment.depth]++;
            checkSegment(segment);
            entrySum += segment.count;
            expirySum += segment.expiryCount;
            byteSum += segment.sizeInBytes();
        }
        require(hash == HASH_END, "segments cover all hashes");
        require(entrySum == count, "entry count");
        require(expirySum == expiryCount, "expiry count");
        require(byteSum == segmentBytes, "size of the segments");
        require(Arrays.equals(byDepth, segmentCountByDepth), "segments by depth");
    }

    private static void checkSegment(Segment segment) {
        long[] slots = segment.slots;
        int mask = slots.length - 1;
        require(Integer.bitCount(slots.length) == 1 && slots.length >= SEGMENT_SLOTS_MIN, "slot count");
        require(segment.expiries == null || segment.expiries.length == slots.length, "expiries are parallel");
        int entries = 0;
        int expiries = 0;
        for (int i = 0; i < slots.length; i++) {
            boolean expires = segment.expiry(i) != NO_EXPIRY;
            expiries += expires ? 1 : 0;
            if (slots[i] == 0) {
                require(!expires, "an empty slot has no expiry");
                continue;
            }
            entries++;
            long hash = slots[i] >>> 32;
            require(hash >= Integer.toUnsignedLong(segment.hashFirst) && hash < segment.hashEnd(), "hash fits prefix");
            require((int) slots[i] != 0, "an entry has a handle");
            for (int j = (int) hash & mask; j != i; j = (j + 1) & mask) {
                require(slots[j] != 0, "no gap before an entry");
            }
        }
        require(entries == segment.count && entries < slots.length, "entries of a segment");
        require(expiries == segment.expiryCount, "expiries of a segment");
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("broken invariant: " + what);
        }
    }
}
