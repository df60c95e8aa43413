package io.redoubt.type;

import io.redoubt.memory.ArenaFullException;
import io.redoubt.memory.Table;
import java.util.random.RandomGenerator;

/**
 * A hash, whatever its encoding. One per use and loop, bound to the place of a value; it shows that value until the next
 * look-up. A field that has expired and is not deleted yet counts, but is not shown: what a place says of
 * {@linkplain Home#seenAtMillis the time} decides.
 */
public final class HashValue implements MemberValue {
    /** A hash that Redis keeps as a hashtable stays packed up to this many fields … */
    static final int PACKED_FIELDS_MAX = 128;
    /** … and this size. */
    static final int PACKED_BYTES_MAX = 4096;
    /** No packed hash grows beyond this, whatever the thresholds are. */
    private static final int BYTES_MAX = 1 << 20;
    /** How many fields of a table one search for expired ones looks at. */
    private static final int LOOKED_AT_MAX = 128;
    /** After so many that have expired, a random field is chosen among those that have not. */
    private static final int RANDOM_TRIES_MAX = 100;

    private static final int[] NONE_EXPIRED = {};

    private final Element field = new Element();
    private final Element value = new Element();
    private final Table.Walk walk = new Table.Walk();
    private final ExpiringFields expiring = new ExpiringFields();
    private Home home = NoHome.INSTANCE;
    private int position;
    private long seenAt = Long.MIN_VALUE;
    private int expiredCount;
    private int[] expiredHashes = NONE_EXPIRED;
    private int[] expiredHandles = NONE_EXPIRED;

    /** Shows the hash at a place. */
    public HashValue bind(Home place) {
        home = place;
        seenAt = place.seenAtMillis();
        return this;
    }

    /** Makes the value at a place an empty hash, which must get a field before anybody sees it. */
    public HashValue bindNew(Home place) {
        home = place;
        seenAt = place.seenAtMillis();
        home.pack(Encoding.HASH_PACKED, Listpack.EMPTY_BYTES);
        Listpack.writeEmpty(home.buffer(), home.start());
        return this;
    }

    private boolean isTable() {
        int encoding = home.encoding();
        return encoding == Encoding.HASH_TABLE || encoding == Encoding.HASH_TABLE_EX;
    }

    /** Whether fields of it may expire. */
    public boolean isExpiring() {
        return Encoding.hasFieldExpiry(home.encoding());
    }

    /** Elements of a packed hash that belong to one field. */
    private int width() {
        return isExpiring() ? 3 : 2;
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
        return Listpack.find(buffer, start, Listpack.first(buffer, start), width(), wanted);
    }

    /** When the packed field at a position expires. */
    private long packedExpiry(int at) {
        return isExpiring() ? expiring.expiry(home.buffer(), home.start(), at) : Table.NO_EXPIRY;
    }

    private boolean isShown(long expiryMillis) {
        return expiryMillis == Table.NO_EXPIRY || expiryMillis > seenAt;
    }

    /** How many fields there are, with those that have expired and are not deleted yet. */
    public long count() {
        return isTable() ? table().count() : Listpack.count(home.buffer(), home.start()) / width();
    }

    /** How many fields are shown. Takes constant time unless a field may have expired. */
    public long shownCount() {
        if (nextExpiry() > seenAt) {
            return count();
        }
        long shown = 0;
        rewind();
        while (next(field, value)) {
            shown++;
        }
        return shown;
    }

    @Override
    public boolean isEmpty() {
        return count() == 0;
    }

    public boolean contains(Element wanted) {
        if (isTable()) {
            var table = table();
            return table.find(hash(wanted), wanted) != 0 && isShown(table.foundExpiry());
        }
        int at = findPacked(wanted);
        return at != Listpack.NONE && isShown(packedExpiry(at));
    }

    /** Shows the value of a field; false if there is no such field. */
    public boolean get(Element wanted, Element into) {
        if (isTable()) {
            var table = table();
            int handle = table.find(hash(wanted), wanted);
            if (handle == 0 || !isShown(table.foundExpiry())) {
                return false;
            }
            table.getValue(handle, into);
            return true;
        }
        int at = findPacked(wanted);
        if (at == Listpack.NONE || !isShown(packedExpiry(at))) {
            return false;
        }
        Listpack.get(home.buffer(), home.start(), Listpack.next(home.buffer(), home.start(), at), into);
        return true;
    }

    /**
     * Sets a field, which then does not expire; says whether it is new. Neither field nor value may lie in the keyspace.
     */
    public boolean put(Element newField, Element newValue) {
        return put(newField, newValue, false);
    }

    /** As {@link #put(Element, Element)}, but a field that is there expires when it did. */
    public boolean putKeepingExpiry(Element newField, Element newValue) {
        return put(newField, newValue, true);
    }

    private boolean put(Element newField, Element newValue, boolean keepsExpiry) {
        if (isTable()) {
            return putIntoTable(newField, newValue, keepsExpiry);
        }
        noteLengths(newField.length(), newValue.length());
        int at = findPacked(newField);
        if (!fitsPacked(at == Listpack.NONE, Listpack.sizeOf(newField) + Listpack.sizeOf(newValue))) {
            toTable();
            return putIntoTable(newField, newValue, keepsExpiry);
        }
        if (at == Listpack.NONE) {
            if (isExpiring()) {
                expiring.append(home, newField, newValue);
            } else {
                Listpack.append(home, newField, newValue);
            }
            noteCount();
            return true;
        }
        long millis = packedExpiry(at);
        if (millis == Table.NO_EXPIRY || keepsExpiry && isShown(millis)) {
            Listpack.replace(home, Listpack.next(home.buffer(), home.start(), at), newValue);
        } else {
            expiring.set(home, at, newValue, Table.NO_EXPIRY);
            noteExpiry();
        }
        return !isShown(millis);
    }

    private boolean putIntoTable(Element newField, Element newValue, boolean keepsExpiry) {
        var table = writableTable();
        boolean isNew = table.put(hash(newField), newField, newValue);
        if (isNew || !isExpiring()) {
            return isNew;
        }
        long millis = table.foundExpiry();
        if (millis != Table.NO_EXPIRY && !(keepsExpiry && isShown(millis))) {
            table.expireFound(Table.NO_EXPIRY);
            noteExpiry();
        }
        return !isShown(millis);
    }

    private boolean fitsPacked(boolean isNew, int addedBytes) {
        int bytes = home.length() + addedBytes;
        int encoding = home.encoding();
        if ((encoding == Encoding.HASH_PACKED || encoding == Encoding.HASH_PACKED_EX) && bytes <= BYTES_MAX) {
            return !isNew
                    || count() < Math.max(home.thresholds().hashEntries, PACKED_FIELDS_MAX)
                    || bytes <= PACKED_BYTES_MAX && count() < PACKED_FIELDS_MAX;
        }
        return bytes <= PACKED_BYTES_MAX && (!isNew || count() < PACKED_FIELDS_MAX);
    }

    /** From a longer field or value on, Redis keeps the hash as a hashtable, and shows it so. */
    public void noteLengths(int fieldLength, int valueLength) {
        int most = home.thresholds().hashValueBytes;
        if (fieldLength > most || valueLength > most) {
            toLong();
        }
    }

    private void noteCount() {
        if (count() > home.thresholds().hashEntries) {
            toLong();
        }
    }

    private void toLong() {
        if (home.encoding() == Encoding.HASH_PACKED) {
            home.setEncoding(Encoding.HASH_PACKED_LONG);
        } else if (home.encoding() == Encoding.HASH_PACKED_EX) {
            home.setEncoding(Encoding.HASH_PACKED_EX_LONG);
        }
    }

    private void toTable() {
        var table = new HashTable(home.arena());
        int width = width();
        byte[] packed = java.util.Arrays.copyOfRange(home.buffer(), home.start(), home.start() + home.length());
        try {
            for (int at = Listpack.first(packed, 0); at != Listpack.NONE; ) {
                Listpack.get(packed, 0, at, field);
                Listpack.get(packed, 0, Listpack.next(packed, 0, at), value);
                table.put(hash(field), field, value);
                if (width == 3) {
                    table.expireFound(expiring.expiry(packed, 0, at));
                }
                for (int i = 0; i < width; i++) {
                    at = Listpack.next(packed, 0, at);
                }
            }
            home.enlarge(width == 3 ? Encoding.HASH_TABLE_EX : Encoding.HASH_TABLE, table);
        } catch (ArenaFullException full) {
            table.freeAll();
            throw full;
        }
    }

    /** Removes a field; says whether it was there. The hash may be empty afterwards, and then its key must go. */
    @Override
    public boolean remove(Element wanted) {
        if (isTable()) {
            int hash = hash(wanted);
            var table = table();
            if (table.find(hash, wanted) == 0 || !isShown(table.foundExpiry())) {
                return false;
            }
            boolean expires = table.foundExpiry() != Table.NO_EXPIRY;
            writableTable().remove(hash, wanted);
            if (expires) {
                noteExpiry();
            }
            return true;
        }
        int at = findPacked(wanted);
        if (at == Listpack.NONE) {
            return false;
        }
        long millis = packedExpiry(at);
        if (!isShown(millis)) {
            return false;
        }
        Listpack.remove(home, at, width());
        if (millis != Table.NO_EXPIRY) {
            noteExpiry();
        }
        return true;
    }

    /**
     * Removes a field that has expired and is not deleted yet; says whether there was one. For commands whose effect
     * would be another where the field is still seen.
     */
    public boolean dropExpired(Element wanted) {
        if (nextExpiry() > seenAt || expiry(wanted) != Long.MIN_VALUE) {
            return false;
        }
        seenAt = Long.MIN_VALUE;
        boolean isThere = remove(wanted);
        seenAt = home.seenAtMillis();
        return isThere;
    }

    // ---- When fields expire ----

    /** When a field expires, {@link Table#NO_EXPIRY} for never; {@link Long#MIN_VALUE} if there is no such field. */
    public long expiry(Element wanted) {
        long millis;
        if (isTable()) {
            var table = table();
            if (table.find(hash(wanted), wanted) == 0) {
                return Long.MIN_VALUE;
            }
            millis = table.foundExpiry();
        } else {
            int at = findPacked(wanted);
            if (at == Listpack.NONE) {
                return Long.MIN_VALUE;
            }
            millis = packedExpiry(at);
        }
        return isShown(millis) ? millis : Long.MIN_VALUE;
    }

    /** Sets when a field expires that is there; {@link Table#NO_EXPIRY} for never. */
    public void setExpiry(Element of, long millis) {
        if (!isExpiring()) {
            if (millis == Table.NO_EXPIRY) {
                return;
            }
            beginToExpire();
        }
        if (isTable()) {
            var table = writableTable();
            if (table.find(hash(of), of) == 0) {
                throw new IllegalStateException("no such field");
            }
            table.expireFound(millis);
        } else {
            int at = findPacked(of);
            if (at == Listpack.NONE) {
                throw new IllegalStateException("no such field");
            }
            expiring.set(home, at, null, millis);
        }
        noteExpiry();
    }

    /** From now on there is room for the times of fields. */
    private void beginToExpire() {
        switch (home.encoding()) {
            case Encoding.HASH_PACKED, Encoding.HASH_PACKED_LONG -> {
                int bytes = ExpiringFields.bytesOfTriples(home.buffer(), home.start()) + Long.BYTES;
                int encoding = home.encoding() == Encoding.HASH_PACKED
                        ? Encoding.HASH_PACKED_EX
                        : Encoding.HASH_PACKED_EX_LONG;
                if (bytes > (encoding == Encoding.HASH_PACKED_EX ? BYTES_MAX : PACKED_BYTES_MAX)) {
                    toTable();
                    home.setEncoding(Encoding.HASH_TABLE_EX);
                    return;
                }
                expiring.fromPairs(home);
                home.setEncoding(encoding);
            }
            default -> home.setEncoding(Encoding.HASH_TABLE_EX);
        }
    }

    private void noteExpiry() {
        long next = nextExpiry();
        home.noteFieldExpiry(next == Long.MAX_VALUE ? Table.NO_EXPIRY : next);
    }

    /** No field expires before; {@link Long#MAX_VALUE} if none does. */
    public long nextExpiry() {
        if (!isExpiring()) {
            return Long.MAX_VALUE;
        }
        if (isTable()) {
            return table().nextExpiry();
        }
        int first = Listpack.first(home.buffer(), home.start());
        long millis = first == Listpack.NONE ? Table.NO_EXPIRY : packedExpiry(first);
        return millis == Table.NO_EXPIRY ? Long.MAX_VALUE : millis;
    }

    /** When the first field of a packed hash expires, or {@link Table#NO_EXPIRY}. */
    static long firstExpiry(byte[] buffer, int start) {
        int at = Listpack.first(buffer, start);
        return at == Listpack.NONE ? Table.NO_EXPIRY : new ExpiringFields().expiry(buffer, start, at);
    }

    /**
     * Looks for fields that have expired: all of a packed hash, some of a large one. They are shown by
     * {@link #expired}, and go by {@link #removeExpired}; nothing else may be changed meanwhile.
     *
     * @return how many were found
     */
    public int findExpired(long now) {
        if (isTable()) {
            if (expiredHandles.length == 0) {
                expiredHashes = new int[LOOKED_AT_MAX];
                expiredHandles = new int[LOOKED_AT_MAX];
            }
            expiredCount = writableTable().collectExpired(now, expiredHashes, expiredHandles);
        } else {
            expiredCount = expiring.dueCount(home.buffer(), home.start(), now);
            position = Listpack.first(home.buffer(), home.start());
        }
        return expiredCount;
    }

    /** Shows a field that was found: the first, then the second … */
    public void expired(int index, Element into) {
        if (isTable()) {
            table().get(expiredHandles[index], into);
        } else {
            Listpack.get(home.buffer(), home.start(), position, into);
            position = ExpiringFields.next(home.buffer(), home.start(), position);
        }
    }

    /** Removes what was found. The hash may be empty afterwards, and then its key must go. */
    public void removeExpired() {
        if (isTable()) {
            var table = writableTable();
            for (int i = 0; i < expiredCount; i++) {
                table.removeHandle(expiredHashes[i], expiredHandles[i]);
            }
        } else if (expiredCount > 0) {
            Listpack.remove(home, Listpack.first(home.buffer(), home.start()), 3 * expiredCount);
        }
        expiredCount = 0;
        noteExpiry();
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

    static void sendExpiring(byte[] buffer, int start, ValueSink sink) {
        sink.hash(Listpack.count(buffer, start) / 3);
        var times = new ExpiringFields();
        var field = new Element();
        var value = new Element();
        for (int at = Listpack.first(buffer, start); at != Listpack.NONE; at = ExpiringFields.next(buffer, start, at)) {
            Listpack.get(buffer, start, at, field);
            Listpack.get(buffer, start, Listpack.next(buffer, start, at), value);
            sink.field(field, value, times.expiry(buffer, start, at));
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
            while (handle != 0 && !isShown(walk.expiryMillis())) {
                handle = table().next(walk);
            }
            if (handle == 0) {
                return false;
            }
            table().get(handle, fieldInto);
            table().getValue(handle, valueInto);
            return true;
        }
        while (position != Listpack.NONE) {
            int at = position;
            for (int i = width(); i > 0; i--) {
                position = Listpack.next(home.buffer(), home.start(), position);
            }
            if (isShown(packedExpiry(at))) {
                getPacked(at, fieldInto, valueInto);
                return true;
            }
        }
        return false;
    }

    private void getPacked(int at, Element fieldInto, Element valueInto) {
        Listpack.get(home.buffer(), home.start(), at, fieldInto);
        Listpack.get(home.buffer(), home.start(), Listpack.next(home.buffer(), home.start(), at), valueInto);
    }

    /** Shows a field and its value, each as likely as any other; false if none is shown. */
    public boolean random(RandomGenerator random, Element fieldInto, Element valueInto) {
        boolean mayBeHidden = nextExpiry() <= seenAt;
        for (int tries = 0; tries < (mayBeHidden ? RANDOM_TRIES_MAX : 1); tries++) {
            if (isTable()) {
                int handle = table().randomHandle(random);
                table().get(handle, fieldInto);
                table().getValue(handle, valueInto);
            } else {
                int index = random.nextInt((int) count()) * width();
                getPacked(Listpack.at(home.buffer(), home.start(), index), fieldInto, valueInto);
            }
            if (!mayBeHidden || contains(fieldInto)) {
                return true;
            }
        }
        long shown = shownCount();
        if (shown == 0) {
            return false;
        }
        rewind();
        for (long skipped = random.nextLong(shown); skipped >= 0; skipped--) {
            next(fieldInto, valueInto);
        }
        return true;
    }

    /** Visits fields behind a cursor, as {@link Table#scan}; a packed hash is visited in one go. */
    public long scan(long cursor, int count, PairVisitor visitor) {
        if (isTable()) {
            return table().scan(cursor, count, (handle, expiryMillis) -> {
                if (isShown(expiryMillis)) {
                    table().get(handle, field);
                    table().getValue(handle, value);
                    visitor.visit(field, value);
                }
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
