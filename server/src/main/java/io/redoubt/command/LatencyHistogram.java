package io.redoubt.command;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * Latencies of one command by buckets of 1/8 of a power of two of nanoseconds: a percentile is exact to 12 %. Cheaper
 * than a general histogram, because every command of every loop records here.
 */
public final class LatencyHistogram {
    private static final int BUCKETS = 8 * 42;

    /** Made by the first call: most commands are never called, and the start waits for the memory of all. */
    private volatile @Nullable AtomicIntegerArray counts;

    /** Records one call. A lost update under contention costs nothing that a percentile could show. */
    public void record(long nanoseconds) {
        int bucket = bucketOf(Math.max(nanoseconds, 1));
        var made = counts;
        if (made == null) {
            made = makeCounts();
        }
        made.setPlain(bucket, made.getPlain(bucket) + 1);
    }

    private synchronized AtomicIntegerArray makeCounts() {
        var made = counts;
        if (made == null) {
            made = new AtomicIntegerArray(BUCKETS);
            counts = made;
        }
        return made;
    }

    private int count(int bucket) {
        var made = counts;
        return made == null ? 0 : made.get(bucket);
    }

    private static int bucketOf(long nanoseconds) {
        int log = 63 - Long.numberOfLeadingZeros(nanoseconds);
        int eighth = log >= 3 ? (int) (nanoseconds >>> log - 3) & 7 : (int) (nanoseconds << 3 - log) & 7;
        return Math.min(log * 8 + eighth, BUCKETS - 1);
    }

    /** Returns the upper bound, in microseconds, of the bucket in which a percentile lies; 0 when nothing was recorded. */
    public double percentileMicros(double percentile) {
        long total = count();
        if (total == 0) {
            return 0;
        }
        long rank = Math.max(1, (long) Math.ceil(percentile / 100 * total));
        long seen = 0;
        for (int i = 0; i < BUCKETS; i++) {
            seen += count(i);
            if (seen >= rank) {
                return upperNanos(i) / 1000.0;
            }
        }
        return upperNanos(BUCKETS - 1) / 1000.0;
    }

    /** Returns how many calls were recorded. */
    public long count() {
        long total = 0;
        for (int i = 0; i < BUCKETS; i++) {
            total += count(i);
        }
        return total;
    }

    /** Returns how many calls took at most so many nanoseconds. */
    public long countUpToNanos(long nanoseconds) {
        long total = 0;
        for (int i = 0; i < BUCKETS && upperNanos(i) <= nanoseconds; i++) {
            total += count(i);
        }
        return total;
    }

    private static double upperNanos(int bucket) {
        return Math.pow(2, bucket >> 3) * (9 + (bucket & 7)) / 8;
    }
}
