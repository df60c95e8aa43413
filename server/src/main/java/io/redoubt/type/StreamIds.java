package io.redoubt.type;

import java.util.Arrays;

/** A list of IDs. Reused. */
public final class StreamIds {
    private static final int KEPT = 1 << 12;

    private long[] numbers = new long[16];
    private int count;

    /** Empties the list. */
    public void begin() {
        count = 0;
        if (numbers.length > KEPT) {
            numbers = new long[16];
        }
    }

    public void add(long ms, long seq) {
        if (2 * count == numbers.length) {
            numbers = Arrays.copyOf(numbers, 4 * count);
        }
        numbers[2 * count] = ms;
        numbers[2 * count + 1] = seq;
        count++;
    }

    public void add(StreamId id) {
        add(id.ms(), id.seq());
    }

    public int count() {
        return count;
    }

    /** Shows one of them. */
    public void show(int index, StreamId into) {
        into.set(numbers[2 * index], numbers[2 * index + 1]);
    }
}
