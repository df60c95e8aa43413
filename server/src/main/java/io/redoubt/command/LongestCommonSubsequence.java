package io.redoubt.command;

import org.jspecify.annotations.Nullable;

/**
 * The longest common subsequence of two byte strings, by the table of Wagner and Fischer. Only one row of lengths is
 * kept; where the way back is wanted, one bit per cell says in which direction it leads from bytes that differ. Among
 * several longest subsequences it finds the one that Redis finds: from the ends, a step back in the first string only
 * where that alone keeps the length.
 */
final class LongestCommonSubsequence {
    /** Most bits of memory that a comparison may take: 64 MiB. */
    private static final long BIT_COUNT_MAX = 1L << 29;

    private final byte[] first;
    private final byte[] second;
    private final long @Nullable [] stepsInFirst;
    private final int length;
    // Where the way back stands: bytes before these are still to be looked at.
    private int inFirst;
    private int inSecond;
    private int runLength;

    /** @param isTraced whether the subsequence itself is wanted, and not only its length */
    LongestCommonSubsequence(byte[] first, byte[] second, boolean isTraced) {
        this.first = first;
        this.second = second;
        long cells = (long) first.length * second.length;
        stepsInFirst = isTraced ? new long[(int) ((cells + 63) >>> 6)] : null;
        length = measure();
        inFirst = first.length;
        inSecond = second.length;
    }

    /** Whether a comparison would take more memory, or time, than one command should. */
    static boolean isTooLarge(byte[] first, byte[] second) {
        return (first.length + (long) Integer.SIZE) * second.length > BIT_COUNT_MAX;
    }

    private int measure() {
        int width = second.length;
        int[] row = new int[width + 1];
        long cell = 0;
        for (byte wanted : first) {
            int diagonal = 0;
            int left = 0;
            for (int j = 1; j <= width; j++, cell++) {
                int above = row[j];
                if (second[j - 1] == wanted) {
                    left = diagonal + 1;
                } else if (above > left) {
                    left = above;
                    if (stepsInFirst != null) {
                        stepsInFirst[(int) (cell >>> 6)] |= 1L << cell;
                    }
                }
                row[j] = left;
                diagonal = above;
            }
        }
        return row[width];
    }

    /** How many bytes the strings have in common. */
    int length() {
        return length;
    }

    /**
     * Goes back to the next run of bytes that lie together in both strings, beginning with the last. For a traced one.
     *
     * @return false when there is none left
     */
    boolean nextRun() {
        long[] steps = stepsInFirst;
        if (steps == null) {
            throw new IllegalStateException("not traced");
        }
        runLength = 0;
        while (inFirst > 0 && inSecond > 0) {
            if (first[inFirst - 1] == second[inSecond - 1]) {
                inFirst--;
                inSecond--;
                runLength++;
                continue;
            }
            if (runLength > 0) {
                return true;
            }
            long cell = (inFirst - 1L) * second.length + inSecond - 1;
            if ((steps[(int) (cell >>> 6)] & 1L << cell) != 0) {
                inFirst--;
            } else {
                inSecond--;
            }
        }
        return runLength > 0;
    }

    int runStartInFirst() {
        return inFirst;
    }

    int runStartInSecond() {
        return inSecond;
    }

    int runLength() {
        return runLength;
    }

    /** Returns the subsequence. For a traced one whose runs were not asked for. */
    byte[] bytes() {
        byte[] bytes = new byte[length];
        int at = length;
        while (nextRun()) {
            at -= runLength;
            System.arraycopy(first, inFirst, bytes, at, runLength);
        }
        return bytes;
    }
}
