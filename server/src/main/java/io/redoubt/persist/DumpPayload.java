package io.redoubt.persist;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The serialized value of DUMP and RESTORE: type and body as in an RDB file, two bytes of version, eight of checksum,
 * both little endian.
 */
public final class DumpPayload {

    /** What Redis 7.0 writes, and the newest that it takes. */
    public static final int VERSION = RdbFormat.VERSION_WRITTEN;

    private static final int FOOTER_LENGTH = 10;
    private static final int BUFFER_BYTES = 1 << 12;

    /** What RESTORE got. */
    public sealed interface Decoded {}

    /** A string. */
    public record StringValue(byte[] bytes) implements Decoded {}

    /** Nothing that can be kept. */
    public record Refused(Reason reason, int type, String typeName) implements Decoded {}

    /** Why a payload is refused; the text is that of Redis. */
    public enum Reason {
        VERSION_OR_CHECKSUM("DUMP payload version or checksum are wrong"),
        BAD_FORMAT("Bad data format"),
        /** A value that Redis would take and we cannot. */
        UNSUPPORTED_TYPE("Bad data format");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }

    private DumpPayload() {}

    /** The payload of a string of bytes. */
    public static byte[] encode(byte[] value, int offset, int length, boolean compress) {
        return encode(compress, writer -> writer.string(value, offset, length));
    }

    /** The payload of a string kept as an integer. */
    public static byte[] encode(long value) {
        return encode(false, writer -> writer.integer(value));
    }

    private static byte[] encode(boolean compress, Body body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RdbWriter writer = new RdbWriter(out::write, compress, true, new Lzf(), BUFFER_BYTES);
        try {
            writer.putByte(RdbFormat.TYPE_STRING);
            body.write(writer);
            writer.putShort(VERSION);
            writer.putLong(writer.crc());
            writer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
        return out.toByteArray();
    }

    /**
     * Reads a payload. Bytes between value and footer are ignored, as Redis does.
     *
     * @param versionMax the newest version taken: {@link #VERSION} to answer as Redis 7.0 does
     */
    public static Decoded decode(byte[] payload, int offset, int length, int versionMax) {
        if (!isIntact(payload, offset, length, versionMax)) {
            return new Refused(Reason.VERSION_OR_CHECKSUM, -1, "");
        }
        int bodyLength = length - FOOTER_LENGTH;
        if (bodyLength == 0) {
            return new Refused(Reason.BAD_FORMAT, -1, "");
        }
        int type = payload[offset] & 0xff;
        if (type != RdbFormat.TYPE_STRING) {
            String name = RdbFormat.typeName(type, false);
            return new Refused(
                    name.equals(RdbFormat.UNKNOWN) ? Reason.BAD_FORMAT : Reason.UNSUPPORTED_TYPE, type, name);
        }
        var source = new ByteArrayInputStream(payload, offset + 1, bodyLength - 1);
        try {
            return new StringValue(new RdbReader(source, false, BUFFER_BYTES).readString());
        } catch (IOException _) {
            return new Refused(Reason.BAD_FORMAT, type, "STRING");
        }
    }

    private static boolean isIntact(byte[] payload, int offset, int length, int versionMax) {
        if (length < FOOTER_LENGTH) {
            return false;
        }
        int footer = offset + length - FOOTER_LENGTH;
        int version = payload[footer] & 0xff | (payload[footer + 1] & 0xff) << 8;
        long stored = 0;
        for (int i = FOOTER_LENGTH - 1; i >= 2; i--) {
            stored = stored << 8 | payload[footer + i] & 0xff;
        }
        return version <= versionMax && stored == Crc64.update(0, payload, offset, length - 8);
    }

    private interface Body {
        void write(RdbWriter writer) throws IOException;
    }
}
