package io.redoubt.store;

/** What is known of accesses to a key and kept in files. It follows from {@code maxmemory-policy}, as in Redis. */
public enum KeptAccess {
    /** When the key was last used, which files do not tell. */
    NOTHING,
    /** For how long the key has not been used: the policies "lru". */
    IDLE_TIME,
    /** How often it is used: the policies "lfu". */
    FREQUENCY;

    /** Returns what a policy wants kept. */
    public static KeptAccess of(String policy) {
        if (policy.endsWith("lfu")) {
            return FREQUENCY;
        }
        return policy.endsWith("lru") ? IDLE_TIME : NOTHING;
    }
}
