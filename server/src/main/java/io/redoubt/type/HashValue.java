package io.redoubt.type;

import io.redoubt.memory.Table;
import java.util.random.RandomGenerator;

/**
 * A hash, whatever its encoding. One per use and loop, bound to the place of a value; it shows that value until the next
 * look-up.
 */
public final class HashValue implements MemberValue {
    /** A hash that Redis keeps as a hashtable stays packed up to this many fields … */
    static final int PACKED_FIELDS_MAX = 128;
    /** … and this size. */
    static final int PACKED_BYTES_MAX = 4096;
    /** No packed hash grows beyond this, whatever the thresholds are. */
    private static final int BYTES_MAX = 1 << 20;

    private final Element field = new Element();
    private final Element value = new Element();
    private final Table.Walk walk = new Table.Walk();
    private Home home = NoHome.INSTANCE;
    private int position;

    /** Shows the hash at a place. */
    public HashValue bind(Home place) {
        home = place;
        return this;
    }

    /** Makes the value at a place an empty hash, which must get a field before anybody sees it. */
    public HashValue bindNew(Home place) {
        home = place;
        home.pack(Encoding.HASH_PACKED, Listpack.EMPTY_BYTES);
        Listpack.writeEmpty(home.buffer(), home.start());
        return this;
    }

    private boolean isTable() {
        return home.encoding() == Encoding.HASH_TABLE;
    }

    private HashTable table() {
        return (HashTable) home.large();
    }

    private HashTable writableTable() {
        return (HashTable) home.writableLarge();
    }

    private int hash(Element of) {
        return home.hash(of.buffer(), of.offset(), of.length());
    }

    private int findPacked(Element wanted) {
        byte[] buffer = home.buffer();
        int start = home.start();
        return Listpack.find(buffer, start, Listpack.first(buffer, start), 2, wanted);
    }

    public long count() {
        return isTable() ? table().count() : Listpack.count(home.buffer(), home.start()) >> 1;
    }

    @Override
    public boolean isEmpty() {
        return count() == 0;
    }

    public boolean contains(Element wanted) {
        return isTable() ? table().find(hash(wanted), wanted) != 0 : findPacked(wanted) != Listpack.NONE;
    }

    /** Shows the value of a field; false if there is no such field. */
    public boolean get(Element wanted, Element into) {
        if (isTable()) {
            int handle = table().find(hash(wanted), wanted);
            if (handle == 0) {
                return false;
            }
            table().getValue(handle, into);
            return true;
        }
        int at = findPacked(wanted);
        if (at == Listpack.NONE) {
            return false;
        }
        Listpack.get(home.buffer(), home.start(), Listpack.next(home.buffer(), home.start(), at), into);
        return true;
    }

    /**
     * Sets a field; says whether it is new. Neither field nor value may lie in the keyspace.
     */
    public boolean put(Element newField, Element newValue) {
        if (isTable()) {
            return writableTable().put(hash(newField), newField, newValue);
        }
        noteLengths(newField.length(), newValue.length());
        int at = findPacked(newField);
        if (!fitsPacked(at == Listpack.NONE, newField, newValue)) {
            toTable();
            return writableTable().put(hash(newField), newField, newValue);
        }
        if (at == Listpack.NONE) {
            Listpack.append(home, newField, newValue);
            noteCount();
            return true;
        }
        Listpack.replace(home, Listpack.next(home.buffer(), home.start(), at), newValue);
        return false;
    }

    private boolean fitsPacked(boolean isNew, Element newField, Element newValue) {
        int bytes = home.length() + Listpack.sizeOf(newField) + Listpack.sizeOf(newValue);
        if (home.encoding() == Encoding.HASH_PACKED && bytes <= BYTES_MAX) {
            return !isNew
                    || count() < Math.max(home.thresholds().hashEntries, PACKED_FIELDS_MAX)
                    || bytes <= PACKED_BYTES_MAX && count() < PACKED_FIELDS_MAX;
        }
        return bytes <= PACKED_BYTES_MAX && (!isNew || count() < PACKED_FIELDS_MAX);
    }

    /** From a longer field or value on, Redis keeps the hash as a hashtable, and shows it so. */
    public void noteLengths(int fieldLength, int valueLength) {
        int most = home.thresholds().hashValueBytes;
        if (home.encoding() == Encoding.HASH_PACKED && (fieldLength > most || valueLength > most)) {
            home.setEncoding(Encoding.HASH_PACKED_LONG);
        }
    }

    private void noteCount() {
        if (home.encoding() == Encoding.HASH_PACKED && count() > home.thresholds().hashEntries) {
            home.setEncoding(Encoding.HASH_PACKED_LONG);
        }
    }

    private void toTable() {
        var table = new HashTable(home.arena());
        byte[] packed = java.util.Arrays.copyOfRange(home.buffer(), home.start(), home.start() + home.length());
        for (int at = Listpack.first(packed, 0); at != Listpack.NONE; at = Listpack.next(packed, 0, at)) {
            Listpack.get(packed, 0, at, field);
            at = Listpack.next(packed, 0, at);
            Listpack.get(packed, 0, at, value);
            table.put(hash(field), field, value);
        }
        home.enlarge(Encoding.HASH_TABLE, table);
    }

    /** Removes a field; says whether it was there. The hash may be empty afterwards, and then its key must go. */
    @Override
    public boolean remove(Element wanted) {
        if (isTable()) {
            int hash = hash(wanted);
            return table().find(hash, wanted) != 0 && writableTable().remove(hash, wanted);
        }
        int at = findPacked(wanted);
        if (at == Listpack.NONE) {
            return false;
        }
        Listpack.remove(home, at, 2);
        return true;
    }

    static void sendPacked(byte[] buffer, int start, ValueSink sink) {
        sink.hash(Listpack.count(buffer, start) >> 1);
        var field = new Element();
        var value = new Element();
        for (int at = Listpack.first(buffer, start); at != Listpack.NONE; at = Listpack.next(buffer, start, at)) {
            Listpack.get(buffer, start, at, field);
            at = Listpack.next(buffer, start, at);
            Listpack.get(buffer, start, at, value);
            sink.field(field, value, Table.NO_EXPIRY);
        }
    }

    // ---- Walking. A walk is over when the hash changes. ----

    /** Begins to walk over all fields. */
    public void rewind() {
        if (isTable()) {
            table().walk(walk);
        } else {
            position = Listpack.first(home.buffer(), home.start());
        }
    }

    /** Shows the next field and its value; false at the end. */
    public boolean next(Element fieldInto, Element valueInto) {
        if (isTable()) {
            int handle = table().next(walk);
            if (handle == 0) {
                return false;
            }
            table().get(handle, fieldInto);
            table().getValue(handle, valueInto);
            return true;
        }
        if (position == Listpack.NONE) {
            return false;
        }
        getPacked(position, fieldInto, valueInto);
        position = Listpack.next(home.buffer(), home.start(), position);
        position = Listpack.next(home.buffer(), home.start(), position);
        return true;
    }

    private void getPacked(int at, Element fieldInto, Element valueInto) {
        Listpack.get(home.buffer(), home.start(), at, fieldInto);
        Listpack.get(home.buffer(), home.start(), Listpack.next(home.buffer(), home.start(), at), valueInto);
    }

    /** Shows a field and its value, each as likely as any other. The hash is not empty. */
    public void random(RandomGenerator random, Element fieldInto, Element valueInto) {
        if (isTable()) {
            int handle = table().randomHandle(random);
            table().get(handle, fieldInto);
            table().getValue(handle, valueInto);
        } else {
            int index = random.nextInt((int) count()) * 2;
            getPacked(Listpack.at(home.buffer(), home.start(), index), fieldInto, valueInto);
        }
    }

    /** Visits fields behind a cursor, as {@link Table#scan}; a packed hash is visited in one go. */
    public long scan(long cursor, int count, PairVisitor visitor) {
        if (isTable()) {
            return table().scan(cursor, count, (handle, _) -> {
                table().get(handle, field);
                table().getValue(handle, value);
                visitor.visit(field, value);
            });
        }
        rewind();
        while (next(field, value)) {
            visitor.visit(field, value);
        }
        return 0;
    }

    /** Receives fields and their values; changes nothing. */
    public interface PairVisitor {
        void visit(Element field, Element value);
    }
}
