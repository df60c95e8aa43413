package io.redoubt.store;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Libraries of functions, by name. Nobody can call them yet; they are kept as they came, so that files and replicas have
 * them. Immutable.
 */
public final class Libraries {
    public static final Libraries NONE = new Libraries(Map.of());

    private static final String NAME = "name=";

    private final Map<String, byte[]> sources;

    private Libraries(Map<String, byte[]> sources) {
        this.sources = sources;
    }

    /**
     * The name that the first line of a library gives it: {@code #!lua name=NAME}.
     *
     * @return null when there is none
     */
    public static @Nullable String nameOf(byte[] source) {
        int end = 0;
        while (end < source.length && source[end] != '\n') {
            end++;
        }
        String line = new String(source, 0, end, StandardCharsets.ISO_8859_1);
        if (!line.startsWith("#!")) {
            return null;
        }
        for (String word : line.trim().split("\\s+")) {
            String option = unquoted(word);
            if (option.length() > NAME.length()
                    && option.substring(0, NAME.length())
                            .toLowerCase(Locale.ROOT)
                            .equals(NAME)) {
                return option.substring(NAME.length());
            }
        }
        return null;
    }

    private static String unquoted(String word) {
        boolean isQuoted = word.length() > 1
                && (word.charAt(0) == '"' || word.charAt(0) == '\'')
                && word.charAt(word.length() - 1) == word.charAt(0);
        return isQuoted ? word.substring(1, word.length() - 1) : word;
    }

    /** These and one more, or with another source for one of them. */
    public Libraries with(String name, byte[] source) {
        var more = new LinkedHashMap<>(sources);
        more.put(name, source);
        return new Libraries(Collections.unmodifiableMap(more));
    }

    /** These without one of them. */
    public Libraries without(String name) {
        var fewer = new LinkedHashMap<>(sources);
        fewer.remove(name);
        return new Libraries(Collections.unmodifiableMap(fewer));
    }

    public boolean has(String name) {
        return sources.containsKey(name);
    }

    public int count() {
        return sources.size();
    }

    /** The sources, in the order in which they came; not to be changed. */
    public Collection<byte[]> sources() {
        return sources.values();
    }

    /** How much memory they take. */
    public long bytes() {
        long bytes = 0;
        for (byte[] source : sources.values()) {
            bytes += source.length;
        }
        return bytes;
    }
}
