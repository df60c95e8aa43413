package io.redoubt.type;

import io.redoubt.memory.ArenaFullException;

/**
 * A list, whatever its encoding. One per use and loop, bound to the place of a value; it shows that value until the next
 * look-up. Elements that are given to it lie outside of the keyspace.
 */
public final class ListValue {
    private static final int[] BLOCK_BYTES = {4096, 8192, 16384, 32768, 65536};
    /** A block whose elements are counted is not larger than this. */
    private static final int COUNTED_BLOCK_BYTES = 8192;

    private Home home = NoHome.INSTANCE;
    private int block;
    private int at = Listpack.NONE;

    /** Shows the list at a place. */
    public ListValue bind(Home place) {
        home = place;
        return this;
    }

    /** Makes the value at a place an empty list, which must get an element before anybody sees it. */
    public ListValue bindNew(Home place) {
        home = place;
        home.pack(Encoding.LIST_PACKED, Listpack.EMPTY_BYTES);
        Listpack.writeEmpty(home.buffer(), home.start());
        return this;
    }

    private boolean isPacked() {
        return home.encoding() == Encoding.LIST_PACKED;
    }

    private ListBlocks blocks() {
        return (ListBlocks) home.large();
    }

    private ListBlocks writableBlocks() {
        return (ListBlocks) home.writableLarge();
    }

    public long count() {
        return isPacked() ? Listpack.count(home.buffer(), home.start()) : blocks().count();
    }

    /** Whether a block takes another element. An empty one takes any. */
    private boolean hasRoom(int bytes, int count, Element element) {
        int fill = home.thresholds().listBlock;
        int size = bytes + Listpack.sizeOf(element);
        if (fill >= 0) {
            return count == 0 && isPackable(size) || size <= COUNTED_BLOCK_BYTES && count < Math.max(fill, 1);
        }
        return count == 0 && isPackable(size) || size <= BLOCK_BYTES[Math.min(-fill, BLOCK_BYTES.length) - 1];
    }

    /** A record holds no huge element. */
    private boolean isPackable(int size) {
        return !isPacked() || size <= COUNTED_BLOCK_BYTES;
    }

    private void toBlocks() {
        var blocks = new ListBlocks(home.arena());
        if (Listpack.first(home.buffer(), home.start()) != Listpack.NONE) {
            int bytes = Listpack.bytes(home.buffer(), home.start());
            byte[] packed = java.util.Arrays.copyOfRange(home.buffer(), home.start(), home.start() + bytes);
            blocks.addBlock(0, packed, 0);
        }
        try {
            home.enlarge(Encoding.LIST_BLOCKS, blocks);
        } catch (ArenaFullException full) {
            blocks.freeAll();
            throw full;
        }
    }

    /** Adds an element at an end. */
    public void push(Element element, boolean atHead) {
        if (isPacked()) {
            if (hasRoom(home.length(), Listpack.count(home.buffer(), home.start()), element)) {
                Listpack.insert(home, endPosition(home, atHead), element);
                return;
            }
            toBlocks();
        }
        var blocks = writableBlocks();
        int index = atHead ? 0 : Math.max(0, blocks.blockCount() - 1);
        if (blocks.blockCount() == 0 || !hasRoomIn(blocks, index, element)) {
            blocks.addBlock(atHead ? 0 : blocks.blockCount(), element);
            return;
        }
        var place = blocks.home(index);
        Listpack.insert(place, endPosition(place, atHead), element);
        blocks.changed(index, 1);
    }

    private boolean hasRoomIn(ListBlocks blocks, int index, Element element) {
        return hasRoom(Listpack.bytes(blocks.chunk(index), blocks.base(index)), blocks.countOf(index), element);
    }

    private static int endPosition(PackedHome place, boolean atHead) {
        return atHead ? Listpack.EMPTY_BYTES - 1 : place.length() - 1;
    }

    // ---- Positions. A position is where the list value stands; it is lost when the list changes otherwise. ----

    /** Goes to an element by its index, from the end if negative; false if there is none. */
    public boolean seek(long index) {
        long count = count();
        long wanted = index < 0 ? index + count : index;
        if (wanted < 0 || wanted >= count) {
            return false;
        }
        block = 0;
        if (isPacked()) {
            at = Listpack.at(home.buffer(), home.start(), (int) wanted);
            return true;
        }
        var blocks = blocks();
        if (wanted <= count >> 1) {
            while (wanted >= blocks.countOf(block)) {
                wanted -= blocks.countOf(block++);
            }
        } else {
            block = blocks.blockCount() - 1;
            long behind = count - 1 - wanted;
            while (behind >= blocks.countOf(block)) {
                behind -= blocks.countOf(block--);
            }
            wanted = blocks.countOf(block) - 1 - behind;
        }
        at = Listpack.at(blocks.chunk(block), blocks.base(block), (int) wanted);
        return true;
    }

    private byte[] buffer() {
        return isPacked() ? home.buffer() : blocks().chunk(block);
    }

    private int start() {
        return isPacked() ? home.start() : blocks().base(block);
    }

    /** Shows the element at the position. */
    public void get(Element into) {
        Listpack.get(buffer(), start(), at, into);
    }

    /** Whether the element at the position equals another. */
    public boolean matches(Element other) {
        return Listpack.matches(buffer(), start(), at, other);
    }

    /**
     * Goes to the first element from the position on that equals another.
     *
     * @param backwards whether to go towards the head
     * @param most how many elements to look at, at most
     * @return how many elements were passed before it; negative if there is none among those
     */
    public long find(Element wanted, boolean backwards, long most) {
        if (isPacked()) {
            return findInBlock(home.buffer(), home.start(), wanted, backwards, most);
        }
        var blocks = blocks();
        long passed = 0;
        while (true) {
            byte[] chunk = blocks.chunk(block);
            int base = blocks.base(block);
            long inBlock = findInBlock(chunk, base, wanted, backwards, most - passed);
            if (inBlock >= 0) {
                return passed + inBlock;
            }
            passed += -1 - inBlock;
            int nextBlock = backwards ? block - 1 : block + 1;
            if (passed == most || nextBlock < 0 || nextBlock >= blocks.blockCount()) {
                return -1;
            }
            block = nextBlock;
            chunk = blocks.chunk(block);
            base = blocks.base(block);
            at = backwards ? Listpack.last(chunk, base) : Listpack.first(chunk, base);
        }
    }

    /** As {@link #find}, in one block; -1 less the number of those that were looked at in vain. */
    private long findInBlock(byte[] buffer, int start, Element wanted, boolean backwards, long most) {
        long passed = 0;
        int here = at;
        while (here != Listpack.NONE && passed < most) {
            if (Listpack.matches(buffer, start, here, wanted)) {
                at = here;
                return passed;
            }
            passed++;
            here = backwards ? Listpack.previous(buffer, start, here) : Listpack.next(buffer, start, here);
        }
        return -1 - passed;
    }

    /**
     * Removes elements that equal another.
     *
     * @param most how many at most
     * @param backwards whether to begin at the tail
     * @return how many; the list may be empty afterwards, and then its key must go
     */
    public long removeEqual(Element wanted, long most, boolean backwards) {
        // Nothing is made writable for a list that stays as it is.
        if (!seek(backwards ? -1 : 0) || find(wanted, backwards, Long.MAX_VALUE) < 0) {
            return 0;
        }
        return isPacked()
                ? Listpack.removeEqual(home, wanted, most, backwards)
                : writableBlocks().removeEqual(wanted, most, backwards);
    }

    /** Goes to the next element; false at the end. */
    public boolean next() {
        at = Listpack.next(buffer(), start(), at);
        if (at == Listpack.NONE && !isPacked() && block + 1 < blocks().blockCount()) {
            block++;
            at = Listpack.first(buffer(), start());
        }
        return at != Listpack.NONE;
    }

    /** Goes to the element before; false at the head. */
    public boolean previous() {
        at = Listpack.previous(buffer(), start(), at);
        if (at == Listpack.NONE && !isPacked() && block > 0) {
            block--;
            at = Listpack.last(buffer(), start());
        }
        return at != Listpack.NONE;
    }

    /** Puts an element in the place of the one at the position. */
    public void set(Element element) {
        if (isPacked() && !isPackable(home.length() + Listpack.sizeOf(element))) {
            toBlocks();
        }
        Listpack.replace(isPacked() ? home : writableBlocks().home(block), at, element);
    }

    /** Inserts an element before the one at the position, or behind it. */
    public void insert(Element element, boolean behind) {
        if (isPacked()) {
            if (hasRoom(home.length(), Listpack.count(home.buffer(), home.start()), element)) {
                Listpack.insert(home, behind ? positionBehind() : at, element);
                return;
            }
            toBlocks();
        }
        var blocks = writableBlocks();
        int target = behind ? positionBehind() : at;
        if (!hasRoomIn(blocks, block, element)) {
            int before = elementsBefore(blocks, target);
            if (before > 0 && before < blocks.countOf(block)) {
                blocks.split(block, target, before);
            }
            if (before > 0) {
                block++;
            }
            blocks.addBlock(block, element);
            return;
        }
        Listpack.insert(blocks.home(block), target, element);
        blocks.changed(block, 1);
    }

    private int positionBehind() {
        return at + Listpack.size(buffer(), start(), at);
    }

    private int elementsBefore(ListBlocks blocks, int position) {
        byte[] chunk = blocks.chunk(block);
        int base = blocks.base(block);
        int count = 0;
        for (int i = Listpack.first(chunk, base);
                i != Listpack.NONE && i < position;
                i = Listpack.next(chunk, base, i)) {
            count++;
        }
        return count;
    }

    /** Removes so many elements at an end, all of them at most. */
    public void removeAtEnd(long elements, boolean atHead) {
        long left = Math.min(elements, count());
        if (isPacked()) {
            removeFrom(home, (int) left, atHead);
            return;
        }
        var blocks = writableBlocks();
        left -= blocks.dropBlocks(left, atHead);
        if (left > 0) {
            int index = atHead ? 0 : blocks.blockCount() - 1;
            removeFrom(blocks.home(index), (int) left, atHead);
            blocks.changed(index, (int) -left);
        }
    }

    private static void removeFrom(PackedHome place, int elements, boolean atHead) {
        if (elements > 0) {
            int from = atHead ? Listpack.EMPTY_BYTES - 1 : Listpack.at(place.buffer(), place.start(), -elements);
            Listpack.remove(place, from, elements);
        }
    }

    static void sendPacked(byte[] buffer, int start, ValueSink sink) {
        sink.list(Listpack.count(buffer, start));
        Listpack.sendElements(buffer, start, sink);
    }
}
