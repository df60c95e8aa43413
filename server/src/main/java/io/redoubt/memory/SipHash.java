package io.redoubt.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * SipHash-1-3 with a secret key: 64 bits that a stranger can neither predict nor make collide. Immutable.
 *
 * @see <a href="https://cr.yp.to/siphash/siphash-20120918.pdf">SipHash: a fast short-input PRF</a>
 */
public final class SipHash {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final long k0;
    private final long k1;

    /**
     * Takes the two halves of the 128-bit key.
     *
     * @param k0 bytes 0 to 7 of the key, little-endian
     * @param k1 bytes 8 to 15 of the key, little-endian
     */
    public SipHash(long k0, long k1) {
        this.k0 = k0;
        this.k1 = k1;
    }

    /** Returns the hash of {@code length} bytes from {@code offset} on. */
    public long hash(byte[] bytes, int offset, int length) {
        long v0 = k0 ^ 0x736f6d6570736575L;
        long v1 = k1 ^ 0x646f72616e646f6dL;
        long v2 = k0 ^ 0x6c7967656e657261L;
        long v3 = k1 ^ 0x7465646279746573L;
        int wordsEnd = offset + (length & ~7);
        for (int position = offset; ; position += 8) {
            boolean isLast = position == wordsEnd;
            long word = isLast ? lastWord(bytes, position, length) : (long) LONG.get(bytes, position);
            v3 ^= word;
            v0 += v1;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v3;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= word;
            if (isLast) {
                break;
            }
        }
        v2 ^= 0xff;
        for (int i = 0; i < 3; i++) {
            v0 += v1;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v3;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v2 = Long.rotateLeft(v2, 32);
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }

    /** Returns the 0 to 7 bytes that are left, below the length's lowest byte. */
    private static long lastWord(byte[] bytes, int position, int length) {
        int count = length & 7;
        if (position + 8 <= bytes.length) {
            // Reads past the input, but within the array: faster than byte by byte.
            return (long) LONG.get(bytes, position) & (1L << 8 * count) - 1 | (long) length << 56;
        }
        long word = (long) length << 56;
        for (int i = count - 1; i >= 0; i--) {
            word |= (bytes[position + i] & 0xffL) << 8 * i;
        }
        return word;
    }
}
