package io.redoubt.persist;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The file holds something this server cannot keep. It is never skipped: that would lose data silently. */
public final class UnsupportedRdbTypeException extends RdbException {

    private static final long serialVersionUID = 1L;
    private static final int KEY_SHOWN_MAX = 128;

    private final int type;
    private final String typeName;
    private final byte @Nullable [] key;

    UnsupportedRdbTypeException(long offset, int type, String typeName, byte @Nullable [] key) {
        super(
                offset,
                "RDB type not supported: " + type + " (" + typeName + ")" + (key == null ? "" : " of key " + shown(key))
                        + " at byte " + offset);
        this.type = type;
        this.typeName = typeName;
        this.key = key;
    }

    /** The type byte, or the opcode when it is not a value that was met. */
    public int type() {
        return type;
    }

    public String typeName() {
        return typeName;
    }

    /** The key whose value it is; null for an opcode that belongs to no key. */
    public byte @Nullable [] key() {
        return key;
    }

    private static String shown(byte[] key) {
        StringBuilder text = new StringBuilder("\"");
        for (int i = 0; i < Math.min(key.length, KEY_SHOWN_MAX); i++) {
            int c = key[i] & 0xff;
            if (c == '"' || c == '\\') {
                text.append('\\').append((char) c);
            } else if (c >= ' ' && c < 0x7f) {
                text.append((char) c);
            } else {
                text.append("\\x").append(new String(hex(c), StandardCharsets.US_ASCII));
            }
        }
        return text.append(key.length > KEY_SHOWN_MAX ? "\"…" : "\"").toString();
    }

    private static byte[] hex(int c) {
        return new byte[] {(byte) Character.forDigit(c >> 4, 16), (byte) Character.forDigit(c & 15, 16)};
    }
}
