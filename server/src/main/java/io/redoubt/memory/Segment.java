package io.redoubt.memory;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The entries of a {@link Table} whose hashes begin with the same bits: open addressing by the hashes' low bits. */
final class Segment {
    long[] slots; // hash32 << 32 | handle; 0 is empty.
    long @Nullable [] expiries; // Parallel to slots; null while no entry of the segment ever had an expiry.
    int count;
    int expiryCount;
    int epoch;
    final int depth; // How many leading bits of the hash its entries share.
    final int hashFirst; // The smallest hash (unsigned) that belongs here.

    Segment(int slotCount, int depth, int hashFirst, int epoch) {
        slots = new long[slotCount];
        this.depth = depth;
        this.hashFirst = hashFirst;
        this.epoch = epoch;
    }

    private Segment(Segment original, int epoch) {
        slots = original.slots.clone();
        long[] times = original.expiries;
        expiries = times == null || original.expiryCount == 0 ? null : times.clone();
        count = original.count;
        expiryCount = original.expiryCount;
        depth = original.depth;
        hashFirst = original.hashFirst;
        this.epoch = epoch;
    }

    /** One past the largest hash that belongs here. */
    long hashEnd() {
        return Integer.toUnsignedLong(hashFirst) + (1L << (32 - depth));
    }

    /** Puts an entry into its first empty slot and returns the slot. */
    int add(long slot) {
        int mask = slots.length - 1;
        int i = (int) (slot >>> 32) & mask;
        while (slots[i] != 0) {
            i = (i + 1) & mask;
        }
        slots[i] = slot;
        count++;
        return i;
    }

    void setExpiry(int index, long expiryMillis) {
        long[] times = expiries;
        if (times == null) {
            if (expiryMillis == Table.NO_EXPIRY) {
                return;
            }
            times = new long[slots.length];
            Arrays.fill(times, Table.NO_EXPIRY);
            expiries = times;
        }
        expiryCount += (expiryMillis == Table.NO_EXPIRY ? 0 : 1) - (times[index] == Table.NO_EXPIRY ? 0 : 1);
        times[index] = expiryMillis;
    }

    long expiry(int index) {
        return expiries == null ? Table.NO_EXPIRY : expiries[index];
    }

    /** Copies an entry of another segment. */
    void addFrom(Segment other, int index) {
        int target = add(other.slots[index]);
        if (other.expiryCount != 0) {
            setExpiry(target, other.expiry(index));
        }
    }

    /** Empties a slot and moves later entries of its run forward, so that no gap separates an entry from its home. */
    void remove(int index) {
        setExpiry(index, Table.NO_EXPIRY);
        int mask = slots.length - 1;
        int hole = index;
        for (int i = (hole + 1) & mask; slots[i] != 0; i = (i + 1) & mask) {
            int home = (int) (slots[i] >>> 32) & mask;
            if (((i - home) & mask) >= ((i - hole) & mask)) {
                slots[hole] = slots[i];
                if (expiries != null) {
                    expiries[hole] = expiries[i];
                    expiries[i] = Table.NO_EXPIRY;
                }
                hole = i;
            }
        }
        slots[hole] = 0;
        count--;
    }

    Segment copy(int copyEpoch) {
        return new Segment(this, copyEpoch);
    }

    long sizeInBytes() {
        return 64 + 8L * slots.length + (expiries == null ? 0 : 16 + 8L * expiries.length);
    }
}
