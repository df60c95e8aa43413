package io.redoubt.memory;

import org.jspecify.annotations.Nullable;

/** The content of a {@link Table} at one moment, which later changes do not touch. May be read by another thread. */
public final class Frozen {
    private final long[][] slots;
    private final long[] @Nullable [] expiries;
    private final long entryCount;

    Frozen(long[][] slots, long[] @Nullable [] expiries, long entryCount) {
        this.slots = slots;
        this.expiries = expiries;
        this.entryCount = entryCount;
    }

    /** Returns how many segments there are. */
    public int segmentCount() {
        return slots.length;
    }

    /** Returns how many entries all segments have together. */
    public long entryCount() {
        return entryCount;
    }

    /** Returns the slots of a segment, not to be changed: 0, or a hash and a handle. */
    public long[] slots(int segmentIndex) {
        return slots[segmentIndex];
    }

    /** Returns the expiry times parallel to the slots; null when no entry of the segment has one. */
    public long @Nullable [] expiries(int segmentIndex) {
        return expiries[segmentIndex];
    }

    /** Returns the handle in a slot; 0 when the slot is empty. */
    public static int handle(long slot) {
        return (int) slot;
    }

    /** Returns the hash in a slot that is not empty. */
    public static int hash32(long slot) {
        return (int) (slot >>> 32);
    }
}
