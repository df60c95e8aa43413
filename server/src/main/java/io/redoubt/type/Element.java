package io.redoubt.type;

import io.redoubt.resp.Decimal;

/**
 * One element on its way in or out: bytes, or an integer whose bytes are its decimal digits. Reused; what it shows is
 * valid until the value is changed.
 */
public final class Element {
    private static final int BYTES = 0;
    private static final int INTEGER = 1;
    /** Bytes of which nobody has asked yet whether they are an integer. */
    private static final int UNPARSED = 2;

    private final byte[] digits = new byte[Decimal.LONG_BYTES_MAX];
    private byte[] buffer = digits;
    private int offset;
    private int length;
    private boolean hasBytes;
    private int kind = BYTES;
    private long integer;

    /** Shows bytes of an array, which is not copied. */
    public void set(byte[] bytes, int from, int count) {
        buffer = bytes;
        offset = from;
        length = count;
        hasBytes = true;
        kind = count == 0 || count > Decimal.LONG_BYTES_MAX ? BYTES : UNPARSED;
    }

    /** Shows an integer. */
    public void setInteger(long value) {
        integer = value;
        kind = INTEGER;
        hasBytes = false;
    }

    /** Whether the bytes are the canonical digits of a signed 64-bit integer. */
    public boolean isInteger() {
        if (kind == UNPARSED) {
            long value = Decimal.parseLong(buffer, offset, length, Long.MIN_VALUE);
            integer = value;
            kind = value != Long.MIN_VALUE || Decimal.isLong(buffer, offset, length) ? INTEGER : BYTES;
        }
        return kind == INTEGER;
    }

    /** Whether it was set as an integer or found to be one: does not parse. */
    public boolean isKnownInteger() {
        return kind == INTEGER;
    }

    /** The integer, where {@link #isInteger()}. */
    public long integer() {
        return integer;
    }

    public byte[] buffer() {
        makeBytes();
        return buffer;
    }

    public int offset() {
        makeBytes();
        return offset;
    }

    public int length() {
        makeBytes();
        return length;
    }

    /** A copy of the bytes in an array of its own. */
    public byte[] toBytes() {
        makeBytes();
        return java.util.Arrays.copyOfRange(buffer, offset, offset + length);
    }

    public boolean equals(byte[] bytes, int from, int count) {
        makeBytes();
        return java.util.Arrays.equals(buffer, offset, offset + length, bytes, from, from + count);
    }

    private void makeBytes() {
        if (!hasBytes) {
            buffer = digits;
            offset = 0;
            length = Decimal.format(integer, digits, 0);
            hasBytes = true;
        }
    }
}
