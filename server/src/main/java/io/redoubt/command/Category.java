package io.redoubt.command;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The ACL categories, in the order in which ACL CAT lists them. */
public enum Category {
    KEYSPACE,
    READ,
    WRITE,
    SET,
    SORTEDSET,
    LIST,
    HASH,
    STRING,
    BITMAP,
    HYPERLOGLOG,
    GEO,
    STREAM,
    PUBSUB,
    ADMIN,
    FAST,
    SLOW,
    BLOCKING,
    DANGEROUS,
    CONNECTION,
    TRANSACTION,
    SCRIPTING;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** Returns the word as used behind {@code @}. */
    public String word() {
        return word;
    }

    /** Returns the category of a word without its {@code @}, in any case; null if there is none. */
    public static @Nullable Category of(String word) {
        for (var category : values()) {
            if (category.word.equalsIgnoreCase(word)) {
                return category;
            }
        }
        return null;
    }
}
