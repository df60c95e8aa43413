package io.redoubt.access;

import java.nio.charset.StandardCharsets;

/** Text in which each char is a byte, as names and rules come from clients. */
final class Text {
    private Text() {}

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String of(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Makes a complete error line; line breaks become spaces. */
    static byte[] errorLine(String text) {
        return bytes("-" + text.replace('\r', ' ').replace('\n', ' ') + "\r\n");
    }
}
