package io.redoubt.persist;

import io.redoubt.type.Element;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads the elements of a ziplist, which older versions of Redis wrote where newer ones write a listpack. Ten bytes of
 * header, then for each element the size of the one before (1 or 5 bytes), what it is, its data; then 0xFF. Bytes from
 * outside: every step stays within the array, or says that they are damaged.
 */
final class Ziplist {
    private static final int HEADER_BYTES = 10;
    private static final int END = 0xFF;
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] bytes;
    private int position = HEADER_BYTES;
    private boolean isDamaged;

    Ziplist(byte[] bytes) {
        this.bytes = bytes;
        isDamaged = bytes.length <= HEADER_BYTES || (int) INTS.get(bytes, 0) != bytes.length;
    }

    /** The number of elements as stated, at most 65535. */
    int statedCount() {
        return isDamaged ? 0 : (short) SHORTS.get(bytes, 8) & 0xFFFF;
    }

    /** Whether something was wrong, so far. */
    boolean isDamaged() {
        return isDamaged;
    }

    private boolean fail() {
        isDamaged = true;
        return false;
    }

    private boolean has(int count) {
        return count >= 0 && count <= bytes.length - 1 - position;
    }

    /** Shows the next element; false at the end or where it is damaged. */
    boolean next(Element into) {
        if (isDamaged) {
            return false;
        }
        int first = bytes[position] & 0xFF;
        if (first == END) {
            return position == bytes.length - 1 ? false : fail();
        }
        int sizeBytes = first == 0xFE ? 5 : 1;
        if (!has(sizeBytes + 1)) {
            return fail();
        }
        position += sizeBytes;
        int kind = bytes[position] & 0xFF;
        return kind < 0xC0 ? text(kind, into) : integer(kind, into);
    }

    private boolean text(int kind, Element into) {
        int header = kind < 0x40 ? 1 : kind < 0x80 ? 2 : 5;
        if (!has(header)) {
            return fail();
        }
        int length = switch (header) {
            case 1 -> kind;
            case 2 -> (kind & 0x3F) << 8 | bytes[position + 1] & 0xFF;
            default -> Integer.reverseBytes((int) INTS.get(bytes, position + 1));
        };
        position += header;
        if (!has(length)) {
            return fail();
        }
        into.set(bytes, position, length);
        position += length;
        return true;
    }

    private boolean integer(int kind, Element into) {
        int size = switch (kind) {
            case 0xC0 -> 2;
            case 0xD0 -> 4;
            case 0xE0 -> 8;
            case 0xF0 -> 3;
            case 0xFE -> 1;
            default -> kind > 0xF0 && kind < 0xFE ? 0 : -1;
        };
        position++;
        if (!has(size)) {
            return fail();
        }
        into.setInteger(
                switch (size) {
                    case 0 -> kind - 0xF1;
                    case 1 -> bytes[position];
                    case 2 -> (short) SHORTS.get(bytes, position);
                    case 3 -> (short) SHORTS.get(bytes, position) & 0xFFFF | bytes[position + 2] << 16;
                    case 4 -> (int) INTS.get(bytes, position);
                    default -> (long) LONGS.get(bytes, position);
                });
        position += size;
        return true;
    }
}
