package io.redoubt.command;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * XXH3 with 64 bits, seed 0 and the standard secret: the digest of DIGEST, IFDEQ and IFDNE. It is no cryptographic
 * hash: whoever learns the digest of a short value can guess the value.
 *
 * @see <a href="https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md">the specification</a>
 */
final class Xxh3 {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final byte[] SECRET = HexFormat.of()
            .parseHex("b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
                    + "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
                    + "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
                    + "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
                    + "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
                    + "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e");
    private static final long PRIME32_1 = 0x9E3779B1L;
    private static final long PRIME32_2 = 0x85EBCA77L;
    private static final long PRIME32_3 = 0xC2B2AE3DL;
    private static final long PRIME64_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME64_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long PRIME64_3 = 0x165667B19E3779F9L;
    private static final long PRIME64_4 = 0x85EBCA77C2B2AE63L;
    private static final long PRIME64_5 = 0x27D4EB2F165667C5L;
    private static final long MIX_1 = 0x165667919E3779F9L;
    private static final long MIX_2 = 0x9FB21C651E98DF25L;
    private static final int STRIPE = 64;
    private static final int STRIPES_PER_BLOCK = (192 - STRIPE) / 8;

    private Xxh3() {}

    /** Returns the hash of some bytes. */
    static long hash(byte[] bytes, int from, int length) {
        if (length <= 16) {
            return hashUpTo16(bytes, from, length);
        }
        if (length <= 128) {
            return hashUpTo128(bytes, from, length);
        }
        return length <= 240 ? hashUpTo240(bytes, from, length) : hashLong(bytes, from, length);
    }

    private static long longAt(byte[] bytes, int at) {
        return (long) LONGS.get(bytes, at);
    }

    private static long intAt(byte[] bytes, int at) {
        return (int) INTS.get(bytes, at) & 0xFFFFFFFFL;
    }

    private static long fold(long a, long b) {
        return a * b ^ Math.unsignedMultiplyHigh(a, b);
    }

    private static long avalanche(long hash) {
        long mixed = (hash ^ hash >>> 37) * MIX_1;
        return mixed ^ mixed >>> 32;
    }

    private static long avalancheShort(long hash) {
        long mixed = (hash ^ hash >>> 33) * PRIME64_2;
        mixed = (mixed ^ mixed >>> 29) * PRIME64_3;
        return mixed ^ mixed >>> 32;
    }

    private static long hashUpTo16(byte[] bytes, int from, int length) {
        if (length > 8) {
            long low = longAt(bytes, from) ^ longAt(SECRET, 24) ^ longAt(SECRET, 32);
            long high = longAt(bytes, from + length - 8) ^ longAt(SECRET, 40) ^ longAt(SECRET, 48);
            return avalanche(length + Long.reverseBytes(low) + high + fold(low, high));
        }
        if (length > 3) {
            long joined = intAt(bytes, from + length - 4) + (intAt(bytes, from) << 32);
            long hash = joined ^ longAt(SECRET, 8) ^ longAt(SECRET, 16);
            hash ^= Long.rotateLeft(hash, 49) ^ Long.rotateLeft(hash, 24);
            hash *= MIX_2;
            hash ^= (hash >>> 35) + length;
            hash *= MIX_2;
            return hash ^ hash >>> 28;
        }
        if (length > 0) {
            long first = bytes[from] & 0xFF;
            long middle = bytes[from + (length >> 1)] & 0xFF;
            long last = bytes[from + length - 1] & 0xFF;
            long joined = first << 16 | middle << 24 | last | (long) length << 8;
            return avalancheShort(joined ^ intAt(SECRET, 0) ^ intAt(SECRET, 4));
        }
        return avalancheShort(longAt(SECRET, 56) ^ longAt(SECRET, 64));
    }

    private static long mix16(byte[] bytes, int at, int secretAt) {
        return fold(longAt(bytes, at) ^ longAt(SECRET, secretAt), longAt(bytes, at + 8) ^ longAt(SECRET, secretAt + 8));
    }

    private static long hashUpTo128(byte[] bytes, int from, int length) {
        long hash = length * PRIME64_1;
        int end = from + length;
        for (int pair = (length - 1) / 32; pair >= 0; pair--) {
            hash += mix16(bytes, from + 16 * pair, 32 * pair);
            hash += mix16(bytes, end - 16 * (pair + 1), 32 * pair + 16);
        }
        return avalanche(hash);
    }

    private static long hashUpTo240(byte[] bytes, int from, int length) {
        long hash = length * PRIME64_1;
        for (int i = 0; i < 8; i++) {
            hash += mix16(bytes, from + 16 * i, 16 * i);
        }
        hash = avalanche(hash);
        for (int i = 8; i < length / 16; i++) {
            hash += mix16(bytes, from + 16 * i, 16 * (i - 8) + 3);
        }
        return avalanche(hash + mix16(bytes, from + length - 16, 136 - 17));
    }

    private static long hashLong(byte[] bytes, int from, int length) {
        long[] sums = {PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1};
        int stripeCount = (length - 1) / STRIPE; // The last stripe ends with the input and is added by itself.
        for (int i = 0; i < stripeCount; i++) {
            int inBlock = i % STRIPES_PER_BLOCK;
            accumulate(sums, bytes, from + i * STRIPE, 8 * inBlock);
            if (inBlock == STRIPES_PER_BLOCK - 1) {
                scramble(sums);
            }
        }
        accumulate(sums, bytes, from + length - STRIPE, SECRET.length - STRIPE - 7);
        long hash = length * PRIME64_1;
        for (int i = 0; i < 4; i++) {
            hash += fold(sums[2 * i] ^ longAt(SECRET, 11 + 16 * i), sums[2 * i + 1] ^ longAt(SECRET, 19 + 16 * i));
        }
        return avalanche(hash);
    }

    private static void accumulate(long[] sums, byte[] bytes, int at, int secretAt) {
        for (int i = 0; i < 8; i++) {
            long value = longAt(bytes, at + 8 * i);
            long keyed = value ^ longAt(SECRET, secretAt + 8 * i);
            sums[i ^ 1] += value;
            sums[i] += (keyed & 0xFFFFFFFFL) * (keyed >>> 32);
        }
    }

    private static void scramble(long[] sums) {
        for (int i = 0; i < 8; i++) {
            sums[i] = (sums[i] ^ sums[i] >>> 47 ^ longAt(SECRET, SECRET.length - STRIPE + 8 * i)) * PRIME32_1;
        }
    }
}
