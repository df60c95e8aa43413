package io.redoubt.command;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The arguments of one request: a buffer and positions in it, valid until the request is done. Argument 0 is the
 * command's name as sent.
 */
public final class Args {
    private byte[] buffer = new byte[0];
    private int[] starts = new int[0];
    private int[] lengths = new int[0];
    private int base;
    private int count;

    /** Points at a parsed request; positions are relative to {@code base}. */
    public void set(byte[] buffer, int base, int[] starts, int[] lengths, int count) {
        this.buffer = buffer;
        this.base = base;
        this.starts = starts;
        this.lengths = lengths;
        this.count = count;
    }

    /** Points at arguments of our own making. Not for the hot path. */
    public void set(byte[]... arguments) {
        int total = 0;
        for (var argument : arguments) {
            total += argument.length;
        }
        var bytes = new byte[total];
        var positions = new int[arguments.length];
        var sizes = new int[arguments.length];
        int at = 0;
        for (int i = 0; i < arguments.length; i++) {
            System.arraycopy(arguments[i], 0, bytes, at, arguments[i].length);
            positions[i] = at;
            sizes[i] = arguments[i].length;
            at += arguments[i].length;
        }
        set(bytes, 0, positions, sizes, arguments.length);
    }

    /** Points at the arguments of another from one on: what DRYRUN and GETKEYS examine. */
    public void setFrom(Args other, int first) {
        set(
                other.buffer,
                other.base,
                Arrays.copyOfRange(other.starts, first, other.count),
                Arrays.copyOfRange(other.lengths, first, other.count),
                other.count - first);
    }

    public int count() {
        return count;
    }

    public byte[] buffer() {
        return buffer;
    }

    public int start(int arg) {
        return base + starts[arg];
    }

    public int length(int arg) {
        return lengths[arg];
    }

    /** Whether two arguments are the same bytes. */
    public boolean areSame(int first, int second) {
        int firstStart = start(first);
        int secondStart = start(second);
        return Arrays.equals(
                buffer, firstStart, firstStart + lengths[first], buffer, secondStart, secondStart + lengths[second]);
    }

    /** Returns a copy of an argument. */
    public byte[] bytes(int arg) {
        return Arrays.copyOfRange(buffer, start(arg), start(arg) + lengths[arg]);
    }

    /** Returns an argument as text, each byte one char. Not for the hot path. */
    public String text(int arg) {
        return new String(buffer, start(arg), lengths[arg], StandardCharsets.ISO_8859_1);
    }

    /** Whether bytes are a word of lower-case letters, in any case. */
    public static boolean equalsIgnoringCase(byte[] lowerCase, byte[] buffer, int offset, int length) {
        if (lowerCase.length != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            int c = buffer[offset + i];
            if (c >= 'A' && c <= 'Z') {
                c += 'a' - 'A';
            }
            if (c != lowerCase[i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether an argument is a word, in any case. The word has capital letters only. */
    public boolean is(int arg, String upperCaseWord) {
        int length = lengths[arg];
        if (length != upperCaseWord.length()) {
            return false;
        }
        int start = base + starts[arg];
        for (int i = 0; i < length; i++) {
            int c = buffer[start + i];
            if (c >= 'a' && c <= 'z') {
                c -= 'a' - 'A';
            }
            if (c != upperCaseWord.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
