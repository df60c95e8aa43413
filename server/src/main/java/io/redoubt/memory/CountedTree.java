package io.redoubt.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Handles in order, which also answers what rank an entry has and which entry has a rank. The order is the subclass's:
 * it keeps what is looked for, the probe, and compares entries with it. Not thread-safe: the caller holds the lock of the
 * shard.
 */
/* A B+tree whose nodes are blocks of the arena, so it has no Java object but itself:
 *
 *   leaf   +0 number of entries (32 bits)   +8 handles, 4 bytes each
 *   inner  +0 number of children (32 bits)  +8 for each child: its handle, how many entries are below it, the first
 *
 * All leaves have the same depth. No node is empty but the root of an empty tree, which does not exist (handle 0). The
 * first entry of a child is kept exactly, so that a search compares without going down. Nodes become poor only by
 * removals; one below a quarter is merged with a neighbour if both fit into three quarters of a node.
 *
 * A node that a snapshot may read is frozen: it is copied before it is changed, and so are those above it, since their
 * counts change too. Hence a fork shares the root and costs nothing.
 *
 * Insert, remove, rank and at take O(log n). */
public abstract class CountedTree {
    private static final int LEAF_BYTES = 256;
    private static final int INNER_BYTES = 512;
    private static final int HEADER_BYTES = 8;
    private static final int CHILD_BYTES = 12;
    private static final int LEAF_MAX = (LEAF_BYTES - HEADER_BYTES) / 4;
    private static final int INNER_MAX = (INNER_BYTES - HEADER_BYTES) / CHILD_BYTES;
    /** More than a tree of 2^31 entries can have, however poor its nodes. */
    private static final int LEVELS_MAX = 32;

    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    protected final Arena arena;
    private int root;
    /** Levels of inner nodes above the leaves. */
    private int height;

    private int count;
    /** The way of the last descent: nodes from the root to the leaf, and the index taken in each. */
    private final int[] nodes;

    private final int[] indexes;
    private final int[] spare;

    /** Where trees note the way of a descent. Trees of one value share one: they are searched one after the other. */
    public static final class Way {
        private final int[] nodes = new int[LEVELS_MAX];
        private final int[] indexes = new int[LEVELS_MAX];
        private final int[] spare = new int[LEVELS_MAX];
    }

    protected CountedTree(Arena arena) {
        this(arena, new Way());
    }

    protected CountedTree(Arena arena, Way way) {
        this.arena = arena;
        nodes = way.nodes;
        indexes = way.indexes;
        spare = way.spare;
    }

    /** For a fork: shares the nodes. One of the two may from now on only be read. */
    protected CountedTree(CountedTree original) {
        this(original, new Way());
    }

    /** For a fork, likewise. */
    protected CountedTree(CountedTree original, Way way) {
        this(original.arena, way);
        root = original.root;
        height = original.height;
        count = original.count;
    }

    /** Compares an entry with the probe: negative if the entry comes first, 0 if it is what is looked for. */
    protected abstract int compare(int handle);

    /** Number of entries. */
    public final int count() {
        return count;
    }

    /** About how much the nodes take: leaves that are three quarters full, and few nodes above them. */
    public final long estimatedBytes() {
        return count == 0 ? 0 : Math.max(LEAF_BYTES, count * 4L * LEAF_BYTES / (3 * LEAF_MAX) * 17 / 16);
    }

    // ---- Searching ----

    /** Number of entries before the probe: the rank of the first one that is not. */
    public final int seek() {
        return count == 0 ? 0 : descend(false);
    }

    /** The entry that equals the probe, or 0. */
    public final int find() {
        return findEqual() < 0 ? 0 : leafEntry();
    }

    /** Rank of the entry that equals the probe, or -1. */
    public final int rank() {
        return findEqual();
    }

    /** The entry with a rank from 0 to {@code count() - 1}. */
    public final int at(int rank) {
        descendTo(rank);
        return leafEntry();
    }

    private int findEqual() {
        if (count == 0) {
            return -1;
        }
        int rank = descend(true);
        int leaf = nodes[height];
        int index = indexes[height];
        return index < size(leaf) && compare(entry(leaf, index)) == 0 ? rank : -1;
    }

    private int leafEntry() {
        return entry(nodes[height], indexes[height]);
    }

    /**
     * Goes to the leaf where the probe is or would be. Returns how many entries are before it.
     *
     * @param equal whether an entry that equals the probe must be in the leaf; otherwise it may be the first of the next
     */
    private int descend(boolean equal) {
        int node = root;
        int rank = 0;
        for (int level = 0; level < height; level++) {
            byte[] chunk = arena.chunk(node);
            int base = arena.offset(node) + HEADER_BYTES;
            int low = 1; // The first child is taken when no other is.
            int high = size(node);
            while (low < high) {
                int middle = (low + high) >>> 1;
                int order = compare((int) INTS.get(chunk, base + middle * CHILD_BYTES + 8));
                if (order < 0 || equal && order == 0) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            for (int i = 0; i < low - 1; i++) {
                rank += (int) INTS.get(chunk, base + i * CHILD_BYTES + 4);
            }
            nodes[level] = node;
            indexes[level] = low - 1;
            node = (int) INTS.get(chunk, base + (low - 1) * CHILD_BYTES);
        }
        byte[] chunk = arena.chunk(node);
        int base = arena.offset(node) + HEADER_BYTES;
        int low = 0;
        int high = size(node);
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (compare((int) INTS.get(chunk, base + middle * 4)) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        nodes[height] = node;
        indexes[height] = low;
        return rank + low;
    }

    private void descendTo(int rank) {
        if (rank < 0 || rank >= count) {
            throw new IndexOutOfBoundsException(rank);
        }
        int node = root;
        int rest = rank;
        for (int level = 0; level < height; level++) {
            int index = 0;
            for (int below = below(node, 0); rest >= below; below = below(node, index)) {
                rest -= below;
                index++;
            }
            nodes[level] = node;
            indexes[level] = index;
            node = child(node, index);
        }
        nodes[height] = node;
        indexes[height] = rest;
    }

    // ---- Changing ----

    /**
     * Inserts an entry that equals the probe and is not there.
     *
     * @throws ArenaFullException when there is no room; nothing has changed then
     */
    public final void insert(int handle) {
        if (count == 0) {
            root = arena.allocate(LEAF_BYTES);
            setSize(root, 0);
            height = 0;
            nodes[0] = root;
            indexes[0] = 0;
        } else {
            descend(false);
        }
        // Each step that can fail leaves the tree as it was, but for nodes that are copies now.
        makeWritable();
        int spares = allocateSpares();
        count++;
        int level = height;
        int index = indexes[level];
        int node = nodes[level];
        if (spares == 0) {
            insertEntry(node, index, handle);
            repair(level);
            return;
        }
        int right = splitLeaf(node, index, handle, spare[0]);
        for (int used = 1; ; used++) {
            // The node of this level was split: its right part becomes the next child of the node above.
            level--;
            if (level < 0) {
                growRoot(nodes[0], right, spare[used]);
                return;
            }
            int above = nodes[level];
            int at = indexes[level];
            refresh(above, at, height - level - 1);
            if (size(above) < INNER_MAX) {
                insertChild(above, at + 1, right, height - level - 1);
                repair(level);
                return;
            }
            right = splitInner(above, at + 1, right, spare[used], height - level - 1);
        }
    }

    /** Removes the entry that equals the probe and returns it, or 0 if there is none. */
    public final int remove() {
        return findEqual() < 0 ? 0 : removeFound();
    }

    /** Removes the entry with a rank and returns it. */
    public final int removeAt(int rank) {
        descendTo(rank);
        return removeFound();
    }

    /**
     * Removes as many entries as there are from a rank on in one leaf.
     *
     * @param most how many at most, 1 or more
     * @param removed gets them in order; its length, too, is the most
     * @return how many, 1 or more
     */
    public final int removeRun(int rank, int most, int[] removed) {
        descendTo(rank);
        makeWritable();
        int leaf = nodes[height];
        int index = indexes[height];
        int size = size(leaf);
        int run = Math.min(Math.min(most, removed.length), size - index);
        for (int i = 0; i < run; i++) {
            removed[i] = entry(leaf, index + i);
        }
        removeEntries(index, run);
        return run;
    }

    /**
     * Whether the entry that the last search found would stay where it is if it were the probe. May say no of one at the
     * edge of its leaf.
     */
    public final boolean staysInPlace() {
        int leaf = nodes[height];
        int index = indexes[height];
        return index > 0
                && index + 1 < size(leaf)
                && compare(entry(leaf, index - 1)) < 0
                && compare(entry(leaf, index + 1)) > 0;
    }

    /** Puts another handle in the place of the entry that equals the probe and is there. */
    public final void replace(int handle) {
        if (findEqual() < 0) {
            throw new IllegalStateException("the entry is not there");
        }
        makeWritable();
        setEntry(nodes[height], indexes[height], handle);
        repair(height);
    }

    /** Makes what a split needs, before anything is changed; returns how many nodes. */
    private int allocateSpares() {
        if (size(nodes[height]) < LEAF_MAX) {
            return 0;
        }
        int made = 0;
        try {
            spare[made] = arena.allocate(LEAF_BYTES);
            made++;
            int level = height - 1;
            while (level >= 0 && size(nodes[level]) == INNER_MAX) {
                spare[made] = arena.allocate(INNER_BYTES);
                made++;
                level--;
            }
            if (level < 0) {
                spare[made] = arena.allocate(INNER_BYTES);
                made++;
            }
        } catch (ArenaFullException full) {
            for (int i = 0; i < made; i++) {
                arena.free(spare[i], i == 0 ? LEAF_BYTES : INNER_BYTES);
            }
            throw full;
        }
        return made;
    }

    /** Copies the frozen nodes of the way. After each step the tree is whole. */
    private void makeWritable() {
        for (int level = 0; level <= height; level++) {
            int node = nodes[level];
            if (!arena.isFrozen(node)) {
                continue;
            }
            int bytes = level == height ? LEAF_BYTES : INNER_BYTES;
            int copy = arena.allocate(bytes);
            System.arraycopy(arena.chunk(node), arena.offset(node), arena.chunk(copy), arena.offset(copy), bytes);
            if (level == 0) {
                root = copy;
            } else {
                setInt(nodes[level - 1], HEADER_BYTES + indexes[level - 1] * CHILD_BYTES, copy);
            }
            nodes[level] = copy;
            arena.free(node, bytes);
        }
    }

    private int splitLeaf(int left, int index, int handle, int right) {
        int size = size(left);
        int kept = kept(index, size, 0);
        System.arraycopy(
                arena.chunk(left),
                arena.offset(left) + HEADER_BYTES + kept * 4,
                arena.chunk(right),
                arena.offset(right) + HEADER_BYTES,
                (size - kept) * 4);
        setSize(left, kept);
        setSize(right, size - kept);
        if (index > kept || kept == size) {
            insertEntry(right, index - kept, handle);
        } else {
            insertEntry(left, index, handle);
        }
        return right;
    }

    private int splitInner(int left, int index, int added, int right, int childHeight) {
        int size = size(left);
        int kept = kept(index, size, 1);
        System.arraycopy(
                arena.chunk(left),
                arena.offset(left) + HEADER_BYTES + kept * CHILD_BYTES,
                arena.chunk(right),
                arena.offset(right) + HEADER_BYTES,
                (size - kept) * CHILD_BYTES);
        setSize(left, kept);
        setSize(right, size - kept);
        if (index > kept || kept == size) {
            insertChild(right, index - kept, added, childHeight);
        } else {
            insertChild(left, index, added, childHeight);
        }
        return right;
    }

    /** How much stays in a node that is split. Entries that come in order would leave half-full nodes behind them. */
    private int kept(int index, int size, int first) {
        if (index == size && isRightmost()) {
            return size;
        }
        return index == first && isLeftmost() ? first : size >>> 1;
    }

    private boolean isLeftmost() {
        for (int level = 0; level < height; level++) {
            if (indexes[level] != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean isRightmost() {
        for (int level = 0; level < height; level++) {
            if (indexes[level] != size(nodes[level]) - 1) {
                return false;
            }
        }
        return true;
    }

    private void growRoot(int left, int right, int newRoot) {
        setSize(newRoot, 0);
        insertChild(newRoot, 0, left, height);
        insertChild(newRoot, 1, right, height);
        root = newRoot;
        height++;
    }

    private int removeFound() {
        makeWritable();
        int handle = leafEntry();
        removeEntries(indexes[height], 1);
        return handle;
    }

    /** Removes entries of the leaf of the way, whose nodes are writable. Cannot fail. */
    private void removeEntries(int index, int entries) {
        int leaf = nodes[height];
        int size = size(leaf) - entries;
        int at = arena.offset(leaf) + HEADER_BYTES + index * 4;
        byte[] chunk = arena.chunk(leaf);
        System.arraycopy(chunk, at + entries * 4, chunk, at, (size - index) * 4);
        setSize(leaf, size);
        count -= entries;
        for (int level = height; level > 0; level--) {
            settle(level);
        }
        shrinkRoot();
    }

    /** Removes a node of the way from the one above it if it is empty, or merges it with a neighbour if it is poor. */
    private void settle(int level) {
        int node = nodes[level];
        int above = nodes[level - 1];
        int index = indexes[level - 1];
        int childHeight = height - level;
        int size = size(node);
        if (size == 0) {
            removeChild(above, index);
            arena.free(node, bytes(childHeight));
            return;
        }
        refresh(above, index, childHeight);
        int max = childHeight == 0 ? LEAF_MAX : INNER_MAX;
        if (size >= max >>> 2) {
            return;
        }
        int mergedMax = max - (max >>> 2);
        if (index > 0 && size(child(above, index - 1)) + size <= mergedMax) {
            merge(above, index - 1, childHeight);
        } else if (index + 1 < size(above) && size(child(above, index + 1)) + size <= mergedMax) {
            merge(above, index, childHeight);
        }
    }

    /** Merges two neighbours; one of them is poor, and the left one may be frozen. Does nothing without memory. */
    private void merge(int above, int index, int childHeight) {
        int left = child(above, index);
        int right = child(above, index + 1);
        int bytes = bytes(childHeight);
        if (arena.isFrozen(left)) {
            int copy;
            try {
                copy = arena.allocate(bytes);
            } catch (ArenaFullException _) {
                return; // The tree is whole without it.
            }
            System.arraycopy(arena.chunk(left), arena.offset(left), arena.chunk(copy), arena.offset(copy), bytes);
            setInt(above, HEADER_BYTES + index * CHILD_BYTES, copy);
            arena.free(left, bytes);
            left = copy;
        }
        int unit = childHeight == 0 ? 4 : CHILD_BYTES;
        int size = size(left);
        int added = size(right);
        System.arraycopy(
                arena.chunk(right),
                arena.offset(right) + HEADER_BYTES,
                arena.chunk(left),
                arena.offset(left) + HEADER_BYTES + size * unit,
                added * unit);
        setSize(left, size + added);
        removeChild(above, index + 1);
        arena.free(right, bytes);
        refresh(above, index, childHeight);
    }

    private void shrinkRoot() {
        if (count == 0) {
            arena.free(root, bytes(height));
            root = 0;
            height = 0;
            return;
        }
        while (height > 0 && size(root) == 1) {
            int only = child(root, 0);
            arena.free(root, INNER_BYTES);
            root = only;
            height--;
        }
    }

    // ---- Nodes ----

    private static int bytes(int nodeHeight) {
        return nodeHeight == 0 ? LEAF_BYTES : INNER_BYTES;
    }

    private int getInt(int node, int offset) {
        return (int) INTS.get(arena.chunk(node), arena.offset(node) + offset);
    }

    private void setInt(int node, int offset, int value) {
        INTS.set(arena.chunk(node), arena.offset(node) + offset, value);
    }

    private int size(int node) {
        return getInt(node, 0);
    }

    private void setSize(int node, int size) {
        setInt(node, 0, size);
    }

    private int entry(int leaf, int index) {
        return getInt(leaf, HEADER_BYTES + index * 4);
    }

    private void setEntry(int leaf, int index, int handle) {
        setInt(leaf, HEADER_BYTES + index * 4, handle);
    }

    private int child(int inner, int index) {
        return getInt(inner, HEADER_BYTES + index * CHILD_BYTES);
    }

    private int below(int inner, int index) {
        return getInt(inner, HEADER_BYTES + index * CHILD_BYTES + 4);
    }

    private int first(int inner, int index) {
        return getInt(inner, HEADER_BYTES + index * CHILD_BYTES + 8);
    }

    private void insertEntry(int leaf, int index, int handle) {
        int size = size(leaf);
        byte[] chunk = arena.chunk(leaf);
        int at = arena.offset(leaf) + HEADER_BYTES + index * 4;
        System.arraycopy(chunk, at, chunk, at + 4, (size - index) * 4);
        setEntry(leaf, index, handle);
        setSize(leaf, size + 1);
    }

    private void insertChild(int inner, int index, int node, int childHeight) {
        int size = size(inner);
        byte[] chunk = arena.chunk(inner);
        int at = arena.offset(inner) + HEADER_BYTES + index * CHILD_BYTES;
        System.arraycopy(chunk, at, chunk, at + CHILD_BYTES, (size - index) * CHILD_BYTES);
        INTS.set(chunk, at, node);
        setSize(inner, size + 1);
        refresh(inner, index, childHeight);
    }

    private void removeChild(int inner, int index) {
        int size = size(inner) - 1;
        byte[] chunk = arena.chunk(inner);
        int at = arena.offset(inner) + HEADER_BYTES + index * CHILD_BYTES;
        System.arraycopy(chunk, at + CHILD_BYTES, chunk, at, (size - index) * CHILD_BYTES);
        setSize(inner, size);
    }

    /** Sets again what an inner node knows of a child. */
    private void refresh(int inner, int index, int childHeight) {
        int node = child(inner, index);
        int below;
        int first;
        if (childHeight == 0) {
            below = size(node);
            first = entry(node, 0);
        } else {
            below = 0;
            for (int i = size(node) - 1; i >= 0; i--) {
                below += below(node, i);
            }
            first = first(node, 0);
        }
        int at = HEADER_BYTES + index * CHILD_BYTES;
        setInt(inner, at + 4, below);
        setInt(inner, at + 8, first);
    }

    /** Sets again what the nodes of the way above a level know. */
    private void repair(int level) {
        for (int above = level - 1; above >= 0; above--) {
            refresh(nodes[above], indexes[above], height - above - 1);
        }
    }

    // ---- Walking ----

    /** A place between two entries, from which one goes forwards and backwards. Reused; over when the tree changes. */
    public static final class Cursor {
        private @Nullable CountedTree tree;
        private byte @Nullable [][] chunks;
        private final int[] nodes = new int[LEVELS_MAX];
        private final int[] indexes = new int[LEVELS_MAX];
        private int rank;

        private CountedTree tree() {
            if (tree == null) {
                throw new IllegalStateException("the cursor is not set");
            }
            return tree;
        }

        private int getInt(int node, int offset) {
            byte[] chunk = chunks == null ? tree().arena.chunk(node) : chunks[Arena.chunkIndex(node)];
            return (int) INTS.get(chunk, Arena.chunkOffset(node) + offset);
        }

        /** Rank of the entry that {@link #next()} returns. */
        public int rank() {
            return rank;
        }

        /** Goes on and returns the entry it passes, or 0 at the end. */
        public int next() {
            CountedTree of = tree();
            if (rank >= of.count) {
                return 0;
            }
            int level = of.height;
            if (indexes[level] == getInt(nodes[level], 0)) {
                do {
                    level--;
                } while (indexes[level] == getInt(nodes[level], 0) - 1);
                indexes[level]++;
                goDown(level, false);
                level = of.height;
            }
            rank++;
            return getInt(nodes[level], HEADER_BYTES + indexes[level]++ * 4);
        }

        /** Goes back and returns the entry it passes, or 0 at the beginning. */
        public int previous() {
            CountedTree of = tree();
            if (rank == 0) {
                return 0;
            }
            int level = of.height;
            if (indexes[level] == 0) {
                do {
                    level--;
                } while (indexes[level] == 0);
                indexes[level]--;
                goDown(level, true);
                level = of.height;
            }
            rank--;
            return getInt(nodes[level], HEADER_BYTES + --indexes[level] * 4);
        }

        private void goDown(int from, boolean toEnd) {
            int leafLevel = tree().height;
            for (int level = from; level < leafLevel; level++) {
                int node = getInt(nodes[level], HEADER_BYTES + indexes[level] * CHILD_BYTES);
                nodes[level + 1] = node;
                int size = getInt(node, 0);
                indexes[level + 1] = !toEnd ? 0 : level + 1 == leafLevel ? size : size - 1;
            }
        }

        private void goTo(int wanted) {
            CountedTree of = tree();
            rank = wanted;
            if (of.count == 0) {
                return;
            }
            int rest = wanted;
            nodes[0] = of.root;
            for (int level = 0; level < of.height; level++) {
                int node = nodes[level];
                int last = getInt(node, 0) - 1;
                int index = 0;
                while (index < last) {
                    int below = getInt(node, HEADER_BYTES + index * CHILD_BYTES + 4);
                    if (rest < below) {
                        break;
                    }
                    rest -= below;
                    index++;
                }
                indexes[level] = index;
                nodes[level + 1] = getInt(node, HEADER_BYTES + index * CHILD_BYTES);
            }
            indexes[of.height] = rest;
        }
    }

    /** Puts a cursor before the entry with a rank; at {@link #count()} behind the last. */
    public final void walk(Cursor cursor, int rank) {
        cursor.chunks = null;
        cursor.tree = this;
        cursor.goTo(rank);
    }

    /**
     * The same, for another thread, of a tree that nobody changes any more.
     *
     * @param chunks the arrays that hold the nodes, by {@link Arena#chunkIndex}
     */
    public final void walk(Cursor cursor, byte[][] chunks, int rank) {
        cursor.chunks = chunks;
        cursor.tree = this;
        cursor.goTo(rank);
    }

    // ---- Ending ----

    /**
     * Frees nodes, not what the entries name. The tree is no longer used otherwise.
     *
     * @param position 0 at first, then what the call before returned
     * @param budget how many leaves at most
     * @return where to go on, or -1 when all are freed
     */
    public final int freeNodes(int position, int budget) {
        int rank = position;
        for (int i = 0; i < budget && rank < count; i++) {
            descendTo(rank);
            rank += size(nodes[height]);
            arena.free(nodes[height], LEAF_BYTES);
            for (int level = height - 1; level >= 0 && indexes[level] == size(nodes[level]) - 1; level--) {
                arena.free(nodes[level], INNER_BYTES);
            }
        }
        return rank < count ? rank : -1;
    }

    // ---- Proving ----

    /** Walks everything and fails when the tree is not whole. For tests. */
    public final void checkInvariants() {
        if (root == 0) {
            require(count == 0 && height == 0, "an empty tree has no node");
            return;
        }
        require(checkNode(root, height) == count, "count");
        require(height == 0 || size(root) > 1, "the root has several children");
        Arrays.fill(nodes, 0);
    }

    private int checkNode(int node, int nodeHeight) {
        arena.requireLive(node);
        int size = size(node);
        require(size > 0 && size <= (nodeHeight == 0 ? LEAF_MAX : INNER_MAX), "size of a node");
        if (nodeHeight == 0) {
            for (int i = 0; i < size; i++) {
                arena.requireLive(entry(node, i));
            }
            return size;
        }
        int sum = 0;
        for (int i = 0; i < size; i++) {
            int child = child(node, i);
            int below = checkNode(child, nodeHeight - 1);
            require(below == below(node, i), "entries below a node");
            require(first(node, i) == (nodeHeight == 1 ? entry(child, 0) : first(child, 0)), "first entry of a child");
            sum += below;
        }
        return sum;
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("broken invariant: " + what);
        }
    }
}
