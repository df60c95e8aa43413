package io.redoubt.observe;

import io.redoubt.command.Sessions;
import io.redoubt.store.Keyspace;
import java.util.function.LongSupplier;

/** What memory is used for. Read by INFO and, once in a while, by the limit; never per command. */
public final class MemoryAccount {
    private final Keyspace keyspace;
    private final Sessions sessions;
    private final LongSupplier bufferBytes;
    private final long startupBytes;
    private final long systemBytes = ProcessFigures.systemMemoryBytes();
    private volatile long peakBytes;

    /** @param bufferBytes what the buffers of clients take; values that they only refer to do not count */
    public MemoryAccount(Keyspace keyspace, Sessions sessions, LongSupplier bufferBytes) {
        this.bufferBytes = bufferBytes;
        this.keyspace = keyspace;
        this.sessions = sessions;
        startupBytes = keyspace.usedBytes();
        peakBytes = startupBytes;
    }

    /** Keys, values and the buffers of clients. */
    public long usedBytes() {
        long used = keyspace.usedBytes() + bufferBytes.getAsLong();
        if (used > peakBytes) {
            peakBytes = used;
        }
        return used;
    }

    public long peakBytes() {
        return peakBytes;
    }

    /** CONFIG RESETSTAT. */
    public void resetPeak() {
        peakBytes = 0;
        usedBytes();
    }

    public long startupBytes() {
        return startupBytes;
    }

    /** What is used but is not data. */
    public long overheadBytes() {
        return startupBytes + bufferBytes.getAsLong();
    }

    /** Bytes that wait in the buffers of clients. */
    public long clientBytes() {
        long bytes = 0;
        for (var session : sessions.all()) {
            bytes += session.link().queryBufferCapacity()
                    + (session.isReplica() ? 0 : session.link().outputBytes());
        }
        return bytes;
    }

    public long systemBytes() {
        return systemBytes;
    }

    public long heapBytes() {
        return Runtime.getRuntime().totalMemory();
    }

    public long heapUsedBytes() {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
