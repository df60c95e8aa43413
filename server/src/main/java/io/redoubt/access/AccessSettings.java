package io.redoubt.access;

import java.util.Set;

/**
 * Which rules hold. Fixed at start-up.
 *
 * @param strict whether the profile is `strict`; otherwise it is `redis`
 * @param exceptions strict rules that are left out
 */
public record AccessSettings(boolean strict, Set<StrictRule> exceptions) {
    public static final AccessSettings STRICT = new AccessSettings(true, Set.of());
    public static final AccessSettings REDIS = new AccessSettings(false, Set.of());

    public AccessSettings {
        exceptions = Set.copyOf(exceptions);
    }

    /** Whether a strict rule is in force. */
    public boolean has(StrictRule rule) {
        return strict && !exceptions.contains(rule);
    }
}
