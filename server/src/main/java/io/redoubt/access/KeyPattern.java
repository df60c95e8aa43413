package io.redoubt.access;

import io.redoubt.command.Form;
import io.redoubt.resp.Glob;
import java.nio.charset.StandardCharsets;

/**
 * A key pattern of a selector.
 *
 * @param access {@link Form#READ}, {@link Form#WRITE} or both
 */
record KeyPattern(String text, byte[] glob, int access) {
    static final int BOTH = Form.READ | Form.WRITE;

    static KeyPattern of(String text, int access) {
        return new KeyPattern(text, text.getBytes(StandardCharsets.ISO_8859_1), access);
    }

    /** Whether it grants at least the access (0: any) to the key. */
    boolean grants(int wanted, byte[] buffer, int offset, int length) {
        return (access & wanted) == wanted && Glob.matches(glob, 0, glob.length, buffer, offset, length, false);
    }

    boolean isStar() {
        return text.equals("*");
    }

    /** Returns the rule that makes it. */
    String rule() {
        return switch (access) {
            case Form.READ -> "%R~" + text;
            case Form.WRITE -> "%W~" + text;
            default -> "~" + text;
        };
    }
}
