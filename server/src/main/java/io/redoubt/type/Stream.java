package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.CountedTree;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A stream: blocks of entries, each in the form of Redis's files ({@link StreamBlock}), and beside them a directory of
 * parallel arrays with room at both ends, in order of the blocks' IDs. A fork copies the directory; a block that a
 * snapshot may read is copied before it changes. Consumer groups stand in order of their names; a fork copies a group
 * before it changes it.
 */
public final class Stream implements LargeValue {
    /** What {@link #lag} returns where it cannot be told: a lag may be negative, after XGROUP SETID. */
    public static final long UNKNOWN_LAG = Long.MIN_VALUE;

    private static final int CAPACITY_MIN = 4;
    private static final int OBJECT_BYTES = 200;
    private static final int BLOCK_BYTES_MAX = 1 << 30;
    private static final StreamGroup[] NO_GROUPS = {};

    private final Arena arena;
    private int[] handles = new int[CAPACITY_MIN];
    private long[] blockMs = new long[CAPACITY_MIN];
    private long[] blockSeq = new long[CAPACITY_MIN];
    private int first; // Index of the first block.
    private int end; // Index behind the last block.
    private long count;
    private final StreamId last = new StreamId();
    private final StreamId firstEntry = new StreamId();
    private final StreamId deleted = new StreamId();
    private long added;
    private StreamGroup[] groups = NO_GROUPS;
    private int groupCount;
    private long groupBytes;
    /** Of the trees of all groups. A fork shares it: only one of the two is searched. */
    private final CountedTree.Way way;

    private final Place home;
    private final StreamBlock block = new StreamBlock();
    private final Element number = new Element();

    public Stream(Arena arena) {
        this.arena = arena;
        way = new CountedTree.Way();
        home = new Place();
    }

    private Stream(Stream original) {
        arena = original.arena;
        home = new Place();
        handles = original.handles.clone();
        blockMs = original.blockMs.clone();
        blockSeq = original.blockSeq.clone();
        first = original.first;
        end = original.end;
        count = original.count;
        last.set(original.last);
        firstEntry.set(original.firstEntry);
        deleted.set(original.deleted);
        added = original.added;
        groups = original.groupCount == 0 ? NO_GROUPS : original.groups.clone();
        groupCount = original.groupCount;
        groupBytes = original.groupBytes;
        way = original.way;
    }

    @Override
    public Stream fork() {
        return new Stream(this);
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public long elementsToFree() {
        long sum = blockCount();
        for (int i = 0; i < groupCount; i++) {
            sum += groups[i].elementsToFree();
        }
        return sum;
    }

    @Override
    public long sizeInBytes() {
        return OBJECT_BYTES + 20L * handles.length + 4L * groups.length + groupBytes;
    }

    @Override
    public long blockBytes(long samples) {
        long most = samples == 0 ? blockCount() : Math.min(samples, blockCount());
        long sum = 0;
        for (int i = first; i < first + most; i++) {
            sum += Arena.usableBytes(Listpack.bytes(arena.chunk(handles[i]), arena.offset(handles[i])));
        }
        sum = most == 0 ? 0 : sum * blockCount() / most;
        for (int i = 0; i < groupCount; i++) {
            sum += groups[i].blockBytes(samples);
        }
        return sum;
    }

    @Override
    public long freeSome(long position, int budget) {
        int from = first + (int) position;
        int to = Math.min(end, from + budget);
        for (int i = from; i < to; i++) {
            free(i);
        }
        boolean isAtGroups = from == end && groupCount > 0;
        if (isAtGroups && groups[groupCount - 1].freeSome(0, budget) < 0) {
            groupCount--;
        }
        return to == end && groupCount == 0 ? -1 : (long) to - first;
    }

    private void free(int index) {
        arena.free(handles[index], Listpack.bytes(arena.chunk(handles[index]), arena.offset(handles[index])));
    }

    @Override
    public void sendTo(byte[][] chunks, ValueSink sink) {
        var out = sink.stream(end - first);
        for (int i = first; i < end; i++) {
            byte[] chunk = chunks[Arena.chunkIndex(handles[i])];
            int base = Arena.chunkOffset(handles[i]);
            out.block(blockMs[i], blockSeq[i], chunk, base, Listpack.bytes(chunk, base));
        }
        out.state(new StreamSink.State(
                count, last.ms(), last.seq(), firstEntry.ms(), firstEntry.seq(), deleted.ms(), deleted.seq(), added));
        out.groups(groupCount);
        for (int i = 0; i < groupCount; i++) {
            groups[i].sendTo(chunks, out);
        }
    }

    // ---- What is known of it ----

    /** The greatest ID that was ever given. */
    public StreamId last() {
        return last;
    }

    /** ID of the first entry; 0-0 without one. */
    public StreamId firstEntry() {
        return firstEntry;
    }

    /** Greatest ID of an entry that was deleted. */
    public StreamId deleted() {
        return deleted;
    }

    /** How many entries were ever added. */
    public long added() {
        return added;
    }

    /** Sets what XSETID sets. */
    public void setState(StreamId newLast, StreamId newDeleted, long newAdded) {
        last.set(newLast);
        deleted.set(newDeleted);
        added = newAdded;
    }

    /** Number of blocks. */
    public int blockCount() {
        return end - first;
    }

    /** How many nodes a compressed radix tree of the blocks' IDs has, as Redis keeps one. */
    public int radixNodes() {
        return first == end ? 1 : radixNodes(first, end, 0);
    }

    private int keyByte(int index, int depth) {
        long half = depth < 8 ? blockMs[index] : blockSeq[index];
        return (int) (half >>> 56 - 8 * (depth & 7)) & 0xFF;
    }

    private int radixNodes(int from, int to, int depth) {
        int common = depth;
        while (common < 16 && keyByte(from, common) == keyByte(to - 1, common)) {
            common++;
        }
        int nodes = common > depth ? 1 : 0;
        if (common == 16) {
            return nodes + 1;
        }
        nodes++;
        int group = from;
        for (int i = from + 1; i <= to; i++) {
            if (i == to || keyByte(i, common) != keyByte(group, common)) {
                nodes += radixNodes(group, i, common + 1);
                group = i;
            }
        }
        return nodes;
    }

    /** Index of the block in which an ID would be, or -1 if it comes before all. */
    int blockOf(StreamId id) {
        int low = first;
        int high = end - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (id.compareTo(blockMs[middle], blockSeq[middle]) >= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high - first;
    }

    /** Shows a block. */
    void show(int index, StreamBlock into) {
        int handle = handles[first + index];
        into.bind(arena.chunk(handle), arena.offset(handle), blockMs[first + index], blockSeq[first + index]);
    }

    // ---- Adding ----

    /** Adds an entry whose ID is greater than {@link #last()}. */
    public void append(StreamDraft draft, StreamId id, Thresholds thresholds) {
        if (first == end || !lastHasRoom(draft, thresholds)) {
            draft.encodeBlock();
            addBlock(id.ms(), id.seq(), draft.out(), 0, draft.outBytes());
        } else {
            int index = end - 1;
            draft.encodeEntry(block, id.ms() - blockMs[index], id.seq() - blockSeq[index]);
            appendEntry(index, draft);
        }
        if (count == 0) {
            firstEntry.set(id);
        }
        count++;
        added++;
        last.set(id);
    }

    /** Whether the last block, which is shown then, takes another entry. */
    private boolean lastHasRoom(StreamDraft draft, Thresholds thresholds) {
        show(end - 1 - first, block);
        int handle = handles[end - 1];
        int bytes = Listpack.bytes(arena.chunk(handle), arena.offset(handle));
        int bytesMax = thresholds.streamBlockBytes;
        if (bytesMax <= 0 || bytesMax > BLOCK_BYTES_MAX) {
            bytesMax = BLOCK_BYTES_MAX;
        }
        int entriesMax = thresholds.streamBlockEntries;
        return bytes + draft.rawBytes() < bytesMax
                && (entriesMax <= 0 || block.count() + block.deletedCount() < entriesMax);
    }

    /** Appends to a block in one step: the memory may be full, and then nothing has changed. */
    private void appendEntry(int index, StreamDraft draft) {
        home.index = index;
        int countAt = StreamBlock.countAt();
        number.setInteger(block.count() + 1);
        int oldSize = Listpack.size(home.buffer(), home.start(), countAt);
        int newSize = Listpack.sizeOf(number);
        int length = home.length();
        home.splice(length - 1, 0, draft.outBytes() + newSize - oldSize);
        byte[] buffer = home.buffer();
        int start = home.start();
        int from = start + countAt;
        System.arraycopy(buffer, from + oldSize, buffer, from + newSize, length - 1 - countAt - oldSize);
        Listpack.write(buffer, from, number);
        System.arraycopy(draft.out(), 0, buffer, start + length - 1 + newSize - oldSize, draft.outBytes());
        Listpack.changeHeader(home, draft.outElements());
    }

    private void addBlock(long ms, long seq, byte[] bytes, int from, int length) {
        int handle = arena.allocate(length);
        System.arraycopy(bytes, from, arena.chunk(handle), arena.offset(handle), length);
        if (end == handles.length) {
            resize(end - first > handles.length >> 1 ? handles.length * 2 : handles.length);
        }
        handles[end] = handle;
        blockMs[end] = ms;
        blockSeq[end++] = seq;
    }

    private void resize(int capacity) {
        int used = end - first;
        handles = Arrays.copyOf(Arrays.copyOfRange(handles, first, end), capacity);
        blockMs = Arrays.copyOf(Arrays.copyOfRange(blockMs, first, end), capacity);
        blockSeq = Arrays.copyOf(Arrays.copyOfRange(blockSeq, first, end), capacity);
        first = 0;
        end = used;
    }

    // ---- Removing ----

    /** Deletes an entry; says whether it was there. */
    public boolean delete(StreamId id) {
        int index = blockOf(id);
        if (index < 0) {
            return false;
        }
        show(index, block);
        while (block.next()) {
            if (block.isDeleted()) {
                continue; // It may be greater than what follows, after XSETID.
            }
            int order = id.compareTo(block.ms(), block.seq());
            if (order <= 0) {
                return order == 0 && delete(index, id);
            }
        }
        return false;
    }

    private boolean delete(int index, StreamId id) {
        count--;
        if (block.count() == 1) {
            removeBlock(first + index);
        } else {
            home.index = first + index;
            mark(block.entryAt(), block.flags());
            addToCounts(1);
        }
        if (id.compareTo(deleted) > 0) {
            deleted.set(id);
        }
        if (count == 0) {
            firstEntry.set(0, 0);
        } else if (id.compareTo(firstEntry) == 0) {
            findFirst();
        }
        return true;
    }

    /** Marks an entry of the block at home as deleted; a flag is an element of the same size always. */
    private void mark(int entryAt, int flags) {
        number.setInteger(flags | StreamBlock.DELETED);
        Listpack.replace(home, entryAt, number);
    }

    /** So many entries of the block at home were marked. */
    private void addToCounts(long marked) {
        show(home.index - first, block);
        long deletedCount = block.deletedCount();
        number.setInteger(block.count() - marked);
        Listpack.replace(home, StreamBlock.countAt(), number);
        show(home.index - first, block);
        number.setInteger(deletedCount + marked);
        Listpack.replace(home, block.deletedAt(), number);
    }

    private void removeBlock(int index) {
        free(index);
        if (index - first < end - 1 - index) {
            int before = index - first;
            System.arraycopy(handles, first, handles, first + 1, before);
            System.arraycopy(blockMs, first, blockMs, first + 1, before);
            System.arraycopy(blockSeq, first, blockSeq, first + 1, before);
            first++;
        } else {
            int behind = end - 1 - index;
            System.arraycopy(handles, index + 1, handles, index, behind);
            System.arraycopy(blockMs, index + 1, blockMs, index, behind);
            System.arraycopy(blockSeq, index + 1, blockSeq, index, behind);
            end--;
        }
        if (end - first < handles.length >> 2 && handles.length > CAPACITY_MIN) {
            resize(handles.length >> 1);
        }
    }

    private void findFirst() {
        for (int i = 0; i < blockCount(); i++) {
            show(i, block);
            while (block.next()) {
                if (!block.isDeleted()) {
                    firstEntry.set(block.ms(), block.seq());
                    return;
                }
            }
        }
        firstEntry.set(0, 0);
    }

    /** How a stream is trimmed. Reused. */
    public static final class Trim {
        /** Whether entries are removed until so many are left; else those before an ID are. */
        public boolean byCount;

        public long countMax;
        public final StreamId least = new StreamId();
        /** Whether only whole blocks go. */
        public boolean isApproximate;
        /** Most entries to remove; 0 for no limit. */
        public long limit;
        /** Gets the IDs of what is removed, where somebody asks for them. */
        public @Nullable StreamIds removed;
    }

    /** Removes entries from the beginning and returns how many they were. */
    public long trim(Trim how) {
        long removed = 0;
        while (first < end && !(how.byCount && Long.compareUnsigned(count, how.countMax) <= 0)) {
            show(0, block);
            long entries = block.count();
            if (how.limit != 0 && removed + entries > how.limit) {
                break;
            }
            if (isGoneWhole(how, entries)) {
                if (how.removed != null) {
                    listFirstBlock(how.removed);
                }
                removeBlock(first);
                count -= entries;
                removed += entries;
                continue;
            }
            if (!how.isApproximate) {
                removed += trimFirstBlock(how);
            }
            break;
        }
        if (count == 0) {
            firstEntry.set(0, 0);
        } else if (removed > 0) {
            findFirst();
        }
        return removed;
    }

    private boolean isGoneWhole(Trim how, long entries) {
        if (how.byCount) {
            return Long.compareUnsigned(count - entries, how.countMax) >= 0;
        }
        block.goToEnd();
        return block.previous() && how.least.compareTo(block.ms(), block.seq()) > 0;
    }

    private void listFirstBlock(StreamIds into) {
        show(0, block);
        while (block.next()) {
            if (!block.isDeleted()) {
                into.add(block.ms(), block.seq());
            }
        }
    }

    private long trimFirstBlock(Trim how) {
        home.index = first;
        home.splice(0, 0, 0);
        show(0, block);
        long marked = 0;
        while (block.next()) {
            if (how.byCount ? count <= how.countMax : how.least.compareTo(block.ms(), block.seq()) <= 0) {
                break;
            }
            if (!block.isDeleted()) {
                if (how.removed != null) {
                    how.removed.add(block.ms(), block.seq());
                }
                mark(block.entryAt(), block.flags());
                marked++;
                count--;
            }
        }
        addToCounts(marked);
        return marked;
    }

    // ---- Consumer groups ----

    /** Number of consumer groups. */
    public int groupCount() {
        return groupCount;
    }

    /** The group with a rank among the names, to be read. */
    public StreamGroup groupAt(int rank) {
        return groups[rank];
    }

    /** A group by its name, to be read. */
    public @Nullable StreamGroup group(byte[] buffer, int from, int length) {
        int index = groupIndex(buffer, from, length);
        return index < 0 ? null : groups[index];
    }

    /** The group with a rank among the names, to be changed. */
    public StreamGroup writableGroupAt(int rank) {
        if (groups[rank].stream != this) {
            groups[rank] = new StreamGroup(this, way, groups[rank]);
        }
        return groups[rank];
    }

    /** A group by its name, to be changed. */
    public @Nullable StreamGroup writableGroup(byte[] buffer, int from, int length) {
        int index = groupIndex(buffer, from, length);
        return index < 0 ? null : writableGroupAt(index);
    }

    /** Index of a group; negative if there is none, and then one less than the negative of where it would be. */
    private int groupIndex(byte[] buffer, int from, int length) {
        int low = 0;
        int high = groupCount - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            byte[] name = groups[middle].name();
            int order = Arrays.compareUnsigned(name, 0, name.length, buffer, from, from + length);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -low - 1;
    }

    /** Adds a group; null if there is one of that name. */
    public @Nullable StreamGroup addGroup(byte[] buffer, int from, int length) {
        int index = -groupIndex(buffer, from, length) - 1;
        if (index < 0) {
            return null;
        }
        if (groupCount == groups.length) {
            groups = Arrays.copyOf(groups, Math.max(2, groupCount * 2));
        }
        System.arraycopy(groups, index, groups, index + 1, groupCount - index);
        groups[index] = new StreamGroup(this, arena, way, Arrays.copyOfRange(buffer, from, from + length));
        groupCount++;
        groupBytes += groups[index].sizeInBytes();
        return groups[index];
    }

    void groupGrows(long bytes) {
        groupBytes += bytes;
    }

    /** Removes a group, whose blocks the caller then frees; null if there is none of that name. */
    public @Nullable Freeable removeGroup(byte[] buffer, int from, int length) {
        int index = groupIndex(buffer, from, length);
        if (index < 0) {
            return null;
        }
        var group = groups[index];
        groupBytes -= group.sizeInBytes();
        System.arraycopy(groups, index + 1, groups, index, groupCount - 1 - index);
        groupCount--;
        return group;
    }

    /** Whether an entry is there. */
    public boolean contains(StreamId id) {
        int index = blockOf(id);
        if (index < 0) {
            return false;
        }
        show(index, block);
        while (block.next()) {
            if (!block.isDeleted() && id.compareTo(block.ms(), block.seq()) == 0) {
                return true;
            }
        }
        return false;
    }

    /** Whether there is a gap, made by a deletion, between what is left of the entries from an ID on. */
    private boolean hasGapFrom(StreamId id) {
        return count > 0 && firstEntry.compareTo(deleted) <= 0 && id.compareTo(deleted) <= 0;
    }

    /** How many entries were added up to an ID; {@link StreamGroup#UNKNOWN} where that cannot be told. */
    private long addedUpTo(StreamId id) {
        if (added == 0) {
            return 0;
        }
        if (count == 0 && id.compareTo(last) <= 0) {
            return added;
        }
        int order = id.compareTo(last);
        if (order >= 0) {
            return order == 0 ? added : StreamGroup.UNKNOWN;
        }
        if (deleted.isZero() || deleted.compareTo(firstEntry) < 0) {
            int orderToFirst = id.compareTo(firstEntry);
            if (orderToFirst <= 0) {
                return added - count + (orderToFirst == 0 ? 1 : 0);
            }
        }
        return StreamGroup.UNKNOWN;
    }

    /** How many entries a group has not read yet; {@link #UNKNOWN_LAG} where that cannot be told. */
    public long lag(StreamGroup group) {
        if (added == 0) {
            return 0;
        }
        long read = group.entriesRead();
        if (read == StreamGroup.UNKNOWN || hasGapFrom(group.last())) {
            read = addedUpTo(group.last());
        }
        return read == StreamGroup.UNKNOWN ? UNKNOWN_LAG : added - read;
    }

    /** A group gets an entry: what it knows of its place in the stream. Says whether that has changed. */
    public boolean advance(StreamGroup group, StreamId id) {
        if (id.compareTo(group.last()) <= 0) {
            return false;
        }
        if (group.entriesRead() != StreamGroup.UNKNOWN && !hasGapFrom(id)) {
            group.setEntriesRead(group.entriesRead() + 1);
        } else if (added != 0) {
            group.setEntriesRead(addedUpTo(id));
        }
        group.last().set(id);
        return true;
    }

    // ---- Loading ----

    /** Fills an empty stream with pieces from outside, which it proves. */
    public StreamSink loader() {
        return new Loader();
    }

    private final class Loader implements StreamSink {
        private final StreamId top = new StreamId();
        private StreamGroup.@Nullable Loader groupLoader;
        private boolean isOld;

        @Override
        public boolean block(long ms, long seq, byte[] buffer, int start, int length) {
            if (!StreamBlock.isIntact(buffer, start, length)) {
                return false;
            }
            block.bind(buffer, start, ms, seq);
            if (first < end && StreamId.compare(blockMs[end - 1], blockSeq[end - 1], ms, seq) >= 0) {
                return false;
            }
            boolean isFirst = count == 0;
            while (block.next()) {
                // XSETID may go back behind deleted entries, which are then followed by lesser ones.
                if (block.isDeleted()) {
                    continue;
                }
                if (!isFirst && top.compareTo(block.ms(), block.seq()) >= 0) {
                    return false;
                }
                top.set(block.ms(), block.seq());
                isFirst = false;
            }
            long entries = block.count();
            addBlock(ms, seq, buffer, start, length);
            count += entries;
            return true;
        }

        @Override
        public boolean state(State state) {
            if (state.count() != count || count > 0 && top.compareTo(state.lastMs(), state.lastSeq()) > 0) {
                return false;
            }
            last.set(state.lastMs(), state.lastSeq());
            isOld = state.added() == -1;
            if (isOld) {
                findFirst();
                added = count;
            } else {
                firstEntry.set(state.firstMs(), state.firstSeq());
                deleted.set(state.deletedMs(), state.deletedSeq());
                added = state.added();
            }
            return true;
        }

        @Override
        public void groups(long groupCount) {}

        @Override
        public boolean group(byte[] buffer, int from, int length, GroupState state) {
            var group = addGroup(buffer, from, length);
            if (group == null) {
                return false;
            }
            group.last().set(state.lastMs(), state.lastSeq());
            group.setEntriesRead(isOld ? addedUpTo(group.last()) : state.entriesRead());
            groupLoader = group.new Loader();
            return true;
        }

        private StreamGroup.Loader loaderOfGroup() {
            if (groupLoader == null) {
                throw new IllegalStateException("no group is being loaded");
            }
            return groupLoader;
        }

        @Override
        public void pendingEntries(long entryCount) {
            loaderOfGroup().pendingEntries(entryCount);
        }

        @Override
        public boolean pending(long ms, long seq, long deliveryMillis, long deliveries) {
            return loaderOfGroup().pending(ms, seq, deliveryMillis, deliveries);
        }

        @Override
        public void consumers(long consumerCount) {}

        @Override
        public boolean consumer(byte[] buffer, int from, int length, long seenMillis, long pendingCount) {
            return loaderOfGroup().consumer(buffer, from, length, seenMillis);
        }

        @Override
        public boolean owned(long ms, long seq) {
            return loaderOfGroup().owned(ms, seq);
        }

        @Override
        public boolean endGroup() {
            return loaderOfGroup().isWhole();
        }
    }

    /** Fails when counts and blocks disagree. For tests. */
    void checkInvariants() {
        long sum = 0;
        for (int i = 0; i < blockCount(); i++) {
            int handle = handles[first + i];
            byte[] chunk = arena.chunk(handle);
            if (!StreamBlock.isIntact(chunk, arena.offset(handle), Listpack.bytes(chunk, arena.offset(handle)))) {
                throw new AssertionError("block " + i + " is damaged");
            }
            show(i, block);
            sum += block.count();
        }
        if (sum != count) {
            throw new AssertionError("the blocks have " + sum + " entries, not " + count);
        }
        for (int i = 0; i < groupCount; i++) {
            groups[i].checkInvariants();
        }
    }

    /** A block as a place whose size may change. */
    private final class Place extends BlockHome {
        private int index;

        Place() {
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
}
