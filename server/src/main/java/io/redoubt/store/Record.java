package io.redoubt.store;

import io.redoubt.memory.Arena;
import io.redoubt.type.Encoding;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The layout of a record in its arena, little endian:
 * <pre>
 *  +0  encoding (8 bits) | last access (24 bits)
 *  +4  key length (8 bits, 255: it stands at +8) | value length (24 bits)
 * [+8  key length (32 bits), only for keys of 255 bytes and more]
 *      key
 *      value: the bytes of a string; 8 bytes of an integer; packed elements; 4 bytes of an index for a large value
 * </pre>
 * A record is addressed by a handle; its chunk and offset are looked up once per access.
 */
final class Record {
    static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final int LONG_KEY = 255;
    /** Strings of this size and more have an array of their own. */
    static final int LARGE = Encoding.LARGE_MIN;
    /** Most bytes that a value can have in its record: its length has 24 bits. */
    static final int VALUE_BYTES_MAX = (1 << 24) - 1;

    private Record() {}

    static int encoding(byte[] chunk, int base) {
        return chunk[base];
    }

    static int access(byte[] chunk, int base) {
        return (int) INTS.get(chunk, base) >>> 8;
    }

    static void setAccess(byte[] chunk, int base, int access) {
        INTS.set(chunk, base, access << 8 | chunk[base] & 0xFF);
    }

    static int keyLength(byte[] chunk, int base) {
        int length = chunk[base + 4] & 0xFF;
        return length < LONG_KEY ? length : (int) INTS.get(chunk, base + 8);
    }

    static int keyStart(byte[] chunk, int base) {
        return (chunk[base + 4] & 0xFF) < LONG_KEY ? base + 8 : base + 12;
    }

    static int valueLength(byte[] chunk, int base) {
        return (int) INTS.get(chunk, base + 4) >>> 8;
    }

    static int valueStart(byte[] chunk, int base) {
        return keyStart(chunk, base) + keyLength(chunk, base);
    }

    /** Bytes of a record for a key and the bytes that its value takes in the record. */
    static int size(int keyLength, int valueLength) {
        return Math.addExact(keyLength < LONG_KEY ? 8 : 12, Math.addExact(keyLength, valueLength));
    }

    static int size(byte[] chunk, int base) {
        return size(keyLength(chunk, base), valueLength(chunk, base));
    }

    static void writeHeader(byte[] chunk, int base, int encoding, int access, int keyLength, int valueLength) {
        INTS.set(chunk, base, access << 8 | encoding);
        INTS.set(chunk, base + 4, Math.min(keyLength, LONG_KEY) | valueLength << 8);
        if (keyLength >= LONG_KEY) {
            INTS.set(chunk, base + 8, keyLength);
        }
    }

    static void setEncoding(byte[] chunk, int base, int encoding) {
        chunk[base] = (byte) encoding;
    }

    static void setValueLength(byte[] chunk, int base, int length) {
        INTS.set(chunk, base + 4, length << 8 | chunk[base + 4] & 0xFF);
    }

    static boolean keyEquals(Arena arena, int handle, byte[] key, int offset, int length) {
        byte[] chunk = arena.chunk(handle);
        int base = arena.offset(handle);
        if (keyLength(chunk, base) != length) {
            return false;
        }
        int start = length < LONG_KEY ? base + 8 : base + 12;
        return Arrays.equals(chunk, start, start + length, key, offset, offset + length);
    }
}
