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
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

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
        int position = offset;
        int wordsEnd = offset + (length & ~7);
        long word = 0;
        // The last word (0 to 7 bytes and the length) and the three closing rounds share the body of the loop, so that
        // the round is written, and inlined, once.
        for (int closing = -1; closing < 3; ) {
            if (position < wordsEnd) {
                word = (long) LONG.get(bytes, position);
                position += 8;
            } else if (closing < 0) {
                word = lastWord(bytes, position, length);
                closing = 0;
            } else {
                if (closing == 0) {
                    v2 ^= 0xff;
                }
                word = 0;
                closing++;
            }
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
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static long lastWord(byte[] bytes, int position, int length) {
        long word = (long) length << 56;
        for (int i = (length & 7) - 1; i >= 0; i--) {
            word |= (bytes[position + i] & 0xffL) << (8 * i);
        }
        return word;
    }
}
