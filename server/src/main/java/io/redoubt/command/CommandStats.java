package io.redoubt.command;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What INFO commandstats shows of a command. Each loop writes cells of its own, so counting needs no fence; readers add
 * them up and may be a little late.
 */
public final class CommandStats {
    private static final int STRIDE = 16; // Cells of two loops never share a cache line.
    private static final int CALLS = 0;
    private static final int NANOS = 1;
    private static final int REJECTED = 2;
    private static final int FAILED = 3;

    private long[] cells = new long[STRIDE];
    private final AtomicLong failedLater = new AtomicLong();
    private volatile LatencyHistogram latency = new LatencyHistogram();

    /** Makes room for the cells of so many loops and of the link to a master; once, before any of them runs. */
    void prepare(int loops) {
        cells = new long[(loops + 1) * STRIDE];
    }

    /** Counts a call that ran. */
    void add(int loop, long nanoseconds, boolean hasFailed) {
        int at = loop * STRIDE;
        cells[at + CALLS]++;
        cells[at + NANOS] += nanoseconds;
        if (hasFailed) {
            cells[at + FAILED]++;
        }
    }

    /** Adds to a call that was counted when it began to wait. */
    void addTime(int loop, long nanoseconds) {
        cells[loop * STRIDE + NANOS] += nanoseconds;
    }

    /** Says that a call that was counted when it began to wait has failed. From any thread. */
    void failLater() {
        failedLater.incrementAndGet();
    }

    /** Counts a call that was refused before it ran. */
    void reject(int loop) {
        cells[loop * STRIDE + REJECTED]++;
    }

    /** Forgets everything. Exclusive mode. */
    public void reset() {
        java.util.Arrays.fill(cells, 0);
        failedLater.set(0);
        latency = new LatencyHistogram();
    }

    private long sum(int cell) {
        long total = 0;
        for (int at = cell; at < cells.length; at += STRIDE) {
            total += cells[at];
        }
        return total;
    }

    public LatencyHistogram latency() {
        return latency;
    }

    public long calls() {
        return sum(CALLS);
    }

    public long micros() {
        return sum(NANOS) / 1000;
    }

    public long rejectedCalls() {
        return sum(REJECTED);
    }

    public long failedCalls() {
        return sum(FAILED) + failedLater.get();
    }
}
