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
    /** Writes have to wait. */
    public static final int PAUSED_WRITES = 1 << 6;
    /** Everything has to wait. */
    public static final int PAUSED = 1 << 7;
    /** Another data set is loaded while the old one is served. */
    public static final int ASYNC_LOADING = 1 << 8;
    /** The append-only file cannot be written or made durable. */
    public static final int AOF_FAILED = 1 << 9;

    /** Why clients are paused; each reason ends by itself, and the strictest counts. */
    public enum Pause {
        /** CLIENT PAUSE. */
        CLIENT,
        SHUTDOWN,
        FAILOVER
    }

    private final AtomicInteger bits = new AtomicInteger();
    // Guarded by this: until when each reason pauses, 0 for not, and whether it pauses everything.
    private final long[] pausedUntilMillis = new long[Pause.values().length];
    private final boolean[] pausesEverything = new boolean[Pause.values().length];
    private volatile byte[] aofError = Errors.aofFailed("");

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

    /** Says why the append-only file fails; before {@link #AOF_FAILED} is set. */
    public void setAofError(String reason) {
        aofError = Errors.aofFailed(reason);
    }

    /** What writes are answered meanwhile. */
    byte[] aofError() {
        return aofError;
    }

    /** Pauses until a time; while a reason pauses already, it can only pause more and longer. */
    public synchronized void pause(Pause reason, long untilMillis, boolean everything) {
        int index = reason.ordinal();
        pausedUntilMillis[index] = Math.max(untilMillis, pausedUntilMillis[index]);
        pausesEverything[index] |= everything;
        updatePause();
    }

    public synchronized void unpause(Pause reason) {
        pausedUntilMillis[reason.ordinal()] = 0;
        pausesEverything[reason.ordinal()] = false;
        updatePause();
    }

    /** Ends the pauses whose time is over. */
    public synchronized void endPauses(long nowMillis) {
        for (var reason : Pause.values()) {
            long until = pausedUntilMillis[reason.ordinal()];
            if (until != 0 && until <= nowMillis) {
                unpause(reason);
            }
        }
    }

    private void updatePause() {
        boolean any = false;
        boolean everything = false;
        for (int i = 0; i < pausedUntilMillis.length; i++) {
            any |= pausedUntilMillis[i] != 0;
            everything |= pausesEverything[i];
        }
        set(PAUSED, everything);
        set(PAUSED_WRITES, any && !everything);
    }

    /** Whether clients are paused, at least those that write. */
    public boolean isPaused() {
        return is(PAUSED | PAUSED_WRITES);
    }

    /**
     * Whether nothing may expire: it would be a change while clients are paused, and while a file is loaded, what has
     * expired by now may be made to stay by what is still to come.
     */
    public boolean stopsExpiry() {
        return is(PAUSED | PAUSED_WRITES | LOADING);
    }

    /** Until when the last of the pauses lasts; 0 for none. */
    public synchronized long pausedUntilMillis() {
        long last = 0;
        for (long until : pausedUntilMillis) {
            last = Math.max(last, until);
        }
        return last;
    }
}
