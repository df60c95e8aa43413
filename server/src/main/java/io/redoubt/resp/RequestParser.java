package io.redoubt.resp;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.LongPredicate;

/**
 * Finds the arguments of one request after another in the bytes that a client sent. One per connection, not
 * thread-safe.
 *
 * <p>The parser copies nothing: arguments are (start, length) pairs into the caller's buffer, except those of inline
 * requests, which are decoded into a scratch buffer of its own. Progress on a request that has not arrived completely
 * is kept as offsets from the request's first byte, so the caller may move the bytes between calls and nothing is
 * scanned twice. Memory follows what has arrived, never what a header announces.
 *
 * <p>Quirks of Redis kept on purpose: a header line ends with CR and any byte, the two bytes after a bulk are not
 * looked at, and a NUL byte in a line hides the end of that line, so that such a request ends in a "too big" error.
 *
 * @see <a href="https://redis.io/docs/latest/develop/reference/protocol-spec/">RESP specification</a>
 */
public final class RequestParser {
    /** The request has not arrived completely; see {@link #next()} and {@link #bytesWanted()}. */
    public static final int INCOMPLETE = 0;

    /** One request is ready; its arguments are valid until the next call and while the buffer is unchanged. */
    public static final int COMPLETE = 1;

    /** The bytes break the protocol: send {@link #errorLine()} and close. Stays so until {@link #reset()}. */
    public static final int ERROR = 2;

    /** Most bytes of an inline request or of a header line. */
    public static final int LINE_BYTES_MAX = 64 * 1024;

    /** The default of {@code proto-max-bulk-len}. */
    public static final long DEFAULT_BULK_BYTES_MAX = 512L * 1024 * 1024;

    private static final int UNAUTHENTICATED_ARGS_MAX = 10;
    private static final int UNAUTHENTICATED_BULK_BYTES_MAX = 16 * 1024;

    /** A request must fit in one array, with room for its headers. */
    private static final long ARRAY_BULK_BYTES_MAX = Integer.MAX_VALUE - 2L * LINE_BYTES_MAX;

    private static final int SMALL_ARG_COUNT = 8;
    private static final int KEPT_ARG_COUNT = 4096;
    private static final int ASKED_ARG_COUNT = 1 << 16; // Beyond so many, room is asked for.
    private static final int NO_BULK = -1;

    private static final int NOT_FOUND = -1;
    private static final int TOO_LONG = -2;

    private static final byte[] EMPTY = new byte[0];
    private static final byte[] BAD_MULTIBULK_LENGTH = line("invalid multibulk length");
    private static final byte[] BAD_BULK_LENGTH = line("invalid bulk length");
    private static final byte[] BIG_MULTIBULK_LINE = line("too big mbulk count string");
    private static final byte[] BIG_BULK_LINE = line("too big bulk count string");
    private static final byte[] BIG_INLINE = line("too big inline request");
    private static final byte[] NO_ROOM = line("no memory for so many arguments");
    private static final byte[] UNBALANCED = line("unbalanced quotes in request");
    private static final byte[] UNAUTHENTICATED_MULTIBULK = line("unauthenticated multibulk length");
    private static final byte[] UNAUTHENTICATED_BULK = line("unauthenticated bulk length");

    private byte[] argBuffer = EMPTY;
    private byte[] scratch = EMPTY;
    private byte[] errorLine = EMPTY;
    private int[] starts = new int[SMALL_ARG_COUNT];
    private int[] lengths = new int[SMALL_ARG_COUNT];
    private int argCount;
    private int expectedCount; // Arguments that the header announced; 0 between requests and while in an inline one.
    private int position; // Parsed bytes of the pending request, from its first byte.
    private int scanned; // Bytes after which the search for the end of the current line continues.
    private int bulkLength = NO_BULK; // Length of the bulk whose bytes come next, when its header has been read.
    private int consumed;
    private int next;
    private int bytesWanted;
    private boolean isInline;
    private boolean authenticated = true;
    private long bulkBytesMax = DEFAULT_BULK_BYTES_MAX;
    private LongPredicate hasRoom = _ -> true;

    /** Creates a parser of an authenticated connection with the default limits. */
    public RequestParser() {}

    /**
     * Says whether the client has logged in (or need not): until then requests are bounded to 10 arguments of 16 KiB.
     *
     * @param isAuthenticated counts from the next header line on
     */
    public void setAuthenticated(boolean isAuthenticated) {
        authenticated = isAuthenticated;
    }

    /**
     * Sets the most bytes of one argument.
     *
     * @param bytes {@code proto-max-bulk-len}; {@link Long#MAX_VALUE} for the link to a master
     */
    public void setMaxBulk(long bytes) {
        bulkBytesMax = bytes;
    }

    /** Sets who is asked, with a number of bytes, before the arrays for many arguments grow. */
    public void setRoom(LongPredicate newRoom) {
        hasRoom = newRoom;
    }

    /** Returns how many bytes the parser itself takes for the pending request. */
    public long sizeInBytes() {
        return starts.length <= KEPT_ARG_COUNT ? 0 : 8L * starts.length;
    }

    /**
     * Parses one request; empty ones before it are skipped silently.
     *
     * @param buffer holds the request; not kept longer than its arguments are used
     * @param from index of the request's first byte; after {@link #INCOMPLETE} this must be the byte that
     *     {@link #next()} named, wherever it is now
     * @param limit index after the last byte that has arrived
     * @return {@link #COMPLETE}, {@link #INCOMPLETE} or {@link #ERROR}
     */
    public int parse(byte[] buffer, int from, int limit) {
        if (errorLine.length != 0) {
            return ERROR;
        }
        int start = from;
        bytesWanted = 0;
        if (expectedCount == 0) {
            argCount = 0;
            if (starts.length > KEPT_ARG_COUNT) {
                shrink();
            }
        }
        while (true) {
            if (expectedCount == 0) {
                if (start >= limit) {
                    return incomplete(from, start);
                }
                isInline = buffer[start] != '*';
                int result = isInline ? parseInline(buffer, start, limit) : parseCount(buffer, start, limit);
                if (result == INCOMPLETE) {
                    return incomplete(from, start);
                }
                if (result == ERROR) {
                    return ERROR;
                }
                if (isInline && argCount > 0) {
                    return complete(from, start);
                }
                if (expectedCount == 0) { // An empty line or a count below one.
                    start += position;
                    position = 0;
                    scanned = 0;
                    continue;
                }
            }
            return switch (parseBulks(buffer, start, limit)) {
                case INCOMPLETE -> incomplete(from, start);
                case COMPLETE -> {
                    argBuffer = buffer;
                    for (int i = 0; i < argCount; i++) {
                        starts[i] += start;
                    }
                    yield complete(from, start);
                }
                default -> ERROR;
            };
        }
    }

    private int complete(int from, int start) {
        next = start + position;
        consumed = next - from;
        position = 0;
        scanned = 0;
        expectedCount = 0;
        return COMPLETE;
    }

    private int incomplete(int from, int start) {
        next = start;
        consumed = start - from;
        return INCOMPLETE;
    }

    private int fail(byte[] line) {
        errorLine = line;
        argCount = 0;
        return ERROR;
    }

    /** Reads the {@code *} line; a count below one leaves {@link #expectedCount} 0. */
    private int parseCount(byte[] buffer, int start, int limit) {
        int end = findLineEnd(buffer, start, limit);
        if (end < 0) {
            return end == TOO_LONG ? fail(BIG_MULTIBULK_LINE) : INCOMPLETE;
        }
        int digits = start + 1;
        long count = Decimal.parseLong(buffer, digits, end - digits, Long.MAX_VALUE);
        if (count > Integer.MAX_VALUE) {
            return fail(BAD_MULTIBULK_LENGTH);
        }
        if (count > UNAUTHENTICATED_ARGS_MAX && !authenticated) {
            return fail(UNAUTHENTICATED_MULTIBULK);
        }
        position = end + 2 - start;
        scanned = position;
        expectedCount = (int) Math.max(0, count);
        return COMPLETE;
    }

    private int parseBulks(byte[] buffer, int start, int limit) {
        while (argCount < expectedCount) {
            if (bulkLength == NO_BULK) {
                int result = parseBulkLength(buffer, start, limit);
                if (result != COMPLETE) {
                    return result;
                }
            }
            int dataStart = start + position;
            long missing = bulkLength + 2L - (limit - dataStart);
            if (missing > 0) {
                bytesWanted = (int) missing;
                return INCOMPLETE;
            }
            if (!addArg(position, bulkLength)) {
                return fail(NO_ROOM);
            }
            position += bulkLength + 2;
            scanned = position;
            bulkLength = NO_BULK;
        }
        return COMPLETE;
    }

    private int parseBulkLength(byte[] buffer, int start, int limit) {
        int lineStart = start + position;
        int end = findLineEnd(buffer, start, limit);
        if (end < 0) {
            return end == TOO_LONG ? fail(BIG_BULK_LINE) : INCOMPLETE;
        }
        if (buffer[lineStart] != '$') {
            return fail(notABulk(buffer[lineStart]));
        }
        int digits = lineStart + 1;
        long length = Decimal.parseLong(buffer, digits, end - digits, -1);
        if (length < 0 || length > bulkBytesMax || length > ARRAY_BULK_BYTES_MAX) {
            return fail(BAD_BULK_LENGTH);
        }
        if (length > UNAUTHENTICATED_BULK_BYTES_MAX && !authenticated) {
            return fail(UNAUTHENTICATED_BULK);
        }
        position = end + 2 - start;
        scanned = position;
        bulkLength = (int) length;
        return COMPLETE;
    }

    /** Returns the index of the CR that ends the current line once the byte after it is here too. */
    private int findLineEnd(byte[] buffer, int start, int limit) {
        int lineStart = start + position;
        int stop = limit - lineStart > LINE_BYTES_MAX ? lineStart + LINE_BYTES_MAX + 1 : limit;
        int i = start + scanned;
        while (i < stop && buffer[i] != '\r' && buffer[i] != 0) {
            i++;
        }
        scanned = i - start;
        if (i < stop && buffer[i] == '\r') {
            return i + 1 < limit ? i : NOT_FOUND;
        }
        return limit - lineStart > LINE_BYTES_MAX ? TOO_LONG : NOT_FOUND;
    }

    private int parseInline(byte[] buffer, int start, int limit) {
        int stop = limit - start > LINE_BYTES_MAX ? start + LINE_BYTES_MAX + 1 : limit;
        int i = start + scanned;
        while (i < stop && buffer[i] != '\n' && buffer[i] != 0) {
            i++;
        }
        scanned = i - start;
        if (i == stop || buffer[i] != '\n') {
            return limit - start > LINE_BYTES_MAX ? fail(BIG_INLINE) : INCOMPLETE;
        }
        int end = i > start && buffer[i - 1] == '\r' ? i - 1 : i;
        position = i + 1 - start;
        if (scratch.length < end - start) {
            scratch = new byte[end - start];
        }
        argBuffer = scratch;
        int written = 0;
        int at = ArgumentLine.skipBlanks(buffer, start, end);
        while (at < end) {
            long step = ArgumentLine.decode(buffer, at, end, scratch, written);
            if (step == ArgumentLine.UNBALANCED) {
                return fail(UNBALANCED);
            }
            int after = (int) step;
            if (!addArg(written, after - written)) {
                return fail(NO_ROOM);
            }
            written = after;
            at = ArgumentLine.skipBlanks(buffer, (int) (step >>> 32), end);
        }
        return COMPLETE;
    }

    private boolean addArg(int start, int length) {
        int index = argCount;
        if (index == starts.length) {
            int size = index + (index >> 1) + SMALL_ARG_COUNT;
            if (size > ASKED_ARG_COUNT && !hasRoom.test(8L * size)) {
                return false;
            }
            starts = Arrays.copyOf(starts, size);
            lengths = Arrays.copyOf(lengths, size);
        }
        starts[index] = start;
        lengths[index] = length;
        argCount = index + 1;
        return true;
    }

    private void shrink() {
        starts = new int[SMALL_ARG_COUNT];
        lengths = new int[SMALL_ARG_COUNT];
    }

    /** Returns the index after the request on {@link #COMPLETE}, and that of the pending one on {@link #INCOMPLETE}. */
    public int next() {
        return next;
    }

    /** Returns how many bytes from {@code from} on may be dropped: {@code next() - from}. */
    public int consumed() {
        return consumed;
    }

    /**
     * Returns how many bytes the pending bulk still needs, as a hint for the size of the buffer; 0 when unknown. It is
     * the client's word: a buffer should grow with what arrives, not to this size at once.
     */
    public long bytesWanted() {
        return bytesWanted;
    }

    /** Whether the request was an inline one, so that its arguments are in the parser's own array. */
    public boolean isInline() {
        return isInline;
    }

    /** Returns the array that holds the arguments: the caller's buffer or, for an inline request, the parser's own. */
    public byte[] argBuffer() {
        return argBuffer;
    }

    /** Returns the number of arguments, the command's name included; at least 1 on {@link #COMPLETE}. */
    public int argCount() {
        return argCount;
    }

    /** Returns where argument {@code index} starts in {@link #argBuffer()}. */
    public int argStart(int index) {
        return starts[index];
    }

    /** Returns the bytes of argument {@code index}. */
    public int argLength(int index) {
        return lengths[index];
    }

    /** Returns the starts of all arguments; the array is the parser's and longer than {@link #argCount()}. */
    public int[] starts() {
        return starts;
    }

    /** Returns the lengths of all arguments; the array is the parser's and longer than {@link #argCount()}. */
    public int[] lengths() {
        return lengths;
    }

    /** Returns the complete RESP error after {@link #ERROR}; empty otherwise. Not to be changed. */
    public byte[] errorLine() {
        return errorLine;
    }

    /** Returns whether part of a request has been parsed, so that its bytes must be kept. */
    public boolean isPending() {
        return position > 0 || scanned > 0;
    }

    /** Forgets a pending request and an error. */
    public void reset() {
        errorLine = EMPTY;
        argCount = 0;
        expectedCount = 0;
        position = 0;
        scanned = 0;
        bulkLength = NO_BULK;
        bytesWanted = 0;
        consumed = 0;
    }

    /** Gives back what large requests needed; for connections that are idle. The arguments are gone after it. */
    public void release() {
        scratch = EMPTY;
        argBuffer = EMPTY;
        if (expectedCount == 0) {
            argCount = 0;
            if (starts.length > SMALL_ARG_COUNT) {
                shrink();
            }
        }
    }

    private static byte[] notABulk(byte found) {
        byte[] line = line("expected '$', got '?'");
        boolean breaksLine = found == '\r' || found == '\n';
        line[line.length - 4] = breaksLine ? (byte) ' ' : found;
        return line;
    }

    private static byte[] line(String text) {
        return ("-ERR Protocol error: " + text + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
}
