package io.redoubt.store;

import java.util.concurrent.ThreadLocalRandom;

/**
 * How often a key is used, in the 24 bits of its last access, as Redis counts it under the policies "lfu": minutes above,
 * and below a count to 255 that grows ever more seldom and shrinks while nobody uses the key. Its settings change in
 * exclusive mode.
 */
public final class Frequency {
    private static final int MAX = 255;
    /** What a new key begins with, so that it is not the first to go. */
    private static final int FIRST = 5;

    private long logFactor = 10;
    private long decayMinutes = 1;

    Frequency() {}

    /** The larger, the more uses it takes until the count is at its end. */
    public void setLogFactor(long factor) {
        logFactor = factor;
    }

    /** So many minutes without use take one off the count; 0 takes none off. */
    public void setDecayMinutes(long minutes) {
        decayMinutes = minutes;
    }

    /** The bits of a key that was used last in this minute. */
    static int bits(long nowMillis, int count) {
        return (int) (nowMillis / 60_000 & 0xFFFF) << 8 | count;
    }

    /** The bits of a new key. */
    int fresh(long nowMillis) {
        return bits(nowMillis, FIRST);
    }

    /** The count that is left by now. */
    public int count(int access, long nowMillis) {
        int count = access & 0xFF;
        if (decayMinutes == 0) {
            return count;
        }
        long minutes = nowMillis / 60_000 - (access >> 8) & 0xFFFF;
        return (int) Math.max(0, count - minutes / decayMinutes);
    }

    /** The bits of a key that is used once more. */
    int used(int access, long nowMillis) {
        int count = count(access, nowMillis);
        double rareness = Math.max(0, count - FIRST) * (double) logFactor + 1;
        if (count < MAX && ThreadLocalRandom.current().nextDouble() * rareness < 1) {
            count++;
        }
        return bits(nowMillis, count);
    }
}
