package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ArenaFullException;
import io.redoubt.memory.CountedTree;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The members of a large sorted set: a block for each, of eight bytes of score and the member; a table finds it by the
 * member, a tree keeps it in order.
 */
public final class ZSetTree extends ElementTable {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int SCORE_BYTES = 8;
    /** Members that are removed together. */
    private static final int RUN_MAX = 64;

    private final Order order;
    private int freedRank;

    ZSetTree(Arena arena) {
        super(arena);
        order = new Order(arena);
    }

    private ZSetTree(ZSetTree original) {
        super(original);
        order = new Order(original.order);
    }

    /** Members by score, those of one score by their bytes. */
    private static final class Order extends CountedTree {
        private final Element member = new Element();
        private Element probe = member;
        private double probeScore;
        private boolean byScore;
        private boolean byMember;
        /** What a bound answers for an entry that is on it: -1 if the entry is still before the bound. */
        private int ifEqual;

        Order(Arena arena) {
            super(arena);
        }

        Order(Order original) {
            super(original);
        }

        Order exactly(double score, Element wanted) {
            probeScore = score;
            probe = wanted;
            byScore = true;
            byMember = true;
            ifEqual = 0;
            return this;
        }

        Order scoreBound(double score, boolean isBehind) {
            probeScore = score;
            byScore = true;
            byMember = false;
            ifEqual = isBehind ? -1 : 1;
            return this;
        }

        Order memberBound(Element bound, boolean isBehind) {
            probe = bound;
            byScore = false;
            byMember = true;
            ifEqual = isBehind ? -1 : 1;
            return this;
        }

        @Override
        protected int compare(int handle) {
            byte[] chunk = arena.chunk(handle);
            int base = arena.offset(handle);
            if (byScore) {
                double score = Double.longBitsToDouble((long) LONGS.get(chunk, base));
                if (score != probeScore) {
                    return score < probeScore ? -1 : 1;
                }
            }
            if (!byMember) {
                return ifEqual;
            }
            Listpack.get(chunk, base + SCORE_BYTES, 0, member);
            int order = ZSetValue.compareBytes(member, probe);
            return order == 0 ? ifEqual : order;
        }
    }

    @Override
    public ZSetTree fork() {
        return new ZSetTree(this);
    }

    @Override
    protected int elementOffset() {
        return SCORE_BYTES;
    }

    @Override
    protected int blockBytes(byte[] chunk, int base) {
        return SCORE_BYTES + Listpack.dataSize(chunk, base + SCORE_BYTES);
    }

    /** With the nodes of the tree. */
    @Override
    public long blockBytes(long samples) {
        return super.blockBytes(samples) + order.estimatedBytes();
    }

    double score(int handle) {
        return Double.longBitsToDouble((long) LONGS.get(arena.chunk(handle), arena.offset(handle)));
    }

    private void setScore(int handle, double score) {
        LONGS.set(arena.chunk(handle), arena.offset(handle), Double.doubleToRawLongBits(score));
    }

    /** From the highest to the lowest, as Redis writes its files. */
    @Override
    public void sendTo(byte[][] chunks, ValueSink sink) {
        sink.sortedSet(count());
        var member = new Element();
        var cursor = new CountedTree.Cursor();
        order.walk(cursor, chunks, order.count());
        for (int handle = cursor.previous(); handle != 0; handle = cursor.previous()) {
            get(chunks, handle, member);
            byte[] chunk = chunks[Arena.chunkIndex(handle)];
            long bits = (long) LONGS.get(chunk, Arena.chunkOffset(handle));
            sink.scored(Double.longBitsToDouble(bits), member);
        }
    }

    /** Adds a member that is not there. */
    void add(int hash32, double score, Element member) {
        int bytes = SCORE_BYTES + Listpack.dataSize(member);
        int handle = arena.allocate(bytes);
        setScore(handle, score);
        Listpack.writeData(arena.chunk(handle), arena.offset(handle) + SCORE_BYTES, member);
        try {
            order.exactly(score, member).insert(handle);
        } catch (ArenaFullException full) {
            arena.free(handle, bytes);
            throw full;
        }
        insert(hash32, handle);
    }

    /** Gives a member that is there another score. */
    void rescore(int hash32, double score, Element member) {
        int handle = find(hash32, member);
        if (score(handle) == score) {
            return;
        }
        if (!arena.isFrozen(handle)
                && order.exactly(score(handle), member).rank() >= 0
                && order.exactly(score, member).staysInPlace()) {
            setScore(handle, score);
            return;
        }
        // The new entry comes before the old one goes, so that without memory everything stays as it was.
        int bytes = blockBytes(arena.chunk(handle), arena.offset(handle));
        int copy = arena.allocate(bytes);
        System.arraycopy(arena.chunk(handle), arena.offset(handle), arena.chunk(copy), arena.offset(copy), bytes);
        setScore(copy, score);
        try {
            order.exactly(score, member).insert(copy);
        } catch (ArenaFullException full) {
            arena.free(copy, bytes);
            throw full;
        }
        try {
            order.exactly(score(handle), member).remove();
        } catch (ArenaFullException full) {
            order.exactly(score, member).remove(); // Cannot fail: its way is writable.
            arena.free(copy, bytes);
            throw full;
        }
        replaceFound(copy);
        arena.free(handle, bytes);
    }

    boolean remove(int hash32, Element member) {
        int handle = find(hash32, member);
        if (handle == 0) {
            return false;
        }
        order.exactly(score(handle), member).remove();
        removeFound();
        free(handle);
        return true;
    }

    /** Removes members from one rank to before another, leaf by leaf. */
    void removeRange(int from, int to, Home home, Element scratch) {
        int[] run = new int[RUN_MAX];
        int[] runHashes = new int[RUN_MAX];
        int left = to - from;
        while (left > 0) {
            int count = order.removeRun(from, left, run);
            // Apart from the removals, so that the processor waits for several members at once.
            for (int i = 0; i < count; i++) {
                get(run[i], scratch);
                runHashes[i] = home.hash(scratch.buffer(), scratch.offset(), scratch.length());
            }
            for (int i = 0; i < count; i++) {
                findHandle(runHashes[i], run[i]);
                removeFound();
                free(run[i]);
            }
            left -= count;
        }
    }

    int rank(int hash32, Element member) {
        int handle = find(hash32, member);
        return handle == 0 ? -1 : order.exactly(score(handle), member).rank();
    }

    /** How many members have a lower score; or one that is not higher. */
    int rankOfScore(double score, boolean isBehind) {
        return order.scoreBound(score, isBehind).seek();
    }

    /** How many members come before some bytes; or are not behind them. */
    int rankOfMember(Element bound, boolean isBehind) {
        return order.memberBound(bound, isBehind).seek();
    }

    void walk(CountedTree.Cursor cursor, int rank) {
        order.walk(cursor, rank);
    }

    @Override
    public long freeSome(long position, int budget) {
        if (freedRank >= 0) {
            freedRank = order.freeNodes(freedRank, budget);
            return 0;
        }
        return super.freeSome(position, budget);
    }

    /** Walks everything and fails when table and tree disagree. For tests. */
    void checkOrder() {
        order.checkInvariants();
        checkInvariants();
        if (order.count() != count()) {
            throw new AssertionError("table and tree have " + count() + " and " + order.count() + " members");
        }
        var cursor = new CountedTree.Cursor();
        var previous = new Element();
        var member = new Element();
        double previousScore = Double.NEGATIVE_INFINITY;
        order.walk(cursor, 0);
        boolean isFirst = true;
        for (int handle = cursor.next(); handle != 0; handle = cursor.next()) {
            get(handle, member);
            double score = score(handle);
            boolean ascends = isFirst
                    || previousScore < score
                    || previousScore == score && ZSetValue.compareBytes(previous, member) < 0;
            if (!ascends) {
                throw new AssertionError("members out of order: " + Arrays.toString(member.toBytes()));
            }
            previousScore = score;
            byte[] bytes = member.toBytes();
            previous.set(bytes, 0, bytes.length);
            isFirst = false;
        }
    }
}
