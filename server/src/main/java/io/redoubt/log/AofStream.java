package io.redoubt.log;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the append-only file still has to be given: a buffer that write units append to under a short lock, and that one
 * writer at a time takes away as a whole. Its offset counts every byte since the server began, whichever file it went to.
 */
public final class AofStream {
    private static final byte[] MULTI = ascii("*1\r\n$5\r\nMULTI\r\n");
    private static final byte[] EXEC = ascii("*1\r\n$4\r\nEXEC\r\n");
    private static final int KEPT_BYTES = 1 << 20;
    private static final int FIRST_BYTES = 1 << 12;

    /** What {@link #take} hands over: bytes, where they lie in the stream, and where another file begins. */
    public static final class Taken {
        byte[] bytes = {};
        int length;
        long start;
        long cut = -1;

        public byte[] bytes() {
            return bytes;
        }

        public int length() {
            return length;
        }

        /** Offset of the first byte. */
        public long start() {
            return start;
        }

        /** Offset from which on bytes belong to the next file; -1 when there is no such place. */
        public long cut() {
            return cut;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private byte[] buffer = {};
    private int length;
    private int selected = -1;
    private long cut = -1;
    private long lastStampSeconds;
    private volatile boolean isActive;
    private volatile boolean hasStamps;
    private volatile long offset;

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Whether there is a file that wants effects. */
    public boolean isActive() {
        return isActive;
    }

    /** Offset behind the last byte appended. */
    public long offset() {
        return offset;
    }

    /** Whether a line with the time stands before effects of another second than those before. */
    public void setHasStamps(boolean on) {
        hasStamps = on;
    }

    public boolean hasStamps() {
        return hasStamps;
    }

    /** From here on effects are kept, and they belong to another file than those before. Exclusive mode. */
    public void beginFile() {
        lock.lock();
        try {
            isActive = true;
            cut = offset;
            selected = -1;
            lastStampSeconds = 0;
        } finally {
            lock.unlock();
        }
    }

    /** From here on nothing is kept; what has been appended can still be taken. Exclusive mode. */
    public void end() {
        lock.lock();
        try {
            isActive = false;
        } finally {
            lock.unlock();
        }
    }

    /** Goes on where {@link #end} has interrupted: in the same file, which may have been read meanwhile. Exclusive mode. */
    public void goOn() {
        lock.lock();
        try {
            isActive = true;
            selected = -1;
        } finally {
            lock.unlock();
        }
    }

    /** Appends the effects of a unit, as one run unless each of them stands for itself. The unit holds its locks. */
    public void append(Effects effects, long nowMillis) {
        int count = effects.fileCount();
        if (count <= 0 || !isActive) {
            return;
        }
        lock.lock();
        try {
            int before = length;
            if (hasStamps) {
                stamp(nowMillis / 1000);
            }
            boolean isRun = effects.isOneRunInFile();
            if (isRun) {
                select(effects.databaseCount() > 0 ? effects.database(0) : -1);
                write(MULTI, 0, MULTI.length);
            }
            int from = 0;
            for (int i = 0; i < effects.databaseCount(); i++) {
                int to = effects.databaseStart(i);
                writeKept(effects, from, to);
                from = to;
                int end = i + 1 < effects.databaseCount() ? effects.databaseStart(i + 1) : effects.length();
                if (keptBytes(effects, from, end) > 0) {
                    select(effects.database(i));
                }
            }
            writeKept(effects, from, effects.length());
            if (isRun) {
                write(EXEC, 0, EXEC.length);
            }
            moveOffset(length - before);
        } finally {
            lock.unlock();
        }
    }

    /** Writes what is not for replicas only. */
    private void writeKept(Effects effects, int from, int to) {
        int at = from;
        for (int i = 0; i < effects.replicaRangeCount(); i++) {
            int start = effects.replicaRangeStart(i);
            int end = effects.replicaRangeEnd(i);
            if (start >= at && end <= to) {
                write(effects.buffer(), at, start - at);
                at = end;
            }
        }
        write(effects.buffer(), at, to - at);
    }

    private static int keptBytes(Effects effects, int from, int to) {
        int bytes = to - from;
        for (int i = 0; i < effects.replicaRangeCount(); i++) {
            int start = effects.replicaRangeStart(i);
            int end = effects.replicaRangeEnd(i);
            if (start >= from && end <= to) {
                bytes -= end - start;
            }
        }
        return bytes;
    }

    private void stamp(long seconds) {
        if (seconds == lastStampSeconds) {
            return;
        }
        lastStampSeconds = seconds;
        byte[] line = stampLine(seconds);
        write(line, 0, line.length);
    }

    /** The line that tells the time. */
    public static byte[] stampLine(long seconds) {
        return ascii("#TS:" + seconds + "\r\n");
    }

    private void select(int database) {
        if (database < 0 || database == selected) {
            return;
        }
        selected = database;
        String number = Integer.toString(database);
        byte[] command = ascii("*2\r\n$6\r\nSELECT\r\n$" + number.length() + "\r\n" + number + "\r\n");
        write(command, 0, command.length);
    }

    private void write(byte[] source, int from, int count) {
        if (length + count > buffer.length || length + count < 0) {
            long wanted = Math.max(Math.max(FIRST_BYTES, buffer.length * 2L), (long) length + count);
            buffer = Arrays.copyOf(buffer, (int) Math.min(wanted, Integer.MAX_VALUE - 16));
        }
        System.arraycopy(source, from, buffer, length, count);
        length += count;
    }

    /** Called with the lock held, which makes the two steps one. */
    private void moveOffset(int count) {
        long before = offset;
        offset = before + count;
    }

    /**
     * Hands over all that has been appended and not been taken yet, in exchange for the array of {@code taken}.
     *
     * @return false when there is nothing, and no place where another file begins
     */
    public boolean take(Taken taken) {
        lock.lock();
        try {
            taken.cut = cut;
            taken.start = offset - length;
            byte[] empty = taken.bytes.length <= KEPT_BYTES ? taken.bytes : new byte[FIRST_BYTES];
            taken.bytes = buffer;
            taken.length = length;
            buffer = empty;
            length = 0;
            cut = -1;
            return taken.length > 0 || taken.cut >= 0;
        } finally {
            lock.unlock();
        }
    }

    /** How much memory the buffer takes. */
    public long bufferBytes() {
        return buffer.length;
    }
}
