package io.redoubt.access;

import org.jspecify.annotations.Nullable;

/**
 * What a session became its user with.
 *
 * @param hash the password's hash; null where no password was needed
 */
record Credential(String user, @Nullable String hash) {
    /** Whether it would still open the user. */
    boolean opens(User of) {
        return of.isEnabled() && (of.hasNoPassword() || hash != null && of.passwords().contains(hash));
    }
}
