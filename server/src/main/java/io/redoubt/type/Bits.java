package io.redoubt.type;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A string seen as a row of bits: bit 0 is the highest of the first byte. All positions are relative to {@code start},
 * the index of the string's first byte in its array. Eight bytes are handled at once where there are so many.
 */
public final class Bits {
    /** Says that there is no such bit. */
    public static final long NONE = -1;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /** How two rows of bits become one. */
    public enum Operation {
        AND,
        OR,
        XOR,
        /** Clears what is set in the second. */
        AND_NOT
    }

    private Bits() {}

    /** Returns the bit at a position, 0 or 1; behind the end all are 0. */
    public static int get(byte[] bytes, int start, int length, long bit) {
        long index = bit >>> 3;
        return index >= length ? 0 : bytes[start + (int) index] >>> 7 - (int) (bit & 7) & 1;
    }

    /** Sets the bit at a position, which lies within the string, to 0 or 1. */
    public static void set(byte[] bytes, int start, long bit, int value) {
        int at = start + (int) (bit >>> 3);
        int shift = 7 - (int) (bit & 7);
        bytes[at] = (byte) (bytes[at] & ~(1 << shift) | value << shift);
    }

    /** Counts the bits that are set among those from {@code first} to {@code last}, both of which lie in the string. */
    public static long count(byte[] bytes, int start, long first, long last) {
        int from = start + (int) (first >>> 3);
        int to = start + (int) (last >>> 3) + 1;
        int before = Integer.bitCount(bytes[from] & ~firstMask(first) & 0xFF);
        int behind = Integer.bitCount(bytes[to - 1] & ~lastMask(last) & 0xFF);
        long count = 0;
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            count += Long.bitCount((long) LONGS.get(bytes, at));
        }
        for (; at < to; at++) {
            count += Integer.bitCount(bytes[at] & 0xFF);
        }
        return count - before - behind;
    }

    /** Finds the first bit of a value among those from {@code first} to {@code last}; {@link #NONE} without any. */
    public static long find(byte[] bytes, int start, long first, long last, int value) {
        // What is sought is set: with a value of 0, in the complement.
        int flip = value == 0 ? 0xFF : 0;
        int index = (int) (first >>> 3);
        int lastIndex = (int) (last >>> 3);
        int sought = (bytes[start + index] ^ flip) & firstMask(first);
        if (index < lastIndex && sought == 0) {
            index = skip(bytes, start, index + 1, lastIndex, value == 0 ? -1L : 0);
            sought = (bytes[start + index] ^ flip) & 0xFF;
        }
        if (index == lastIndex) {
            sought &= lastMask(last);
        }
        return sought == 0 ? NONE : 8L * index + Integer.numberOfLeadingZeros(sought) - 24;
    }

    /** Returns the index of the first byte that is not like those of {@code filler}, at most {@code last}. */
    private static int skip(byte[] bytes, int start, int from, int last, long filler) {
        int index = from;
        while (index <= last - Long.BYTES && (long) LONGS.get(bytes, start + index) == filler) {
            index += Long.BYTES;
        }
        while (index < last && bytes[start + index] == (byte) filler) {
            index++;
        }
        return index;
    }

    /** The bits of a byte from that of a position on. */
    private static int firstMask(long first) {
        return 0xFF >>> (int) (first & 7);
    }

    /** The bits of a byte up to that of a position. */
    private static int lastMask(long last) {
        return 0xFF << 7 - (int) (last & 7) & 0xFF;
    }

    /** Combines {@code length} bytes of two rows; the result takes the place of the first, which starts at 0. */
    public static void combine(Operation operation, byte[] into, byte[] other, int start, int length) {
        int at = 0;
        for (; at <= length - Long.BYTES; at += Long.BYTES) {
            long first = (long) LONGS.get(into, at);
            long second = (long) LONGS.get(other, start + at);
            LONGS.set(into, at, combined(operation, first, second));
        }
        for (; at < length; at++) {
            into[at] = (byte) combined(operation, into[at], other[start + at]);
        }
    }

    private static long combined(Operation operation, long first, long second) {
        return switch (operation) {
            case AND -> first & second;
            case OR -> first | second;
            case XOR -> first ^ second;
            case AND_NOT -> first & ~second;
        };
    }

    /** Turns every bit of the first {@code length} bytes. */
    public static void invert(byte[] bytes, int length) {
        int at = 0;
        for (; at <= length - Long.BYTES; at += Long.BYTES) {
            LONGS.set(bytes, at, ~(long) LONGS.get(bytes, at));
        }
        for (; at < length; at++) {
            bytes[at] = (byte) ~bytes[at];
        }
    }

    /**
     * Adds a row to those seen so far: a bit of {@code often} stands for two or more of them, one of {@code seen} for
     * one or more.
     */
    public static void tally(byte[] seen, byte[] often, byte[] other, int start, int length) {
        int at = 0;
        for (; at <= length - Long.BYTES; at += Long.BYTES) {
            long before = (long) LONGS.get(seen, at);
            long added = (long) LONGS.get(other, start + at);
            LONGS.set(often, at, (long) LONGS.get(often, at) | before & added);
            LONGS.set(seen, at, before | added);
        }
        for (; at < length; at++) {
            often[at] |= (byte) (seen[at] & other[start + at]);
            seen[at] |= other[start + at];
        }
    }

    // ---- Integers of any width, at any bit; the highest bit comes first ----

    /** Returns the unsigned integer of 1 to 64 bits at a position; what lies behind the end is 0. */
    public static long field(byte[] bytes, int start, int length, long bit, int width) {
        long index = bit >>> 3;
        int skipped = (int) (bit & 7);
        long value = 0;
        // Up to nine bytes hold the field; the first eight of them are enough but for a few of its lowest bits.
        for (int i = 0; i < Long.BYTES; i++) {
            value = value << 8 | byteAt(bytes, start, length, index + i);
        }
        value <<= skipped;
        if (skipped > 0) {
            value |= byteAt(bytes, start, length, index + Long.BYTES) >>> 8 - skipped;
        }
        return value >>> Long.SIZE - width;
    }

    /** Returns the signed integer of 1 to 64 bits at a position. */
    public static long signedField(byte[] bytes, int start, int length, long bit, int width) {
        int unused = Long.SIZE - width;
        return field(bytes, start, length, bit, width) << unused >> unused;
    }

    private static long byteAt(byte[] bytes, int start, int length, long index) {
        return index < length ? bytes[start + (int) index] & 0xFF : 0;
    }

    /** Writes the lowest bits of a value as an integer of that width at a position; it lies within the string. */
    public static void setField(byte[] bytes, int start, long bit, int width, long value) {
        long at = bit;
        int left = width;
        while (left > 0) {
            int inByte = (int) (at & 7);
            int taken = Math.min(8 - inByte, left);
            int shift = 8 - inByte - taken;
            int mask = (1 << taken) - 1;
            left -= taken;
            int part = (int) (value >>> left) & mask;
            int index = start + (int) (at >>> 3);
            bytes[index] = (byte) (bytes[index] & ~(mask << shift) | part << shift);
            at += taken;
        }
    }
}
