package io.redoubt.resp;

/**
 * Looks ahead in a pipeline: finds where the first arguments behind the names of the next requests are, most often keys,
 * so that their records can be fetched into the cache before the requests run. Only a hint, nothing is judged by it:
 * what is not plain (inline, long, broken or incomplete) ends the look. One per loop.
 */
public final class RequestSkimmer {
    /** How many requests are looked at together. */
    public static final int REQUESTS_MAX = 16;

    private static final int ARGS_MAX = 32;
    private static final int DIGITS_MAX = 4;
    private static final int NOT_PLAIN = -1;

    private final int[] starts = new int[REQUESTS_MAX];
    private final int[] lengths = new int[REQUESTS_MAX];
    private int count;
    private int number; // Of the header read last.

    /** Looks at requests from an index on; returns where the look ended, {@code from} when nothing was plain. */
    public int skim(byte[] buffer, int from, int limit) {
        count = 0;
        int at = from;
        while (count < REQUESTS_MAX) {
            int next = skimRequest(buffer, at, limit);
            if (next == NOT_PLAIN) {
                break;
            }
            at = next;
        }
        return at;
    }

    private int skimRequest(byte[] buffer, int from, int limit) {
        int at = readHeader(buffer, from, limit, '*');
        int args = number;
        if (at == NOT_PLAIN || args < 2 || args > ARGS_MAX) {
            return NOT_PLAIN;
        }
        for (int arg = 0; arg < args; arg++) {
            at = readHeader(buffer, at, limit, '$');
            if (at == NOT_PLAIN || number > limit - at - 2) {
                return NOT_PLAIN;
            }
            if (arg == 1) {
                starts[count] = at;
                lengths[count] = number;
            }
            at += number + 2;
        }
        count++;
        return at;
    }

    /** Reads a header's number; returns the index after its line. */
    private int readHeader(byte[] buffer, int from, int limit, char type) {
        int stop = Math.min(limit - 1, from + 1 + DIGITS_MAX);
        if (from >= stop || buffer[from] != type) {
            return NOT_PLAIN;
        }
        int value = 0;
        int at = from + 1;
        while (at < stop && buffer[at] >= '0' && buffer[at] <= '9') {
            value = value * 10 + buffer[at++] - '0';
        }
        number = value;
        return at < limit - 1 && buffer[at] == '\r' ? at + 2 : NOT_PLAIN;
    }

    /** How many requests the last look has found. */
    public int count() {
        return count;
    }

    /** Where the first argument behind the name starts, by request; longer than {@link #count()}. */
    public int[] starts() {
        return starts;
    }

    /** Bytes of the first argument behind the name, by request; longer than {@link #count()}. */
    public int[] lengths() {
        return lengths;
    }
}
