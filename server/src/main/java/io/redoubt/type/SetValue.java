package io.redoubt.type;

import io.redoubt.memory.ArenaFullException;
import io.redoubt.memory.Table;
import java.util.random.RandomGenerator;

/**
 * A set, whatever its encoding. One per use and loop, bound to the place of a value; it shows that value until the next
 * look-up.
 */
public final class SetValue implements MemberValue {
    /** A set of other things than integers stays packed up to this many members … */
    static final int PACKED_MEMBERS_MAX = 128;
    /** … and this size. */
    static final int PACKED_BYTES_MAX = 4096;
    /** No set of integers has more in its record, whatever the threshold is. */
    private static final int INTEGERS_MAX = 1 << 17;

    private final Element scratch = new Element();
    private final Table.Walk walk = new Table.Walk();
    private Home home = NoHome.INSTANCE;
    private int position;

    /** Shows the set at a place. */
    public SetValue bind(Home place) {
        home = place;
        return this;
    }

    /** Makes the value at a place an empty set, which must get a member before anybody sees it. */
    public SetValue bindNew(Home place) {
        home = place;
        home.pack(Encoding.SET_INTS, IntSet.HEADER_BYTES);
        IntSet.writeEmpty(home.buffer(), home.start());
        return this;
    }

    private SetTable table() {
        return (SetTable) home.large();
    }

    private SetTable writableTable() {
        return (SetTable) home.writableLarge();
    }

    private int hash(Element member) {
        return home.hash(member.buffer(), member.offset(), member.length());
    }

    public long count() {
        return switch (home.encoding()) {
            case Encoding.SET_INTS -> IntSet.count(home.buffer(), home.start());
            case Encoding.SET_PACKED -> Listpack.count(home.buffer(), home.start());
            default -> table().count();
        };
    }

    @Override
    public boolean isEmpty() {
        return count() == 0;
    }

    public boolean contains(Element member) {
        return switch (home.encoding()) {
            case Encoding.SET_INTS ->
                member.isInteger() && IntSet.find(home.buffer(), home.start(), member.integer()) >= 0;
            case Encoding.SET_PACKED -> findPacked(member) != Listpack.NONE;
            default -> table().find(hash(member), member) != 0;
        };
    }

    private int findPacked(Element member) {
        byte[] buffer = home.buffer();
        int start = home.start();
        return Listpack.find(buffer, start, Listpack.first(buffer, start), 1, member);
    }

    /** Adds a member; says whether it is new. */
    public boolean add(Element member) {
        return switch (home.encoding()) {
            case Encoding.SET_INTS -> addToIntegers(member);
            case Encoding.SET_PACKED -> addPacked(member);
            default -> addToTable(member);
        };
    }

    private boolean addToIntegers(Element member) {
        int count = IntSet.count(home.buffer(), home.start());
        if (member.isInteger()) {
            int index = IntSet.find(home.buffer(), home.start(), member.integer());
            if (index >= 0) {
                return false;
            }
            if (count < Math.min(home.thresholds().setIntegers, INTEGERS_MAX)) {
                IntSet.insert(home, -1 - index, member.integer());
                return true;
            }
            toTable();
            return addToTable(member);
        }
        if (count < PACKED_MEMBERS_MAX && fitsPacked(count * 11, member)) {
            toPacked();
            return addPacked(member);
        }
        toTable();
        return addToTable(member);
    }

    private static boolean fitsPacked(int bytes, Element member) {
        return bytes + Listpack.sizeOf(member) <= PACKED_BYTES_MAX;
    }

    private boolean addPacked(Element member) {
        if (findPacked(member) != Listpack.NONE) {
            return false;
        }
        int count = Listpack.count(home.buffer(), home.start());
        if (count < PACKED_MEMBERS_MAX && fitsPacked(home.length(), member)) {
            Listpack.append(home, member, null);
            return true;
        }
        toTable();
        return addToTable(member);
    }

    private boolean addToTable(Element member) {
        int hash = hash(member);
        if (table().find(hash, member) != 0) {
            return false;
        }
        int handle = table().block(member); // What can fail comes before the first change.
        writableTable().insert(hash, handle);
        return true;
    }

    /** The integers leave their place before it becomes something else, so they are copied. */
    private void toPacked() {
        byte[] integers = copy();
        int count = IntSet.count(integers, 0);
        int bytes = Listpack.EMPTY_BYTES;
        for (int i = 0; i < count; i++) {
            scratch.setInteger(IntSet.get(integers, 0, i));
            bytes += Listpack.sizeOf(scratch);
        }
        // The only step that can fail: the integers are still there then.
        home.pack(Encoding.SET_PACKED, bytes);
        byte[] buffer = home.buffer();
        int at = home.start() + Listpack.EMPTY_BYTES - 1;
        for (int i = 0; i < count; i++) {
            scratch.setInteger(IntSet.get(integers, 0, i));
            at = Listpack.write(buffer, at, scratch);
        }
        Listpack.writeEnd(buffer, home.start(), bytes - 1, count);
    }

    private void toTable() {
        var table = new SetTable(home.arena());
        rewind();
        try {
            while (next(scratch)) {
                table.add(hash(scratch), scratch);
            }
            home.enlarge(Encoding.SET_TABLE, table);
        } catch (ArenaFullException full) {
            table.freeAll();
            throw full;
        }
    }

    private byte[] copy() {
        return java.util.Arrays.copyOfRange(home.buffer(), home.start(), home.start() + home.length());
    }

    /** Lets the removals that follow not fail: what needs memory for them happens now. */
    public void beginRemovals() {
        if (home.encoding() == Encoding.SET_TABLE) {
            writableTable();
        } else {
            home.splice(0, 0, 0);
        }
    }

    /** Removes a member; says whether it was there. The set may be empty afterwards, and then its key must go. */
    @Override
    public boolean remove(Element member) {
        switch (home.encoding()) {
            case Encoding.SET_INTS -> {
                int index = member.isInteger() ? IntSet.find(home.buffer(), home.start(), member.integer()) : -1;
                if (index < 0) {
                    return false;
                }
                IntSet.remove(home, index);
            }
            case Encoding.SET_PACKED -> {
                int at = findPacked(member);
                if (at == Listpack.NONE) {
                    return false;
                }
                Listpack.remove(home, at, 1);
            }
            default -> {
                int hash = hash(member);
                return table().find(hash, member) != 0 && writableTable().remove(hash, member);
            }
        }
        return true;
    }

    static void sendIntegers(byte[] buffer, int start, ValueSink sink) {
        int count = IntSet.count(buffer, start);
        sink.set(count);
        var member = new Element();
        for (int i = 0; i < count; i++) {
            member.setInteger(IntSet.get(buffer, start, i));
            sink.element(member);
        }
    }

    static void sendPacked(byte[] buffer, int start, ValueSink sink) {
        sink.set(Listpack.count(buffer, start));
        Listpack.sendElements(buffer, start, sink);
    }

    // ---- Walking. A walk is over when the set changes. ----

    /** Begins to walk over all members. */
    public void rewind() {
        position = 0;
        switch (home.encoding()) {
            case Encoding.SET_INTS -> {}
            case Encoding.SET_PACKED -> position = Listpack.first(home.buffer(), home.start());
            default -> table().walk(walk);
        }
    }

    /** Shows the next member; false at the end. */
    public boolean next(Element into) {
        switch (home.encoding()) {
            case Encoding.SET_INTS -> {
                if (position == IntSet.count(home.buffer(), home.start())) {
                    return false;
                }
                into.setInteger(IntSet.get(home.buffer(), home.start(), position++));
            }
            case Encoding.SET_PACKED -> {
                if (position == Listpack.NONE) {
                    return false;
                }
                Listpack.get(home.buffer(), home.start(), position, into);
                position = Listpack.next(home.buffer(), home.start(), position);
            }
            default -> {
                int handle = table().next(walk);
                if (handle == 0) {
                    return false;
                }
                table().get(handle, into);
            }
        }
        return true;
    }

    /** Shows a member, each as likely as any other. The set is not empty. */
    public void random(RandomGenerator random, Element into) {
        switch (home.encoding()) {
            case Encoding.SET_INTS ->
                into.setInteger(IntSet.get(
                        home.buffer(), home.start(), random.nextInt(IntSet.count(home.buffer(), home.start()))));
            case Encoding.SET_PACKED -> {
                int index = random.nextInt(Listpack.count(home.buffer(), home.start()));
                int at = Listpack.at(home.buffer(), home.start(), index);
                Listpack.get(home.buffer(), home.start(), at, into);
            }
            default -> table().get(table().randomHandle(random), into);
        }
    }

    /** Visits members behind a cursor, as {@link Table#scan}; a packed set is visited in one go. */
    public long scan(long cursor, int count, MemberVisitor visitor) {
        var member = new Element();
        if (home.encoding() == Encoding.SET_TABLE) {
            return table().scan(cursor, count, (handle, _) -> {
                table().get(handle, member);
                visitor.visit(member);
            });
        }
        rewind();
        while (next(member)) {
            visitor.visit(member);
        }
        return 0;
    }
}
