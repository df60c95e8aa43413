package io.redoubt.net;

import io.redoubt.command.Session;
import io.redoubt.command.Sessions;
import io.redoubt.memory.HeapBudget;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the buffers of all clients take together, and who has to go when that is too much: the clients with the largest
 * buffers, first those that {@code maxmemory-clients} may evict. Thread-safe.
 */
/* Two bounds. `maxmemory-clients` is the administrator's: it spares replicas and whoever said CLIENT NO-EVICT. The heap's
 * is always on and spares nobody, because beyond it the JVM would end. Below the second, at a quarter of it, connections
 * whose replies are not read run no further requests ("tight").
 *
 * Owned bytes are arrays that only a client's buffers hold. Shared ones are values that replies refer to: they take heap
 * of their own only when the keyspace has let go of them, so what they take is at most the smaller of both figures. */
public final class ClientMemory {
    private static final long HEAP_SHARE = 2; // Buffers may take half of the heap, if the data leave so much.
    private static final long TIGHT_SHARE = 4;
    private static final long RELIEF_INTERVAL_MILLIS = 10;

    private final Sessions sessions;
    private final HeapBudget heap;
    private final long heapBytesMax;
    private final AtomicLong ownedBytes = new AtomicLong();
    private final AtomicLong sharedBytes = new AtomicLong();
    private final AtomicLong evictions = new AtomicLong();
    private final ReentrantLock reliefLock = new ReentrantLock();
    private volatile long bytesMax;
    private volatile long streamBytes;
    private volatile long lastReliefMillis;

    /** @param heapBytes the size of the whole heap */
    public ClientMemory(Sessions sessions, HeapBudget heap, long heapBytes) {
        this.sessions = sessions;
        this.heap = heap;
        heapBytesMax = heapBytes / HEAP_SHARE;
    }

    /** Sets {@code maxmemory-clients} in bytes; 0 for no limit. */
    public void setBytesMax(long bytes) {
        bytesMax = bytes;
    }

    /** A buffer of a loop has grown to so much. */
    void spend(long bytes) {
        heap.spend(bytes);
    }

    /** What the buffers of clients take of the heap, that of the stream which slow replicas hold included. */
    public long heapBytes() {
        return bufferBytes() + streamBytes;
    }

    /** The same without the stream: buffers, and values that only waiting replies still hold. */
    public long bufferBytes() {
        return ownedBytes.get() + heap.retiredBytes(sharedBytes.get());
    }

    /** Returns how many clients had to go for their memory. */
    public long evictions() {
        return evictions.get();
    }

    /** CONFIG RESETSTAT. */
    public void resetStats() {
        evictions.set(0);
    }

    /** Whether nobody who does not read replies may make more of them. */
    boolean isTight() {
        return ownedBytes.get() > heapBytesMax / TIGHT_SHARE || heap.clientExcessBytes() > 0;
    }

    void addShared(long bytes) {
        sharedBytes.addAndGet(bytes);
    }

    /** Memory was taken, or given back if negative. */
    void addOwned(long bytes) {
        ownedBytes.addAndGet(bytes);
        if (bytes > 0) {
            heap.spend(bytes);
        }
    }

    /** Whether there is room for so large a reply: less than for a request, of which there is no other form. */
    boolean hasRoomForReply(long bytes) {
        return ownedBytes.get() + bytes <= heapBytesMax / 2 && heap.hasForClients(bytes);
    }

    /** Whether buffers may grow by so much now. */
    boolean hasRoom(long bytes) {
        return ownedBytes.get() + bytes <= heapBytesMax && heap.hasForClients(bytes);
    }

    /** Whether some client has to go; cheap, and right most of the time. */
    boolean isTooMuch() {
        long most = bytesMax;
        return most > 0 && ownedBytes.get() + sharedBytes.get() + sessions.count() * (long) Session.OWN_BYTES >= most
                || ownedBytes.get() > heapBytesMax;
    }

    /** Once in a while, on one loop: looks closely. */
    public void tick(long nowMillis) {
        long lag = 0;
        for (var session : sessions.all()) {
            if (session.isReplica()) {
                lag = Math.max(lag, session.link().outputBytes());
            }
        }
        streamBytes = lag;
        heap.measure();
        if (isTooMuch() || heap.clientExcessBytes() > 0) {
            relieve(0, nowMillis);
        }
    }

    /** As {@link #relieve}, but not more often than makes sense. */
    void relieveIfDue(long nowMillis) {
        if (isTooMuch() && nowMillis - lastReliefMillis >= RELIEF_INTERVAL_MILLIS) {
            relieve(0, nowMillis);
        }
    }

    /**
     * Ends the connections that take most, so many that the rest and {@code wantedBytes} fit; they close on their loops,
     * soon. For what is only wanted nobody has to go who takes much less himself.
     */
    void relieve(long wantedBytes, long nowMillis) {
        reliefLock.lock();
        try {
            lastReliefMillis = nowMillis;
            heap.measure();
            relieveDirective();
            long excess = Math.max(ownedBytes.get() - heapBytesMax, heap.clientExcessBytes());
            if (excess + wantedBytes > 0) {
                // A little more, so that the next request does not come here again.
                relieveHeap(excess + wantedBytes + heapBytesMax / 16, excess > 0 ? 0 : wantedBytes / 4);
            }
        } finally {
            reliefLock.unlock();
        }
    }

    private record Usage(Connection connection, boolean isSpared, long bytes) {}

    private List<Usage> largestFirst() {
        var usages = new ArrayList<Usage>();
        for (var session : sessions.all()) {
            if (session.link() instanceof Connection connection && !connection.isEvicted()) {
                boolean isSpared = session.isNoEvict() || session.isReplica();
                usages.add(new Usage(connection, isSpared, session.link().memoryBytes()));
            }
        }
        usages.sort(Comparator.comparing(Usage::isSpared)
                .thenComparing(Comparator.comparingLong(Usage::bytes).reversed()));
        return usages;
    }

    private void relieveDirective() {
        long most = bytesMax;
        if (most == 0) {
            return;
        }
        long sum = 0;
        var usages = largestFirst();
        for (var usage : usages) {
            sum += usage.connection.session().isReplica() ? 0 : usage.bytes;
        }
        for (var usage : usages) {
            if (sum < most || usage.isSpared) {
                return;
            }
            sum -= usage.bytes;
            evict(usage.connection);
        }
    }

    private void relieveHeap(long wantedBytes, long largeBytes) {
        long left = wantedBytes;
        for (var usage : largestFirst()) {
            if (left <= 0) {
                return;
            }
            if (usage.bytes > Math.max(Session.OWN_BYTES, largeBytes)) {

                left -= usage.bytes;
                evict(usage.connection);
            }
        }
    }

    private void evict(Connection connection) {
        evictions.incrementAndGet();
        connection.evict();
    }
}
