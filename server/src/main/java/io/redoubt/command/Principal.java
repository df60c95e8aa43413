package io.redoubt.command;

/** Whoever runs commands: an immutable user of {@code io.redoubt.access}, seen from below. */
public interface Principal {
    String name();

    /** Whether everything is allowed: all commands, keys, channels and databases. */
    boolean isUnrestricted();

    /** Whether it may read every key, so that nothing need be hidden from it, not even how long a look-up takes. */
    default boolean readsAllKeys() {
        return isUnrestricted();
    }
}
