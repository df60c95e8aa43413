package io.redoubt.access;

import io.redoubt.command.Principal;
import java.util.Collection;
import java.util.Collections;

/** A user: what it may do and what opens it. Immutable; a change makes a new one. */
public final class User implements Principal {
    static final String DEFAULT = "default";

    private final UserRules rules;
    private final Selector[] selectors;
    private final boolean isUnrestricted;
    private final boolean readsAllKeys;

    User(UserRules rules) {
        this.rules = rules;
        selectors = rules.compile();
        boolean unrestricted = false;
        boolean readsAll = false;
        for (var selector : selectors) {
            unrestricted |= selector.isUnrestricted();
            readsAll |= selector.readsAllKeys();
        }
        isUnrestricted = unrestricted;
        readsAllKeys = readsAll;
    }

    /** Returns the name, each byte one char. */
    @Override
    public String name() {
        return rules.name();
    }

    @Override
    public boolean isUnrestricted() {
        return isUnrestricted;
    }

    public boolean isEnabled() {
        return rules.isEnabled();
    }

    /** Whether any password opens it. */
    public boolean hasNoPassword() {
        return rules.hasNoPassword();
    }

    /** Whether its RESTORE payloads are to be checked where only clients' are; null-safe default is yes. */
    public boolean sanitizesPayload() {
        return rules.sanitize() != UserRules.Sanitize.SKIP;
    }

    Collection<String> passwords() {
        return Collections.unmodifiableCollection(rules.passwords());
    }

    /** Whether somebody can log in as this user, and only with a password. */
    boolean isOpenedByPassword() {
        return isEnabled() && !hasNoPassword() && !rules.passwords().isEmpty();
    }

    Selector[] selectors() {
        return selectors;
    }

    /** Whether a subscription is allowed; a pattern has to be granted literally. */
    boolean allowsChannel(byte[] channel, boolean isPattern) {
        for (var selector : selectors) {
            if (selector.allowsChannel(channel, isPattern)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it still has every channel rule that another version of it had. */
    boolean keepsChannelsOf(User other) {
        return Selector.keepChannels(selectors, other.selectors);
    }

    @Override
    public boolean readsAllKeys() {
        return readsAllKeys;
    }

    /** Returns a copy of its rules, to be changed. */
    UserRules change() {
        return rules.copy();
    }

    UserRules rules() {
        return rules;
    }

    @Override
    public String toString() {
        return rules.line();
    }
}
