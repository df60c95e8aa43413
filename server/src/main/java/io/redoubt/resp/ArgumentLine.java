package io.redoubt.resp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Splits a line into arguments with the quoting rules that inline requests and redis.conf share: blanks separate,
 * {@code "…"} knows {@code \xHH \n \r \t \b \a} and takes any other escaped byte as it is, {@code '…'} knows
 * {@code \'} only, and a closing quote must be followed by a blank or the end. A NUL byte ends the line.
 */
public final class ArgumentLine {
    /** What {@link #decode} returns when a quote is not closed as it must be. */
    static final long UNBALANCED = -1;

    private ArgumentLine() {}

    /**
     * Returns the decoded arguments of a line, or null when its quotes are unbalanced.
     *
     * @param line without its terminator (one that is there counts as a blank)
     */
    public static @Nullable List<byte[]> splitArguments(byte[] line) {
        List<byte[]> arguments = new ArrayList<>();
        byte[] decoded = new byte[line.length];
        int at = skipBlanks(line, 0, line.length);
        while (at < line.length) {
            long step = decode(line, at, line.length, decoded, 0);
            if (step == UNBALANCED) {
                return null;
            }
            arguments.add(Arrays.copyOf(decoded, (int) step));
            at = skipBlanks(line, (int) (step >>> 32), line.length);
        }
        return arguments;
    }

    /** Returns the index of the next argument, or {@code end} when there is none. */
    static int skipBlanks(byte[] line, int from, int end) {
        int i = from;
        while (i < end && isBlank(line[i])) {
            i++;
        }
        return i < end && line[i] == 0 ? end : i;
    }

    /**
     * Decodes the argument that starts at {@code from}, which is no blank, into {@code out}; it never gets longer.
     *
     * @return index after the argument in the upper half, index after the output in the lower; or {@link #UNBALANCED}
     */
    static long decode(byte[] line, int from, int end, byte[] out, int outFrom) {
        int i = from;
        int o = outFrom;
        while (i < end) {
            byte c = line[i];
            if (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0) { // \v and \f are blanks in front only.
                break;
            }
            i++;
            if (c != '"' && c != '\'') {
                out[o++] = c;
                continue;
            }
            boolean isClosed = false;
            while (i < end && line[i] != 0) {
                byte q = line[i++];
                if (q == c) {
                    isClosed = i == end || line[i] == 0 || isBlank(line[i]);
                    break;
                }
                if (q == '\\' && i < end && line[i] != 0) {
                    if (c == '"' && isHexEscape(line, i, end)) {
                        q = (byte) (Character.digit(line[i + 1], 16) << 4 | Character.digit(line[i + 2], 16));
                        i += 3;
                    } else if (c == '"') {
                        q = unescaped(line[i++]);
                    } else if (line[i] == '\'') {
                        q = line[i++];
                    }
                }
                out[o++] = q;
            }
            if (!isClosed) {
                return UNBALANCED;
            }
            break;
        }
        return (long) i << 32 | o;
    }

    private static boolean isHexEscape(byte[] line, int i, int end) {
        return line[i] == 'x'
                && end - i > 2
                && Character.digit(line[i + 1], 16) >= 0
                && Character.digit(line[i + 2], 16) >= 0;
    }

    private static byte unescaped(byte c) {
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'b' -> '\b';
            case 'a' -> 7;
            default -> c;
        };
    }

    private static boolean isBlank(byte c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }
}
