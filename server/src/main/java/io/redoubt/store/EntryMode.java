package io.redoubt.store;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * In which mode the keyspace is entered. A loop enters in shared mode by raising its own flag; whoever needs the whole
 * keyspace enters in exclusive mode, which waits until all flags are down and keeps them down. A loop's flag is written
 * by that loop only, so entering shared mode costs one store with a fence.
 */
public final class EntryMode {
    private static final int STRIDE = 32; // Flags of two loops never share a cache line.
    private final AtomicIntegerArray inside;
    private final int loops;
    private final AtomicInteger waiting = new AtomicInteger();
    private final ReentrantLock exclusive = new ReentrantLock();
    private volatile @Nullable Thread owner;

    public EntryMode(int loops) {
        this.loops = loops;
        inside = new AtomicIntegerArray((loops + 1) * STRIDE);
    }

    /** Enters in shared mode; waits while another thread is inside exclusively. */
    public void enterShared(int loop) {
        if (isExclusiveHere()) {
            return;
        }
        inside.set(loop * STRIDE, 1);
        if (owner != null) {
            waiting.incrementAndGet();
            waitForShared(loop);
            waiting.decrementAndGet();
        }
    }

    private void waitForShared(int loop) {
        int tries = 0;
        do {
            inside.set(loop * STRIDE, 0);
            while (owner != null) {
                if (++tries < 100) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.parkNanos(20_000);
                }
            }
            inside.set(loop * STRIDE, 1);
        } while (owner != null);
    }

    public void leaveShared(int loop) {
        inside.setRelease(loop * STRIDE, 0);
    }

    /** Enters in exclusive mode; the caller must not be inside in shared mode. Can be entered again by its owner. */
    public void enterExclusive() {
        exclusive.lock();
        if (exclusive.getHoldCount() > 1) {
            return;
        }
        owner = Thread.currentThread();
        for (int loop = 0; loop < loops; loop++) {
            int tries = 0;
            while (inside.get(loop * STRIDE) != 0) {
                if (++tries < 1000) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.parkNanos(10_000);
                }
            }
        }
    }

    public void leaveExclusive() {
        if (exclusive.getHoldCount() == 1) {
            owner = null;
        }
        exclusive.unlock();
    }

    /**
     * For long work in exclusive mode, done in slices: leaves, gives those who wait a chance to come in, and enters again.
     * The caller has entered once.
     */
    public void letOthersIn() {
        leaveExclusive();
        // Those who poll would often find the next slice already begun, so they are waited for, but not for ever.
        for (int tries = 0; tries < 20 && waiting.get() > 0; tries++) {
            LockSupport.parkNanos(20_000);
        }
        enterExclusive();
    }

    public boolean isExclusiveHere() {
        return owner == Thread.currentThread();
    }
}
