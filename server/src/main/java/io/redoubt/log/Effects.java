package io.redoubt.log;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The effects of one unit, collected as RESP commands until the unit ends. One per loop, reused. Nothing is written
 * while nobody listens.
 */
public final class Effects {
    private byte[] buffer = new byte[512];
    private int length;
    private int count;
    private int separateCount;
    private boolean isOpen;
    // Where each database change lies: effects from that byte on act in that database.
    private int[] databaseStarts = new int[8];
    private int[] databases = new int[8];
    private int databaseCount;
    // Of the last command: where it begins, and how many arguments are still to come.
    private int commandStart;
    private int argsLeft;
    // Which bytes are for replicas only: from and behind, one pair after the other.
    private int[] replicaRanges = new int[8];
    private int replicaRangeCount;
    private int replicaOnlyCount;

    /** Starts a unit; {@code listening} says whether anyone wants the effects. */
    public void begin(boolean listening) {
        isOpen = listening;
        length = 0;
        count = 0;
        separateCount = 0;
        databaseCount = 0;
        argsLeft = 0;
        replicaRangeCount = 0;
        replicaOnlyCount = 0;
        if (buffer.length > 1 << 20) {
            buffer = new byte[512];
        }
    }

    /** Whether effects are wanted; when not, writing them is a waste that has no effect. */
    public boolean isWanted() {
        return isOpen;
    }

    public int count() {
        return count;
    }

    /**
     * Says that the command just written stands for itself: the DEL of a key that has expired, which would be as good
     * at any other time.
     */
    public void separate() {
        if (isOpen) {
            separateCount++;
        }
    }

    /** Says that the command just written changes no data, so that only replicas need it. */
    public void replicasOnly() {
        if (!isOpen) {
            return;
        }
        if (replicaRangeCount * 2 == replicaRanges.length) {
            replicaRanges = Arrays.copyOf(replicaRanges, replicaRangeCount * 4);
        }
        replicaRanges[replicaRangeCount * 2] = commandStart;
        replicaRanges[replicaRangeCount * 2 + 1] = length;
        replicaRangeCount++;
        replicaOnlyCount++;
    }

    /** Whether the commands must be seen together or not at all. */
    boolean isOneRun() {
        return count > 1 && separateCount < count;
    }

    /** The same among those that an append-only file gets. */
    boolean isOneRunInFile() {
        int kept = fileCount();
        return kept > 1 && separateCount < kept;
    }

    /** How many commands an append-only file gets. */
    int fileCount() {
        return count - replicaOnlyCount;
    }

    int replicaRangeCount() {
        return replicaRangeCount;
    }

    int replicaRangeStart(int index) {
        return replicaRanges[2 * index];
    }

    int replicaRangeEnd(int index) {
        return replicaRanges[2 * index + 1];
    }

    /** Starts a command of {@code argCount} arguments in a database; -1 for one that belongs to none. */
    public void command(int database, int argCount) {
        if (!isOpen) {
            return;
        }
        if (database >= 0 && (databaseCount == 0 || databases[databaseCount - 1] != database)) {
            if (databaseCount == databases.length) {
                databases = Arrays.copyOf(databases, databaseCount * 2);
                databaseStarts = Arrays.copyOf(databaseStarts, databaseCount * 2);
            }
            databases[databaseCount] = database;
            databaseStarts[databaseCount++] = length;
        }
        count++;
        commandStart = length;
        argsLeft = argCount;
        header('*', argCount);
    }

    /** Drops the last command if arguments of it are missing: whoever wrote it has failed half-way. */
    public void dropUnfinished() {
        if (isOpen && argsLeft > 0) {
            length = commandStart;
            argsLeft = 0;
            count--;
            if (databaseCount > 0 && databaseStarts[databaseCount - 1] == commandStart) {
                databaseCount--;
            }
        }
    }

    /** Adds an argument. */
    public void arg(byte[] source, int offset, int size) {
        if (!isOpen) {
            return;
        }
        argsLeft--;
        header('$', size);
        ensure(size + 2);
        System.arraycopy(source, offset, buffer, length, size);
        length += size;
        buffer[length++] = '\r';
        buffer[length++] = '\n';
    }

    /** Adds an argument made of all of {@code source}. */
    public void arg(byte[] source) {
        arg(source, 0, source.length);
    }

    /** Adds a number as an argument. */
    public void arg(long number) {
        if (isOpen) {
            arg(Long.toString(number).getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    private void header(char mark, int number) {
        ensure(14);
        buffer[length++] = (byte) mark;
        int rest = number;
        int digits = 1;
        for (int limit = 10; digits < 10 && number >= limit; limit *= 10) {
            digits++;
        }
        for (int i = digits - 1; i >= 0; i--) {
            buffer[length + i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
        buffer[length++] = '\r';
        buffer[length++] = '\n';
    }

    private void ensure(int more) {
        if (length + more > buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, Math.addExact(length, more)));
        }
    }

    byte[] buffer() {
        return buffer;
    }

    int length() {
        return length;
    }

    int databaseCount() {
        return databaseCount;
    }

    int database(int index) {
        return databases[index];
    }

    int databaseStart(int index) {
        return databaseStarts[index];
    }
}
