package io.redoubt.persist;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Reads commands from an append-only file, one at a time, and says where a file that is cut off was still good. Input is
 * not trusted: memory follows the bytes that are there, not the lengths that are claimed. Reused arrays.
 */
final class AofCommandReader {
    /** What {@link #next} has found. */
    enum Found {
        COMMAND,
        /** The file ends where a command may end. */
        END,
        /** The file ends inside a command. */
        CUT_OFF,
        DAMAGE
    }

    private static final int READ_BYTES = 1 << 16;
    private static final int LINE_BYTES_MAX = 1024;
    private static final int KEPT_BYTES = 1 << 20;
    private static final long NO_NUMBER = -1;

    private final InputStream in;
    private final byte[] ahead = new byte[READ_BYTES];
    private int aheadAt;
    private int aheadEnd;
    private long offset;
    private long good;

    private final byte[] line = new byte[LINE_BYTES_MAX];
    private int lineLength;
    private byte[] buffer = new byte[1 << 12];
    private int used;
    private int[] starts = new int[8];
    private int[] lengths = new int[8];
    private int count;

    /** @param offset where in the file the input begins */
    AofCommandReader(InputStream in, long offset) {
        this.in = in;
        this.offset = offset;
        good = offset;
    }

    /** Reads the next command; lines with annotations are passed over. */
    Found next() throws IOException {
        count = 0;
        used = 0;
        if (buffer.length > KEPT_BYTES) {
            buffer = new byte[1 << 12];
        }
        while (true) {
            boolean isWhole = readLine();
            if (lineLength == 0 && !isWhole) {
                return Found.END;
            }
            if (line[0] != '#') {
                return isWhole ? readArguments() : cutLine();
            }
            if (!isWhole) {
                // What is appended to half a line would be lost with it.
                return lineLength < LINE_BYTES_MAX ? Found.END : Found.DAMAGE;
            }
            good = offset;
        }
    }

    private Found cutLine() {
        return line[0] == '*' && lineLength < LINE_BYTES_MAX ? Found.CUT_OFF : Found.DAMAGE;
    }

    private Found readArguments() throws IOException {
        long wanted = line[0] == '*' ? number() : NO_NUMBER;
        if (wanted < 1 || wanted > Integer.MAX_VALUE) {
            return Found.DAMAGE;
        }
        for (long i = 0; i < wanted; i++) {
            boolean isWhole = readLine();
            if (!isWhole && (lineLength == 0 || line[0] == '$' && lineLength < LINE_BYTES_MAX)) {
                return Found.CUT_OFF;
            }
            long length = line[0] == '$' ? number() : NO_NUMBER;
            if (length < 0 || length > Integer.MAX_VALUE - 64) {
                return Found.DAMAGE;
            }
            int start = used;
            if (!readBytes((int) length + 2)) {
                return Found.CUT_OFF;
            }
            used -= 2;
            if (buffer[used] != '\r' || buffer[used + 1] != '\n') {
                return Found.DAMAGE;
            }
            add(start, (int) length);
        }
        good = offset;
        return Found.COMMAND;
    }

    private void add(int start, int length) {
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        starts[count] = start;
        lengths[count++] = length;
    }

    /** The number in the line, behind its first byte. */
    private long number() {
        int end = lineLength;
        if (end > 1 && line[end - 1] == '\r') {
            end--;
        }
        if (end < 2 || end > 11) {
            return NO_NUMBER;
        }
        long number = 0;
        for (int i = 1; i < end; i++) {
            if (line[i] < '0' || line[i] > '9') {
                return NO_NUMBER;
            }
            number = number * 10 + line[i] - '0';
        }
        return number;
    }

    /** Reads up to a newline, which is not kept; false when the file or the room ends first. */
    private boolean readLine() throws IOException {
        lineLength = 0;
        while (lineLength < LINE_BYTES_MAX) {
            if (aheadAt == aheadEnd && !fill()) {
                return false;
            }
            byte next = ahead[aheadAt++];
            offset++;
            if (next == '\n') {
                return true;
            }
            line[lineLength++] = next;
        }
        return false;
    }

    private boolean readBytes(int length) throws IOException {
        int left = length;
        while (left > 0) {
            if (aheadAt == aheadEnd && !fill()) {
                return false;
            }
            int part = Math.min(left, aheadEnd - aheadAt);
            if (used + part > buffer.length || used + part < 0) {
                long grown = Math.min(Math.max(buffer.length * 2L, (long) used + part), Integer.MAX_VALUE - 16);
                if (grown < (long) used + part) {
                    throw new IOException("a command of more than 2 GiB");
                }
                buffer = Arrays.copyOf(buffer, (int) grown);
            }
            System.arraycopy(ahead, aheadAt, buffer, used, part);
            aheadAt += part;
            used += part;
            offset += part;
            left -= part;
        }
        return true;
    }

    private boolean fill() throws IOException {
        int read = in.read(ahead, 0, ahead.length);
        aheadAt = 0;
        aheadEnd = Math.max(0, read);
        return read > 0;
    }

    /** Where the file is good up to: behind the last command or annotation. */
    long goodUpTo() {
        return good;
    }

    byte[] buffer() {
        return buffer;
    }

    int[] starts() {
        return starts;
    }

    int[] lengths() {
        return lengths;
    }

    int count() {
        return count;
    }

    /** Bytes of the command's arguments. */
    int size() {
        return used;
    }
}
