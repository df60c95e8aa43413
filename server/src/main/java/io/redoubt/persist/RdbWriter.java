package io.redoubt.persist;

import io.redoubt.store.Libraries;
import io.redoubt.type.Value;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Writes an RDB file, as Redis 7.0 does, byte for byte. Calls come in the order of the format: {@link #header}, {@link
 * #aux}…, {@link #function}…, and for each database {@link #selectDb}, {@link #resizeDb} and its keys; then {@link
 * #end}. Not thread-safe. The sink gets bytes in pieces of the buffer's size, longer ones for long strings; closing it
 * is the caller's task.
 */
public final class RdbWriter {

    private static final int BUFFER_BYTES = 1 << 16;
    private static final int SCRATCH_KEPT_MAX = 1 << 20;
    private static final int INTEGER_LENGTH_MAX = 11;
    private static final int COMPRESSED_LENGTH_MIN = 21;
    private static final int COMPRESSION_GAIN_MIN = 4;
    private static final byte[] NO_BYTES = {};

    private final RdbSink sink;
    private final boolean compress;
    private final boolean checksum;
    private final byte[] buffer;
    private final Lzf lzf;
    private byte[] scratch = NO_BYTES;
    private int buffered;
    private long flushedBytes;
    private long crc;
    private long idleSeconds = RdbVisitor.NONE;
    private int frequency = (int) RdbVisitor.NONE;
    private int version = RdbFormat.VERSION_WRITTEN;

    /**
     * Creates a writer for one file.
     *
     * @param compress whether long strings are compressed ({@code rdbcompression})
     * @param checksum whether the file ends with its checksum or with zeros ({@code rdbchecksum})
     */
    public RdbWriter(RdbSink sink, boolean compress, boolean checksum) {
        this(sink, compress, checksum, new Lzf(), BUFFER_BYTES);
    }

    RdbWriter(RdbSink sink, boolean compress, boolean checksum, Lzf lzf, int bufferBytes) {
        this.sink = sink;
        this.compress = compress;
        this.checksum = checksum;
        this.lzf = lzf;
        this.buffer = new byte[bufferBytes];
    }

    /** Writes the header and the auxiliary fields, in their order: what every file of ours begins with. */
    public void head(Map<String, String> aux) throws IOException {
        header();
        for (var field : aux.entrySet()) {
            aux(field.getKey(), field.getValue());
        }
    }

    /** Says that fields of hashes expire, which needs a newer version of the format. Before {@link #head}. */
    public void expiresFields() {
        version = RdbFormat.VERSION_WITH_FIELD_EXPIRY;
    }

    /** Writes the magic and the oldest version that can hold what comes. */
    public void header() throws IOException {
        raw(("REDIS00" + version).getBytes(StandardCharsets.US_ASCII), 0, 9);
    }

    public void aux(String name, String value) throws IOException {
        putByte(RdbFormat.AUX);
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        byte[] valueBytes = value.getBytes(StandardCharsets.UTF_8);
        string(nameBytes, 0, nameBytes.length);
        string(valueBytes, 0, valueBytes.length);
    }

    /** Writes the source of a function library. */
    public void function(byte[] code) throws IOException {
        putByte(RdbFormat.FUNCTION2);
        string(code, 0, code.length);
    }

    public void functions(Libraries libraries) throws IOException {
        for (byte[] source : libraries.sources()) {
            function(source);
        }
    }

    public void selectDb(int db) throws IOException {
        putByte(RdbFormat.SELECTDB);
        length(db);
    }

    public void resizeDb(long keyCount, long expiryCount) throws IOException {
        putByte(RdbFormat.RESIZEDB);
        length(keyCount);
        length(expiryCount);
    }

    /** Gives the next key an idle time. Redis writes it under an LRU policy only. */
    public void idle(long seconds) {
        idleSeconds = seconds;
    }

    /** Gives the next key an access counter, 0 to 255. Redis writes it under an LFU policy only. */
    public void freq(int counter) {
        frequency = counter;
    }

    /**
     * Writes a key and its value.
     *
     * @param expiryMillis Unix time, or -1 for none
     */
    public void key(long expiryMillis, byte[] key, int keyOffset, int keyLength, Value value) throws IOException {
        if (expiryMillis != RdbVisitor.NONE) {
            putByte(RdbFormat.EXPIRETIME_MS);
            putLong(expiryMillis);
        }
        if (idleSeconds != RdbVisitor.NONE) {
            putByte(RdbFormat.IDLE);
            length(idleSeconds);
            idleSeconds = RdbVisitor.NONE;
        }
        if (frequency != RdbVisitor.NONE) {
            putByte(RdbFormat.FREQ);
            putByte(frequency);
            frequency = (int) RdbVisitor.NONE;
        }
        putByte(RdbValues.typeOf(value));
        string(key, keyOffset, keyLength);
        RdbValues.write(this, value);
    }

    /** Writes the end and the checksum, and hands everything to the sink. */
    public void end() throws IOException {
        putByte(RdbFormat.EOF);
        flush();
        putLong(checksum ? crc : 0);
        flush();
    }

    /** Hands what is buffered to the sink. */
    public void flush() throws IOException {
        int length = buffered;
        if (length == 0) {
            return;
        }
        buffered = 0;
        deliver(buffer, 0, length);
    }

    /** Bytes of the file so far, buffered ones included. */
    public long writtenBytes() {
        return flushedBytes + buffered;
    }

    /** The checksum of all bytes so far; hands them to the sink. */
    long crc() throws IOException {
        flush();
        return crc;
    }

    void putByte(int value) throws IOException {
        reserve(1);
        buffer[buffered++] = (byte) value;
    }

    void putShort(int value) throws IOException {
        putByte(value);
        putByte(value >> 8);
    }

    /** Eight bytes, little endian. */
    void putLong(long value) throws IOException {
        reserve(8);
        for (int shift = 0; shift < 64; shift += 8) {
            buffer[buffered++] = (byte) (value >>> shift);
        }
    }

    void integer(long value) throws IOException {
        if (value == (int) value) {
            smallInteger((int) value);
            return;
        }
        byte[] digits = Long.toString(value).getBytes(StandardCharsets.US_ASCII);
        length(digits.length);
        raw(digits, 0, digits.length);
    }

    void string(byte[] bytes, int offset, int length) throws IOException {
        if (length <= INTEGER_LENGTH_MAX && isSmallInteger(bytes, offset, length)) {
            smallInteger((int) parse(bytes, offset, length));
            return;
        }
        if (compress && length >= COMPRESSED_LENGTH_MIN && compressed(bytes, offset, length)) {
            return;
        }
        length(length);
        raw(bytes, offset, length);
    }

    private void smallInteger(int value) throws IOException {
        if (value == (byte) value) {
            putByte(RdbFormat.ENCODED | RdbFormat.ENCODED_INT8);
            putByte(value);
        } else if (value == (short) value) {
            putByte(RdbFormat.ENCODED | RdbFormat.ENCODED_INT16);
            putShort(value);
        } else {
            putByte(RdbFormat.ENCODED | RdbFormat.ENCODED_INT32);
            putShort(value);
            putShort(value >> 16);
        }
    }

    private boolean compressed(byte[] bytes, int offset, int length) throws IOException {
        int room = length - COMPRESSION_GAIN_MIN;
        byte[] out = scratch;
        if (out.length < room) {
            out = new byte[room];
            if (room <= SCRATCH_KEPT_MAX) {
                scratch = out;
            }
        }
        int compressedLength = lzf.compress(bytes, offset, length, out, 0, room);
        if (compressedLength == 0) {
            return false;
        }
        putByte(RdbFormat.ENCODED | RdbFormat.ENCODED_LZF);
        length(compressedLength);
        length(length);
        raw(out, 0, compressedLength);
        return true;
    }

    /** Writes a number of 64 bits without sign in the form of a length. */
    void number(long value) throws IOException {
        if (value >= 0) {
            length(value);
        } else {
            putByte(RdbFormat.LENGTH_64_BITS);
            for (int shift = 56; shift >= 0; shift -= 8) {
                putByte((int) (value >> shift));
            }
        }
    }

    void length(long length) throws IOException {
        if (length < 0) {
            throw new IllegalArgumentException("negative length " + length);
        }
        if (length < 1 << 6) {
            putByte((int) length);
        } else if (length < 1 << 14) {
            putByte(RdbFormat.LENGTH_14_BITS | (int) (length >> 8));
            putByte((int) length);
        } else {
            boolean isShort = length <= 0xffffffffL;
            putByte(isShort ? RdbFormat.LENGTH_32_BITS : RdbFormat.LENGTH_64_BITS);
            for (int shift = isShort ? 24 : 56; shift >= 0; shift -= 8) {
                putByte((int) (length >> shift));
            }
        }
    }

    private void raw(byte[] bytes, int offset, int length) throws IOException {
        if (length > buffer.length - buffered) {
            flush();
            if (length >= buffer.length) {
                deliver(bytes, offset, length);
                return;
            }
        }
        System.arraycopy(bytes, offset, buffer, buffered, length);
        buffered += length;
    }

    private void reserve(int length) throws IOException {
        if (length > buffer.length - buffered) {
            flush();
        }
    }

    private void deliver(byte[] bytes, int offset, int length) throws IOException {
        if (checksum) {
            crc = Crc64.update(crc, bytes, offset, length);
        }
        flushedBytes += length;
        sink.write(bytes, offset, length);
    }

    /** Whether the bytes are exactly what a 32-bit integer looks like in decimal: no plus, no leading zeros, no -0. */
    private static boolean isSmallInteger(byte[] bytes, int offset, int length) {
        int first = length > 0 && bytes[offset] == '-' ? 1 : 0;
        if (length == first) {
            return false;
        }
        if (bytes[offset + first] == '0') {
            return length == 1;
        }
        for (int i = first; i < length; i++) {
            if (bytes[offset + i] < '0' || bytes[offset + i] > '9') {
                return false;
            }
        }
        long value = parse(bytes, offset, length);
        return value == (int) value;
    }

    private static long parse(byte[] bytes, int offset, int length) {
        boolean isNegative = bytes[offset] == '-';
        long value = 0;
        for (int i = isNegative ? 1 : 0; i < length; i++) {
            value = value * 10 + (bytes[offset + i] - '0');
        }
        return isNegative ? -value : value;
    }
}
