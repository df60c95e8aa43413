package io.redoubt.config;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Words of a configuration line, quoted as redis-cli quotes; a char is a byte (ISO 8859-1). */
final class ConfigLine {
    private static final String HEX = "0123456789abcdef";

    private ConfigLine() {}

    /** Splits a line into words; null when a quote is not closed or text follows a closing quote. */
    static @Nullable List<String> split(String line) {
        List<String> words = new ArrayList<>();
        int at = 0;
        while (true) {
            while (at < line.length() && isSpace(line.charAt(at))) {
                at++;
            }
            if (at == line.length()) {
                return words;
            }
            StringBuilder word = new StringBuilder();
            at = word(line, at, word);
            if (at < 0) {
                return null;
            }
            words.add(word.toString());
        }
    }

    private static int word(String line, int start, StringBuilder word) {
        char quote = 0;
        int at = start;
        for (; at < line.length(); at++) {
            char c = line.charAt(at);
            if (quote == 0) {
                if (isSpace(c)) {
                    return at;
                }
                if (c == '"' || c == '\'') {
                    quote = c;
                } else {
                    word.append(c);
                }
            } else if (c == quote) {
                boolean closesWord = at + 1 == line.length() || isSpace(line.charAt(at + 1));
                return closesWord ? at + 1 : -1;
            } else if (c == '\\' && at + 1 < line.length()) {
                at = quote == '"' ? escape(line, at, word) : singleQuoteEscape(line, at, word);
            } else {
                word.append(c);
            }
        }
        return quote == 0 ? at : -1;
    }

    private static int singleQuoteEscape(String line, int at, StringBuilder word) {
        if (line.charAt(at + 1) == '\'') {
            word.append('\'');
            return at + 1;
        }
        word.append('\\');
        return at;
    }

    private static int escape(String line, int at, StringBuilder word) {
        char c = line.charAt(at + 1);
        if (c == 'x' && at + 3 < line.length()) {
            int high = Character.digit(line.charAt(at + 2), 16);
            int low = Character.digit(line.charAt(at + 3), 16);
            if (high >= 0 && low >= 0) {
                word.append((char) (high << 4 | low));
                return at + 3;
            }
        }
        word.append(
                switch (c) {
                    case 'n' -> '\n';
                    case 'r' -> '\r';
                    case 't' -> '\t';
                    case 'b' -> '\b';
                    case 'a' -> (char) 7;
                    default -> c;
                });
        return at + 1;
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c >= '\t' && c <= '\r' || c == 0;
    }

    /** The line without the blanks at its ends; other control characters may belong to a word. */
    static String trim(String line) {
        int from = 0;
        int to = line.length();
        while (from < to && " \t\r\n".indexOf(line.charAt(from)) >= 0) {
            from++;
        }
        while (to > from && " \t\r\n".indexOf(line.charAt(to - 1)) >= 0) {
            to--;
        }
        return line.substring(from, to);
    }

    /** The word as it is where {@link #split} gives it back so, else quoted. */
    static String quoteIfNeeded(String word) {
        boolean isPlain = !word.isEmpty();
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            isPlain &= c > ' ' && c != '"' && c != '\'' && c != 127;
        }
        return isPlain ? word : quote(word);
    }

    /** The word in double quotes, so that {@link #split} gives it back. */
    static String quote(String word) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            switch (c) {
                case '"', '\\' -> quoted.append('\\').append(c);
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                case '\b' -> quoted.append("\\b");
                case 7 -> quoted.append("\\a");
                default -> {
                    if (c >= ' ' && c < 127) {
                        quoted.append(c);
                    } else {
                        quoted.append("\\x").append(HEX.charAt(c >> 4 & 15)).append(HEX.charAt(c & 15));
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }
}
