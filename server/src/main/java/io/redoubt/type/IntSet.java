package io.redoubt.type;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Integers in ascending order in one run of bytes, in the format of Redis's intsets: the size of each in bytes (2, 4 or
 * 8; 32 bits), their number (32 bits), the integers; all little endian. The size is that of the widest integer there
 * ever was.
 */
public final class IntSet {
    static final int HEADER_BYTES = 8;

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private IntSet() {}

    /** Writes a set without integers into {@value #HEADER_BYTES} bytes. */
    public static void writeEmpty(byte[] buffer, int start) {
        INT.set(buffer, start, 2);
        INT.set(buffer, start + 4, 0);
    }

    public static int count(byte[] buffer, int start) {
        return (int) INT.get(buffer, start + 4);
    }

    /** The integer with an index below the count. */
    public static long get(byte[] buffer, int start, int index) {
        return get(buffer, start + HEADER_BYTES, (int) INT.get(buffer, start), index);
    }

    private static long get(byte[] buffer, int from, int width, int index) {
        return switch (width) {
            case 2 -> (short) SHORT.get(buffer, from + index * 2);
            case 4 -> (int) INT.get(buffer, from + index * 4);
            default -> (long) LONG.get(buffer, from + index * 8);
        };
    }

    private static void put(byte[] buffer, int from, int width, int index, long value) {
        switch (width) {
            case 2 -> SHORT.set(buffer, from + index * 2, (short) value);
            case 4 -> INT.set(buffer, from + index * 4, (int) value);
            default -> LONG.set(buffer, from + index * 8, value);
        }
    }

    /** Index of an integer, or {@code -1 - index} of where it belongs. */
    public static int find(byte[] buffer, int start, long value) {
        int width = (int) INT.get(buffer, start);
        int low = 0;
        int high = count(buffer, start) - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long there = get(buffer, start + HEADER_BYTES, width, middle);
            if (there < value) {
                low = middle + 1;
            } else if (there > value) {
                high = middle - 1;
            } else {
                return middle;
            }
        }
        return -1 - low;
    }

    /** Adds an integer that is not there, at the index where it belongs. */
    static void insert(PackedHome home, int index, long value) {
        int width = (int) INT.get(home.buffer(), home.start());
        int needed = widthOf(value);
        if (needed > width) {
            widen(home, width, needed);
            width = needed;
        }
        home.splice(HEADER_BYTES + index * width, 0, width);
        byte[] buffer = home.buffer();
        int start = home.start();
        put(buffer, start + HEADER_BYTES, width, index, value);
        INT.set(buffer, start + 4, count(buffer, start) + 1);
    }

    static void remove(PackedHome home, int index) {
        int width = (int) INT.get(home.buffer(), home.start());
        home.splice(HEADER_BYTES + index * width, width, 0);
        INT.set(home.buffer(), home.start() + 4, count(home.buffer(), home.start()) - 1);
    }

    private static void widen(PackedHome home, int width, int wider) {
        int count = count(home.buffer(), home.start());
        home.splice(HEADER_BYTES + count * width, 0, count * (wider - width));
        byte[] buffer = home.buffer();
        int from = home.start() + HEADER_BYTES;
        for (int i = count - 1; i >= 0; i--) {
            put(buffer, from, wider, i, get(buffer, from, width, i));
        }
        INT.set(buffer, home.start(), wider);
    }

    private static int widthOf(long value) {
        return value == (short) value ? 2 : value == (int) value ? 4 : 8;
    }

    /** Whether bytes from outside are such a set: sizes agree, integers ascend. */
    public static boolean isValid(byte[] buffer, int start, int length) {
        if (length < HEADER_BYTES) {
            return false;
        }
        int width = (int) INT.get(buffer, start);
        long count = (int) INT.get(buffer, start + 4) & 0xFFFFFFFFL;
        if (width != 2 && width != 4 && width != 8 || count == 0 || count * width != length - HEADER_BYTES) {
            return false;
        }
        for (int i = 1; i < count; i++) {
            if (get(buffer, start, i - 1) >= get(buffer, start, i)) {
                return false;
            }
        }
        return true;
    }
}
