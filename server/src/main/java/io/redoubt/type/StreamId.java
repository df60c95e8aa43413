package io.redoubt.type;

import io.redoubt.resp.Decimal;

/** The ID of a stream's entry: milliseconds and a number within them, both without sign. Changeable, reused. */
public final class StreamId {
    /** Most bytes that {@link #format} writes. */
    public static final int BYTES_MAX = 41;

    private static final int TEXT_BYTES_MAX = 127;

    private long ms;
    private long seq;

    public long ms() {
        return ms;
    }

    public long seq() {
        return seq;
    }

    public void set(long newMs, long newSeq) {
        ms = newMs;
        seq = newSeq;
    }

    public void set(StreamId other) {
        set(other.ms, other.seq);
    }

    /** The greatest of all. */
    public void setMax() {
        set(-1, -1);
    }

    public boolean isZero() {
        return ms == 0 && seq == 0;
    }

    public boolean isMax() {
        return ms == -1 && seq == -1;
    }

    /** Compares two as numbers of 128 bits without sign. */
    public static int compare(long ms, long seq, long otherMs, long otherSeq) {
        int order = Long.compareUnsigned(ms, otherMs);
        return order == 0 ? Long.compareUnsigned(seq, otherSeq) : order;
    }

    public int compareTo(StreamId other) {
        return compare(ms, seq, other.ms, other.seq);
    }

    public int compareTo(long otherMs, long otherSeq) {
        return compare(ms, seq, otherMs, otherSeq);
    }

    /** Goes to the next one; false if there is none. */
    public boolean increment() {
        if (isMax()) {
            return false;
        }
        if (++seq == 0) {
            ms++;
        }
        return true;
    }

    /** Goes to the one before; false if there is none. */
    public boolean decrement() {
        if (isZero()) {
            return false;
        }
        if (seq-- == 0) {
            ms--;
        }
        return true;
    }

    /** Writes it as Redis shows it, {@code ms-seq}, and returns the length. */
    public int format(byte[] out, int from) {
        int at = from + formatUnsigned(ms, out, from);
        out[at++] = '-';
        return at + formatUnsigned(seq, out, at) - from;
    }

    /** Writes a number without sign and returns its length. */
    static int formatUnsigned(long number, byte[] out, int from) {
        if (number >= 0) {
            return Decimal.format(number, out, from);
        }
        String digits = Long.toUnsignedString(number);
        for (int i = 0; i < digits.length(); i++) {
            out[from + i] = (byte) digits.charAt(i);
        }
        return digits.length();
    }

    /** What the text of an ID was. */
    public enum Parsed {
        INVALID,
        COMPLETE,
        /** {@code ms-*}: the number within the milliseconds is to be chosen. */
        WITHOUT_SEQUENCE
    }

    /**
     * Reads an ID as Redis does.
     *
     * @param missingSeq what stands for a sequence that is left out
     * @param isStrict whether {@code -} and {@code +}, the least and the greatest, are none
     * @param mayBeAutomatic whether {@code ms-*} is one
     */
    public Parsed parse(byte[] bytes, int from, int length, long missingSeq, boolean isStrict, boolean mayBeAutomatic) {
        if (length > TEXT_BYTES_MAX) {
            return Parsed.INVALID;
        }
        if (length == 1 && (bytes[from] == '-' || bytes[from] == '+')) {
            if (bytes[from] == '-') {
                set(0, 0);
            } else {
                setMax();
            }
            return isStrict ? Parsed.INVALID : Parsed.COMPLETE;
        }
        int dash = 0;
        while (dash < length && bytes[from + dash] != '-') {
            dash++;
        }
        if (!isUnsigned(bytes, from, dash)) {
            return Parsed.INVALID;
        }
        long newMs = Decimal.parseUnsigned(bytes, from, dash, 0);
        if (dash == length) {
            set(newMs, missingSeq);
            return Parsed.COMPLETE;
        }
        int seqFrom = from + dash + 1;
        int seqLength = length - dash - 1;
        if (mayBeAutomatic && seqLength == 1 && bytes[seqFrom] == '*') {
            set(newMs, 0);
            return Parsed.WITHOUT_SEQUENCE;
        }
        if (!isUnsigned(bytes, seqFrom, seqLength)) {
            return Parsed.INVALID;
        }
        set(newMs, Decimal.parseUnsigned(bytes, seqFrom, seqLength, 0));
        return Parsed.COMPLETE;
    }

    private static boolean isUnsigned(byte[] bytes, int from, int length) {
        return length > 0
                && bytes[from] != 0
                && bytes[from] != '-'
                && (Decimal.parseUnsigned(bytes, from, length, 0) != 0
                        || Decimal.parseUnsigned(bytes, from, length, 1) == 0);
    }
}
