package io.redoubt.persist;

import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * The serialized value of DUMP and RESTORE: type and body as in an RDB file, two bytes of version, eight of checksum,
 * both little endian.
 */
public final class DumpPayload {

    /** What Redis 7.0 writes, and the newest that it takes. */
    public static final int VERSION = RdbFormat.VERSION_WRITTEN;

    static final int FOOTER_LENGTH = 10;
    private static final int BUFFER_BYTES = 1 << 12;

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

    /**
     * A payload that is not taken.
     *
     * @param detail what is wrong with it, for the log
     */
    public record Refusal(Reason reason, String detail) {}

    private DumpPayload() {}

    /** The payload of a value. */
    public static byte[] encode(Value value, boolean compress) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RdbWriter writer = new RdbWriter(out::write, compress, true, new Lzf(), BUFFER_BYTES);
        try {
            int type = RdbValues.typeOf(value);
            writer.putByte(type);
            RdbValues.write(writer, value);
            writer.putShort(RdbValues.versionOf(type));
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
     * @param versionMax the newest version taken: {@link #VERSION} to answer as Redis 7.0 does. What it does not know at
     *     all, hashes whose fields expire, is taken in the version that has it
     * @param verifies whether a wrong checksum is a reason to refuse it
     * @param sink gets the value; what it got is not to be used if the payload is refused
     * @return why it is refused, or null
     */
    public static @Nullable Refusal decode(
            byte[] payload, int offset, int length, int versionMax, boolean verifies, ValueSink sink) {
        int known = length > 0 ? RdbValues.versionOf(payload[offset] & 0xff) : 0;
        if (!isIntact(payload, offset, length, Math.max(versionMax, known), verifies)) {
            return new Refusal(Reason.VERSION_OR_CHECKSUM, "the footer is wrong");
        }
        int bodyLength = length - FOOTER_LENGTH;
        if (bodyLength == 0) {
            return new Refusal(Reason.BAD_FORMAT, "there is no value");
        }
        int type = payload[offset] & 0xff;
        if (!RdbValues.isReadable(type)) {
            boolean isUnknown = RdbFormat.typeName(type, false).equals(RdbFormat.UNKNOWN);
            return new Refusal(
                    isUnknown ? Reason.BAD_FORMAT : Reason.UNSUPPORTED_TYPE, "type " + type + " is not known");
        }
        var source = new ByteArrayInputStream(payload, offset + 1, bodyLength - 1);
        try {
            boolean isEmpty = !RdbValues.read(new RdbReader(source, false, BUFFER_BYTES), type, sink);
            return isEmpty ? new Refusal(Reason.BAD_FORMAT, "the value is empty") : null;
        } catch (IOException damage) {
            return new Refusal(Reason.BAD_FORMAT, String.valueOf(damage.getMessage()));
        }
    }

    /** Whether the footer names a version that is taken and, if that is verified, the right checksum. */
    static boolean isIntact(byte[] payload, int offset, int length, int versionMax, boolean verifies) {
        if (length < FOOTER_LENGTH) {
            return false;
        }
        int footer = offset + length - FOOTER_LENGTH;
        int version = payload[footer] & 0xff | (payload[footer + 1] & 0xff) << 8;
        long stored = 0;
        for (int i = FOOTER_LENGTH - 1; i >= 2; i--) {
            stored = stored << 8 | payload[footer + i] & 0xff;
        }
        return version <= versionMax && (!verifies || stored == Crc64.update(0, payload, offset, length - 8));
    }
}
