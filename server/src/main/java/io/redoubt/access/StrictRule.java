package io.redoubt.access;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The rules in which `security-profile strict` differs from Redis. Each can be excepted alone. */
public enum StrictRule {
    /** `requirepass` and the ACL users are merged, never silently dropped. */
    MERGE,
    /** A form that reads what it changes needs the right to read as well. */
    WRITE_IS_NOT_READ,
    /** A selector that names no database acts in database 0, unless its user may SELECT. */
    DATABASE,
    /** Key patterns bind commands that name no key. */
    PATTERNS,
    /** Nobody is a user without a password from another machine while protected mode is on. */
    OPEN,
    /** Failed logins have a budget. */
    GUESSING,
    /** A revoked credential ends the sessions that logged in with it. */
    REVOKE,
    /** Secrets are never shown. */
    SECRETS;

    private final String word = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** Returns the word that {@code strict-except} takes. */
    public String word() {
        return word;
    }

    /** Returns the rule of a word in any case, or null. */
    public static @Nullable StrictRule of(String word) {
        for (var rule : values()) {
            if (rule.word.equalsIgnoreCase(word)) {
                return rule;
            }
        }
        return null;
    }
}
