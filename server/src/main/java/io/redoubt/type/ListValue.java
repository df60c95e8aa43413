package io.redoubt.type;

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
        home.enlarge(Encoding.LIST_BLOCKS, blocks);
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
            index = atHead ? 0 : blocks.blockCount();
            blocks.addBlock(index);
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
            blocks.addBlock(block);
            target = Listpack.EMPTY_BYTES - 1;
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

    /**
     * Removes the element at the position and goes to the one behind it, or with {@code backwards} to the one before.
     *
     * @return false when there is none
     */
    public boolean remove(boolean backwards) {
        if (isPacked()) {
            Listpack.remove(home, at, 1);
            int end = home.length() - 1;
            at = backwards ? Listpack.previous(home.buffer(), home.start(), at) : at == end ? Listpack.NONE : at;
            return at != Listpack.NONE;
        }
        var blocks = writableBlocks();
        boolean isLastOfBlock = blocks.countOf(block) == 1;
        Listpack.remove(blocks.home(block), at, 1);
        blocks.changed(block, -1);
        if (isLastOfBlock) {
            block -= backwards ? 1 : 0;
            if (block < 0 || block >= blocks.blockCount()) {
                at = Listpack.NONE;
                return false;
            }
            at = backwards ? Listpack.last(buffer(), start()) : Listpack.first(buffer(), start());
            return true;
        }
        if (backwards) {
            at = Listpack.previous(buffer(), start(), at);
            if (at == Listpack.NONE && block > 0) {
                block--;
                at = Listpack.last(buffer(), start());
            }
        } else if (at == Listpack.bytes(buffer(), start()) - 1) {
            at = Listpack.NONE;
            if (block + 1 < blocks.blockCount()) {
                block++;
                at = Listpack.first(buffer(), start());
            }
        }
        return at != Listpack.NONE;
    }

    /** Removes so many elements at an end, all of them at most. */
    public void removeAtEnd(long elements, boolean atHead) {
        long left = Math.min(elements, count());
        if (isPacked()) {
            removeFrom(home, (int) left, atHead);
            return;
        }
        var blocks = writableBlocks();
        while (left > 0) {
            int index = atHead ? 0 : blocks.blockCount() - 1;
            int inBlock = blocks.countOf(index);
            if (inBlock <= left) {
                blocks.dropBlocks(index, 1);
                left -= inBlock;
            } else {
                removeFrom(blocks.home(index), (int) left, atHead);
                blocks.changed(index, (int) -left);
                left = 0;
            }
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
