package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ArenaFullException;
import java.util.Arrays;

/**
 * A list of more elements than one block takes: a deque of {@link Listpack}s, each a block of the arena. Handles and
 * numbers of elements lie in two arrays with room at both ends.
 */
public final class ListBlocks implements LargeValue {
    private static final int CAPACITY_MIN = 8;
    private static final int OBJECT_BYTES = 80;

    private final Arena arena;
    private int[] handles;
    private int[] counts;
    private int first; // Index of the first block.
    private int end; // Index behind the last block.
    private long count;
    private final Block home;

    ListBlocks(Arena arena) {
        this.arena = arena;
        home = new Block();
        handles = new int[CAPACITY_MIN];
        counts = new int[CAPACITY_MIN];
        first = CAPACITY_MIN / 2;
        end = first;
    }

    private ListBlocks(ListBlocks original) {
        arena = original.arena;
        home = new Block();
        handles = original.handles.clone();
        counts = original.counts.clone();
        first = original.first;
        end = original.end;
        count = original.count;
    }

    @Override
    public ListBlocks fork() {
        return new ListBlocks(this);
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public long sizeInBytes() {
        return OBJECT_BYTES + 8L * handles.length;
    }

    @Override
    public long blockBytes(long samples) {
        long most = samples == 0 ? blockCount() : Math.min(samples, blockCount());
        long sum = 0;
        for (int i = 0; i < most; i++) {
            sum += Arena.usableBytes(Listpack.bytes(chunk(i), base(i)));
        }
        return most == 0 ? 0 : sum * blockCount() / most;
    }

    @Override
    public long freeSome(long position, int budget) {
        int from = first + (int) position;
        int to = Math.min(end, from + budget);
        for (int i = from; i < to; i++) {
            arena.free(handles[i], Listpack.bytes(arena.chunk(handles[i]), arena.offset(handles[i])));
        }
        return to == end ? -1 : to - first;
    }

    @Override
    public void sendTo(byte[][] chunks, ValueSink sink) {
        sink.list(count);
        for (int i = first; i < end; i++) {
            Listpack.sendElements(chunks[Arena.chunkIndex(handles[i])], Arena.chunkOffset(handles[i]), sink);
        }
    }

    /** Number of blocks. */
    public int blockCount() {
        return end - first;
    }

    /** The handle of a block, counted from the head. */
    public int handle(int block) {
        return handles[first + block];
    }

    int countOf(int block) {
        return counts[first + block];
    }

    /** The place of a block, until another is asked for. */
    PackedHome home(int block) {
        home.index = first + block;
        return home;
    }

    byte[] chunk(int block) {
        return arena.chunk(handles[first + block]);
    }

    int base(int block) {
        return arena.offset(handles[first + block]);
    }

    /** Counts elements that were added to a block or taken from it, and drops it when it is empty. */
    void changed(int block, int added) {
        counts[first + block] += added;
        count += added;
        if (counts[first + block] == 0) {
            int handle = handles[first + block];
            arena.free(handle, Listpack.bytes(arena.chunk(handle), arena.offset(handle)));
            removeIndex(first + block);
        }
    }

    /**
     * Drops whole blocks at an end, as many as have together no more elements than may go.
     *
     * @return how many elements they had
     */
    long dropBlocks(long elements, boolean atHead) {
        long left = elements;
        while (first < end) {
            int index = atHead ? first : end - 1;
            if (counts[index] > left) {
                break;
            }
            left -= counts[index];
            arena.free(handles[index], Listpack.bytes(arena.chunk(handles[index]), arena.offset(handles[index])));
            if (atHead) {
                first++;
            } else {
                end--;
            }
        }
        count -= elements - left;
        fit();
        return elements - left;
    }

    /** Makes the arrays smaller when much of them is empty. */
    private void fit() {
        int capacity = handles.length;
        while (end - first < capacity >> 2 && capacity > CAPACITY_MIN) {
            capacity >>= 1;
        }
        if (capacity < handles.length) {
            resize(capacity);
        }
    }

    private void removeIndex(int index) {
        if (index - first < end - 1 - index) {
            System.arraycopy(handles, first, handles, first + 1, index - first);
            System.arraycopy(counts, first, counts, first + 1, index - first);
            first++;
        } else {
            System.arraycopy(handles, index + 1, handles, index, end - 1 - index);
            System.arraycopy(counts, index + 1, counts, index, end - 1 - index);
            end--;
        }
        fit();
    }

    /** Adds a block of one element before a block, or behind the last. */
    void addBlock(int block, Element element) {
        int bytes = Listpack.EMPTY_BYTES + Listpack.sizeOf(element);
        int handle = arena.allocate(bytes);
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        Listpack.write(chunk, base + Listpack.EMPTY_BYTES - 1, element);
        Listpack.writeEnd(chunk, base, bytes - 1, 1);
        insertIndex(block, handle, 1);
        count++;
    }

    /** Adds a block that is a copy of a whole listpack of another place. */
    void addBlock(int block, byte[] packed, int start) {
        insertIndex(block, copyOf(packed, start), Listpack.count(packed, start));
        count += counts[first + block];
    }

    private int copyOf(byte[] packed, int start) {
        int bytes = Listpack.bytes(packed, start);
        int handle = arena.allocate(bytes);
        System.arraycopy(packed, start, arena.chunk(handle), arena.offset(handle), bytes);
        return handle;
    }

    /** Makes a list of copies of all blocks. Both arenas may be the same: blocks do not move. */
    public ListBlocks copyTo(Arena target) {
        var copy = new ListBlocks(target);
        copy.handles = new int[handles.length];
        copy.counts = new int[handles.length];
        copy.first = first;
        copy.end = first;
        try {
            for (int i = first; i < end; i++) {
                copy.handles[copy.end] = copy.copyOf(arena.chunk(handles[i]), arena.offset(handles[i]));
                copy.counts[copy.end++] = counts[i];
                copy.count += counts[i];
            }
        } catch (ArenaFullException full) {
            copy.freeAll();
            throw full;
        }
        return copy;
    }

    private void insertIndex(int block, int handle, int elements) {
        if (first == 0 || end == handles.length) {
            int used = end - first;
            resize(used > handles.length >> 1 ? handles.length << 1 : handles.length);
        }
        int index = first + block;
        if (block < end - index) {
            System.arraycopy(handles, first, handles, first - 1, block);
            System.arraycopy(counts, first, counts, first - 1, block);
            first--;
            index--;
        } else {
            System.arraycopy(handles, index, handles, index + 1, end - index);
            System.arraycopy(counts, index, counts, index + 1, end - index);
            end++;
        }
        handles[index] = handle;
        counts[index] = elements;
    }

    /** Moves the blocks to the middle of arrays of a size. */
    private void resize(int capacity) {
        int used = end - first;
        int from = (capacity - used) >> 1;
        int[] newHandles = new int[capacity];
        int[] newCounts = new int[capacity];
        System.arraycopy(handles, first, newHandles, from, used);
        System.arraycopy(counts, first, newCounts, from, used);
        handles = newHandles;
        counts = newCounts;
        first = from;
        end = from + used;
    }

    /**
     * Cuts a block before an element: what stands from there on becomes the next block.
     *
     * @throws ArenaFullException nothing has changed then
     */
    void split(int block, int at, int elementsBefore) {
        byte[] chunk = chunk(block);
        int base = base(block);
        int bytes = Listpack.bytes(chunk, base);
        int after = counts[first + block] - elementsBefore;
        int tailBytes = Listpack.EMPTY_BYTES - 1 + bytes - at;
        int tail = arena.allocate(tailBytes);
        byte[] tailChunk = arena.chunk(tail);
        int tailBase = arena.offset(tail);
        System.arraycopy(chunk, base + at, tailChunk, tailBase + Listpack.EMPTY_BYTES - 1, bytes - at);
        Listpack.writeHeader(tailChunk, tailBase, tailBytes, after);
        var place = home(block);
        try {
            place.splice(at, bytes - at, 1);
        } catch (ArenaFullException full) {
            arena.free(tail, tailBytes);
            throw full;
        }
        Listpack.writeEnd(place.buffer(), place.start(), at, elementsBefore);
        counts[first + block] = elementsBefore;
        insertIndex(block + 1, tail, after);
    }

    /**
     * Removes elements that equal one.
     *
     * @param most how many at most
     * @param backwards whether to begin at the tail
     * @return how many
     */
    long removeEqual(Element wanted, long most, boolean backwards) {
        long removed = 0;
        boolean hasGaps = false;
        try {
            int step = backwards ? -1 : 1;
            for (int i = backwards ? end - 1 : first; i >= first && i < end && removed < most; i += step) {
                home.index = i;
                int inBlock = Listpack.removeEqual(home, wanted, most - removed, backwards);
                removed += inBlock;
                count -= inBlock;
                counts[i] -= inBlock;
                if (counts[i] == 0) {
                    arena.free(handles[i], Listpack.bytes(arena.chunk(handles[i]), arena.offset(handles[i])));
                    handles[i] = 0;
                    hasGaps = true;
                }
            }
        } finally {
            // Once for all, or many blocks of one element would take quadratic time.
            if (hasGaps) {
                closeGaps();
            }
        }
        return removed;
    }

    private void closeGaps() {
        int to = first;
        for (int i = first; i < end; i++) {
            if (handles[i] != 0) {
                handles[to] = handles[i];
                counts[to++] = counts[i];
            }
        }
        end = to;
        fit();
    }

    /** Fails when counts and blocks disagree. For tests. */
    void checkInvariants() {
        long sum = 0;
        for (int i = first; i < end; i++) {
            byte[] chunk = arena.chunk(handles[i]);
            int base = arena.offset(handles[i]);
            int elements = Listpack.validate(chunk, base, Listpack.bytes(chunk, base));
            if (elements != counts[i] || elements == 0) {
                throw new AssertionError("block " + (i - first) + " has " + elements + " elements, not " + counts[i]);
            }
            sum += elements;
        }
        if (sum != count) {
            throw new AssertionError("the blocks have " + sum + " elements, not " + count);
        }
    }

    /** A block as a place whose size may change. */
    private final class Block extends BlockHome {
        private int index;

        Block() {
            super(arena);
        }

        @Override
        int handle() {
            return handles[index];
        }

        @Override
        void setHandle(int handle) {
            handles[index] = handle;
        }
    }

    @Override
    public String toString() {
        return "ListBlocks" + Arrays.toString(Arrays.copyOfRange(counts, first, end));
    }
}
