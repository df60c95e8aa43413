package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ArenaFullException;
import io.redoubt.memory.CountedTree;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A consumer group of a stream: what it was given last, its consumers, and what they have not acknowledged. Consumers
 * have numbers, which pending entries name, and blocks, which move. A pending entry is shown by its handle, until it
 * changes.
 */
/* Three trees over blocks of the arena, so a group of many entries has no more Java objects than one of none:
 *
 *   pending    every pending entry, in order of IDs
 *   owned      the same blocks, in order of consumers' numbers, then IDs
 *   consumers  in order of names; `blocks` finds one by its number
 *
 * Every change is whole or not made: what needs memory comes first, and is taken back when the rest finds none. Giving
 * and taking back find memory because the nodes on their way are not frozen any more. */
public final class StreamGroup implements Freeable {
    /** The number of entries read is not known. */
    public static final long UNKNOWN = -1;

    static final int OBJECT_BYTES = 320;
    private static final int BLOCKS_MIN = 2;
    private static final int NONE = -1;
    private static final byte[] NO_NAME = {};

    /** Who may change this object; a fork of it makes one of its own before. */
    final Stream stream;

    private final byte[] name;
    private final Arena arena;
    private final StreamId last = new StreamId();
    private long entriesRead = UNKNOWN;
    private final CountedTree.Way way;
    private StreamPending pending;
    private StreamPending owned;
    private final StreamConsumers consumers;
    /** By number the consumer's block, or the next number that is free. */
    private int[] blocks = new int[BLOCKS_MIN];

    private int numbersUsed;
    private int freeNumber = NONE;
    // How far freeing has come.
    private int freedEntries;
    private int freedConsumers;
    private int freedTrees;
    private int freedNodes;

    StreamGroup(Stream stream, Arena arena, CountedTree.Way way, byte[] name) {
        this.stream = stream;
        this.arena = arena;
        this.name = name;
        this.way = way;
        pending = new StreamPending(arena, way, false);
        owned = new StreamPending(arena, way, true);
        consumers = new StreamConsumers(arena, way);
    }

    /** For a fork of the stream. */
    StreamGroup(Stream stream, CountedTree.Way way, StreamGroup original) {
        this.stream = stream;
        this.way = way;
        arena = original.arena;
        name = original.name;
        last.set(original.last);
        entriesRead = original.entriesRead;
        pending = new StreamPending(original.pending, way);
        owned = new StreamPending(original.owned, way);
        consumers = new StreamConsumers(original.consumers, way);
        blocks = original.blocks.clone();
        numbersUsed = original.numbersUsed;
        freeNumber = original.freeNumber;
    }

    /** The name, which is only read. */
    public byte[] name() {
        return name;
    }

    /** ID of the entry that was delivered last. */
    public StreamId last() {
        return last;
    }

    /** How many entries of the stream it has read, or {@link #UNKNOWN}. */
    public long entriesRead() {
        return entriesRead;
    }

    public void setEntriesRead(long count) {
        entriesRead = count;
    }

    @Override
    public long sizeInBytes() {
        return OBJECT_BYTES + name.length + 4L * blocks.length;
    }

    @Override
    public long elementsToFree() {
        return (long) pending.count() + consumers.count();
    }

    /** Size of the blocks; names of consumers are estimated from some of them, or from all if {@code samples} is 0. */
    long blockBytes(long samples) {
        int count = consumers.count();
        int most = samples == 0 ? count : (int) Math.min(samples, count);
        long names = 0;
        for (int i = 0; i < most; i++) {
            names += consumers.blockBytes(consumers.at(i));
        }
        return (most == 0 ? 0 : names * count / most)
                + pending.count() * (long) Arena.usableBytes(StreamPending.BLOCK_BYTES)
                + pending.estimatedBytes()
                + owned.estimatedBytes()
                + consumers.estimatedBytes();
    }

    // ---- Consumers ----

    public int consumerCount() {
        return consumers.count();
    }

    /** The number of a consumer, or -1. */
    public int consumer(byte[] buffer, int from, int length) {
        int handle = consumers.at(buffer, from, length).find();
        return handle == 0 ? NONE : consumers.number(handle);
    }

    /** The number of the consumer whose name has a rank among the names. */
    public int consumerAt(int rank) {
        return consumers.number(consumers.at(rank));
    }

    /** The array that holds a consumer's name, until something changes. */
    public byte[] nameBuffer(int consumer) {
        return consumers.nameBuffer(blocks[consumer]);
    }

    public int nameStart(int consumer) {
        return consumers.nameStart(blocks[consumer]);
    }

    public int nameLength(int consumer) {
        return consumers.nameLength(blocks[consumer]);
    }

    /** When a consumer asked for something last: Unix time in milliseconds. */
    public long seenMillis(int consumer) {
        return consumers.seenMillis(blocks[consumer]);
    }

    /** How many entries a consumer has not acknowledged. */
    public int pendingCount(int consumer) {
        return ownedFrom(consumer + 1, 0, 0) - ownedFrom(consumer, 0, 0);
    }

    /** Adds a consumer that is not there and returns its number. */
    public int addConsumer(byte[] buffer, int from, int length, long nowMillis) {
        int number = freeNumber;
        if (number == NONE) {
            number = numbersUsed;
            if (number == blocks.length) {
                stream.groupGrows(4L * number);
                blocks = Arrays.copyOf(blocks, number * 2);
            }
        }
        int handle = consumers.at(buffer, from, length).create(number, nowMillis);
        try {
            consumers.insert(handle);
        } catch (ArenaFullException full) {
            consumers.free(handle);
            throw full;
        }
        if (number == freeNumber) {
            freeNumber = blocks[number];
        } else {
            numbersUsed++;
        }
        blocks[number] = handle;
        return number;
    }

    /** A consumer asks for something now. */
    public void seen(int consumer, long nowMillis) {
        int handle = blocks[consumer];
        if (!arena.isFrozen(handle)) {
            consumers.setSeenMillis(handle, nowMillis);
            return;
        }
        int copy = consumers.like(handle).create(consumer, nowMillis);
        try {
            consumers.replace(copy);
        } catch (ArenaFullException full) {
            consumers.free(copy);
            throw full;
        }
        blocks[consumer] = copy;
        consumers.free(handle);
    }

    /**
     * Removes a consumer and what it has not acknowledged. If nobody else has anything, that is one thing, and the
     * caller frees it; else it is null, and all is done.
     */
    public @Nullable Freeable removeConsumer(int consumer) {
        @Nullable StreamGroup taken = null;
        int rank = ownedFrom(consumer, 0, 0);
        if (pending.count() > 0 && pendingCount(consumer) == pending.count()) {
            taken = new StreamGroup(stream, arena, way, NO_NAME);
            taken.pending = pending;
            taken.owned = owned;
            pending = new StreamPending(arena, way, false);
            owned = new StreamPending(arena, way, true);
        }
        while (rank < owned.count() && owned.owner(owned.at(rank)) == consumer) {
            remove(owned.at(rank));
        }
        int handle = blocks[consumer];
        consumers.like(handle).remove();
        consumers.free(handle);
        blocks[consumer] = freeNumber;
        freeNumber = consumer;
        return taken;
    }

    // ---- Pending entries ----

    public int pendingCount() {
        return pending.count();
    }

    /** The pending entry with an ID, or 0. */
    public int find(StreamId id) {
        return pending.at(0, id.ms(), id.seq()).find();
    }

    /** The pending entry with a rank. */
    public int pendingAt(int rank) {
        return pending.at(rank);
    }

    /** How many pending entries come before an ID. */
    public int pendingFrom(StreamId id) {
        return pending.at(0, id.ms(), id.seq()).seek();
    }

    /** The entry with a rank among all in order of consumers, then of IDs. */
    public int ownedAt(int rank) {
        return owned.at(rank);
    }

    /** How many entries, in order of consumers and IDs, come before an ID of a consumer. */
    public int ownedFrom(int consumer, StreamId id) {
        return ownedFrom(consumer, id.ms(), id.seq());
    }

    private int ownedFrom(int consumer, long ms, long seq) {
        return owned.at(consumer, ms, seq).seek();
    }

    /** Goes through the pending entries from a rank on, until something changes. */
    public void walk(CountedTree.Cursor cursor, int rank) {
        pending.walk(cursor, rank);
    }

    /** The same in order of consumers, then of IDs. */
    public void walkOwned(CountedTree.Cursor cursor, int rank) {
        owned.walk(cursor, rank);
    }

    /** Shows the ID of a pending entry. */
    public void showId(int entry, StreamId into) {
        into.set(pending.ms(entry), pending.seq(entry));
    }

    /** When a pending entry was delivered last: Unix time in milliseconds. */
    public long deliveryMillis(int entry) {
        return pending.deliveryMillis(entry);
    }

    /** How often a pending entry was delivered. */
    public long deliveries(int entry) {
        return pending.deliveries(entry);
    }

    /** The number of the consumer that has a pending entry. */
    public int owner(int entry) {
        return pending.owner(entry);
    }

    /** Gives an entry to a consumer, whoever had it. */
    public void give(StreamId id, int consumer, long deliveryMillis, long deliveries) {
        int old = find(id);
        if (old == 0) {
            add(id, consumer, deliveryMillis, deliveries);
        } else if (owner(old) == consumer && !arena.isFrozen(old)) {
            pending.deliver(old, deliveryMillis, deliveries);
        } else {
            int entry = pending.create(id.ms(), id.seq(), deliveryMillis, deliveries, consumer);
            try {
                replace(old, entry);
            } catch (ArenaFullException full) {
                pending.free(entry);
                throw full;
            }
            pending.free(old);
        }
    }

    private void add(StreamId id, int consumer, long deliveryMillis, long deliveries) {
        int entry = pending.create(id.ms(), id.seq(), deliveryMillis, deliveries, consumer);
        try {
            pending.like(entry).insert(entry);
            try {
                owned.like(entry).insert(entry);
            } catch (ArenaFullException full) {
                pending.like(entry).remove();
                throw full;
            }
        } catch (ArenaFullException full) {
            pending.free(entry);
            throw full;
        }
    }

    private void replace(int old, int entry) {
        pending.like(entry).replace(entry);
        try {
            if (owner(old) == owner(entry)) {
                owned.like(entry).replace(entry);
            } else {
                change(old, entry);
            }
        } catch (ArenaFullException full) {
            pending.like(old).replace(old);
            throw full;
        }
    }

    /** Puts an entry into the place that it has by its new owner. */
    private void change(int old, int entry) {
        owned.like(entry).insert(entry);
        try {
            owned.like(old).remove();
        } catch (ArenaFullException full) {
            owned.like(entry).remove();
            throw full;
        }
    }

    /** Removes a pending entry; says whether there was one with the ID. */
    public boolean acknowledge(StreamId id) {
        int entry = find(id);
        if (entry != 0) {
            remove(entry);
        }
        return entry != 0;
    }

    /** Removes a pending entry. */
    public void remove(int entry) {
        owned.like(entry).remove();
        try {
            pending.like(entry).remove();
        } catch (ArenaFullException full) {
            owned.like(entry).insert(entry);
            throw full;
        }
        pending.free(entry);
    }

    // ---- Ending ----

    /** Frees some blocks; says whether all are freed now. The group is no longer used otherwise. */
    @Override
    public long freeSome(long position, int budget) {
        int left = budget;
        for (; left > 0 && freedEntries < pending.count(); left--) {
            pending.free(pending.at(freedEntries++));
        }
        for (; left > 0 && freedConsumers < consumers.count(); left--) {
            consumers.free(consumers.at(freedConsumers++));
        }
        // The nodes of the three trees, when nothing is left that they name.
        while (left > 0 && freedTrees < 3) {
            var tree = freedTrees == 0 ? pending : freedTrees == 1 ? owned : consumers;
            freedNodes = tree.count() == 0 ? -1 : tree.freeNodes(freedNodes, left);
            if (freedNodes < 0) {
                freedNodes = 0;
                freedTrees++;
                left--;
            } else {
                left = 0;
            }
        }
        return freedTrees < 3 ? 1 : -1;
    }

    // ---- For files and copies ----

    /** Sends everything; in any thread, where nobody changes this object. */
    void sendTo(byte[][] chunks, StreamSink sink) {
        sink.group(name, 0, name.length, new StreamSink.GroupState(last.ms(), last.seq(), entriesRead));
        sink.pendingEntries(pending.count());
        var cursor = new CountedTree.Cursor();
        pending.walk(cursor, chunks, 0);
        for (int entry = cursor.next(); entry != 0; entry = cursor.next()) {
            sink.pending(
                    StreamPending.ms(chunks, entry),
                    StreamPending.seq(chunks, entry),
                    StreamPending.deliveryMillis(chunks, entry),
                    StreamPending.deliveries(chunks, entry));
        }
        int[] starts = startsOfOwned(chunks);
        sink.consumers(consumers.count());
        var names = new CountedTree.Cursor();
        consumers.walk(names, chunks, 0);
        for (int consumer = names.next(); consumer != 0; consumer = names.next()) {
            int number = StreamConsumers.number(chunks, consumer);
            int from = starts[number];
            int to = starts[number + 1];
            StreamConsumers.sendTo(chunks, consumer, to - from, sink);
            owned.walk(cursor, chunks, from);
            for (int i = from; i < to; i++) {
                int entry = cursor.next();
                sink.owned(StreamPending.ms(chunks, entry), StreamPending.seq(chunks, entry));
            }
        }
        sink.endGroup();
    }

    /** By number, where in the order of consumers the entries of each begin; one more for the end. */
    private int[] startsOfOwned(byte[][] chunks) {
        int[] starts = new int[numbersUsed + 1];
        var cursor = new CountedTree.Cursor();
        owned.walk(cursor, chunks, 0);
        for (int entry = cursor.next(); entry != 0; entry = cursor.next()) {
            starts[StreamPending.owner(chunks, entry) + 1]++;
        }
        for (int i = 0; i < numbersUsed; i++) {
            starts[i + 1] += starts[i];
        }
        return starts;
    }

    /** Receives what {@link #sendTo} sends, proving it, into a group that is empty. */
    final class Loader {
        /** Who has what was sent as pending, until its consumer comes. */
        private static final int NOBODY = -1;

        private final StreamId id = new StreamId();
        private long expected;
        private int consumer = NONE;
        private int ownedCount;

        void pendingEntries(long count) {
            expected = count;
        }

        boolean pending(long ms, long seq, long deliveryMillis, long deliveries) {
            int entry = pending.create(ms, seq, deliveryMillis, deliveries, NOBODY);
            try {
                if (pending.like(entry).find() == 0) {
                    pending.insert(entry);
                    return true;
                }
            } catch (ArenaFullException full) {
                pending.free(entry);
                throw full;
            }
            pending.free(entry);
            return false;
        }

        boolean consumer(byte[] buffer, int from, int length, long seenMillis) {
            if (StreamGroup.this.consumer(buffer, from, length) != NONE) {
                return false;
            }
            consumer = addConsumer(buffer, from, length, seenMillis);
            return true;
        }

        boolean owned(long ms, long seq) {
            id.set(ms, seq);
            int entry = find(id);
            if (entry == 0 || owner(entry) != NOBODY || consumer == NONE) {
                return false;
            }
            // Nobody else sees what is being loaded, so the block may change where it stands.
            pending.setOwner(entry, consumer);
            owned.like(entry).insert(entry);
            ownedCount++;
            return true;
        }

        /** Whether everything that is pending has an owner, and is as much as was announced. */
        boolean isWhole() {
            return expected == pending.count() && ownedCount == pending.count();
        }
    }

    /** Fails when the trees disagree. For tests. */
    void checkInvariants() {
        pending.checkInvariants();
        owned.checkInvariants();
        consumers.checkInvariants();
        checkOrder();
    }

    private void checkOrder() {
        require(pending.count() == owned.count(), "as many entries are pending as are owned");
        var cursor = new CountedTree.Cursor();
        owned.walk(cursor, 0);
        int before = 0;
        for (int entry = cursor.next(); entry != 0; entry = cursor.next()) {
            require(pending.like(entry).find() == entry, "an owned entry is pending");
            require(blocks[owner(entry)] != 0 && consumers.number(blocks[owner(entry)]) == owner(entry), "owner");
            require(before == 0 || owned.like(entry).compare(before) < 0, "order of consumers");
            before = entry;
        }
        pending.walk(cursor, 0);
        before = 0;
        for (int entry = cursor.next(); entry != 0; entry = cursor.next()) {
            require(before == 0 || pending.like(entry).compare(before) < 0, "order of IDs");
            before = entry;
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("broken invariant: " + what);
        }
    }
}
