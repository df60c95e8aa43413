package io.redoubt.type;

import java.util.Arrays;

/**
 * Reads one block of a stream: a {@link Listpack} of integers, fields and values.
 * <pre>
 *  master  entries that are there, entries that are deleted, number of fields, the fields, 0
 *  entry   flags, difference of milliseconds and of sequence to the block's ID, then the values if its fields are those
 *          of the master, else number of fields, field, value, field, value …; at last how many elements that were
 * </pre>
 * The block's ID is that of its first entry. A deleted entry stays until the block goes. Reused.
 */
public final class StreamBlock {
    /** The flag of an entry that is deleted. */
    static final int DELETED = 1;
    /** The flag of an entry that has the fields of the master. */
    static final int SAME_FIELDS = 2;

    private static final int COUNT_AT = Listpack.EMPTY_BYTES - 1;

    private byte[] buffer = {};
    private int start;
    private int endAt;
    private long firstMs;
    private long firstSeq;
    private int deletedAt;
    private int masterFields;
    private int fieldsAt;
    private int entriesAt;
    // The entry that is shown.
    private int entryAt;
    private int behindAt;
    private int flags;
    private long ms;
    private long seq;
    private int fieldCount;
    private int fieldAt;
    private int valueAt;
    private final Element number = new Element();

    /** Shows a block, standing before its first entry. */
    public void bind(byte[] bytes, int from, long blockMs, long blockSeq) {
        buffer = bytes;
        start = from;
        endAt = Listpack.bytes(bytes, from) - 1;
        firstMs = blockMs;
        firstSeq = blockSeq;
        deletedAt = after(COUNT_AT);
        int masterAt = after(deletedAt);
        masterFields = (int) number(masterAt);
        fieldsAt = after(masterAt);
        int at = fieldsAt;
        for (int i = 0; i < masterFields; i++) {
            at = after(at);
        }
        entriesAt = after(at);
        behindAt = entriesAt;
        entryAt = entriesAt;
    }

    private int after(int at) {
        return at + Listpack.size(buffer, start, at);
    }

    private long number(int at) {
        Listpack.get(buffer, start, at, number);
        return number.isInteger() ? number.integer() : 0;
    }

    /** Number of entries that are not deleted. */
    public long count() {
        return number(COUNT_AT);
    }

    /** Number of entries that are deleted. */
    public long deletedCount() {
        return number(deletedAt);
    }

    /** Where the counts stand. */
    static int countAt() {
        return COUNT_AT;
    }

    int deletedAt() {
        return deletedAt;
    }

    int entryAt() {
        return entryAt;
    }

    int flags() {
        return flags;
    }

    /** Goes behind the last entry, for {@link #previous()}. */
    public void goToEnd() {
        entryAt = endAt;
        behindAt = endAt;
    }

    /** Goes to the next entry, deleted ones included; false at the end. */
    public boolean next() {
        if (behindAt == endAt) {
            return false;
        }
        show(behindAt);
        return true;
    }

    /** Goes to the entry before; false at the beginning. */
    public boolean previous() {
        if (entryAt == entriesAt) {
            return false;
        }
        int at = Listpack.previous(buffer, start, entryAt);
        for (long left = number(at); left > 0; left--) {
            at = Listpack.previous(buffer, start, at);
        }
        show(at);
        return true;
    }

    private void show(int at) {
        entryAt = at;
        flags = (int) number(at);
        int msAt = after(at);
        ms = firstMs + number(msAt);
        int seqAt = after(msAt);
        seq = firstSeq + number(seqAt);
        valueAt = after(seqAt);
        int elements;
        if ((flags & SAME_FIELDS) != 0) {
            fieldCount = masterFields;
            fieldAt = fieldsAt;
            elements = fieldCount;
        } else {
            fieldCount = (int) number(valueAt);
            valueAt = after(valueAt);
            elements = 2 * fieldCount;
        }
        int behind = valueAt;
        for (int i = 0; i < elements; i++) {
            behind = after(behind);
        }
        behindAt = after(behind);
    }

    public boolean isDeleted() {
        return (flags & DELETED) != 0;
    }

    public long ms() {
        return ms;
    }

    public long seq() {
        return seq;
    }

    /** Number of fields of the entry. */
    public int fieldCount() {
        return fieldCount;
    }

    /** Shows the next field of the entry, {@link #nextValue} follows; {@link #fieldCount} times. */
    public void nextField(Element into) {
        if ((flags & SAME_FIELDS) != 0) {
            Listpack.get(buffer, start, fieldAt, into);
            fieldAt = after(fieldAt);
        } else {
            nextValue(into);
        }
    }

    /** Shows the value of the field that was shown last. */
    public void nextValue(Element into) {
        Listpack.get(buffer, start, valueAt, into);
        valueAt = after(valueAt);
    }

    /** Whether the master has just the fields of pairs of fields and values. */
    boolean hasFields(byte[] pairs, int pairCount) {
        if (pairCount != masterFields) {
            return false;
        }
        int at = fieldsAt;
        int pairAt = 0;
        for (int i = 0; i < pairCount; i++) {
            int size = Listpack.size(pairs, 0, pairAt);
            int from = start + at;
            if (!Arrays.equals(pairs, pairAt, pairAt + size, buffer, from, Math.min(from + size, start + endAt))) {
                return false;
            }
            pairAt += size;
            pairAt += Listpack.size(pairs, 0, pairAt);
            at += size;
        }
        return true;
    }

    // ---- Proving ----

    /** Whether bytes from outside are a block in which every method of this class keeps within the array. */
    static boolean isIntact(byte[] bytes, int from, int length) {
        return Listpack.validate(bytes, from, length) >= 0 && new Proof(bytes, from, length - 1).isIntact();
    }

    /** Goes once through a block whose listpack is proved. */
    private static final class Proof {
        private final byte[] buffer;
        private final int start;
        private final int endAt;
        private final Element element = new Element();
        private int at = COUNT_AT;
        private long value;

        Proof(byte[] buffer, int start, int endAt) {
            this.buffer = buffer;
            this.start = start;
            this.endAt = endAt;
        }

        private boolean skip(long elements) {
            for (long i = 0; i < elements; i++) {
                if (at >= endAt) {
                    return false;
                }
                at += Listpack.size(buffer, start, at);
            }
            return true;
        }

        private boolean integer() {
            if (at >= endAt) {
                return false;
            }
            Listpack.get(buffer, start, at, element);
            if (!element.isKnownInteger()) {
                return false;
            }
            value = element.integer();
            at += Listpack.size(buffer, start, at);
            return true;
        }

        private boolean size() {
            return integer() && value >= 0 && value <= Integer.MAX_VALUE >> 1;
        }

        boolean isIntact() {
            if (!size()) {
                return false;
            }
            long count = value;
            if (!size()) {
                return false;
            }
            long deleted = value;
            if (!size()) {
                return false;
            }
            long fields = value;
            if (!skip(fields) || !integer() || value != 0) {
                return false;
            }
            for (long left = count + deleted; left > 0; left--) {
                if (!integer() || value < 0 || value > (DELETED | SAME_FIELDS)) {
                    return false;
                }
                boolean hasSameFields = (value & SAME_FIELDS) != 0;
                if ((value & DELETED) == 0) {
                    count--;
                }
                boolean hasMs = integer();
                if (!hasMs || !integer()) {
                    return false;
                }
                long elements = fields;
                if (!hasSameFields) {
                    if (!size()) {
                        return false;
                    }
                    elements = 2 * value;
                }
                long whole = elements + (hasSameFields ? 3 : 4);
                if (!skip(elements) || !integer() || value != whole) {
                    return false;
                }
            }
            return at == endAt && count == 0;
        }
    }
}
