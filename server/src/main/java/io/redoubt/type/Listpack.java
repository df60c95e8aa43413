package io.redoubt.type;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ArenaFullException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A sequence of elements in one run of bytes, in the format of Redis's listpacks, so that files and payloads take it as
 * it is:
 * <pre>
 *  +0  size of the whole in bytes (32 bits)
 *  +4  number of elements (16 bits; 65535: more, to be counted)
 *      elements: encoding and data, then their size, which is read from behind
 *      0xFF
 * </pre>
 * The first byte of an element says what it is: {@code 0xxxxxxx} an integer of 7 bits, {@code 10xxxxxx} bytes (6 bits
 * of length), {@code 110xxxxx} a signed integer of 13 bits, {@code 1110xxxx} bytes (12 bits), {@code F0} bytes (32
 * bits), {@code F1} to {@code F4} a signed integer of 2, 3, 4, 8 bytes. Lengths of several bytes and 13-bit integers
 * are big endian behind the first byte, everything else little endian. Strings that look like integers are kept as
 * such.
 *
 * <p>Reading methods take an array and where the sequence begins in it, and name an element by its distance from there:
 * a position stays right when the bytes move to another place.
 */
public final class Listpack {
    /** Size of a sequence without elements. */
    public static final int EMPTY_BYTES = 7;
    /** No element. */
    public static final int NONE = -1;

    private static final int HEADER_BYTES = 6;
    private static final int COUNT_UNKNOWN = 0xFFFF;
    private static final int END = 0xFF;
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Listpack() {}

    // ---- Reading ----

    /** Writes a sequence without elements. */
    public static void writeEmpty(byte[] buffer, int start) {
        INT.set(buffer, start, EMPTY_BYTES);
        SHORT.set(buffer, start + 4, (short) 0);
        buffer[start + HEADER_BYTES] = (byte) END;
    }

    /** Size of the whole. */
    public static int bytes(byte[] buffer, int start) {
        return (int) INT.get(buffer, start);
    }

    /** Number of elements. Constant time below 65,535. */
    public static int count(byte[] buffer, int start) {
        int count = (short) SHORT.get(buffer, start + 4) & 0xFFFF;
        if (count != COUNT_UNKNOWN) {
            return count;
        }
        count = 0;
        for (int at = first(buffer, start); at != NONE; at = next(buffer, start, at)) {
            count++;
        }
        return count;
    }

    /** Position of the first element, or {@link #NONE}. */
    public static int first(byte[] buffer, int start) {
        return (buffer[start + HEADER_BYTES] & 0xFF) == END ? NONE : HEADER_BYTES;
    }

    /** Position of the last element, or {@link #NONE}. */
    public static int last(byte[] buffer, int start) {
        return previous(buffer, start, bytes(buffer, start) - 1);
    }

    /** Position behind an element, or {@link #NONE}. */
    public static int next(byte[] buffer, int start, int at) {
        int next = at + size(buffer, start, at);
        return (buffer[start + next] & 0xFF) == END ? NONE : next;
    }

    /** Position before an element or the end mark, or {@link #NONE}. */
    public static int previous(byte[] buffer, int start, int at) {
        if (at == HEADER_BYTES) {
            return NONE;
        }
        int from = start + at - 1;
        int size = buffer[from] & 0x7F;
        for (int shift = 7; (buffer[from] & 0x80) != 0; shift += 7) {
            size |= (buffer[--from] & 0x7F) << shift;
        }
        return at - size - sizeOfSize(size);
    }

    /** Position of the element with an index, from the end if negative; or {@link #NONE}. */
    public static int at(byte[] buffer, int start, int index) {
        int count = (short) SHORT.get(buffer, start + 4) & 0xFFFF;
        if (count == COUNT_UNKNOWN) {
            count = count(buffer, start);
        }
        int wanted = index < 0 ? index + count : index;
        if (wanted < 0 || wanted >= count) {
            return NONE;
        }
        int at;
        if (wanted <= count >> 1) {
            at = HEADER_BYTES;
            for (int i = 0; i < wanted; i++) {
                at += size(buffer, start, at);
            }
        } else {
            at = last(buffer, start);
            for (int i = count - 1; i > wanted; i--) {
                at = previous(buffer, start, at);
            }
        }
        return at;
    }

    /** Shows an element. */
    public static void get(byte[] buffer, int start, int at, Element into) {
        int from = start + at;
        int first = buffer[from] & 0xFF;
        if (first < 0x80) {
            into.setInteger(first);
        } else if (first < 0xC0) {
            into.set(buffer, from + 1, first & 0x3F);
        } else if (first < 0xE0) {
            into.setInteger(thirteenBits(buffer, from, first));
        } else if (first < 0xF0) {
            into.set(buffer, from + 2, (first & 0x0F) << 8 | buffer[from + 1] & 0xFF);
        } else {
            switch (first) {
                case 0xF0 -> into.set(buffer, from + 5, (int) INT.get(buffer, from + 1));
                case 0xF1 -> into.setInteger((short) SHORT.get(buffer, from + 1));
                case 0xF2 -> into.setInteger(threeBytes(buffer, from + 1));
                case 0xF3 -> into.setInteger((int) INT.get(buffer, from + 1));
                case 0xF4 -> into.setInteger((long) LONG.get(buffer, from + 1));
                default -> throw new IllegalStateException("no element begins with " + first);
            }
        }
    }

    /** Whether the element equals another. */
    public static boolean matches(byte[] buffer, int start, int at, Element other) {
        int from = start + at;
        int first = buffer[from] & 0xFF;
        if (first >= 0x80 && first < 0xC0) {
            return other.equals(buffer, from + 1, first & 0x3F);
        }
        if (first >= 0xE0 && first < 0xF0) {
            return other.equals(buffer, from + 2, (first & 0x0F) << 8 | buffer[from + 1] & 0xFF);
        }
        if (first == 0xF0) {
            return other.equals(buffer, from + 5, (int) INT.get(buffer, from + 1));
        }
        return other.isInteger() && other.integer() == integer(buffer, from, first);
    }

    private static long integer(byte[] buffer, int from, int first) {
        if (first < 0x80) {
            return first;
        }
        if (first < 0xE0) {
            return thirteenBits(buffer, from, first);
        }
        return switch (first) {
            case 0xF1 -> (short) SHORT.get(buffer, from + 1);
            case 0xF2 -> threeBytes(buffer, from + 1);
            case 0xF3 -> (int) INT.get(buffer, from + 1);
            case 0xF4 -> (long) LONG.get(buffer, from + 1);
            default -> throw new IllegalStateException("no integer begins with " + first);
        };
    }

    private static int threeBytes(byte[] buffer, int from) {
        return (short) SHORT.get(buffer, from) & 0xFFFF | buffer[from + 2] << 16;
    }

    private static int thirteenBits(byte[] buffer, int from, int first) {
        return ((first << 8 | buffer[from + 1] & 0xFF) << 19) >> 19;
    }

    /**
     * Finds an element.
     *
     * @param from where to begin, or {@link #NONE}
     * @param step every how manieth element is looked at: 2 for the fields of a hash
     * @return its position, or {@link #NONE}
     */
    public static int find(byte[] buffer, int start, int from, int step, Element wanted) {
        int at = from;
        while (at != NONE) {
            if (matches(buffer, start, at, wanted)) {
                return at;
            }
            for (int i = 0; i < step && at != NONE; i++) {
                at = next(buffer, start, at);
            }
        }
        return NONE;
    }

    /** Size of an element with everything that belongs to it. */
    public static int size(byte[] buffer, int start, int at) {
        int size = dataSize(buffer, start + at);
        return size + sizeOfSize(size);
    }

    /** Size of an element alone, without its size behind it. */
    public static int dataSize(byte[] buffer, int from) {
        int first = buffer[from] & 0xFF;
        if (first < 0x80) {
            return 1;
        }
        if (first < 0xC0) {
            return 1 + (first & 0x3F);
        }
        if (first < 0xE0) {
            return 2;
        }
        if (first < 0xF0) {
            return 2 + ((first & 0x0F) << 8 | buffer[from + 1] & 0xFF);
        }
        return switch (first) {
            case 0xF0 -> 5 + (int) INT.get(buffer, from + 1);
            case 0xF1 -> 3;
            case 0xF2 -> 4;
            case 0xF3 -> 5;
            case 0xF4 -> 9;
            default -> throw new IllegalStateException("no element begins with " + first);
        };
    }

    private static int sizeOfSize(int size) {
        return size < 1 << 7 ? 1 : size < (1 << 14) - 1 ? 2 : size < (1 << 21) - 1 ? 3 : size < (1 << 28) - 1 ? 4 : 5;
    }

    /** Sends every element to a sink. */
    static void sendElements(byte[] buffer, int start, ValueSink sink) {
        var element = new Element();
        for (int at = first(buffer, start); at != NONE; at = next(buffer, start, at)) {
            get(buffer, start, at, element);
            sink.element(element);
        }
    }

    // ---- Changing ----

    /** Size that an element will have. */
    public static int sizeOf(Element element) {
        int size = dataSize(element);
        return size + sizeOfSize(size);
    }

    /** Size of an element alone, without its size behind it: how tables keep their members. */
    public static int dataSize(Element element) {
        if (element.isInteger()) {
            long value = element.integer();
            if (value >= 0 && value < 128) {
                return 1;
            }
            if (value >= -4096 && value < 4096) {
                return 2;
            }
            if (value == (short) value) {
                return 3;
            }
            if (value >= -(1 << 23) && value < 1 << 23) {
                return 4;
            }
            return value == (int) value ? 5 : 9;
        }
        int length = element.length();
        return length < 1 << 6 ? 1 + length : length < 1 << 12 ? 2 + length : 5 + length;
    }

    /**
     * Writes an element into a free place; returns the place behind it. Neither size nor count of the sequence change.
     * The element's bytes must not lie in the array's part that is written.
     */
    public static int write(byte[] buffer, int from, Element element) {
        int size = dataSize(element);
        writeData(buffer, from, element);
        int behind = from + size;
        int sizeBytes = sizeOfSize(size);
        int rest = size;
        for (int i = sizeBytes - 1; i >= 0; i--) {
            buffer[behind + i] = (byte) (rest & 0x7F | (i == 0 ? 0 : 0x80));
            rest >>= 7;
        }
        return behind + sizeBytes;
    }

    /** Writes an element alone, without its size behind it; returns the place behind it. */
    public static int writeData(byte[] buffer, int from, Element element) {
        int size = dataSize(element);
        if (element.isInteger()) {
            writeInteger(buffer, from, element.integer(), size);
        } else {
            int length = element.length();
            int dataFrom = from + size - length;
            if (length < 1 << 6) {
                buffer[from] = (byte) (0x80 | length);
            } else if (length < 1 << 12) {
                buffer[from] = (byte) (0xE0 | length >> 8);
                buffer[from + 1] = (byte) length;
            } else {
                buffer[from] = (byte) 0xF0;
                INT.set(buffer, from + 1, length);
            }
            System.arraycopy(element.buffer(), element.offset(), buffer, dataFrom, length);
        }
        return from + size;
    }

    private static void writeInteger(byte[] buffer, int from, long value, int size) {
        switch (size) {
            case 1 -> buffer[from] = (byte) value;
            case 2 -> {
                buffer[from] = (byte) (0xC0 | value >> 8 & 0x1F);
                buffer[from + 1] = (byte) value;
            }
            case 3 -> {
                buffer[from] = (byte) 0xF1;
                SHORT.set(buffer, from + 1, (short) value);
            }
            case 4 -> {
                buffer[from] = (byte) 0xF2;
                SHORT.set(buffer, from + 1, (short) value);
                buffer[from + 3] = (byte) (value >> 16);
            }
            case 5 -> {
                buffer[from] = (byte) 0xF3;
                INT.set(buffer, from + 1, (int) value);
            }
            default -> {
                buffer[from] = (byte) 0xF4;
                LONG.set(buffer, from + 1, value);
            }
        }
    }

    /** Inserts an element before the one at a position; at {@code bytes - 1} (the end mark) it appends. */
    public static void insert(PackedHome home, int at, Element element) {
        insert(home, at, element, null);
    }

    /** Inserts one element or two, one after the other. */
    public static void insert(
            PackedHome home, int at, Element first, @org.jspecify.annotations.Nullable Element second) {
        int size = sizeOf(first);
        int sizes = size + (second == null ? 0 : sizeOf(second));
        home.splice(at, 0, sizes);
        int from = write(home.buffer(), home.start() + at, first);
        if (second != null) {
            write(home.buffer(), from, second);
        }
        changeHeader(home, second == null ? 1 : 2);
    }

    /** Appends one element or two. */
    public static void append(PackedHome home, Element first, @org.jspecify.annotations.Nullable Element second) {
        insert(home, home.length() - 1, first, second);
    }

    /** Puts an element in the place of another. */
    public static void replace(PackedHome home, int at, Element element) {
        home.splice(at, size(home.buffer(), home.start(), at), sizeOf(element));
        write(home.buffer(), home.start() + at, element);
        changeHeader(home, 0);
    }

    /** Puts a whole sequence, which lies elsewhere, in the place of what is there. */
    static void replaceAll(PackedHome home, byte[] sequence, int bytes) {
        home.splice(0, home.length(), bytes);
        System.arraycopy(sequence, 0, home.buffer(), home.start(), bytes);
    }

    /** Removes elements from a position on. */
    public static void remove(PackedHome home, int at, int elements) {
        int end = at;
        for (int i = 0; i < elements; i++) {
            end += size(home.buffer(), home.start(), end);
        }
        home.splice(at, end - at, 0);
        changeHeader(home, -elements);
    }

    /**
     * Removes elements that equal one.
     *
     * @param most how many at most
     * @param backwards whether to begin at the end
     * @return how many
     */
    static int removeEqual(PackedHome home, Element wanted, long most, boolean backwards) {
        byte[] buffer = home.buffer();
        int start = home.start();
        int at = backwards ? last(buffer, start) : first(buffer, start);
        int removed = 0;
        while (at != NONE && removed < most) {
            if (!matches(buffer, start, at, wanted)) {
                at = backwards ? previous(buffer, start, at) : next(buffer, start, at);
                continue;
            }
            // Neighbours that are equal go together, since each removal moves what stands behind.
            int from = at;
            int to = at + size(buffer, start, at);
            int run = 1;
            int beside = backwards ? previous(buffer, start, from) : next(buffer, start, at);
            while (beside != NONE && removed + run < most && matches(buffer, start, beside, wanted)) {
                run++;
                if (backwards) {
                    from = beside;
                    beside = previous(buffer, start, from);
                } else {
                    to = beside + size(buffer, start, beside);
                    beside = next(buffer, start, beside);
                }
            }
            home.splice(from, to - from, 0);
            changeHeader(home, -run);
            removed += run;
            buffer = home.buffer();
            start = home.start();
            at = backwards ? beside : (buffer[start + from] & 0xFF) == END ? NONE : from;
        }
        return removed;
    }

    /** Sets size and count after a splice at a place; {@code added} elements are there more than before. */
    static void changeHeader(PackedHome home, int added) {
        byte[] buffer = home.buffer();
        int start = home.start();
        INT.set(buffer, start, home.length());
        int count = (short) SHORT.get(buffer, start + 4) & 0xFFFF;
        if (count == COUNT_UNKNOWN) {
            if (added >= 0) {
                return;
            }
            count = count(buffer, start) - added; // Counted behind the removal.
        }
        SHORT.set(buffer, start + 4, (short) Math.min(count + added, COUNT_UNKNOWN));
    }

    /**
     * {@link PackedHome#splice} for a sequence that is a block of an arena.
     *
     * @return the handle of the block from now on
     */
    static int spliceBlock(Arena arena, int handle, int offset, int removed, int added) {
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        int length = bytes(chunk, base);
        int newLength = length - removed + added;
        int rest = length - offset - removed;
        if (Arena.usableBytes(newLength) == Arena.usableBytes(length) && !arena.isFrozen(handle)) {
            System.arraycopy(chunk, base + offset + removed, chunk, base + offset + added, rest);
            setBytes(chunk, base, newLength);
            return handle;
        }
        int newHandle;
        try {
            newHandle = arena.allocate(newLength);
        } catch (ArenaFullException full) {
            if (newLength > length || !arena.isTrimmable(handle, length)) {
                throw full;
            }
            // Who removes something must not fail for want of memory.
            System.arraycopy(chunk, base + offset + removed, chunk, base + offset + added, rest);
            setBytes(chunk, base, newLength);
            arena.trim(handle, length, newLength);
            return handle;
        }
        byte[] newChunk = arena.chunk(newHandle);
        int newBase = arena.offset(newHandle);
        System.arraycopy(chunk, base, newChunk, newBase, offset);
        System.arraycopy(chunk, base + offset + removed, newChunk, newBase + offset + added, rest);
        setBytes(newChunk, newBase, newLength);
        arena.free(handle, length);
        return newHandle;
    }

    /** Sets what the header says of the size. */
    static void setBytes(byte[] buffer, int start, int bytes) {
        INT.set(buffer, start, bytes);
    }

    static void writeHeader(byte[] buffer, int start, int bytes, int count) {
        INT.set(buffer, start, bytes);
        SHORT.set(buffer, start + 4, (short) Math.min(count, COUNT_UNKNOWN));
    }

    /** Ends a sequence at a position. */
    static void writeEnd(byte[] buffer, int start, int at, int count) {
        buffer[start + at] = (byte) END;
        writeHeader(buffer, start, at + 1, count);
    }

    // ---- Proving ----

    /**
     * Whether bytes from outside are a sequence in which every method of this class keeps within the array.
     *
     * @return the number of elements, or -1
     */
    public static int validate(byte[] buffer, int start, int length) {
        if (length < EMPTY_BYTES || bytes(buffer, start) != length || (buffer[start + length - 1] & 0xFF) != END) {
            return -1;
        }
        int count = 0;
        int at = HEADER_BYTES;
        int end = length - 1;
        while (at < end) {
            long size = provenDataSize(buffer, start + at, end - at);
            if (size < 0 || size + sizeOfSize((int) size) > end - at) {
                return -1;
            }
            int next = at + (int) size + sizeOfSize((int) size);
            if (previous(buffer, start, next) != at) {
                return -1;
            }
            at = next;
            count++;
        }
        int stated = (short) SHORT.get(buffer, start + 4) & 0xFFFF;
        return stated == COUNT_UNKNOWN || stated == count ? count : -1;
    }

    private static long provenDataSize(byte[] buffer, int from, int room) {
        int first = buffer[from] & 0xFF;
        if (first > 0xF4) {
            return -1;
        }
        int header = first < 0xC0 ? 1 : first < 0xF0 ? 2 : first == 0xF0 ? 5 : 1;
        if (header > room) {
            return -1;
        }
        if (first == 0xF0) {
            int length = (int) INT.get(buffer, from + 1);
            return length < 0 || length > room - 5 ? -1 : 5L + length;
        }
        int size = dataSize(buffer, from);
        return size > room ? -1 : size;
    }

    /** Compares two arrays' parts as bytes without sign. */
    static int compare(byte[] a, int aFrom, int aLength, byte[] b, int bFrom, int bLength) {
        return Arrays.compareUnsigned(a, aFrom, aFrom + aLength, b, bFrom, bFrom + bLength);
    }
}
