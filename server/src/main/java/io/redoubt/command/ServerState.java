package io.redoubt.command;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What keeps commands from running, as bits that one plain read tests: the common server has none of them set. Whoever
 * knows of a condition (loading, role, disk, memory) sets its bit.
 */
public final class ServerState {
    public static final int LOADING = 1;
    /** A replica with `replica-read-only yes`. */
    public static final int READ_ONLY = 1 << 1;
    /** The link to the master is down and stale data may not be served. */
    public static final int STALE = 1 << 2;
    /** Saving failed, and `stop-writes-on-bgsave-error` is on. */
    public static final int SAVE_FAILED = 1 << 3;

    public static final int OUT_OF_MEMORY = 1 << 4;
    public static final int TOO_FEW_REPLICAS = 1 << 5;
    /** CLIENT PAUSE of writes. */
    public static final int PAUSED_WRITES = 1 << 6;
    /** CLIENT PAUSE of everything. */
    public static final int PAUSED = 1 << 7;

    private final AtomicInteger bits = new AtomicInteger();
    private volatile long pausedUntilMillis;

    /** Returns all bits. */
    public int bits() {
        return bits.getAcquire();
    }

    public boolean is(int bit) {
        return (bits.get() & bit) != 0;
    }

    public void set(int bit, boolean on) {
        bits.updateAndGet(old -> on ? old | bit : old & ~bit);
    }

    /** Pauses until a time; a pause of everything also pauses writes. */
    public void pause(long untilMillis, boolean everything) {
        pausedUntilMillis = Math.max(untilMillis, is(PAUSED | PAUSED_WRITES) ? pausedUntilMillis : 0);
        set(everything ? PAUSED : PAUSED_WRITES, true);
    }

    public void unpause() {
        pausedUntilMillis = 0;
        set(PAUSED | PAUSED_WRITES, false);
    }

    public long pausedUntilMillis() {
        return pausedUntilMillis;
    }
}
