package io.redoubt.resp;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Replies, written one after another into a growing array, in RESP2 or RESP3. Not thread-safe. What RESP2 lacks is
 * written as Redis does: maps as arrays of twice the length, sets and pushes as arrays, doubles as bulk strings,
 * booleans as 1 and 0.
 *
 * <p>Large values stay where they are: {@link #bulkShared} notes a reference and the place in {@link #buffer()} where
 * its bytes belong. So who sends replies sends pieces: see {@link #sharedCount()}.
 *
 * @see <a href="https://redis.io/docs/latest/develop/reference/protocol-spec/">RESP specification</a>
 */
public final class Reply {
    /** Learns of every error that is written, for INFO's errorstats. */
    @FunctionalInterface
    public interface ErrorListener {
        /**
         * Called after an error was written; must not write.
         *
         * @param start index of the byte after {@code -}
         * @param end index of the CR
         */
        void onError(byte[] buffer, int start, int end);
    }

    private static final int INITIAL_BYTES = 1024;
    private static final int KEPT_BYTES = 64 * 1024;
    private static final int QUIET_RESETS = 16; // Small replies in a row after which a large array is given back.
    private static final int BUFFER_BYTES_MAX = Integer.MAX_VALUE - 16;
    private static final int HEADER_BYTES_MAX = Decimal.LONG_BYTES_MAX + 3;
    private static final int PLACEHOLDER_BYTES = 4; // "*0\r\n"
    private static final int ELEMENT_BYTES_MIN = 6; // "$0\r\n\r\n"

    private static final byte[] EMPTY = new byte[0];
    private static final byte[] OK = ascii("+OK\r\n");
    private static final byte[] PONG = ascii("+PONG\r\n");
    private static final byte[] QUEUED = ascii("+QUEUED\r\n");
    private static final byte[] NIL_2 = ascii("$-1\r\n");
    private static final byte[] NIL_ARRAY_2 = ascii("*-1\r\n");
    private static final byte[] NIL_3 = ascii("_\r\n");
    private static final byte[] TRUE_3 = ascii("#t\r\n");
    private static final byte[] FALSE_3 = ascii("#f\r\n");

    private byte[] buffer = EMPTY;
    private int length;
    private int quietResets;
    private int protocol = 2;
    private long errorCount;
    private int lastErrorStart;
    private int lastErrorEnd;
    private @Nullable ErrorListener errorListener;
    private LongPredicate hasRoom = _ -> true;

    // Shared bytes number i belong before buffer[sharedAt[i]].
    private byte[][] shared = new byte[4][];
    private int[] sharedAt = new int[4];
    private int[] sharedFrom = new int[4];
    private int[] sharedLength = new int[4];
    private int sharedCount;
    private long sharedBytes;

    /** Creates an empty buffer that writes RESP2. */
    public Reply() {}

    /** Returns 2 or 3. */
    public int protocol() {
        return protocol;
    }

    /** Sets the version of RESP for what is written from now on: 2 or 3. */
    public void setProtocol(int version) {
        assert version == 2 || version == 3 : version;
        protocol = version;
    }

    /** Sets who learns of errors; null for nobody. */
    public void setErrorListener(@Nullable ErrorListener listener) {
        errorListener = listener;
    }

    /**
     * Sets who is asked before the array grows to more than 64 KiB. Who says no makes the appending method throw
     * {@link ReplyTooLargeException}.
     */
    public void setRoom(LongPredicate newRoom) {
        hasRoom = newRoom;
    }

    /** Appends a complete line made ready before, CR and LF included; errors go to {@link #error(byte[])}. */
    public void simple(byte[] line) {
        raw(line, 0, line.length);
    }

    /** Appends bytes that are RESP already. */
    public void raw(byte[] bytes, int from, int count) {
        ensure(count);
        System.arraycopy(bytes, from, buffer, length, count);
        length += count;
    }

    /** Appends {@code +OK}. */
    public void ok() {
        simple(OK);
    }

    /** Appends {@code +PONG}. */
    public void pong() {
        simple(PONG);
    }

    /** Appends {@code +QUEUED}. */
    public void queued() {
        simple(QUEUED);
    }

    /** Appends a status; line breaks become spaces. */
    public void status(String text) {
        line('+', text.getBytes(StandardCharsets.UTF_8));
    }

    /** Appends an error; line breaks become spaces. The text starts with its code, as in {@code ERR no such key}. */
    public void error(String text) {
        int start = length;
        line('-', text.getBytes(StandardCharsets.UTF_8));
        errorWritten(start);
    }

    /** Appends an error line made ready before, from {@code -} to CR and LF. */
    public void error(byte[] line) {
        int start = length;
        raw(line, 0, line.length);
        errorWritten(start);
    }

    /** Appends an error of which a part comes from the client (a name); line breaks become spaces. */
    public void error(byte[] text, int from, int count) {
        int start = length;
        line('-', Arrays.copyOfRange(text, from, from + count));
        errorWritten(start);
    }

    private void errorWritten(int start) {
        errorCount++;
        lastErrorStart = start + 1;
        lastErrorEnd = length - 2;
        ErrorListener listener = errorListener;
        if (listener != null) {
            listener.onError(buffer, lastErrorStart, lastErrorEnd);
        }
    }

    private void line(char type, byte[] text) {
        ensure(text.length + 3);
        buffer[length++] = (byte) type;
        for (byte c : text) {
            buffer[length++] = c == '\r' || c == '\n' ? (byte) ' ' : c;
        }
        endLine();
    }

    /** Appends an integer. */
    public void integer(long value) {
        header((byte) ':', value);
    }

    /** Appends a bulk string. */
    public void bulk(byte[] bytes, int from, int count) {
        ensure(count + HEADER_BYTES_MAX + 2);
        header((byte) '$', count);
        System.arraycopy(bytes, from, buffer, length, count);
        length += count;
        endLine();
    }

    /** Appends a bulk string by reference: the bytes must not change until they are sent. */
    public void bulkShared(byte[] bytes, int from, int count) {
        ensure(HEADER_BYTES_MAX + 2);
        if (sharedCount == shared.length) {
            int size = 2 * sharedCount;
            shared = Arrays.copyOf(shared, size);
            sharedAt = Arrays.copyOf(sharedAt, size);
            sharedFrom = Arrays.copyOf(sharedFrom, size);
            sharedLength = Arrays.copyOf(sharedLength, size);
        }
        header((byte) '$', count);
        shared[sharedCount] = bytes;
        sharedAt[sharedCount] = length;
        sharedFrom[sharedCount] = from;
        sharedLength[sharedCount] = count;
        sharedCount++;
        sharedBytes += count;
        endLine();
    }

    /** Appends a bulk string. */
    public void bulk(byte[] bytes) {
        bulk(bytes, 0, bytes.length);
    }

    /** Appends a bulk string in UTF-8; cold. */
    public void bulk(String text) {
        bulk(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Appends a number as a bulk string. */
    public void bulkInteger(long value) {
        ensure(HEADER_BYTES_MAX + Decimal.LONG_BYTES_MAX + 2);
        header((byte) '$', Decimal.length(value));
        length += Decimal.format(value, buffer, length);
        endLine();
    }

    /**
     * Opens a bulk string whose bytes the caller writes itself into {@link #buffer()} from the returned index on,
     * before it appends anything else. The bytes between are undefined until then.
     */
    public int bulkSpace(int count) {
        ensure(count + HEADER_BYTES_MAX + 2);
        header((byte) '$', count);
        int start = length;
        length += count;
        endLine();
        return start;
    }

    /** Appends no value. */
    public void nil() {
        simple(protocol == 2 ? NIL_2 : NIL_3);
    }

    /** Appends no array: RESP2 has a null of its own for it. */
    public void nilArray() {
        simple(protocol == 2 ? NIL_ARRAY_2 : NIL_3);
    }

    /** Appends an array without elements. */
    public void emptyArray() {
        arrayHeader(0);
    }

    /** Announces an array. */
    public void arrayHeader(long count) {
        header((byte) '*', count);
    }

    /** Announces a map of {@code count} pairs; in RESP2 an array of twice the length. */
    public void mapHeader(long count) {
        if (protocol == 2) {
            header((byte) '*', 2 * count);
        } else {
            header((byte) '%', count);
        }
    }

    /** Announces a set; in RESP2 an array. */
    public void setHeader(long count) {
        header(protocol == 2 ? (byte) '*' : (byte) '~', count);
    }

    /** Announces a push; in RESP2 an array. */
    public void pushHeader(long count) {
        header(protocol == 2 ? (byte) '*' : (byte) '>', count);
    }

    /** Announces {@code count} pairs of attributes; RESP3 only. */
    public void attributeHeader(long count) {
        assert protocol == 3 : "RESP2 has no attributes";
        header((byte) '|', count);
    }

    /**
     * Opens an array of unknown length; {@link #endArray}, {@link #endMap} or {@link #endSet} closes it. Arrays that
     * are opened inside must be closed first.
     *
     * @return the mark to close it with
     */
    public int beginArray() {
        int mark = length;
        header((byte) '*', 0);
        return mark;
    }

    /** Closes what {@link #beginArray} opened as an array. */
    public void endArray(int mark, long count) {
        end(mark, (byte) '*', count);
    }

    /** Closes what {@link #beginArray} opened as a map of {@code count} pairs. */
    public void endMap(int mark, long count) {
        if (protocol == 2) {
            end(mark, (byte) '*', 2 * count);
        } else {
            end(mark, (byte) '%', count);
        }
    }

    /** Closes what {@link #beginArray} opened as a set. */
    public void endSet(int mark, long count) {
        end(mark, protocol == 2 ? (byte) '*' : (byte) '~', count);
    }

    private void end(int mark, byte type, long count) {
        int shift = Decimal.length(count) - 1;
        if (shift > 0) {
            ensure(shift);
            int from = mark + PLACEHOLDER_BYTES;
            System.arraycopy(buffer, from, buffer, from + shift, length - from);
            length += shift;
            for (int i = sharedCount - 1; i >= 0 && sharedAt[i] >= from; i--) {
                sharedAt[i] += shift;
            }
            if (lastErrorStart >= from) {
                lastErrorStart += shift;
                lastErrorEnd += shift;
            }
        }
        buffer[mark] = type;
        int o = mark + 1 + Decimal.format(count, buffer, mark + 1);
        buffer[o] = '\r';
        buffer[o + 1] = '\n';
    }

    /** Writes a number whose digits the caller has chosen: a double in RESP3, a bulk in RESP2. */
    public void realText(String text) {
        if (protocol == 3) {
            byte[] line = (',' + text + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
            raw(line, 0, line.length);
        } else {
            bulk(text);
        }
    }

    /** Appends a double; in RESP2 as a bulk string. */
    public void real(double value) {
        ensure(HEADER_BYTES_MAX + Decimal.DOUBLE_BYTES_MAX + 2);
        if (protocol == 3) {
            buffer[length++] = ',';
            length += Decimal.formatDouble(value, buffer, length);
            endLine();
            return;
        }
        // At most 25 bytes, so the header takes four or five: write the number behind five and close the gap.
        int textStart = length + 5;
        int textLength = Decimal.formatDouble(value, buffer, textStart);
        header((byte) '$', textLength);
        if (length != textStart) {
            System.arraycopy(buffer, textStart, buffer, length, textLength);
        }
        length += textLength;
        endLine();
    }

    /** Appends a boolean; in RESP2 as 1 or 0. */
    public void bool(boolean value) {
        if (protocol == 2) {
            integer(value ? 1 : 0);
        } else {
            simple(value ? TRUE_3 : FALSE_3);
        }
    }

    /** Appends a number of any size, given in decimal; in RESP2 as a bulk string. */
    public void bigNumber(byte[] digits, int from, int count) {
        if (protocol == 2) {
            bulk(digits, from, count);
            return;
        }
        ensure(count + 3);
        buffer[length++] = '(';
        raw(digits, from, count);
        endLine();
    }

    /** Appends text with a format of three letters, {@code txt} or {@code mkd}; in RESP2 as a bulk string. */
    public void verbatim(String format, byte[] text) {
        assert format.length() == 3 : format;
        if (protocol == 2) {
            bulk(text);
            return;
        }
        ensure(HEADER_BYTES_MAX + text.length + 6);
        header((byte) '=', text.length + 4L);
        for (int i = 0; i < 3; i++) {
            buffer[length++] = (byte) format.charAt(i);
        }
        buffer[length++] = ':';
        raw(text, 0, text.length);
        endLine();
    }

    private void header(byte type, long value) {
        ensure(HEADER_BYTES_MAX);
        byte[] out = buffer;
        int o = length;
        out[o++] = type;
        if (value >= 0 && value < 10) {
            out[o++] = (byte) ('0' + value);
        } else {
            o += Decimal.format(value, out, o);
        }
        out[o] = '\r';
        out[o + 1] = '\n';
        length = o + 2;
    }

    /**
     * Makes room for so many elements of at least the smallest size, or throws {@link ReplyTooLargeException}. For who
     * makes as many as a client says: what cannot be sent is not worth making.
     */
    public void expectElements(long count) {
        if (count > BUFFER_BYTES_MAX / ELEMENT_BYTES_MIN) {
            throw new ReplyTooLargeException(count);
        }
        ensure((int) count * ELEMENT_BYTES_MIN);
    }

    private void endLine() {
        ensure(2);
        buffer[length] = '\r';
        buffer[length + 1] = '\n';
        length += 2;
    }

    private void ensure(int count) {
        if (buffer.length - length < count) {
            grow(count);
        }
    }

    private void grow(int count) {
        long needed = (long) length + count;
        long roomy = Math.max(INITIAL_BYTES, Math.min(Math.max(needed, 2L * buffer.length), BUFFER_BYTES_MAX));
        if (needed > BUFFER_BYTES_MAX || roomy > KEPT_BYTES && !hasRoom.test(roomy)) {
            throw new ReplyTooLargeException(needed);
        }
        buffer = Arrays.copyOf(buffer, (int) roomy);
    }

    /** Returns how many bytes the replies have, shared ones included. */
    public long totalLength() {
        return length + sharedBytes;
    }

    /** Returns how many pieces are shared, in order. */
    public int sharedCount() {
        return sharedCount;
    }

    /** Returns the array of a shared piece. */
    public byte[] shared(int index) {
        return shared[index];
    }

    /** Returns the index in {@link #buffer()} before which a shared piece belongs. */
    public int sharedAt(int index) {
        return sharedAt[index];
    }

    /** Returns where in its array a shared piece begins. */
    public int sharedFrom(int index) {
        return sharedFrom[index];
    }

    /** Returns how many bytes a shared piece has. */
    public int sharedLength(int index) {
        return sharedLength[index];
    }

    /** Returns how many bytes of {@link #buffer()} are replies. */
    public int length() {
        return length;
    }

    /** Returns all replies as they will be sent; cold. */
    public byte[] bytes() {
        byte[] bytes = new byte[Math.toIntExact(totalLength())];
        int from = 0;
        int written = 0;
        for (int i = 0; i <= sharedCount; i++) {
            int to = i < sharedCount ? sharedAt[i] : length;
            System.arraycopy(buffer, from, bytes, written, to - from);
            written += to - from;
            if (i < sharedCount) {
                System.arraycopy(shared[i], sharedFrom[i], bytes, written, sharedLength[i]);
                written += sharedLength[i];
            }
            from = to;
        }
        return bytes;
    }

    /** Returns the array; another one after anything was appended. */
    public byte[] buffer() {
        return buffer;
    }

    /** Returns the place that {@link #truncate} goes back to. */
    public int mark() {
        return length;
    }

    /** Forgets what was appended since {@link #mark()}; errors in it stay counted. */
    public void truncate(int mark) {
        assert mark <= length : mark;
        length = mark;
        while (sharedCount > 0 && sharedAt[sharedCount - 1] > mark) {
            dropShared();
        }
    }

    private void dropShared() {
        sharedCount--;
        sharedBytes -= sharedLength[sharedCount];
        shared[sharedCount] = EMPTY;
    }

    /** Forgets all replies; a large array is given back when the last replies did not need it. */
    public void reset() {
        if (buffer.length > KEPT_BYTES) {
            quietResets = length < buffer.length / 4 ? quietResets + 1 : 0;
            if (quietResets >= QUIET_RESETS) {
                quietResets = 0;
                buffer = new byte[KEPT_BYTES];
            }
        }
        length = 0;
        while (sharedCount > 0) {
            dropShared();
        }
        lastErrorStart = 0;
        lastErrorEnd = 0;
    }

    /** Forgets all replies and gives the array back, or away: it may be kept by whoever has got it. */
    public void release() {
        reset();
        buffer = EMPTY;
    }

    /** Returns the size of the array. From any thread, perhaps a little old. */
    public int capacity() {
        return buffer.length;
    }

    /** Returns how many errors were ever written: compare before and after a command to see whether it failed. */
    public long errorCount() {
        return errorCount;
    }

    /** Returns the code of the last error since {@link #reset()}, as in {@code WRONGTYPE}; empty without one. Cold. */
    public String lastErrorCode() {
        int end = lastErrorStart;
        while (end < lastErrorEnd && buffer[end] != ' ') {
            end++;
        }
        return new String(buffer, lastErrorStart, end - lastErrorStart, StandardCharsets.UTF_8);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
