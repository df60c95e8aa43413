package io.redoubt.persist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * LZF, the compression of long strings in RDB. An instance compresses, one string after the other; it is not
 * thread-safe. Decompression needs no instance.
 *
 * <p>The format is a sequence of items. A control byte below 32 announces that many plus one literal bytes. Any other
 * control byte is a copy of bytes already written: the top three bits are the length minus two (7: the next byte is
 * added), the low five bits and the last byte of the item are the distance minus one.
 *
 * <p>The compressor is greedy: one table remembers the latest position of each hash of three bytes. Which copies it
 * finds is up to a compressor, but ours chooses as Redis's does (hash, limits, positions entered into the table), so
 * that files can be compared byte for byte.
 *
 * <p>The table is not cleared between strings. Positions are stored plus a base that grows with each string, and
 * whatever lies below the base of the current string is stale.
 */
public final class Lzf {

    /** No item makes more of its bytes: three of them copy at most 264, which bounds what a short input may claim. */
    static final int EXPANSION_MAX = 88;

    private static final int HASH_BITS = 16;
    private static final int DISTANCE_MAX = 1 << 13;
    private static final int COPY_MAX = (1 << 8) + (1 << 3);
    private static final int LITERALS_MAX = 1 << 5;
    private static final int LONG_COPY = 7;

    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final int[] positionsByHash = new int[1 << HASH_BITS];
    private int base = 1;

    /**
     * Compresses into a given space.
     *
     * @return bytes written, or 0 when the result does not fit {@code outLength} (up to 4 bytes may stay unused, as in
     *     Redis)
     */
    public int compress(byte[] in, int inOffset, int inLength, byte[] out, int outOffset, int outLength) {
        if (inLength == 0 || outLength <= 0) {
            return 0;
        }
        if (base > Integer.MAX_VALUE - inLength - 1) {
            Arrays.fill(positionsByHash, 0);
            base = 1;
        }
        int written = compressAboveBase(in, inOffset, inLength, out, outOffset, outLength);
        base += inLength;
        return written;
    }

    private int compressAboveBase(byte[] in, int inOffset, int inLength, byte[] out, int outOffset, int outLength) {
        int inEnd = inOffset + inLength;
        int outEnd = outOffset + outLength;
        int lastHashed = inEnd - 3;
        int toTable = base - inOffset; // Added to a position in `in`, it gives what the table stores.
        int position = inOffset;
        int run = outOffset; // Where the control byte of the open run of literals will be.
        int literals = 0;
        while (position <= lastHashed) {
            int three = three(in, position);
            int slot = hash(three);
            int candidate = positionsByHash[slot] - toTable;
            positionsByHash[slot] = position + toTable;
            // The first byte of a string is never the start of a copy: this is Redis's choice.
            int distance = position - candidate - 1;
            if (candidate <= inOffset || distance >= DISTANCE_MAX || three(in, candidate) != three) {
                if (run + 1 + literals >= outEnd) {
                    return 0;
                }
                out[run + 1 + literals] = in[position++];
                if (++literals == LITERALS_MAX) {
                    out[run] = LITERALS_MAX - 1;
                    run += 1 + LITERALS_MAX;
                    literals = 0;
                }
                continue;
            }
            int next = literals == 0 ? run : run + 1 + literals; // An empty run leaves no control byte.
            if (next + 4 >= outEnd) {
                return 0;
            }
            if (literals > 0) {
                out[run] = (byte) (literals - 1);
            }
            int length = matchLength(in, candidate, position, inEnd);
            int encoded = length - 2;
            if (encoded < LONG_COPY) {
                out[next++] = (byte) ((distance >> 8) + (encoded << 5));
            } else {
                out[next++] = (byte) ((distance >> 8) + (LONG_COPY << 5));
                out[next++] = (byte) (encoded - LONG_COPY);
            }
            out[next++] = (byte) distance;
            run = next;
            literals = 0;
            position += length;
            if (position > lastHashed) {
                break;
            }
            // Of the positions inside a copy only the last two are entered.
            positionsByHash[hash(three(in, position - 2))] = position - 2 + toTable;
            positionsByHash[hash(three(in, position - 1))] = position - 1 + toTable;
        }
        return finish(in, position, inEnd, out, outOffset, outEnd, run, literals);
    }

    /** Writes the last bytes, too few to be hashed, as literals; returns the total. */
    private static int finish(
            byte[] in, int from, int inEnd, byte[] out, int outOffset, int outEnd, int openRun, int openLiterals) {
        int run = openRun;
        int literals = openLiterals;
        if (run + 1 + literals + 3 > outEnd) {
            return 0;
        }
        for (int position = from; position < inEnd; position++) {
            out[run + 1 + literals] = in[position];
            if (++literals == LITERALS_MAX) {
                out[run] = LITERALS_MAX - 1;
                run += 1 + LITERALS_MAX;
                literals = 0;
            }
        }
        if (literals == 0) {
            return run - outOffset;
        }
        out[run] = (byte) (literals - 1);
        return run + 1 + literals - outOffset;
    }

    /** Three bytes, the first above; read as four where there are so many. */
    private static int three(byte[] in, int position) {
        if (position < in.length - 3) {
            return (int) INTS.get(in, position) >>> 8;
        }
        return (in[position] & 0xff) << 16 | (in[position + 1] & 0xff) << 8 | in[position + 2] & 0xff;
    }

    private static int hash(int three) {
        return (three >>> 24 - HASH_BITS) - three * 5 & (1 << HASH_BITS) - 1;
    }

    private static int matchLength(byte[] in, int candidate, int position, int inEnd) {
        int most = Math.min(inEnd - position - 2, COPY_MAX);
        // Redis stops a copy two bytes before the end, but looks at 16 further bytes first when there is room for them.
        most = most > 16 ? Math.max(most, 19) : Math.max(most, 3);
        int length = 3;
        for (; length + 8 <= most; length += 8) {
            long differs = (long) LONGS.get(in, candidate + length) ^ (long) LONGS.get(in, position + length);
            if (differs != 0) {
                return length + (Long.numberOfTrailingZeros(differs) >> 3);
            }
        }
        while (length < most && in[candidate + length] == in[position + length]) {
            length++;
        }
        return length;
    }

    /**
     * Decompresses exactly {@code outLength} bytes.
     *
     * @return false when the input is damaged: it ends inside an item, copies from before the start, or gives more or
     *     fewer bytes than {@code outLength}; the output is then undefined
     */
    public static boolean decompress(byte[] in, int inOffset, int inLength, byte[] out, int outOffset, int outLength) {
        int position = inOffset;
        int inEnd = inOffset + inLength;
        int target = outOffset;
        int outEnd = outOffset + outLength;
        while (position < inEnd) {
            int control = in[position++] & 0xff;
            if (control < LITERALS_MAX) {
                int count = control + 1;
                if (count > inEnd - position || count > outEnd - target) {
                    return false;
                }
                System.arraycopy(in, position, out, target, count);
                position += count;
                target += count;
                continue;
            }
            int length = control >> 5;
            if (length == LONG_COPY) {
                if (position >= inEnd) {
                    return false;
                }
                length += in[position++] & 0xff;
            }
            if (position >= inEnd) {
                return false;
            }
            length += 2;
            int distance = ((control & 31) << 8 | in[position++] & 0xff) + 1;
            if (distance > target - outOffset || length > outEnd - target) {
                return false;
            }
            if (distance >= length) {
                System.arraycopy(out, target - distance, out, target, length);
                target += length;
            } else {
                // The copy reads what it has just written.
                for (int copyEnd = target + length; target < copyEnd; target++) {
                    out[target] = out[target - distance];
                }
            }
        }
        return target == outEnd;
    }
}
