package io.redoubt.type;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How many different elements were added, told from 16384 registers: one string, byte for byte as Redis keeps it.
 * <pre>
 *  +0  "HYLL"
 *  +4  encoding: 0 dense, 1 sparse; three bytes of zero
 *  +8  the estimate, little endian (63 bits); the highest bit says that it is out of date
 *  +16 dense: registers of six bits, the lowest bit first
 *      sparse: runs of registers
 *        00nnnnnn           1 to 64 registers of 0
 *        01nnnnnn nnnnnnnn  1 to 16384 registers of 0
 *        1vvvvvnn           1 to 4 registers of 1 to 32
 * </pre>
 * The hash of an element, MurmurHash64A, names a register by its low 14 bits; the register keeps the longest run of
 * zeros, plus one, that the bits above have begun with. The estimator is Otmar Ertl's.
 *
 * @see <a href="https://arxiv.org/abs/1702.01284">New cardinality estimation algorithms for HyperLogLog sketches</a>
 */
public final class HyperLogLog {
    public static final int REGISTERS = 1 << 14;
    /** Length of every dense value. */
    public static final int DENSE_LENGTH = 16 + REGISTERS * 6 / 8;
    /** Length of a value without elements. */
    public static final int EMPTY_LENGTH = 18;
    /** How much longer one {@link #setSparse} may make a value. */
    public static final int GROWTH_MAX = 3;

    // What setSparse returns beside a new length.
    /** Nothing had to change. */
    public static final int UNCHANGED = 0;
    /** The runs make no sense. */
    public static final int CORRUPT = -1;
    /** The register cannot be kept sparse; nothing has changed. */
    public static final int TOO_LARGE = -2;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int HEADER_LENGTH = 16;
    private static final int MAGIC_LENGTH = 4;
    private static final byte[] EMPTY = {'H', 'Y', 'L', 'L', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, (byte) 0xFF};
    private static final int ENCODING = 4;
    private static final int ESTIMATE = 8;
    private static final int STALE_BYTE = 15;
    private static final byte STALE = (byte) 0x80;
    private static final byte DENSE = 0;
    private static final byte SPARSE = 1;

    private static final int INDEX_BITS = 14;
    /** Bits of a hash beside the index: a register is at most one more. */
    private static final int RUN_BITS = 64 - INDEX_BITS;

    private static final int SPARSE_VALUE_MAX = 32;
    private static final int VALUE_RUN_MAX = 4;
    private static final int SHORT_ZEROS_MAX = 64;
    /** Runs that one change can make mergeable, with what stands around them. */
    private static final int MERGED_RUNS_MAX = 5;

    private static final long MURMUR_SEED = 0xadc83b19L;
    private static final long MURMUR_FACTOR = 0xc6a4a7935bd1e995L;
    /** 1 / (2 ln 2). */
    private static final double ALPHA = 0.721347520444481703680;

    private HyperLogLog() {}

    // ---- The header ----

    /** Whether a string looks like one of ours; its runs may still be corrupt. */
    public static boolean isValid(byte[] bytes, int start, int length) {
        if (length < HEADER_LENGTH || !Arrays.equals(bytes, start, start + MAGIC_LENGTH, EMPTY, 0, MAGIC_LENGTH)) {
            return false;
        }
        byte encoding = bytes[start + ENCODING];
        return encoding == SPARSE || encoding == DENSE && length == DENSE_LENGTH;
    }

    public static boolean isDense(byte[] bytes, int start) {
        return bytes[start + ENCODING] == DENSE;
    }

    /** Writes a value without elements; returns its length. */
    public static int writeEmpty(byte[] out) {
        System.arraycopy(EMPTY, 0, out, 0, EMPTY_LENGTH);
        return EMPTY_LENGTH;
    }

    /** Whether the estimate in the header is that of the registers. */
    public static boolean hasEstimate(byte[] bytes, int start) {
        return bytes[start + STALE_BYTE] >= 0;
    }

    /** Returns the estimate in the header. */
    public static long estimate(byte[] bytes, int start) {
        return (long) LONGS.get(bytes, start + ESTIMATE);
    }

    /** Writes the estimate into the header. */
    public static void setEstimate(byte[] bytes, int start, long estimate) {
        LONGS.set(bytes, start + ESTIMATE, estimate);
    }

    /** Marks the estimate as out of date. */
    public static void invalidate(byte[] bytes, int start) {
        bytes[start + STALE_BYTE] |= STALE;
    }

    // ---- Elements ----

    /** Returns the hash of an element: MurmurHash64A by Austin Appleby, with Redis's seed. */
    public static long hash(byte[] bytes, int start, int length) {
        long hash = MURMUR_SEED ^ length * MURMUR_FACTOR;
        int end = start + length;
        int at = start;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            long word = (long) LONGS.get(bytes, at) * MURMUR_FACTOR;
            word = (word ^ word >>> 47) * MURMUR_FACTOR;
            hash = (hash ^ word) * MURMUR_FACTOR;
        }
        if (at < end) {
            long word = 0;
            for (int i = end - 1; i >= at; i--) {
                word = word << 8 | bytes[i] & 0xFF;
            }
            hash = (hash ^ word) * MURMUR_FACTOR;
        }
        hash = (hash ^ hash >>> 47) * MURMUR_FACTOR;
        return hash ^ hash >>> 47;
    }

    /** Returns the register of a hash. */
    public static int indexOf(long hash) {
        return (int) hash & REGISTERS - 1;
    }

    /** Returns what the register of a hash must at least hold: 1 to 51. */
    public static int valueOf(long hash) {
        return Long.numberOfTrailingZeros(hash >>> INDEX_BITS | 1L << RUN_BITS) + 1;
    }

    // ---- Dense ----

    /** Returns a register of a dense value. */
    public static int denseRegister(byte[] bytes, int start, int index) {
        int bit = index * 6;
        int at = start + HEADER_LENGTH + (bit >>> 3);
        int shift = bit & 7;
        int low = (bytes[at] & 0xFF) >>> shift;
        return (shift <= 2 ? low : low | bytes[at + 1] << 8 - shift) & 63;
    }

    /** Raises a register of a dense value; says whether it was lower. */
    public static boolean raiseDense(byte[] bytes, int start, int index, int value) {
        if (denseRegister(bytes, start, index) >= value) {
            return false;
        }
        writeDense(bytes, start, index, value);
        return true;
    }

    private static void writeDense(byte[] bytes, int start, int index, int value) {
        int bit = index * 6;
        int at = start + HEADER_LENGTH + (bit >>> 3);
        int shift = bit & 7;
        bytes[at] = (byte) (bytes[at] & ~(63 << shift) | value << shift);
        if (shift > 2) {
            bytes[at + 1] = (byte) (bytes[at + 1] & ~(63 >>> 8 - shift) | value >>> 8 - shift);
        }
    }

    /** Returns a dense copy of a sparse value, or null when it is corrupt. */
    public static byte @Nullable [] toDense(byte[] bytes, int start, int length) {
        byte[] dense = new byte[DENSE_LENGTH];
        System.arraycopy(bytes, start, dense, 0, HEADER_LENGTH);
        dense[ENCODING] = DENSE;
        int index = 0;
        for (int at = start + HEADER_LENGTH; at < start + length; at += sizeOfRun(bytes, at)) {
            int run = runLength(bytes, at, start + length);
            if (run > REGISTERS - index) {
                return null;
            }
            int value = runValue(bytes, at);
            for (int i = value == 0 ? run : 0; i < run; i++) {
                writeDense(dense, 0, index + i, value);
            }
            index += run;
        }
        return index == REGISTERS ? dense : null;
    }

    // ---- Sparse: runs ----

    private static boolean isValue(byte[] bytes, int at) {
        return bytes[at] < 0;
    }

    private static boolean isLongZeros(byte[] bytes, int at) {
        return bytes[at] >= 0x40;
    }

    private static int sizeOfRun(byte[] bytes, int at) {
        return isLongZeros(bytes, at) ? 2 : 1;
    }

    /** How many registers a run has; more than there are if the string ends in its midst. */
    private static int runLength(byte[] bytes, int at, int end) {
        if (isValue(bytes, at)) {
            return (bytes[at] & 3) + 1;
        }
        if (!isLongZeros(bytes, at)) {
            return bytes[at] + 1;
        }
        return at + 1 == end ? REGISTERS + 1 : ((bytes[at] & 63) << 8 | bytes[at + 1] & 0xFF) + 1;
    }

    private static int runValue(byte[] bytes, int at) {
        return isValue(bytes, at) ? (bytes[at] >>> 2 & 31) + 1 : 0;
    }

    private static byte valueRun(int value, int run) {
        return (byte) (0x80 | value - 1 << 2 | run - 1);
    }

    /** How many bytes a run of {@code run} registers of one value takes; none if it is empty. */
    private static int sizeOf(int value, int run) {
        return run == 0 ? 0 : value == 0 && run > SHORT_ZEROS_MAX ? 2 : 1;
    }

    /** Writes a run, if it is not empty; returns where the next one begins. */
    private static int writeRun(byte[] bytes, int at, int value, int run) {
        int next = at + sizeOf(value, run);
        if (next - at == 2) {
            bytes[at] = (byte) (0x40 | run - 1 >>> 8);
            bytes[at + 1] = (byte) (run - 1);
        } else if (next > at) {
            bytes[at] = value == 0 ? (byte) (run - 1) : valueRun(value, run);
        }
        return next;
    }

    /**
     * Raises a register of a sparse value, which starts at 0 and has {@link #GROWTH_MAX} bytes of room behind it. The
     * bytes that come out are Redis's: only the run that holds the register is cut, and only its neighbourhood is
     * merged again.
     *
     * @param lengthMax {@code hll-sparse-max-bytes}: a value does not grow beyond it
     * @return the new length, or {@link #UNCHANGED}, {@link #CORRUPT} or {@link #TOO_LARGE}
     */
    public static int setSparse(byte[] bytes, int length, int index, int value, long lengthMax) {
        if (value > SPARSE_VALUE_MAX) {
            return TOO_LARGE;
        }
        int previous = -1;
        int at = HEADER_LENGTH;
        int first = 0;
        int run = 0;
        while (at < length) {
            run = runLength(bytes, at, length);
            if (index < first + run) {
                break;
            }
            previous = at;
            first += run;
            at += sizeOfRun(bytes, at);
        }
        if (at >= length || run > REGISTERS) {
            return CORRUPT;
        }
        int old = runValue(bytes, at);
        if (old >= value) {
            return UNCHANGED;
        }
        int before = index - first;
        int behind = run - before - 1;
        int size = sizeOf(old, before) + 1 + sizeOf(old, behind);
        int oldSize = sizeOfRun(bytes, at);
        int newLength = length + size - oldSize;
        // A run of one register changes where it stands, however long the value is.
        if (newLength > length && newLength > lengthMax) {
            return TOO_LARGE;
        }
        if (size != oldSize) {
            System.arraycopy(bytes, at + oldSize, bytes, at + size, length - at - oldSize);
        }
        int next = writeRun(bytes, at, old, before);
        next = writeRun(bytes, next, value, 1);
        writeRun(bytes, next, old, behind);
        int merged = merge(bytes, previous < 0 ? HEADER_LENGTH : previous, newLength);
        invalidate(bytes, 0);
        return merged;
    }

    /** Joins neighbouring runs of one value, for a few runs from a position on; returns the new length. */
    private static int merge(byte[] bytes, int from, int length) {
        int end = length;
        int at = from;
        for (int left = MERGED_RUNS_MAX; left > 0 && at < end; left--) {
            int both = 0;
            if (isValue(bytes, at) && at + 1 < end && isValue(bytes, at + 1)) {
                both = runValue(bytes, at) == runValue(bytes, at + 1)
                        ? runLength(bytes, at, end) + runLength(bytes, at + 1, end)
                        : 0;
            }
            if (both > 0 && both <= VALUE_RUN_MAX) {
                System.arraycopy(bytes, at + 1, bytes, at, end - at - 1);
                bytes[at] = valueRun(runValue(bytes, at), both);
                end--;
            } else {
                at += sizeOfRun(bytes, at);
            }
        }
        return end;
    }

    /** Returns the runs of a sparse value as text, such as {@code Z:100 v:1,2 z:3}. */
    public static String describe(byte[] bytes, int start, int length) {
        var text = new StringBuilder();
        int end = start + length;
        for (int at = start + HEADER_LENGTH; at < end; at += sizeOfRun(bytes, at)) {
            int run = runLength(bytes, at, end);
            text.append(text.isEmpty() ? "" : " ");
            if (isValue(bytes, at)) {
                text.append("v:").append(runValue(bytes, at)).append(',').append(run);
            } else {
                text.append(isLongZeros(bytes, at) ? "Z:" : "z:").append(run);
            }
        }
        return text.toString();
    }

    // ---- Estimates ----

    /**
     * Raises registers, one byte each, to those of a value.
     *
     * @return false when it is corrupt
     */
    public static boolean mergeInto(byte[] registers, byte[] bytes, int start, int length) {
        if (isDense(bytes, start)) {
            for (int index = 0; index < REGISTERS; index++) {
                registers[index] = (byte) Math.max(registers[index], denseRegister(bytes, start, index));
            }
            return true;
        }
        int end = start + length;
        int index = 0;
        for (int at = start + HEADER_LENGTH; at < end; at += sizeOfRun(bytes, at)) {
            int run = runLength(bytes, at, end);
            if (run > REGISTERS - index) {
                return false;
            }
            int value = runValue(bytes, at);
            for (int i = value == 0 ? run : 0; i < run; i++) {
                registers[index + i] = (byte) Math.max(registers[index + i], value);
            }
            index += run;
        }
        return index == REGISTERS;
    }

    /** Estimates how many elements a value has seen; negative when it is corrupt. */
    public static long count(byte[] bytes, int start, int length) {
        int[] histogram = new int[64];
        if (isDense(bytes, start)) {
            for (int index = 0; index < REGISTERS; index++) {
                histogram[denseRegister(bytes, start, index)]++;
            }
            return estimateOf(histogram);
        }
        int end = start + length;
        int left = REGISTERS;
        for (int at = start + HEADER_LENGTH; at < end && left >= 0; at += sizeOfRun(bytes, at)) {
            int run = runLength(bytes, at, end);
            histogram[runValue(bytes, at)] += run;
            left -= run;
        }
        return left == 0 ? estimateOf(histogram) : CORRUPT;
    }

    /** Estimates how many elements registers of one byte each have seen. */
    public static long countRegisters(byte[] registers) {
        int[] histogram = new int[64];
        for (int index = 0; index < REGISTERS; index++) {
            histogram[registers[index] & 63]++;
        }
        return estimateOf(histogram);
    }

    private static long estimateOf(int[] histogram) {
        double m = REGISTERS;
        double sum = m * tau((m - histogram[RUN_BITS + 1]) / m);
        for (int value = RUN_BITS; value >= 1; value--) {
            sum = 0.5 * (sum + histogram[value]);
        }
        sum += m * sigma(histogram[0] / m);
        return Math.round(ALPHA * m * m / sum);
    }

    /** The share of registers that are full, corrected. */
    private static double tau(double x) {
        if (x == 0 || x == 1) {
            return 0;
        }
        double power = 1;
        double sum = 1 - x;
        double root = x;
        double last;
        do {
            root = Math.sqrt(root);
            last = sum;
            power *= 0.5;
            sum -= (1 - root) * (1 - root) * power;
        } while (sum != last);
        return sum / 3;
    }

    /** The share of registers that are empty, corrected. */
    private static double sigma(double x) {
        if (x == 1) {
            return Double.POSITIVE_INFINITY;
        }
        double power = 1;
        double sum = x;
        double square = x;
        double last;
        do {
            square *= square;
            last = sum;
            sum += square * power;
            power += power;
        } while (sum != last);
        return sum;
    }
}
