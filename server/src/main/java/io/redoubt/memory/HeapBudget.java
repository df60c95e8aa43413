package io.redoubt.memory;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * How much of the heap may still be taken, so that the JVM itself never runs out of it. Everything that grows by what
 * strangers send asks here before it makes a large array. Thread-safe.
 */
/* What is left is measured now and then, by walking the accounts of those who hold memory; between two measurements
 * what is taken is subtracted, and what is freed is not added. So nobody has to give back, nothing can be forgotten, and
 * the figure is wrong only on the safe side. When a request is refused by an old figure, it is measured anew first. */
public final class HeapBudget {
    private final long regionBytes;
    private final AtomicLong left = new AtomicLong(Long.MAX_VALUE / 2);
    private final AtomicLong retiredBytes = new AtomicLong();
    private volatile LongSupplier meter = () -> Long.MAX_VALUE / 2;
    private volatile long clientReserveBytes;

    /** @param regionBytes size of a region of the collector, of which a large array takes whole ones; a power of two */
    public HeapBudget(long regionBytes) {
        this.regionBytes = regionBytes;
    }

    /** A budget that refuses nothing; for tests of what lies below a server. */
    public static HeapBudget unlimited() {
        return new HeapBudget(1 << 20);
    }

    /**
     * Says how to measure.
     *
     * @param newMeter returns the bytes that data may still take; negative when there is too much already
     * @param clientReserveBytes what the buffers of clients may take when data may take nothing
     */
    public void measureBy(LongSupplier newMeter, long clientReserveBytes) {
        this.clientReserveBytes = clientReserveBytes;
        meter = newMeter;
        measure();
    }

    /** Measures anew. */
    public void measure() {
        left.set(meter.getAsLong());
    }

    /** Takes memory for data; says whether there is so much. */
    public boolean takeForData(long bytes) {
        if (left.addAndGet(-bytes) >= 0) {
            return true;
        }
        measure();
        if (left.addAndGet(-bytes) >= 0) {
            return true;
        }
        left.addAndGet(bytes);
        return false;
    }

    /** Takes memory for data, or throws; nothing has changed then. */
    public void requireForData(long bytes) {
        if (!takeForData(bytes)) {
            throw new ArenaFullException((int) Math.min(bytes, Integer.MAX_VALUE));
        }
    }

    /** Whether there is so much for the buffers of clients; {@link #spend} takes it. */
    public boolean hasForClients(long bytes) {
        if (left.get() + clientReserveBytes >= bytes) {
            return true;
        }
        measure();
        return left.get() + clientReserveBytes >= bytes;
    }

    /** Takes memory, be there enough or not. */
    public void spend(long bytes) {
        left.addAndGet(-bytes);
    }

    /** A value that replies refer to is no longer the keyspace's: it goes when they have been sent. */
    public void retire(long bytes) {
        retiredBytes.addAndGet(bytes);
    }

    /**
     * What such values take at most.
     *
     * @param sharedBytes what waiting replies refer to now
     */
    public long retiredBytes(long sharedBytes) {
        if (sharedBytes == 0) {
            retiredBytes.set(0);
        }
        return Math.min(sharedBytes, retiredBytes.get());
    }

    /** By how much the buffers of clients are too large; 0 or less when they are not. */
    public long clientExcessBytes() {
        return -left.get() - clientReserveBytes;
    }

    /** What an array of so many bytes takes of the heap: a large one has regions of its own. */
    public long footprint(long bytes) {
        return bytes + 16 <= regionBytes >> 1 ? bytes + 16 : bytes + 16 + regionBytes - 1 & -regionBytes;
    }
}
