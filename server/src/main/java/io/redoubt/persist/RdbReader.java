package io.redoubt.persist;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads one RDB file and tells a visitor what is in it. Input is not trusted: memory follows the bytes that have
 * arrived, never a length that was claimed, and every failure names the byte. Not thread-safe; the source stays open.
 */
public final class RdbReader {

    private static final int PIECE_BYTES = 1 << 16;
    private static final int STRING_LENGTH_MAX = Integer.MAX_VALUE - 16;
    private static final int HEADER_LENGTH = 9;
    private static final int VALKEY_VERSION = 80;

    private final InputStream source;
    private final boolean verifyChecksum;
    private final byte[] buffer;
    private long bufferStart; // Offset in the file of buffer[0].
    private int position;
    private int limit;
    private int summed; // The checksum covers the buffer up to here.
    private long crc;
    private int version;
    private boolean isValkey;

    /**
     * Creates a reader for one file.
     *
     * @param source read up to 64 KiB ahead; see {@link #leftover}
     * @param verifyChecksum whether a wrong checksum is an error ({@code rdbchecksum}); a file that ends with zeros has
     *     none
     */
    public RdbReader(InputStream source, boolean verifyChecksum) {
        this(source, verifyChecksum, PIECE_BYTES);
    }

    RdbReader(InputStream source, boolean verifyChecksum, int bufferBytes) {
        this.source = source;
        this.verifyChecksum = verifyChecksum;
        this.buffer = new byte[bufferBytes];
    }

    /**
     * Reads everything up to the end mark and the checksum. What the visitor has been told before an exception is not
     * to be trusted: the checksum comes last.
     *
     * @throws RdbFormatException if the input is damaged or cut off
     * @throws UnsupportedRdbVersionException if it was written by something newer
     * @throws UnsupportedRdbTypeException if it holds a value of a type that cannot be kept, or module data
     */
    public void read(RdbVisitor visitor) throws IOException {
        readHeader();
        int db = 0;
        long expiryMillis = RdbVisitor.NONE;
        long idleSeconds = RdbVisitor.NONE;
        int frequency = (int) RdbVisitor.NONE;
        while (true) {
            long start = offset();
            int opcode = readByte();
            switch (opcode) {
                case RdbFormat.EXPIRETIME_MS -> expiryMillis = readLong();
                case RdbFormat.EXPIRETIME -> expiryMillis = readInt() * 1000L;
                case RdbFormat.IDLE -> idleSeconds = readLength();
                case RdbFormat.FREQ -> frequency = readByte();
                case RdbFormat.SELECTDB -> {
                    long number = readLength();
                    if (number > Integer.MAX_VALUE) {
                        throw new RdbFormatException(start, "database number " + number);
                    }
                    db = (int) number;
                    visitor.selectDb(db);
                }
                case RdbFormat.RESIZEDB -> {
                    long keyCount = readLength();
                    visitor.resizeDb(keyCount, readLength());
                }
                case RdbFormat.AUX -> {
                    byte[] name = readString();
                    visitor.aux(name, readString());
                }
                case RdbFormat.FUNCTION2 -> visitor.function(readString());
                case RdbFormat.SLOT_INFO -> {
                    readLength();
                    readLength();
                    readLength();
                }
                case RdbFormat.MODULE_AUX -> throw new UnsupportedRdbTypeException(start, opcode, "MODULE_AUX", null);
                case RdbFormat.FUNCTION_PRE_GA ->
                    throw new UnsupportedRdbTypeException(start, opcode, "FUNCTION_PRE_GA", null);
                case RdbFormat.EOF -> {
                    readChecksum();
                    return;
                }
                default -> {
                    if (RdbFormat.typeName(opcode, isValkey).equals(RdbFormat.UNKNOWN)) {
                        throw new RdbFormatException(start, "unknown opcode or type " + opcode);
                    }
                    byte[] key = readString();
                    if (!RdbValues.isReadable(opcode)) {
                        throw unsupported(start, opcode, key);
                    }
                    var sink = visitor.beginValue(db, key, expiryMillis, idleSeconds, frequency);
                    if (RdbValues.read(this, opcode, sink)) {
                        visitor.endValue();
                    } else {
                        visitor.emptyValue(key);
                    }
                    expiryMillis = RdbVisitor.NONE;
                    idleSeconds = RdbVisitor.NONE;
                    frequency = (int) RdbVisitor.NONE;
                }
            }
        }
    }

    /** Bytes of the file consumed so far. */
    public long offset() {
        return bufferStart + position;
    }

    /** Whether the file is of Valkey's own format, which differs in a few types. */
    boolean isValkey() {
        return isValkey;
    }

    /** The version in the header: 1 to 12, or 80 for Valkey's own; 0 before it was read. */
    public int version() {
        return version;
    }

    /** After {@link #read}: bytes taken from the source that lie behind the file, such as a full sync's end mark. */
    public byte[] leftover() {
        return Arrays.copyOfRange(buffer, position, limit);
    }

    private void readHeader() throws IOException {
        byte[] bytes = readRaw(HEADER_LENGTH);
        String header = new String(bytes, StandardCharsets.ISO_8859_1);
        isValkey = header.startsWith("VALKEY");
        String digits = header.substring(isValkey ? 6 : 5);
        if (!isValkey && !header.startsWith("REDIS") || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new RdbFormatException(0, "no RDB header");
        }
        version = Integer.parseInt(digits);
        boolean isReadable =
                isValkey ? version == VALKEY_VERSION : version >= 1 && version <= RdbFormat.VERSION_READ_MAX;
        if (!isReadable) {
            throw new UnsupportedRdbVersionException(header);
        }
    }

    private void readChecksum() throws IOException {
        if (version < RdbFormat.VERSION_WITH_CHECKSUM) {
            return;
        }
        sum();
        long computed = crc;
        long start = offset();
        long stored = readLong();
        if (verifyChecksum && stored != 0 && stored != computed) {
            throw new RdbFormatException(
                    start,
                    "RDB CRC error: it says " + Long.toHexString(stored) + ", contents give "
                            + Long.toHexString(computed));
        }
    }

    private RdbException unsupported(long start, int type, byte[] key) {
        String name = RdbFormat.typeName(type, isValkey);
        return new UnsupportedRdbTypeException(start, type, name, key);
    }

    /** A string in any of its encodings, in a fresh array. */
    byte[] readString() throws IOException {
        long start = offset();
        int first = readByte();
        if (first >> 6 != 3) {
            return readRaw(readLength(start, first));
        }
        return switch (first & 0x3f) {
            case RdbFormat.ENCODED_INT8 -> decimal((byte) readByte());
            case RdbFormat.ENCODED_INT16 -> decimal((short) (readByte() | readByte() << 8));
            case RdbFormat.ENCODED_INT32 -> decimal(readInt());
            case RdbFormat.ENCODED_LZF -> readCompressed(start);
            default -> throw new RdbFormatException(start, "unknown string encoding " + (first & 0x3f));
        };
    }

    private byte[] readCompressed(long start) throws IOException {
        long compressedLength = readLength();
        long length = readLength();
        // Refused before anything is read or allocated: no input of that length can become so long.
        if (length > STRING_LENGTH_MAX || length / Lzf.EXPANSION_MAX > compressedLength) {
            throw new RdbFormatException(start, "compressed string claims " + length + " bytes");
        }
        byte[] compressed = readRaw(compressedLength);
        byte[] bytes = new byte[(int) length];
        if (!Lzf.decompress(compressed, 0, compressed.length, bytes, 0, bytes.length)) {
            throw new RdbFormatException(start, "compressed string is damaged");
        }
        return bytes;
    }

    long readLength() throws IOException {
        long start = offset();
        return readLength(start, readByte());
    }

    /** Reads a number of 64 bits without sign that has the form of a length. */
    long readNumber() throws IOException {
        long start = offset();
        int first = readByte();
        return first == RdbFormat.LENGTH_64_BITS ? Long.reverseBytes(readLong()) : readLength(start, first);
    }

    private long readLength(long start, int first) throws IOException {
        switch (first >> 6) {
            case 0 -> {
                return first;
            }
            case 1 -> {
                return (first & 0x3fL) << 8 | readByte();
            }
            default -> {
                if (first != RdbFormat.LENGTH_32_BITS && first != RdbFormat.LENGTH_64_BITS) {
                    throw new RdbFormatException(start, "byte " + first + " where a length belongs");
                }
                long length = 0;
                for (int i = first == RdbFormat.LENGTH_32_BITS ? 4 : 8; i > 0; i--) {
                    length = length << 8 | readByte();
                }
                if (length < 0) {
                    throw new RdbFormatException(start, "length " + Long.toUnsignedString(length));
                }
                return length;
            }
        }
    }

    byte[] readRaw(long length) throws IOException {
        if (length > STRING_LENGTH_MAX) {
            throw new RdbFormatException(offset(), "string claims " + length + " bytes");
        }
        int wanted = (int) length;
        byte[] bytes = new byte[Math.min(wanted, PIECE_BYTES)];
        int filled = 0;
        while (filled < wanted) {
            if (filled == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(wanted, 2L * filled));
            }
            if (position == limit) {
                fill();
            }
            int count = Math.min(limit - position, bytes.length - filled);
            System.arraycopy(buffer, position, bytes, filled, count);
            position += count;
            filled += count;
        }
        return bytes;
    }

    int readByte() throws IOException {
        if (position == limit) {
            fill();
        }
        return buffer[position++] & 0xff;
    }

    private int readInt() throws IOException {
        return readByte() | readByte() << 8 | readByte() << 16 | readByte() << 24;
    }

    long readLong() throws IOException {
        long low = readInt() & 0xffffffffL;
        return low | (long) readInt() << 32;
    }

    /** Replaces the buffer, all of which has been consumed. */
    private void fill() throws IOException {
        sum();
        bufferStart += limit;
        position = 0;
        summed = 0;
        limit = 0;
        int count = source.read(buffer, 0, buffer.length);
        if (count <= 0) {
            throw new RdbFormatException(offset(), "ends too early");
        }
        limit = count;
    }

    private void sum() {
        if (verifyChecksum) {
            crc = Crc64.update(crc, buffer, summed, position - summed);
        }
        summed = position;
    }

    private static byte[] decimal(int value) {
        return Integer.toString(value).getBytes(StandardCharsets.US_ASCII);
    }
}
