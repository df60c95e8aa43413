package io.redoubt.store;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** The lock of one shard: held for microseconds by a loop that waits for nothing inside, so waiters spin first. */
final class ShardLock {
    private final AtomicInteger held = new AtomicInteger();

    void lock() {
        int tries = 0;
        while (!held.compareAndSet(0, 1)) {
            if (++tries < 200) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(10_000);
            }
        }
    }

    void unlock() {
        held.setRelease(0);
    }

    boolean isHeld() {
        return held.get() != 0;
    }
}
